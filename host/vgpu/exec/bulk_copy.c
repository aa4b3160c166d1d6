/*
 * cp.async.bulk: one thread copies a range of bytes between global memory and the shared memory of a block of its cluster, or
 * between two blocks. A copy is complete when it is issued: its mbarrier is told at once, and groups have nothing to wait for. Of
 * time there is only when it comes by the clock of round_trip.h.
 */
#include "lanes.h"
#include "mbarrier.h"
#include "memory_access.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

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

/* Where a copy comes from, and when. */
struct source {
    const uint8_t *bytes;
    unsigned trips;
    bool in_a_block; /* in shared memory of a block of the cluster */
};

static void count_wavefronts_of(struct warp *w, u32 address, u32 bytes) {
    enum { BYTES_OF_A_WAVEFRONT = 128 };
    uint64_t wavefronts = (bytes + BYTES_OF_A_WAVEFRONT - 1) / BYTES_OF_A_WAVEFRONT;
    w->grid->counts.shared_wavefronts += wavefronts;
    if (cluster_rank(address, w->block->rank) != w->block->rank)
        w->grid->counts.remote_shared_wavefronts += wavefronts;
}

/* What the copy does in global memory, checked; NULL after a fault. *hit: DRAM need not be read. */
static uint8_t *global_range(struct warp *w, const struct bound *i, unsigned lane, u64 address, u32 bytes,
                             enum l2_use use, bool *hit) {
    *hit = true;
    struct memory_window window;
    if (!is_aligned(w, i, lane, address, bytes))
        return NULL;
    if (bytes == 0)
        return (uint8_t *)address + memory_distance;
    if (!memory_open_window(address, address + bytes, &window)) {
        char place[300], message[460];
        snprintf(message, sizeof message,
                 "bulk copy %s %" PRIu32 " bytes of global memory at 0x%" PRIx64 ", %s",
                 use == L2_LOAD ? "reads" : "writes", bytes, address,
                 memory_describe(address, bytes, place, sizeof place));
        fault_memory(w, i, lane, address, LAUNCH_FAULT, message);
        return NULL;
    }
    struct launch_counts *counts = &w->grid->counts;
    *(use == L2_LOAD ? &counts->global_load_sectors : &counts->global_store_sectors) +=
        ((address + bytes - 1) >> 5) - (address >> 5) + 1;
    if (w->grid->launch->l2)
        *hit = l2_request_range(w->grid->launch->l2, address, address + bytes, use, &counts->l2);
    return (uint8_t *)address + memory_distance;
}

static uint8_t *shared_range(struct warp *w, const struct bound *i, unsigned lane, u32 address, u32 bytes,
                             const char *verb) {
    if (!is_aligned(w, i, lane, address, bytes))
        return NULL;
    uint8_t *range = cluster_range(w, i, lane, address, bytes);
    if (range == NULL) {
        char message[200];
        snprintf(message, sizeof message,
                 "bulk copy %s %" PRIu32 " bytes at offset %" PRIu32 " of the block with rank %" PRIu32
                 " of its cluster, outside its %" PRIu32 " bytes of shared memory",
                 verb, bytes, address & CLUSTER_OFFSET_MASK, cluster_rank(address, w->block->rank),
                 w->grid->shared_bytes);
        fault_message(w, i, lane, CHECK_MEM, address, message);
        return NULL;
    }
    count_wavefronts_of(w, address, bytes);
    return range;
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

static bool global_source(struct warp *w, const struct bound *i, unsigned lane, u32 bytes,
                          struct source *source) {
    bool hit;
    source->bytes = global_range(w, i, lane, address_of(w, i, FROM, lane), bytes, L2_LOAD, &hit);
    source->trips = w->trips + !hit;
    source->in_a_block = false;
    return source->bytes != NULL;
}

static bool shared_source(struct warp *w, const struct bound *i, unsigned lane, u32 bytes,
                          struct source *source) {
    source->bytes = shared_range(w, i, lane, (u32)address_of(w, i, FROM, lane), bytes, "reads");
    source->trips = w->trips;
    source->in_a_block = true;
    return source->bytes != NULL;
}

/* One lane's copy into shared memory. */
static bool copy_in(struct warp *w, const struct bound *i, unsigned lane, u32 to, const struct source *from,
                    u32 bytes, u32 barrier) {
    uint8_t *destination = shared_range(w, i, lane, to, bytes, "writes");
    uint64_t *object = destination ? barrier_of(w, i, lane, to, barrier) : NULL;
    if (object == NULL)
        return false;
    memmove(destination, from->bytes, bytes);
    unsigned rank = cluster_rank(to, w->block->rank);
    trips_arrive(&w->block->cluster->blocks[rank], object, from->trips,
                 from->in_a_block && rank != w->block->rank);
    return mbarrier_transact(w, i, lane, object, -(int64_t)bytes);
}

HANDLER(global_to_shared) {
    const u32 *bytes = lanes(w, i->o[0]);
    FOR_ACTIVE(l) {
        u32 to = (u32)address_of(w, i, TO, l), barrier = (u32)address_of(w, i, BARRIER, l);
        struct source from;
        if (!global_source(w, i, l, bytes[l], &from) || !copy_in(w, i, l, to, &from, bytes[l], barrier))
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
        struct source from;
        if (!global_source(w, i, l, bytes[l], &from))
            return NULL;
        for (unsigned rank = 0; ranks[l] >> rank; rank++)
            if (ranks[l] >> rank & 1 &&
                !copy_in(w, i, l, cluster_address(rank, to), &from, bytes[l], cluster_address(rank, barrier)))
                return NULL;
    }
    return i + 1;
}

HANDLER(shared_to_shared) {
    const u32 *bytes = lanes(w, i->o[0]);
    FOR_ACTIVE(l) {
        u32 to = (u32)address_of(w, i, TO, l), barrier = (u32)address_of(w, i, BARRIER, l);
        struct source from;
        if (!shared_source(w, i, l, bytes[l], &from) || !copy_in(w, i, l, to, &from, bytes[l], barrier))
            return NULL;
    }
    return i + 1;
}

HANDLER(shared_to_global) {
    const u32 *bytes = lanes(w, i->o[0]);
    FOR_ACTIVE(l) {
        const uint8_t *from = shared_range(w, i, l, (u32)address_of(w, i, FROM, l), bytes[l], "reads");
        bool hit;
        uint8_t *to = from ? global_range(w, i, l, address_of(w, i, TO, l), bytes[l], L2_STORE, &hit) : NULL;
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
