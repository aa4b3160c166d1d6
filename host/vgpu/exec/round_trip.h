/*
 * Round trips to DRAM that follow one another: a clock for each warp that ticks when it has waited for data from DRAM.
 *
 * Data asked for when the clock shows t arrives at t + 1 if the L2 does not hold it. A warp waits for its loads and atomics at its
 * next barrier; for asynchronous copies where it waits for their group or mbarrier. So what is asked for together costs
 * one trip, and a pipeline of n copies of which s are under way at once costs n / s. Who waits at a barrier, of a block or cluster, or
 * for a phase of an mbarrier, takes over the latest clock of those that arrive. Kept for the estimate, while traffic is counted.
 */
#ifndef LOTTO_VGPU_ROUND_TRIP_H
#define LOTTO_VGPU_ROUND_TRIP_H

#include "warp.h"

static inline void trips_by(struct warp *warp, unsigned trips) {
    if (trips > warp->trips)
        warp->trips = trips;
}

/* The warp has to wait for DRAM: for a load or an atomic; for a copy by cp.async. */
static inline void trips_await(struct warp *warp) { warp->awaited_trips = warp->trips + 1; }
static inline void trips_of_copy(struct warp *warp) { warp->copy_trips = warp->trips + 1; }
/* The clock of a warp that comes to a barrier: its loads have come. */
static inline unsigned trips_at_barrier(struct warp *warp) {
    trips_by(warp, warp->awaited_trips);
    return warp->trips;
}

/* A group of copies by cp.async is closed; the warp waits for all groups but the `left` latest. */
void trips_close_group(struct warp *warp);
void trips_wait_for_groups(struct warp *warp, unsigned left);

/*
 * Something reaches an mbarrier in memory of `block` in its present phase: an arrival or bytes that by the clock come at `trips`.
 * from_block: it comes out of another block of the cluster.
 */
void trips_arrive(struct block *block, const uint64_t *object, unsigned trips, bool from_block);
/* The mbarrier enters this phase. */
void trips_begin_phase(struct block *block, const uint64_t *object, bool phase);
/* The warp is past this phase of an mbarrier of its block. */
void trips_pass_phase(struct warp *warp, const uint64_t *object, bool phase);

/* The latest clock of the block's warps goes into the launch's count. */
void trips_end_block(struct block *block);

#endif
