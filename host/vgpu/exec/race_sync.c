/* What orders threads, for the race check: barriers of all kinds, fences, flags in memory. */
#include "race_state.h"

#include <stdlib.h>
#include <string.h>

static uint32_t later(uint32_t a, uint32_t b) { return a > b ? a : b; }
static uint32_t earlier(uint32_t a, uint32_t b) { return a < b ? a : b; }

void race_fence(struct warp *warp) { race_of(warp)->fence = race_now++; }

void race_proxy_fence(struct warp *warp) { warp->block->cluster->race->proxy_fence = race_now++; }

void race_warp_sync(struct warp *warp, uint32_t mask, const uint32_t *members) {
    struct warp_race *race = race_of(warp);
    for (uint32_t rest = mask; rest;) {
        uint32_t named = members[__builtin_ctz(rest)], group = 0;
        for (unsigned l = 0; l < WARP_LANES; l++)
            group |= (uint32_t)((rest >> l & 1) && members[l] == named) << l;
        rest &= ~group;
        if (group == warp->live) {
            race->synced = race_now;
            continue;
        }
        uint32_t known[WARP_LANES] = {0};
        for (unsigned l = 0; l < WARP_LANES; l++)
            for (unsigned m = 0; (group >> l & 1) && m < WARP_LANES; m++)
                known[m] = later(known[m], race->lanes[l][m]);
        for (unsigned m = 0; m < WARP_LANES; m++)
            if (group >> m & 1)
                known[m] = race_now;
        for (unsigned l = 0; l < WARP_LANES; l++)
            if (group >> l & 1)
                memcpy(race->lanes[l], known, sizeof known);
    }
    race_now++;
}

void race_block_barrier(struct block *block) {
    struct block_race *race = block->race;
    struct knowledge *first = &race->warps[0].known;
    for (unsigned k = 1; k < race->warp_count; k++)
        knowledge_learn(first, &race->warps[k].known);
    for (unsigned k = 1; k < race->warp_count && (first->place_count | first->actor_count); k++)
        knowledge_learn(&race->warps[k].known, first);
    race->barrier = race_now++;
}

void race_arrive(struct warp *warp, unsigned barrier) {
    struct knowledge *arrived = &warp->block->race->arrived[barrier];
    knowledge_learn(arrived, &race_of(warp)->known);
    knowledge_learn_actor(arrived, race_actor(warp->block, warp->index), race_now++);
}

void race_depart(struct warp *warp, uint32_t mask, unsigned barrier) {
    uint32_t members[WARP_LANES];
    knowledge_learn(&race_of(warp)->known, &warp->block->race->arrived[barrier]);
    for (unsigned l = 0; l < WARP_LANES; l++)
        members[l] = mask;
    race_warp_sync(warp, mask, members);
    warp->block->race->pairwise = race_now++;
}

void race_barrier_done(struct block *block, unsigned barrier) {
    knowledge_forget(&block->race->arrived[barrier]);
}

uint32_t race_upto(const struct warp *warp, enum race_order order) {
    uint32_t upto = order == RACE_RELEASE ? race_now : race_of(warp)->fence;
    return upto > warp->block->race->begin ? upto : 0;
}

void race_announce(struct knowledge *to, const struct warp *warp, uint32_t upto) {
    const struct block_race *block = warp->block->race;
    knowledge_learn(to, &race_of(warp)->known);
    /* A fence before the barrier tells what each of the warps may have told by its own. */
    for (unsigned k = 0; k < block->warp_count && block->barrier > block->begin; k++) {
        uint32_t told =
            upto > block->barrier ? block->barrier : earlier(block->warps[k].fence, block->barrier);
        if (told > block->begin)
            knowledge_learn_actor(to, race_actor(warp->block, k), told);
    }
    knowledge_learn_actor(to, race_actor(warp->block, warp->index), upto);
}

void race_learn(struct warp *warp, uint32_t lanes, const struct knowledge *news) {
    struct warp_race *own = race_of(warp);
    uint32_t told = knowledge_of_actor(news, race_actor(warp->block, warp->index));
    knowledge_learn(&own->known, news);
    for (uint32_t rest = told ? lanes : 0; rest; rest &= rest - 1)
        for (unsigned m = 0; m < WARP_LANES; m++) {
            uint32_t *known = &own->lanes[__builtin_ctz(rest)][m];
            *known = later(*known, told);
        }
    warp->block->race->pairwise = race_now++;
}

void race_cluster_arrive(struct warp *warp, enum race_order order) {
    uint32_t upto = race_upto(warp, order);
    if (upto)
        race_announce(&warp->block->cluster->race->arriving, warp, upto);
    race_now++;
}

void race_cluster_complete(struct cluster *cluster) {
    struct cluster_race *race = cluster->race;
    /* Leniently, threads that have ended tell all they did. */
    for (unsigned rank = 0; rank < cluster->block_count; rank++)
        for (unsigned k = 0; k < cluster->blocks[rank].warp_count; k++)
            if (!cluster->blocks[rank].warps[k].live)
                race_announce(&race->arriving, &cluster->blocks[rank].warps[k], race_now);
    knowledge_learn(&race->came, &race->arriving);
    race_now++;
}

void race_cluster_depart(struct warp *warp, uint32_t mask) {
    race_learn(warp, mask, &warp->block->cluster->race->came);
}

/* 0 for a free slot: addresses are multiples of a word, shared ones have the top bit. */
static uint64_t key_of(const struct block *home, uint64_t at) {
    uint64_t word = at / 4;
    return home ? word | (uint64_t)home->race->place << 20 | 1ull << 63 : word;
}

static size_t flag_slot(const struct race *race, uint64_t key) {
    size_t last = race->flag_room - 1, slot = (key * 0x9e3779b97f4a7c15ull >> 32) & last;
    while (race->flags[slot].key && race->flags[slot].key != key)
        slot = (slot + 1) & last;
    return slot;
}

struct flag *race_find_flag(struct race *race, const struct block *home, uint64_t at) {
    if (home && !home->race->has_flags)
        return NULL;
    struct flag *flag = race->flag_room ? &race->flags[flag_slot(race, key_of(home, at))] : NULL;
    return flag && flag->key && (!home || flag->begin == home->race->begin) ? flag : NULL;
}

static void forget_flag(struct flag *flag) {
    knowledge_forget(&flag->published);
    knowledge_forget(&flag->arriving);
    flag->actor = 0;
}

struct flag *race_make_flag(struct race *race, const struct block *home, uint64_t at) {
    uint64_t key = key_of(home, at);
    uint32_t begin = home ? home->race->begin : 0;
    if (home)
        home->race->has_flags = true;
    if (2 * race->flag_count >= race->flag_room) {
        struct flag *old = race->flags;
        size_t room = race->flag_room;
        race->flag_room = room ? 2 * room : 64;
        race->flags = calloc(race->flag_room, sizeof *race->flags);
        if (!race->flags)
            vgpu_fail("not enough host memory to look for races (%zu flags)", race->flag_room);
        for (size_t k = 0; k < room; k++)
            if (old[k].key)
                race->flags[flag_slot(race, old[k].key)] = old[k];
        free(old);
    }
    struct flag *flag = &race->flags[flag_slot(race, key)];
    race->flag_count += !flag->key;
    flag->key = key;
    if (flag->begin != begin)
        forget_flag(flag);
    flag->begin = begin;
    return flag;
}

void race_free_flags(struct race *race) {
    for (size_t k = 0; k < race->flag_room; k++) {
        knowledge_free(&race->flags[k].published);
        knowledge_free(&race->flags[k].arriving);
    }
    free(race->flags);
}

/* For those of other clusters, by place: what a strong write says of its own block, and of others of the cluster. */
static void announce_places(struct knowledge *to, const struct warp *warp, uint32_t upto) {
    const struct block_race *block = warp->block->race;
    const struct cluster *cluster = warp->block->cluster;
    uint32_t all = block->barrier;
    if (block->pairwise) {
        all = upto;
    } else if (upto <= block->barrier) {
        /* Its fence was before the barrier, as those of the other warps may have been. */
        all = 0;
        for (unsigned k = 0; k < block->warp_count; k++)
            all =
                block->warps[k].fence <= block->barrier ? later(all, block->warps[k].fence) : block->barrier;
    }
    knowledge_learn_place(to, block->place, (struct known){all, upto, warp->index});
    for (unsigned rank = 0; rank < cluster->block_count; rank++) {
        uint32_t known = 0;
        for (unsigned k = 0; rank != warp->block->rank && k < block->warp_count; k++)
            known = later(known,
                          knowledge_of_actor(&race_of(warp)->known, race_actor(&cluster->blocks[rank], k)));
        if (known)
            knowledge_learn_place(to, cluster->race->first_place + rank, (struct known){known, 0, 0});
    }
}

void race_publish(struct warp *warp, const struct race_access *access) {
    uint32_t upto = race_upto(warp, access->order), cluster = warp->block->cluster->race->begin;
    if (!upto)
        return;
    struct flag *flag = race_make_flag(warp->grid->race, access->home, access->at);
    if (flag->cluster != cluster)
        knowledge_forget_actors(&flag->published);
    flag->cluster = cluster;
    race_announce(&flag->published, warp, upto);
    if (!access->home)
        announce_places(&flag->published, warp, upto);
    race_now++;
}

void race_acquire(struct warp *warp, unsigned lane, const struct race_access *access) {
    const struct flag *flag = race_find_flag(warp->grid->race, access->home, access->at);
    if (!flag)
        return;
    if (flag->cluster == warp->block->cluster->race->begin)
        race_learn(warp, 1u << lane, &flag->published);
    else
        knowledge_learn_places(&race_of(warp)->known, &flag->published);
}
