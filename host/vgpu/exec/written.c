#include "written.h"
#include "../memory/defined.h"
#include "observe.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { UNWRITTEN, WRITTEN, OF_MBARRIER, MBARRIER_BYTES = 8 };

uint8_t *written_create(const struct grid *grid) {
    if (!(checks_enabled & CHECK_INIT))
        return NULL;
    uint8_t *written = calloc(grid->shared_bytes + 1, 1);
    if (!written)
        vgpu_fail("not enough host memory to follow what is written to %u bytes of shared memory",
                  grid->shared_bytes);
    return written;
}

void written_start(const struct block *block) {
    const struct grid *grid = block->grid;
    if (!block->written)
        return;
    memset(block->written, UNWRITTEN, grid->shared_bytes);
    if (grid->binding->reserves_shared)
        memset(block->written + grid->shared_bytes - RESERVED_SHARED_BYTES, WRITTEN, RESERVED_SHARED_BYTES);
}

/* "shared memory at offset 16 of block 1,0,0, which nobody has written" */
static void describe(const struct warp *warp, uint64_t at, unsigned bytes, const struct block *home,
                     char *text, size_t size) {
    char place[240];
    if (home == warp->block)
        snprintf(text, size, "shared memory at offset %" PRIu64 ", which the block has not written", at);
    else if (home)
        snprintf(text, size,
                 "shared memory at offset %" PRIu64 " of block %" PRIu32 ",%" PRIu32 ",%" PRIu32
                 ", which nobody has written",
                 at, home->id[0], home->id[1], home->id[2]);
    else
        snprintf(text, size, "device memory at 0x%" PRIx64 " that were never written, %s", at,
                 memory_describe(at, bytes, place, sizeof place));
}

bool written_holds(const struct block *home, uint64_t at, unsigned bytes) {
    return home ? !memchr(home->written + at, UNWRITTEN, bytes) : defined_all(at, bytes);
}

bool written_set_range(const struct block *home, uint64_t at, unsigned bytes) {
    if (!home)
        defined_set(at, bytes);
    else if (memchr(home->written + at, OF_MBARRIER, bytes))
        return false;
    else
        memset(home->written + at, WRITTEN, bytes);
    return true;
}

void written_check(struct warp *warp, const struct bound *i, unsigned lane, uint64_t at,
                   const struct block *home) {
    static const char *const verbs[] = {
        [OBSERVED_LOAD] = "load", [OBSERVED_ATOMIC] = "atomic", [OBSERVED_COPY] = "asynchronous copy"};
    if (written_holds(home, at, i->lane_bytes) || (!home && memory_is_managed(at)))
        return;
    bool holds = true;
    for (unsigned k = 0; k < i->lane_bytes; k++)
        holds &= !(i->used_bytes >> k & 1) || written_holds(home, at + k, 1);
    if (holds || !observe_is_new(warp, i, CHECK_INIT))
        return;
    char place[300], message[400];
    describe(warp, at, i->lane_bytes, home, place, sizeof place);
    snprintf(message, sizeof message, "%s of %u bytes of %s", verbs[i->observed], i->lane_bytes, place);
    finding_at(warp, i, lane, CHECK_INIT, at, message);
}

/* Finds that the bytes, which something else is about to be in, are those of an mbarrier. */
static void check_mbarrier(struct warp *warp, const struct bound *i, unsigned lane, const struct block *home,
                           uint64_t at, uint32_t bytes, const char *what) {
    const uint8_t *there = memchr(home->written + at, OF_MBARRIER, bytes);
    if (!there || !observe_is_new(warp, i, CHECK_SYNC))
        return;
    char message[300];
    snprintf(message, sizeof message,
             "%s the mbarrier at offset %zu of the shared memory of block %" PRIu32 ",%" PRIu32 ",%" PRIu32
             ", which is in use: it was initialised and not invalidated",
             what, (size_t)(there - home->written), home->id[0], home->id[1], home->id[2]);
    finding_at(warp, i, lane, CHECK_SYNC, at, message);
}

void written_set(struct warp *warp, const struct bound *i, unsigned lane, uint64_t at,
                 const struct block *home) {
    if (home) {
        check_mbarrier(warp, i, lane, home, at, i->lane_bytes, "this thread writes to");
        memset(home->written + at, WRITTEN, i->lane_bytes);
    } else {
        defined_set(at, i->lane_bytes);
    }
}

static uint8_t *states_of(struct written_place place) {
    return place.home ? place.home->written + place.at : defined_bytes(place.at);
}

void written_copy(struct warp *warp, const struct bound *i, unsigned lane, struct written_place to,
                  const struct written_place *from, uint32_t bytes, bool folds) {
    if (!(checks_enabled & CHECK_INIT))
        return;
    if (to.home)
        check_mbarrier(warp, i, lane, to.home, to.at, bytes, "a bulk copy writes to");
    uint8_t *written = states_of(to);
    const uint8_t *source = from ? states_of(*from) : NULL;
    for (uint32_t k = 0; k < bytes; k++)
        written[k] = (!source || source[k] != UNWRITTEN) && (!folds || written[k] != UNWRITTEN);
}

void written_init_mbarrier(struct warp *warp, const struct bound *i, unsigned lane, const struct block *home,
                           uint32_t offset) {
    if (!home->written)
        return;
    check_mbarrier(warp, i, lane, home, offset, MBARRIER_BYTES, "mbarrier.init of");
    memset(home->written + offset, OF_MBARRIER, MBARRIER_BYTES);
}

void written_inval_mbarrier(const struct block *home, uint32_t offset) {
    if (home->written)
        memset(home->written + offset, WRITTEN, MBARRIER_BYTES);
}
