/* Questions about kernels, settings of kernels, and occupancy. */
#include "module.h"
#include "occupancy.h"
#include "runtime.h"

/* Ready to be asked: its program is there. NULL when no kernel is registered at host. */
static struct kernel *prepared(const void *host) {
    struct kernel *kernel = kernel_find(host);
    if (kernel)
        kernel_prepare(kernel);
    return kernel;
}

static int max_threads(const struct kernel *kernel) {
    unsigned most = runtime_profile()->limits.max_threads_per_block,
             bound = kernel->program->entry->max_threads;
    return (int)(bound && bound < most ? bound : most);
}

static size_t constant_bytes(const struct kernel *kernel) {
    size_t bytes = 0;
    const struct ptx_module *module = kernel->program->module;
    for (uint32_t i = 0; i < module->variable_count; i++)
        if (module->variables[i]->space == PTX_SPACE_CONST)
            bytes += module->variables[i]->bytes;
    return bytes;
}

static cudaError_t describe(struct cudaFuncAttributes *attributes, const void *host) {
    const struct kernel *kernel = prepared(host);
    if (!attributes)
        return cudaErrorInvalidValue;
    if (!kernel)
        return cudaErrorInvalidDeviceFunction;
    *attributes = (struct cudaFuncAttributes){
        .sharedSizeBytes = kernel->program->static_shared_bytes,
        .constSizeBytes = constant_bytes(kernel),
        .localSizeBytes = kernel->program->local_bytes,
        .maxThreadsPerBlock = max_threads(kernel),
        .numRegs = (int)occupancy_registers(kernel),
        .ptxVersion = (int)kernel->program->module->target,
        .binaryVersion = (int)runtime_profile()->limits.architecture,
        .maxDynamicSharedSizeBytes = kernel->max_dynamic_shared,
        .preferredShmemCarveout = kernel->carveout,
        .clusterDimMustBeSet = kernel->needs_cluster,
        .requiredClusterWidth = (int)kernel->required_cluster[0],
        .requiredClusterHeight = (int)kernel->required_cluster[1],
        .requiredClusterDepth = (int)kernel->required_cluster[2],
        .nonPortableClusterSizeAllowed = kernel->large_clusters,
    };
    return cudaSuccess;
}

cudaError_t cudaFuncGetAttributes(struct cudaFuncAttributes *attributes, const void *function) {
    cudaError_t error = runtime_enter();
    if (error == cudaSuccess)
        error = describe(attributes, function);
    return runtime_leave(error);
}

/* Not for kernels that were compiled for a size. What the three axes make together is checked at a launch. */
static cudaError_t require_cluster(struct kernel *kernel, int axis, int size) {
    if (size < 0)
        return cudaErrorInvalidValue;
    if (kernel->program->entry->required_cluster[0])
        return cudaErrorNotPermitted;
    kernel->required_cluster[axis] = (uint32_t)size;
    return cudaSuccess;
}

static cudaError_t set(const void *host, enum cudaFuncAttribute attribute, int value) {
    struct kernel *kernel = prepared(host);
    if (!kernel)
        return cudaErrorInvalidDeviceFunction;
    int most = (int)(runtime_profile()->limits.shared_per_block_optin - kernel->program->static_shared_bytes);
    switch (attribute) {
    case cudaFuncAttributeMaxDynamicSharedMemorySize:
        if (value < 0 || value > most)
            return cudaErrorInvalidValue;
        kernel->max_dynamic_shared = value;
        return cudaSuccess;
    case cudaFuncAttributePreferredSharedMemoryCarveout:
        if (value < cudaSharedmemCarveoutDefault || value > cudaSharedmemCarveoutMaxShared)
            return cudaErrorInvalidValue;
        kernel->carveout = value;
        return cudaSuccess;
    case cudaFuncAttributeNonPortableClusterSizeAllowed:
        if (value != 0 && value != 1)
            return cudaErrorInvalidValue;
        kernel->large_clusters = value;
        return cudaSuccess;
    case cudaFuncAttributeClusterSchedulingPolicyPreference:
        return cudaSuccess; /* a preference, without effect here */
    case cudaFuncAttributeClusterDimMustBeSet:
        if (value != 0 && value != 1)
            return cudaErrorInvalidValue;
        kernel->needs_cluster = value;
        return cudaSuccess;
    case cudaFuncAttributeRequiredClusterWidth:
    case cudaFuncAttributeRequiredClusterHeight:
    case cudaFuncAttributeRequiredClusterDepth:
        return require_cluster(kernel, attribute - cudaFuncAttributeRequiredClusterWidth, value);
    default:
        return cudaErrorInvalidValue;
    }
}

cudaError_t cudaFuncSetAttribute(const void *function, enum cudaFuncAttribute attribute, int value) {
    cudaError_t error = runtime_enter();
    if (error == cudaSuccess)
        error = set(function, attribute, value);
    return runtime_leave(error);
}

/* A preference, without effect here. */
cudaError_t cudaFuncSetCacheConfig(const void *function, enum cudaFuncCache config) {
    (void)config;
    cudaError_t error = runtime_enter();
    if (error == cudaSuccess)
        error = kernel_find(function) ? cudaSuccess : cudaErrorInvalidDeviceFunction;
    return runtime_leave(error);
}

/* Deprecated, and without effect since compute capability 5.0: banks are 4 bytes wide. */
cudaError_t cudaFuncSetSharedMemConfig(const void *function, enum cudaSharedMemConfig config) {
    (void)config;
    return cudaFuncSetCacheConfig(function, cudaFuncCachePreferNone);
}

cudaError_t cudaFuncGetName(const char **name, const void *function) {
    cudaError_t error = runtime_enter();
    const struct kernel *kernel = kernel_find(function);
    if (error == cudaSuccess)
        error = !name ? cudaErrorInvalidValue : !kernel ? cudaErrorInvalidDeviceFunction : cudaSuccess;
    if (error == cudaSuccess)
        *name = kernel->name;
    return runtime_leave(error);
}

cudaError_t cudaFuncGetParamInfo(const void *function, size_t index, size_t *offset, size_t *bytes) {
    cudaError_t error = runtime_enter();
    const struct kernel *kernel = prepared(function);
    if (error == cudaSuccess)
        error = !offset                                            ? cudaErrorInvalidValue
                : !kernel                                          ? cudaErrorInvalidDeviceFunction
                : index >= kernel->program->entry->parameter_count ? cudaErrorInvalidValue
                                                                   : cudaSuccess;
    if (error == cudaSuccess) {
        const struct ptx_variable *parameter = kernel->program->entry->parameters[index];
        *offset = parameter->address;
        if (bytes)
            *bytes = parameter->bytes;
    }
    return runtime_leave(error);
}

static cudaError_t active_blocks(int *blocks, const void *host, int threads, size_t dynamic_shared) {
    const struct kernel *kernel = prepared(host);
    if (!blocks || threads <= 0)
        return cudaErrorInvalidValue;
    if (!kernel)
        return cudaErrorInvalidDeviceFunction;
    *blocks =
        threads > max_threads(kernel) ? 0 : (int)occupancy_blocks(kernel, (unsigned)threads, dynamic_shared);
    return cudaSuccess;
}

cudaError_t cudaOccupancyMaxActiveBlocksPerMultiprocessorWithFlags(int *blocks, const void *function,
                                                                   int threads, size_t dynamic_shared,
                                                                   unsigned flags) {
    cudaError_t error = runtime_enter();
    if (error == cudaSuccess)
        error = flags & ~(unsigned)cudaOccupancyDisableCachingOverride
                    ? cudaErrorInvalidValue
                    : active_blocks(blocks, function, threads, dynamic_shared);
    return runtime_leave(error);
}

cudaError_t cudaOccupancyMaxActiveBlocksPerMultiprocessor(int *blocks, const void *function, int threads,
                                                          size_t dynamic_shared) {
    return cudaOccupancyMaxActiveBlocksPerMultiprocessorWithFlags(blocks, function, threads, dynamic_shared,
                                                                  cudaOccupancyDefault);
}

static cudaError_t available_shared(size_t *bytes, const void *host, int blocks, int threads) {
    const struct kernel *kernel = prepared(host);
    if (!bytes || blocks <= 0 || threads <= 0)
        return cudaErrorInvalidValue;
    if (!kernel)
        return cudaErrorInvalidDeviceFunction;
    const struct device_limits *device = &runtime_profile()->limits;
    size_t used = device->reserved_shared_per_block + kernel->program->static_shared_bytes,
           each = device->shared_per_sm / (unsigned)blocks;
    size_t most = device->shared_per_block_optin - kernel->program->static_shared_bytes;
    size_t left = each > used ? each - used : 0;
    *bytes = left < most ? left : most;
    return cudaSuccess;
}

cudaError_t cudaOccupancyAvailableDynamicSMemPerBlock(size_t *bytes, const void *function, int blocks,
                                                      int threads) {
    cudaError_t error = runtime_enter();
    if (error == cudaSuccess)
        error = available_shared(bytes, function, blocks, threads);
    return runtime_leave(error);
}
