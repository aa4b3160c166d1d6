/* A request's results as the oracle has them. */
#ifndef TESTS_ORACLE_ANSWER_H
#define TESTS_ORACLE_ANSWER_H

#include "tests/oracle/oracle.h"
#include "tests/rows/results.h"

/* Fills the results that the request wants. */
void oracle_answer(const struct request *request, struct results *results);

/*
 * The logits [vocab] of row `source` as oracle_adjust() leaves them with the adjustments of row `index`, to be freed; *status is what it
 * returns, 0 without adjustments.
 */
float *oracle_values(const struct request *request, int64_t index, int64_t source, uint32_t *status);

/* The row as the filters see it, by the adjustments of this row alone or NULL; without candidates if they are bad. */
struct oracle_row oracle_adjusted_row(const struct request *request, int64_t source,
                                      const lotto_adjustments *of_row);

struct oracle_controls oracle_controls_of(const struct request *request, int64_t index);

#endif
