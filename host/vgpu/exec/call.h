/*
 * Calls that lowering could not inline (../ptx/program.h), and the stack of the threads that make them.
 *
 * A thread's local memory is its entry's variables and behind them its stack, which grows upwards. Two numbers say where a
 * thread is: its frame, where the variables of the routine that runs begin, and its top, where the next frame will. Both
 * are lane arrays, so that a load or store relative to them is one like any other. Where a frame begins in local memory,
 * its record begins in a second memory of the same size, out of the kernel's reach: who called, that one's frame, and the
 * registers that the caller still needs. A call and its return copy those of their own lanes alone, so lanes of a warp may be
 * anywhere.
 *
 * Lanes that call make fragments at the functions they call, one deeper than the others (divergence.c runs the deepest
 * first), and go on together behind the call when the last of them has returned.
 *
 * How much there is: what the frames of every routine once come to, so that calls without recursion always fit, and for
 * recursion cudaLimitStackSize. A frame takes its variables (arguments and results too), 12 bytes and the registers kept.
 */
#ifndef LOTTO_VGPU_CALL_H
#define LOTTO_VGPU_CALL_H

#include "warp.h"

struct call_target {
    const struct ptx_function *function;
    const struct bound *begin;
    uint32_t frame_bytes;
};

/* What a register holds of a lane that calls; lane_bytes 0: a predicate. */
struct kept_register {
    uint32_t place, lane_bytes;
};

/* bound.side of a call */
struct call_site {
    uint32_t target_count, kept_count, record_bytes, argument_bytes;
    const struct kept_register *kept;
    struct call_target targets[];
};

/* The call of an instruction, to be freed. NULL when the host has no memory left. */
struct call_site *call_site_create(const struct binding *binding, const struct ptx_instruction *call);

/* Local memory of a thread, in bytes, given the stack that the launch asks for. */
uint32_t call_local_bytes(const struct binding *binding, uint64_t stack_bytes);
/* A warp's stacks are empty. */
void call_start(struct warp *warp);
/* Lanes of mask call the function of the instruction, or those whose addresses they have. What they do next stands in fragments. */
void call_enter(struct warp *warp, const struct bound *i, uint32_t mask, const uint64_t *addresses);
void call_leave(struct warp *warp, const struct bound *i, uint32_t mask);

/* alloca, stacksave and stackrestore of one lane. False after a fault. */
bool call_allocate(struct warp *warp, const struct bound *i, unsigned lane, uint64_t bytes,
                   uint64_t alignment, uint64_t *address);
uint64_t call_top(const struct warp *warp, unsigned lane);
bool call_restore(struct warp *warp, const struct bound *i, unsigned lane, uint64_t top);

#endif
