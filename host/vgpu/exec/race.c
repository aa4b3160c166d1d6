#include "race.h"
#include "../memory/shadow.h"
#include "observe.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { WORD = 4, BLOCK_WARPS = 32, READS = 2 };
/* Far from the end of the clock: everything is forgotten then, between two launches. */
#define LATE 0xc0000000u

/* An access that was made. */
struct mark {
    uint32_t time; /* 0: none */
    uint32_t block, lanes;
    uint32_t warp : 5, bytes : WORD, strong : 1, origin : 22;
};
struct cell {
    struct mark write, reads[READS];
};

/* What is known of a place on the device: everything up to all, and one warp's accesses up to one. */
struct known {
    uint32_t all, one, warp;
};
struct knowledge {
    struct known *places;
    uint32_t count, room;
    uint32_t warps[BLOCK_WARPS]; /* of the warps of a block */
};

/* What strong writes have published with a word. */
struct flag {
    uint64_t key; /* its address; that of shared memory with the block's index above. 0: free */
    uint32_t block;
    struct knowledge published;
};

struct race {
    uint32_t begin;     /* time of the launch's begin */
    uint16_t *place_of; /* for each block of the grid that has started */
    uint32_t place_count;
    struct flag *flags;
    size_t flag_count, flag_room;
};

struct warp_race {
    struct knowledge known;
    uint32_t synced;                        /* all lanes know all lanes up to this time */
    uint32_t lanes[WARP_LANES][WARP_LANES]; /* what the lane of the row knows of that of the column */
    uint32_t fence;                         /* time of its last fence; 0: none */
};

struct block_race {
    uint32_t place, begin, barrier, pairwise; /* pairwise: time of the last barrier of a part; 0: none */
    struct cell *shared;
    unsigned warp_count;
    struct knowledge arrived[BLOCK_BARRIERS];
    struct warp_race *warps;
};

static uint32_t now = 1;
static struct shadow marks;

static void *zeros(size_t bytes) {
    void *memory = calloc(bytes + 1, 1);
    if (!memory)
        vgpu_fail("not enough host memory to look for races (%zu bytes)", bytes);
    return memory;
}

struct race *race_create(uint64_t blocks) {
    struct race *race = zeros(sizeof *race);
    if (!marks.begin || now > LATE) {
        uint64_t first, end;
        shadow_close(&marks);
        memory_space(&first, &end);
        shadow_open(&marks, first, end, sizeof(struct cell));
        now = 1;
    }
    race->begin = now++;
    race->place_of = zeros(blocks * sizeof *race->place_of);
    return race;
}

void race_free(struct race *race) {
    for (size_t k = 0; k < race->flag_room; k++)
        free(race->flags[k].published.places);
    free(race->flags);
    free(race->place_of);
    free(race);
}

struct block_race *block_race_create(struct race *race, unsigned warps, uint32_t shared_bytes) {
    struct block_race *block = zeros(sizeof *block);
    block->place = race->place_count++;
    block->warp_count = warps;
    block->shared = zeros((shared_bytes / WORD + 1) * sizeof *block->shared);
    block->warps = zeros(warps * sizeof *block->warps);
    return block;
}

void block_race_free(struct block_race *block) {
    for (unsigned k = 0; k < block->warp_count; k++)
        free(block->warps[k].known.places);
    for (unsigned k = 0; k < BLOCK_BARRIERS; k++)
        free(block->arrived[k].places);
    free(block->warps);
    free(block->shared);
    free(block);
}

static void forget(struct knowledge *knowledge) {
    knowledge->count = 0;
    memset(knowledge->warps, 0, sizeof knowledge->warps);
}

void race_block_start(struct block *block) {
    struct block_race *race = block->race;
    block->grid->race->place_of[block->index] = (uint16_t)race->place;
    race->begin = race->barrier = now++;
    race->pairwise = 0;
    for (unsigned k = 0; k < BLOCK_BARRIERS; k++)
        forget(&race->arrived[k]);
    for (unsigned k = 0; k < race->warp_count; k++) {
        struct warp_race *warp = &race->warps[k];
        forget(&warp->known);
        warp->synced = warp->fence = 0;
        memset(warp->lanes, 0, sizeof warp->lanes);
    }
}

static uint32_t later(uint32_t a, uint32_t b) { return a > b ? a : b; }

static struct known *place_in(struct knowledge *knowledge, uint32_t place) {
    if (place >= knowledge->room) {
        uint32_t room = 2 * place + 8;
        knowledge->places = realloc(knowledge->places, room * sizeof *knowledge->places);
        if (!knowledge->places)
            vgpu_fail("not enough host memory to look for races");
        knowledge->room = room;
    }
    for (; knowledge->count <= place; knowledge->count++)
        knowledge->places[knowledge->count] = (struct known){0};
    return &knowledge->places[place];
}

static void learn_place(struct knowledge *knowledge, uint32_t place, struct known news) {
    struct known *known = place_in(knowledge, place);
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

static void learn_places(struct knowledge *knowledge, const struct knowledge *news) {
    for (uint32_t k = 0; k < news->count; k++)
        if (news->places[k].all | news->places[k].one)
            learn_place(knowledge, k, news->places[k]);
}

static void learn_warps(struct knowledge *knowledge, const uint32_t *warps) {
    for (unsigned k = 0; k < BLOCK_WARPS; k++)
        knowledge->warps[k] = later(knowledge->warps[k], warps[k]);
}

static struct warp_race *of(const struct warp *warp) { return &warp->block->race->warps[warp->index]; }

void race_fence(struct warp *warp) { of(warp)->fence = now++; }

void race_warp_sync(struct warp *warp, uint32_t mask, const uint32_t *members) {
    struct warp_race *race = of(warp);
    for (uint32_t rest = mask; rest;) {
        uint32_t named = members[__builtin_ctz(rest)], group = 0;
        for (unsigned l = 0; l < WARP_LANES; l++)
            group |= (uint32_t)((rest >> l & 1) && members[l] == named) << l;
        rest &= ~group;
        if (group == warp->live) {
            race->synced = now;
            continue;
        }
        uint32_t known[WARP_LANES] = {0};
        for (unsigned l = 0; l < WARP_LANES; l++)
            for (unsigned m = 0; (group >> l & 1) && m < WARP_LANES; m++)
                known[m] = later(known[m], race->lanes[l][m]);
        for (unsigned m = 0; m < WARP_LANES; m++)
            if (group >> m & 1)
                known[m] = now;
        for (unsigned l = 0; l < WARP_LANES; l++)
            if (group >> l & 1)
                memcpy(race->lanes[l], known, sizeof known);
    }
    now++;
}

void race_block_barrier(struct block *block) {
    struct block_race *race = block->race;
    struct knowledge *first = &race->warps[0].known;
    for (unsigned k = 1; k < race->warp_count; k++)
        learn_places(first, &race->warps[k].known);
    for (unsigned k = 1; k < race->warp_count && first->count; k++)
        learn_places(&race->warps[k].known, first);
    race->barrier = now++;
}

void race_arrive(struct warp *warp, unsigned barrier) {
    struct knowledge *arrived = &warp->block->race->arrived[barrier];
    learn_places(arrived, &of(warp)->known);
    learn_warps(arrived, of(warp)->known.warps);
    arrived->warps[warp->index] = now++;
}

void race_depart(struct warp *warp, uint32_t mask, unsigned barrier) {
    struct knowledge *arrived = &warp->block->race->arrived[barrier];
    uint32_t members[WARP_LANES];
    learn_places(&of(warp)->known, arrived);
    learn_warps(&of(warp)->known, arrived->warps);
    for (unsigned l = 0; l < WARP_LANES; l++)
        members[l] = mask;
    race_warp_sync(warp, mask, members);
    warp->block->race->pairwise = now++;
}

void race_barrier_done(struct block *block, unsigned barrier) { forget(&block->race->arrived[barrier]); }

static size_t flag_slot(const struct race *race, uint64_t key) {
    size_t slot = (key * 0x9e3779b97f4a7c15ull >> 32) % race->flag_room;
    while (race->flags[slot].key && race->flags[slot].key != key)
        slot = (slot + 1) % race->flag_room;
    return slot;
}

static struct flag *flag_of(struct race *race, uint64_t key) {
    return race->flag_room ? &race->flags[flag_slot(race, key)] : NULL;
}

static struct flag *new_flag(struct race *race, uint64_t key) {
    if (2 * race->flag_count >= race->flag_room) {
        struct flag *old = race->flags;
        size_t room = race->flag_room;
        race->flag_room = room ? 2 * room : 64;
        race->flags = zeros(race->flag_room * sizeof *race->flags);
        for (size_t k = 0; k < room; k++)
            if (old[k].key)
                race->flags[flag_slot(race, old[k].key)] = old[k];
        free(old);
    }
    struct flag *flag = flag_of(race, key);
    race->flag_count += !flag->key;
    flag->key = key;
    return flag;
}

static uint64_t key_of(const struct warp *warp, const struct race_access *access) {
    uint64_t word = access->at / WORD;
    return access->shared ? word | (warp->block->index + 1) << 20 | 1ull << 63 : word;
}

/* What a strong write says to those who read it. */
static void publish(struct warp *warp, const struct race_access *access) {
    struct block_race *block = warp->block->race;
    struct warp_race *own = of(warp);
    uint32_t upto = access->order == RACE_RELEASE ? now : own->fence, all = block->barrier;
    if (upto <= block->begin)
        return;
    if (block->pairwise) {
        all = upto;
    } else if (upto <= block->barrier) {
        /* Its fence was before the barrier, as those of the other warps may have been. */
        all = 0;
        for (unsigned k = 0; k < block->warp_count; k++)
            all =
                block->warps[k].fence <= block->barrier ? later(all, block->warps[k].fence) : block->barrier;
    }
    struct flag *flag = new_flag(warp->block->grid->race, key_of(warp, access));
    if (flag->block != (uint32_t)warp->block->index)
        memset(flag->published.warps, 0, sizeof flag->published.warps);
    flag->block = (uint32_t)warp->block->index;
    learn_places(&flag->published, &own->known);
    learn_place(&flag->published, block->place, (struct known){all, upto, warp->index});
    learn_warps(&flag->published, own->known.warps);
    flag->published.warps[warp->index] = upto;
    now++;
}

static void acquire(struct warp *warp, const struct race_access *access) {
    const struct flag *flag = flag_of(warp->block->grid->race, key_of(warp, access));
    if (!flag || !flag->key)
        return;
    learn_places(&of(warp)->known, &flag->published);
    if (flag->block == (uint32_t)warp->block->index) {
        learn_warps(&of(warp)->known, flag->published.warps);
        warp->block->race->pairwise = now++;
    }
}

/* Whether lane knows of the access; else *other is a lane that made it. */
static bool is_ordered(const struct warp *warp, unsigned lane, bool shared, const struct mark *mark,
                       unsigned *other) {
    const struct block_race *block = warp->block->race;
    const struct warp_race *own = of(warp);
    *other = (unsigned)__builtin_ctz(mark->lanes);
    /* Shared memory is handed from one block to the next. */
    if (mark->time <= (shared ? block->begin : warp->block->grid->race->begin))
        return true;
    if (mark->block != (uint32_t)warp->block->index) {
        uint32_t place = warp->block->grid->race->place_of[mark->block];
        if (place >= own->known.count)
            return false;
        const struct known *known = &own->known.places[place];
        return mark->time <= known->all || (known->warp == mark->warp && mark->time <= known->one);
    }
    if (mark->time <= block->barrier)
        return true;
    if (mark->warp != warp->index)
        return mark->time <= own->known.warps[mark->warp];
    if (mark->time <= own->synced)
        return true;
    for (uint32_t rest = mark->lanes & ~(1u << lane); rest; rest &= rest - 1) {
        *other = (unsigned)__builtin_ctz(rest);
        if (mark->time > own->lanes[lane][*other])
            return false;
    }
    return true;
}

static void report(struct warp *warp, const struct bound *i, unsigned lane, const struct race_access *access,
                   const struct mark *mark, unsigned other, const char *then) {
    if (!observe_is_new(warp, i, CHECK_RACE))
        return;
    const struct program *program = warp->grid->binding->program;
    const struct ptx_instruction *there = &program->instructions[mark->origin];
    const uint32_t *shape = warp->grid->launch->grid;
    char place[240], who[120], line[40] = "", message[700];
    unsigned thread = mark->warp * WARP_LANES + other;
    if (mark->block != (uint32_t)warp->block->index)
        snprintf(who, sizeof who, "thread %u of block %" PRIu32 ",%" PRIu32 ",%" PRIu32, thread,
                 mark->block % shape[0], mark->block / shape[0] % shape[1],
                 mark->block / shape[0] / shape[1]);
    else
        snprintf(who, sizeof who, "thread %u, of %s", thread,
                 mark->warp == warp->index ? "the same warp" : "another warp of the block");
    if (there->source_line)
        snprintf(line, sizeof line, ", source line %" PRIu32, there->source_line);
    if (access->shared)
        snprintf(place, sizeof place, "shared memory at offset %" PRIu64, access->at);
    else {
        char where[200];
        snprintf(place, sizeof place, "0x%" PRIx64 ", %s", access->at,
                 memory_describe(access->at, access->bytes, where, sizeof where));
    }
    snprintf(message, sizeof message,
             "this thread %s %u bytes of %s, that %s %s at %.40s, PTX line %" PRIu32
             "%s, and nothing orders the two",
             access->writes ? "writes" : "reads", access->bytes, place, who, then, there->opcode, there->line,
             line);
    finding_at(warp, i, lane, CHECK_RACE, access->at, message);
}

/* Lanes of one instruction may store the same value to the same word. */
static bool stores_alike(const struct warp *warp, const struct bound *i, unsigned lane,
                         const struct race_access *access, const uint8_t *values, uint32_t done,
                         const struct mark *write) {
    return values && write->time == now && write->warp == warp->index && write->origin == i->origin &&
           (write->lanes & done) == write->lanes &&
           memcmp(values + lane * access->bytes,
                  values + (unsigned)__builtin_ctz(write->lanes) * access->bytes, access->bytes) == 0;
}

static void note_read(struct cell *cell, struct mark mark) {
    struct mark *last = &cell->reads[0];
    if (last->time == mark.time && last->block == mark.block && last->warp == mark.warp &&
        last->bytes == mark.bytes && last->strong == mark.strong) {
        last->lanes |= mark.lanes;
        return;
    }
    if (last->block != mark.block || last->warp != mark.warp)
        cell->reads[1] = *last;
    *last = mark;
}

static bool collides(const struct mark *before, const struct mark *mark) {
    return before->time && (before->bytes & mark->bytes) && !(before->strong && mark->strong);
}

static void access_word(struct warp *warp, const struct bound *i, unsigned lane, struct cell *cell,
                        struct mark mark, const struct race_access *access, const uint8_t *values,
                        uint32_t done) {
    unsigned other;
    if (collides(&cell->write, &mark) && !is_ordered(warp, lane, access->shared, &cell->write, &other) &&
        !stores_alike(warp, i, lane, access, values, done, &cell->write))
        report(warp, i, lane, access, &cell->write, other, "wrote");
    if (access->writes)
        for (unsigned k = 0; k < READS; k++)
            if (collides(&cell->reads[k], &mark) &&
                !is_ordered(warp, lane, access->shared, &cell->reads[k], &other))
                report(warp, i, lane, access, &cell->reads[k], other, "read");
    if (access->writes)
        cell->write = mark;
    else
        note_read(cell, mark);
}

/* A store of what is there already can be seen by no one. */
static bool changes_nothing(const struct warp *warp, unsigned lane, const struct race_access *access,
                            const uint8_t *values) {
    const uint8_t *memory = access->shared ? warp->block->shared + access->at
                                           : (const uint8_t *)(access->at + (uint64_t)memory_distance);
    return values && memcmp(values + lane * access->bytes, memory, access->bytes) == 0;
}

void race_access(struct warp *warp, const struct bound *i, unsigned lane, struct race_access access,
                 const uint8_t *values, uint32_t done) {
    struct block_race *block = warp->block->race;
    bool strong = access.order != RACE_WEAK;
    if (strong && access.reads)
        acquire(warp, &access);
    struct mark mark = {.time = now,
                        .block = (uint32_t)warp->block->index,
                        .lanes = 1u << lane,
                        .warp = warp->index & 31,
                        .strong = strong,
                        .origin = i->origin & 0x3fffff};
    if (strong || !changes_nothing(warp, lane, &access, values)) {
        for (uint64_t word = access.at & ~(uint64_t)(WORD - 1); word < access.at + access.bytes;
             word += WORD) {
            unsigned first = word < access.at ? (unsigned)(access.at - word) : 0;
            unsigned count = access.bytes < WORD ? access.bytes : WORD;
            unsigned from = word > access.at ? (unsigned)(word - access.at) : 0;
            mark.bytes = ((access.used_bytes >> from) & ((1u << count) - 1)) << first & 15;
            if (!mark.bytes)
                continue;
            struct cell *cell = access.shared ? &block->shared[word / WORD] : shadow_at(&marks, word);
            access_word(warp, i, lane, cell, mark, &access, values, done);
        }
    }
    if (strong && access.writes)
        publish(warp, &access);
}
