/*
 * Which bytes hold something that was written (CHECK_INIT): those of device memory in memory/defined.h, those of a block's shared memory
 * here, which also know where its mbarriers are. home is the block whose shared memory an offset is in; NULL: at is a global address.
 */
#ifndef LOTTO_VGPU_WRITTEN_H
#define LOTTO_VGPU_WRITTEN_H

#include "warp.h"

/* A byte's state for each byte of the block's shared memory, none written. NULL while the check is off. */
uint8_t *written_create(const struct grid *grid);
void written_start(const struct block *block);

/* A lane's access, of i->lane_bytes. Finds a load of what nobody wrote, a store to an mbarrier that is in use. */
void written_check(struct warp *warp, const struct bound *i, unsigned lane, uint64_t at,
                   const struct block *home);
void written_set(struct warp *warp, const struct bound *i, unsigned lane, uint64_t at,
                 const struct block *home);

/* Of a range: whether all of it was written; sets it, unless (false) there is an mbarrier in it. */
bool written_holds(const struct block *home, uint64_t at, unsigned bytes);
bool written_set_range(const struct block *home, uint64_t at, unsigned bytes);

/* Each does nothing while the check is off. */
struct written_place {
    const struct block *home;
    uint64_t at;
};
/* What is copied stays as written as it was (from NULL: it comes out of registers), and what is folded as what it changes is too. */
void written_copy(struct warp *warp, const struct bound *i, unsigned lane, struct written_place to,
                  const struct written_place *from, uint32_t bytes, bool folds);
/* mbarrier.init finds one that is in use already; mbarrier.inval ends that. */
void written_init_mbarrier(struct warp *warp, const struct bound *i, unsigned lane, const struct block *home,
                           uint32_t offset);
void written_inval_mbarrier(const struct block *home, uint32_t offset);

#endif
