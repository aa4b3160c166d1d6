/*
 * An estimate of a launch's time on a real GPU, from what the executor counted. README.md says how each term is made and
 * what it leaves out; nothing here was measured.
 */
#ifndef LOTTO_VGPU_ESTIMATE_H
#define LOTTO_VGPU_ESTIMATE_H

#include "../exec/grid.h"

/* What a device does at best. A rate is for one multiprocessor unless it says otherwise. */
struct device_rates {
    double clock_hz, dram_bytes_per_second;
    double
        l2_bytes_per_clock; /* of the whole device; 0: not published, only the multiprocessors' ports limit */
    unsigned sm_count;
    double schedulers;                    /* warp instructions a clock */
    double dependent_issue_clocks;        /* from a warp's instruction to the next that needs it */
    double l2_port_bytes_per_clock;       /* between L2 and one multiprocessor */
    double shared_wavefronts_per_clock;   /* of 32 banks */
    double conversions_per_clock;         /* lanes */
    double atomics_per_clock;             /* lanes */
    double atomics_of_one_word_per_clock; /* lanes, of the whole device */
    double launch_us, dram_first_byte_us, block_barrier_us, cluster_barrier_us;
};

enum cost_bound {
    BOUND_LAUNCH,
    BOUND_LATENCY,
    BOUND_ISSUE,
    BOUND_L2,
    BOUND_DRAM,
    BOUND_SHARED,
    BOUND_CONVERSIONS,
    BOUND_ATOMICS,
    COST_BOUNDS
};

struct estimate {
    double us;
    enum cost_bound bound; /* the largest term */
};

/* The counts must be of a launch with an L2. */
struct estimate estimate_launch(const struct device_rates *device, const struct launch *launch,
                                const struct launch_counts *counts);
const char *cost_bound_name(enum cost_bound bound);

#endif
