/* Logits of real models: those that ship with the tests, and any more in a folder beside the project. */
#ifndef TESTS_ROWS_REAL_H
#define TESTS_ROWS_REAL_H

#include "tests/rows/request.h"

struct real_rows {
    char name[128]; /* of the file; "" ends a list */
    int64_t rows;
    int64_t vocab;
    float *x; /* [rows, vocab] */
};

/*
 * Every X.safetensors of the first folder (one F16 tensor) and every X.f32.bin with its X.json (rows, vocab) of the second,
 * which may be NULL or "": then it prints how many rows are skipped. Aborts, saying why, on a file that is not so.
 */
struct real_rows *real_rows_load(const char *shipped, const char *further);
void real_rows_destroy(struct real_rows *files);

/* The file's rows as dtype holds them, random controls, lists of at most 1000. */
struct request *real_rows_request(const struct real_rows *file, lotto_dtype dtype, uint64_t seed);

#endif
