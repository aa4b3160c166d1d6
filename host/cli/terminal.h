/* The terminal on standard output and standard error, where there is one. */
#ifndef LOTTO_CLI_TERMINAL_H
#define LOTTO_CLI_TERMINAL_H

#include "error.h"

#include <stdint.h>

/* Columns of standard output; 80 where it is no terminal. */
int terminal_columns(void);

/* Pushes out what was printed; false where standard output cannot take it. */
bool terminal_flush(struct error *error);

/* How far long work has come: a line on standard error, only if that is a terminal and the work takes more than a second. */
struct progress {
    const char *unit; /* "rows" */
    int64_t total;
    double started, shown; /* seconds */
};

bool progress_is_possible(void);
void progress_start(struct progress *progress, const char *unit, int64_t total);
void progress_show(struct progress *progress, int64_t done);
/* Removes the line, so that something else can be printed. */
void progress_clear(struct progress *progress);

#endif
