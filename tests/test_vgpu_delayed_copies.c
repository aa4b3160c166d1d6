/* Asynchronous copies that are made as late as they may be: a wait that is missing shows, one that is there helps. */
#include "instruction/machine.h"

#include <criterion/criterion.h>

TestSuite(vgpu_delayed_copies, .init = machine_open, .fini = machine_close);

/*
 * o results, i input (word k is k + 100), d a tile in which each of its 64 words is 7, m an mbarrier of one arrival, x the thread,
 * r the block's rank. SEE(to, at) stores the tile's word at byte offset at to the results' offset to.
 */
#define HEAD                                                                                                 \
    PTX_KERNEL                                                                                               \
    "{\n.reg .b64 o, i, v; .reg .b32 x, y, r, m, d, w, n; .reg .pred p, q;\n"                                \
    ".shared .align 128 .b8 tile[256]; .shared .align 8 .b64 bar;\n"                                         \
    "ld.param.u64 o, [p0]; ld.param.u64 i, [p1]; mov.u32 x, %tid.x; mov.u32 r, %cluster_ctarank;"            \
    " mov.u32 m, bar; mov.u32 d, tile; mov.u32 y, 7; mov.u32 w, d; mov.u32 n, 0;\n"                          \
    "FILL: st.shared.u32 [w], y; add.u32 w, w, 4; add.u32 n, n, 1; setp.lt.u32 p, n, 64; @p bra FILL;\n"     \
    "mbarrier.init.shared.b64 [m], 1;\n"
#define SEE(to, at) "ld.shared.u32 y, [d+" #at "]; st.global.u32 [o+" #to "], y;\n"
#define LOAD(at, from, bytes)                                                                                \
    "cp.async.bulk.shared::cluster.global.mbarrier::complete_tx::bytes [d+" #at "], [i+" #from "], " #bytes  \
    ", [m];\n"
#define STORE(to, at) "cp.async.bulk.global.shared::cta.bulk_group [o+" #to "], [d+" #at "], 16;\n"
#define COMMIT "cp.async.bulk.commit_group;\n"
#define WAIT(name) #name ": mbarrier.try_wait.parity.shared.b64 p, [m], 0; @!p bra " #name ";\n"

static void check(const char *ptx, unsigned blocks, bool delays, const uint32_t *expected, unsigned count) {
    uint32_t *out, *in;
    struct machine_launch launch = {
        .ptx = ptx, .blocks = blocks, .cluster = blocks, .threads = 1, .delays_copies = delays};
    launch.parameters[0] = machine_array(256, &out);
    launch.parameters[1] = machine_array(256, &in);
    for (uint32_t k = 0; k < 64; k++)
        in[k] = k + 100;
    cr_assert_eq(machine_run(&launch), LAUNCH_DONE, "%s", ptx);
    for (unsigned k = 0; k < count; k++)
        cr_assert_eq(out[k], expected[k], "result %u is %u, not %u, %s", k, out[k], expected[k],
                     delays ? "delayed" : "at once");
}

#define CHECK(ptx, blocks, delays, ...)                                                                      \
    do {                                                                                                     \
        const uint32_t expected[] = {__VA_ARGS__};                                                           \
        check(ptx, blocks, delays, expected, sizeof expected / sizeof *expected);                            \
    } while (0)

Test(vgpu_delayed_copies, groups_of_cp_async) {
    static const char text[] = HEAD
        "cp.async.ca.shared.global [d], [i], 4; cp.async.commit_group; cp.async.ca.shared.global "
        "[d+16], [i+16], 8, 4;"
        " cp.async.commit_group; cp.async.ca.shared.global [d+32], [i+32], 4;\n" SEE(0, 0)
            SEE(4, 16) "cp.async.wait_group 1;\n" SEE(8, 0) SEE(12, 16) "cp.async.wait_group 0;\n" SEE(16, 16)
                SEE(20, 20) SEE(24, 32) "cp.async.wait_all;\n" SEE(28, 32) "ret; }";
    CHECK(text, 1, false, 100, 104, 100, 104, 104, 0, 108, 108);
    CHECK(text, 1, true, 7, 7, 100, 7, 104, 0, 7, 108);
}

Test(vgpu_delayed_copies, cp_async_that_an_mbarrier_tracks) {
    static const char text[] = HEAD "cp.async.ca.shared.global [d], [i], 4;\n" SEE(
        0, 0) "cp.async.mbarrier.arrive.noinc.shared.b64 [m];\n" WAIT(W) SEE(4, 0) "ret; }";
    CHECK(text, 1, true, 7, 100);
}

Test(vgpu_delayed_copies, bulk_loads) {
    static const char text[] = HEAD "mbarrier.arrive.expect_tx.shared.b64 v, [m], 48;\n" LOAD(0, 0, 16)
        LOAD(16, 32, 32) SEE(0, 0) SEE(4, 44) WAIT(W) SEE(8, 0) SEE(12, 44) "ret; }";
    CHECK(text, 1, false, 100, 115, 100, 115);
    CHECK(text, 1, true, 7, 7, 100, 115);
}

/* The source is overwritten before it is read, and only then waited for; the second copy is waited for in time. */
Test(vgpu_delayed_copies, bulk_stores) {
    static const char text[] =
        HEAD "mov.u32 y, 8;\n" STORE(0, 0) COMMIT "st.shared.u32 [d], y;\n" STORE(16, 16) COMMIT
        "cp.async.bulk.wait_group.read 0; st.shared.u32 [d+16], y; ret; }";
    CHECK(text, 1, false, 7, 7, 7, 7, 7, 7, 7, 7);
    CHECK(text, 1, true, 8, 7, 7, 7, 7, 7, 7, 7);
}

/* Nobody waits: they are made all the same, before the next launch. */
Test(vgpu_delayed_copies, nobody_waits) {
    static const char text[] = HEAD STORE(0, 0) "mov.u32 y, 8; st.shared.u32 [d+4], y; ret; }";
    CHECK(text, 1, true, 7, 8, 7, 7);
}

/* Rank 1 writes where a copy of rank 0 that it did not wait for may have yet to come. */
Test(vgpu_delayed_copies, between_blocks) {
    static const char text[] = HEAD
        "mbarrier.arrive.expect_tx.shared.b64 v, [m], 16; setp.eq.u32 q, r, 0;\n"
        "barrier.cluster.arrive; barrier.cluster.wait;\n"
        "@q mapa.shared::cluster.u32 w, d, 1; @q mapa.shared::cluster.u32 n, m, 1;\n"
        "@q cp.async.bulk.shared::cluster.shared::cta.mbarrier::complete_tx::bytes [w+16], [d+32], 16, [n];\n"
        "barrier.cluster.arrive; barrier.cluster.wait; @q bra END;\n" SEE(
            0, 16) "mov.u32 y, 9; st.shared.u32 [d+16], y;\n" WAIT(W)
            SEE(4, 16) "END: barrier.cluster.arrive; barrier.cluster.wait; ret; }";
    CHECK(text, 2, false, 7, 9);
    CHECK(text, 2, true, 7, 7);
}
