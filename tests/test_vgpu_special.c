/* Special registers: what each thread of a launch of three dimensions, with clusters and without, reads from every one. */
#include "instruction/machine.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

TestSuite(vgpu_special, .init = machine_open, .fini = machine_close);

enum {
    GRID_X = 4,
    GRID_Y = 6,
    GRID_Z = 2,
    BLOCK_X = 5,
    BLOCK_Y = 3,
    BLOCK_Z = 3,
    THREADS = 45,
    BLOCKS = 48,
    DYNAMIC = 256
};

/* Where a thread is: t its index in the block, b that of the block; extents of a cluster. */
static struct place {
    unsigned t, b, cluster_x, cluster_y;
    bool has_clusters;
} at;

static unsigned lane(void) { return at.t % 32; }
static unsigned block_x(void) { return at.b % GRID_X; }
static unsigned block_y(void) { return at.b / GRID_X % GRID_Y; }
static unsigned block_z(void) { return at.b / GRID_X / GRID_Y; }
/* Bits of lanes from first to last. */
static uint64_t bits(unsigned first, unsigned end) {
    uint64_t mask = 0;
    for (unsigned l = first; l < end; l++)
        mask |= 1ull << l;
    return mask;
}

#define VALUE(name, value)                                                                                   \
    static uint64_t name(void) { return (value); }
VALUE(tid_x, at.t % BLOCK_X)
VALUE(tid_y, at.t / BLOCK_X % BLOCK_Y)
VALUE(tid_z, at.t / BLOCK_X / BLOCK_Y)
VALUE(ntid_x, BLOCK_X)
VALUE(ntid_y, BLOCK_Y)
VALUE(ntid_z, BLOCK_Z)
VALUE(ctaid_x, block_x())
VALUE(ctaid_y, block_y())
VALUE(ctaid_z, block_z())
VALUE(nctaid_x, GRID_X)
VALUE(nctaid_y, GRID_Y)
VALUE(nctaid_z, GRID_Z)
VALUE(clusterid_x, block_x() / at.cluster_x)
VALUE(clusterid_y, block_y() / at.cluster_y)
VALUE(clusterid_z, block_z())
VALUE(nclusterid_x, GRID_X / at.cluster_x)
VALUE(nclusterid_y, GRID_Y / at.cluster_y)
VALUE(nclusterid_z, GRID_Z)
VALUE(cluster_ctaid_x, block_x() % at.cluster_x)
VALUE(cluster_ctaid_y, block_y() % at.cluster_y)
VALUE(zero, 0)
VALUE(one, 1)
VALUE(cluster_nctaid_x, at.cluster_x)
VALUE(cluster_nctaid_y, at.cluster_y)
VALUE(cluster_ctarank, block_x() % at.cluster_x + block_y() % at.cluster_y * at.cluster_x)
VALUE(cluster_nctarank, at.cluster_x *at.cluster_y)
VALUE(is_explicit_cluster, at.has_clusters)
VALUE(laneid, lane())
VALUE(warpid, at.t / 32)
VALUE(nwarpid, 2048 / 32)
VALUE(nsmid, 132)
VALUE(lanemask_eq, 1u << lane())
VALUE(lanemask_lt, bits(0, lane()))
VALUE(lanemask_le, bits(0, lane() + 1))
VALUE(lanemask_gt, bits(lane() + 1, 32))
VALUE(lanemask_ge, bits(lane(), 32))
VALUE(dynamic_smem, DYNAMIC)
/* In whole units of allocation, 128 bytes from sm_80 on. */
VALUE(total_smem, (DYNAMIC + 16 + 127) / 128 * 128)

static const struct special {
    const char *name;
    unsigned bits; /* 1: a predicate */
    uint64_t (*value)(void);
} specials[] = {{"%tid.x", 32, tid_x},
                {"%tid.y", 32, tid_y},
                {"%tid.z", 32, tid_z},
                {"%ntid.x", 32, ntid_x},
                {"%ntid.y", 32, ntid_y},
                {"%ntid.z", 32, ntid_z},
                {"%ctaid.x", 32, ctaid_x},
                {"%ctaid.y", 32, ctaid_y},
                {"%ctaid.z", 32, ctaid_z},
                {"%nctaid.x", 32, nctaid_x},
                {"%nctaid.y", 32, nctaid_y},
                {"%nctaid.z", 32, nctaid_z},
                {"%clusterid.x", 32, clusterid_x},
                {"%clusterid.y", 32, clusterid_y},
                {"%clusterid.z", 32, clusterid_z},
                {"%nclusterid.x", 32, nclusterid_x},
                {"%nclusterid.y", 32, nclusterid_y},
                {"%nclusterid.z", 32, nclusterid_z},
                {"%cluster_ctaid.x", 32, cluster_ctaid_x},
                {"%cluster_ctaid.y", 32, cluster_ctaid_y},
                {"%cluster_ctaid.z", 32, zero},
                {"%cluster_nctaid.x", 32, cluster_nctaid_x},
                {"%cluster_nctaid.y", 32, cluster_nctaid_y},
                {"%cluster_nctaid.z", 32, one},
                {"%cluster_ctarank", 32, cluster_ctarank},
                {"%cluster_nctarank", 32, cluster_nctarank},
                {"%is_explicit_cluster", 1, is_explicit_cluster},
                {"%laneid", 32, laneid},
                {"%warpid", 32, warpid},
                {"%nwarpid", 32, nwarpid},
                {"%nsmid", 32, nsmid},
                {"%lanemask_eq", 32, lanemask_eq},
                {"%lanemask_lt", 32, lanemask_lt},
                {"%lanemask_le", 32, lanemask_le},
                {"%lanemask_gt", 32, lanemask_gt},
                {"%lanemask_ge", 32, lanemask_ge},
                {"%dynamic_smem_size", 32, dynamic_smem},
                {"%total_smem_size", 32, total_smem}};

/* The place of a thread's result comes from its block and thread numbers, which are read in the plainest way. */
static const uint64_t *run(const char *name, unsigned width, uint64_t *array) {
    uint64_t *out;
    char ptx[2048];
    *array = machine_array(8 * BLOCKS * THREADS, &out);
    snprintf(
        ptx, sizeof ptx,
        PTX_KERNEL
        "{ .shared .b32 s[4]; .reg .b64 o, t, v; .reg .b32 x, y, z; .reg .pred p; ld.param.u64 o, [p0];\n"
        "mov.u32 x, %%ctaid.z; mov.u32 y, %%ctaid.y; mad.lo.u32 x, x, %u, y; mov.u32 y, %%ctaid.x; "
        "mad.lo.u32 x, x, %u, y;\n"
        "mov.u32 y, %%tid.z; mad.lo.u32 x, x, %u, y; mov.u32 y, %%tid.y; mad.lo.u32 x, x, %u, y; mov.u32 y, "
        "%%tid.x;"
        " mad.lo.u32 x, x, %u, y;\nmul.wide.u32 t, x, 8; add.u64 o, o, t; st.shared.u32 [s], x;\n"
        "%s%s; %s st.global.u64 [o], v; ret; }",
        GRID_Y, GRID_X, BLOCK_Z, BLOCK_Y, BLOCK_X,
        width == 1    ? "mov.pred p, "
        : width == 64 ? "mov.u64 v, "
                      : "mov.u32 z, ",
        name,
        width == 1    ? "selp.u64 v, 1, 0, p;"
        : width == 64 ? ""
                      : "cvt.u64.u32 v, z;");
    struct machine_launch launch = {.ptx = ptx,
                                    .blocks = GRID_X,
                                    .blocks_yz = {GRID_Y, GRID_Z},
                                    .threads = BLOCK_X,
                                    .threads_yz = {BLOCK_Y, BLOCK_Z},
                                    .cluster = at.has_clusters ? at.cluster_x : 0,
                                    .cluster_yz = {at.cluster_y, 1},
                                    .dynamic_shared = DYNAMIC,
                                    .parameters = {*array}};
    cr_assert_eq(machine_run(&launch), LAUNCH_DONE, "%s", name);
    return out;
}

Test(vgpu_special, of_threads_blocks_and_clusters) {
    for (int clusters = 0; clusters < 2; clusters++) {
        at = (struct place){
            .cluster_x = clusters ? 2 : 1, .cluster_y = clusters ? 3 : 1, .has_clusters = clusters};
        for (unsigned k = 0; k < sizeof specials / sizeof *specials; k++) {
            uint64_t array;
            const uint64_t *out = run(specials[k].name, specials[k].bits, &array);
            for (at.b = 0; at.b < BLOCKS; at.b++)
                for (at.t = 0; at.t < THREADS; at.t++)
                    cr_assert_eq(out[at.b * THREADS + at.t], specials[k].value(),
                                 "%s of thread %u of block %u: %llu", specials[k].name, at.t, at.b,
                                 (unsigned long long)out[at.b * THREADS + at.t]);
            memory_free(array);
        }
    }
}

/* What the ISA leaves open is at least the same for the warp, and in range; the environment's registers hold nothing without a grid barrier. */
Test(vgpu_special, of_the_machine) {
    static const struct {
        const char *name;
        unsigned bits;
        uint64_t below;
    } open[] = {{"%smid", 32, 132}, {"%gridid", 64, ~0ull}, {"%envreg1", 32, 1}, {"%envreg2", 32, 1}};
    at = (struct place){.cluster_x = 1, .cluster_y = 1};
    for (unsigned k = 0; k < sizeof open / sizeof *open; k++) {
        uint64_t array;
        const uint64_t *out = run(open[k].name, open[k].bits, &array);
        for (unsigned t = 0; t < BLOCKS * THREADS; t++) {
            cr_assert_lt(out[t], open[k].below, "%s of thread %u: %llu", open[k].name, t,
                         (unsigned long long)out[t]);
            cr_assert_eq(out[t], out[t / THREADS * THREADS], "%s of thread %u", open[k].name, t);
        }
        memory_free(array);
    }
}
