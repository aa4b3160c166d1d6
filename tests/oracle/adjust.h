/*
 * What a row's adjustments make of it, written from the law's page (kernels/ARITHMETIC.md, section 1) alone, token by token rather than
 * list by list, each operation in double and then rounded to binary32: that is the operation's own rounding, since twice 24 bits and
 * two more fit in a double.
 */
#ifndef TESTS_ORACLE_ADJUST_H
#define TESTS_ORACLE_ADJUST_H

#include <lotto/lotto.h>

/*
 * x [vocab]: logits as binary32, which become working values, but for NaN, which stay or become NaN. of_row: the adjustments of this
 * row alone. Returns BAD_ID or, with nothing adjusted, BAD_CONTROL.
 */
uint32_t oracle_adjust(const lotto_adjustments *of_row, float *x, int64_t vocab);

#endif
