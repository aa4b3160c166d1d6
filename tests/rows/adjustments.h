/* Adjustments of a request's rows, in host memory: random ones, those of one row, copies. */
#ifndef TESTS_ROWS_ADJUSTMENTS_H
#define TESTS_ROWS_ADJUSTMENTS_H

#include "tests/rows/random.h"

#include <lotto/lotto.h>
#include <stddef.h>

/* One of the arrays that adjustments point to. */
struct adjustment_array {
    size_t field; /* where lotto_adjustments has the pointer to it: an offset */
    size_t bytes;
};
#define ADJUSTMENT_ARRAYS 16

/* Describes all of them, those that are NULL too. */
void adjustments_describe(const lotto_adjustments *adjustments, int64_t rows, int64_t mask_rows,
                          struct adjustment_array arrays[ADJUSTMENT_ARRAYS]);

const void *adjustments_array(const lotto_adjustments *adjustments, struct adjustment_array array);
void adjustments_set_array(lotto_adjustments *adjustments, struct adjustment_array array, const void *data);

/*
 * Random adjustments of every kind and mix, in arrays that adjustments_destroy() releases: usual values, the edges, what only an
 * array may hold, ids that are none, and now and then what is BAD_CONTROL. logits are looked at for ids worth adjusting. The mask has
 * *mask_rows rows.
 */
lotto_adjustments adjustments_random(struct random *random, const lotto_logits *logits, int64_t *mask_rows);
void adjustments_destroy(lotto_adjustments *adjustments);

/* What adjustments say of one row, as those of a batch of that row alone; it points into the same arrays. */
lotto_adjustments adjustments_of_row(const lotto_adjustments *adjustments, int64_t row);

/* The same in arrays of its own. */
lotto_adjustments adjustments_copy(const lotto_adjustments *adjustments, int64_t rows, int64_t mask_rows);

#endif
