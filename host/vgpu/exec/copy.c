#include "copy.h"
#include "mbarrier.h"
#include "written.h"

#include <stdlib.h>
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
        reads = race_group_reads(warp, COPY_BULK);
        writes = race_group_writes(warp, COPY_BULK);
    }
    if (copy->from.bytes)
        race_bulk(warp, copy->i, copy->lane, from, reads, RACE_BULK_READ);
    return race_bulk(warp, copy->i, copy->lane, to, writes, copy->fold ? RACE_BULK_FOLD : RACE_BULK_WRITE);
}

struct put_off_copy {
    struct copy copy;
    int64_t group; /* of the lane's */
    uint32_t time; /* for the race check */
};

static void note_written(const struct copy *copy) {
    const struct written_place to = {copy->to.home, copy->to.at}, from = {copy->from.home, copy->from.at};
    written_copy(copy->warp, copy->i, copy->lane, to, copy->from.bytes ? &from : NULL, copy->bytes,
                 copy->fold != NULL);
}

static bool make(const struct copy *copy, uint32_t time) {
    struct warp *warp = copy->warp;
    const uint8_t *from = copy->from.bytes ? copy->from.bytes : copy->value;
    if (copy->fold)
        copy->fold(copy->to.bytes, from, copy->bytes);
    else
        memmove(copy->to.bytes, from, copy->bytes);
    memset(copy->to.bytes + copy->bytes, 0, copy->zeros);
    warp->grid->changes++;
    if (copy->kind == COPY_BULK)
        note_written(copy);
    if (!copy->barrier)
        return true;
    if (warp->grid->race)
        race_mbarrier_copied(mbarrier_place(warp->block->cluster, copy->barrier), time);
    return mbarrier_transact(warp, copy->i, copy->lane, copy->barrier, -(int64_t)copy->bytes);
}

bool copy_is_put_off(const struct grid *grid) {
    return grid->launch->delays_copies || (grid->schedule && schedule_puts_off(grid->schedule));
}

static void put_off(const struct copy *copy, uint32_t time) {
    struct put_off_copies *list = &copy->warp->block->cluster->put_off;
    if (list->count == list->room) {
        list->room = 2 * list->room + 64;
        list->copies = realloc(list->copies, list->room * sizeof *list->copies);
        if (!list->copies)
            vgpu_fail("not enough host memory for %u copies that are put off", list->room);
    }
    list->copies[list->count++] =
        (struct put_off_copy){*copy, copy->warp->committed[copy->kind][copy->lane], time};
}

bool copy_issue(const struct copy *copy) {
    const struct grid *grid = copy->warp->grid;
    uint32_t time = grid->race ? race(copy) : 0;
    if (!copy_is_put_off(grid))
        return make(copy, time);
    put_off(copy, time);
    return true;
}

void copy_put_off(const struct copy *copy) { put_off(copy, 0); }

void copy_commit(struct warp *warp, uint32_t lanes, enum copy_kind kind) {
    for (unsigned l = 0; l < WARP_LANES; l++)
        warp->committed[kind][l] += lanes >> l & 1;
    if (warp->grid->race)
        race_commit(warp, kind);
}

/* Those of groups older than the last pending ones; pending is -1 for all. */
static void make_groups(const struct warp *warp, uint32_t lanes, enum copy_kind kind, int64_t pending) {
    struct put_off_copies *list = &warp->block->cluster->put_off;
    unsigned kept = 0;
    for (unsigned k = 0; k < list->count; k++) {
        struct put_off_copy put_off = list->copies[k];
        const struct copy *copy = &put_off.copy;
        bool is_theirs =
            copy->warp == warp && lanes >> copy->lane & 1 && copy->kind == kind && !copy->barrier;
        if (is_theirs && put_off.group + pending < warp->committed[kind][copy->lane])
            make(copy, put_off.time);
        else
            list->copies[kept++] = put_off;
    }
    list->count = kept;
}

void copy_make_all(struct warp *warp, uint32_t lanes, enum copy_kind kind) {
    make_groups(warp, lanes, kind, -1);
}

void copy_wait(struct warp *warp, uint32_t lanes, enum copy_kind kind, uint64_t pending, bool reads_only) {
    make_groups(warp, lanes, kind, (int64_t)pending);
    if (warp->grid->race)
        race_wait(warp, kind, pending, reads_only);
}

void copy_all_put_off(struct cluster *cluster) {
    struct put_off_copies *list = &cluster->put_off;
    for (unsigned k = 0; k < list->count && cluster->grid->outcome == LAUNCH_DONE; k++)
        make(&list->copies[k].copy, list->copies[k].time);
    list->count = 0;
}
