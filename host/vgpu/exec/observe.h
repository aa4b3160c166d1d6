/*
 * Accesses as the checks see them (CHECK_INIT, CHECK_RACE). While one of these is on, binding puts run_observed in front of
 * every instruction that reads or writes global or shared memory, so that there is nothing to pay while they are off.
 */
#ifndef LOTTO_VGPU_OBSERVE_H
#define LOTTO_VGPU_OBSERVE_H

#include "opcode.h"

enum observed {
    OBSERVED_NOTHING,
    OBSERVED_LOAD,
    OBSERVED_STORE,
    OBSERVED_ATOMIC,
    OBSERVED_COPY,
    OBSERVED_FENCE,
    OBSERVED_PROXY_FENCE
};

/* Called by binding once the instruction's own handler is known. */
void observe_bind(struct bound *bound, const struct opcode *opcode, uint32_t used_bytes);

/* Of a launch; NULL while the checks are off. */
struct observer *observer_create(const struct grid *grid);
void observer_free(struct observer *observer);

/* True the first time for this check and instruction in a launch: one finding each is enough. */
bool observe_is_new(struct warp *warp, const struct bound *i, enum check check);

#endif
