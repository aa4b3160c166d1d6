#include "knowledge.h"
#include "../check/finding.h"

#include <stdlib.h>
#include <string.h>

static uint32_t later(uint32_t a, uint32_t b) { return a > b ? a : b; }

void knowledge_free(struct knowledge *knowledge) {
    free(knowledge->places);
    free(knowledge->actors);
    *knowledge = (struct knowledge){0};
}

void knowledge_forget_actors(struct knowledge *knowledge) { knowledge->actor_count = 0; }

void knowledge_forget(struct knowledge *knowledge) {
    knowledge->place_count = 0;
    knowledge_forget_actors(knowledge);
}

/* Makes the array reach to index: its new elements are zero. */
static void *reach(void *array, uint32_t index, uint32_t *count, uint32_t *room, size_t element_bytes) {
    if (index < *count)
        return array;
    if (index >= *room) {
        *room = 2 * index + 8;
        array = realloc(array, *room * element_bytes);
        if (!array)
            vgpu_fail("not enough host memory to look for races");
    }
    memset((uint8_t *)array + *count * element_bytes, 0, (index + 1 - *count) * element_bytes);
    *count = index + 1;
    return array;
}

void knowledge_learn_actor(struct knowledge *knowledge, uint32_t actor, uint32_t time) {
    if (time <= knowledge_of_actor(knowledge, actor))
        return;
    knowledge->actors = reach(knowledge->actors, actor, &knowledge->actor_count, &knowledge->actor_room,
                              sizeof *knowledge->actors);
    knowledge->actors[actor] = time;
}

void knowledge_learn_place(struct knowledge *knowledge, uint32_t place, struct known news) {
    knowledge->places = reach(knowledge->places, place, &knowledge->place_count, &knowledge->place_room,
                              sizeof *knowledge->places);
    struct known *known = &knowledge->places[place];
    known->all = later(known->all, news.all);
    if (news.one <= known->all)
        return;
    if (known->one > known->all && known->warp != news.warp) {
        /* Room for one warp: of the earlier, everything its block did is taken as known. */
        struct known earlier = known->one < news.one ? *known : news;
        known->all = later(known->all, earlier.one);
        news = known->one < news.one ? news : *known;
    } else if (known->warp == news.warp) {
        news.one = later(news.one, known->one);
    }
    known->one = news.one;
    known->warp = news.warp;
}

void knowledge_learn_places(struct knowledge *knowledge, const struct knowledge *news) {
    for (uint32_t k = 0; k < news->place_count; k++)
        if (news->places[k].all | news->places[k].one)
            knowledge_learn_place(knowledge, k, news->places[k]);
}

void knowledge_learn(struct knowledge *knowledge, const struct knowledge *news) {
    knowledge_learn_places(knowledge, news);
    if (news->actor_count == 0)
        return;
    uint32_t last = news->actor_count - 1;
    knowledge->actors = reach(knowledge->actors, last, &knowledge->actor_count, &knowledge->actor_room,
                              sizeof *knowledge->actors);
    for (uint32_t k = 0; k < news->actor_count; k++)
        knowledge->actors[k] = later(knowledge->actors[k], news->actors[k]);
}
