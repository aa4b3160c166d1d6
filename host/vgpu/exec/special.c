/* Special registers: what each holds, filled when a warp starts. */
#include "warp.h"

#include <string.h>

static void fill_with(void *lanes, uint32_t value) {
    uint32_t *d = lanes;
    for (unsigned l = 0; l < WARP_LANES; l++)
        d[l] = value;
}
static unsigned thread_of(const struct warp *warp, unsigned lane) { return warp->index * WARP_LANES + lane; }

static void tid_x(const struct warp *warp, void *lanes) {
    uint32_t *d = lanes;
    for (unsigned l = 0; l < WARP_LANES; l++)
        d[l] = thread_of(warp, l) % warp->grid->launch->block[0];
}
static void tid_y(const struct warp *warp, void *lanes) {
    uint32_t *d = lanes;
    for (unsigned l = 0; l < WARP_LANES; l++)
        d[l] = thread_of(warp, l) / warp->grid->launch->block[0] % warp->grid->launch->block[1];
}
static void tid_z(const struct warp *warp, void *lanes) {
    uint32_t *d = lanes;
    for (unsigned l = 0; l < WARP_LANES; l++)
        d[l] = thread_of(warp, l) / warp->grid->launch->block[0] / warp->grid->launch->block[1];
}
static void laneid(const struct warp *warp, void *lanes) {
    (void)warp;
    uint32_t *d = lanes;
    for (unsigned l = 0; l < WARP_LANES; l++)
        d[l] = l;
}
static void lanemask_eq(const struct warp *warp, void *lanes) {
    (void)warp;
    uint32_t *d = lanes;
    for (unsigned l = 0; l < WARP_LANES; l++)
        d[l] = 1u << l;
}
static void lanemask_lt(const struct warp *warp, void *lanes) {
    (void)warp;
    uint32_t *d = lanes;
    for (unsigned l = 0; l < WARP_LANES; l++)
        d[l] = (1u << l) - 1;
}
static void lanemask_le(const struct warp *warp, void *lanes) {
    (void)warp;
    uint32_t *d = lanes;
    for (unsigned l = 0; l < WARP_LANES; l++)
        d[l] = (2u << l) - 1;
}
static void lanemask_gt(const struct warp *warp, void *lanes) {
    (void)warp;
    uint32_t *d = lanes;
    for (unsigned l = 0; l < WARP_LANES; l++)
        d[l] = ~((2u << l) - 1);
}
static void lanemask_ge(const struct warp *warp, void *lanes) {
    (void)warp;
    uint32_t *d = lanes;
    for (unsigned l = 0; l < WARP_LANES; l++)
        d[l] = ~((1u << l) - 1);
}

static uint32_t reserved_bytes(const struct warp *warp) {
    return warp->grid->binding->reserves_shared ? RESERVED_SHARED_BYTES : 0;
}

#define UNIFORM(name, value)                                                                                 \
    static void name(const struct warp *warp, void *lanes) {                                                 \
        const struct launch *launch = warp->grid->launch;                                                    \
        const struct device_limits *device = &warp->grid->binding->device;                                   \
        (void)launch, (void)device;                                                                          \
        fill_with(lanes, (uint32_t)(value));                                                                 \
    }
UNIFORM(ntid_x, launch->block[0])
UNIFORM(ntid_y, launch->block[1])
UNIFORM(ntid_z, launch->block[2])
UNIFORM(ctaid_x, warp->block->id[0])
UNIFORM(ctaid_y, warp->block->id[1])
UNIFORM(ctaid_z, warp->block->id[2])
UNIFORM(nctaid_x, launch->grid[0])
UNIFORM(nctaid_y, launch->grid[1])
UNIFORM(nctaid_z, launch->grid[2])
UNIFORM(warpid, warp->index)
UNIFORM(nwarpid, device->max_threads_per_sm / WARP_LANES)
UNIFORM(smid, warp->block->index % (device->sm_count ? device->sm_count : 1))
UNIFORM(nsmid, device->sm_count)
UNIFORM(clusterid_x, warp->block->cluster->id[0])
UNIFORM(clusterid_y, warp->block->cluster->id[1])
UNIFORM(clusterid_z, warp->block->cluster->id[2])
UNIFORM(nclusterid_x, launch->grid[0] / warp->grid->cluster[0])
UNIFORM(nclusterid_y, launch->grid[1] / warp->grid->cluster[1])
UNIFORM(nclusterid_z, launch->grid[2] / warp->grid->cluster[2])
UNIFORM(cluster_ctaid_x, warp->block->id_in_cluster[0])
UNIFORM(cluster_ctaid_y, warp->block->id_in_cluster[1])
UNIFORM(cluster_ctaid_z, warp->block->id_in_cluster[2])
UNIFORM(cluster_nctaid_x, warp->grid->cluster[0])
UNIFORM(cluster_nctaid_y, warp->grid->cluster[1])
UNIFORM(cluster_nctaid_z, warp->grid->cluster[2])
UNIFORM(cluster_ctarank, warp->block->rank)
UNIFORM(cluster_nctarank, warp->block->cluster->block_count)
UNIFORM(is_explicit_cluster, launch->cluster[0] ? ~0u : 0) /* a predicate: all ones or zero */
UNIFORM(dynamic_smem, launch->dynamic_shared_bytes)
UNIFORM(total_smem, warp->grid->shared_bytes - reserved_bytes(warp))
UNIFORM(aggregate_smem, warp->grid->shared_bytes)
UNIFORM(reserved_begin, warp->grid->shared_bytes - reserved_bytes(warp))
UNIFORM(reserved_middle, warp->grid->shared_bytes - reserved_bytes(warp) / 2)
UNIFORM(reserved_end, warp->grid->shared_bytes)
UNIFORM(reserved_size, reserved_bytes(warp))
UNIFORM(workspace_high, launch->grid_workspace >> 32)
UNIFORM(workspace_low, launch->grid_workspace)

/* %gridid, and %current_graph_exec outside a graph. */
static void zero_64(const struct warp *warp, void *lanes) {
    (void)warp;
    memset(lanes, 0, WARP_LANES * sizeof(uint64_t));
}

/* A launch without clusters is one of clusters of a single block. */
static const struct special_register registers[] = {
    {"%tid.x", 4, tid_x},
    {"%tid.y", 4, tid_y},
    {"%tid.z", 4, tid_z},
    {"%ntid.x", 4, ntid_x},
    {"%ntid.y", 4, ntid_y},
    {"%ntid.z", 4, ntid_z},
    {"%ctaid.x", 4, ctaid_x},
    {"%ctaid.y", 4, ctaid_y},
    {"%ctaid.z", 4, ctaid_z},
    {"%nctaid.x", 4, nctaid_x},
    {"%nctaid.y", 4, nctaid_y},
    {"%nctaid.z", 4, nctaid_z},
    {"%clusterid.x", 4, clusterid_x},
    {"%clusterid.y", 4, clusterid_y},
    {"%clusterid.z", 4, clusterid_z},
    {"%nclusterid.x", 4, nclusterid_x},
    {"%nclusterid.y", 4, nclusterid_y},
    {"%nclusterid.z", 4, nclusterid_z},
    {"%cluster_ctaid.x", 4, cluster_ctaid_x},
    {"%cluster_ctaid.y", 4, cluster_ctaid_y},
    {"%cluster_ctaid.z", 4, cluster_ctaid_z},
    {"%cluster_nctaid.x", 4, cluster_nctaid_x},
    {"%cluster_nctaid.y", 4, cluster_nctaid_y},
    {"%cluster_nctaid.z", 4, cluster_nctaid_z},
    {"%cluster_ctarank", 4, cluster_ctarank},
    {"%cluster_nctarank", 4, cluster_nctarank},
    {"%is_explicit_cluster", SPECIAL_PREDICATE, is_explicit_cluster},
    {"%laneid", 4, laneid},
    {"%warpid", 4, warpid},
    {"%nwarpid", 4, nwarpid},
    {"%smid", 4, smid},
    {"%nsmid", 4, nsmid},
    {"%gridid", 8, zero_64},
    {"%lanemask_eq", 4, lanemask_eq},
    {"%lanemask_lt", 4, lanemask_lt},
    {"%lanemask_le", 4, lanemask_le},
    {"%lanemask_gt", 4, lanemask_gt},
    {"%lanemask_ge", 4, lanemask_ge},
    {"%dynamic_smem_size", 4, dynamic_smem},
    {"%total_smem_size", 4, total_smem},
    {"%aggr_smem_size", 4, aggregate_smem},
    {"%reserved_smem_offset_begin", 4, reserved_begin},
    {"%reserved_smem_offset_end", 4, reserved_end},
    {"%reserved_smem_offset_cap", 4, reserved_size},
    {"%reserved_smem_offset_0", 4, reserved_begin},
    {"%reserved_smem_offset_1", 4, reserved_middle},
    {"%envreg1", 4, workspace_high},
    {"%envreg2", 4, workspace_low},
    {"%current_graph_exec", 8, zero_64},
    {"%clock", 4, NULL},
    {"%clock_hi", 4, NULL},
    {"%clock64", 8, NULL},
    {"%globaltimer", 8, NULL},
    {"%globaltimer_lo", 4, NULL},
    {"%globaltimer_hi", 4, NULL},
};

const struct special_register *special_find(const char *name) {
    for (size_t k = 0; k < sizeof registers / sizeof *registers; k++)
        if (strcmp(registers[k].name, name) == 0)
            return &registers[k];
    return NULL;
}
