/*
 * mbarrier objects: 64 bits of shared memory that count arrivals and bytes.
 *
 * A phase completes when no arrival is pending and no transaction is open. The transaction count goes below zero when a copy
 * comes before the thread that expects it: it is signed.
 */
#ifndef LOTTO_VGPU_MBARRIER_H
#define LOTTO_VGPU_MBARRIER_H

#include "race.h"

/* What a lane does to an object. Each reports misuse and returns false then. */
bool mbarrier_init(struct warp *warp, const struct bound *i, unsigned lane, uint64_t *object, uint32_t count);
bool mbarrier_invalidate(struct warp *warp, const struct bound *i, unsigned lane, uint64_t *object);
/* transaction: bytes more to come (expect_tx) or, below zero, that have come (complete_tx). */
bool mbarrier_transact(struct warp *warp, const struct bound *i, unsigned lane, uint64_t *object,
                       int64_t transaction);

struct mbarrier_arrival {
    uint32_t count, transaction;
    bool drops;             /* later phases expect count fewer */
    bool must_not_complete; /* .noComplete */
    bool of_copies;         /* of the thread's asynchronous copies, not of what else it did */
};
/* *state is what the object was before: it names the phase arrived at. */
bool mbarrier_arrive(struct warp *warp, const struct bound *i, unsigned lane, uint64_t *object,
                     struct mbarrier_arrival arrival, uint64_t *state);
/* The current phase is complete only behind the thread's asynchronous copies. */
bool mbarrier_track(struct warp *warp, const struct bound *i, unsigned lane, uint64_t *object);

/* Whether the phase that a state names, or the latest one of a parity, is complete. */
bool mbarrier_passed(struct warp *warp, const struct bound *i, unsigned lane, const uint64_t *object,
                     bool parity, bool *passed);
bool mbarrier_parity_of_state(uint64_t state);
uint32_t mbarrier_pending(uint64_t state);

/* Where an object of the cluster is. */
struct race_mbarrier mbarrier_place(const struct cluster *cluster, const uint64_t *object);

#endif
