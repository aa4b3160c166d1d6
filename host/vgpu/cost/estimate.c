#include "estimate.h"

static const double lanes = 32;

const char *cost_bound_name(enum cost_bound bound) {
    static const char *const names[COST_BOUNDS] = {"launch", "latency", "issue",       "l2",
                                                   "dram",   "shared",  "conversions", "atomics"};
    return names[bound];
}

static double greater(double a, double b) { return a > b ? a : b; }
static double lesser(double a, double b) { return a < b ? a : b; }
static uint64_t product(const uint32_t size[3]) { return (uint64_t)size[0] * size[1] * size[2]; }
static uint64_t divided_up(uint64_t a, uint64_t b) { return (a + b - 1) / b; }

/* Warp instructions a clock of one multiprocessor: a warp alone waits for its own results. */
static double issue_rate(const struct device_rates *device, const struct launch *launch,
                         uint64_t blocks_at_once) {
    double warps = (double)divided_up(product(launch->block), 32) * (double)blocks_at_once;
    return lesser(device->schedulers, warps / device->dependent_issue_clocks);
}

struct estimate estimate_launch(const struct device_rates *device, const struct launch *launch,
                                const struct launch_counts *counts) {
    /* Clusters may leave multiprocessors without a block: resident ones are spread evenly over the others. */
    uint64_t resident_of_sm = divided_up(launch->resident_blocks, device->sm_count);
    uint64_t sm_count = launch->resident_blocks / resident_of_sm;
    uint64_t blocks = product(launch->grid), blocks_of_sm = divided_up(blocks, sm_count);
    /* The busiest multiprocessor has this part of the work. */
    double share = (double)blocks_of_sm / (double)blocks;
    double clock_us = 1e6 / device->clock_hz;
    double l2_bytes = (double)counts->l2.sectors * L2_SECTOR_BYTES;
    double dram_bytes = (double)(counts->l2.dram_read_bytes + counts->l2.dram_write_bytes);
    double terms[COST_BOUNDS] = {0};

    terms[BOUND_ISSUE] =
        (double)counts->machine_instructions * share /
        issue_rate(device, launch, resident_of_sm < blocks_of_sm ? resident_of_sm : blocks_of_sm);
    terms[BOUND_L2] = l2_bytes * share / device->l2_port_bytes_per_clock;
    if (device->l2_bytes_per_clock > 0)
        terms[BOUND_L2] = greater(terms[BOUND_L2], l2_bytes / device->l2_bytes_per_clock);
    terms[BOUND_SHARED] = (double)counts->shared_wavefronts * share / device->shared_wavefronts_per_clock;
    terms[BOUND_CONVERSIONS] =
        (double)counts->conversions_and_mufu * lanes * share / device->conversions_per_clock;
    terms[BOUND_ATOMICS] =
        greater((double)counts->atomics * share / device->atomics_per_clock,
                (double)counts->l2.atomics_of_one_word / device->atomics_of_one_word_per_clock);
    for (int bound = 0; bound < COST_BOUNDS; bound++)
        terms[bound] *= clock_us;
    terms[BOUND_DRAM] = dram_bytes / device->dram_bytes_per_second * 1e6;

    double busiest = 0;
    for (int bound = 0; bound < COST_BOUNDS; bound++)
        busiest = greater(busiest, terms[bound]);

    /* The waits of one block; those of all waves but the last are hidden as far as there is other work. */
    double chain = ((double)counts->barriers * device->block_barrier_us +
                    (double)counts->cluster_waits * device->cluster_barrier_us +
                    (double)counts->dram_round_trips * device->dram_first_byte_us) /
                   (double)blocks;
    double waves = (double)divided_up(blocks, launch->resident_blocks);
    terms[BOUND_LATENCY] = waves * chain;
    terms[BOUND_LAUNCH] = device->launch_us;

    struct estimate estimate = {device->launch_us + chain + greater(busiest, (waves - 1) * chain),
                                BOUND_LAUNCH};
    for (int bound = 0; bound < COST_BOUNDS; bound++)
        if (terms[bound] > terms[estimate.bound])
            estimate.bound = (enum cost_bound)bound;
    return estimate;
}
