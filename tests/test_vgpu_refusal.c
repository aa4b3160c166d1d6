/* What the virtual GPU leaves out: each such instruction of the PTX ISA is refused by a sentence that names it. */
#include "instruction/machine.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

TestSuite(vgpu_refusal, .init = machine_open, .fini = machine_close);

/* The sentence about a kernel that holds the instruction and uses what it gives: what nobody uses is not looked at. */
static const char *refusal_of(const char *instruction) {
    static char ptx[2048];
    snprintf(ptx, sizeof ptx,
             PTX_KERNEL
             "{ .reg .b128 w; .reg .b64 t; .reg .b32 x, v<4>; .reg .f32 y; .reg .pred p; .reg .b16 h;\n%s\n"
             "st.global.u32 [t], x; st.global.f32 [t], y; @p st.global.u16 [t], h; ret; }",
             instruction);
    return machine_refusal(ptx);
}

static void check(const char *const (*cases)[2], unsigned count) {
    for (unsigned k = 0; k < count; k++) {
        const char *refusal = refusal_of(cases[k][0]);
        char name[96];
        snprintf(name, sizeof name, "'%.*s'", (int)strcspn(cases[k][0], " ;"), cases[k][0]);
        cr_expect(strstr(refusal, name) && strstr(refusal, cases[k][1]), "%s: '%s'", cases[k][0], refusal);
    }
}
#define CHECK(cases) check(cases, sizeof(cases) / sizeof *(cases))

Test(vgpu_refusal, tensor_cores) {
    static const char *const cases[][2] = {
        {"wmma.load.a.sync.aligned.row.m16n16k16.global.f16 {v0, v1, v2, v3}, [t];", "needs tensor cores"},
        {"wmma.store.d.sync.aligned.row.m16n16k16.global.f16 [t], {v0, v1, v2, v3};", "needs tensor cores"},
        {"wmma.mma.sync.aligned.row.col.m16n16k16.f16.f16 {v0}, {v1}, {v2}, {v3};", "needs tensor cores"},
        {"mma.sync.aligned.m8n8k4.row.col.f16.f16.f16.f16 {v0}, {v1}, {v2}, {v3};", "needs tensor cores"},
        {"mma.sp.sync.aligned.m16n8k16.row.col.f16.f16.f16.f16 {v0}, {v1}, {v2}, {v3}, x, 0;",
         "needs tensor cores"},
        {"ldmatrix.sync.aligned.m8n8.x4.shared.b16 {v0, v1, v2, v3}, [x];", "loads operands of tensor cores"},
        {"stmatrix.sync.aligned.m8n8.x4.shared.b16 [x], {v0, v1, v2, v3};",
         "stores operands of tensor cores"},
        {"movmatrix.sync.aligned.m8n8.trans.b16 x, x;", "moves operands of tensor cores"},
        {"wgmma.mma_async.sync.aligned.m64n8k16.f16.f16.f16 {v0, v1}, t, t, p, 1, 1, 0, 0;",
         "needs tensor cores"},
        {"wgmma.mma_async.sp.sync.aligned.m64n8k32.f16.f16.f16 {v0, v1}, t, t, x, 0, p, 1, 1, 0, 0;",
         "needs tensor cores"},
        {"wgmma.fence.sync.aligned;", "needs tensor cores"},
        {"wgmma.commit_group.sync.aligned;", "needs tensor cores"},
        {"wgmma.wait_group.sync.aligned 0;", "needs tensor cores"},
        {"tcgen05.alloc.cta_group::1.sync.aligned.shared::cta.b32 [x], 32;", "needs tensor cores"},
        {"tcgen05.dealloc.cta_group::1.sync.aligned.b32 x, 32;", "needs tensor cores"},
        {"tcgen05.relinquish_alloc_permit.cta_group::1.sync.aligned;", "needs tensor cores"},
        {"tcgen05.ld.sync.aligned.32x32b.x1.b32 x, [x];", "needs tensor cores"},
        {"tcgen05.st.sync.aligned.32x32b.x1.b32 [x], x;", "needs tensor cores"},
        {"tcgen05.wait::ld.sync.aligned;", "needs tensor cores"},
        {"tcgen05.cp.cta_group::1.128x256b [x], t;", "needs tensor cores"},
        {"tcgen05.shift.cta_group::1.down [x];", "needs tensor cores"},
        {"tcgen05.mma.cta_group::1.kind::f16 [x], t, t, x, p;", "needs tensor cores"},
        {"tcgen05.mma.sp.cta_group::1.kind::f16 [x], t, t, [x], x, p;", "needs tensor cores"},
        {"tcgen05.mma.ws.cta_group::1.kind::f16 [x], t, t, x, p;", "needs tensor cores"},
        {"tcgen05.mma.ws.sp.cta_group::1.kind::f16 [x], t, t, [x], x, p;", "needs tensor cores"},
        {"tcgen05.fence::before_thread_sync;", "needs tensor cores"},
        {"tcgen05.commit.cta_group::1.mbarrier::arrive::one.b64 [t];", "needs tensor cores"},
    };
    CHECK(cases);
}

Test(vgpu_refusal, tensor_maps) {
    static const char *const cases[][2] = {
        {"cp.async.bulk.tensor.1d.shared::cluster.global.tile.mbarrier::complete_tx::bytes [x], [t, {x}], "
         "[x];",
         "copies by a tensor map"},
        {"cp.reduce.async.bulk.tensor.1d.global.shared::cta.add.tile.bulk_group [t, {x}], [x];",
         "copies by a tensor map"},
        {"cp.async.bulk.prefetch.tensor.1d.L2.global.tile [t, {x}];", "copies by a tensor map"},
        {"tensormap.replace.tile.global_address.global.b1024.b64 [t], t;", "changes a tensor map"},
        {"tensormap.cp_fenceproxy.global.shared::cta.tensormap::generic.release.gpu.sync.aligned [t], [x], "
         "128;",
         "changes a tensor map"},
    };
    CHECK(cases);
}

Test(vgpu_refusal, textures_and_surfaces) {
    static const char *const cases[][2] = {
        {"tex.1d.v4.f32.s32 {v0, v1, v2, v3}, [t, {x}];", "reads a texture"},
        {"tld4.r.2d.v4.f32.f32 {v0, v1, v2, v3}, [t, {y, y}];", "reads a texture"},
        {"txq.width.b32 x, [t];", "asks about a texture"},
        {"istypep.texref p, t;", "asks about a texture or surface"},
        {"suld.b.1d.b32.trap {x}, [t, {x}];", "reads a surface"},
        {"sust.b.1d.b32.trap [t, {x}], {x};", "writes a surface"},
        {"sured.b.add.1d.u32.trap [t, {x}], x;", "changes a surface"},
        {"suq.width.b32 x, [t];", "asks about a surface"},
    };
    CHECK(cases);
}

Test(vgpu_refusal, several_devices_and_launches) {
    static const char *const cases[][2] = {
        {"multimem.ld_reduce.relaxed.sys.global.add.u32 x, [t];", "uses memory of several devices"},
        {"multimem.st.relaxed.sys.global.u32 [t], x;", "uses memory of several devices"},
        {"multimem.red.relaxed.sys.global.add.u32 [t], x;", "uses memory of several devices"},
        {"multimem.cp.async.bulk.global.shared::cta.bulk_group [t], [x], 16;",
         "uses memory of several devices"},
        {"multimem.cp.reduce.async.bulk.global.shared::cta.bulk_group.add.u32 [t], [x], 16;",
         "uses memory of several devices"},
        {"clusterlaunchcontrol.try_cancel.async.shared::cta.mbarrier::complete_tx::bytes.b128 [x], [x];",
         "asks for the work of clusters not yet launched"},
        {"clusterlaunchcontrol.query_cancel.is_canceled.pred.b128 p, t;",
         "asks for the work of clusters not yet launched"},
    };
    CHECK(cases);
}

/* Not left out on purpose, but unknown; nothing is passed over. */
Test(vgpu_refusal, unknown) {
    static const char *const cases[][2] = {
        {"vadd.s32.s32.s32 x, x, x;", "does not know the instruction"},
        {"vsub.s32.s32.s32 x, x, x;", "does not know the instruction"},
        {"vabsdiff.s32.s32.s32 x, x, x;", "does not know the instruction"},
        {"vmin.s32.s32.s32 x, x, x;", "does not know the instruction"},
        {"vmax.s32.s32.s32 x, x, x;", "does not know the instruction"},
        {"vshl.u32.u32.u32.clamp x, x, x;", "does not know the instruction"},
        {"vshr.u32.u32.u32.clamp x, x, x;", "does not know the instruction"},
        {"vmad.s32.s32.s32 x, x, x, x;", "does not know the instruction"},
        {"vset.s32.s32.lt x, x, x;", "does not know the instruction"},
        {"vadd2.s32.s32.s32 x, x, x, x;", "does not know the instruction"},
        {"vsub2.s32.s32.s32 x, x, x, x;", "does not know the instruction"},
        {"vavrg2.s32.s32.s32 x, x, x, x;", "does not know the instruction"},
        {"vmin2.s32.s32.s32 x, x, x, x;", "does not know the instruction"},
        {"vmax2.s32.s32.s32 x, x, x, x;", "does not know the instruction"},
        {"vset2.s32.s32.lt x, x, x, x;", "does not know the instruction"},
        {"vadd4.s32.s32.s32 x, x, x, x;", "does not know the instruction"},
        {"vsub4.s32.s32.s32 x, x, x, x;", "does not know the instruction"},
        {"vavrg4.s32.s32.s32 x, x, x, x;", "does not know the instruction"},
        {"vmin4.s32.s32.s32 x, x, x, x;", "does not know the instruction"},
        {"vmax4.s32.s32.s32 x, x, x, x;", "does not know the instruction"},
        {"vset4.s32.s32.lt x, x, x, x;", "does not know the instruction"},
        {"cvt.pack.sat.u8.s32.b32 x, x, x, x;", "does not know the instruction"},
        {"st.bulk.weak.shared::cta [x], 16, 0;", "does not know the instruction"},
        {"shfl.up.b32 x, x, 1, 0;", "does not know the instruction"},
        {"vote.all.pred p, p;", "does not know the instruction"},
    };
    CHECK(cases);
}

/* Forms of instructions that work otherwise. */
Test(vgpu_refusal, forms) {
    static const char *const cases[][2] = {
        {"add.rn.f32x2 t, t, t;", "does not know the instruction"},
        {"mul.rn.f32x2 t, t, t;", "does not know the instruction"},
        {"fma.rn.f32x2 t, t, t, t;", "does not know the instruction"},
        {"add.f32.f16 y, h, y;", "does not know the instruction"},
        {"sub.f32.f16 y, h, y;", "does not know the instruction"},
        {"fma.rn.f32.f16 y, h, h, y;", "does not know the instruction"},
        {"fma.rn.oob.f16 h, h, h, h;", "does not know the instruction"},
        {"min.f32 y, y, y, y;", "operand"},
        {"max.f32 y, y, y, y;", "operand"},
        {"lop3.or.b32 x|p, x, x, x, 0x3f, p;", "does not know the instruction"},
        {"ld.global.b128 w, [t];", "does not know the instruction"},
        {"st.global.b128 [t], w;", "does not know the instruction"},
        {"isspacep.const p, t;", "does not know the instruction"},
        {"cvt.rna.tf32.f32 x, y;", "does not know the instruction"},
        {"cvt.rn.satfinite.e2m1x2.f32 h, y, y;", "does not know the instruction"},
        {"redux.sync.min.f32 y, y, x;", "does not know the instruction"},
        {"cp.async.ca.shared.global [x], [t], 4, p;", "p has 0 bits"},
        {"cp.async.bulk.global.shared::cta.bulk_group.cp_mask [t], [x], 16, h;",
         "does not know the instruction"},
    };
    CHECK(cases);
}
