/* mbarriers and asynchronous copies, for the race check. */
#include "race_state.h"

enum { OBJECT_BYTES = 8, UNIT = 16 };

/*
 * init and inval are plain writes. All else counts as a strong read, which races with those, and leaves the mark of the last init in its
 * place. What tells nothing leaves no mark, since a block may end without knowing of it.
 */
static void use(struct warp *warp, const struct bound *i, unsigned lane, struct race_mbarrier barrier,
                enum race_order order, bool unmarked) {
    struct race_access access = {.at = barrier.offset,
                                 .home = barrier.home,
                                 .bytes = OBJECT_BYTES,
                                 .used_bytes = ~0u,
                                 .reads = order != RACE_WEAK,
                                 .writes = order == RACE_WEAK,
                                 .unmarked = unmarked,
                                 .order = order};
    race_note(warp, i, lane, &access);
}

static struct flag *flag_of(struct race_mbarrier barrier) {
    return race_make_flag(barrier.home->grid->race, barrier.home, barrier.offset);
}

void race_mbarrier_set_up(struct warp *warp, const struct bound *i, unsigned lane,
                          struct race_mbarrier barrier) {
    struct flag *flag = flag_of(barrier);
    use(warp, i, lane, barrier, RACE_WEAK, false);
    knowledge_forget(&flag->published);
    knowledge_forget(&flag->arriving);
}

void race_mbarrier_transact(struct warp *warp, const struct bound *i, unsigned lane,
                            struct race_mbarrier barrier) {
    use(warp, i, lane, barrier, RACE_STRONG, true);
}

void race_mbarrier_arrive(struct warp *warp, const struct bound *i, unsigned lane,
                          struct race_mbarrier barrier, enum race_order order) {
    uint32_t upto = race_upto(warp, order);
    use(warp, i, lane, barrier, RACE_STRONG, order != RACE_RELEASE);
    if (upto)
        race_announce(&flag_of(barrier)->arriving, warp, upto);
    race_now++;
}

void race_mbarrier_complete(struct race_mbarrier barrier) {
    struct flag *flag = flag_of(barrier);
    knowledge_learn(&flag->published, &flag->arriving);
}

void race_mbarrier_wait(struct warp *warp, const struct bound *i, unsigned lane, struct race_mbarrier barrier,
                        bool passed) {
    use(warp, i, lane, barrier, RACE_STRONG, false);
    if (passed)
        race_learn(warp, 1u << lane, &flag_of(barrier)->published);
}

static uint32_t actor(const struct cluster *cluster, uint32_t *actor) {
    if (!*actor)
        *actor = cluster->race->actor_count++;
    return *actor;
}

uint32_t race_group_reads(struct warp *warp, enum copy_kind kind) {
    return actor(warp->block->cluster, &race_of(warp)->groups[kind].reads);
}
uint32_t race_group_writes(struct warp *warp, enum copy_kind kind) {
    return actor(warp->block->cluster, &race_of(warp)->groups[kind].writes);
}
uint32_t race_mbarrier_copies(struct race_mbarrier barrier) {
    return actor(barrier.home->cluster, &flag_of(barrier)->actor);
}

void race_commit(struct warp *warp, enum copy_kind kind) {
    struct copy_groups *groups = &race_of(warp)->groups[kind];
    groups->committed[groups->count++ % GROUPS_KEPT] = race_now++;
}

/* Of groups too old to be kept the oldest that is speaks. */
void race_wait(struct warp *warp, enum copy_kind kind, uint64_t pending, bool reads_only) {
    struct copy_groups *groups = &race_of(warp)->groups[kind];
    struct knowledge *known = &race_of(warp)->known;
    if (pending >= groups->count)
        return;
    uint32_t last = groups->count - 1 - (uint32_t)pending,
             oldest = groups->count > GROUPS_KEPT ? groups->count - GROUPS_KEPT : 0;
    uint32_t done = groups->committed[(last > oldest ? last : oldest) % GROUPS_KEPT];
    if (groups->reads)
        knowledge_learn_actor(known, groups->reads, done);
    if (groups->writes && !reads_only)
        knowledge_learn_actor(known, groups->writes, done);
}

void race_mbarrier_track(struct warp *warp, const struct bound *i, unsigned lane,
                         struct race_mbarrier barrier) {
    struct copy_groups *groups = &race_of(warp)->groups[COPY_ASYNC];
    struct knowledge *arriving = &flag_of(barrier)->arriving;
    use(warp, i, lane, barrier, RACE_STRONG, false);
    if (groups->reads)
        knowledge_learn_actor(arriving, groups->reads, race_now);
    if (groups->writes)
        knowledge_learn_actor(arriving, groups->writes, race_now);
    race_now++;
}

uint32_t race_bulk(struct warp *warp, const struct bound *i, unsigned lane, struct race_range range,
                   uint32_t copies, enum race_bulk_use use) {
    for (uint32_t k = 0; k < range.bytes; k += UNIT) {
        struct race_access access = {.at = range.at + k,
                                     .home = range.home,
                                     .bytes = range.bytes - k < UNIT ? range.bytes - k : UNIT,
                                     .used_bytes = ~0u,
                                     .reads = use != RACE_BULK_WRITE,
                                     .writes = use != RACE_BULK_READ,
                                     .order = use == RACE_BULK_FOLD ? RACE_STRONG : RACE_WEAK,
                                     .copies = copies,
                                     .is_bulk = true};
        race_note(warp, i, lane, &access);
    }
    return race_now++;
}

void race_mbarrier_copied(struct race_mbarrier barrier, uint32_t time) {
    struct flag *flag = flag_of(barrier);
    knowledge_learn_actor(&flag->arriving, flag->actor, time);
}
