/* Control flow, block barriers, and instructions that have no effect when a warp executes in order. */
#include "call.h"
#include "lanes.h"
#include "print.h"
#include "race.h"

HANDLER(bra) {
    if (mask == w->active)
        return i->target;
    return warp_branch(w, i, mask);
}

/* brx.idx: each lane jumps to the label its index selects; an index beyond the list is undefined and faults. */
HANDLER(brx_idx) {
    const u32 *index = lanes(w, i->o[0]);
    const struct branch_list *list = i->side;
    FOR_ACTIVE(l) {
        if (index[l] >= list->count) {
            fault_message(w, i, l, CHECK_MEM, 0, "brx.idx selects a label beyond its list of branch targets");
            return NULL;
        }
        warp_add_fragment(w, list->targets[index[l]], 1u << l, FRAGMENT_READY, 0);
    }
    if (w->active & ~mask)
        warp_add_fragment(w, i + 1, w->active & ~mask, FRAGMENT_READY, 0);
    return NULL;
}

HANDLER(leave) {
    w->active &= ~mask;
    warp_exit(w, mask);
    if (w->grid->race && w->block->live_threads == 0)
        race_block_end(w, i);
    return w->active ? i + 1 : NULL;
}

HANDLER(call) {
    call_enter(w, i, mask, NULL);
    return NULL;
}
HANDLER(call_by_address) {
    call_enter(w, i, mask, lanes(w, i->o[0]));
    return NULL;
}
HANDLER(leave_routine) {
    call_leave(w, i, mask);
    return NULL;
}

/* Registers of 32 bits hold a local address as well. */
#define DEFINE_ALLOCA(T)                                                                                     \
    HANDLER(alloca_##T) {                                                                                    \
        T *d = lanes(w, i->o[0]);                                                                            \
        const T *bytes = lanes(w, i->o[1]), *alignment = lanes(w, i->o[2]);                                  \
        FOR_ACTIVE(l) {                                                                                      \
            uint64_t address;                                                                                \
            if (!call_allocate(w, i, l, bytes[l], alignment[l], &address))                                   \
                return NULL;                                                                                 \
            d[l] = (T)address;                                                                               \
        }                                                                                                    \
        return i + 1;                                                                                        \
    }                                                                                                        \
    HANDLER(stacksave_##T) {                                                                                 \
        T *d = lanes(w, i->o[0]);                                                                            \
        FOR_ACTIVE(l) { d[l] = (T)call_top(w, l); }                                                          \
        return i + 1;                                                                                        \
    }                                                                                                        \
    HANDLER(stackrestore_##T) {                                                                              \
        const T *top = lanes(w, i->o[0]);                                                                    \
        FOR_ACTIVE(l) {                                                                                      \
            if (!call_restore(w, i, l, top[l]))                                                              \
                return NULL;                                                                                 \
        }                                                                                                    \
        return i + 1;                                                                                        \
    }
DEFINE_ALLOCA(u32)
DEFINE_ALLOCA(u64)

HANDLER(trap) {
    fault_message(w, i, (unsigned)__builtin_ctz(mask), CHECK_MEM, 0, "trap was executed");
    return NULL;
}

/* What the ISA says of it, to suspend the thread, needs a debugger. */
HANDLER(brkpt) {
    (void)mask;
    const struct program *program = w->grid->binding->program;
    vgpu_fail("kernel %s, PTX line %u: brkpt suspends the thread for a debugger, which there is not",
              program->name, (unsigned)program->instructions[i->origin].line);
}

/* __assertfail(message, file, line, function, character size) */
HANDLER(assert_failed) {
    unsigned l = (unsigned)__builtin_ctz(mask);
    const u64 *message = lanes(w, i->o[0]), *file = lanes(w, i->o[1]), *function = lanes(w, i->o[3]);
    const u32 *line = lanes(w, i->o[2]);
    fault_assertion(w, i, l, message[l], file[l], line[l], function[l]);
    return NULL;
}

/* d = vprintf(format, arguments) */
HANDLER(print) {
    u32 *d = lanes(w, i->o[0]);
    const u64 *format = lanes(w, i->o[1]), *arguments = lanes(w, i->o[2]);
    FOR_ACTIVE(l) { d[l] = (u32)print_call(w, i, l, format[l], arguments[l]); }
    w->grid->changes++;
    return w->grid->outcome == LAUNCH_DONE ? i + 1 : NULL;
}

HANDLER(no_effect) {
    (void)w, (void)mask;
    return i + 1;
}

/* Cache policies are not modelled, so one is as good as another. */
HANDLER(no_policy) {
    u64 *d = lanes(w, i->o[0]);
    SET_LANES(u64, d, 0)
    return i + 1;
}

HANDLER(nanosleep_u32) {
    enum { POLLS_OF_A_SLEEP = 16 };
    (void)mask;
    w->block->polls += POLLS_OF_A_SLEEP;
    return i + 1;
}

/*
 * Operand k is the barrier's number, the next its thread count. Without .aligned the lanes of a warp may name different ones:
 * each group of equal lanes arrives for itself.
 */
static const struct bound *arrive(struct warp *w, const struct bound *i, uint32_t mask, unsigned k,
                                  struct barrier_arrival arrival) {
    const u32 *barrier = lanes(w, i->o[k]), *count = lanes(w, i->o[k + 1]);
    for (uint32_t rest = mask, group; rest; rest &= ~group) {
        unsigned first = (unsigned)__builtin_ctz(rest);
        arrival.barrier = barrier[first], arrival.count = count[first];
        group = 0;
        FOR_LANES { group |= (uint32_t)(barrier[l] == arrival.barrier && count[l] == arrival.count) << l; }
        group &= rest;
        if (!block_arrive(w, i, group, arrival))
            return NULL;
    }
    if (!arrival.wait)
        return i + 1;
    if (w->active & ~mask)
        warp_add_fragment(w, i + 1, w->active & ~mask, FRAGMENT_READY, 0);
    return NULL;
}

HANDLER(barrier_sync) { return arrive(w, i, mask, 0, (struct barrier_arrival){.wait = true}); }
HANDLER(barrier_arrive) { return arrive(w, i, mask, 0, (struct barrier_arrival){.wait = false}); }
/* barrier.red d, a{, b}, p: which reduction is known again when the barrier completes (block.c). */
static const struct bound *reduce(struct warp *w, const struct bound *i, uint32_t mask,
                                  enum barrier_reduction reduction) {
    return arrive(
        w, i, mask, 1,
        (struct barrier_arrival){.wait = true, .reduction = reduction, .predicate = predicate(w, i, 3)});
}
HANDLER(barrier_red_popc) { return reduce(w, i, mask, BARRIER_POPULATION); }
HANDLER(barrier_red_and) { return reduce(w, i, mask, BARRIER_EVERY); }
HANDLER(barrier_red_or) { return reduce(w, i, mask, BARRIER_ANY); }

HANDLER(cluster_barrier_arrive) { return cluster_arrive(w, i, mask) ? i + 1 : NULL; }

HANDLER(cluster_barrier_wait) {
    uint32_t absent = mask & ~(w->cluster_arrived | w->cluster_passed), waits = mask & w->cluster_arrived;
    if (absent) {
        fault_message(w, i, (unsigned)__builtin_ctz(absent), CHECK_SYNC, 0,
                      "barrier.cluster.wait by a thread that has not arrived at the barrier");
        return NULL;
    }
    if (w->grid->race && mask & w->cluster_passed)
        race_cluster_depart(w, mask & w->cluster_passed);
    w->cluster_passed &= ~mask;
    if (waits == 0)
        return i + 1;
    warp_add_fragment(w, i, waits, FRAGMENT_AT_BARRIER, CLUSTER_BARRIER);
    w->active &= ~waits;
    return w->active ? i + 1 : NULL;
}

const struct instruction AT_LEVEL(control_instructions)[] = {
    {"bra", "L", bra},
    {"brx_idx", "wT", brx_idx},
    {"exit", "", leave},
    {"ret", "", leave},
    {"call", "", call},
    {"call_by_address", "d", call_by_address},
    {"ret_routine", "", leave_routine},
    {"alloca_u32", "Ww?w", alloca_u32},
    {"alloca_u64", "Dd?d", alloca_u64},
    {"stacksave_u32", "W", stacksave_u32},
    {"stacksave_u64", "D", stacksave_u64},
    {"stackrestore_u32", "w", stackrestore_u32},
    {"stackrestore_u64", "d", stackrestore_u64},
    {"trap", "", trap},
    {"brkpt", "", brkpt},
    {"call___assertfail", "ddwdd", assert_failed},
    {"call_vprintf", "Wdd", print},
    {"nanosleep_u32", "w", nanosleep_u32},
    {"bar_sync", "w?w", barrier_sync},
    {"bar_arrive", "ww", barrier_arrive},
    {"bar_red_popc_u32", "Ww?wp", barrier_red_popc},
    {"bar_red_and_pred", "Pw?wp", barrier_red_and},
    {"bar_red_or_pred", "Pw?wp", barrier_red_or},
    {"bar_cluster_arrive", "", cluster_barrier_arrive},
    {"bar_cluster_wait", "", cluster_barrier_wait},
    {"membar", "", no_effect},
    {"fence", "", no_effect},
    {"griddepcontrol_wait", "", no_effect},
    {"griddepcontrol_launch_dependents", "", no_effect},
    {"prefetch", "m", no_effect},
    {"prefetchu", "m", no_effect},
    {"applypriority", "mw", no_effect},
    {"discard", "mw", no_effect},
    {"setmaxnreg_inc_sync_u32", "i", no_effect},
    {"setmaxnreg_dec_sync_u32", "i", no_effect},
    {"pmevent", "i", no_effect},
    {"createpolicy_fractional_b64", "D?w", no_policy},
    {"createpolicy_range_b64", "Dmww", no_policy},
    {"createpolicy_cvt_b64", "Dd", no_policy},
    {NULL, NULL, NULL},
};
