/* The cluster of a launch: what the kernel and the launch ask for, and what a device makes of it. */
#ifndef LOTTO_VGPU_RUNTIME_CLUSTER_H
#define LOTTO_VGPU_RUNTIME_CLUSTER_H

#include "operation.h"

/*
 * asked: the launch's attribute, or zeros. Sets launch->cluster, zeros for a launch without clusters. The kernel, grid and block of
 * the launch are set.
 */
cudaError_t cluster_settle(struct kernel_operation *launch, const uint32_t asked[3]);

/* Blocks resident at once on the whole device, all of whole clusters. */
unsigned cluster_resident_blocks(const struct kernel_operation *launch);

#endif
