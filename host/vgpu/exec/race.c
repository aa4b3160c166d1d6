#include "observe.h"
#include "race_marks.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Far from the end of the clock: everything is forgotten then, between two launches. */
#define LATE 0xc0000000u

uint32_t race_now;

static void *zeros(size_t bytes) {
    void *memory = calloc(bytes + 1, 1);
    if (!memory)
        vgpu_fail("not enough host memory to look for races (%zu bytes)", bytes);
    return memory;
}

struct race *race_create(uint64_t blocks) {
    struct race *race = zeros(sizeof *race);
    if (race_now == 0 || race_now > LATE) {
        uint64_t first, end;
        memory_space(&first, &end);
        race_open_lines(first, end);
        race_now = 1;
    }
    race->begin = race_now++;
    race->place_of = zeros(blocks * sizeof *race->place_of);
    return race;
}

void race_free(struct race *race) {
    race_free_flags(race);
    free(race->place_of);
    free(race);
}

struct cluster_race *cluster_race_create(struct race *race) {
    struct cluster_race *cluster = zeros(sizeof *cluster);
    cluster->first_place = race->place_count;
    return cluster;
}

void cluster_race_free(struct cluster_race *cluster) {
    knowledge_free(&cluster->arriving);
    knowledge_free(&cluster->came);
    free(cluster);
}

struct block_race *block_race_create(struct race *race, unsigned warps, uint32_t shared_bytes) {
    struct block_race *block = zeros(sizeof *block);
    block->place = race->place_count++;
    block->warp_count = warps;
    unsigned lines = shared_bytes / LINE + 1;
    block->shared = zeros(lines * (LINE / WORD) * sizeof *block->shared);
    block->lines = zeros(lines * sizeof *block->lines);
    block->warps = zeros(warps * sizeof *block->warps);
    return block;
}

void block_race_free(struct block_race *block) {
    for (unsigned k = 0; k < block->warp_count; k++)
        knowledge_free(&block->warps[k].known);
    for (unsigned k = 0; k < BLOCK_BARRIERS; k++)
        knowledge_free(&block->arrived[k]);
    free(block->warps);
    free(block->shared);
    free(block->lines);
    free(block);
}

void race_cluster_start(struct cluster *cluster) {
    struct cluster_race *race = cluster->race;
    race->begin = race_now++;
    race->actor_count = cluster->block_count * cluster->blocks->warp_count;
    race->proxy_fence = 0;
    knowledge_forget(&race->arriving);
    knowledge_forget(&race->came);
}

void race_block_start(struct block *block) {
    struct block_race *race = block->race;
    block->grid->race->place_of[block->index] = (uint16_t)race->place;
    race->begin = race->barrier = race_now++;
    race->pairwise = 0;
    race->has_flags = false;
    for (unsigned k = 0; k < BLOCK_BARRIERS; k++)
        knowledge_forget(&race->arrived[k]);
    for (unsigned k = 0; k < race->warp_count; k++) {
        struct warp_race *warp = &race->warps[k];
        knowledge_forget(&warp->known);
        warp->synced = warp->fence = 0;
        memset(warp->lanes, 0, sizeof warp->lanes);
        memset(warp->groups, 0, sizeof warp->groups);
    }
}

/* Of the blocks that run in the block's cluster now, that whose thread made the access; NULL if it was another's. */
static const struct block *maker_for(const struct block *block, const struct mark *mark) {
    const struct cluster *cluster = block->cluster;
    if (mark->block == (uint32_t)block->index)
        return block;
    uint32_t rank = cluster->grid->race->place_of[mark->block] - cluster->race->first_place;
    if (rank >= cluster->block_count || mark->time <= cluster->blocks[rank].race->begin)
        return NULL;
    return &cluster->blocks[rank];
}

static unsigned first_lane(const struct mark *mark) {
    return mark->copied ? mark->lanes & (WARP_LANES - 1) : (unsigned)__builtin_ctz(mark->lanes);
}

static bool is_known_by_place(const struct warp *warp, const struct mark *mark) {
    const struct knowledge *knowledge = &race_of(warp)->known;
    uint32_t place = warp->grid->race->place_of[mark->block];
    if (place >= knowledge->place_count)
        return false;
    const struct known *known = &knowledge->places[place];
    return mark->time <= known->all || (known->warp == mark->warp && mark->time <= known->one);
}

bool race_is_known(const struct warp *warp, unsigned lane, const struct mark *mark, unsigned *other) {
    const struct block_race *block = warp->block->race;
    const struct warp_race *own = race_of(warp);
    *other = first_lane(mark);
    const struct block *maker = maker_for(warp->block, mark);
    if (maker && mark->copied)
        return mark->time <= knowledge_of_actor(&own->known, mark->lanes >> LANE_BITS);
    if (maker != warp->block)
        return is_known_by_place(warp, mark) ||
               (maker && mark->time <= knowledge_of_actor(&own->known, race_actor(maker, mark->warp)));
    if (mark->time <= block->barrier)
        return true;
    if (mark->warp != warp->index)
        return mark->time <= knowledge_of_actor(&own->known, race_actor(maker, mark->warp));
    if (mark->time <= own->synced)
        return true;
    for (uint32_t rest = mark->lanes & ~(1u << lane); rest; rest &= rest - 1) {
        *other = (unsigned)__builtin_ctz(rest);
        if (mark->time > own->lanes[lane][*other])
            return false;
    }
    return true;
}

static void describe_maker(const struct warp *warp, const struct mark *mark, unsigned lane, char *text,
                           size_t size) {
    const uint32_t *shape = warp->grid->launch->grid;
    unsigned thread = mark->warp * WARP_LANES + lane;
    const char *copy = mark->copied ? "a copy of " : "";
    if (mark->block != (uint32_t)warp->block->index)
        snprintf(text, size, "%sthread %u of block %" PRIu32 ",%" PRIu32 ",%" PRIu32, copy, thread,
                 mark->block % shape[0], mark->block / shape[0] % shape[1],
                 mark->block / shape[0] / shape[1]);
    else
        snprintf(text, size, "%sthread %u, of %s", copy, thread,
                 mark->warp == warp->index ? "the same warp" : "another warp of the block");
}

/* "at ld.shared.u32, PTX line 40, source line 12" */
static void describe_instruction(const struct warp *warp, const struct mark *mark, char *text, size_t size) {
    const struct ptx_instruction *there = &warp->grid->binding->program->instructions[mark->origin];
    int used = snprintf(text, size, "at %.40s, PTX line %" PRIu32, there->opcode, there->line);
    if (there->source_line)
        snprintf(text + used, size - (size_t)used, ", source line %" PRIu32, there->source_line);
}

/* "shared memory at offset 16 of block 1,0,0" */
static void describe_place(const struct warp *warp, const struct race_access *access, char *text,
                           size_t size) {
    const struct block *home = access->home;
    char where[200];
    if (!home)
        snprintf(text, size, "0x%" PRIx64 ", %s", access->at,
                 memory_describe(access->at, access->bytes, where, sizeof where));
    else if (home == warp->block)
        snprintf(text, size, "shared memory at offset %" PRIu64, access->at);
    else
        snprintf(text, size, "shared memory at offset %" PRIu64 " of block %" PRIu32 ",%" PRIu32 ",%" PRIu32,
                 access->at, home->id[0], home->id[1], home->id[2]);
}

static void report(struct warp *warp, const struct bound *i, unsigned lane, const struct race_access *access,
                   const struct mark *mark, unsigned other, const char *then, const char *missing) {
    if (!observe_is_new(warp, i, CHECK_RACE))
        return;
    char place[300], maker[120], there[120], message[700];
    describe_place(warp, access, place, sizeof place);
    describe_maker(warp, mark, other, maker, sizeof maker);
    describe_instruction(warp, mark, there, sizeof there);
    snprintf(message, sizeof message, "%s %s %u bytes of %s, that %s %s %s, and %s",
             access->copies ? "this copy" : "this thread", access->writes ? "writes" : "reads", access->bytes,
             place, maker, then, there, missing);
    finding_at(warp, i, lane, CHECK_RACE, access->at, message);
}

static bool is_same(const uint8_t *a, const uint8_t *b, unsigned bytes) {
    return bytes == WORD ? memcmp(a, b, WORD) == 0 : memcmp(a, b, bytes) == 0;
}

/* Lanes of one instruction may store the same value to the same word. */
static bool stores_alike(const struct warp *warp, const struct bound *i, unsigned lane,
                         const struct race_access *access, const uint8_t *values, uint32_t done,
                         const struct mark *write) {
    return values && write->time == race_now && write->warp == warp->index && write->origin == i->origin &&
           (write->lanes & done) == write->lanes &&
           is_same(values + lane * access->bytes,
                   values + (unsigned)__builtin_ctz(write->lanes) * access->bytes, access->bytes);
}

static void note_read(struct cell *cell, const struct mark *mark) {
    struct mark *last = &cell->reads[0];
    if (last->time == mark->time && last->block == mark->block && last->warp == mark->warp &&
        last->bytes == mark->bytes && last->strong == mark->strong && !last->copied && !mark->copied)
        last->lanes |= mark->lanes;
    else
        race_keep_read(cell, mark);
}

static bool collides(const struct mark *before, const struct mark *mark) {
    return before->time && (before->bytes & mark->bytes) && !(before->strong && mark->strong);
}

/* A bulk copy reads what threads of the cluster stored. */
static bool misses_proxy_fence(const struct warp *warp, const struct race_access *access,
                               const struct mark *write) {
    return access->is_bulk && access->home && !access->writes && !write->copied &&
           write->time > access->home->race->begin && write->time > warp->block->cluster->race->proxy_fence;
}

static void access_word(struct warp *warp, const struct bound *i, unsigned lane, struct cell *cell,
                        const struct mark *mark, const struct race_access *access, const uint8_t *values,
                        uint32_t done) {
    static const char *const unordered = "nothing orders the two";
    unsigned other;
    if (collides(&cell->write, mark)) {
        if (!race_is_ordered(warp, lane, access->home, &cell->write, &other) &&
            !stores_alike(warp, i, lane, access, values, done, &cell->write))
            report(warp, i, lane, access, &cell->write, other, "wrote", unordered);
        else if (misses_proxy_fence(warp, access, &cell->write))
            report(warp, i, lane, access, &cell->write, first_lane(&cell->write), "wrote",
                   "no fence.proxy.async stands between the two");
    }
    if (access->writes)
        for (unsigned k = 0; k < READS; k++)
            if (collides(&cell->reads[k], mark) &&
                !race_is_ordered(warp, lane, access->home, &cell->reads[k], &other))
                report(warp, i, lane, access, &cell->reads[k], other, "read", unordered);
    if (access->unmarked)
        return;
    if (access->writes)
        cell->write = *mark;
    else
        note_read(cell, mark);
}

/* A store of what is there already can be seen by no one. */
static bool changes_nothing(unsigned lane, const struct race_access *access, const uint8_t *values) {
    const uint8_t *memory = access->home ? access->home->shared + access->at
                                         : (const uint8_t *)(access->at + (uint64_t)memory_distance);
    return values && is_same(values + lane * access->bytes, memory, access->bytes);
}

static struct mark new_mark(const struct warp *warp, const struct bound *i,
                            const struct race_access *access) {
    return (struct mark){.time = race_now,
                         .block = (uint32_t)warp->block->index,
                         .warp = warp->index & (WARP_LANES - 1),
                         .strong = access->order != RACE_WEAK,
                         .copied = access->copies != 0,
                         .is_bulk = access->is_bulk,
                         .origin = i->origin & 0xfffff};
}

/* The mark is that of the instruction, but for what differs from lane to lane. */
static inline void note(struct warp *warp, const struct bound *i, unsigned lane,
                        const struct race_access *access, struct mark mark, const uint8_t *values,
                        uint32_t done) {
    if (!mark.strong && changes_nothing(lane, access, values))
        return;
    mark.lanes = access->copies ? access->copies << LANE_BITS | lane : 1u << lane;
    for (uint64_t word = access->at & ~(uint64_t)(WORD - 1); word < access->at + access->bytes;
         word += WORD) {
        unsigned first = word < access->at ? (unsigned)(access->at - word) : 0;
        unsigned count = access->bytes < WORD ? access->bytes : WORD;
        unsigned from = word > access->at ? (unsigned)(word - access->at) : 0;
        mark.bytes = ((access->used_bytes >> from) & ((1u << count) - 1)) << first & WORD_BYTES;
        if (mark.bytes)
            access_word(warp, i, lane, race_cell(warp, access->home, word), &mark, access, values, done);
    }
}

void race_note(struct warp *warp, const struct bound *i, unsigned lane, const struct race_access *access) {
    note(warp, i, lane, access, new_mark(warp, i, access), NULL, 0);
}

void race_access(struct warp *warp, const struct bound *i, const struct race_lanes *lanes,
                 struct race_access access, const uint8_t *values) {
    bool strong = access.order != RACE_WEAK;
    struct mark mark = new_mark(warp, i, &access);
    uint32_t done = 0;
    for (uint32_t rest = lanes->mask; rest; rest &= rest - 1) {
        unsigned lane = (unsigned)__builtin_ctz(rest);
        access.at = lanes->at[lane];
        access.home = lanes->home[lane];
        if (strong && access.reads)
            race_acquire(warp, lane, &access);
        mark.time = race_now;
        note(warp, i, lane, &access, mark, values, done);
        if (strong && access.writes)
            race_publish(warp, &access);
        done |= 1u << lane;
    }
}

/* Whether the access may be under way when the block's memory is gone: by another block, or by a bulk copy. */
static bool outlives(const struct warp *warp, const struct mark *mark, unsigned *other) {
    const struct block *maker = mark->time ? maker_for(warp->block, mark) : NULL;
    return maker && (mark->copied ? mark->is_bulk : maker != warp->block) &&
           !race_is_ordered(warp, 0, warp->block, mark, other);
}

void race_block_end(struct warp *warp, const struct bound *i) {
    const struct block *block = warp->block;
    struct cluster_race *cluster = block->cluster->race;
    uint32_t warps = block->cluster->block_count * block->warp_count;
    if (warps == block->warp_count && cluster->actor_count == warps)
        return;
    for (unsigned k = 0; k < block->warp_count; k++)
        knowledge_learn(&race_of(warp)->known, &block->race->warps[k].known);
    for (uint32_t word = 0; word < warp->grid->shared_bytes; word += WORD) {
        const struct cell *cell = race_cell(warp, block, word);
        const struct mark *of[] = {&cell->write, &cell->reads[0], &cell->reads[1]};
        for (unsigned k = 0; k < 1 + READS; k++) {
            unsigned other;
            if (!outlives(warp, of[k], &other) || !observe_is_new(warp, i, CHECK_RACE))
                continue;
            char maker[120], there[120], message[400];
            describe_maker(warp, of[k], other, maker, sizeof maker);
            describe_instruction(warp, of[k], there, sizeof there);
            snprintf(message, sizeof message,
                     "the block ends, and nothing orders that behind %s, that %s its shared memory at offset "
                     "%" PRIu32 " %s",
                     maker, k ? "read" : "wrote", word, there);
            finding_at(warp, i, 0, CHECK_RACE, word, message);
        }
    }
}
