/* lotto sample --explain: how one row came to its token. */
#ifndef LOTTO_CLI_EXPLAIN_H
#define LOTTO_CLI_EXPLAIN_H

#include "job.h"

/* The job is of one row and draws once; its file has just been opened. */
bool explain_row(struct job *job, struct error *error);

#endif
