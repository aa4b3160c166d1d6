/* Asynchronous stores, reductions and bulk reductions of the virtual GPU, wide atomics, and hints, as the PTX ISA describes them. */
#include "instruction/machine.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

TestSuite(vgpu_bulk_reduce, .init = machine_open, .fini = machine_close);

/* s: shared memory, m: an mbarrier of one arrival that expects `bytes`; o: the output. Ends when the barrier's phase has ended. */
static uint32_t *run_expecting(unsigned bytes, const char *text) {
    uint32_t *out;
    char ptx[4096];
    snprintf(ptx, sizeof ptx,
             PTX_KERNEL
             "{ .reg .b64 o, t, u; .reg .b32 s, m, x, y, z, w; .reg .pred p; .shared .align 128 .b8 "
             "tile[1024]; .shared .align 8 "
             ".b64 bar;\n"
             "ld.param.u64 o, [p0]; mov.u32 s, tile; mov.u32 m, bar; mbarrier.init.shared.b64 [m], 1;\n"
             "mov.u32 x, 0; FILL: add.u32 y, s, x; st.shared.u32 [y], x; add.u32 x, x, 4; setp.lt.u32 p, x, "
             "1024; @p bra FILL;\n"
             "mbarrier.arrive.expect_tx.shared.b64 t, [m], %u;\n%s\n"
             "WAIT: mbarrier.try_wait.parity.shared.b64 p, [m], 0; @!p bra WAIT;\n"
             "mov.u32 x, 0; SHOW: add.u32 y, s, x; ld.shared.u32 z, [y]; cvt.u64.u32 t, x; add.u64 t, o, t; "
             "st.global.u32 [t], z;\n"
             "add.u32 x, x, 4; setp.lt.u32 p, x, 1024; @p bra SHOW; ret; }",
             bytes, text);
    struct machine_launch launch = {.ptx = ptx, .threads = 1, .parameters = {machine_array(4096, &out)}};
    cr_assert_eq(machine_run(&launch), LAUNCH_DONE, "%s", text);
    return out;
}

#define TO ".shared::cluster.mbarrier::complete_tx::bytes."
Test(vgpu_bulk_reduce, asynchronous_stores) {
    uint32_t *out = run_expecting(
        28, "mov.u32 x, 77; mov.u64 t, 0x100000002; st.async" TO "b32 [s+4], x, [m];"
            "st.async.weak" TO "v2.u32 [s+8], {x, y}, [m]; st.async" TO "v2.b64 [s+16], {t, t}, [m];");
    cr_assert_eq(out[1], 77);
    cr_assert_eq(out[2], 77);
    cr_assert_eq(out[4], 2);
    cr_assert_eq(out[5], 1);
    cr_assert_eq(out[7], 1);
    cr_assert_eq(out[8], 32);
}

/* Each type, alone and in a vector: the elements are 5, 6, 7, 8. */
Test(vgpu_bulk_reduce, asynchronous_stores_of_every_type) {
    static const char *const types[] = {"b32", "u32", "s32", "f32", "b64", "u64", "s64", "f64"};
    for (unsigned way = 0; way < 8 * 3; way++) {
        const char *type = types[way % 8], *vectors[] = {"", "v2.", "v4."},
                   *values[] = {"r", "{r, q}", "{r, q, x, y}"};
        unsigned form = way / 8, bits = strstr(type, "64") ? 64 : 32, words = bits / 32;
        char text[512];
        if (form == 2 && bits == 64)
            continue;
        snprintf(text, sizeof text,
                 "{ .reg .b%u r, q; mov.b%u r, 5; mov.b%u q, 6; mov.b32 x, 7; mov.b32 y, 8; st.async" TO
                 "%s%s [s+32], %s, [m]; }",
                 bits, bits, bits, vectors[form], type, values[form]);
        uint32_t *out = run_expecting(bits / 8 << form, text);
        for (unsigned k = 0; k < 1u << form; k++)
            cr_assert_eq(out[8 + words * k], 5 + k, "%s", text);
        cr_assert_eq(out[8 + (words << form)], 32 + 4 * (words << form), "%s writes too far", text);
    }
}

Test(vgpu_bulk_reduce, asynchronous_reductions) {
    uint32_t *out = run_expecting(
        36, "mov.u32 x, 100; mov.u32 y, -9; mov.u64 t, 0x100000000; red.async.relaxed.cluster" TO
            "add.u32 [s+4], x, [m];"
            "red.async.relaxed.cluster" TO "min.s32 [s+8], y, [m]; red.async.relaxed.cluster" TO
            "max.u32 [s+12], y, [m];"
            "red.async.relaxed.cluster" TO "add.u64 [s+16], t, [m]; red.async.relaxed.cluster" TO
            "inc.u32 [s+24], x, [m];"
            "red.async.relaxed.cluster" TO "dec.u32 [s], x, [m]; red.async.relaxed.cluster" TO
            "xor.b32 [s+28], y, [m];"
            "red.async.relaxed.cluster" TO "and.b32 [s+32], x, [m];");
    const uint32_t wanted[] = {100, 104, (uint32_t)-9,      (uint32_t)-9, 16,
                               21,  25,  28 ^ (uint32_t)-9, 32 & 100,     36};
    cr_assert(memcmp(out, wanted, sizeof wanted) == 0);
}

Test(vgpu_bulk_reduce, ranges) {
    uint32_t *out = run_expecting(
        32, "cp.reduce.async.bulk.shared::cluster.shared::cta.mbarrier::complete_tx::bytes.add.u32 [s], "
            "[s+64], 16, [m];"
            "cp.reduce.async.bulk.shared::cluster.shared::cta.mbarrier::complete_tx::bytes.max.s32 [s+16], "
            "[s+64], 16, [m];"
            "add.u64 u, o, 2048; mov.u32 x, 1065353216; st.global.u32 [u], x; st.global.u32 [u+4], x; "
            "st.shared.u32 [s+512], x;"
            "cp.reduce.async.bulk.global.shared::cta.bulk_group.add.f32 [u], [s+512], 16;"
            "cp.reduce.async.bulk.global.shared::cta.bulk_group.or.b32 [u+16], [s+64], 32;"
            "cp.reduce.async.bulk.global.shared::cta.bulk_group.add.noftz.f16 [u+48], [s+512], 16;"
            "cp.async.bulk.commit_group; cp.async.bulk.wait_group 0;");
    for (uint32_t k = 0; k < 4; k++) {
        cr_assert_eq(out[k], 4 * k + 64 + 4 * k);
        cr_assert_eq(out[4 + k], 64 + 4 * k);
    }
    cr_assert_eq(out[512],
                 0x40000000); /* 1 + 1; what was added behind it, 516 and so on, is subnormal and flushed */
    cr_assert_eq(out[513], 0x3f800000);
    cr_assert_eq(out[514], 0);
    for (uint32_t k = 0; k < 8; k++)
        cr_assert_eq(out[516 + k], 64 + 4 * k);
    cr_assert_eq(out[524], 0x3f800000); /* as two halves */
    cr_assert_eq(out[525], 516);
}

Test(vgpu_bulk_reduce, wide_atomics) {
    uint32_t *out = run_expecting(
        0, "{ .reg .b128 a, b, c; mov.b64 t, 5; mov.b64 u, 7; mov.b128 a, {t, u}; mov.b64 t, 0x400000000; "
           "mov.b64 u, 0xc00000008;"
           "mov.b128 b, {t, u}; atom.shared.cas.b128 c, [s], b, a; mov.b128 {t, u}, c; st.shared.v2.u64 "
           "[s+16], {t, u};"
           "mov.b64 t, 5; mov.b64 u, 8; mov.b128 c, {t, u}; atom.shared.cas.b128 c, [s], c, b; mov.b128 {t, "
           "u}, c; st.shared.v2.u64 [s+32], {t, u};"
           "atom.shared.exch.b128 c, [s+48], a; mov.b128 {t, u}, c; st.shared.v2.u64 [s+64], {t, u}; }");
    const uint32_t wanted[] = {5, 0, 7, 0, 0, 4, 8, 12, 5, 0, 7, 0, 5, 0, 7, 0, 48, 52, 56, 60};
    cr_assert(memcmp(out, wanted, sizeof wanted) == 0);
}

Test(vgpu_bulk_reduce, vectors_of_sums) {
    uint32_t *out = run_expecting(
        0, "{ .reg .f32 a, b, c, d; mov.f32 a, 1.0; mov.f32 b, 2.5; st.global.v4.f32 [o+2048], {a, b, a, b};"
           "atom.global.add.v4.f32 {a, b, c, d}, [o+2048], {a, b, b, a}; st.global.v4.f32 [o+2064], {a, b, "
           "c, d};"
           "red.global.add.v2.f32 [o+2048], {b, b}; }");
    const float wanted[] = {4.5f, 7.5f, 3.5f, 3.5f, 1, 2.5f, 1, 2.5f};
    cr_assert(memcmp(out + 512, wanted, sizeof wanted) == 0);
}

/* What only advises. */
Test(vgpu_bulk_reduce, hints) {
    uint32_t *out = run_expecting(
        0, "createpolicy.fractional.L2::evict_first.b64 t, 0.5; "
           "createpolicy.fractional.L2::evict_last.L2::evict_unchanged.b64 t, 1.0;"
           "createpolicy.range.global.L2::evict_last.L2::evict_first.b64 u, [o], 128, 256; "
           "createpolicy.cvt.L2.b64 u, t;"
           "mov.u32 x, 9; st.global.L2::cache_hint.u32 [o+2048], x, u; "
           "ld.global.L2::cache_hint.u32 y, [o+2048], t;"
           "st.global.u32 [o+2052], y; applypriority.global.L2::evict_normal [o], 128; "
           "prefetch.global.L2::evict_last [o];"
           "prefetchu.L1 [o]; discard.global.L2 [o+1024], 128; setmaxnreg.dec.sync.aligned.u32 24; "
           "cp.async.bulk.prefetch.L2.global [o], 64; setmaxnreg.inc.sync.aligned.u32 232;");
    cr_assert_eq(out[512], 9);
    cr_assert_eq(out[513], 9);
}

/* The system's shared memory lies behind the block's own, and is zero when the block starts. */
Test(vgpu_bulk_reduce, reserved_shared_memory) {
    uint32_t *out = run_expecting(
        0, "mov.u32 x, %reserved_smem_offset_begin; mov.u32 y, %reserved_smem_offset_end; mov.u32 z, "
           "%total_smem_size;"
           "st.global.v2.u32 [o+2048], {x, y}; st.global.u32 [o+2056], z; ld.shared.u32 w, [x]; "
           "st.shared.u32 [y+-4], w;"
           "st.global.u32 [o+2060], w; mov.u32 x, %reserved_smem_offset_cap; st.global.u32 [o+2064], x;");
    cr_assert_eq(out[513] - out[512], 1024);
    cr_assert_eq(out[514], out[512]);
    cr_assert_geq(out[512], 1032);
    cr_assert_eq(out[515], 0);
    cr_assert_eq(out[516], 1024);
}
