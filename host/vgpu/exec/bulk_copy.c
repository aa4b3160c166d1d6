/*
 * cp.async.bulk: one thread copies a range of bytes between global memory and the shared memory of a block of its cluster, or
 * between two blocks.
 */
#include "bulk.h"

/* One lane's copy into shared memory. from is checked already. */
static bool copy_in(struct warp *w, const struct bound *i, unsigned lane, u32 to, struct copy_end from,
                    u32 bytes, u32 barrier) {
    struct copy copy = {.kind = COPY_BULK, .from = from, .bytes = bytes, .warp = w, .i = i, .lane = lane};
    copy.to = shared_range(w, i, lane, to, bytes, "writes");
    return copy.to.bytes && copy_with_barrier(&copy, to, barrier);
}

HANDLER(global_to_shared) {
    const u32 *bytes = lanes(w, i->o[0]);
    FOR_ACTIVE(l) {
        u32 to = (u32)address_of(w, i, TO, l), barrier = (u32)address_of(w, i, BARRIER, l);
        struct copy_end from = global_range(w, i, l, address_of(w, i, FROM, l), bytes[l], L2_LOAD);
        if (!from.bytes || !copy_in(w, i, l, to, from, bytes[l], barrier))
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
        struct copy_end from = global_range(w, i, l, address_of(w, i, FROM, l), bytes[l], L2_LOAD);
        if (!from.bytes)
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
        struct copy_end from = shared_range(w, i, l, (u32)address_of(w, i, FROM, l), bytes[l], "reads");
        if (!from.bytes || !copy_in(w, i, l, to, from, bytes[l], barrier))
            return NULL;
    }
    return i + 1;
}

HANDLER(shared_to_global) {
    const u32 *bytes = lanes(w, i->o[0]);
    FOR_ACTIVE(l) {
        struct copy copy = {.kind = COPY_BULK, .bytes = bytes[l], .warp = w, .i = i, .lane = l};
        copy.from = shared_range(w, i, l, (u32)address_of(w, i, FROM, l), bytes[l], "reads");
        if (copy.from.bytes)
            copy.to = global_range(w, i, l, address_of(w, i, TO, l), bytes[l], L2_STORE);
        if (!copy.to.bytes || !copy_issue(&copy))
            return NULL;
    }
    return i + 1;
}

HANDLER(commit) {
    copy_commit(w, mask, COPY_BULK);
    return i + 1;
}
HANDLER(wait_group) {
    copy_wait(w, mask, COPY_BULK, (u64)i->offset, false);
    return i + 1;
}
HANDLER(wait_group_read) {
    copy_wait(w, mask, COPY_BULK, (u64)i->offset, true);
    return i + 1;
}
HANDLER(no_effect) {
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
    {"cp_async_bulk_commit_group", "", commit},
    {"cp_async_bulk_wait_group", "i", wait_group},
    {"cp_async_bulk_wait_group_read", "i", wait_group_read},
    {"cp_async_bulk_prefetch_L2_global", "mw", no_effect},
    {NULL, NULL, NULL},
};
