/*
 * What a warp, a barrier or a flag knows of others' accesses (race.h), as times of the one clock.
 *
 * Of the own cluster it is exact: everything each of its actors did up to a time. Actors are its warps, by rank, and whatever copies
 * asynchronously (race_state.h). Of the rest of the device it is kept by place: everything up to all, and one warp's accesses up to
 * one; what does not fit is rounded up.
 */
#ifndef LOTTO_VGPU_KNOWLEDGE_H
#define LOTTO_VGPU_KNOWLEDGE_H

#include <stdint.h>

struct known {
    uint32_t all, one, warp;
};
struct knowledge {
    struct known *places;
    uint32_t *actors;
    uint32_t place_count, place_room, actor_count, actor_room; /* what is beyond the count is zero */
};

void knowledge_free(struct knowledge *knowledge);
void knowledge_forget(struct knowledge *knowledge);
void knowledge_forget_actors(struct knowledge *knowledge);

void knowledge_learn_place(struct knowledge *knowledge, uint32_t place, struct known news);
void knowledge_learn_actor(struct knowledge *knowledge, uint32_t actor, uint32_t time);
void knowledge_learn_places(struct knowledge *knowledge, const struct knowledge *news);
/* Both of one cluster. */
void knowledge_learn(struct knowledge *knowledge, const struct knowledge *news);

static inline uint32_t knowledge_of_actor(const struct knowledge *knowledge, uint32_t actor) {
    return actor < knowledge->actor_count ? knowledge->actors[actor] : 0;
}

#endif
