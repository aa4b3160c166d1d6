/* What a row's adjustments make of its logits. */
#ifndef LOTTO_REFERENCE_ADJUST_H
#define LOTTO_REFERENCE_ADJUST_H

#include "row.h"

/*
 * Turns a row's working values into adjusted ones, in place, and adds to its status. adjustments are good; counts [vocab] is scratch.
 */
void lotto_reference_adjust(struct lotto_reference_row *row, struct arith_adjustments adjustments,
                            uint64_t *counts);

#endif
