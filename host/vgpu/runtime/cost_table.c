#include "cost_table.h"
#include "../check/finding.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum { ROWS_PRINTED = 24, NAME_WIDTH = 40 };

struct row {
    char *kernel;
    struct cost_sum sum;
};
static struct row *rows;
static size_t row_count;

void cost_add(struct cost_sum *sum, const struct launch_counts *counts, struct estimate estimate) {
    sum->launches++;
    launch_counts_add(&sum->counts, counts);
    sum->us += estimate.us;
    sum->us_by_bound[estimate.bound] += estimate.us;
}

enum cost_bound cost_sum_bound(const struct cost_sum *sum) {
    enum cost_bound most = BOUND_LAUNCH;
    for (int bound = 0; bound < COST_BOUNDS; bound++)
        if (sum->us_by_bound[bound] > sum->us_by_bound[most])
            most = (enum cost_bound)bound;
    return most;
}

static struct row *row_of(const char *kernel) {
    for (size_t k = 0; k < row_count; k++)
        if (strcmp(rows[k].kernel, kernel) == 0)
            return &rows[k];
    rows = realloc(rows, (row_count + 1) * sizeof *rows);
    char *name = strdup(kernel);
    if (!rows || !name)
        vgpu_fail("not enough host memory for the table of kernels");
    rows[row_count] = (struct row){.kernel = name};
    return &rows[row_count++];
}

void cost_table_add(const char *kernel, const struct launch_counts *counts, struct estimate estimate) {
    cost_add(&row_of(kernel)->sum, counts, estimate);
}

static int by_time(const void *a, const void *b) {
    const struct row *first = a, *second = b;
    return (first->sum.us < second->sum.us) - (first->sum.us > second->sum.us);
}

static void print_row(FILE *file, const char *name, const struct cost_sum *sum) {
    const struct launch_counts *counts = &sum->counts;
    const struct l2_traffic *l2 = &counts->l2;
    fprintf(file,
            "%-*.*s %8" PRIu64 " %12" PRIu64 " %5.1f %12" PRIu64 " %5.1f %10.3f %10.3f %12" PRIu64
            " %10" PRIu64 " %9" PRIu64 " %12.2f  %s\n",
            NAME_WIDTH, NAME_WIDTH, name, sum->launches, counts->warp_instructions,
            counts->warp_instructions
                ? (double)counts->thread_instructions / (double)counts->warp_instructions
                : 0,
            l2->sectors, l2->sectors ? 100.0 * (double)l2->hits / (double)l2->sectors : 0,
            (double)l2->dram_read_bytes / 1e6, (double)l2->dram_write_bytes / 1e6, counts->shared_wavefronts,
            counts->atomics, counts->barriers, sum->us, cost_bound_name(cost_sum_bound(sum)));
}

void cost_table_print(FILE *file, const char *title) {
    if (row_count == 0)
        return;
    qsort(rows, row_count, sizeof *rows, by_time);
    fprintf(file, "%s\n%-*s %8s %12s %5s %12s %5s %10s %10s %12s %10s %9s %12s  %s\n", title, NAME_WIDTH,
            "kernel", "launches", "warp instr", "lanes", "L2 sectors", "hit %", "read MB", "write MB",
            "wavefronts", "atomics", "barriers", "estimated us", "bound by");
    for (size_t k = 0; k < row_count && k < ROWS_PRINTED; k++)
        print_row(file, rows[k].kernel, &rows[k].sum);
    if (row_count > ROWS_PRINTED)
        fprintf(file, "and %zu kernels that cost less\n", row_count - ROWS_PRINTED);
}
