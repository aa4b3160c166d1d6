/*
 * cp.async.bulk: one thread copies a range of bytes between global memory and the shared memory of a block of its cluster, or
 * between two blocks. A copy is complete when it is issued: its mbarrier is told at once, and groups have nothing to wait for.
 */
#include "bulk.h"

#include <string.h>

/* One lane's copy into shared memory. from is checked already. */
static bool copy_in(struct warp *w, const struct bound *i, unsigned lane, u32 to, const uint8_t *from,
                    u32 bytes, u32 barrier) {
    uint8_t *destination = shared_range(w, i, lane, to, bytes, "writes");
    uint64_t *object = destination ? barrier_of(w, i, lane, to, barrier) : NULL;
    if (object == NULL)
        return false;
    memmove(destination, from, bytes);
    return mbarrier_transact(w, i, lane, object, -(int64_t)bytes);
}

HANDLER(global_to_shared) {
    const u32 *bytes = lanes(w, i->o[0]);
    FOR_ACTIVE(l) {
        u32 to = (u32)address_of(w, i, TO, l), barrier = (u32)address_of(w, i, BARRIER, l);
        const uint8_t *from = global_range(w, i, l, address_of(w, i, FROM, l), bytes[l], L2_LOAD);
        if (from == NULL || !copy_in(w, i, l, to, from, bytes[l], barrier))
            return NULL;
    }
    return i + 1;
}

/* The same bytes to the same offsets of every block whose bit is set. */
HANDLER(global_to_shared_multicast) {
    const u32 *bytes = lanes(w, i->o[0]);
    const u16 *ranks = lanes(w, i->o[1]);
    FOR_ACTIVE(l) {
        u32 to = (u32)address_of(w, i, TO, l), barrier = (u32)address_of(w, i, BARRIER, l);
        const uint8_t *from = global_range(w, i, l, address_of(w, i, FROM, l), bytes[l], L2_LOAD);
        if (from == NULL)
            return NULL;
        for (unsigned rank = 0; ranks[l] >> rank; rank++)
            if (ranks[l] >> rank & 1 &&
                !copy_in(w, i, l, cluster_address(rank, to), from, bytes[l], cluster_address(rank, barrier)))
                return NULL;
    }
    return i + 1;
}

HANDLER(shared_to_shared) {
    const u32 *bytes = lanes(w, i->o[0]);
    FOR_ACTIVE(l) {
        u32 to = (u32)address_of(w, i, TO, l), barrier = (u32)address_of(w, i, BARRIER, l);
        const uint8_t *from = shared_range(w, i, l, (u32)address_of(w, i, FROM, l), bytes[l], "reads");
        if (from == NULL || !copy_in(w, i, l, to, from, bytes[l], barrier))
            return NULL;
    }
    return i + 1;
}

HANDLER(shared_to_global) {
    const u32 *bytes = lanes(w, i->o[0]);
    FOR_ACTIVE(l) {
        const uint8_t *from = shared_range(w, i, l, (u32)address_of(w, i, FROM, l), bytes[l], "reads");
        uint8_t *to = from ? global_range(w, i, l, address_of(w, i, TO, l), bytes[l], L2_STORE) : NULL;
        if (to == NULL)
            return NULL;
        memcpy(to, from, bytes[l]);
    }
    return i + 1;
}

HANDLER(nothing_to_wait_for) {
    (void)w, (void)mask;
    return i + 1;
}

#define COMPLETES "_mbarrier::complete_tx::bytes"

const struct instruction AT_LEVEL(bulk_copy_instructions)[] = {
    {"cp_async_bulk_shared::cluster_global" COMPLETES, "aawa", global_to_shared},
    {"cp_async_bulk_shared_global" COMPLETES, "aawa", global_to_shared},
    {"cp_async_bulk_shared::cluster_global" COMPLETES "_multicast::cluster", "aawah",
     global_to_shared_multicast},
    {"cp_async_bulk_shared::cluster_shared" COMPLETES, "aawa", shared_to_shared},
    {"cp_async_bulk_global_shared_bulk_group", "aaw", shared_to_global},
    {"cp_async_bulk_commit_group", "", nothing_to_wait_for},
    {"cp_async_bulk_wait_group", "i", nothing_to_wait_for},
    {"cp_async_bulk_wait_group_read", "i", nothing_to_wait_for},
    {"cp_async_bulk_prefetch_L2_global", "mw", nothing_to_wait_for},
    {NULL, NULL, NULL},
};
