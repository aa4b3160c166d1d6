/* Several virtual GPUs in one run: a process has one, so each gets a process of this program, one after the other. */
#ifndef LOTTO_BENCH_GPUS_H
#define LOTTO_BENCH_GPUS_H

#include "options.h"

/* Prints what each of options->gpus measures, up to the first that fails. *exit_status is its, which has said why; or 0. */
bool gpus_run(struct bench_options *options, int *exit_status, struct error *error);

#endif
