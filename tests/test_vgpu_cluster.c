/* Clusters of the virtual GPU: their barrier, addresses into the shared memory of other blocks, what must be found. */
#include "instruction/machine.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

TestSuite(vgpu_cluster, .init = machine_open, .fini = machine_close);

/* r rank, b block, x thread, t where the thread's result goes, s its word of shared memory, g the same as a generic address. */
#define HEAD                                                                                                 \
    PTX_KERNEL                                                                                               \
    "{\n.reg .b64 o, t, g, h, k; .reg .b32 r, b, x, y, z, w, n, s, c; .reg .pred p, q; .shared .b32 "        \
    "words[1024];\n"                                                                                         \
    "ld.param.u64 o, [p0]; mov.u32 x, %tid.x; mov.u32 b, %ctaid.x; mov.u32 r, %cluster_ctarank;"             \
    " mov.u32 n, %ntid.x; mad.lo.u32 y, b, n, x; mul.wide.u32 t, y, 4; add.u64 t, o, t; mov.u32 s, words;"   \
    " mad.lo.u32 s, x, 4, s; cvt.u64.u32 g, s; cvta.shared.u64 g, g;\n"
#define SYNC "barrier.cluster.arrive.release.aligned; barrier.cluster.wait.acquire.aligned;\n"

static uint32_t *run(struct machine_launch *launch, enum launch_outcome expected) {
    uint32_t *out;
    launch->parameters[0] = machine_array(64 * 1024, &out);
    cr_assert_eq(machine_run(launch), expected, "%s", launch->ptx);
    return out;
}

static void found(const char *text) {
    const struct finding *finding = finding_kept(finding_count() - 1);
    cr_assert(finding && strstr(finding->message, text), "%s, not: %s",
              finding ? finding->message : "nothing", text);
}

Test(vgpu_cluster, addresses_keep_rank_and_offset) {
    INSTRUCTION("u32 u32 u32", "mapa.shared::cluster.u32 d, a, b; getctarank.shared::cluster.u32 d, d;",
                b < 16 ? b : UNSPECIFIED);
    INSTRUCTION("u32 u64 u32",
                "cvta.shared.u64 t, a; mapa.u64 t, t, b; getctarank.u64 d, t; isspacep.shared::cluster p, t;"
                "@!p add.u32 d, d, 1000;",
                b < 16 ? b : UNSPECIFIED);
    INSTRUCTION("u32 u64 u32",
                "cvta.shared.u64 t, a; mapa.u64 t, t, b; isspacep.shared::cta p, t; selp.u32 d, 1, 0, p;",
                b < 16 ? b == 0 : UNSPECIFIED);
    INSTRUCTION("u32 u64",
                "cvta.shared::cluster.u64 t, a; cvta.to.shared::cluster.u64 t, t; cvt.u32.u64 d, t;",
                (uint32_t)a);
}

/* Every lane reads from another rank, by each width and both forms of address. */
Test(vgpu_cluster, lanes_reach_different_blocks) {
    struct machine_launch launch = {
        .ptx = HEAD
        "mad.lo.u32 y, b, 1000, x; st.shared.u32 [s], y;\n" SYNC
        "add.u32 z, r, x; and.b32 z, z, 3; mapa.shared::cluster.u32 w, s, z; ld.shared::cluster.u32 y, [w];"
        " mapa.u64 h, g, z; ld.u32 c, [h]; setp.ne.u32 p, c, y; @p mov.u32 y, 7;"
        " ld.shared::cluster.u16 c, [w]; and.b32 n, y, 65535; setp.ne.u32 p, c, n; @p mov.u32 y, 8;\n" SYNC
        "st.global.u32 [t], y; ret; }",
        .blocks = 8,
        .threads = 64,
        .cluster = 4};
    uint32_t *out = run(&launch, LAUNCH_DONE);
    for (unsigned b = 0; b < 8; b++)
        for (unsigned x = 0; x < 64; x++)
            cr_assert_eq(out[64 * b + x], (b / 4 * 4 + (b % 4 + x) % 4) * 1000 + x);
    cr_assert_eq(launch.counts.cluster_barriers, 4);
}

Test(vgpu_cluster, vectors_stores_and_atomics) {
    struct machine_launch launch = {
        .ptx = HEAD
        "st.shared.u32 [s], 0; st.shared.u32 [s+2048], 0;\n" SYNC
        "add.u32 z, r, 1; and.b32 z, z, 1; mul.lo.u32 w, x, 12; add.u32 w, s, w; mapa.shared::cluster.u32 w, "
        "w, z;"
        " setp.ge.u32 p, x, 16; add.u32 c, x, 100; @!p st.shared::cluster.v4.u32 [w], {x, c, r, z};\n"
        "mapa.shared::cluster.u32 w, s, 0; mov.u32 y, words; add.u32 y, y, 2048; mapa.shared::cluster.u32 y, "
        "y, 1;"
        " atom.add.shared::cluster.u32 c, [y], 3; cvt.u64.u32 h, y; cvta.shared::cluster.u64 h, h;"
        " red.relaxed.cluster.add.u32 [h], 4; red.relaxed.cluster.shared::cluster.max.u32 [y+4], x;\n" SYNC
        "ld.shared.u32 y, [s]; setp.eq.u32 p, x, 63; @p ld.shared.u32 y, [s+1796]; setp.eq.u32 p, x, 62;"
        " @p ld.shared.u32 y, [s+1804]; st.global.u32 [t], y; ret; }",
        .blocks = 2,
        .threads = 64,
        .cluster = 2};
    uint32_t *out = run(&launch, LAUNCH_DONE);
    for (unsigned r = 0; r < 2; r++) {
        uint32_t *of = out + 64 * r;
        for (unsigned x = 0; x < 62; x++) {
            uint32_t parts[4] = {x / 4, x / 4 + 100, 1 - r, r};
            cr_assert_eq(of[x], parts[x % 4], "%u %u: %u", r, x, of[x]);
        }
        cr_assert_eq(of[63], r == 1 ? 128 * 7 : 0);
        cr_assert_eq(of[62], r == 1 ? 63 : 0);
    }
}

/* Threads may do other things between arriving and waiting; those that have ended are not waited for. */
Test(vgpu_cluster, barrier_in_two_halves) {
    struct machine_launch launch = {
        .ptx = HEAD
        "setp.ge.u32 p, x, 70; @p exit; st.shared.u32 [s], b; setp.eq.u32 p, r, 1; @!p bra ON;\n"
        "setp.ge.u32 p, x, 40; @p exit;\nON: barrier.cluster.arrive.release; mov.u32 n, 0;\n"
        "LOOP: add.u32 n, n, 1; setp.lt.u32 q, n, 1000; @q bra LOOP;\nbarrier.cluster.wait.acquire;\n"
        "mapa.shared::cluster.u32 w, s, 0; ld.shared::cluster.u32 y, [w]; add.u32 y, y, n;\n"
        "barrier.cluster.arrive.relaxed; barrier.cluster.wait; st.global.u32 [t], y; ret; }",
        .blocks = 6,
        .threads = 96,
        .cluster = 3};
    uint32_t *out = run(&launch, LAUNCH_DONE);
    for (unsigned b = 0; b < 6; b++)
        for (unsigned x = 0; x < 96; x++)
            cr_assert_eq(out[96 * b + x], x < (b % 3 == 1 ? 40 : 70) ? b / 3 * 3 + 1000 : 0);
}

/* A thread that arrives and ends does not count for one that has yet to come. */
Test(vgpu_cluster, ending_after_arriving) {
    struct machine_launch launch = {
        .ptx = HEAD
        "st.shared.u32 [s], 1; setp.eq.u32 p, r, 3; @!p bra ARRIVE;\nmov.u32 n, 0;\n"
        "LOOP: bar.sync 0; add.u32 n, n, 1; setp.lt.u32 q, n, 1000; @q bra LOOP;\nst.shared.u32 [s], 5;\n"
        "ARRIVE: barrier.cluster.arrive; setp.eq.u32 p, r, 0; @p exit; barrier.cluster.wait;\n"
        "mapa.shared::cluster.u32 w, s, 3; ld.shared::cluster.u32 y, [w]; st.global.u32 [t], y;\n" SYNC
        "ret; }",
        .blocks = 4,
        .threads = 48,
        .cluster = 4};
    uint32_t *out = run(&launch, LAUNCH_DONE);
    for (unsigned k = 0; k < 4 * 48; k++)
        cr_assert_eq(out[k], k < 48 ? 0 : 5);
    cr_assert_eq(finding_count(), 0);
}

/* Blocks of one cluster are resident together even where the device holds no other block. */
Test(vgpu_cluster, resident_together) {
    struct machine_launch launch = {
        .ptx = HEAD
        "mov.u32 y, %clusterid.x; mul.wide.u32 h, y, 4; add.u64 h, o, h; setp.eq.u32 p, x, 0;\n"
        "@p red.global.add.u32 [h+8192], 1;\nSPIN: ld.volatile.global.u32 y, [h+8192]; setp.lt.u32 q, y, 8;"
        " @q bra SPIN;\nst.global.u32 [t], y; ret; }",
        .blocks = 24,
        .threads = 32,
        .cluster = 8,
        .resident = 8};
    uint32_t *out = run(&launch, LAUNCH_DONE);
    for (unsigned k = 0; k < 24 * 32; k++)
        cr_assert_eq(out[k], 8);
}

/* The memory of a block that has ended can be read as long as its cluster lives, and each such block is found once. */
Test(vgpu_cluster, memory_of_an_ended_block) {
    struct machine_launch launch = {
        .ptx = HEAD
        "add.u32 y, b, 50; st.shared.u32 [s], y; barrier.cluster.arrive; setp.eq.u32 p, r, 0; @p exit;"
        " barrier.cluster.wait;\nmapa.shared::cluster.u32 w, s, 0; ld.shared::cluster.u32 y, [w];"
        " st.global.u32 [t], y; ret; }",
        .blocks = 4,
        .threads = 32,
        .cluster = 2};
    uint32_t *out = run(&launch, LAUNCH_DONE);
    for (unsigned k = 0; k < 32; k++) {
        cr_assert_eq(out[32 + k], 50);
        cr_assert_eq(out[96 + k], 52);
    }
    cr_assert_eq(finding_count(), 2);
    found("shared memory of block 2,0,0 is used although all its threads have ended");
}

Test(vgpu_cluster, a_launch_without_clusters) {
    struct machine_launch launch = {
        .ptx =
            HEAD SYNC "mov.u32 y, %cluster_nctarank; mov.pred p, %is_explicit_cluster; @p add.u32 y, y, 10;"
                      " st.shared.u32 [s], y; mapa.shared::cluster.u32 w, s, 0; ld.shared.u32 z, [w];"
                      " st.global.u32 [t], z; ret; }",
        .blocks = 3};
    uint32_t *out = run(&launch, LAUNCH_DONE);
    for (unsigned k = 0; k < 96; k++)
        cr_assert_eq(out[k], 1);
}

Test(vgpu_cluster, faults) {
    static const struct {
        const char *text, *message;
        enum launch_outcome outcome;
    } faults[] = {
        {"mapa.shared::cluster.u32 w, s, 2; ld.shared::cluster.u32 y, [w]; ", "outside", LAUNCH_FAILURE},
        {"mapa.shared::cluster.u32 w, s, 1; ld.shared::cluster.u32 y, [w+4096]; ",
         "shared memory of the block with rank 1", LAUNCH_FAILURE},
        {"mapa.shared::cluster.u32 w, s, 1; ld.shared::cluster.u32 y, [w+2]; ", "misaligned",
         LAUNCH_MISALIGNED},
        {"mapa.shared::cluster.u32 w, s, 1; ld.shared.u32 y, [w]; ", "own block's memory alone",
         LAUNCH_FAILURE},
        {"barrier.cluster.wait; ", "has not arrived", LAUNCH_FAILURE},
        {"barrier.cluster.arrive; barrier.cluster.arrive; ", "arrive again", LAUNCH_FAILURE},
        {"setp.eq.u32 p, r, 0; @p barrier.cluster.arrive; @p barrier.cluster.wait; bar.sync 1, 64; ",
         "deadlock: no thread of block 1,0,0", LAUNCH_DEADLOCK},
    };
    for (size_t k = 0; k < sizeof faults / sizeof *faults; k++) {
        char text[4096];
        snprintf(text, sizeof text, "%s%s ret; }", HEAD, faults[k].text);
        struct machine_launch launch = {.ptx = text, .blocks = 2, .cluster = 2};
        run(&launch, faults[k].outcome);
        found(faults[k].message);
    }
}
