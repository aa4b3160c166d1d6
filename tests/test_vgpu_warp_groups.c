/* Every warp operation on random groups of lanes, each with its own member mask, the other lanes guarded off and unchanged. */
#include "instruction/machine.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

TestSuite(vgpu_warp_groups, .init = machine_open, .fini = machine_close);

enum { LANES = 32, ROUNDS = 40, UNTOUCHED = 99 };

static uint32_t random_word(void) {
    static uint64_t state = 0x9e3779b97f4a7c15;
    state = state * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(state >> 32);
}

/* What lane l sees: a its value, v its second one, b and c shuffle operands, m its member mask (0: the lane is off). */
static struct lane { uint32_t a, v, b, c, m; } lanes[LANES];
static struct { uint32_t d, q; } results[LANES];

/* Lanes fall into up to four groups and those that are off; values repeat, and sometimes all are the same. */
static void draw(void) {
    uint32_t groups[4] = {0}, few = random_word() % 4;
    unsigned of[LANES];
    for (unsigned l = 0; l < LANES; l++) {
        of[l] = random_word() % 5;
        if (few == 0)
            of[l] = random_word() % 8 == 0 ? 4 : 0;
        if (of[l] < 4)
            groups[of[l]] |= 1u << l;
    }
    for (unsigned l = 0; l < LANES; l++) {
        uint32_t value = random_word();
        lanes[l] = (struct lane){.a = few == 1   ? 7
                                      : few == 2 ? value % 3
                                                 : value,
                                 .v = random_word() % 2,
                                 .b = random_word() % 40,
                                 .c = (random_word() & 0x1f1f) | (random_word() % 2 ? 0x1f : 0),
                                 .m = of[l] < 4 ? groups[of[l]] : 0};
    }
}

static void run(const char *text) {
    struct lane *in;
    uint32_t *out;
    uint64_t in_array = machine_array(sizeof lanes, &in), out_array = machine_array(sizeof results, &out);
    char ptx[2048];
    snprintf(ptx, sizeof ptx,
             PTX_KERNEL
             "{\n.reg .pred on, q, r, s; .reg .b64 i, o, t, g; .reg .b32 a, v, b, c, m, d, l, lane;\n"
             "ld.param.u64 i, [p0]; ld.param.u64 o, [p1]; mov.u32 lane, %%tid.x; mul.wide.u32 t, lane, 20; "
             "add.u64 i, i, t;"
             " mul.wide.u32 t, lane, 8; add.u64 o, o, t;\nld.global.u32 a, [i]; ld.global.u32 v, [i+4]; "
             "ld.global.u32 b, [i+8];"
             " ld.global.u32 c, [i+12]; ld.global.u32 m, [i+16];\nmov.b64 g, {a, v}; setp.ne.u32 on, m, 0; "
             "setp.ne.u32 r, v, 0;"
             " mov.u32 d, %u; setp.ne.u32 q, 0, 0;\n@on %s\nselp.b32 l, 1, 0, q;\nst.global.v2.u32 [o], {d, "
             "l};\nret;\n}\n",
             UNTOUCHED, text);
    memcpy(in, lanes, sizeof lanes);
    struct machine_launch launch = {.ptx = ptx, .parameters = {in_array, out_array}};
    cr_assert_eq(machine_run(&launch), LAUNCH_DONE, "%s", text);
    memcpy(results, out, sizeof results);
    memory_free(in_array);
    memory_free(out_array);
}

/* What d and q must be of lane l; UNTOUCHED and 0 where the instruction has no such result. False: the ISA leaves it open. */
typedef bool meaning(unsigned l, uint32_t *d, uint32_t *q);

static void check(const char *text, meaning *meaning) {
    for (unsigned round = 0; round < ROUNDS; round++) {
        draw();
        run(text);
        for (unsigned l = 0; l < LANES; l++) {
            uint32_t d = UNTOUCHED, q = 0;
            if (lanes[l].m && !meaning(l, &d, &q))
                continue;
            cr_assert(results[l].d == d && results[l].q == q,
                      "round %u: %s, lane %u of group 0x%x: %u and %u, expected %u and %u", round, text, l,
                      lanes[l].m, results[l].d, results[l].q, d, q);
        }
    }
}

/* shfl: the segment and its bounds from c, the source from b. */
static char mode;
static bool shuffled(unsigned l, uint32_t *d, uint32_t *q) {
    unsigned segment = lanes[l].c >> 8 & 31, clamp = lanes[l].c & 31, b = lanes[l].b & 31;
    int most = (int)((l & segment) | (clamp & ~segment)), least = (int)(l & segment), source;
    if (mode == 'u')
        source = (int)l - (int)b, *q = source >= most;
    else if (mode == 'd')
        source = (int)(l + b), *q = source <= most;
    else if (mode == 'b')
        source = (int)(l ^ b), *q = source <= most;
    else
        source = least | (int)(b & ~segment), *q = source <= most;
    if (!*q)
        source = (int)l;
    *d = lanes[source & 31].a;
    return lanes[l].m >> (source & 31) & 1;
}

Test(vgpu_warp_groups, shuffles) {
    static const char *const modes[] = {"up", "down", "bfly", "idx"};
    for (unsigned k = 0; k < 4; k++) {
        char text[64];
        mode = modes[k][0];
        snprintf(text, sizeof text, "shfl.sync.%s.b32 d|q, a, b, c, m;", modes[k]);
        check(text, shuffled);
    }
}

static uint32_t votes(unsigned l) {
    uint32_t yes = 0;
    for (unsigned k = 0; k < LANES; k++)
        yes |= (lanes[l].m >> k & 1 && lanes[k].v) << k;
    return yes;
}
static bool ballot(unsigned l, uint32_t *d, uint32_t *q) { return (void)q, *d = votes(l), true; }
static bool every(unsigned l, uint32_t *d, uint32_t *q) { return (void)d, *q = votes(l) == lanes[l].m, true; }
static bool any(unsigned l, uint32_t *d, uint32_t *q) { return (void)d, *q = votes(l) != 0, true; }
static bool uniform(unsigned l, uint32_t *d, uint32_t *q) {
    return (void)d, *q = votes(l) == 0 || votes(l) == lanes[l].m, true;
}

Test(vgpu_warp_groups, votes) {
    check("vote.sync.ballot.b32 d, r, m;", ballot);
    check("vote.sync.all.pred q, r, m;", every);
    check("vote.sync.any.pred q, r, m;", any);
    check("vote.sync.uni.pred q, r, m;", uniform);
    check("vote.ballot.sync.b32 d, r, m;", ballot);
    check("vote.all.sync.pred q, r, m;", every);
    check("vote.any.sync.pred q, r, m;", any);
    check("vote.uni.sync.pred q, r, m;", uniform);
}

static bool is_wide;
static uint32_t equal_lanes(unsigned l) {
    uint32_t same = 0;
    for (unsigned k = 0; k < LANES; k++)
        same |= (uint32_t)(lanes[l].m >> k & 1 && lanes[k].a == lanes[l].a &&
                           (!is_wide || lanes[k].v == lanes[l].v))
                << k;
    return same;
}
static bool match_any(unsigned l, uint32_t *d, uint32_t *q) { return (void)q, *d = equal_lanes(l), true; }
static bool match_all(unsigned l, uint32_t *d, uint32_t *q) {
    *q = equal_lanes(l) == lanes[l].m;
    *d = *q ? lanes[l].m : 0;
    return true;
}
static bool match_all_mask(unsigned l, uint32_t *d, uint32_t *q) {
    match_all(l, d, q);
    *q = 0;
    return true;
}

Test(vgpu_warp_groups, matches) {
    is_wide = false;
    check("match.any.sync.b32 d, a, m;", match_any);
    check("match.all.sync.b32 d|q, a, m;", match_all);
    check("match.all.sync.b32 d, a, m;", match_all_mask);
    is_wide = true;
    check("match.any.sync.b64 d, g, m;", match_any);
    check("match.all.sync.b64 d|q, g, m;", match_all);
}

static const struct reduction {
    const char *name;
    uint32_t (*fold)(uint32_t a, uint32_t b);
} * reduction;
#define FOLD(name, result)                                                                                   \
    static uint32_t name(uint32_t a, uint32_t b) { return (result); }
FOLD(sum, a + b)
FOLD(least, a < b ? a : b)
FOLD(most, a > b ? a : b)
FOLD(least_signed, (int32_t)a < (int32_t)b ? a : b)
FOLD(most_signed, (int32_t)a > (int32_t)b ? a : b)
FOLD(both, a &b)
FOLD(either, a | b)
FOLD(one_of, a ^ b)
static bool reduced(unsigned l, uint32_t *d, uint32_t *q) {
    (void)q;
    bool first = true;
    for (unsigned k = 0; k < LANES; k++)
        if (lanes[l].m >> k & 1)
            *d = first ? lanes[k].a : reduction->fold(*d, lanes[k].a), first = false;
    return true;
}

Test(vgpu_warp_groups, reductions) {
    static const struct reduction reductions[] = {
        {"add.u32", sum},  {"add.s32", sum},          {"min.u32", least},
        {"max.u32", most}, {"min.s32", least_signed}, {"max.s32", most_signed},
        {"and.b32", both}, {"or.b32", either},        {"xor.b32", one_of}};
    for (reduction = reductions; reduction < reductions + 9; reduction++) {
        char text[64];
        snprintf(text, sizeof text, "redux.sync.%s d, a, m;", reduction->name);
        check(text, reduced);
    }
}

/* The ISA leaves the leader open; it is the same for all of a group, one of them, and the only one with the predicate. */
static bool elected(unsigned l, uint32_t *d, uint32_t *q) {
    unsigned first = (unsigned)__builtin_ctz(lanes[l].m);
    *d = results[first].d;
    *q = l == *d;
    cr_assert(*d < LANES && lanes[l].m >> *d & 1, "lane %u was elected by group 0x%x", *d, lanes[l].m);
    return true;
}
static bool active(unsigned l, uint32_t *d, uint32_t *q) {
    (void)l, (void)q;
    *d = 0;
    for (unsigned k = 0; k < LANES; k++)
        *d |= (uint32_t)(lanes[k].m != 0) << k;
    return true;
}

Test(vgpu_warp_groups, elections_and_active_lanes) {
    check("elect.sync d|q, m;", elected);
    check("activemask.b32 d;", active);
}
