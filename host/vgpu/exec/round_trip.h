/*
 * Round trips to DRAM that follow one another: a clock for each block that ticks when it has waited for data from DRAM.
 *
 * Data asked for when the clock shows t arrives at t + 1 if the L2 does not hold it. A block waits for its loads and atomics at its
 * next barrier; for asynchronous copies where it waits for their group or mbarrier. So what is asked for together costs
 * one trip, and a pipeline of n copies of which s are under way at once costs n / s. Blocks of a cluster take over the latest clock at
 * their barrier, and a block that of another which arrives at its mbarrier. Kept while traffic is counted, for the estimate.
 */
#ifndef LOTTO_VGPU_ROUND_TRIP_H
#define LOTTO_VGPU_ROUND_TRIP_H

#include "warp.h"

enum { COPY_GROUPS_KEPT = 8 };

static inline void trips_by(struct block *block, unsigned trips) {
    if (trips > block->trips)
        block->trips = trips;
}

/* Loads and atomics of the block have to wait for DRAM. */
static inline void trips_await(struct block *block) { block->awaited_trips = block->trips + 1; }
static inline void trips_at_barrier(struct block *block) { trips_by(block, block->awaited_trips); }

/* cp.async: a copy has to wait for DRAM; a group is closed; the warp waits for all groups but the `left` latest, or for every copy. */
static inline void trips_of_copy(struct warp *warp) { warp->copy_trips = warp->block->trips + 1; }
void trips_close_group(struct warp *warp);
void trips_wait_for_groups(struct warp *warp, unsigned left);

/*
 * Something reaches an mbarrier in memory of `block` in its present phase: an arrival or bytes that by the clock come at `trips`.
 * from_block: it comes out of another block of the cluster.
 */
void trips_arrive(struct block *block, const uint64_t *object, unsigned trips, bool from_block);
/* The mbarrier enters this phase. */
void trips_begin_phase(struct block *block, const uint64_t *object, bool phase);
/* The block is past this phase of its mbarrier. */
void trips_pass_phase(struct block *block, const uint64_t *object, bool phase);

/* The block's clock goes into the launch's count. */
void trips_end_block(struct block *block);

#endif
