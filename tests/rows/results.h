/* Every array that a request's operations write, in host memory, so that any two ways to answer it can be compared. */
#ifndef TESTS_ROWS_RESULTS_H
#define TESTS_ROWS_RESULTS_H

#include "tests/rows/request.h"

/* What an element holds before anything is written, and for ever in what must stay untouched. */
#define RESULT_UNTOUCHED 0xa5a5a5a5u

struct results {
    uint32_t *array[RESULTS]; /* every result is of 32-bit elements */
};

struct results *results_create(const struct request *request);
void results_destroy(struct results *results);

/* "sample.logprob" */
const char *result_name(enum result result);

/* Whether it has a row for each request of lotto_sample(). */
bool result_is_of_sample(enum result result);

/* Whether it has a row for each sequence of lotto_verify(). */
bool result_is_of_verify(enum result result);

/* Elements of a row, and of the whole array. */
int64_t result_row_elements(const struct request *request, enum result result);
int64_t result_elements(const struct request *request, enum result result);

/*
 * Compares two answers element by element, bit for bit. False at the first difference, which text then describes; the names
 * say whose answers they are.
 */
bool results_equal(const struct request *request, const struct results *a, const char *name_a,
                   const struct results *b, const char *name_b, char *text, size_t text_bytes);

#endif
