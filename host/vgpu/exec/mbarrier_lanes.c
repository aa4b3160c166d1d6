/* The mbarrier instructions: lane after lane, each on its own object. */
#include "copy.h"
#include "mbarrier.h"
#include "memory_access.h"
#include "round_trip.h"

/* The lanes' objects, in shared memory of their block or, if remote, of another of the cluster. False after a fault. */
static bool find_objects(struct warp *w, const struct bound *i, uint32_t mask, u64 **objects) {
    static const struct access access = {.verb = "mbarrier operation", .bytes = sizeof(u64)};
    u64 at[WARP_LANES] __attribute__((aligned(64)));
    enum ptx_space space = i->space;
    access_addresses(w, i, at);
    if (space == PTX_SPACE_GENERIC) {
        FOR_ACTIVE(l) {
            if (generic_window(at[l]) != GENERIC_SHARED) {
                fault_message(w, i, l, CHECK_MEM, at[l],
                              "the generic address of an mbarrier does not lie in shared memory");
                return false;
            }
        }
        space = PTX_SPACE_CLUSTER;
    }
    FOR_LANES { at[l] = (u32)at[l]; }
    uint8_t *base = access_space(w, i, mask, at, false, &access, space);
    if (base == NULL)
        return false;
    FOR_LANES { objects[l] = mask >> l & 1 ? (u64 *)(void *)(base + at[l]) : NULL; }
    return true;
}

/* work(l) is done for each lane in turn; what is false has reported a fault. */
#define FOR_OBJECTS(work)                                                                                    \
    u64 *object[WARP_LANES];                                                                                 \
    if (!find_objects(w, i, mask, object))                                                                   \
        return NULL;                                                                                         \
    FOR_ACTIVE(l) {                                                                                          \
        if (!(work))                                                                                         \
            return NULL;                                                                                     \
    }                                                                                                        \
    return i + 1;

HANDLER(init) {
    const u32 *count = lanes(w, i->o[0]);
    FOR_OBJECTS(mbarrier_init(w, i, l, object[l], count[l]))
}
HANDLER(inval){FOR_OBJECTS(mbarrier_invalidate(w, i, l, object[l]))} HANDLER(expect_tx) {
    const u32 *bytes = lanes(w, i->o[0]);
    FOR_OBJECTS(mbarrier_transact(w, i, l, object[l], (int64_t)bytes[l]))
}
HANDLER(complete_tx) {
    const u32 *bytes = lanes(w, i->o[0]);
    FOR_OBJECTS(mbarrier_transact(w, i, l, object[l], -(int64_t)bytes[l]))
}

/* d, [address]{, count or bytes}. The result may have the place of an operand, so it is written last. */
enum arrival_operand { ARRIVES_ONCE, ARRIVES_COUNT, ARRIVES_EXPECTING };

static const struct bound *arrive(struct warp *w, const struct bound *i, uint32_t mask,
                                  enum arrival_operand operand, bool drops, bool must_not_complete) {
    u64 *object[WARP_LANES], state[WARP_LANES] __attribute__((aligned(64)));
    const u32 *number = lanes(w, operand == ARRIVES_ONCE ? i->o[0] : i->o[1]);
    if (!find_objects(w, i, mask, object))
        return NULL;
    const struct cluster *cluster = w->block->cluster;
    FOR_ACTIVE(l) {
        size_t rank = (size_t)((uint8_t *)object[l] - cluster->shared) / w->grid->shared_stride;
        trips_arrive(&cluster->blocks[rank], object[l], trips_at_barrier(w), rank != w->block->rank);
        struct mbarrier_arrival arrival = {.count = operand == ARRIVES_COUNT ? number[l] : 1,
                                           .transaction = operand == ARRIVES_EXPECTING ? number[l] : 0,
                                           .drops = drops,
                                           .must_not_complete = must_not_complete};
        if (!mbarrier_arrive(w, i, l, object[l], arrival, &state[l]))
            return NULL;
    }
    u64 *d = lanes(w, i->o[0]);
    FOR_ACTIVE(l) { d[l] = state[l]; }
    return i + 1;
}
HANDLER(arrive_one) { return arrive(w, i, mask, ARRIVES_ONCE, false, false); }
HANDLER(arrive_count) { return arrive(w, i, mask, ARRIVES_COUNT, false, false); }
HANDLER(arrive_expect_tx) { return arrive(w, i, mask, ARRIVES_EXPECTING, false, false); }
HANDLER(arrive_no_complete) { return arrive(w, i, mask, ARRIVES_COUNT, false, true); }
HANDLER(drop_one) { return arrive(w, i, mask, ARRIVES_ONCE, true, false); }
HANDLER(drop_count) { return arrive(w, i, mask, ARRIVES_COUNT, true, false); }
HANDLER(drop_expect_tx) { return arrive(w, i, mask, ARRIVES_EXPECTING, true, false); }
HANDLER(drop_no_complete) { return arrive(w, i, mask, ARRIVES_COUNT, true, true); }

/*
 * p, [address], state or parity{, time}. When no lane's phase is complete they wait for one to be: for test_wait too, which so
 * does no worse than a slow thread. The wait ends with a false predicate when nothing else can move (cluster.c), or when a schedule says so.
 */
static const struct bound *wait(struct warp *w, const struct bound *i, uint32_t mask, bool by_parity) {
    u64 *object[WARP_LANES], wavefronts = w->grid->counts.shared_wavefronts;
    if (!find_objects(w, i, mask, object))
        return NULL;
    const u64 *state = lanes(w, i->o[1]);
    const u32 *parity = lanes(w, i->o[1]);
    uint32_t complete = 0;
    FOR_ACTIVE(l) {
        bool phase = by_parity ? parity[l] & 1 : mbarrier_parity_of_state(state[l]), passed;
        if (!mbarrier_passed(w, i, l, object[l], phase, &passed))
            return NULL;
        complete |= (uint32_t)passed << l;
        if (passed)
            trips_pass_phase(w, object[l], phase);
    }
    if (complete) {
        set_predicate(w, i, 0, mask, complete);
        return i + 1;
    }
    w->grid->failed_waits++;
    w->grid->counts.shared_wavefronts = wavefronts; /* it will be tried again, and counted then */
    /* Not when the cluster has been idle: a deadlock is found by everyone's waiting. */
    if (w->grid->schedule && !w->block->cluster->idle_turns && schedule_gives_up(w->grid->schedule)) {
        set_predicate(w, i, 0, mask, 0);
        return i + 1;
    }
    w->active &= ~mask;
    warp_add_fragment(w, i, mask, FRAGMENT_AT_MBARRIER, 0);
    return w->active ? i + 1 : NULL;
}
HANDLER(wait_state) { return wait(w, i, mask, false); }
HANDLER(wait_parity) { return wait(w, i, mask, true); }

HANDLER(pending_count) {
    u32 *d = lanes(w, i->o[0]);
    u64 state[WARP_LANES];
    __builtin_memcpy(state, lanes(w, i->o[1]), sizeof state);
    FOR_ACTIVE(l) { d[l] = mbarrier_pending(state[l]); }
    return i + 1;
}

/*
 * cp.async.mbarrier.arrive: the thread's copies are made now if they were put off, and it arrives. Without .noinc the arrival is pending beside
 * those the barrier was made for: the counts do not change, but those who see the phase complete know of the copies.
 */
HANDLER(copies_arrive) {
    const struct mbarrier_arrival one = {.count = 1, .of_copies = true};
    u64 state;
    copy_make_all(w, mask, COPY_ASYNC);
    FOR_OBJECTS((trips_arrive(w->block, object[l], w->copy_trips, false),
                 mbarrier_arrive(w, i, l, object[l], one, &state)))
}
HANDLER(copies_are_tracked) {
    copy_make_all(w, mask, COPY_ASYNC);
    FOR_OBJECTS(mbarrier_track(w, i, l, object[l]))
}

const struct instruction AT_LEVEL(mbarrier_instructions)[] = {
    {"mbarrier_init", "mw", init},
    {"mbarrier_inval", "m", inval},
    {"mbarrier_expect_tx", "mw", expect_tx},
    {"mbarrier_complete_tx", "mw", complete_tx},
    {"mbarrier_arrive", "Dm", arrive_one},
    {"mbarrier_arrive_count", "Dmw", arrive_count},
    {"mbarrier_arrive_expect_tx", "Dmw", arrive_expect_tx},
    {"mbarrier_arrive_noComplete", "Dmw", arrive_no_complete},
    {"mbarrier_arrive_drop", "Dm", drop_one},
    {"mbarrier_arrive_drop_count", "Dmw", drop_count},
    {"mbarrier_arrive_drop_expect_tx", "Dmw", drop_expect_tx},
    {"mbarrier_arrive_drop_noComplete", "Dmw", drop_no_complete},
    {"mbarrier_test_wait", "Pmd", wait_state},
    {"mbarrier_test_wait_parity", "Pmw", wait_parity},
    {"mbarrier_try_wait", "Pmd?w", wait_state},
    {"mbarrier_try_wait_parity", "Pmw?w", wait_parity},
    {"mbarrier_pending_count", "Wd", pending_count},
    {"cp_async_mbarrier_arrive_noinc_shared_b64", "m", copies_arrive},
    {"cp_async_mbarrier_arrive_noinc_b64", "m", copies_arrive},
    {"cp_async_mbarrier_arrive_shared_b64", "m", copies_are_tracked},
    {"cp_async_mbarrier_arrive_b64", "m", copies_are_tracked},
    {NULL, NULL, NULL},
};
