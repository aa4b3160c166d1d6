/* Seeds in a text file: one whole number a line, one line a row. */
#ifndef LOTTO_CLI_SEED_FILE_H
#define LOTTO_CLI_SEED_FILE_H

#include "error.h"

#include <stdint.h>

/* The file's `rows` seeds, to be freed; NULL on failure, also where there are more or fewer. */
uint64_t *seed_file_read(const char *path, int64_t rows, struct error *error);

#endif
