/* What launches cost, as the virtual GPU counts it. */
#ifndef LOTTO_BENCH_COUNTS_H
#define LOTTO_BENCH_COUNTS_H

#include "host/cli/error.h"

#include <stdint.h>

struct counts {
    int64_t launches, threads;
    int64_t most_blocks; /* of one launch */
    int64_t load_sectors, store_sectors, dram_read_bytes, dram_write_bytes;
    int64_t issue_slots, thread_instructions, conversions, shared_wavefronts;
    double estimated_us;
    char bound_by[16]; /* of the launch that is estimated to take the most time */

    /* Of the device. */
    double dram_bytes_per_second, launch_us;
};

/* Counting begins here, with an L2 that is empty or as it is. */
void counts_begin(bool warm_l2);
/* What was counted since; everything enqueued must have ended. */
bool counts_end(struct counts *counts, struct error *error);

#endif
