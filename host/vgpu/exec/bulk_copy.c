/*
 * cp.async.bulk: one thread copies a range of bytes between global memory and the shared memory of a block of its cluster, or
 * between two blocks.
 */
#include "copy.h"
#include "lanes.h"
#include "memory_access.h"

#include <inttypes.h>
#include <stdio.h>

enum { UNIT = 16 }; /* addresses and sizes are multiples of it */
enum { TO, FROM, BARRIER };

static u64 address_of(const struct warp *w, const struct bound *i, unsigned which, unsigned lane) {
    const struct listed_address *address = &((const struct address_list *)i->side)->at[which];
    if (address->base_is_32) {
        const u32 *base = lanes(w, address->base);
        return base[lane] + (u32)address->offset;
    }
    const u64 *base = lanes(w, address->base);
    return base[lane] + (u64)address->offset;
}

static bool is_aligned(struct warp *w, const struct bound *i, unsigned lane, u64 address, u32 bytes) {
    if ((address | bytes) % UNIT == 0)
        return true;
    char message[160];
    snprintf(message, sizeof message,
             "misaligned bulk copy of %" PRIu32 " bytes at 0x%" PRIx64
             "; addresses and sizes must be multiples of 16",
             bytes, address);
    fault_memory(w, i, lane, address, LAUNCH_MISALIGNED, message);
    return false;
}

static void count_wavefronts_of(struct warp *w, u32 rank, u32 bytes) {
    enum { BYTES_OF_A_WAVEFRONT = 128 };
    uint64_t wavefronts = (bytes + BYTES_OF_A_WAVEFRONT - 1) / BYTES_OF_A_WAVEFRONT;
    w->grid->counts.shared_wavefronts += wavefronts;
    if (rank != w->block->rank)
        w->grid->counts.remote_shared_wavefronts += wavefronts;
}

/* What the copy does in global memory, checked. */
static struct copy_end global_range(struct warp *w, const struct bound *i, unsigned lane, u64 address,
                                    u32 bytes, enum l2_use use) {
    struct memory_window window;
    struct copy_end end = {.bytes = (uint8_t *)address + memory_distance, .at = address, .trips = w->trips};
    if (!is_aligned(w, i, lane, address, bytes))
        return (struct copy_end){NULL};
    if (bytes == 0)
        return end;
    if (!memory_open_window(address, address + bytes, &window)) {
        char place[300], message[460];
        snprintf(message, sizeof message,
                 "bulk copy %s %" PRIu32 " bytes of global memory at 0x%" PRIx64 ", %s",
                 use == L2_LOAD ? "reads" : "writes", bytes, address,
                 memory_describe(address, bytes, place, sizeof place));
        fault_memory(w, i, lane, address, LAUNCH_FAULT, message);
        return (struct copy_end){NULL};
    }
    struct launch_counts *counts = &w->grid->counts;
    *(use == L2_LOAD ? &counts->global_load_sectors : &counts->global_store_sectors) +=
        ((address + bytes - 1) >> 5) - (address >> 5) + 1;
    if (w->grid->launch->l2)
        end.trips += !l2_request_range(w->grid->launch->l2, address, address + bytes, use, &counts->l2);
    return end;
}

static struct copy_end shared_range(struct warp *w, const struct bound *i, unsigned lane, u32 address,
                                    u32 bytes, const char *verb) {
    if (!is_aligned(w, i, lane, address, bytes))
        return (struct copy_end){NULL};
    u32 rank = cluster_rank(address, w->block->rank), offset = address & CLUSTER_OFFSET_MASK;
    uint8_t *range = cluster_range(w, i, lane, address, bytes);
    if (range == NULL) {
        char message[200];
        snprintf(message, sizeof message,
                 "bulk copy %s %" PRIu32 " bytes at offset %" PRIu32 " of the block with rank %" PRIu32
                 " of its cluster, outside its %" PRIu32 " bytes of shared memory",
                 verb, bytes, offset, rank, w->grid->shared_bytes);
        fault_message(w, i, lane, CHECK_MEM, address, message);
        return (struct copy_end){NULL};
    }
    count_wavefronts_of(w, rank, bytes);
    return (struct copy_end){
        .bytes = range, .home = &w->block->cluster->blocks[rank], .at = offset, .trips = w->trips};
}

/* The barrier that learns of the bytes, in the block that gets them; NULL after a fault. */
static uint64_t *barrier_of(struct warp *w, const struct bound *i, unsigned lane, u32 to, u32 barrier) {
    unsigned own = w->block->rank;
    uint8_t *object = barrier % sizeof(u64) ? NULL : cluster_range(w, i, lane, barrier, sizeof(u64));
    if (object == NULL)
        fault_message(w, i, lane, CHECK_MEM, barrier,
                      "the mbarrier of a bulk copy is misaligned or outside shared memory");
    else if (cluster_rank(barrier, own) != cluster_rank(to, own))
        fault_message(w, i, lane, CHECK_SYNC, barrier,
                      "the mbarrier of a bulk copy is in another block than the bytes it copies");
    return w->grid->outcome == LAUNCH_DONE ? (uint64_t *)(void *)object : NULL;
}

/* One lane's copy into shared memory. from is checked already. */
static bool copy_in(struct warp *w, const struct bound *i, unsigned lane, u32 to, struct copy_end from,
                    u32 bytes, u32 barrier) {
    struct copy copy = {.kind = COPY_BULK, .from = from, .bytes = bytes, .warp = w, .i = i, .lane = lane};
    copy.to = shared_range(w, i, lane, to, bytes, "writes");
    copy.barrier = copy.to.bytes ? barrier_of(w, i, lane, to, barrier) : NULL;
    if (!copy.barrier)
        return false;
    unsigned rank = copy.to.home->rank;
    trips_arrive(&w->block->cluster->blocks[rank], copy.barrier, from.trips,
                 from.home && rank != w->block->rank);
    return copy_issue(&copy);
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
