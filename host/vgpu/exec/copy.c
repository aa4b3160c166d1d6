#include "copy.h"
#include "mbarrier.h"
#include "written.h"

#include <string.h>

/* The copy's time; its actor is the mbarrier's, or the warp's for copies in groups. */
static uint32_t race(const struct copy *copy) {
    struct warp *warp = copy->warp;
    struct race_range from = {copy->from.at, copy->from.home, copy->bytes},
                      to = {copy->to.at, copy->to.home, copy->bytes};
    uint32_t reads, writes;
    if (copy->barrier) {
        reads = writes = race_mbarrier_copies(mbarrier_place(warp->block->cluster, copy->barrier));
    } else {
        reads = race_group_reads(warp, RACE_BULK);
        writes = race_group_writes(warp, RACE_BULK);
    }
    race_bulk(warp, copy->i, copy->lane, from, reads, false);
    return race_bulk(warp, copy->i, copy->lane, to, writes, true);
}

bool copy_issue(const struct copy *copy) {
    struct warp *warp = copy->warp;
    uint32_t time = warp->grid->race ? race(copy) : 0;
    memmove(copy->to.bytes, copy->from.bytes, copy->bytes);
    warp->grid->changes++;
    written_copy(warp, copy->i, copy->lane, copy->to.home, copy->to.at, copy->from.home, copy->from.at,
                 copy->bytes);
    if (!copy->barrier)
        return true;
    if (warp->grid->race)
        race_mbarrier_copied(mbarrier_place(warp->block->cluster, copy->barrier), time);
    return mbarrier_transact(warp, copy->i, copy->lane, copy->barrier, -(int64_t)copy->bytes);
}
