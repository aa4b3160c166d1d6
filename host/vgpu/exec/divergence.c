/*
 * Divergence inside a warp.
 *
 * Lanes that stand at one instruction form a fragment. The ready fragment with the smallest instruction runs until it comes
 * to where another stands, and the two become one: most calls are inlined, so this brings lanes together soon. Those in calls
 * that are not run first, until they come back to the others behind the call. Alone it would
 * starve a lane that others spin for, so once PATIENCE instructions were issued with another fragment ready, the next in a
 * rotation over all ready fragments has a turn.
 */
#include "race.h"

enum { PATIENCE = 2048, TURN = 512 };

static unsigned depth_of(const struct warp *warp, uint32_t mask) { return warp->depth[__builtin_ctz(mask)]; }

/* Fragments at one instruction become one, ready to try it; those that wait at a barrier are already counted there. */
static bool merges(const struct fragment *fragment, const struct bound *at, unsigned depth,
                   enum fragment_state state, unsigned barrier) {
    if (fragment->at != at || fragment->depth != depth)
        return false;
    if (fragment->state == FRAGMENT_AT_BARRIER || state == FRAGMENT_AT_BARRIER)
        return fragment->state == state && fragment->barrier == barrier;
    return true;
}

void warp_add_fragment(struct warp *warp, const struct bound *at, uint32_t mask, enum fragment_state state,
                       unsigned barrier) {
    unsigned k = 0, depth = depth_of(warp, mask);
    for (; k < warp->fragment_count; k++) {
        struct fragment *there = &warp->fragments[k];
        if (there->depth < depth || (there->depth == depth && there->at > at))
            break;
        if (merges(there, at, depth, state, barrier)) {
            there->mask |= mask;
            if (state != FRAGMENT_AT_BARRIER)
                there->state = FRAGMENT_READY;
            return;
        }
    }
    for (unsigned j = warp->fragment_count++; j > k; j--)
        warp->fragments[j] = warp->fragments[j - 1];
    warp->fragments[k] = (struct fragment){at, mask, state, barrier, depth};
}

void warp_remove_fragment(struct warp *warp, unsigned k) {
    warp->fragment_count--;
    for (; k < warp->fragment_count; k++)
        warp->fragments[k] = warp->fragments[k + 1];
}

bool warp_is_ready(const struct warp *warp) {
    for (unsigned k = 0; k < warp->fragment_count; k++)
        if (warp->fragments[k].state == FRAGMENT_READY)
            return true;
    return false;
}

/* Where a fragment that runs from at must stop: the next instruction at which another could join it. */
static const struct bound *next_meeting(const struct warp *warp, const struct bound *at) {
    const struct bound *none = (const struct bound *)UINTPTR_MAX;
    if (__builtin_expect(warp->passes, false))
        return none;
    unsigned depth = warp->active ? depth_of(warp, warp->active) : 0;
    for (unsigned k = 0; k < warp->fragment_count; k++) {
        const struct fragment *fragment = &warp->fragments[k];
        if (fragment->at > at && fragment->depth == depth && fragment->state != FRAGMENT_AT_BARRIER)
            return fragment->at;
    }
    return none;
}

const struct bound *warp_branch(struct warp *warp, const struct bound *i, uint32_t taken) {
    const struct bound *near = i + 1, *far = i->target;
    uint32_t near_mask = warp->active & ~taken, far_mask = taken;
    if (i->target <= i) {
        near = i->target, far = i + 1;
        near_mask = taken, far_mask = warp->active & ~taken;
    }
    if (near == far)
        return near;
    warp_add_fragment(warp, far, far_mask, FRAGMENT_READY, 0);
    warp->active = near_mask;
    warp->limit = next_meeting(warp, near);
    return near;
}

/* The ready fragment that runs next: the first, or the next of the rotation. At least one is ready. */
static unsigned choose(struct warp *warp, bool rotate) {
    unsigned first = 0, next = 0, first_lane = WARP_LANES, next_lane = WARP_LANES;
    for (unsigned k = 0; k < warp->fragment_count; k++) {
        if (warp->fragments[k].state != FRAGMENT_READY)
            continue;
        if (!rotate)
            return k;
        unsigned lane = (unsigned)__builtin_ctz(warp->fragments[k].mask);
        if (lane < first_lane)
            first_lane = lane, first = k;
        if (lane > warp->turn_lane && lane < next_lane)
            next_lane = lane, next = k;
    }
    warp->turn_lane = next_lane < WARP_LANES ? next_lane : first_lane;
    return next_lane < WARP_LANES ? next : first;
}

/* The usual choice, or by chance another. */
static __attribute__((noinline)) unsigned choose_by(struct schedule *schedule, const struct warp *warp,
                                                    unsigned usual) {
    unsigned ready = 0, k = 0;
    for (; k < warp->fragment_count; k++)
        ready += warp->fragments[k].state == FRAGMENT_READY;
    unsigned chosen = schedule_fragment(schedule, ready);
    if (chosen == ready)
        return usual;
    for (k = 0; warp->fragments[k].state != FRAGMENT_READY || chosen-- > 0; k++)
        continue;
    return k;
}

/* Lanes that have nothing to wait for need not go on together, nor meet again where they could. Returns how long the part runs. */
static __attribute__((noinline)) unsigned part_by(struct schedule *schedule, struct warp *warp,
                                                  const struct bound *at) {
    uint32_t part = schedule_split(schedule, warp->active);
    if (part != warp->active)
        warp_add_fragment(warp, at, warp->active & ~part, FRAGMENT_READY, 0);
    warp->active = part;
    warp->passes = schedule_passes(schedule);
    return schedule_stretch(schedule);
}

static const struct bound *run_fragment(struct warp *warp, const struct bound *i, unsigned budget) {
    uint64_t threads = 0, tally = 0;
    unsigned count = 0;
    do {
        const uint32_t *guard = warp_operand(warp, i->guard);
        uint32_t mask = warp->active & (*guard ^ i->guard_flip);
        warp->issued = ++count;
        threads += (unsigned)__builtin_popcount(mask);
        tally += i->tally;
        i = mask ? i->run(warp, i, mask) : i + 1;
        /* One comparison for "not NULL" and "before the limit". */
    } while ((uintptr_t)i - 1 < (uintptr_t)warp->limit - 1 && count < budget);
    struct launch_counts *counts = &warp->grid->counts;
    counts->warp_instructions += count;
    counts->thread_instructions += threads;
    counts->conversions_and_mufu += tally & ((1u << TALLY_MACHINE) - 1);
    counts->machine_instructions += tally >> TALLY_MACHINE;
    return i;
}

unsigned warp_run(struct warp *warp, unsigned budget) {
    struct schedule *schedule = warp->grid->schedule;
    unsigned issued = 0;
    warp->passes = false;
    while (issued < budget && warp->grid->outcome == LAUNCH_DONE && warp_is_ready(warp)) {
        bool rotate = warp->impatience >= PATIENCE;
        if (rotate)
            warp->impatience = 0;
        unsigned k = choose(warp, rotate);
        if (__builtin_expect(schedule != NULL, false))
            k = choose_by(schedule, warp, k);
        const struct bound *at = warp->fragments[k].at;
        warp->active = warp->fragments[k].mask;
        warp_remove_fragment(warp, k);
        unsigned stretch = budget - issued, most = warp->fragment_count > 0 ? TURN : stretch;
        if (__builtin_expect(schedule != NULL, false))
            most = part_by(schedule, warp, at);
        warp->limit = next_meeting(warp, at);
        if (stretch > most)
            stretch = most;
        at = run_fragment(warp, at, stretch);
        unsigned count = warp->issued;
        warp->issued = 0;
        issued += count;
        if (at != NULL && warp->active)
            warp_add_fragment(warp, at, warp->active, FRAGMENT_READY, 0);
        warp->impatience = warp_is_ready(warp) && warp->fragment_count > 1 ? warp->impatience + count : 0;
    }
    return issued;
}

/* Waiting fragments are tried again when what they wait for has changed. */
static void retry_waiting(struct warp *warp) {
    for (unsigned k = 0; k < warp->fragment_count; k++)
        if (warp->fragments[k].state == FRAGMENT_AT_SYNC)
            warp->fragments[k].state = FRAGMENT_READY;
}

void warp_exit(struct warp *warp, uint32_t mask) {
    warp->live &= ~mask;
    warp->block->live_threads -= (unsigned)__builtin_popcount(mask);
    retry_waiting(warp);
    block_after_exit(warp, mask);
    cluster_after_exit(warp, mask);
}

static uint32_t lanes_without_all(uint32_t mask, const uint32_t *members, uint32_t missing) {
    uint32_t incomplete = 0;
    for (unsigned l = 0; l < WARP_LANES; l++)
        incomplete |= (uint32_t)((members[l] & missing) != 0) << l;
    return incomplete & mask;
}

static void note_awaited(struct warp *warp, uint32_t mask, const uint32_t *members) {
    for (unsigned l = 0; l < WARP_LANES; l++)
        warp->awaited[l] = mask >> l & 1 ? members[l] : warp->awaited[l];
}

static uint32_t lanes_that_await(const struct warp *warp, uint32_t mask, uint32_t members) {
    uint32_t same = 0;
    for (unsigned l = 0; l < WARP_LANES; l++)
        same |= (uint32_t)(warp->awaited[l] == members) << l;
    return same & mask;
}

/* The lanes that wait with this member mask at instructions with this handler. */
static uint32_t lanes_awaiting(const struct warp *warp, handler *run, uint32_t members) {
    uint32_t waiting = 0;
    for (unsigned k = 0; k < warp->fragment_count; k++)
        if (warp->fragments[k].state == FRAGMENT_AT_SYNC && warp->fragments[k].at->run == run)
            waiting |= warp->fragments[k].mask;
    return lanes_that_await(warp, waiting, members);
}

/* Lanes of come now wait at i. Has all of a member mask come, over several instructions of the kind? */
static void meet_complete(struct warp *warp, const struct bound *i, uint32_t come) {
    for (uint32_t rest = come, same; rest; rest &= ~same) {
        uint32_t members = warp->awaited[__builtin_ctz(rest)],
                 waiting = lanes_awaiting(warp, i->run, members);
        same = lanes_that_await(warp, rest, members);
        if ((waiting & same) == same && !(members & warp->live & ~waiting))
            warp_meet(warp, i, waiting);
    }
}

uint32_t warp_gather(struct warp *warp, const struct bound *i, uint32_t mask, const uint32_t *members) {
    uint32_t missing = warp->live & ~mask,
             incomplete = missing ? lanes_without_all(mask, members, missing) : 0;
    if (incomplete) {
        note_awaited(warp, incomplete, members);
        warp->active &= ~incomplete;
        warp_add_fragment(warp, i, incomplete, FRAGMENT_AT_SYNC, 0);
        meet_complete(warp, i, incomplete);
        warp->limit = next_meeting(warp, i);
    }
    if (warp->grid->race && mask & ~incomplete)
        race_warp_sync(warp, mask & ~incomplete, members);
    return mask & ~incomplete;
}

/* Lanes of come whose member mask has live lanes that are not there, or are there with another mask. */
static uint32_t lanes_that_miss_some(const struct warp *warp, uint32_t come) {
    uint32_t missing = 0;
    for (uint32_t rest = come, same; rest; rest &= ~same) {
        uint32_t members = warp->awaited[__builtin_ctz(rest)];
        same = lanes_that_await(warp, come, members);
        if (members & warp->live & ~same)
            missing |= same;
    }
    return missing;
}

/* Lanes may wait at different instructions of the kind: those that are complete now go on behind their own. */
void warp_gather_anywhere(struct warp *warp, const struct bound *i, uint32_t mask) {
    warp->active &= ~mask;
    note_awaited(warp, mask, warp_operand(warp, i->o[0]));
    struct fragment waiting[WARP_LANES] = {{.at = i, .mask = mask, .state = FRAGMENT_AT_SYNC}};
    unsigned count = 1;
    uint32_t come = mask;
    for (unsigned k = 0; k < warp->fragment_count;) {
        const struct fragment *fragment = &warp->fragments[k];
        /* One that is ready here has not come: its lanes have named no mask yet. */
        if (fragment->at->run == i->run && fragment->state == FRAGMENT_AT_SYNC) {
            come |= fragment->mask;
            waiting[count++] = *fragment;
            warp_remove_fragment(warp, k);
        } else {
            k++;
        }
    }
    uint32_t missing = lanes_that_miss_some(warp, come);
    uint32_t complete = 0;
    for (unsigned k = 0; k < count; k++) {
        const struct bound *at = waiting[k].at;
        uint32_t incomplete = waiting[k].mask & missing;
        complete |= waiting[k].mask & ~incomplete;
        if (waiting[k].mask & ~incomplete)
            warp_add_fragment(warp, at + 1, waiting[k].mask & ~incomplete, FRAGMENT_READY, 0);
        if (incomplete)
            warp_add_fragment(warp, at, incomplete, FRAGMENT_AT_SYNC, 0);
    }
    if (warp->grid->race && complete)
        race_warp_sync(warp, complete, warp->awaited);
    if (warp->active)
        warp_add_fragment(warp, i + 1, warp->active, FRAGMENT_READY, 0);
}
