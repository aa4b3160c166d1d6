#include "cluster.h"
#include "occupancy.h"
#include "runtime.h"

#include <string.h>

enum { FIRST_ARCHITECTURE = 90 };

static uint64_t product(const uint32_t size[3]) { return (uint64_t)size[0] * size[1] * size[2]; }

static bool has_clusters(void) { return runtime_profile()->limits.architecture >= FIRST_ARCHITECTURE; }

/* The cluster that a kernel was compiled for or is set to need, else what the launch asks for. */
static cudaError_t choose(const struct kernel *kernel, const uint32_t asked[3], uint32_t cluster[3]) {
    static const uint32_t nothing[3] = {0};
    bool is_asked = memcmp(asked, nothing, sizeof nothing) != 0,
         is_required = memcmp(kernel->required_cluster, nothing, sizeof nothing) != 0;
    if (is_required && is_asked && memcmp(asked, kernel->required_cluster, sizeof nothing) != 0)
        return cudaErrorInvalidClusterSize;
    if (kernel->needs_cluster && !is_required && !is_asked)
        return cudaErrorInvalidClusterSize;
    memcpy(cluster, is_required ? kernel->required_cluster : asked, sizeof nothing);
    return (is_required || is_asked) && product(cluster) == 0 ? cudaErrorInvalidClusterSize : cudaSuccess;
}

cudaError_t cluster_settle(struct kernel_operation *launch, const uint32_t asked[3]) {
    uint32_t *cluster = launch->cluster;
    cudaError_t error = choose(launch->kernel, asked, cluster);
    if (error != cudaSuccess || product(cluster) == 0)
        return error;
    if (!has_clusters()) {
        bool is_single = product(cluster) == 1;
        memset(cluster, 0, sizeof launch->cluster);
        return is_single ? cudaSuccess : cudaErrorNotSupported;
    }
    if (product(cluster) > occupancy_cluster_limit(launch->kernel))
        return cudaErrorInvalidClusterSize;
    for (int axis = 0; axis < 3; axis++)
        if (launch->grid[axis] % cluster[axis])
            return cudaErrorInvalidClusterSize;
    return cudaSuccess;
}

unsigned cluster_resident_blocks(const struct kernel_operation *launch) {
    unsigned threads = (unsigned)product(launch->block), blocks = (unsigned)product(launch->cluster);
    if (blocks == 0)
        return occupancy_blocks(launch->kernel, threads, launch->dynamic_shared) *
               runtime_profile()->limits.sm_count;
    return occupancy_clusters(launch->kernel, threads, launch->dynamic_shared, blocks) * blocks;
}

/* A question about a launch that is not made: its kernel, shape and attributes. */
static cudaError_t read_launch(const void *function, const cudaLaunchConfig_t *config,
                               struct kernel_operation *launch, uint32_t asked[3]) {
    struct kernel *kernel = kernel_find(function);
    if (!kernel)
        return cudaErrorInvalidDeviceFunction;
    if (!config || (config->numAttrs && !config->attrs))
        return cudaErrorInvalidValue;
    if (!has_clusters())
        return cudaErrorNotSupported;
    kernel_prepare(kernel);
    *launch = (struct kernel_operation){
        .kernel = kernel,
        .grid = {config->gridDim.x, config->gridDim.y, config->gridDim.z},
        .block = {config->blockDim.x, config->blockDim.y, config->blockDim.z},
        .dynamic_shared = (uint32_t)config->dynamicSmemBytes,
    };
    for (unsigned i = 0; i < config->numAttrs; i++)
        if (config->attrs[i].id == cudaLaunchAttributeClusterDimension) {
            asked[0] = config->attrs[i].val.clusterDim.x;
            asked[1] = config->attrs[i].val.clusterDim.y;
            asked[2] = config->attrs[i].val.clusterDim.z;
        }
    bool fits = product(launch->block) > 0 && config->dynamicSmemBytes <= (size_t)kernel->max_dynamic_shared;
    return fits ? cudaSuccess : cudaErrorInvalidValue;
}

static cudaError_t active_clusters(int *clusters, const void *function, const cudaLaunchConfig_t *config) {
    struct kernel_operation launch;
    uint32_t asked[3] = {0};
    cudaError_t error = read_launch(function, config, &launch, asked);
    if (error == cudaSuccess)
        error = cluster_settle(&launch, asked);
    if (error == cudaSuccess && (!clusters || product(launch.cluster) == 0))
        error = cudaErrorInvalidValue;
    if (error == cudaSuccess)
        *clusters = (int)(cluster_resident_blocks(&launch) / product(launch.cluster));
    return error;
}

cudaError_t cudaOccupancyMaxActiveClusters(int *clusters, const void *function,
                                           const cudaLaunchConfig_t *config) {
    cudaError_t error = runtime_enter();
    if (error == cudaSuccess)
        error = active_clusters(clusters, function, config);
    return runtime_leave(error);
}

/* The largest power of two of which at least one cluster fits; the size a kernel was compiled for is that size. */
static cudaError_t potential_size(int *blocks, const void *function, const cudaLaunchConfig_t *config) {
    struct kernel_operation launch;
    uint32_t asked[3] = {0};
    cudaError_t error = read_launch(function, config, &launch, asked);
    if (error == cudaSuccess && !blocks)
        error = cudaErrorInvalidValue;
    if (error != cudaSuccess)
        return error;
    unsigned required = (unsigned)product(launch.kernel->required_cluster),
             size = required ? required : occupancy_cluster_limit(launch.kernel),
             threads = (unsigned)product(launch.block);
    while (!required && size > 1 &&
           occupancy_clusters(launch.kernel, threads, launch.dynamic_shared, size) == 0)
        size /= 2;
    *blocks = (int)size;
    return cudaSuccess;
}

cudaError_t cudaOccupancyMaxPotentialClusterSize(int *blocks, const void *function,
                                                 const cudaLaunchConfig_t *config) {
    cudaError_t error = runtime_enter();
    if (error == cudaSuccess)
        error = potential_size(blocks, function, config);
    return runtime_leave(error);
}
