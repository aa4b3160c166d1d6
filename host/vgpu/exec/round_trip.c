#include "round_trip.h"
#include "mbarrier.h"

#include <stdlib.h>

/* What is known of an mbarrier of a block, for its phases 0 and 1. */
struct phase_trips {
    const uint64_t *object;
    struct {
        unsigned trips;
        bool from_block;
    } phase[2];
};

enum { GROUPS_KEPT = sizeof((struct warp *)0)->group_trips / sizeof(unsigned) };

void trips_close_group(struct warp *warp) {
    warp->group_trips[warp->group_count++ % GROUPS_KEPT] = warp->copy_trips;
}

void trips_wait_for_groups(struct warp *warp, unsigned left) {
    if (left < warp->group_count && left < GROUPS_KEPT)
        trips_by(warp, warp->group_trips[(warp->group_count - left - 1) % GROUPS_KEPT]);
}

static struct phase_trips *find(struct block *block, const uint64_t *object, bool make) {
    for (unsigned k = 0; k < block->phase_count; k++)
        if (block->phases[k].object == object)
            return &block->phases[k];
    if (!make)
        return NULL;
    block->phases = realloc(block->phases, (block->phase_count + 1) * sizeof *block->phases);
    if (!block->phases)
        vgpu_fail("not enough host memory for the mbarriers of a block");
    block->phases[block->phase_count] = (struct phase_trips){.object = object};
    return &block->phases[block->phase_count++];
}

void trips_arrive(struct block *block, const uint64_t *object, unsigned trips, bool from_block) {
    if (!block->grid->launch->l2)
        return;
    struct phase_trips *known = find(block, object, true);
    bool phase = mbarrier_parity_of_state(*object);
    if (trips > known->phase[phase].trips)
        known->phase[phase].trips = trips;
    known->phase[phase].from_block |= from_block;
}

void trips_begin_phase(struct block *block, const uint64_t *object, bool phase) {
    struct phase_trips *known = find(block, object, false);
    if (known) {
        known->phase[phase].trips = 0;
        known->phase[phase].from_block = false;
    }
}

void trips_pass_phase(struct warp *warp, const uint64_t *object, bool phase) {
    struct phase_trips *known = find(warp->block, object, false);
    if (!known)
        return;
    trips_by(warp, known->phase[phase].trips);
    warp->grid->counts.cluster_waits += known->phase[phase].from_block;
    known->phase[phase].from_block = false; /* other warps wait for the same */
}

void trips_end_block(struct block *block) {
    unsigned latest = 0;
    for (unsigned k = 0; k < block->warp_count; k++) {
        unsigned trips = trips_at_barrier(&block->warps[k]);
        latest = trips > latest ? trips : latest;
    }
    block->grid->counts.dram_round_trips += latest;
    free(block->phases);
    block->phases = NULL;
    block->phase_count = 0;
}
