/* The one virtual device: what it answers about itself, and calls that concern it as a whole. */
#include "../exec/print.h"
#include "../memory/memory.h"
#include "capture.h"
#include "module.h"
#include "runtime.h"

#include <stdio.h>
#include <string.h>

enum { CUDA_VERSION_PROVIDED = 13000, CONSTANT_BYTES = 64 << 10, PITCH_MAX = 2147483647 };

static cudaError_t check_device(int device) { return device == 0 ? cudaSuccess : cudaErrorInvalidDevice; }

/*
 * Limits that no architecture here differs in: CUDA C++ Programming Guide, "Compute Capabilities", technical specifications.
 * Textures, surfaces, arrays and managed or mapped memory are not provided, so their limits and capabilities are 0.
 */
static cudaError_t attribute(enum cudaDeviceAttr which, int *value) {
    const struct profile *profile = runtime_profile();
    const struct device_limits *limits = &profile->limits;
    unsigned architecture = limits->architecture;
    switch ((int)which) {
    case cudaDevAttrMaxThreadsPerBlock:
        *value = (int)limits->max_threads_per_block;
        break;
    case cudaDevAttrMaxBlockDimX:
    case cudaDevAttrMaxBlockDimY:
        *value = 1024;
        break;
    case cudaDevAttrMaxBlockDimZ:
        *value = 64;
        break;
    case cudaDevAttrMaxGridDimX:
        *value = 2147483647;
        break;
    case cudaDevAttrMaxGridDimY:
    case cudaDevAttrMaxGridDimZ:
        *value = 65535;
        break;
    case cudaDevAttrMaxSharedMemoryPerBlock:
        *value = (int)limits->shared_per_block;
        break;
    case cudaDevAttrTotalConstantMemory:
        *value = CONSTANT_BYTES;
        break;
    case cudaDevAttrWarpSize:
        *value = 32;
        break;
    case cudaDevAttrMaxPitch:
        *value = PITCH_MAX;
        break;
    case cudaDevAttrMaxRegistersPerBlock:
    case cudaDevAttrMaxRegistersPerMultiprocessor:
        *value = (int)limits->registers_per_sm;
        break;
    case cudaDevAttrClockRate:
        *value = (int)profile->clock_khz;
        break;
    case cudaDevAttrTextureAlignment:
    case cudaDevAttrSurfaceAlignment:
        *value = 512;
        break;
    case cudaDevAttrTexturePitchAlignment:
        *value = 32;
        break;
    case cudaDevAttrMultiProcessorCount:
        *value = (int)limits->sm_count;
        break;
    case cudaDevAttrMemoryClockRate:
        *value = (int)profile->memory_clock_khz;
        break;
    case cudaDevAttrGlobalMemoryBusWidth:
        *value = (int)profile->memory_bus_bits;
        break;
    case cudaDevAttrL2CacheSize:
        *value = (int)profile->l2_bytes;
        break;
    case cudaDevAttrMaxThreadsPerMultiProcessor:
        *value = (int)limits->max_threads_per_sm;
        break;
    case cudaDevAttrComputeCapabilityMajor:
        *value = (int)architecture / 10;
        break;
    case cudaDevAttrComputeCapabilityMinor:
        *value = (int)architecture % 10;
        break;
    case cudaDevAttrMaxSharedMemoryPerMultiprocessor:
        *value = (int)limits->shared_per_sm;
        break;
    case cudaDevAttrMaxSharedMemoryPerBlockOptin:
        *value = (int)limits->shared_per_block_optin;
        break;
    case cudaDevAttrMaxBlocksPerMultiprocessor:
        *value = (int)limits->max_blocks_per_sm;
        break;
    case cudaDevAttrReservedSharedMemoryPerBlock:
        *value = (int)limits->reserved_shared_per_block;
        break;
    case cudaDevAttrSingleToDoublePrecisionPerfRatio:
        *value = architecture == 80 || architecture == 90 || architecture == 100 ? 2
                 : architecture == 75                                            ? 32
                                                                                 : 64;
        break;
    case cudaDevAttrMemSyncDomainCount:
        *value = architecture >= 90 ? 4 : 1;
        break;
    case cudaDevAttrClusterLaunch:
        *value = architecture >= 90;
        break;
    case cudaDevAttrHostNumaId:
        *value = -1;
        break;
    case cudaDevAttrGpuOverlap:
    case cudaDevAttrConcurrentKernels:
    case cudaDevAttrEccEnabled:
    case cudaDevAttrAsyncEngineCount:
    case cudaDevAttrUnifiedAddressing:
    case cudaDevAttrStreamPrioritiesSupported:
    case cudaDevAttrGlobalL1CacheSupported:
    case cudaDevAttrLocalL1CacheSupported:
    case cudaDevAttrComputePreemptionSupported:
    case cudaDevAttrCooperativeLaunch:
    case cudaDevAttrHostRegisterSupported:
        *value = 1;
        break;
    default:
        if ((int)which < 1 || which >= cudaDevAttrMax)
            return cudaErrorInvalidValue;
        *value = 0;
    }
    return cudaSuccess;
}

cudaError_t cudaDeviceGetAttribute(int *value, enum cudaDeviceAttr which, int device) {
    cudaError_t error = runtime_enter();
    if (error == cudaSuccess)
        error = check_device(device);
    if (error == cudaSuccess)
        error = value ? attribute(which, value) : cudaErrorInvalidValue;
    return runtime_leave(error);
}

static int get(enum cudaDeviceAttr which) {
    int value = 0;
    attribute(which, &value);
    return value;
}

static void describe(struct cudaDeviceProp *device) {
    const struct profile *profile = runtime_profile();
    const struct device_limits *limits = &profile->limits;
    *device = (struct cudaDeviceProp){
        .totalGlobalMem = profile->memory_bytes,
        .sharedMemPerBlock = limits->shared_per_block,
        .regsPerBlock = get(cudaDevAttrMaxRegistersPerBlock),
        .warpSize = get(cudaDevAttrWarpSize),
        .memPitch = PITCH_MAX,
        .maxThreadsPerBlock = get(cudaDevAttrMaxThreadsPerBlock),
        .maxThreadsDim = {get(cudaDevAttrMaxBlockDimX), get(cudaDevAttrMaxBlockDimY),
                          get(cudaDevAttrMaxBlockDimZ)},
        .maxGridSize = {get(cudaDevAttrMaxGridDimX), get(cudaDevAttrMaxGridDimY),
                        get(cudaDevAttrMaxGridDimZ)},
        .totalConstMem = CONSTANT_BYTES,
        .major = get(cudaDevAttrComputeCapabilityMajor),
        .minor = get(cudaDevAttrComputeCapabilityMinor),
        .textureAlignment = (size_t)get(cudaDevAttrTextureAlignment),
        .texturePitchAlignment = (size_t)get(cudaDevAttrTexturePitchAlignment),
        .surfaceAlignment = (size_t)get(cudaDevAttrSurfaceAlignment),
        .multiProcessorCount = get(cudaDevAttrMultiProcessorCount),
        .concurrentKernels = get(cudaDevAttrConcurrentKernels),
        .ECCEnabled = get(cudaDevAttrEccEnabled),
        .asyncEngineCount = get(cudaDevAttrAsyncEngineCount),
        .unifiedAddressing = get(cudaDevAttrUnifiedAddressing),
        .memoryBusWidth = get(cudaDevAttrGlobalMemoryBusWidth),
        .l2CacheSize = get(cudaDevAttrL2CacheSize),
        .maxThreadsPerMultiProcessor = get(cudaDevAttrMaxThreadsPerMultiProcessor),
        .streamPrioritiesSupported = get(cudaDevAttrStreamPrioritiesSupported),
        .globalL1CacheSupported = get(cudaDevAttrGlobalL1CacheSupported),
        .localL1CacheSupported = get(cudaDevAttrLocalL1CacheSupported),
        .sharedMemPerMultiprocessor = limits->shared_per_sm,
        .regsPerMultiprocessor = get(cudaDevAttrMaxRegistersPerMultiprocessor),
        .computePreemptionSupported = get(cudaDevAttrComputePreemptionSupported),
        .cooperativeLaunch = get(cudaDevAttrCooperativeLaunch),
        .sharedMemPerBlockOptin = limits->shared_per_block_optin,
        .maxBlocksPerMultiProcessor = get(cudaDevAttrMaxBlocksPerMultiprocessor),
        .reservedSharedMemPerBlock = limits->reserved_shared_per_block,
        .hostRegisterSupported = get(cudaDevAttrHostRegisterSupported),
        .clusterLaunch = get(cudaDevAttrClusterLaunch),
        .hostNumaId = get(cudaDevAttrHostNumaId),
    };
    snprintf(device->name, sizeof device->name, "%s", profile->device_name);
    snprintf(device->uuid.bytes, sizeof device->uuid.bytes, "vgpu-%s", profile->name);
}

cudaError_t cudaGetDeviceProperties(struct cudaDeviceProp *properties, int device) {
    cudaError_t error = runtime_enter();
    if (error == cudaSuccess)
        error = check_device(device);
    if (error == cudaSuccess && !properties)
        error = cudaErrorInvalidValue;
    if (error == cudaSuccess)
        describe(properties);
    return runtime_leave(error);
}

/* An int that is always the same: device 0 of 1. */
static cudaError_t answer(int *place, int value) {
    cudaError_t error = runtime_enter();
    if (error == cudaSuccess)
        error = place ? cudaSuccess : cudaErrorInvalidValue;
    if (error == cudaSuccess)
        *place = value;
    return runtime_leave(error);
}

cudaError_t cudaGetDevice(int *device) { return answer(device, 0); }
cudaError_t cudaGetDeviceCount(int *count) { return answer(count, 1); }
cudaError_t cudaRuntimeGetVersion(int *version) { return answer(version, CUDA_VERSION_PROVIDED); }
cudaError_t cudaDriverGetVersion(int *version) { return answer(version, CUDA_VERSION_PROVIDED); }
cudaError_t cudaDeviceCanAccessPeer(int *can, int device, int peer) {
    (void)device, (void)peer;
    return answer(can, 0);
}

static cudaError_t accept_device(int device) {
    cudaError_t error = runtime_enter();
    if (error == cudaSuccess)
        error = check_device(device);
    return runtime_leave(error);
}

cudaError_t cudaSetDevice(int device) { return accept_device(device); }
cudaError_t cudaInitDevice(int device, unsigned device_flags, unsigned flags) {
    (void)device_flags, (void)flags;
    return accept_device(device);
}

/* There is no peer to give access to. */
cudaError_t cudaDeviceEnablePeerAccess(int peer, unsigned flags) {
    (void)peer, (void)flags;
    runtime_enter();
    return runtime_leave(cudaErrorInvalidDevice);
}

cudaError_t cudaDeviceDisablePeerAccess(int peer) {
    (void)peer;
    runtime_enter();
    return runtime_leave(cudaErrorPeerAccessNotEnabled);
}

/* How the host waits: nothing waits here. */
cudaError_t cudaSetDeviceFlags(unsigned flags) {
    cudaError_t error = runtime_enter();
    if (error == cudaSuccess && (flags & ~(unsigned)cudaDeviceMask))
        error = cudaErrorInvalidValue;
    return runtime_leave(error);
}

cudaError_t cudaGetDeviceFlags(unsigned *flags) { return answer((int *)flags, cudaDeviceScheduleAuto); }

cudaError_t cudaDeviceSetCacheConfig(enum cudaFuncCache config) {
    (void)config;
    return runtime_leave(runtime_enter());
}

cudaError_t cudaDeviceGetCacheConfig(enum cudaFuncCache *config) {
    return answer((int *)config, cudaFuncCachePreferNone);
}

/* Of the limits only the one on what kernels print is modelled. */
static cudaError_t with_limit(enum cudaLimit limit, size_t *bytes, bool sets) {
    if (!bytes)
        return cudaErrorInvalidValue;
    if (limit != cudaLimitPrintfFifoSize)
        return runtime_not_provided("a limit other than cudaLimitPrintfFifoSize");
    *(sets ? &print_limit : bytes) = sets ? *bytes : print_limit;
    return cudaSuccess;
}

cudaError_t cudaDeviceSetLimit(enum cudaLimit limit, size_t bytes) {
    cudaError_t error = runtime_enter();
    if (error == cudaSuccess)
        error = with_limit(limit, &bytes, true);
    return runtime_leave(error);
}

cudaError_t cudaDeviceGetLimit(size_t *bytes, enum cudaLimit limit) {
    cudaError_t error = runtime_enter();
    if (error == cudaSuccess)
        error = with_limit(limit, bytes, false);
    return runtime_leave(error);
}

cudaError_t cudaDeviceSynchronize(void) {
    cudaError_t error = runtime_enter();
    if (error == cudaSuccess)
        error = capture_touched_by_device();
    print_flush();
    return runtime_leave(error);
}

/* Frees what cudaMalloc gave, gives variables their initial values, and heals a fault. */
cudaError_t cudaDeviceReset(void) {
    runtime_enter();
    print_flush();
    memory_free_unnamed();
    modules_reset();
    runtime_clear_fault();
    return runtime_leave(cudaSuccess);
}

/* For profilers, of which there is none. */
cudaError_t cudaProfilerStart(void) { return runtime_leave(runtime_enter()); }
cudaError_t cudaProfilerStop(void) { return runtime_leave(runtime_enter()); }

/* Only packs its arguments; what would use it, arrays and textures, is not provided. */
struct cudaChannelFormatDesc cudaCreateChannelDesc(int x, int y, int z, int w,
                                                   enum cudaChannelFormatKind kind) {
    return (struct cudaChannelFormatDesc){x, y, z, w, kind};
}
