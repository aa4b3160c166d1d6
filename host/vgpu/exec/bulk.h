/* What bulk copies, bulk reductions and asynchronous stores share: their addresses, checked, and the mbarrier that learns of them. */
#ifndef LOTTO_VGPU_BULK_H
#define LOTTO_VGPU_BULK_H

#include "copy.h"
#include "lanes.h"
#include "memory_access.h"

#include <inttypes.h>
#include <stdio.h>

enum { UNIT = 16 }; /* addresses and sizes are multiples of it */
enum { TO, FROM, BARRIER };

static inline u64 address_of(const struct warp *w, const struct bound *i, unsigned which, unsigned lane) {
    const struct listed_address *address = &((const struct address_list *)i->side)->at[which];
    if (address->base_is_32) {
        const u32 *base = lanes(w, address->base);
        return base[lane] + (u32)address->offset;
    }
    const u64 *base = lanes(w, address->base);
    return base[lane] + (u64)address->offset;
}

static inline bool is_aligned(struct warp *w, const struct bound *i, unsigned lane, u64 address, u32 bytes) {
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

static inline void count_wavefronts_of(struct warp *w, u32 rank, u32 bytes) {
    enum { BYTES_OF_A_WAVEFRONT = 128 };
    uint64_t wavefronts = (bytes + BYTES_OF_A_WAVEFRONT - 1) / BYTES_OF_A_WAVEFRONT;
    w->grid->counts.shared_wavefronts += wavefronts;
    if (rank != w->block->rank)
        w->grid->counts.remote_shared_wavefronts += wavefronts;
}

/* What the copy does in global memory, checked. */
static inline struct copy_end global_range(struct warp *w, const struct bound *i, unsigned lane, u64 address,
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

static inline struct copy_end shared_range(struct warp *w, const struct bound *i, unsigned lane, u32 address,
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
static inline uint64_t *barrier_of(struct warp *w, const struct bound *i, unsigned lane, u32 to,
                                   u32 barrier) {
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

/* Issues the copy to shared memory at `to`, of which the mbarrier learns. False after a fault. */
static inline bool copy_with_barrier(struct copy *copy, u32 to, u32 barrier) {
    struct warp *w = copy->warp;
    copy->barrier = barrier_of(w, copy->i, copy->lane, to, barrier);
    if (!copy->barrier)
        return false;
    unsigned rank = copy->to.home->rank;
    bool from_block = rank != w->block->rank && (copy->from.home || !copy->from.bytes);
    trips_arrive(&w->block->cluster->blocks[rank], copy->barrier, copy->from.trips, from_block);
    return copy_issue(copy);
}

#endif
