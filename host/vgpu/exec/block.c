/* Blocks: their start, turns of their warps, barriers. */
#include "call.h"
#include "race.h"
#include "round_trip.h"
#include "written.h"

#include <string.h>

enum { WARP_SLICE = 2048, WATCHED_SLICE = 512, POLLS_OF_A_TURN = 256 };
#define SHARED_POISON 0xCD

static void start_warp(struct block *block, unsigned index) {
    const struct binding *binding = block->grid->binding;
    const uint32_t *shape = block->grid->launch->block;
    unsigned threads = shape[0] * shape[1] * shape[2], first = index * WARP_LANES;
    struct warp *warp = &block->warps[index];
    warp->index = index;
    warp->live = threads - first >= WARP_LANES ? ALL_LANES : (1u << (threads - first)) - 1;
    warp->active = 0;
    warp->carry = 0;
    warp->cluster_arrived = warp->cluster_passed = 0;
    warp->issued = 0;
    warp->impatience = 0;
    warp->turn_lane = 0;
    warp->trips = warp->awaited_trips = warp->copy_trips = warp->group_count = 0;
    warp->fragment_count = 0;
    if (warp->kept)
        call_start(warp);
    memset(warp->come, 0, sizeof warp->come);
    memset(warp->committed, 0, sizeof warp->committed);
    warp_add_fragment(warp, binding->code, warp->live, FRAGMENT_READY, 0);
    for (uint32_t k = 0; k < binding->special_count; k++)
        binding->specials[k].what->fill(warp, warp->bank[0] + binding->specials[k].slot);
}

void block_start(struct block *block) {
    const struct launch *launch = block->grid->launch;
    block->live_threads = launch->block[0] * launch->block[1] * launch->block[2];
    block->ready = block->warp_count == WARP_LANES ? ALL_LANES : (1u << block->warp_count) - 1;
    block->next_warp = 0;
    if (block->grid->schedule)
        block->schedule = schedule_block(block->grid->schedule);
    block->absence_told = false;
    memset(block->barriers, 0, sizeof block->barriers);
    block->grid->changes++;
    uint32_t own =
        block->grid->shared_bytes - (block->grid->binding->reserves_shared ? RESERVED_SHARED_BYTES : 0);
    memset(block->shared, SHARED_POISON, own);
    memset(block->shared + own, 0, block->grid->shared_bytes - own);
    written_start(block);
    if (block->race)
        race_block_start(block);
    for (unsigned k = 0; k < block->warp_count; k++)
        start_warp(block, k);
}

static unsigned next_warp(struct block *block, uint32_t runnable) {
    if (block->grid->schedule)
        return schedule_warp(block->grid->schedule, &block->schedule, runnable);
    uint32_t from = runnable & (~0u << block->next_warp);
    unsigned k = (unsigned)__builtin_ctz(from ? from : runnable);
    block->next_warp = (k + 1) % block->warp_count;
    return k;
}

static unsigned next_slice(struct block *block, uint64_t left) {
    if (!block->grid->schedule)
        return block->grid->watching ? WATCHED_SLICE : WARP_SLICE;
    unsigned slice = schedule_slice(block->grid->schedule, &block->schedule);
    return slice < left ? slice : (unsigned)left;
}

uint64_t block_run(struct block *block, uint64_t budget) {
    uint64_t issued = 0;
    uint32_t runnable;
    block->polls = 0;
    while ((runnable = block_runnable(block)) && issued < budget && block->polls < POLLS_OF_A_TURN &&
           block->grid->outcome == LAUNCH_DONE) {
        struct warp *warp = &block->warps[next_warp(block, runnable)];
        issued += warp_run(warp, next_slice(block, budget - issued));
        if (!warp_is_ready(warp))
            block->ready &= ~(1u << warp->index);
        else if (block->grid->watching)
            progress_note(warp);
    }
    return issued;
}

/* The lanes that wait at a barrier go on behind it, with what a reduction gives. */
static void release(struct warp *warp, const struct fragment *fragment, const struct barrier *barrier) {
    uint32_t *d = warp_operand(warp, fragment->at->o[0]);
    bool holds = barrier->reduction == BARRIER_EVERY ? barrier->every : barrier->any;
    if (barrier->reduction == BARRIER_POPULATION) {
        for (unsigned l = 0; l < WARP_LANES; l++)
            if (fragment->mask >> l & 1)
                d[l] = barrier->population;
    } else if (barrier->reduction != BARRIER_PLAIN) {
        *d = holds ? *d | fragment->mask : *d & ~fragment->mask;
    }
    trips_by(warp, barrier->trips);
    warp_add_fragment(warp, fragment->at + 1, fragment->mask, FRAGMENT_READY, 0);
    warp->block->ready |= 1u << warp->index;
}

unsigned warp_take_waiting(struct warp *warp, unsigned barrier, struct fragment *waiting) {
    unsigned count = 0, kept = 0;
    for (unsigned k = 0; k < warp->fragment_count; k++) {
        struct fragment fragment = warp->fragments[k];
        if (fragment.state == FRAGMENT_AT_BARRIER && fragment.barrier == barrier)
            waiting[count++] = fragment;
        else
            warp->fragments[kept++] = fragment;
    }
    warp->fragment_count = kept;
    return count;
}

static void complete(struct block *block, unsigned index) {
    struct barrier barrier = block->barriers[index];
    block->barriers[index] = (struct barrier){0};
    block->grid->counts.barriers++;
    block->grid->changes++;
    if (block->race && !barrier.expected)
        race_block_barrier(block);
    for (unsigned j = 0; j < block->warp_count; j++) {
        struct warp *warp = &block->warps[j];
        struct fragment waiting[WARP_LANES];
        unsigned count = warp_take_waiting(warp, index, waiting);
        uint32_t come = 0;
        warp->come[index] = 0;
        for (unsigned k = 0; k < count; k++) {
            come |= waiting[k].mask;
            release(warp, &waiting[k], &barrier);
        }
        if (block->race && come && barrier.expected)
            race_depart(warp, come, index);
    }
    if (block->race)
        race_barrier_done(block, index);
}

static bool is_complete(const struct block *block, const struct barrier *barrier) {
    unsigned expected = barrier->expected ? barrier->expected : block->live_threads;
    return barrier->in_use && barrier->arrived >= expected;
}

/* What lanes add towards a count: the last of their warp also stand for those that it lacks. */
static unsigned counted(struct warp *warp, unsigned barrier, uint32_t mask) {
    uint32_t *come = &warp->come[barrier];
    *come |= mask;
    unsigned lacking = warp->live & ~*come ? 0 : WARP_LANES - (unsigned)__builtin_popcount(*come);
    return (unsigned)__builtin_popcount(mask) + lacking;
}

bool block_arrive(struct warp *warp, const struct bound *i, uint32_t mask, struct barrier_arrival arrival) {
    struct block *block = warp->block;
    unsigned lane = (unsigned)__builtin_ctz(mask);
    if (arrival.barrier >= BLOCK_BARRIERS) {
        fault_message(warp, i, lane, CHECK_SYNC, 0, "a barrier number is beyond the 16 that a block has");
        return false;
    }
    if (arrival.count % WARP_LANES) {
        fault_message(warp, i, lane, CHECK_SYNC, 0, "a barrier's thread count is not a multiple of 32");
        return false;
    }
    struct barrier *barrier = &block->barriers[arrival.barrier];
    if (barrier->in_use && (barrier->expected != arrival.count || barrier->reduction != arrival.reduction)) {
        fault_message(warp, i, lane, CHECK_SYNC, 0,
                      "a barrier is reached with another thread count or reduction than that of the threads "
                      "already waiting at it");
        return false;
    }
    if (!barrier->in_use)
        *barrier = (struct barrier){
            .in_use = true, .expected = arrival.count, .reduction = arrival.reduction, .every = true};
    barrier->arrived +=
        arrival.count ? counted(warp, arrival.barrier, mask) : (unsigned)__builtin_popcount(mask);
    unsigned trips = trips_at_barrier(warp);
    barrier->trips = trips > barrier->trips ? trips : barrier->trips;
    barrier->population += (unsigned)__builtin_popcount(arrival.predicate & mask);
    barrier->every &= (arrival.predicate & mask) == mask;
    barrier->any |= (arrival.predicate & mask) != 0;
    if (arrival.wait)
        warp_add_fragment(warp, i, mask, FRAGMENT_AT_BARRIER, arrival.barrier);
    if (block->race)
        race_arrive(warp, arrival.barrier);
    if (is_complete(block, barrier))
        complete(block, arrival.barrier);
    return true;
}

void block_after_exit(struct warp *warp, uint32_t mask) {
    struct block *block = warp->block;
    for (unsigned k = 0; k < BLOCK_BARRIERS; k++) {
        struct barrier *barrier = &block->barriers[k];
        if (warp->come[k] && !(warp->live & ~warp->come[k]) && mask & ~warp->come[k])
            barrier->arrived += WARP_LANES - (unsigned)__builtin_popcount(warp->come[k]);
        if (is_complete(block, barrier) && barrier->arrived > 0)
            complete(block, k);
    }
}
