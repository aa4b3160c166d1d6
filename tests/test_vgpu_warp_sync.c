/* shfl, vote, match, redux, elect and special registers of the virtual GPU, by the PTX ISA's definitions. */
#include "instruction/machine.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

TestSuite(vgpu_warp_sync, .init = machine_open, .fini = machine_close);

/*
 * Each lane runs text on x (its word of the input) and stores d, and q as 0 or 1. Lanes not in `on` do not take part;
 * m is the member mask of a lane.
 */
struct warp_case {
    uint32_t in[32], members[32], on;
    uint32_t d[32], q[32];
};

static void run_warp(struct warp_case *warp, const char *text) {
    uint32_t *in, *out;
    uint64_t in_array = machine_array(256, &in), out_array = machine_array(256, &out);
    char ptx[2048];
    snprintf(
        ptx, sizeof ptx,
        PTX_KERNEL
        "{\n.reg .pred q, off, r; .reg .b64 i, o, t, g; .reg .b32 x, m, d, l, w, lane;\n"
        "ld.param.u64 i, [p0]; ld.param.u64 o, [p1]; ld.param.u32 w, [p2]; mov.u32 lane, %%tid.x;\n"
        "mul.wide.u32 t, lane, 8; add.u64 i, i, t; add.u64 o, o, t; ld.global.v2.u32 {x, m}, [i];\n"
        "shr.u32 w, w, lane; and.b32 w, w, 1; setp.eq.u32 off, w, 0; mov.u32 d, 99; setp.ne.u32 q, 0, 0;\n"
        "@off bra END;\n%s\nselp.b32 l, 1, 0, q;\nst.global.v2.u32 [o], {d, l};\nEND: ret;\n}\n",
        text);
    for (unsigned l = 0; l < 32; l++)
        in[2 * l] = warp->in[l], in[2 * l + 1] = warp->members[l];
    struct machine_launch launch = {.ptx = ptx, .parameters = {in_array, out_array, warp->on}};
    cr_assert_eq(machine_run(&launch), LAUNCH_DONE, "%s", text);
    for (unsigned l = 0; l < 32; l++)
        warp->d[l] = out[2 * l], warp->q[l] = out[2 * l + 1];
    memory_free(in_array);
    memory_free(out_array);
}

static struct warp_case whole_warp(void) {
    struct warp_case warp = {.on = ~0u};
    for (unsigned l = 0; l < 32; l++)
        warp.in[l] = l * 2654435761u, warp.members[l] = ~0u;
    return warp;
}

/* The definition: maxLane and minLane come from the segment mask in bits 8 to 12 of c. */
static bool shuffle_source(const char *mode, unsigned lane, unsigned b, unsigned c, unsigned *source) {
    unsigned segment = c >> 8 & 31, clamp = c & 31;
    int most = (int)((lane & segment) | (clamp & ~segment & 31)), least = (int)(lane & segment), j;
    bool inside;
    b &= 31;
    if (strcmp(mode, "up") == 0)
        j = (int)lane - (int)b, inside = j >= most;
    else if (strcmp(mode, "down") == 0)
        j = (int)(lane + b), inside = j <= most;
    else if (strcmp(mode, "bfly") == 0)
        j = (int)(lane ^ b), inside = j <= most;
    else
        j = least | (int)(b & ~segment & 31), inside = j <= most;
    *source = inside ? (unsigned)j : lane;
    return inside;
}

Test(vgpu_warp_sync, shuffles) {
    static const char *const modes[] = {"up", "down", "bfly", "idx"};
    static const unsigned clamps[] = {0x1f, 0x0, 0x181f, 0x1800, 0x1c1f, 0x101f, 0x1f1f, 0x0f};
    for (unsigned mode = 0; mode < 4; mode++) {
        for (unsigned k = 0; k < sizeof clamps / sizeof *clamps; k++) {
            for (unsigned b = 0; b < 34; b += b < 5 ? 1 : 7) {
                struct warp_case warp = whole_warp();
                char text[128];
                snprintf(text, sizeof text, "shfl.sync.%s.b32 d|q, x, %u, %u, m;", modes[mode], b, clamps[k]);
                run_warp(&warp, text);
                for (unsigned l = 0; l < 32; l++) {
                    unsigned source;
                    bool inside = shuffle_source(modes[mode], l, b, clamps[k], &source);
                    cr_assert_eq(warp.d[l], warp.in[source], "%s, lane %u", text, l);
                    cr_assert_eq(warp.q[l], inside, "%s, lane %u", text, l);
                }
            }
        }
    }
}

Test(vgpu_warp_sync, shuffle_into_its_source) {
    struct warp_case warp = whole_warp();
    run_warp(&warp, "shfl.sync.bfly.b32 x, x, 1, 31, m; mov.u32 d, x;");
    for (unsigned l = 0; l < 32; l++)
        cr_assert_eq(warp.d[l], warp.in[l ^ 1]);
}

/* Tiles of four lanes with masks of their own, and lanes that have left. */
static struct warp_case tiles(void) {
    struct warp_case warp = whole_warp();
    warp.on = 0xfff5b00f;
    for (unsigned l = 0; l < 32; l++) {
        warp.members[l] = 0xfu << (l & ~3u);
        warp.in[l] = l * l * 7 % 5;
    }
    return warp;
}

Test(vgpu_warp_sync, votes) {
    struct warp_case warp = tiles();
    run_warp(&warp, "setp.gt.u32 r, x, 2; vote.sync.ballot.b32 d, r, m; vote.sync.all.pred q, r, m;");
    for (unsigned l = 0; l < 32; l++) {
        if (!(warp.on >> l & 1))
            continue;
        uint32_t here = warp.members[l] & warp.on, votes = 0;
        for (unsigned k = 0; k < 32; k++)
            votes |= (uint32_t)(warp.in[k] > 2) << k;
        cr_assert_eq(warp.d[l], votes & here, "lane %u", l);
        cr_assert_eq(warp.q[l], (votes & here) == here, "lane %u", l);
    }
    run_warp(
        &warp,
        "setp.gt.u32 r, x, 3; vote.sync.any.pred q, !r, m; vote.sync.uni.pred r, r, m; selp.u32 d, 1, 0, r;");
    for (unsigned l = 0; l < 32; l++) {
        if (!(warp.on >> l & 1))
            continue;
        uint32_t here = warp.members[l] & warp.on, votes = 0;
        for (unsigned k = 0; k < 32; k++)
            votes |= (uint32_t)(warp.in[k] > 3) << k;
        cr_assert_eq(warp.q[l], (~votes & here) != 0, "lane %u", l);
        cr_assert_eq(warp.d[l], (votes & here) == 0 || (votes & here) == here, "lane %u", l);
    }
}

static uint32_t fold(const char *operation, uint32_t a, uint32_t b) {
    if (strcmp(operation, "add.s32") == 0 || strcmp(operation, "add.u32") == 0)
        return a + b;
    if (strcmp(operation, "min.u32") == 0)
        return a < b ? a : b;
    if (strcmp(operation, "max.u32") == 0)
        return a > b ? a : b;
    if (strcmp(operation, "min.s32") == 0)
        return (int32_t)a < (int32_t)b ? a : b;
    if (strcmp(operation, "max.s32") == 0)
        return (int32_t)a > (int32_t)b ? a : b;
    if (strcmp(operation, "and.b32") == 0)
        return a & b;
    return strcmp(operation, "or.b32") == 0 ? a | b : a ^ b;
}

Test(vgpu_warp_sync, reductions) {
    static const char *const operations[] = {"add.s32", "add.u32", "min.u32", "max.u32", "min.s32",
                                             "max.s32", "and.b32", "or.b32",  "xor.b32"};
    for (unsigned k = 0; k < sizeof operations / sizeof *operations; k++) {
        struct warp_case warp = tiles();
        for (unsigned l = 0; l < 32; l++)
            warp.in[l] = l * 2654435761u;
        char text[64];
        snprintf(text, sizeof text, "redux.sync.%s d, x, m;", operations[k]);
        run_warp(&warp, text);
        for (unsigned l = 0; l < 32; l++) {
            if (!(warp.on >> l & 1))
                continue;
            uint32_t want = warp.in[l];
            for (unsigned j = 0; j < 32; j++)
                if (j != l && (warp.members[l] & warp.on) >> j & 1)
                    want = fold(operations[k], want, warp.in[j]);
            cr_assert_eq(warp.d[l], want, "%s, lane %u", text, l);
        }
    }
}

Test(vgpu_warp_sync, matches) {
    static const char *const texts[] = {"match.any.sync.b32 d, x, m;",
                                        "cvt.u64.u32 t, x; shl.b64 t, t, 32; match.any.sync.b64 d, t, m;"};
    for (unsigned k = 0; k < 2; k++) {
        struct warp_case warp = whole_warp();
        for (unsigned l = 0; l < 32; l++)
            warp.in[l] = l * l % 7;
        run_warp(&warp, texts[k]);
        for (unsigned l = 0; l < 32; l++) {
            uint32_t same = 0;
            for (unsigned j = 0; j < 32; j++)
                same |= (uint32_t)(warp.in[j] == warp.in[l]) << j;
            cr_assert_eq(warp.d[l], same, "lane %u", l);
        }
    }
    struct warp_case warp = tiles();
    for (unsigned l = 0; l < 32; l++)
        warp.in[l] = l < 16 ? 3 : l;
    run_warp(&warp, "match.all.sync.b32 d|q, x, m;");
    for (unsigned l = 0; l < 32; l++) {
        uint32_t here = warp.members[l] & warp.on;
        bool equal = l < 16 || (here & (here - 1)) == 0;
        if (!(warp.on >> l & 1))
            continue;
        cr_assert_eq(warp.d[l], equal ? here : 0, "lane %u", l);
        cr_assert_eq(warp.q[l], equal, "lane %u", l);
    }
}

Test(vgpu_warp_sync, elections) {
    struct warp_case warp = tiles();
    run_warp(&warp, "elect.sync d|q, m;");
    for (unsigned l = 0; l < 32; l++) {
        if (!(warp.on >> l & 1))
            continue;
        unsigned leader = (unsigned)__builtin_ctz(warp.members[l] & warp.on);
        cr_assert_eq(warp.d[l], leader);
        cr_assert_eq(warp.q[l], leader == l);
    }
}

/*
 * Lanes below 11 at one instruction, lanes below 20 at a second and the others at a third, on other registers: as if all were at one.
 * The text has registers x (input), d and q (results), and a predicate r that is set when x is odd; `!r` where it is turned round.
 */
static void check_meeting(const char *text, const char *turned, struct warp_case warp) {
    static const char arms[] =
        "{ .reg .pred first, second; setp.lt.u32 first, lane, 11; setp.lt.u32 second, lane, 20;\n"
        "and.b32 w, x, 1; setp.eq.u32 r, w, 1; @first bra FIRST; @second bra SECOND;\n"
        "%s bra.uni JOIN;\n"
        "FIRST: { .reg .b32 d2, x2; .reg .pred q2, r2; mov.b32 x2, x; not.pred r2, r; mov.u32 d2, 99; "
        "setp.ne.u32 q2, 0, 0;\n"
        "%s mov.b32 d, d2; mov.pred q, q2; } bra.uni JOIN;\n"
        "SECOND: %s JOIN: }";
    struct warp_case together = warp;
    char whole[512], split[1536];
    snprintf(whole, sizeof whole, "and.b32 w, x, 1; setp.eq.u32 r, w, 1; %s", text);
    snprintf(split, sizeof split, arms, text, turned, text);
    run_warp(&together, whole);
    run_warp(&warp, split);
    for (unsigned l = 0; l < 32; l++) {
        cr_assert_eq(warp.d[l], together.d[l], "%s, lane %u: %u, not %u", text, l, warp.d[l], together.d[l]);
        cr_assert_eq(warp.q[l], together.q[l], "%s, lane %u", text, l);
    }
}

Test(vgpu_warp_sync, lanes_meet_across_instructions) {
    static const char *const texts[][2] = {
        {"shfl.sync.up.b32 d|q, x, 3, 0, m;", "shfl.sync.up.b32 d2|q2, x2, 3, 0, m;"},
        {"shfl.sync.down.b32 d|q, x, 5, 31, m;", "shfl.sync.down.b32 d2|q2, x2, 5, 31, m;"},
        {"shfl.sync.bfly.b32 d|q, x, 17, 31, m;", "shfl.sync.bfly.b32 d2|q2, x2, 17, 31, m;"},
        {"shfl.sync.idx.b32 d, x, 13, 31, m;", "shfl.sync.idx.b32 d2, x2, 13, 31, m;"},
        {"vote.sync.ballot.b32 d, r, m;", "vote.sync.ballot.b32 d2, !r2, m;"},
        {"vote.sync.any.pred q, r, m;", "vote.sync.any.pred q2, !r2, m;"},
        {"vote.sync.all.pred q, r, m;", "vote.sync.all.pred q2, !r2, m;"},
        {"vote.sync.uni.pred q, r, m;", "vote.sync.uni.pred q2, !r2, m;"},
        {"match.any.sync.b32 d, x, m;", "match.any.sync.b32 d2, x2, m;"},
        {"match.all.sync.b32 d|q, w, m;", "and.b32 x2, x2, 1; match.all.sync.b32 d2|q2, x2, m;"},
        {"cvt.u64.u32 t, x; match.any.sync.b64 d, t, m;",
         "{ .reg .b64 t2; cvt.u64.u32 t2, x2; match.any.sync.b64 d2, t2, m; }"},
        {"redux.sync.add.u32 d, x, m;", "redux.sync.add.u32 d2, x2, m;"},
        {"redux.sync.max.s32 d, x, m;", "redux.sync.max.s32 d2, x2, m;"},
        {"elect.sync d|q, m;", "elect.sync d2|q2, m;"},
    };
    for (unsigned k = 0; k < sizeof texts / sizeof *texts; k++) {
        check_meeting(texts[k][0], texts[k][1], whole_warp());
        if (strncmp(texts[k][0], "shfl", 4) == 0) /* which must not read lanes of another mask */
            continue;
        check_meeting(texts[k][0], texts[k][1], tiles());
        struct warp_case halves = whole_warp(); /* each mask's lanes at three instructions; some have left */
        for (unsigned l = 0; l < 32; l++)
            halves.members[l] = l & 1 ? 0xaaaaaaaa : 0x55555555;
        halves.on = 0x7ff3bfef;
        check_meeting(texts[k][0], texts[k][1], halves);
    }
}

/* Other qualifiers, or another mask: the ISA has them wait for one another. */
Test(vgpu_warp_sync, different_kinds_do_not_meet) {
    static const char *const pairs[][2] = {
        {"shfl.sync.up.b32 d, d, 1, 0, -1;", "shfl.sync.down.b32 d, d, 1, 31, -1;"},
        {"redux.sync.add.u32 d, d, -1;", "redux.sync.add.s32 d, d, -1;"},
        {"vote.sync.any.pred p, p, -1;", "vote.sync.all.pred p, p, -1;"},
        {"match.any.sync.b32 d, d, -1;", "match.any.sync.b32 d, d, 0x7fffffff;"},
    };
    checks_enabled = 0;
    for (unsigned k = 0; k < sizeof pairs / sizeof *pairs; k++) {
        char ptx[1024];
        snprintf(ptx, sizeof ptx,
                 PTX_KERNEL "{ .reg .pred p; .reg .b32 d; mov.u32 d, %%laneid; setp.lt.u32 p, d, 9; @p bra "
                            "A;\n%s ret;\nA: %s ret; }",
                 pairs[k][0], pairs[k][1]);
        struct machine_launch launch = {.ptx = ptx};
        cr_assert_eq(machine_run(&launch), LAUNCH_DEADLOCK, "%s and %s", pairs[k][0], pairs[k][1]);
    }
}

Test(vgpu_warp_sync, active_mask) {
    struct warp_case warp = whole_warp();
    warp.on = 0x00ff1234;
    run_warp(&warp, "activemask.b32 d;");
    for (unsigned l = 0; l < 32; l++)
        if (warp.on >> l & 1)
            cr_assert_eq(warp.d[l], warp.on);
}

/* What a thread sees of itself: 3 blocks of 48 threads. */
Test(vgpu_warp_sync, special_registers) {
    static const char *const names[] = {
        "%tid.x",       "%ntid.x",      "%ctaid.x",           "%nctaid.x",        "%laneid",      "%warpid",
        "%lanemask_lt", "%lanemask_le", "%lanemask_eq",       "%lanemask_gt",     "%lanemask_ge", "%nsmid",
        "%tid.y",       "%ntid.z",      "%dynamic_smem_size", "%cluster_nctarank"};
    for (unsigned k = 0; k < sizeof names / sizeof *names; k++) {
        uint32_t *out;
        uint64_t array = machine_array(3 * 48 * 4, &out);
        char ptx[1024];
        snprintf(ptx, sizeof ptx,
                 PTX_KERNEL "{ .reg .b64 o, t; .reg .b32 x, y, z; ld.param.u64 o, [p0]; mov.u32 x, "
                            "%%ctaid.x; mov.u32 y, %%tid.x;"
                            " mad.lo.u32 x, x, 48, y; mul.wide.u32 t, x, 4; add.u64 o, o, t; mov.u32 z, %s; "
                            "st.global.u32 [o], z; ret; }",
                 names[k]);
        struct machine_launch launch = {
            .ptx = ptx, .blocks = 3, .threads = 48, .dynamic_shared = 128, .parameters = {array}};
        cr_assert_eq(machine_run(&launch), LAUNCH_DONE);
        for (unsigned i = 0; i < 3 * 48; i++) {
            unsigned thread = i % 48, lane = thread % 32;
            const uint32_t want[] = {thread,
                                     48,
                                     i / 48,
                                     3,
                                     lane,
                                     thread / 32,
                                     (1u << lane) - 1,
                                     (uint32_t)((2ull << lane) - 1),
                                     1u << lane,
                                     (uint32_t) ~((2ull << lane) - 1),
                                     ~((1u << lane) - 1),
                                     132,
                                     0,
                                     1,
                                     128,
                                     1};
            cr_assert_eq(out[i], want[k], "%s of thread %u: %u", names[k], i, out[i]);
        }
        memory_free(array);
    }
}

Test(vgpu_warp_sync, clocks_advance) {
    struct warp_case warp = whole_warp();
    run_warp(&warp,
             "mov.u32 w, %clock; add.u32 d, x, 1; mov.u32 d, %clock; sub.u32 d, d, w; mov.u64 t, "
             "%clock64; mov.u64 g, %globaltimer;"
             " setp.ge.u64 q, g, t; { .reg .b32 h, low, high; mov.u32 h, %clock_hi; mov.b64 {low, high}, t; "
             "setp.eq.and.u32 q, h, high, q; }");
    for (unsigned l = 0; l < 32; l++) {
        cr_assert_gt((int)warp.d[l], 0);
        cr_assert(warp.q[l]);
    }
}
