/* Are two results the same, bit for bit? */
#ifndef LOTTO_CLI_VERIFY_H
#define LOTTO_CLI_VERIFY_H

#include "request.h"

/* Where results were made, for the sentence that a difference gets. */
struct verify_place {
    const char *device;
    int64_t row; /* in the file, of the first row compared */
};

/* Compares `rows` rows, got's from first_row on with expected's first. */
bool verify_results(const struct results *got, int64_t first_row, const struct results *expected,
                    int64_t rows, struct verify_place place, struct error *error);

#endif
