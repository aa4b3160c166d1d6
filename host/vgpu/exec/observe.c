#include "observe.h"
#include "../memory/defined.h"
#include "memory_access.h"
#include "race.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct observer {
    uint8_t *reported; /* checks that have found something, for each instruction */
};

struct block_observer {
    uint8_t *written; /* for each byte of shared memory: 1 once the block has written it */
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

struct block_observer *block_observer_create(const struct block *block) {
    if (!block->grid->observer)
        return NULL;
    struct block_observer *observer = zeros(sizeof *observer);
    observer->written = zeros(block->grid->shared_bytes);
    return observer;
}

void block_observer_free(struct block_observer *observer) {
    if (observer)
        free(observer->written);
    free(observer);
}

void observe_block_start(struct block *block) {
    if (block->observer)
        memset(block->observer->written, 0, block->grid->shared_bytes);
    if (block->observer && block->grid->binding->reserves_shared)
        memset(block->observer->written + block->grid->shared_bytes - RESERVED_SHARED_BYTES, 1,
               RESERVED_SHARED_BYTES);
}

bool observe_is_new(struct warp *warp, const struct bound *i, enum check check) {
    uint8_t *reported = &warp->grid->observer->reported[i->origin];
    bool is_new = !(*reported & check);
    *reported |= (uint8_t)check;
    return is_new;
}

static const char *const verbs[] = {
    [OBSERVED_LOAD] = "load", [OBSERVED_ATOMIC] = "atomic", [OBSERVED_COPY] = "asynchronous copy"};

static void report_unwritten(struct warp *warp, const struct bound *i, unsigned lane, uint64_t at,
                             bool shared) {
    char place[240], message[400];
    if (shared)
        snprintf(message, sizeof message,
                 "%s of %u bytes of shared memory at offset %" PRIu64 ", which the block has not written",
                 verbs[i->observed], i->lane_bytes, at);
    else
        snprintf(message, sizeof message,
                 "%s of %u bytes of device memory at 0x%" PRIx64 " that were never written, %s",
                 verbs[i->observed], i->lane_bytes, at,
                 memory_describe(at, i->lane_bytes, place, sizeof place));
    finding_at(warp, i, lane, CHECK_INIT, at, message);
}

static void check_written(struct warp *warp, const struct bound *i, unsigned lane, uint64_t at, bool shared) {
    const uint8_t *written = warp->block->observer->written;
    bool holds = true;
    for (unsigned k = 0; k < i->lane_bytes; k++)
        if (i->used_bytes >> k & 1)
            holds &= shared ? written[at + k] : defined_all(at + k, 1);
    if (!holds && observe_is_new(warp, i, CHECK_INIT))
        report_unwritten(warp, i, lane, at, shared);
}

static void set_written(struct warp *warp, const struct bound *i, uint64_t at, bool shared) {
    if (shared)
        memset(warp->block->observer->written + at, 1, i->lane_bytes);
    else
        defined_set(at, i->lane_bytes);
}

/* What each lane of a store writes, as memory will hold it. */
static void gather_values(const struct warp *w, const struct bound *i, uint8_t *values) {
    unsigned bytes = i->lane_bytes / i->elements;
    for (unsigned e = 0; e < i->elements; e++) {
        const uint8_t *from = warp_operand(w, i->o[e]);
        FOR_LANES { memcpy(values + l * i->lane_bytes + e * bytes, from + (size_t)l * i->width, bytes); }
    }
}

static void observe_race(struct warp *w, const struct bound *i, uint32_t mask, const uint64_t *at,
                         bool shared, enum observed kind) {
    uint8_t values[WARP_LANES * WIDEST_ACCESS];
    uint32_t done = 0;
    if (i->observed == OBSERVED_STORE)
        gather_values(w, i, values);
    FOR_ACTIVE(l) {
        struct race_access access = {.at = at[l],
                                     .bytes = i->lane_bytes,
                                     .used_bytes = i->used_bytes,
                                     .shared = shared,
                                     .reads = kind != OBSERVED_STORE,
                                     .writes = kind != OBSERVED_LOAD,
                                     .order = i->order};
        race_access(w, i, l, access, i->observed == OBSERVED_STORE ? values : NULL, done);
        done |= 1u << l;
    }
}

/* The lanes' addresses in one space. What the instruction itself will refuse is left to it. */
static void observe_lanes(struct warp *w, const struct bound *i, uint32_t mask, const uint64_t *at,
                          bool shared, enum observed kind) {
    if (checks_enabled & CHECK_INIT) {
        FOR_ACTIVE(l) {
            if (kind != OBSERVED_STORE)
                check_written(w, i, l, at[l], shared);
        }
        FOR_ACTIVE(l) {
            if (kind != OBSERVED_LOAD)
                set_written(w, i, at[l], shared);
        }
    }
    if (checks_enabled & CHECK_RACE)
        observe_race(w, i, mask, at, shared, kind);
}

static bool is_live(uint64_t address, unsigned bytes, struct memory_window *window) {
    return (address >= window->begin && address + bytes <= window->end) ||
           memory_open_window(address, address + bytes, window);
}

/* Lanes whose bytes the instruction may touch, apart for global and for shared memory. */
struct observed_lanes {
    uint32_t global, shared;
};

static struct observed_lanes sort_lanes(const struct warp *w, uint32_t space, uint32_t mask, uint64_t *at,
                                        unsigned bytes) {
    struct observed_lanes lanes = {0, 0};
    struct memory_window window = {0, 0};
    FOR_ACTIVE(l) {
        enum ptx_space own = space == PTX_SPACE_GENERIC ? space_of_window(generic_window(at[l])) : space;
        if (at[l] & (bytes - 1))
            continue;
        if (own == PTX_SPACE_SHARED || own == PTX_SPACE_CLUSTER) { /* of a cluster of one: its own */
            at[l] = (uint32_t)at[l];
            lanes.shared |= (uint32_t)(at[l] + bytes <= w->grid->shared_bytes) << l;
        } else if (own == PTX_SPACE_GLOBAL) {
            lanes.global |= (uint32_t)is_live(at[l], bytes, &window) << l;
        }
    }
    return lanes;
}

static void observe(struct warp *w, const struct bound *i, uint32_t mask, uint32_t space, uint64_t *at,
                    enum observed kind) {
    struct observed_lanes lanes = sort_lanes(w, space, mask, at, i->lane_bytes);
    if (lanes.global)
        observe_lanes(w, i, lanes.global, at, false, kind);
    if (lanes.shared)
        observe_lanes(w, i, lanes.shared, at, true, kind);
}

static const struct bound *run_observed(struct warp *w, const struct bound *i, uint32_t mask) {
    u64 at[WARP_LANES] __attribute__((aligned(64)));
    if (i->observed == OBSERVED_FENCE) {
        race_fence(w);
    } else if (i->observed == OBSERVED_COPY) {
        const u64 *from = lanes(w, i->o[0]);
        FOR_LANES { at[l] = from[l] + (u64)i->second_offset; }
        if (i->copies_whole)
            observe(w, i, mask, PTX_SPACE_GLOBAL, at, OBSERVED_LOAD);
        access_addresses(w, i, at);
        observe(w, i, mask, PTX_SPACE_SHARED, at, OBSERVED_STORE);
    } else {
        access_addresses(w, i, at);
        observe(w, i, mask, i->space, at, i->observed);
    }
    return i->plain(w, i, mask);
}

static enum observed kind_of(const char *name) {
    if (strncmp(name, "cp_async_c", 10) == 0 && strncmp(name, "cp_async_commit", 15) != 0)
        return OBSERVED_COPY;
    if (strcmp(name, "fence") == 0 || strcmp(name, "membar") == 0)
        return OBSERVED_FENCE;
    return strncmp(name, "ld_", 3) == 0                                      ? OBSERVED_LOAD
           : strncmp(name, "st_", 3) == 0                                    ? OBSERVED_STORE
           : strncmp(name, "atom_", 5) == 0 || strncmp(name, "red_", 4) == 0 ? OBSERVED_ATOMIC
                                                                             : OBSERVED_NOTHING;
}

static unsigned elements_of(const char *name) {
    const char *vector = strstr(name, "_v");
    return vector ? (unsigned)(vector[2] - '0') : 1;
}

void observe_bind(struct bound *bound, const struct opcode *opcode, uint32_t used_bytes) {
    enum ptx_space space = opcode->space;
    enum observed kind = kind_of(opcode->name);
    bool is_access = kind != OBSERVED_NOTHING && kind != OBSERVED_FENCE &&
                     (space == PTX_SPACE_GENERIC || space == PTX_SPACE_GLOBAL || space == PTX_SPACE_SHARED);
    bool is_fence = kind == OBSERVED_FENCE && (checks_enabled & CHECK_RACE);
    if (!is_on() || !(is_access || is_fence))
        return;
    bound->observed = (uint8_t)kind;
    bound->plain = bound->run;
    bound->run = run_observed;
    bound->copies_whole = !strstr(opcode->name, "_part");
    bound->elements = (uint8_t)elements_of(opcode->name);
    bound->lane_bytes =
        (uint8_t)(kind == OBSERVED_COPY ? bound->width : opcode->type_bytes * bound->elements);
    bound->used_bytes = used_bytes ? used_bytes : ~0u;
    bound->order = opcode->releases                            ? RACE_RELEASE
                   : opcode->strong || kind == OBSERVED_ATOMIC ? RACE_STRONG
                                                               : RACE_WEAK;
}
