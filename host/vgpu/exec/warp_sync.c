/* What the lanes of a warp do together: shfl, vote, match, redux, elect, bar.warp.sync. */
#include "lanes.h"
#include "race.h"

/*
 * The lanes that are complete here: every lane their member mask names has come. The others now wait and are no longer active.
 * Member masks are usually one for all lanes. They are copied, as a result may take their place before all are read.
 */
#define GATHER(members)                                                                                      \
    u32 member[WARP_LANES] __attribute__((aligned(64)));                                                     \
    __builtin_memcpy(member, lanes(w, i->o[members]), sizeof member);                                        \
    mask = warp_gather(w, i, mask, member);                                                                  \
    if (mask == 0)                                                                                           \
        return w->active ? i + 1 : NULL;

/* d|p, a, b, c, members: the source lane as the PTX ISA's pseudocode computes it. */
#define DEFINE_SHUFFLE(name, lane, in_range)                                                                 \
    HANDLER(name) {                                                                                          \
        GATHER(5)                                                                                            \
        u32 *d = lanes(w, i->o[0]);                                                                          \
        const u32 *pa = lanes(w, i->o[2]), *pb = lanes(w, i->o[3]), *pc = lanes(w, i->o[4]);                 \
        u32 r[WARP_LANES] __attribute__((aligned(64)));                                                      \
        uint32_t inside = 0;                                                                                 \
        FOR_LANES {                                                                                          \
            s32 own = (s32)l, b = (s32)(pb[l] & 31), clamp = (s32)(pc[l] & 31),                              \
                segment = (s32)(pc[l] >> 8 & 31);                                                            \
            s32 highest = (own & segment) | (clamp & ~segment), lowest = own & segment, j = (lane);          \
            (void)highest, (void)lowest;                                                                     \
            bool within = (in_range);                                                                        \
            r[l] = pa[(within ? j : own) & 31];                                                              \
            inside |= (uint32_t)within << l;                                                                 \
        }                                                                                                    \
        SET_LANES(u32, d, r[l])                                                                              \
        set_predicate(w, i, 1, mask, inside);                                                                \
        return i + 1;                                                                                        \
    }
DEFINE_SHUFFLE(shfl_up, own - b, j >= highest)
DEFINE_SHUFFLE(shfl_down, own + b, j <= highest)
DEFINE_SHUFFLE(shfl_bfly, own ^ b, j <= highest)
DEFINE_SHUFFLE(shfl_idx, lowest | (b & ~segment), j <= highest)

/*
 * Votes and reductions are taken over the lanes of each member mask. work sets result from members (the mask's lanes that
 * have come) for the lanes in group.
 */
#define FOR_GROUPS(group)                                                                                    \
    for (uint32_t rest = mask, group; rest && (group = same_members(member, rest), 1); rest &= ~group)

static inline uint32_t same_members(const u32 *member, uint32_t rest) {
    u32 first = member[__builtin_ctz(rest)];
    uint32_t same = 0;
    FOR_LANES { same |= (uint32_t)(member[l] == first) << l; }
    return same & rest;
}

HANDLER(vote_ballot) {
    GATHER(2)
    u32 *d = lanes(w, i->o[0]);
    uint32_t votes = predicate(w, i, 1);
    FOR_GROUPS(group) {
        FOR_LANES { d[l] = group >> l & 1 ? votes & group : d[l]; }
    }
    return i + 1;
}
#define DEFINE_VOTE(name, outcome)                                                                           \
    HANDLER(name) {                                                                                          \
        GATHER(2)                                                                                            \
        uint32_t votes = predicate(w, i, 1);                                                                 \
        FOR_GROUPS(group) { set_predicate(w, i, 0, group, (outcome) ? ~0u : 0); }                            \
        return i + 1;                                                                                        \
    }
DEFINE_VOTE(vote_all, (votes & group) == group)
DEFINE_VOTE(vote_any, (votes & group) != 0)
DEFINE_VOTE(vote_uni, (votes & group) == group || (votes & group) == 0)

#define DEFINE_REDUX(name, T, fold)                                                                          \
    HANDLER(redux_sync_##name) {                                                                             \
        GATHER(2)                                                                                            \
        T *d = lanes(w, i->o[0]);                                                                            \
        T pa[WARP_LANES];                                                                                    \
        __builtin_memcpy(pa, lanes(w, i->o[1]), sizeof pa);                                                  \
        FOR_GROUPS(group) {                                                                                  \
            T r = pa[__builtin_ctz(group)];                                                                  \
            for (uint32_t others = group & (group - 1); others; others &= others - 1) {                      \
                T a = pa[__builtin_ctz(others)];                                                             \
                r = (fold);                                                                                  \
            }                                                                                                \
            FOR_LANES { d[l] = group >> l & 1 ? r : d[l]; }                                                  \
        }                                                                                                    \
        return i + 1;                                                                                        \
    }
#define ROW_REDUX(name, T, fold) {"redux_sync_" #name, "Www", redux_sync_##name},
#define REDUCTIONS(ROW)                                                                                      \
    ROW(add_u32, u32, r + a)                                                                                 \
    ROW(add_s32, s32, r + a)                                                                                 \
    ROW(min_u32, u32, r < a ? r : a)                                                                         \
    ROW(min_s32, s32, r < a ? r : a)                                                                         \
    ROW(max_u32, u32, r > a ? r : a)                                                                         \
    ROW(max_s32, s32, r > a ? r : a)                                                                         \
    ROW(and_b32, u32, r &a)                                                                                  \
    ROW(or_b32, u32, r | a)                                                                                  \
    ROW(xor_b32, u32, r ^ a)
REDUCTIONS(DEFINE_REDUX)

#define DEFINE_MATCH(T)                                                                                      \
    HANDLER(match_any_##T) {                                                                                 \
        GATHER(2)                                                                                            \
        u32 *d = lanes(w, i->o[0]);                                                                          \
        T value[WARP_LANES];                                                                                 \
        __builtin_memcpy(value, lanes(w, i->o[1]), sizeof value);                                            \
        FOR_GROUPS(group) {                                                                                  \
            for (uint32_t left = group; left;) {                                                             \
                T first = value[__builtin_ctz(left)];                                                        \
                uint32_t same = 0;                                                                           \
                FOR_LANES { same |= (uint32_t)(value[l] == first) << l; }                                    \
                same &= group;                                                                               \
                FOR_LANES { d[l] = same >> l & 1 ? same : d[l]; }                                            \
                left &= ~same;                                                                               \
            }                                                                                                \
        }                                                                                                    \
        return i + 1;                                                                                        \
    }                                                                                                        \
    HANDLER(match_all_##T) {                                                                                 \
        GATHER(3)                                                                                            \
        u32 *d = lanes(w, i->o[0]);                                                                          \
        T value[WARP_LANES];                                                                                 \
        __builtin_memcpy(value, lanes(w, i->o[2]), sizeof value);                                            \
        FOR_GROUPS(group) {                                                                                  \
            T first = value[__builtin_ctz(group)];                                                           \
            uint32_t same = 0;                                                                               \
            FOR_LANES { same |= (uint32_t)(value[l] == first) << l; }                                        \
            bool all = (same & group) == group;                                                              \
            FOR_LANES { d[l] = group >> l & 1 ? (all ? group : 0) : d[l]; }                                  \
            set_predicate(w, i, 1, group, all ? ~0u : 0);                                                    \
        }                                                                                                    \
        return i + 1;                                                                                        \
    }
DEFINE_MATCH(b32)
DEFINE_MATCH(b64)

HANDLER(elect_sync) {
    GATHER(2)
    u32 *d = lanes(w, i->o[0]);
    FOR_GROUPS(group) {
        u32 leader = (u32)__builtin_ctz(group);
        FOR_LANES { d[l] = group >> l & 1 ? leader : d[l]; }
        set_predicate(w, i, 1, group, 1u << leader);
    }
    return i + 1;
}

HANDLER(bar_warp_sync) {
    const u32 *member = lanes(w, i->o[0]);
    bool whole = mask == w->live;
    u32 first = member[__builtin_ctz(mask)];
    FOR_LANES { whole &= member[l] == first || !(mask >> l & 1); }
    if (whole) {
        if (w->grid->race)
            race_warp_sync(w, mask, member);
        return i + 1;
    }
    warp_gather_anywhere(w, i, mask);
    return NULL;
}

const struct instruction AT_LEVEL(warp_sync_instructions)[] = {
    REDUCTIONS(ROW_REDUX){"shfl_sync_up_b32", "W|Pwwww", shfl_up},
    {"shfl_sync_down_b32", "W|Pwwww", shfl_down},
    {"shfl_sync_bfly_b32", "W|Pwwww", shfl_bfly},
    {"shfl_sync_idx_b32", "W|Pwwww", shfl_idx},
    {"vote_sync_ballot_b32", "Wpw", vote_ballot},
    {"vote_sync_all_pred", "Ppw", vote_all},
    {"vote_sync_any_pred", "Ppw", vote_any},
    {"vote_sync_uni_pred", "Ppw", vote_uni},
    /* Assemblers take the modifiers in this order too, and CUB writes them so. */
    {"vote_ballot_sync_b32", "Wpw", vote_ballot},
    {"vote_all_sync_pred", "Ppw", vote_all},
    {"vote_any_sync_pred", "Ppw", vote_any},
    {"vote_uni_sync_pred", "Ppw", vote_uni},
    {"match_any_sync_b32", "Www", match_any_b32},
    {"match_any_sync_b64", "Wdw", match_any_b64},
    {"match_all_sync_b32", "W|Pww", match_all_b32},
    {"match_all_sync_b64", "W|Pdw", match_all_b64},
    {"elect_sync", "W|Pw", elect_sync},
    {"bar_warp_sync", "w", bar_warp_sync},
    {NULL, NULL, NULL},
};
