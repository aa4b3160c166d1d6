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

/* Of a launch and of its blocks; NULL and nothing while the checks are off. */
struct observer *observer_create(const struct grid *grid);
void observer_free(struct observer *observer);
struct block_observer *block_observer_create(const struct block *block);
void block_observer_free(struct block_observer *observer);
void observe_block_start(struct block *block);

/*
 * While accesses are observed: a bulk copy carries along what is undefined, between offsets in blocks' shared memory, or global addresses where
 * home is NULL; an mbarrier defines its bytes.
 */
void observe_copy(const struct block *to_home, uint64_t to, const struct block *from_home, uint64_t from,
                  uint32_t bytes);
void observe_set_up(const struct block *home, uint32_t offset, uint32_t bytes);

/* True the first time for this check and instruction in a launch: one finding each is enough. */
bool observe_is_new(struct warp *warp, const struct bound *i, enum check check);

#endif
