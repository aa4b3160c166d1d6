/* Divergence inside a warp: every lane takes its own way, waits for the lanes it must, and none starves. */
#include "instruction/machine.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

TestSuite(vgpu_divergence, .init = machine_open, .fini = machine_close);

#define HEAD                                                                                                 \
    PTX_KERNEL "{\n.reg .b64 o, t, g; .reg .b32 x, y, z, w, n; .reg .pred p, q; .shared .b32 lock, value;\n" \
               "ld.param.u64 o, [p0]; mov.u32 x, %tid.x; mul.wide.u32 t, x, 4; add.u64 t, o, t;\n"

static uint32_t *run(const char *ptx, unsigned threads, struct machine_launch *launch) {
    uint32_t *out;
    uint64_t array = machine_array(4 * 1024, &out);
    *launch = (struct machine_launch){.ptx = ptx, .threads = threads, .parameters = {array}};
    cr_assert_eq(machine_run(launch), LAUNCH_DONE, "%s", ptx);
    return out;
}

/* Collatz steps: as many loop turns as the lane needs. */
Test(vgpu_divergence, loops_of_different_length) {
    struct machine_launch launch;
    uint32_t *out = run(HEAD "add.u32 y, x, 1; mov.u32 n, 0;\nLOOP: setp.eq.u32 p, y, 1; @p bra "
                             "DONE;\nand.b32 z, y, 1; setp.eq.u32 q, z, 0;"
                             " @q bra EVEN;\nmad.lo.u32 y, y, 3, 1; bra NEXT;\nEVEN: shr.u32 y, y, 1;\nNEXT: "
                             "add.u32 n, n, 1; bra LOOP;\n"
                             "DONE: st.global.u32 [t], n; ret; }",
                        96, &launch);
    for (unsigned l = 0; l < 96; l++) {
        unsigned steps = 0;
        for (unsigned y = l + 1; y != 1; y = y % 2 ? 3 * y + 1 : y / 2)
            steps++;
        cr_assert_eq(out[l], steps, "lane %u", l);
    }
}

/* After a branch whose ways differ in length, the lanes are together again: one store of the whole warp. */
Test(vgpu_divergence, reconverges) {
    struct machine_launch launch;
    run(HEAD "and.b32 y, x, 1; setp.eq.u32 p, y, 0; @p bra EVEN;\nmul.lo.u32 y, x, 3; add.u32 y, y, 1; bra "
             "JOIN;\nEVEN: shr.u32 y, x, 1;\n"
             "JOIN: st.global.u32 [t], y; ret; }",
        32, &launch);
    cr_assert_eq(launch.counts.global_store_sectors, 4);
    /* Half the lanes take the branch, half each way: three instructions and one. */
    cr_assert_eq(32 * launch.counts.warp_instructions - launch.counts.thread_instructions, 5 * 16);
}

Test(vgpu_divergence, early_exit) {
    struct machine_launch launch;
    uint32_t *out = run(HEAD "setp.lt.u32 p, x, 7; @p exit;\nactivemask.b32 y; vote.sync.ballot.b32 z, p, "
                             "0xffffffff;\nadd.u32 y, y, z;"
                             " st.global.u32 [t], y; ret; }",
                        32, &launch);
    for (unsigned l = 0; l < 32; l++)
        cr_assert_eq(out[l], l < 7 ? 0 : 0xffffff80);
}

/* The shuffle lies before the code of the lanes that come late, so the early ones reach it alone and must wait there. */
Test(vgpu_divergence, shuffle_waits_for_its_lanes) {
    struct machine_launch launch;
    uint32_t *out =
        run(HEAD "bra START;\nJOIN: shfl.sync.bfly.b32 z, y, 31, 31, 0xffffffff; st.global.u32 [t], z; ret;\n"
                 "START: mov.u32 y, x; setp.lt.u32 p, x, 16; @p bra JOIN;\nmov.u32 n, 0;\n"
                 "LOOP: add.u32 n, n, 1; setp.lt.u32 q, n, x; @q bra LOOP;\nadd.u32 y, y, n; bra JOIN; }",
            32, &launch);
    for (unsigned l = 0; l < 32; l++)
        cr_assert_eq(out[l], (31 - l) * (31 - l < 16 ? 1 : 2), "lane %u: %u", l, out[l]);
}

/* Every second lane leaves while the others wait for it at a vote: they need wait no longer. */
Test(vgpu_divergence, exit_releases_a_vote) {
    struct machine_launch launch;
    uint32_t *out = run(HEAD "and.b32 y, x, 1; setp.eq.u32 p, y, 1; @p bra LATE;\nvote.sync.any.pred q, p, "
                             "0xffffffff; selp.u32 z, 5, 6, q;"
                             " st.global.u32 [t], z; ret;\nLATE: mov.u32 n, 0;\nLOOP: add.u32 n, n, 1; "
                             "setp.lt.u32 q, n, 10; @q bra LOOP;\nexit; }",
                        32, &launch);
    for (unsigned l = 0; l < 32; l += 2)
        cr_assert_eq(out[l], 6);
}

/* bar.warp.sync in two places is one meeting. */
Test(vgpu_divergence, warp_barrier_at_two_instructions) {
    struct machine_launch launch;
    uint32_t *out = run(
        HEAD "mov.u32 y, value; setp.lt.u32 p, x, 16; @p bra FIRST;\nst.shared.u32 [value], 42; "
             "bar.warp.sync 0xffffffff; bra END;\n"
             "FIRST: bar.warp.sync 0xffffffff;\nEND: ld.shared.u32 z, [value]; st.global.u32 [t], z; ret; }",
        32, &launch);
    for (unsigned l = 0; l < 32; l++)
        cr_assert_eq(out[l], 42);
}

/*
 * A lock that the lanes of one warp take from each other by spinning, in each of the two code layouts: the way out of the
 * critical section lies before the spinning loop or behind it. Without turns for every fragment one of them never ends.
 */
Test(vgpu_divergence, spin_lock_inside_a_warp) {
    static const char *const layouts[] = {
        HEAD "st.shared.u32 [lock], 0; st.shared.u32 [value], 0; bar.sync 0;\n"
             "SPIN: atom.shared.cas.b32 y, [lock], 0, 1; setp.ne.u32 p, y, 0; @p bra SPIN;\n"
             "ld.shared.u32 z, [value]; add.u32 z, z, 1; st.shared.u32 [value], z; atom.shared.exch.b32 y, "
             "[lock], 0;\n"
             "bar.sync 0; ld.shared.u32 z, [value]; st.global.u32 [t], z; ret; }",
        HEAD "st.shared.u32 [lock], 0; st.shared.u32 [value], 0; bar.sync 0; bra SPIN;\n"
             "ENTER: ld.shared.u32 z, [value]; add.u32 z, z, 1; st.shared.u32 [value], z; "
             "atom.shared.exch.b32 y, [lock], 0; bra OUT;\n"
             "SPIN: atom.shared.cas.b32 y, [lock], 0, 1; setp.eq.u32 p, y, 0; @p bra ENTER; bra SPIN;\n"
             "OUT: bar.sync 0; ld.shared.u32 z, [value]; st.global.u32 [t], z; ret; }",
    };
    for (unsigned k = 0; k < 2; k++) {
        struct machine_launch launch;
        uint32_t *out = run(layouts[k], 96, &launch);
        for (unsigned l = 0; l < 96; l++)
            cr_assert_eq(out[l], 96, "layout %u, thread %u: %u", k, l, out[l]);
    }
}

/* Three fragments that wait for each other in a ring: a rotation between two of them only would hang. */
Test(vgpu_divergence, ring_of_three) {
    struct machine_launch launch;
    uint32_t *out =
        run(HEAD "st.shared.u32 [value], 0; bar.warp.sync 0xffffffff; rem.u32 y, x, 3; mov.u32 n, 0;\n"
                 "setp.eq.u32 p, y, 0; @p bra A; setp.eq.u32 p, y, 1; @p bra B; bra C;\n"
                 "A: ld.volatile.shared.u32 z, [value]; rem.u32 w, z, 3; setp.ne.u32 p, w, 0; @p bra A; "
                 "setp.ge.u32 q, z, 30; @q bra END;"
                 " add.u32 z, z, 1; st.volatile.shared.u32 [value], z; bra A;\n"
                 "B: ld.volatile.shared.u32 z, [value]; rem.u32 w, z, 3; setp.ge.u32 q, z, 30; @q bra END; "
                 "setp.ne.u32 p, w, 1; @p bra B;"
                 " add.u32 z, z, 1; st.volatile.shared.u32 [value], z; bra B;\n"
                 "C: ld.volatile.shared.u32 z, [value]; rem.u32 w, z, 3; setp.ge.u32 q, z, 30; @q bra END; "
                 "setp.ne.u32 p, w, 2; @p bra C;"
                 " add.u32 z, z, 1; st.volatile.shared.u32 [value], z; bra C;\n"
                 "END: st.global.u32 [t], z; ret; }",
            32, &launch);
    for (unsigned l = 0; l < 32; l++)
        cr_assert_eq(out[l], 30, "lane %u: %u", l, out[l]);
}

Test(vgpu_divergence, branch_table) {
    struct machine_launch launch;
    uint32_t *out = run(HEAD "and.b32 y, x, 3;\nTABLE: .branchtargets L0, L1, L2, L3;\nbrx.idx y, TABLE;\n"
                             "L0: mov.u32 z, 100; bra END;\nL1: mov.u32 z, 200; bra END;\nL2: mov.u32 z, "
                             "300; bra END;\nL3: mov.u32 z, 400;\n"
                             "END: st.global.u32 [t], z; ret; }",
                        32, &launch);
    for (unsigned l = 0; l < 32; l++)
        cr_assert_eq(out[l], (l % 4 + 1) * 100);
    cr_assert_eq(launch.counts.global_store_sectors, 4);
}

/* Lanes whose guard is false go on behind the branch. */
Test(vgpu_divergence, guarded_branch_table) {
    struct machine_launch launch;
    uint32_t *out = run(
        HEAD "and.b32 y, x, 1; setp.lt.u32 p, x, 20;\nTABLE: .branchtargets L0, L1;\n@p brx.idx y, TABLE;\n"
             "mov.u32 z, 300; bra END;\nL0: mov.u32 z, 100; bra END;\nL1: mov.u32 z, 200;\n"
             "END: st.global.u32 [t], z; ret; }",
        32, &launch);
    for (unsigned l = 0; l < 32; l++)
        cr_assert_eq(out[l], l >= 20 ? 300 : (l % 2 + 1) * 100, "lane %u: %u", l, out[l]);
    cr_assert_eq(launch.counts.global_store_sectors, 4);
}

/* Lanes that wait for the whole warp are not released by a bar.warp.sync of half of it. */
Test(vgpu_divergence, warp_barriers_of_different_masks) {
    struct machine_launch launch;
    uint32_t *out =
        run(HEAD
            "setp.lt.u32 p, x, 16; @p bra LOW;\nbar.warp.sync 0xffffffff; ld.shared.u32 z, [value]; bra "
            "END;\n"
            "LOW: bar.warp.sync 0xffff; st.shared.u32 [value], 42; bar.warp.sync 0xffffffff; mov.u32 z, 42;\n"
            "END: st.global.u32 [t], z; ret; }",
            32, &launch);
    for (unsigned l = 0; l < 32; l++)
        cr_assert_eq(out[l], 42, "lane %u: %u", l, out[l]);
}

/* A guard with some lanes: the others keep what they had. */
Test(vgpu_divergence, guards) {
    struct machine_launch launch;
    uint32_t *out = run(HEAD "mov.u32 y, 7; setp.gt.u32 p, x, 20; @p mov.u32 y, 8; @!p add.u32 y, y, x; @p "
                             "setp.eq.u32 q, x, 25; @!p setp.eq.u32 q, x, 3;"
                             " @q mov.u32 y, 1000; st.global.u32 [t], y; ret; }",
                        32, &launch);
    for (unsigned l = 0; l < 32; l++)
        cr_assert_eq(out[l], l == 25 || l == 3 ? 1000 : l > 20 ? 8 : 7 + l);
}
