/*
 * The report: the device, every kernel launch with its counts and estimate, every finding, as JSON; and a table of the kernels on
 * standard error. Nothing is kept when none is asked for.
 */
#ifndef LOTTO_VGPU_REPORT_H
#define LOTTO_VGPU_REPORT_H

#include "module.h"
#include "options.h"

/* Claims options->report; a name that exists already gets .PID, so that each CUDA process has its own. */
void report_open(const struct options *options);

void report_launch(const struct launch *launch, const struct kernel *kernel,
                   const struct launch_counts *counts);

/* Keeps launches from here on, whether a report was asked for or not. */
void report_measure(void);
/* The device, the cost model and the launches since, as JSON; NULL without memory. The caller frees it. */
char *report_measured(void);

/* Writes what there is so far; may be called again, and then prints no second table. */
void report_write(void);

#endif
