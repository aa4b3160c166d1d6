/*
 * Checked access to memory by the lanes of a warp: what loads, stores and atomics share.
 *
 * access_open checks every active lane (bounds, alignment) and turns addresses into offsets from one host pointer, so that
 * lane l's bytes are at base + at[l]. NULL: a fault was reported and the launch stops.
 */
#ifndef LOTTO_VGPU_MEMORY_ACCESS_H
#define LOTTO_VGPU_MEMORY_ACCESS_H

#include "address.h"
#include "lanes.h"
#include "round_trip.h"

enum { WIDEST_ACCESS = 32 }; /* bytes a lane: v4 of 64 bits, v8 of 32 */

struct access {
    const char *verb; /* "load", "store", "atomic" */
    bool writes;
    unsigned bytes;    /* a lane; a power of two */
    uint64_t *sectors; /* where 32-byte sectors of global memory are counted, or NULL */
    enum l2_use use;   /* of global memory */
};

/* The lanes' addresses as the instruction forms them; 32-bit spaces wrap modulo 2^32. */
static inline void access_addresses(const struct warp *w, const struct bound *i, u64 *at) {
    if (i->base_is_32) {
        const u32 *base = lanes(w, i->address);
        FOR_LANES { at[l] = base[l] + (u32)i->offset; }
    } else {
        const u64 *base = lanes(w, i->address);
        FOR_LANES { at[l] = base[l] + (u64)i->offset; }
    }
    if (i->space == PTX_SPACE_SHARED || i->space == PTX_SPACE_LOCAL || i->space == PTX_SPACE_PARAM ||
        i->space == PTX_SPACE_CLUSTER)
        FOR_LANES { at[l] = (u32)at[l]; }
}

/* All lanes are on and their bytes follow one another: what is asked of each address can then be asked of all together. */
static inline bool access_streams(const u64 *at, uint32_t mask, unsigned bytes) {
    uint64_t apart = 0;
    FOR_LANES { apart |= at[l] ^ (at[0] + (u64)l * bytes); }
    return mask == ALL_LANES && apart == 0;
}

/* True when each active lane's bytes lie in [begin, end) and are aligned. */
static inline bool access_inside(const u64 *at, uint32_t mask, bool streams, uint64_t begin, uint64_t end,
                                 unsigned bytes) {
    if (streams && end - begin >= WARP_LANES * bytes)
        return at[0] - begin <= end - begin - WARP_LANES * bytes && !(at[0] & (bytes - 1));
    if (end - begin < bytes)
        return false;
    uint64_t last = end - begin - bytes, outside = 0;
    FOR_LANES {
        u64 distance = at[l] - begin;
        outside |= mask >> l & 1 ? (u64)(distance > last) | (at[l] & (bytes - 1)) : 0;
    }
    return outside == 0;
}

/* Distinct values of address / 32: neighbours are compared first, then what is left against a small hashed set. */
static __attribute__((noinline, unused)) uint64_t count_scattered_sectors(const u64 *at, uint32_t mask) {
    uint64_t seen[64], count = 0, used = 0, previous = ~0ull;
    FOR_ACTIVE(l) {
        uint64_t sector = at[l] >> 5;
        if (sector == previous)
            continue;
        previous = sector;
        unsigned slot = (unsigned)(sector * 0x9e3779b97f4a7c15ull >> 58);
        while (used >> slot & 1 && seen[slot] != sector)
            slot = (slot + 1) & 63;
        if (!(used >> slot & 1)) {
            used |= 1ull << slot;
            seen[slot] = sector;
            count++;
        }
    }
    return count;
}

static inline uint64_t count_sectors(const u64 *at, uint32_t mask, bool streams, unsigned bytes) {
    return streams ? ((at[0] + WARP_LANES * bytes - 1) >> 5) - (at[0] >> 5) + 1
                   : count_scattered_sectors(at, mask);
}

/*
 * The most words that one bank must serve, over the lanes that are served together: each pass takes a word of every bank that has one
 * left. Accesses are aligned, so those of more than a word share all their words or none: they count as one in fewer, wider banks.
 */
static inline uint64_t count_wavefronts(const u64 *at, uint32_t mask, bool streams, unsigned bytes) {
    unsigned width = bytes < 4 ? 4 : bytes, banks = 128 / width, together = banks < 8 ? 8 : banks;
    if (streams)
        return bytes < 4 ? 1 : WARP_LANES / banks;
    u32 word[WARP_LANES] __attribute__((aligned(64))), taken[WARP_LANES] = {0};
    FOR_LANES { word[l] = (u32)at[l] >> __builtin_ctz(width); }
    uint64_t wavefronts = 0;
    for (unsigned first = 0; first < WARP_LANES; first += together) {
        uint32_t left = mask & (uint32_t)((1ull << together) - 1) << first;
        for (; left; wavefronts++) {
            uint32_t asked = 0, served = 0;
            FOR_LANES { asked |= (left >> l & 1) << (word[l] & (banks - 1)); }
            if (__builtin_popcount(asked) == __builtin_popcount(left)) {
                left = 0;
                continue;
            }
            for (uint32_t rest = left; rest; rest &= rest - 1) {
                u32 wanted = word[__builtin_ctz(rest)];
                taken[wanted & (banks - 1)] = wanted;
            }
            FOR_LANES { served |= (uint32_t)(taken[word[l] & (banks - 1)] == word[l]) << l; }
            left &= ~served;
        }
    }
    return wavefronts;
}

/* The slow way round: lanes in several windows, or a fault. */
static inline bool access_global_by_lane(struct warp *w, const struct bound *i, uint32_t mask, const u64 *at,
                                         const struct access *access) {
    struct memory_window *window = &w->grid->windows[i->window];
    FOR_ACTIVE(l) {
        if (access_inside(at, 1u << l, false, window->begin, window->end, access->bytes))
            continue;
        if ((at[l] & (access->bytes - 1)) || !memory_open_window(at[l], at[l] + access->bytes, window)) {
            *window = (struct memory_window){0, 0};
            fault_address(w, i, l, at[l], access->bytes, access->verb);
            return false;
        }
    }
    return true;
}

/* False when the request has to wait for DRAM. */
static inline bool ask_l2(struct grid *grid, const u64 *at, uint32_t mask, bool streams,
                          const struct access *access) {
    struct l2_traffic *traffic = &grid->counts.l2;
    if (access->use != L2_ATOMIC && streams)
        return l2_request_range(grid->launch->l2, at[0], at[WARP_LANES - 1] + access->bytes, access->use,
                                traffic);
    return l2_request(grid->launch->l2, at, mask, access->use, traffic);
}

static inline void note_l2(struct warp *w, const u64 *at, uint32_t mask, bool streams,
                           const struct access *access) {
    if (ask_l2(w->grid, at, mask, streams, access))
        return;
    if (access->use == L2_COPY)
        trips_of_copy(w);
    else
        trips_await(w);
}

/* The slow way round: addresses that name a block of the cluster, or a fault. */
static __attribute__((noinline, unused)) uint8_t *access_mapped_shared(struct warp *w, const struct bound *i,
                                                                       uint32_t mask, u64 *at,
                                                                       const struct access *access,
                                                                       enum ptx_space space) {
    uint8_t *base = cluster_shared(w, i, mask, at, access->bytes, space);
    if (base == NULL) {
        fault_space(w, i, mask, at, access->bytes, access->verb, space);
        return NULL;
    }
    /* Each block's memory makes its own passes. */
    struct launch_counts *counts = &w->grid->counts;
    uint32_t stride = w->grid->shared_stride;
    for (uint32_t left = mask, same = 0; left; left &= ~same) {
        uint64_t rank = at[__builtin_ctz(left)] / stride, passes;
        same = 0;
        FOR_LANES { same |= (uint32_t)(at[l] / stride == rank) << l; }
        same &= left;
        passes = count_wavefronts(at, same, false, access->bytes);
        counts->shared_wavefronts += passes;
        counts->remote_shared_wavefronts += rank != w->block->rank ? passes : 0;
    }
    return base;
}

static inline __attribute__((always_inline)) uint8_t *access_global(struct warp *w, const struct bound *i,
                                                                    uint32_t mask, const u64 *at,
                                                                    bool streams, const struct access *access,
                                                                    enum ptx_space space) {
    struct grid *grid = w->grid;
    const struct memory_window *window = &grid->windows[i->window];
    if (!access_inside(at, mask, streams, window->begin, window->end, access->bytes) &&
        !access_global_by_lane(w, i, mask, at, access))
        return NULL;
    if (access->sectors && space == PTX_SPACE_GLOBAL)
        *access->sectors += count_sectors(at, mask, streams, access->bytes);
    if (grid->launch->l2 && access->use != L2_NO_USE && space == PTX_SPACE_GLOBAL)
        note_l2(w, at, mask, streams, access);
    return (uint8_t *)memory_distance; /* every window is at the same distance */
}

static inline uint8_t *access_space(struct warp *w, const struct bound *i, uint32_t mask, u64 *at,
                                    bool streams, const struct access *access, enum ptx_space space) {
    struct grid *grid = w->grid;
    switch (space) {
    case PTX_SPACE_GLOBAL:
    case PTX_SPACE_CONST:
        return access_global(w, i, mask, at, streams, access, space);
    case PTX_SPACE_SHARED:
    case PTX_SPACE_CLUSTER:
        if (access_inside(at, mask, streams, 0, grid->shared_bytes, access->bytes)) {
            grid->counts.shared_wavefronts += count_wavefronts(at, mask, streams, access->bytes);
            return w->block->shared;
        }
        return access_mapped_shared(w, i, mask, at, access, space);
    case PTX_SPACE_LOCAL: {
        uint32_t frame = grid->local_bytes;
        if (access_inside(at, mask, streams, 0, frame, access->bytes)) {
            FOR_LANES { at[l] += mask >> l & 1 ? (u64)l * frame : 0; }
            return w->local;
        }
        break;
    }
    case PTX_SPACE_PARAM:
        if (access->writes) {
            unsigned l = (unsigned)__builtin_ctz(mask);
            fault_read_only(w, i, l, at[l], access->bytes, access->verb);
            return NULL;
        }
        if (access_inside(at, mask, streams, 0, grid->binding->program->parameter_bytes, access->bytes))
            return (uint8_t *)(uintptr_t)grid->launch->parameters;
        break;
    default:
        break;
    }
    fault_space(w, i, mask, at, access->bytes, access->verb, space);
    return NULL;
}

static inline enum ptx_space space_of_window(uint64_t window) {
    return window == GENERIC_SHARED  ? PTX_SPACE_CLUSTER
           : window == GENERIC_LOCAL ? PTX_SPACE_LOCAL
           : window == GENERIC_PARAM ? PTX_SPACE_PARAM
                                     : PTX_SPACE_GLOBAL;
}

/*
 * Does work(base, lanes) once for all active lanes, or, for generic addresses into several spaces, once for each space.
 * transfer gets the host base, the offsets, the lanes it covers and whether they stream. False after a fault.
 */
typedef void access_transfer(struct warp *w, const struct bound *i, uint32_t mask, uint8_t *base,
                             const u64 *at, bool streams);

/* While grid->writes_differ: counts a transfer that changes what other warps can read, or does some lanes' part before the others'. */
static __attribute__((noinline)) void transfer_differently(struct warp *w, const struct bound *i,
                                                           uint32_t mask, const struct access *access,
                                                           uint8_t *base, const u64 *at,
                                                           access_transfer *transfer) {
    uint8_t before[WARP_LANES * WIDEST_ACCESS];
    uint32_t first = 0;
    if (w->grid->watching)
        FOR_ACTIVE(l) { __builtin_memcpy(before + l * access->bytes, base + at[l], access->bytes); }
    else
        first = schedule_first_lanes(w->grid->schedule, mask);
    if (first)
        transfer(w, i, first, base, at, false);
    if (mask & ~first)
        transfer(w, i, mask & ~first, base, at, false);
    if (w->grid->watching)
        FOR_ACTIVE(l) {
            w->grid->changes +=
                __builtin_memcmp(before + l * access->bytes, base + at[l], access->bytes) != 0;
        }
}

static inline __attribute__((always_inline)) void
access_transfer_lanes(struct warp *w, const struct bound *i, uint32_t mask, const struct access *access,
                      uint8_t *base, const u64 *at, bool streams, access_transfer *transfer) {
    if (access->writes && __builtin_expect(w->grid->writes_differ, false) && base != w->local)
        transfer_differently(w, i, mask, access, base, at, transfer);
    else
        transfer(w, i, mask, base, at, streams && base != w->local);
}

static inline __attribute__((always_inline)) bool access_memory(struct warp *w, const struct bound *i,
                                                                uint32_t mask, const struct access *access,
                                                                access_transfer *transfer) {
    u64 at[WARP_LANES] __attribute__((aligned(64)));
    access_addresses(w, i, at);
    if (i->space != PTX_SPACE_GENERIC) {
        bool streams = access_streams(at, mask, access->bytes);
        uint8_t *base = i->space == PTX_SPACE_GLOBAL
                            ? access_global(w, i, mask, at, streams, access, PTX_SPACE_GLOBAL)
                            : access_space(w, i, mask, at, streams, access, i->space);
        if (base == NULL)
            return false;
        access_transfer_lanes(w, i, mask, access, base, at, streams, transfer);
        return true;
    }
    while (mask) {
        uint64_t window = generic_window(at[__builtin_ctz(mask)]);
        uint32_t here = 0;
        FOR_LANES { here |= (uint32_t)(generic_window(at[l]) == window) << l; }
        here &= mask;
        enum ptx_space space = space_of_window(window);
        if (space != PTX_SPACE_GLOBAL)
            FOR_LANES { at[l] &= here >> l & 1 ? 0xffffffff : ~0ull; }
        bool streams = access_streams(at, here, access->bytes);
        uint8_t *base = access_space(w, i, here, at, streams, access, space);
        if (base == NULL)
            return false;
        access_transfer_lanes(w, i, here, access, base, at, streams, transfer);
        mask &= ~here;
    }
    return true;
}

#endif
