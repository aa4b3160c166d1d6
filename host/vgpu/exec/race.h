/*
 * Data races (CHECK_RACE): two accesses to a word, one of them a write, by threads that nothing orders.
 *
 * One clock counts the synchronisations of a run. A word of shared or global memory keeps its last write and its last reads:
 * who, when. An access by another thread is ordered behind one of time t when the thread knows of its block, warp or lane
 * at least up to t. What a thread knows grows at
 *   - the block's barrier: everything its block did (race_block_barrier); a barrier of part of the block (bar with a count,
 *     bar.arrive): what the warps that came had done, warp by warp (race_arrive, race_depart);
 *   - bar.warp.sync, and leniently shfl, vote, match, redux and elect: the lanes of the member mask (race_warp_sync). Lanes are
 *     unordered otherwise, although they run together here;
 *   - flags in memory. A warp publishes what it did up to its last fence (of any scope), or up to now with .release, with each strong write
 *     (atomic, volatile, relaxed, release); a strong read of that word learns it, leniently without a fence of its own. What is
 *     published holds for the warp, and for the whole block up to its last barrier. Grid barriers are such flags;
 *   - the launch's begin.
 * Two strong accesses never race, nor does a store of the value that is there already.
 *
 * So that nothing correct is accused, knowledge is rounded up: of blocks that had a place on the device one after another, and
 * of lanes of another warp, it is kept together; of a word's reads the last by two warps are kept. Such races may be missed.
 */
#ifndef LOTTO_VGPU_RACE_H
#define LOTTO_VGPU_RACE_H

#include "warp.h"

/* The launch's and a block's part; shared_bytes of the block. */
struct race *race_create(uint64_t blocks);
void race_free(struct race *race);
struct block_race *block_race_create(struct race *race, unsigned warps, uint32_t shared_bytes);
void block_race_free(struct block_race *race);
void race_block_start(struct block *block);

enum race_order { RACE_WEAK, RACE_STRONG, RACE_RELEASE };
struct race_access {
    uint64_t at;
    unsigned bytes;
    uint32_t used_bytes; /* those that matter, a bit each */
    bool shared, reads, writes;
    enum race_order order;
};
/*
 * Lane l is about to do this. values: what each lane stores, access.bytes each; NULL for what is no store. done: lanes of the
 * instruction that did theirs already.
 */
void race_access(struct warp *warp, const struct bound *i, unsigned lane, struct race_access access,
                 const uint8_t *values, uint32_t done);

/* Each is for warps of a launch under the check. */
void race_fence(struct warp *warp);
void race_warp_sync(struct warp *warp, uint32_t mask, const uint32_t *members);
void race_block_barrier(struct block *block);
void race_arrive(struct warp *warp, unsigned barrier);
void race_depart(struct warp *warp, uint32_t mask, unsigned barrier);
void race_barrier_done(struct block *block, unsigned barrier);

#endif
