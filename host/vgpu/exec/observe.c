#include "observe.h"
#include "memory_access.h"
#include "race.h"
#include "written.h"

#include <stdlib.h>
#include <string.h>

struct observer {
    uint8_t *reported; /* checks that have found something, for each instruction */
};

static void *zeros(size_t bytes) {
    void *memory = calloc(bytes + 1, 1);
    if (!memory)
        vgpu_fail("not enough host memory for the checks of a launch (%zu bytes)", bytes);
    return memory;
}

static bool is_on(void) { return checks_enabled & (CHECK_INIT | CHECK_RACE); }

struct observer *observer_create(const struct grid *grid) {
    if (!is_on())
        return NULL;
    struct observer *observer = zeros(sizeof *observer);
    observer->reported = zeros(grid->binding->program->instruction_count);
    return observer;
}

void observer_free(struct observer *observer) {
    if (observer)
        free(observer->reported);
    free(observer);
}

bool observe_is_new(struct warp *warp, const struct bound *i, enum check check) {
    uint8_t *reported = &warp->grid->observer->reported[i->origin];
    bool is_new = !(*reported & check);
    *reported |= (uint8_t)check;
    return is_new;
}

/* What each lane of a store writes, as memory will hold it. */
static void gather_values(const struct warp *w, const struct bound *i, uint8_t *values) {
    unsigned bytes = i->lane_bytes / i->elements;
    for (unsigned e = 0; e < i->elements; e++) {
        const uint8_t *from = warp_operand(w, i->o[e]);
        FOR_LANES { memcpy(values + l * i->lane_bytes + e * bytes, from + (size_t)l * i->width, bytes); }
    }
}

/* Lanes whose bytes the instruction may touch. */
struct observed_lanes {
    struct race_lanes of;
    bool stream; /* all lanes, one after another in one block's memory or one allocation */
};

/* The lanes that store what is there already. */
static unsigned count_unchanged(const struct bound *i, const struct observed_lanes *lanes,
                                const uint8_t *values) {
    const uint8_t *memory = lanes->of.home[0]
                                ? lanes->of.home[0]->shared + lanes->of.at[0]
                                : (const uint8_t *)(lanes->of.at[0] + (uint64_t)memory_distance);
    const u32 *stored = (const u32 *)(const void *)values, *there = (const u32 *)(const void *)memory;
    unsigned words = i->lane_bytes / sizeof(u32), unchanged = 0;
    FOR_LANES {
        bool is_same = true;
        for (unsigned k = 0; k < words; k++)
            is_same &= stored[l * words + k] == there[l * words + k];
        unchanged += is_same;
    }
    return unchanged;
}

/* False when each lane has to be looked at. */
static bool observe_race_together(const struct warp *w, const struct bound *i,
                                  const struct observed_lanes *lanes, const uint8_t *values) {
    bool is_store = i->observed == OBSERVED_STORE;
    uint64_t all_bytes = (1ull << i->lane_bytes) - 1;
    if (!lanes->stream || lanes->of.at[0] % RACE_LINE || i->lane_bytes < sizeof(u32) ||
        i->order != RACE_WEAK || (i->used_bytes & all_bytes) != all_bytes ||
        !(is_store || i->observed == OBSERVED_LOAD))
        return false;
    unsigned unchanged = is_store ? count_unchanged(i, lanes, values) : 0;
    return unchanged == WARP_LANES ||
           (unchanged == 0 && race_note_lines(w, i, lanes->of.home[0], lanes->of.at[0], is_store));
}

static void observe_race(struct warp *w, const struct bound *i, const struct observed_lanes *lanes,
                         enum observed kind) {
    uint8_t values[WARP_LANES * WIDEST_ACCESS] __attribute__((aligned(64)));
    bool is_store = i->observed == OBSERVED_STORE;
    if (is_store)
        gather_values(w, i, values);
    if (lanes->of.mask == 0 || observe_race_together(w, i, lanes, values))
        return;
    struct race_access access = {.bytes = i->lane_bytes,
                                 .used_bytes = i->used_bytes,
                                 .reads = kind != OBSERVED_STORE,
                                 .writes = kind != OBSERVED_LOAD,
                                 .order = i->order};
    if (i->observed == OBSERVED_COPY)
        access.copies =
            kind == OBSERVED_LOAD ? race_group_reads(w, COPY_ASYNC) : race_group_writes(w, COPY_ASYNC);
    race_access(w, i, &lanes->of, access, is_store ? values : NULL);
}

static bool is_live(uint64_t address, unsigned bytes, struct memory_window *window) {
    return (address >= window->begin && address + bytes <= window->end) ||
           memory_open_window(address, address + bytes, window);
}

/* The block whose shared memory holds the bytes at a shared::cluster address; NULL where there is none. */
static const struct block *home_of(const struct warp *w, enum ptx_space space, uint32_t address,
                                   unsigned bytes) {
    uint32_t own = w->block->rank, rank = cluster_rank(address, own);
    bool holds = rank < w->block->cluster->block_count && (space == PTX_SPACE_CLUSTER || rank == own) &&
                 (address & CLUSTER_OFFSET_MASK) + bytes <= w->grid->shared_bytes;
    return holds ? &w->block->cluster->blocks[rank] : NULL;
}

static enum ptx_space space_of(uint32_t space, uint64_t at) {
    return space == PTX_SPACE_GENERIC ? space_of_window(generic_window(at)) : space;
}

/* False when the lanes do not stream. */
static bool sort_together(const struct warp *w, uint32_t space, uint32_t mask, struct observed_lanes *lanes,
                          unsigned bytes, struct memory_window *window) {
    enum ptx_space own = space_of(space, lanes->of.at[0]);
    const struct block *home = NULL;
    if (!access_streams(lanes->of.at, mask, bytes) || lanes->of.at[0] & (bytes - 1))
        return false;
    if (own == PTX_SPACE_SHARED || own == PTX_SPACE_CLUSTER) {
        home = home_of(w, own, (uint32_t)lanes->of.at[0], WARP_LANES * bytes);
        if (!home)
            return false;
        FOR_LANES { lanes->of.at[l] &= CLUSTER_OFFSET_MASK; }
    } else if (own != PTX_SPACE_GLOBAL || !is_live(lanes->of.at[0], WARP_LANES * bytes, window)) {
        return false;
    }
    FOR_LANES { lanes->of.home[l] = home; }
    lanes->of.mask = mask;
    return true;
}

/* What the instruction itself will refuse is left to it. */
static void sort_lanes(const struct warp *w, const struct bound *i, uint32_t space, uint32_t mask,
                       struct observed_lanes *lanes) {
    struct memory_window window = w->grid->windows[i->window];
    unsigned bytes = i->lane_bytes;
    lanes->stream = sort_together(w, space, mask, lanes, bytes, &window);
    if (lanes->stream)
        return;
    lanes->of.mask = 0;
    FOR_ACTIVE(l) {
        uint64_t *at = &lanes->of.at[l];
        enum ptx_space own = space_of(space, *at);
        lanes->of.home[l] = NULL;
        if (*at & (bytes - 1))
            continue;
        if (own == PTX_SPACE_SHARED || own == PTX_SPACE_CLUSTER) {
            lanes->of.home[l] = home_of(w, own, (uint32_t)*at, bytes);
            *at &= CLUSTER_OFFSET_MASK;
            lanes->of.mask |= (uint32_t)(lanes->of.home[l] != NULL) << l;
        } else if (own == PTX_SPACE_GLOBAL) {
            lanes->of.mask |= (uint32_t)is_live(*at, bytes, &window) << l;
        }
    }
}

static void observe_written(struct warp *w, const struct bound *i, const struct observed_lanes *lanes,
                            enum observed kind) {
    uint32_t mask = lanes->of.mask;
    unsigned bytes = WARP_LANES * i->lane_bytes;
    if (kind != OBSERVED_STORE &&
        !(lanes->stream && written_holds(lanes->of.home[0], lanes->of.at[0], bytes)))
        FOR_ACTIVE(l) { written_check(w, i, l, lanes->of.at[l], lanes->of.home[l]); }
    if (kind != OBSERVED_LOAD &&
        !(lanes->stream && written_set_range(lanes->of.home[0], lanes->of.at[0], bytes)))
        FOR_ACTIVE(l) { written_set(w, i, l, lanes->of.at[l], lanes->of.home[l]); }
}

static void observe(struct warp *w, const struct bound *i, uint32_t mask, uint32_t space,
                    struct observed_lanes *lanes, enum observed kind) {
    sort_lanes(w, i, space, mask, lanes);
    if (checks_enabled & CHECK_INIT)
        observe_written(w, i, lanes, kind);
    if (checks_enabled & CHECK_RACE)
        observe_race(w, i, lanes, kind);
}

static const struct bound *run_observed(struct warp *w, const struct bound *i, uint32_t mask) {
    struct observed_lanes observed;
    if (i->observed == OBSERVED_FENCE) {
        race_fence(w);
    } else if (i->observed == OBSERVED_PROXY_FENCE) {
        race_proxy_fence(w);
    } else if (i->observed == OBSERVED_COPY) {
        const u64 *from = lanes(w, i->o[0]);
        FOR_LANES { observed.of.at[l] = from[l] + (u64)i->second_offset; }
        if (i->copies_whole)
            observe(w, i, mask, PTX_SPACE_GLOBAL, &observed, OBSERVED_LOAD);
        access_addresses(w, i, observed.of.at);
        observe(w, i, mask, PTX_SPACE_SHARED, &observed, OBSERVED_STORE);
    } else {
        access_addresses(w, i, observed.of.at);
        observe(w, i, mask, i->space, &observed, i->observed);
    }
    return i->plain(w, i, mask);
}

static bool begins(const char *name, const char *with) { return strncmp(name, with, strlen(with)) == 0; }

static enum observed kind_of(const struct opcode *opcode) {
    const char *name = opcode->name;
    if (begins(name, "st_async_") || begins(name, "red_async_"))
        return OBSERVED_NOTHING; /* copy.c tells the checks */
    if (begins(name, "cp_async_ca_") || begins(name, "cp_async_cg_"))
        return OBSERVED_COPY;
    if (strcmp(name, "fence") == 0 || strcmp(name, "membar") == 0)
        return opcode->fences_proxy && !opcode->releases ? OBSERVED_PROXY_FENCE : OBSERVED_FENCE;
    return begins(name, "ld_")                             ? OBSERVED_LOAD
           : begins(name, "st_")                           ? OBSERVED_STORE
           : begins(name, "atom_") || begins(name, "red_") ? OBSERVED_ATOMIC
                                                           : OBSERVED_NOTHING;
}

static enum race_order order_of(const struct opcode *opcode, enum observed kind) {
    bool arrives = begins(opcode->name, "mbarrier_arrive") || strcmp(opcode->name, "bar_cluster_arrive") == 0;
    if (opcode->releases || (arrives && !opcode->strong))
        return RACE_RELEASE;
    return opcode->strong || kind == OBSERVED_ATOMIC ? RACE_STRONG : RACE_WEAK;
}

static unsigned elements_of(const char *name) {
    const char *vector = strstr(name, "_v");
    return vector ? (unsigned)(vector[2] - '0') : 1;
}

void observe_bind(struct bound *bound, const struct opcode *opcode, uint32_t used_bytes) {
    enum ptx_space space = opcode->space;
    enum observed kind = kind_of(opcode);
    bool is_fence = kind == OBSERVED_FENCE || kind == OBSERVED_PROXY_FENCE;
    bool is_access = kind != OBSERVED_NOTHING && !is_fence &&
                     (space == PTX_SPACE_GENERIC || space == PTX_SPACE_GLOBAL || space == PTX_SPACE_SHARED ||
                      space == PTX_SPACE_CLUSTER);
    bound->order = order_of(opcode, kind);
    if (!is_on() || !(is_access || (is_fence && checks_enabled & CHECK_RACE)))
        return;
    bound->observed = (uint8_t)kind;
    bound->plain = bound->run;
    bound->run = run_observed;
    bound->copies_whole = !strstr(opcode->name, "_part");
    bound->elements = (uint8_t)elements_of(opcode->name);
    bound->lane_bytes =
        (uint8_t)(kind == OBSERVED_COPY ? bound->width : opcode->type_bytes * bound->elements);
    bound->used_bytes = used_bytes ? used_bytes : ~0u;
}
