/*
 * The third of the law's three checks: the filters as the papers define them, in double: sort, softmax, cumulative sums. It
 * knows nothing of integer weights, so it must agree with them except where a cut falls within rounding. Adjusted rows it takes as the
 * oracle adjusts them.
 */
#ifndef TESTS_ORACLE_TEXTBOOK_H
#define TESTS_ORACLE_TEXTBOOK_H

#include "tests/rows/results.h"

/* Counts over the rows that textbook_check() has seen. */
struct textbook_tally {
    int64_t rows;           /* that have candidates and good controls */
    int64_t close;          /* of these, rows with a cut too close for the textbook to tell */
    int64_t differ;         /* of these, rows of which it would keep another number */
    int64_t ordinary;       /* of rows: like a model's, not adjusted, with usual controls */
    int64_t ordinary_close; /* of ordinary */
};

/*
 * Checks every row's kept count, kept mass, rank and the drawn token's probability against the textbook's. False at the first row
 * that differs by more than rounding allows; text then describes it. A request that does not want these results passes.
 */
bool textbook_check(const struct request *request, const struct results *results,
                    struct textbook_tally *tally, char *text, size_t text_bytes);

#endif
