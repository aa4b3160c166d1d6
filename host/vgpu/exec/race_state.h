/* What the parts of the race check share: race.c (accesses), race_sync.c (what orders threads), race_copy.c (mbarriers, copies). */
#ifndef LOTTO_VGPU_RACE_STATE_H
#define LOTTO_VGPU_RACE_STATE_H

#include "knowledge.h"
#include "race.h"

/* Counts the synchronisations of a run. */
extern uint32_t race_now;

/* A word that strong writes have told something with, or an mbarrier. */
struct flag {
    uint64_t key;               /* its address; that of shared memory with the block's place above. 0: free */
    uint32_t begin;             /* of the block whose memory it is in; 0: global */
    uint32_t cluster;           /* whose actors published is about */
    struct knowledge published; /* by writes; by completed phases of an mbarrier */
    struct knowledge arriving;  /* at the mbarrier's phase that is not complete */
    uint32_t actor;             /* the copies that an mbarrier is told of; 0: none yet */
};

struct race {
    uint32_t begin;     /* time of the launch's begin */
    uint16_t *place_of; /* for each block of the grid that has started */
    uint32_t place_count;
    struct flag *flags;
    size_t flag_count, flag_room; /* a power of two */
};

struct cluster_race {
    uint32_t begin; /* no other cluster has the same */
    uint32_t first_place, block_count, warp_count /* of a block */;
    uint32_t actor_count;
    uint32_t proxy_fence;            /* time of the last fence.proxy.async of its threads; 0: none */
    struct knowledge arriving, came; /* at the cluster barrier: since it was last complete, and up to then */
};

enum { GROUPS_KEPT = 64 };
/* Asynchronous copies of a warp's threads that are waited for in groups. */
struct copy_groups {
    uint32_t reads, writes; /* actors; 0: none yet */
    uint32_t committed[GROUPS_KEPT], count;
};

struct warp_race {
    struct knowledge known;
    uint32_t synced;                        /* all lanes know all lanes up to this time */
    uint32_t lanes[WARP_LANES][WARP_LANES]; /* what the lane of the row knows of that of the column */
    uint32_t fence;                         /* time of its last fence; 0: none */
    struct copy_groups groups[COPY_KINDS];
};

struct block_race {
    uint32_t place, begin, barrier, pairwise; /* pairwise: time of the last barrier of a part; 0: none */
    struct line *lines;                       /* of its shared memory */
    struct cell *shared;
    unsigned warp_count;
    bool has_flags; /* in its shared memory */
    struct knowledge arrived[BLOCK_BARRIERS];
    struct warp_race *warps;
};

static inline struct warp_race *race_of(const struct warp *warp) {
    return &warp->block->race->warps[warp->index];
}
static inline uint32_t race_actor(const struct block *block, unsigned warp) {
    return block->rank * block->warp_count + warp;
}

/* As race_access for one lane, without what a strong access says or learns. */
void race_note(struct warp *warp, const struct bound *i, unsigned lane, const struct race_access *access);

/* race_sync.c. home: the block whose shared memory holds the flag, NULL for global memory. */
struct flag *race_find_flag(struct race *race, const struct block *home,
                            uint64_t at); /* NULL: there is none */
struct flag *race_make_flag(struct race *race, const struct block *home, uint64_t at);
void race_free_flags(struct race *race);
/* Up to when a thread of the warp tells what it did, now and with that order; 0: nothing. */
uint32_t race_upto(const struct warp *warp, enum race_order order);
/* Adds what a thread of the warp tells the cluster's others. */
void race_announce(struct knowledge *to, const struct warp *warp, uint32_t upto);
/* Lanes learn what threads of their cluster have told. */
void race_learn(struct warp *warp, uint32_t lanes, const struct knowledge *news);
void race_publish(struct warp *warp, const struct race_access *access);
void race_acquire(struct warp *warp, unsigned lane, const struct race_access *access);

#endif
