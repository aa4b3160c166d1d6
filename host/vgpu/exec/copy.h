/*
 * Asynchronous copies, reductions and stores, once their addresses are checked: what they do to memory, who is told, and what the
 * checks must know of them.
 *
 * A copy is made when it is issued, or put off: then until its thread waits for its group, or its cluster's turn is over, because nothing in
 * it can move or others are to have theirs. So a wait that is missing shows in what a program computes.
 */
#ifndef LOTTO_VGPU_COPY_H
#define LOTTO_VGPU_COPY_H

#include "warp.h"

struct copy_end {
    uint8_t *bytes;           /* NULL: a fault was reported */
    const struct block *home; /* whose shared memory it is; NULL: global memory */
    uint64_t at;              /* offset there, or global address */
    unsigned trips;           /* when what is read comes (round_trip.h) */
};

/* What a reduction does: changes what is there by bytes from elsewhere. */
typedef void copy_fold(uint8_t *to, const uint8_t *from, uint32_t bytes);

struct copy {
    enum copy_kind kind;
    struct copy_end to, from;
    uint8_t value[16];     /* what is stored, out of registers; from.bytes is NULL then */
    uint32_t bytes, zeros; /* zeros: what follows the bytes in to */
    copy_fold *fold;       /* NULL: the bytes take the place of what is there */
    uint64_t *barrier; /* the mbarrier that is told of the bytes; NULL: the copy is waited for in groups */
    /* Issued by: */
    struct warp *warp;
    const struct bound *i;
    unsigned lane;
};

/* Whether the copy that is issued now is put off. */
bool copy_is_put_off(const struct grid *grid);

/* A bulk copy, made or put off. False after a fault. */
bool copy_issue(const struct copy *copy);
/* A cp.async, of which the checks know already (observe.h). */
void copy_put_off(const struct copy *copy);
/* Lanes end a group of their copies. */
void copy_commit(struct warp *warp, uint32_t lanes, enum copy_kind kind);
/* They wait for all groups but the last pending ones; reads_only: until those have read what they copy. */
void copy_wait(struct warp *warp, uint32_t lanes, enum copy_kind kind, uint64_t pending, bool reads_only);
/* Makes the copies of the lanes that are waited for in groups, those of no group yet too. */
void copy_make_all(struct warp *warp, uint32_t lanes, enum copy_kind kind);
/* Makes all copies of the cluster that were put off. */
void copy_all_put_off(struct cluster *cluster);

#endif
