/* What bulk copies, bulk reductions and asynchronous stores share: their addresses, checked, and the mbarrier that learns of them. */
#ifndef LOTTO_VGPU_BULK_H
#define LOTTO_VGPU_BULK_H

#include "lanes.h"
#include "mbarrier.h"
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

/* What the copy does in global memory, checked; NULL after a fault. */
static inline uint8_t *global_range(struct warp *w, const struct bound *i, unsigned lane, u64 address,
                                    u32 bytes, enum l2_use use) {
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
        w->block->waited |=
            !l2_request_range(w->grid->launch->l2, address, address + bytes, use, &counts->l2);
    return (uint8_t *)address + memory_distance;
}

static inline uint8_t *shared_range(struct warp *w, const struct bound *i, unsigned lane, u32 address,
                                    u32 bytes, const char *verb) {
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
    }
    return range;
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

#endif
