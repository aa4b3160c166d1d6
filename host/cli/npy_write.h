/*
 * Writing a .npy of float32 [rows, vocab] whole or not at all: a temporary file beside it is filled, flushed to disk and renamed;
 * it is removed on failure and when a signal ends the program.
 */
#ifndef LOTTO_CLI_NPY_WRITE_H
#define LOTTO_CLI_NPY_WRITE_H

#include "error.h"

#include <stdint.h>
#include <stdio.h>

struct npy_writer {
    const char *name;
    char *path;      /* `name` without symbolic links */
    char *temporary; /* NULL: nothing is being written */
    FILE *file;
};

bool npy_write_begin(struct npy_writer *writer, const char *path, int64_t rows, int64_t vocab,
                     struct error *error);
bool npy_write_values(struct npy_writer *writer, const float *values, int64_t count, struct error *error);
bool npy_write_commit(struct npy_writer *writer, struct error *error);
/* Removes what was not committed. */
void npy_write_close(struct npy_writer *writer);

#endif
