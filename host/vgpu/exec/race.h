/*
 * Data races (CHECK_RACE): two accesses to a word, one of them a write, by threads that nothing orders.
 *
 * One clock counts the synchronisations of a run. A word of shared or global memory keeps its last write and its last reads:
 * who, when. An access by another thread is ordered behind one of time t when the thread knows of its block, warp or lane
 * at least up to t. What a thread knows grows at
 *   - the block's barrier: everything its block did (race_block_barrier); a barrier of part of the block (bar with a count,
 *     bar.arrive): what the warps that came had done, warp by warp (race_arrive, race_depart);
 *   - the cluster's barrier: what the warps had done, and knew, when they arrived with .release (race_cluster_arrive), learned
 *     where they wait. A .relaxed arrival tells what came before the warp's last fence;
 *   - mbarriers: likewise, learned where a thread finds the phase complete;
 *   - bar.warp.sync, and leniently shfl, vote, match, redux and elect: the lanes of the member mask (race_warp_sync). Lanes are
 *     unordered otherwise, although they run together here;
 *   - flags in memory. A warp publishes what it did up to its last fence (of any scope), or up to now with .release, with each strong write
 *     (atomic, volatile, relaxed, release); a strong read of that word learns it, leniently without a fence of its own. What is
 *     published holds for the warp, and for the whole block up to its last barrier. Grid barriers are such flags;
 *   - the launch's begin.
 * Two strong accesses never race, nor does a store of the value that is there already. An mbarrier's operations are strong, but
 * for init and inval.
 *
 * Asynchronous copies are actors of their own, although they are complete when they are issued: ordered behind what the issuing
 * thread knows, and known to those who have seen a phase of their mbarrier complete, or to the warp that has waited for
 * their group, and then whoever it tells. A block that ends must know of all that other blocks of the cluster, and bulk copies,
 * did in its shared memory. A bulk copy must not read what ordinary stores wrote to shared memory when no thread of the
 * cluster executed fence.proxy.async since.
 *
 * So that nothing correct is accused, knowledge is rounded up: of blocks that had a place on the device one after another, and
 * of lanes of another warp, it is kept together; of copies in groups, what one lane waits for the warp knows; of a word's reads
 * the last by two warps are kept. Such races may be missed. Copies that write global memory are, to other clusters, accesses
 * of the thread that issued them.
 */
#ifndef LOTTO_VGPU_RACE_H
#define LOTTO_VGPU_RACE_H

#include "warp.h"

/* Of the launch, and of its clusters and blocks; shared_bytes of the block. A cluster's blocks are created after one another. */
struct race *race_create(uint64_t blocks);
void race_free(struct race *race);
struct cluster_race *cluster_race_create(struct race *race);
void cluster_race_free(struct cluster_race *cluster);
struct block_race *block_race_create(struct race *race, unsigned warps, uint32_t shared_bytes);
void block_race_free(struct block_race *block);
void race_cluster_start(struct cluster *cluster);
void race_block_start(struct block *block);

enum race_order { RACE_WEAK, RACE_STRONG, RACE_RELEASE };
struct race_access {
    uint64_t at;
    const struct block *home; /* whose shared memory at is an offset in; NULL: global memory */
    unsigned bytes;
    uint32_t used_bytes; /* those that matter, a bit each */
    bool reads, writes;
    bool unmarked; /* later accesses are not compared with it */
    enum race_order order;
    uint32_t
        copies;   /* the actor, for an asynchronous copy that the lane issues; 0: the thread itself does it */
    bool is_bulk; /* in the async proxy */
};
/* The lanes of an instruction that touch memory, and where: offsets in a block's shared memory, or global (home is NULL). */
struct race_lanes {
    uint64_t at[WARP_LANES] __attribute__((aligned(64)));
    const struct block *home[WARP_LANES];
    uint32_t mask;
};
/* They are about to do this, each at its place. values: what each lane stores, access.bytes each; NULL for what is no store. */
void race_access(struct warp *warp, const struct bound *i, const struct race_lanes *lanes,
                 struct race_access access, const uint8_t *values);
/*
 * A plain load or store of whole words by all lanes, whose bytes follow one another from the beginning of a line of 128 on. False, and
 * nothing done, where that cannot be said of all lanes at once, or is a race: then each lane has to.
 */
bool race_note_lines(const struct warp *warp, const struct bound *i, const struct block *home, uint64_t at,
                     bool writes);
enum { RACE_LINE = 128 };
/* The last thread of the block, at i, has ended. */
void race_block_end(struct warp *warp, const struct bound *i);

/* Each is for warps of a launch under the check. */
void race_fence(struct warp *warp);
void race_proxy_fence(struct warp *warp);
void race_warp_sync(struct warp *warp, uint32_t mask, const uint32_t *members);
void race_block_barrier(struct block *block);
void race_arrive(struct warp *warp, unsigned barrier);
void race_depart(struct warp *warp, uint32_t mask, unsigned barrier);
void race_barrier_done(struct block *block, unsigned barrier);
void race_cluster_arrive(struct warp *warp, enum race_order order);
void race_cluster_complete(struct cluster *cluster);
void race_cluster_depart(struct warp *warp, uint32_t mask);

/* race_copy.c: mbarriers, by the block they are in and the offset there. */
struct race_mbarrier {
    const struct block *home;
    uint32_t offset;
};
void race_mbarrier_set_up(struct warp *warp, const struct bound *i, unsigned lane,
                          struct race_mbarrier barrier);
void race_mbarrier_transact(struct warp *warp, const struct bound *i, unsigned lane,
                            struct race_mbarrier barrier);
void race_mbarrier_arrive(struct warp *warp, const struct bound *i, unsigned lane,
                          struct race_mbarrier barrier, enum race_order order);
void race_mbarrier_complete(struct race_mbarrier barrier);
void race_mbarrier_wait(struct warp *warp, const struct bound *i, unsigned lane, struct race_mbarrier barrier,
                        bool passed);

/* Copies that are waited for in groups, and those that tell an mbarrier. Each function gives their actor. */
uint32_t race_group_reads(struct warp *warp, enum copy_kind kind);
uint32_t race_group_writes(struct warp *warp, enum copy_kind kind);
uint32_t race_mbarrier_copies(struct race_mbarrier barrier);
void race_commit(struct warp *warp, enum copy_kind kind);
/* All but the last pending groups are complete; reads_only: have read. */
void race_wait(struct warp *warp, enum copy_kind kind, uint64_t pending, bool reads_only);
/* The mbarrier tracks the copies the warp issued: an arrival by them. */
void race_mbarrier_track(struct warp *warp, const struct bound *i, unsigned lane,
                         struct race_mbarrier barrier);
/* A bulk copy reads or writes a range, or folds into it, as atomics do. Returns its time, which its mbarrier must be told once it is done. */
struct race_range {
    uint64_t at;
    const struct block *home;
    uint32_t bytes;
};
enum race_bulk_use { RACE_BULK_READ, RACE_BULK_WRITE, RACE_BULK_FOLD };
uint32_t race_bulk(struct warp *warp, const struct bound *i, unsigned lane, struct race_range range,
                   uint32_t copies, enum race_bulk_use use);
void race_mbarrier_copied(struct race_mbarrier barrier, uint32_t time);

#endif
