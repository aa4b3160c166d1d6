/* What the launches of a process cost, kernel by kernel: sums for the report, and a table to read. */
#ifndef LOTTO_VGPU_COST_TABLE_H
#define LOTTO_VGPU_COST_TABLE_H

#include "../cost/estimate.h"

#include <stdio.h>

struct cost_sum {
    uint64_t launches;
    struct launch_counts counts;
    double us;
    double us_by_bound[COST_BOUNDS];
};

void cost_add(struct cost_sum *sum, const struct launch_counts *counts, struct estimate estimate);
/* What bounds the most of the estimated time. */
enum cost_bound cost_sum_bound(const struct cost_sum *sum);

void cost_table_add(const char *kernel, const struct launch_counts *counts, struct estimate estimate);
/* The kernels that cost the most first. Nothing without a launch. */
void cost_table_print(FILE *file, const char *title);

#endif
