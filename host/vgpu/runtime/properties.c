/* What a virtual device answers about itself. */
#include "device.h"
#include "runtime.h"

#include <stdio.h>
#include <string.h>

enum { CONSTANT_BYTES = 64 << 10, PITCH_MAX = 2147483647 };

/*
 * Limits that no architecture here differs in: CUDA C++ Programming Guide, "Compute Capabilities", technical specifications.
 * Textures, surfaces, arrays and mapped memory are not provided, so their limits and capabilities are 0.
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
    case cudaDevAttrManagedMemory:
    case cudaDevAttrConcurrentManagedAccess:
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
        error = device_at(device) ? cudaSuccess : cudaErrorInvalidDevice;
    if (error == cudaSuccess)
        error = value ? attribute(which, value) : cudaErrorInvalidValue;
    if (error == cudaSuccess && which == cudaDevAttrPciBusId)
        *value = device + 1;
    return runtime_leave(error);
}

static int get(enum cudaDeviceAttr which) {
    int value = 0;
    attribute(which, &value);
    return value;
}

static void describe(struct cudaDeviceProp *device, int ordinal) {
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
        .managedMemory = get(cudaDevAttrManagedMemory),
        .concurrentManagedAccess = get(cudaDevAttrConcurrentManagedAccess),
        .computePreemptionSupported = get(cudaDevAttrComputePreemptionSupported),
        .cooperativeLaunch = get(cudaDevAttrCooperativeLaunch),
        .sharedMemPerBlockOptin = limits->shared_per_block_optin,
        .maxBlocksPerMultiProcessor = get(cudaDevAttrMaxBlocksPerMultiprocessor),
        .reservedSharedMemPerBlock = limits->reserved_shared_per_block,
        .hostRegisterSupported = get(cudaDevAttrHostRegisterSupported),
        .clusterLaunch = get(cudaDevAttrClusterLaunch),
        .hostNumaId = get(cudaDevAttrHostNumaId),
        .pciBusID = ordinal + 1,
    };
    snprintf(device->name, sizeof device->name, "%s", profile->device_name);
    snprintf(device->uuid.bytes, sizeof device->uuid.bytes, "vgpu-%s-%d", profile->name, ordinal);
}

cudaError_t cudaGetDeviceProperties(struct cudaDeviceProp *properties, int device) {
    cudaError_t error = runtime_enter();
    if (error == cudaSuccess)
        error = device_at(device) ? cudaSuccess : cudaErrorInvalidDevice;
    if (error == cudaSuccess && !properties)
        error = cudaErrorInvalidValue;
    if (error == cudaSuccess)
        describe(properties, device);
    return runtime_leave(error);
}

/* The devices are the first of the buses 1, 2, ... */
cudaError_t cudaDeviceGetPCIBusId(char *text, int room, int device) {
    char id[16];
    cudaError_t error = runtime_enter();
    int length = snprintf(id, sizeof id, "0000:%02x:00.0", (unsigned)device + 1);
    if (error == cudaSuccess && !device_at(device))
        error = cudaErrorInvalidDevice;
    if (error == cudaSuccess && (!text || room <= length))
        error = cudaErrorInvalidValue;
    if (error == cudaSuccess)
        memcpy(text, id, (size_t)length + 1);
    return runtime_leave(error);
}

cudaError_t cudaDeviceGetByPCIBusId(int *device, const char *text) {
    unsigned domain = 0, bus = 0;
    cudaError_t error = runtime_enter();
    if (error == cudaSuccess && (!device || !text))
        error = cudaErrorInvalidValue;
    if (error == cudaSuccess && sscanf(text, "%x:%x", &domain, &bus) != 2)
        error = cudaErrorInvalidValue;
    if (error == cudaSuccess && (domain != 0 || !device_at((int)bus - 1)))
        error = cudaErrorInvalidDevice;
    if (error == cudaSuccess)
        *device = (int)bus - 1;
    return runtime_leave(error);
}
