/* Block barriers of the virtual GPU, warps and blocks that wait for each other, and deadlocks that must be found. */
#include "instruction/machine.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

TestSuite(vgpu_barrier, .init = machine_open, .fini = machine_close);

#define HEAD                                                                                                 \
    PTX_KERNEL "{\n.reg .b64 o, t, g; .reg .b32 x, y, z, w, n; .reg .pred p, q; .shared .b32 s[1024];\n"     \
               "ld.param.u64 o, [p0]; mov.u32 x, %tid.x; mul.wide.u32 t, x, 4; add.u64 t, o, t; mov.u32 w, " \
               "s; mad.lo.u32 w, x, 4, w;\n"

static uint32_t *run(struct machine_launch *launch, enum launch_outcome expected) {
    uint32_t *out;
    launch->parameters[0] = machine_array(64 * 1024, &out);
    cr_assert_eq(machine_run(launch), expected, "%s", launch->ptx);
    return out;
}

/* Each thread reads what the thread opposite has written, many times. */
Test(vgpu_barrier, whole_block) {
    struct machine_launch launch = {.ptx = HEAD
                                    "mov.u32 n, 0; mov.u32 y, x;\nLOOP: st.shared.u32 [w], y; bar.sync 0; "
                                    "mov.u32 z, s; sub.u32 y, 1023, x; mad.lo.u32 z, y, 4, z;"
                                    " ld.shared.u32 y, [z]; add.u32 y, y, 1; barrier.sync 0; add.u32 n, n, "
                                    "1; setp.lt.u32 p, n, 10; @p bra LOOP;\n"
                                    "st.global.u32 [t], y; ret; }",
                                    .threads = 1024};
    uint32_t *out = run(&launch, LAUNCH_DONE);
    for (unsigned k = 0; k < 1024; k++)
        cr_assert_eq(out[k], k + 10);
    cr_assert_eq(launch.counts.barriers, 20);
}

/* Threads that have ended are not waited for; those that end later release the others. */
Test(vgpu_barrier, ended_threads) {
    struct machine_launch launch = {
        .ptx = HEAD "setp.ge.u32 p, x, 70; @p exit; setp.lt.u32 p, x, 32; @p bra WAIT; exit;\n"
                    "WAIT: bar.sync 0; st.global.u32 [t], 1; ret; }",
        .threads = 100};
    uint32_t *out = run(&launch, LAUNCH_DONE);
    for (unsigned k = 0; k < 100; k++)
        cr_assert_eq(out[k], k < 32);
}

Test(vgpu_barrier, reductions) {
    struct machine_launch launch = {.ptx = HEAD
                                    "setp.lt.u32 p, x, 77; bar.red.popc.u32 y, 0, p; bar.red.and.pred q, 1, "
                                    "p; selp.u32 z, 1000, 0, q; add.u32 y, y, z;"
                                    " bar.red.or.pred q, 0, !p; selp.u32 z, 5000, 0, q; add.u32 y, y, z; "
                                    "barrier.red.popc.u32 z, 2, 160, !p; add.u32 y, y, z;"
                                    " st.global.u32 [t], y; ret; }",
                                    .threads = 160};
    uint32_t *out = run(&launch, LAUNCH_DONE);
    for (unsigned k = 0; k < 160; k++)
        cr_assert_eq(out[k], 77 + 0 + 5000 + 83, "%u", out[k]);
}

/* Warps 0 and 1 write and arrive, warps 2 and 3 wait at a barrier of 128 threads and read. */
Test(vgpu_barrier, named_arrive_and_sync) {
    struct machine_launch launch = {
        .ptx = HEAD "setp.ge.u32 p, x, 64; @p bra READ;\nadd.u32 y, x, 500; st.shared.u32 [w], y; bar.arrive "
                    "3, 128; exit;\n"
                    "READ: bar.sync 3, 128; ld.shared.u32 y, [w+-256]; st.global.u32 [t], y; ret; }",
        .threads = 128};
    uint32_t *out = run(&launch, LAUNCH_DONE);
    for (unsigned k = 64; k < 128; k++)
        cr_assert_eq(out[k], k - 64 + 500);
}

/* Lanes of one warp that name different barriers arrive at them each for itself. */
Test(vgpu_barrier, lanes_at_different_barriers) {
    struct machine_launch launch = {
        .ptx = HEAD "and.b32 y, x, 1; add.u32 n, y, 1; setp.lt.u32 p, x, 4; setp.eq.or.u32 p, y, 0, p;\n"
                    "barrier.red.popc.u32 z, n, 32, p; st.global.u32 [t], z; ret; }",
        .threads = 64};
    uint32_t *out = run(&launch, LAUNCH_DONE);
    for (unsigned k = 0; k < 64; k++)
        cr_assert_eq(out[k], k % 2 ? 2 : 32, "thread %u: %u", k, out[k]);
    cr_assert_eq(launch.counts.barriers, 2);
}

/*
 * Towards a count a warp is 32 threads, also when it lacks lanes and those it has come one after the other: here the second warp has
 * 20, of which eight come from elsewhere and eight end without coming.
 */
Test(vgpu_barrier, counts_whole_warps) {
    struct machine_launch launch = {
        .ptx = HEAD
        "mov.u32 n, 0; setp.lt.u32 p, x, 36; @p bra COME; setp.ge.u32 p, x, 44; @p bra END;\n"
        "bar.sync 1, 64; st.global.u32 [t], 2; ret;\nCOME: bar.sync 1, 64; st.global.u32 [t], 1; ret;\n"
        "END: add.u32 n, n, 1; setp.lt.u32 q, n, 3; @q bra END; exit; }",
        .threads = 52};
    uint32_t *out = run(&launch, LAUNCH_DONE);
    for (unsigned k = 0; k < 52; k++)
        cr_assert_eq(out[k], k < 36 ? 1 : k < 44 ? 2 : 0, "thread %u: %u", k, out[k]);
    cr_assert_eq(launch.counts.barriers, 1);
}

/* Three warps look for what the last one writes, and give up after 10000 times, many turns of a warp. */
Test(vgpu_barrier, warps_take_turns) {
    struct machine_launch launch = {
        .ptx = HEAD "setp.lt.u32 p, x, 96; @p bra LOOK;\nst.volatile.global.u32 [o+4096], 1; ret;\n"
                    "LOOK: mov.u32 n, 0;\nAGAIN: ld.volatile.global.u32 y, [o+4096]; add.u32 n, n, 1; "
                    "setp.eq.u32 q, y, 0; setp.lt.and.u32 q, n, 10000, q; @q bra AGAIN;\n"
                    "st.global.u32 [t], y; ret; }",
        .threads = 128};
    uint32_t *out = run(&launch, LAUNCH_DONE);
    for (unsigned k = 0; k < 96; k++)
        cr_assert_eq(out[k], 1, "thread %u", k);
}

/* Blocks that count each other in by spinning: possible only if all are resident, and then they must all have turns. */
#define MEETING                                                                                              \
    HEAD "setp.ne.u32 p, x, 0; @p bra WAIT; atom.global.add.u32 y, [o+4096], 1;\nSPIN: "                     \
         "ld.acquire.gpu.global.u32 y, [o+4096];"                                                            \
         " setp.lt.u32 q, y, 40; @q bra SPIN;\nWAIT: bar.sync 0; mov.u32 y, %ctaid.x; mul.wide.u32 g, y, "   \
         "4; add.u64 g, o, g;"                                                                               \
         " st.global.u32 [g], y; ret; }"
Test(vgpu_barrier, blocks_that_wait_for_each_other) {
    struct machine_launch launch = {.ptx = MEETING, .blocks = 40, .threads = 64, .resident = 40};
    uint32_t *out = run(&launch, LAUNCH_DONE);
    for (unsigned k = 0; k < 40; k++)
        cr_assert_eq(out[k], k);
}

struct deadlock {
    const char *body;
    const char *says[4];
};
static const struct deadlock deadlocks[] = {
    /* A shuffle and a barrier wait for each other's lanes. */
    {"setp.lt.u32 p, x, 16; @p bra A;\nbar.sync 0; ret;\nA: shfl.sync.bfly.b32 y, x, 1, 31, 0xffffffff; "
     "st.global.u32 [t], y; ret;",
     {"deadlock: no thread of block 0,0,0 can go on",
      "warp 0 lanes 0xffff0000 waits at bar.sync, PTX line 9, for barrier 0 (48 of 64 threads arrived)",
      "warp 0 lanes 0x0000ffff waits at shfl.sync.bfly.b32, PTX line 10",
      "warp 1 lanes 0xffffffff waits at bar.sync, PTX line 9"}},
    /* Two barriers with half of the block each. */
    {"setp.lt.u32 p, x, 32; @p bra A;\nbar.sync 1; ret;\nA: bar.sync 2; ret;",
     {"for barrier 2 (32 of 64 threads arrived)", "for barrier 1 (32 of 64 threads arrived)"}},
    /* Every second lane of each warp is at another barrier. */
    {"and.b32 y, x, 1; add.u32 y, y, 1; barrier.sync y;\nret;",
     {"for barrier 1 (32 of 64 threads arrived)", "for barrier 2 (32 of 64 threads arrived)"}},
    /* Two shuffles of one kind whose masks are not the same. */
    {"setp.lt.u32 p, x, 32; @!p exit; setp.lt.u32 p, x, 16; @p bra A;\nshfl.sync.bfly.b32 y, x, 1, 31, "
     "0xffffffff; ret;\nA: shfl.sync.bfly.b32 y, x, 1, 31, 0x1ffff; ret;",
     {"lanes 0xffff0000 waits at shfl.sync.bfly.b32, PTX line 9",
      "lanes 0x0000ffff waits at shfl.sync.bfly.b32"}},
    /* More threads are asked for than there are. */
    {"bar.sync 4, 96;\nret;",
     {"warps 0 to 1 wait at bar.sync, PTX line 8, for barrier 4 (64 of 96 threads arrived)"}},
};

Test(vgpu_barrier, deadlocks) {
    for (unsigned k = 0; k < sizeof deadlocks / sizeof *deadlocks; k++) {
        char ptx[2048];
        snprintf(ptx, sizeof ptx, "%s%s}\n", HEAD, deadlocks[k].body);
        struct machine_launch launch = {.ptx = ptx, .threads = 64};
        unsigned long before = finding_count();
        run(&launch, LAUNCH_DEADLOCK);
        cr_assert_eq(finding_count(), before + 1);
        const struct finding *finding = finding_kept(before);
        cr_assert_eq(finding->check, CHECK_SYNC);
        for (unsigned j = 0; j < 4 && deadlocks[k].says[j]; j++)
            cr_assert(strstr(finding->message, deadlocks[k].says[j]), "'%s' is not in: %s",
                      deadlocks[k].says[j], finding->message);
    }
}

/* The mistakes at a barrier that stop the kernel with a fault. */
Test(vgpu_barrier, misuse) {
    static const struct {
        const char *body, *says;
    } cases[] = {{"bar.sync 16; ret;", "beyond the 16"},
                 {"bar.sync 1, 33; ret;", "not a multiple of 32"},
                 {"setp.lt.u32 p, x, 32; @p bra A; bar.sync 1, 64; ret; A: bar.sync 1, 96; ret;",
                  "another thread count"}};
    for (unsigned k = 0; k < sizeof cases / sizeof *cases; k++) {
        char ptx[2048];
        snprintf(ptx, sizeof ptx, "%s%s}\n", HEAD, cases[k].body);
        struct machine_launch launch = {.ptx = ptx, .threads = 64};
        unsigned long before = finding_count();
        run(&launch, LAUNCH_FAILURE);
        cr_assert(strstr(finding_kept(before)->message, cases[k].says), "%s", finding_kept(before)->message);
    }
}

Test(vgpu_barrier, failed_assertion) {
    struct machine_launch launch = {
        .ptx = PTX_MODULE
        ".extern .func __assertfail (.param .b64 a0, .param .b64 a1, .param .b32 a2, .param .b64 a3, .param "
        ".b64 a4);\n"
        ".global .b8 text[6] = {120, 32, 62, 32, 48, 0};\n.global .b8 file[5] = {97, 46, 99, 117, "
        "0};\n.global .b8 name[2] = {102, 0};\n"
        ".visible .entry kernel(.param .u64 p0) {\n.reg .b64 a, b, c, d; .reg .b32 l;\n mov.u64 a, text; "
        "mov.u64 b, file; mov.u64 c, name;"
        " mov.u64 d, 1; mov.u32 l, 77;\n{ .param .b64 q0; st.param.b64 [q0], a; .param .b64 q1; st.param.b64 "
        "[q1], b; .param .b32 q2;"
        " st.param.b32 [q2], l; .param .b64 q3; st.param.b64 [q3], c; .param .b64 q4; st.param.b64 [q4], d;\n"
        "call.uni __assertfail, (q0, q1, q2, q3, q4);\n}\nret; }\n"};
    run(&launch, LAUNCH_ASSERTION);
    cr_assert_str_eq(finding_kept(0)->message, "assertion `x > 0' failed at a.cu:77 in f");
    cr_assert_null(finding_kept(1));
}

Test(vgpu_barrier, breakpoint, .exit_code = 87) {
    struct machine_launch launch = {.ptx = HEAD "brkpt; ret; }"};
    run(&launch, LAUNCH_DONE);
}

/* What it returns: the number of arguments, or -1 without a format. The text itself is tests/vgpu/print.cu's. */
Test(vgpu_barrier, prints) {
    struct machine_launch launch = {
        .ptx = PTX_MODULE
        ".extern .func (.param .b32 r) vprintf (.param .b64 a0, .param .b64 a1);\n"
        ".global .b8 text[7] = {37, 100, 32, 37, 100, 10, 0};\n"
        ".visible .entry kernel(.param .u64 p0) {\n.local .align 8 .b8 list[8]; .reg .b64 o, f, l; .reg .b32 "
        "x;\n"
        "ld.param.u64 o, [p0]; mov.u64 f, text; cvta.global.u64 f, f; mov.u64 l, list; cvta.local.u64 l, l;\n"
        "mov.u32 x, 7; st.u32 [l], x; st.u32 [l+4], x;\n"
        "{ .param .b64 q0; st.param.b64 [q0], f; .param .b64 q1; st.param.b64 [q1], l; .param .b32 r0;\n"
        "call.uni (r0), vprintf, (q0, q1);\nld.param.b32 x, [r0]; st.global.u32 [o], x; }\n mov.u64 f, 0;\n"
        "{ .param .b64 q0; st.param.b64 [q0], f; .param .b64 q1; st.param.b64 [q1], l; .param .b32 r0;\n"
        "call.uni (r0), vprintf, (q0, q1);\nld.param.b32 x, [r0]; st.global.u32 [o+4], x; }\nret; }\n",
        .threads = 1};
    const uint32_t *out = run(&launch, LAUNCH_DONE);
    cr_assert_eq(out[0], 2);
    cr_assert_eq(out[1], (uint32_t)-1);
}
