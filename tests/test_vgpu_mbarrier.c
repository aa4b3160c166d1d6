/* mbarriers and bulk copies of the virtual GPU, as the PTX ISA describes them, and their misuse, which must be found. */
#include "instruction/machine.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

TestSuite(vgpu_mbarrier, .init = machine_open, .fini = machine_close);

/* m the address of an mbarrier, v and u states, o results, i input; OUT(k) stores y as the k-th result of the thread. */
#define HEAD                                                                                                 \
    PTX_KERNEL                                                                                               \
    "{\n.reg .b64 o, i, t, u, v, g; .reg .b32 r, x, y, z, w, m, n, d; .reg .b16 h; .reg .pred p, q;\n"       \
    ".shared .align 512 .b8 tile[1024]; .shared .align 8 .b64 bar;\n"                                        \
    "ld.param.u64 o, [p0]; ld.param.u64 i, [p1]; mov.u32 x, %tid.x; mov.u32 r, %cluster_ctarank; mov.u32 "   \
    "y, %ctaid.x;"                                                                                           \
    " mov.u32 n, %ntid.x; mad.lo.u32 y, y, n, x; mul.wide.u32 t, y, 64; add.u64 t, o, t; mov.u32 m, bar;"    \
    " mov.u32 d, tile; mov.b64 v, 0;\n"
#define OUT(k) " st.global.u32 [t+4*" #k "], y;\n"
#define TEST(k, parity)                                                                                      \
    "mbarrier.test_wait.parity.shared.b64 p, [m], " #parity "; selp.u32 y, 1, 0, p; st.global.u32 [t+" #k    \
    "], y;\n"
#define TEST_STATE(k, state)                                                                                 \
    "mbarrier.test_wait.shared::cta.b64 p, [m], " #state "; selp.u32 y, 1, 0, p; st.global.u32 [t+" #k       \
    "], y;\n"

static uint32_t *run(struct machine_launch *launch, enum launch_outcome expected) {
    uint32_t *out, *in;
    launch->parameters[0] = machine_array(64 * 1024, &out);
    launch->parameters[1] = machine_array(4096, &in);
    for (uint32_t k = 0; k < 1024; k++)
        in[k] = 3 * k + 1;
    cr_assert_eq(machine_run(launch), expected, "%s", launch->ptx);
    return out;
}

static void expect(const uint32_t *out, const char *bits) {
    for (unsigned k = 0; bits[k]; k++)
        cr_assert_eq(out[k], (uint32_t)(bits[k] - '0'), "result %u is %u in %s", k, out[k], bits);
}

/* One thread takes a barrier of three arrivals through two phases. */
Test(vgpu_mbarrier, phases) {
    struct machine_launch launch = {
        .ptx = HEAD "mbarrier.init.shared.b64 [m], 3;\n" TEST(0, 0) TEST(
            4, 1) "mbarrier.arrive.shared.b64 v, [m]; mbarrier.pending_count.b64 y, v; st.global.u32 "
                  "[t+8], y;\n" TEST_STATE(
                      12, v) "mbarrier.arrive.shared::cta.b64 u, [m], 2; mbarrier.pending_count.b64 y, u; "
                             "st.global.u32 [t+16], y;\n" TEST_STATE(20, v) TEST_STATE(24, u) TEST(28, 0)
                                 TEST(32, 1) "mbarrier.arrive.release.cta.shared::cta.b64 u, [m], 3;\n" TEST(
                                     36, 0) TEST(40, 1) "mbarrier.pending_count.b64 y, u; st.global.u32 "
                                                        "[t+44], y; mbarrier.inval.shared.b64 [m]; ret; }",
        .threads = 1};
    expect(run(&launch, LAUNCH_DONE), "013021110013");
}

/* Bytes may come before they are expected; a phase waits for both counts. */
Test(vgpu_mbarrier, transactions) {
    struct machine_launch launch = {
        .ptx = HEAD
        "mbarrier.init.shared.b64 [m], 1; mbarrier.expect_tx.relaxed.cta.shared::cta.b64 [m], 100;"
        " mbarrier.arrive.shared.b64 _, [m];\n" TEST(
            0, 0) "mbarrier.complete_tx.relaxed.cta.shared::cta."
                  "b64 [m], 60;\n" TEST(
                      4, 0) "mbarrier.complete_"
                            "tx.relaxed.cluster."
                            "shared::cluster.b64 "
                            "[m], 40;\n" TEST(8, 0) "mbarrier.complete_tx.shared.b64 [m], 1000;\n" TEST(
                                12, 1) "mbarrier."
                                       "arrive."
                                       "expect_tx."
                                       "release.cta."
                                       "shared::cta."
                                       "b64 v, [m], "
                                       "1000;\n" TEST(16, 1) TEST_STATE(20, v) "mb"
                                                                               "ar"
                                                                               "ri"
                                                                               "er"
                                                                               ".e"
                                                                               "xp"
                                                                               "ec"
                                                                               "t_"
                                                                               "tx"
                                                                               ".s"
                                                                               "ha"
                                                                               "re"
                                                                               "d."
                                                                               "b6"
                                                                               "4 "
                                                                               "[m"
                                                                               "],"
                                                                               " 1"
                                                                               "04"
                                                                               "85"
                                                                               "75"
                                                                               "; "
                                                                               "mb"
                                                                               "ar"
                                                                               "ri"
                                                                               "er"
                                                                               ".c"
                                                                               "om"
                                                                               "pl"
                                                                               "et"
                                                                               "e_"
                                                                               "tx"
                                                                               ".s"
                                                                               "ha"
                                                                               "re"
                                                                               "d."
                                                                               "b6"
                                                                               "4 "
                                                                               "[m"
                                                                               "],"
                                                                               " 1"
                                                                               "04"
                                                                               "85"
                                                                               "75"
                                                                               ";"
                                                                               "\n" TEST(24, 0) "ret; }",
        .threads = 1};
    expect(run(&launch, LAUNCH_DONE), "0010110");
}

Test(vgpu_mbarrier, drops_and_no_complete) {
    struct machine_launch launch = {
        .ptx = HEAD
        "mbarrier.init.shared.b64 [m], 5; mbarrier.arrive.noComplete.shared.b64 v, "
        "[m], 2;\n" TEST(0, 0) "mbarrier.arrive_drop.shared.b64 v, [m]; "
                               "mbarrier.arrive_drop.noComplete.shared.b64 v, [m], "
                               "1;\n" TEST(4, 0) "mbarrier.arrive_drop.expect_tx.shared.b64 v, "
                                                 "[m], 16; mbarrier.complete_tx.shared.b64 [m], "
                                                 "16;\n" TEST(8, 0) "mbarrier.arrive.shared.b64 v, "
                                                                    "[m]; mbarrier.pending_count.b64 "
                                                                    "y, v; st.global.u32 [t+12], "
                                                                    "y;\n" TEST(16, 1) "mbarrier.arrive_"
                                                                                       "drop.shared.b64 "
                                                                                       "v, [m], "
                                                                                       "1;\n" TEST(20, 1) "re"
                                                                                                          "t;"
                                                                                                          " "
                                                                                                          "}",
        .threads = 1};
    expect(run(&launch, LAUNCH_DONE), "001201");
}

/* Threads of four warps meet; those that wait are woken by the last. By generic address, with a time to wait. */
Test(vgpu_mbarrier, waiting_threads) {
    struct machine_launch launch = {
        .ptx = HEAD
        "setp.ne.u32 p, x, 0; cvt.u64.u32 g, m; cvta.shared.u64 g, g; @!p mbarrier.init.b64 [g], 128;"
        " bar.sync 0; mov.u32 z, 0;\nAGAIN: shl.b32 y, x, 2; and.b32 y, y, 1023; add.u32 w, d, y;"
        " add.u32 y, x, z; st.shared.u32 [w], y; mbarrier.arrive.b64 v, [g];\n"
        "WAIT: mbarrier.try_wait.acquire.cta.b64 p, [g], v, 1000; @!p bra WAIT;\n"
        "xor.b32 y, w, 508; ld.shared.u32 y, [y]; mbarrier.arrive.b64 v, [g]; shr.u32 n, z, 31;\n"
        "WAIT2: mbarrier.try_wait.parity.b64 p, [g], 1; @!p bra WAIT2;\n"
        "add.u32 z, z, 1; setp.lt.u32 p, z, 5; @p bra AGAIN; st.global.u32 [t], y; ret; }",
        .threads = 128};
    uint32_t *out = run(&launch, LAUNCH_DONE);
    for (unsigned x = 0; x < 128; x++)
        cr_assert_eq(out[16 * x], (x ^ 127) + 4);
    cr_assert_eq(finding_count(), 0);
}

/* A wait gives up when nothing else can move, so that a thread may look elsewhere between two waits. */
Test(vgpu_mbarrier, waits_are_bounded) {
    struct machine_launch launch = {
        .ptx = HEAD
        "mbarrier.init.shared.b64 [m], 1; mov.u32 y, 0;\nLOOP: mbarrier.try_wait.parity.shared.b64 p, [m], 0;"
        " add.u32 y, y, 1; setp.eq.u32 q, y, 1000; @q mbarrier.arrive.shared.b64 v, [m]; @!p bra LOOP;"
        " st.global.u32 [t], y; ret; }",
        .threads = 1};
    uint32_t *out = run(&launch, LAUNCH_DONE);
    cr_assert_eq(out[0], 1001);
    cr_assert_lt(launch.counts.issue_slots, launch.counts.warp_instructions * 32);
}

/* Every block arrives at the barrier of the next and waits at its own. */
Test(vgpu_mbarrier, remote_arrivals) {
    struct machine_launch launch = {
        .ptx = HEAD
        "setp.ne.u32 p, x, 0; @!p mbarrier.init.shared.b64 [m], 32; fence.mbarrier_init.release.cluster;"
        " barrier.cluster.arrive; barrier.cluster.wait; add.u32 z, r, 1; rem.u32 z, z, 3;"
        " mapa.shared::cluster.u32 w, m, z; mapa.shared::cluster.u32 y, d, z; add.u32 n, r, 10;"
        " @!p st.shared::cluster.u32 [y], n; bar.warp.sync -1;"
        " mbarrier.arrive.release.cluster.shared::cluster.b64 _, [w];\n"
        "WAIT: mbarrier.try_wait.parity.acquire.cluster.shared::cta.b64 q, [m], 0; @!q bra WAIT;\n"
        "ld.shared.u32 y, [d]; st.global.u32 [t], y; barrier.cluster.arrive; barrier.cluster.wait; ret; }",
        .blocks = 6,
        .cluster = 3};
    uint32_t *out = run(&launch, LAUNCH_DONE);
    for (unsigned k = 0; k < 6 * 32; k++)
        cr_assert_eq(out[16 * k], (k / 32 + 2) % 3 + 10);
}

Test(vgpu_mbarrier, ordinary_copies_arrive) {
    struct machine_launch launch = {
        .ptx = HEAD "mbarrier.init.shared.b64 [m], 1; cp.async.ca.shared.global "
                    "[d], [i], 16;"
                    " cp.async.mbarrier.arrive.shared::cta.b64 [m];\n" TEST(
                        0, 0) "cp.async.mbarrier.arrive.noinc.shared.b64 "
                              "[m];\n" TEST(4, 0) "cvt.u64.u32 g, m; cvta.shared.u64 "
                                                  "g, g; cp.async.mbarrier.arrive.b64 "
                                                  "[g];\n" TEST(8, 1) "cp.async.mbarrier."
                                                                      "arrive.noinc.b64 "
                                                                      "[g];\n" TEST(12, 1) "re"
                                                                                           "t;"
                                                                                           " "
                                                                                           "}",
        .threads = 1};
    expect(run(&launch, LAUNCH_DONE), "0101");
}

/* Global to shared memory, back from there, and to the other block; offsets in the addresses. */
Test(vgpu_mbarrier, bulk_copies) {
    struct machine_launch launch = {
        .ptx = HEAD
        "mbarrier.init.shared.b64 [m], 1; cp.async.bulk.prefetch.L2.global [i], 256;\n"
        "cp.async.bulk.shared::cluster.global.mbarrier::complete_tx::bytes [d+32], [i+16], 48, [m];\n"
        "mbarrier.arrive.expect_tx.shared.b64 v, [m], 48;\n" TEST(
            0, 0) "barrier.cluster.arrive; barrier.cluster.wait; xor.b32 z, r, 1; mapa.shared::cluster.u32 "
                  "w, d, z;"
                  " mapa.shared::cluster.u32 n, m, z; mbarrier.expect_tx.shared.b64 [m], 32;\n"
                  "barrier.cluster.arrive; barrier.cluster.wait;\n"
                  "cp.async.bulk.shared::cluster.shared::cta.mbarrier::complete_tx::bytes [w+128], [d+32], "
                  "32, [n];\n"
                  "barrier.cluster.arrive; barrier.cluster.wait; mbarrier.arrive.shared.b64 v, [m];\n" TEST(
                      4, 1) "fence.proxy.async.shared::cta; cp.async.bulk.global.shared::cta.bulk_group "
                            "[t+16], [d+128], 32;"
                            " cp.async.bulk.commit_group; cp.async.bulk.wait_group.read 0; "
                            "cp.async.bulk.wait_group 0;\n"
                            "barrier.cluster.arrive; barrier.cluster.wait; ret; }",
        .blocks = 2,
        .cluster = 2,
        .threads = 1};
    uint32_t *out = run(&launch, LAUNCH_DONE);
    for (unsigned b = 0; b < 2; b++) {
        expect(out + 16 * b, "11");
        for (unsigned k = 0; k < 8; k++)
            cr_assert_eq(out[16 * b + 4 + k], 3 * (k + 4) + 1);
    }
    cr_assert_eq(finding_count(), 0);
}

/* The same bytes come to the same offset of every block whose bit is set, and each one's barrier learns of them. */
Test(vgpu_mbarrier, bulk_copy_to_several_blocks) {
    struct machine_launch launch = {
        .ptx = HEAD
        "mbarrier.init.shared.b64 [m], 1; mbarrier.arrive.expect_tx.shared.b64 v, [m], 16; st.shared.u32 "
        "[d], 7;"
        " barrier.cluster.arrive; barrier.cluster.wait; setp.ne.u32 q, r, 3; mov.b16 h, 5; @q bra ON;\n"
        "cp.async.bulk.shared::cluster.global.mbarrier::complete_tx::bytes.multicast::cluster [d], [i+32], "
        "16, [m], h;"
        "\nON: barrier.cluster.arrive; barrier.cluster.wait;\n" TEST(
            0, 0) "ld.shared.u32 y, [d]; st.global.u32 [t+4], y; ret; }",
        .blocks = 4,
        .cluster = 4,
        .threads = 1};
    uint32_t *out = run(&launch, LAUNCH_DONE);
    for (unsigned b = 0; b < 4; b++) {
        bool gets = b == 0 || b == 2;
        cr_assert_eq(out[16 * b], gets);
        cr_assert_eq(out[16 * b + 1], gets ? 3 * 8 + 1 : 7);
    }
}

Test(vgpu_mbarrier, faults) {
    static const struct {
        const char *text, *message;
        enum launch_outcome outcome;
    } faults[] = {
        {"mbarrier.arrive.shared.b64 v, [m];", "not initialised", LAUNCH_FAILURE},
        {"st.shared.u64 [m], 0; mbarrier.expect_tx.shared.b64 [m], 4;", "not initialised", LAUNCH_FAILURE},
        {"mbarrier.init.shared.b64 [m], 1; mbarrier.inval.shared.b64 [m]; mbarrier.arrive.shared.b64 v, [m];",
         "was invalidated", LAUNCH_FAILURE},
        {"mbarrier.init.shared.b64 [m], 0;", "count 0; it must be 1 to 1048575", LAUNCH_FAILURE},
        {"mbarrier.init.shared.b64 [m], 1048576;", "count 1048576", LAUNCH_FAILURE},
        {"mbarrier.init.shared.b64 [m+4], 1;", "misaligned", LAUNCH_MISALIGNED},
        {"mbarrier.init.b64 [o], 1;", "does not lie in shared memory", LAUNCH_FAILURE},
        {"mbarrier.init.shared.b64 [m], 2; mbarrier.arrive.shared.b64 v, [m], 3;", "3 arrivals",
         LAUNCH_FAILURE},
        {"mbarrier.init.shared.b64 [m], 2; mbarrier.arrive.shared.b64 v, [m], 0;", "0 arrivals",
         LAUNCH_FAILURE},
        {"mbarrier.init.shared.b64 [m], 2; mbarrier.arrive.noComplete.shared.b64 v, [m], 2;", ".noComplete",
         LAUNCH_FAILURE},
        {"mbarrier.init.shared.b64 [m], 2; mbarrier.expect_tx.shared.b64 [m], 1048576;", "becomes 1048576",
         LAUNCH_FAILURE},
        {"mbarrier.init.shared.b64 [m], 2; mbarrier.complete_tx.shared.b64 [m], 1048576;", "becomes -1048576",
         LAUNCH_FAILURE},
        {"mbarrier.init.shared.b64 [m], 2; cvt.u64.u32 g, m; cvta.shared.u64 g, g; mapa.u64 g, g, 1;"
         " mbarrier.test_wait.parity.b64 p, [g], 0;",
         "waits for an mbarrier of another block", LAUNCH_FAILURE},
        {"mbarrier.init.shared.b64 [m], 2;\nWAIT: mbarrier.try_wait.parity.shared.b64 p, [m], 0; @!p bra "
         "WAIT;",
         "for a phase of an mbarrier that does not complete", LAUNCH_DEADLOCK},
        {"mbarrier.init.shared.b64 [m], 2; cp.async.bulk.shared::cluster.global.mbarrier::complete_tx::bytes "
         "[d+4], "
         "[i], 16, [m];",
         "misaligned bulk copy", LAUNCH_MISALIGNED},
        {"mbarrier.init.shared.b64 [m], 2; cp.async.bulk.shared::cluster.global.mbarrier::complete_tx::bytes "
         "[d], "
         "[i+4080], 32, [m];",
         "its last 16 bytes past the end of the 4096-byte allocation", LAUNCH_FAULT},
        {"mbarrier.init.shared.b64 [m], 2; cp.async.bulk.shared::cta.global.mbarrier::complete_tx::bytes "
         "[d+1024], "
         "[i], 32, [m];",
         "outside its 1536 bytes of shared memory", LAUNCH_FAILURE},
        {"cp.async.bulk.shared::cta.global.mbarrier::complete_tx::bytes [d], [i], 32, [m];",
         "not initialised", LAUNCH_FAILURE},
        {"cp.async.bulk.shared::cta.global.mbarrier::complete_tx::bytes [d], [i], 32, [m+1536];",
         "mbarrier of a bulk copy is misaligned or outside", LAUNCH_FAILURE},
        {"mapa.shared::cluster.u32 w, m, 1; "
         "cp.async.bulk.shared::cluster.global.mbarrier::complete_tx::bytes [d], [i], "
         "32, [w];",
         "in another block", LAUNCH_FAILURE},
        {"cp.async.bulk.global.shared::cta.bulk_group [o+65520], [d], 32;",
         "bulk copy writes 32 bytes of global", LAUNCH_FAULT},
    };
    for (size_t k = 0; k < sizeof faults / sizeof *faults; k++) {
        char text[4096];
        snprintf(text, sizeof text, "%ssetp.ne.u32 q, r, 0; @q exit;\n%s\nret; }", HEAD, faults[k].text);
        struct machine_launch launch = {.ptx = text, .blocks = 2, .cluster = 2, .threads = 1};
        run(&launch, faults[k].outcome);
        const struct finding *finding = finding_kept(finding_count() - 1);
        cr_assert(finding && strstr(finding->message, faults[k].message), "%s, not: %s",
                  finding ? finding->message : "nothing", faults[k].message);
    }
}
