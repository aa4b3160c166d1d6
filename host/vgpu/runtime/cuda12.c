/*
 * What programs built by CUDA 12 call, where it is not what CUDA 13 has under the name (cuda12_names.h): older signatures without
 * edge data or locations, and structs as they were laid out. CUDA 12's cudaGetDeviceProperties itself has CUDA 11's struct;
 * no program built by CUDA 12 calls it, and it is refused.
 */
#include "api.h"

#include <stdbool.h>
#include <string.h>

#undef cudaGraphAddDependencies
#undef cudaGraphAddNode
#undef cudaGraphGetEdges
#undef cudaGraphNodeGetDependencies
#undef cudaGraphNodeGetDependentNodes
#undef cudaGraphRemoveDependencies
#undef cudaMemAdvise
#undef cudaMemPrefetchAsync
#undef cudaPointerGetAttributes
#undef cudaStreamGetCaptureInfo
#undef cudaStreamUpdateCaptureDependencies

/* cudaPointerAttributes, without what CUDA 13 reserves behind it. */
struct pointer_attributes_12 {
    enum cudaMemoryType type;
    int device;
    void *devicePointer, *hostPointer;
};

/* cudaDeviceProp: the fields of CUDA 13's, with eight between them that it no longer has. */
struct device_properties_12 {
    char name[256];
    cudaUUID_t uuid;
    char luid[8];
    unsigned luidDeviceNodeMask;
    size_t totalGlobalMem, sharedMemPerBlock;
    int regsPerBlock, warpSize;
    size_t memPitch;
    int maxThreadsPerBlock, maxThreadsDim[3], maxGridSize[3], clockRate;
    size_t totalConstMem;
    int major, minor;
    size_t textureAlignment, texturePitchAlignment;
    int deviceOverlap, multiProcessorCount, kernelExecTimeoutEnabled, integrated, canMapHostMemory,
        computeMode;
    int textures_and_surfaces[40];
    size_t surfaceAlignment;
    int concurrentKernels, ECCEnabled, pciBusID, pciDeviceID, pciDomainID, tccDriver, asyncEngineCount;
    int unifiedAddressing, memoryClockRate, memoryBusWidth, l2CacheSize, persistingL2CacheMaxSize;
    int maxThreadsPerMultiProcessor, streamPrioritiesSupported, globalL1CacheSupported, localL1CacheSupported;
    size_t sharedMemPerMultiprocessor;
    int regsPerMultiprocessor, managedMemory, isMultiGpuBoard, multiGpuBoardGroupID;
    int hostNativeAtomicSupported, singleToDoublePrecisionPerfRatio, pageableMemoryAccess;
    int concurrentManagedAccess, computePreemptionSupported, canUseHostPointerForRegisteredMem;
    int cooperativeLaunch, cooperativeMultiDeviceLaunch;
    size_t sharedMemPerBlockOptin;
    int pageableMemoryAccessUsesHostPageTables, directManagedMemAccessFromHost, maxBlocksPerMultiProcessor;
    int accessPolicyMaxWindowSize;
    size_t reservedSharedMemPerBlock;
    int hostRegisterSupported, sparseCudaArraySupported, hostRegisterReadOnlySupported;
    int timelineSemaphoreInteropSupported, memoryPoolsSupported, gpuDirectRDMASupported;
    unsigned gpuDirectRDMAFlushWritesOptions;
    int gpuDirectRDMAWritesOrdering;
    unsigned memoryPoolSupportedHandleTypes;
    int deferredMappingCudaArraySupported, ipcEventSupported, clusterLaunch, unifiedFunctionPointers;
    int reserved[63];
};
_Static_assert(sizeof(struct device_properties_12) == 1032, "the size of CUDA 12.9's cudaDeviceProp");

#pragma GCC visibility push(default)
cudaError_t cudaGetDeviceProperties_v2(struct device_properties_12 *properties, int device);
cudaError_t cudaPointerGetAttributes(struct pointer_attributes_12 *attributes, const void *pointer);
cudaError_t cudaGraphAddDependencies(cudaGraph_t graph, const cudaGraphNode_t *from,
                                     const cudaGraphNode_t *to, size_t count);
cudaError_t cudaGraphAddNode(cudaGraphNode_t *node, cudaGraph_t graph, const cudaGraphNode_t *after,
                             size_t count, struct cudaGraphNodeParams *parameters);
cudaError_t cudaGraphGetEdges(cudaGraph_t graph, cudaGraphNode_t *from, cudaGraphNode_t *to, size_t *count);
cudaError_t cudaGraphNodeGetDependencies(cudaGraphNode_t node, cudaGraphNode_t *nodes, size_t *count);
cudaError_t cudaGraphNodeGetDependentNodes(cudaGraphNode_t node, cudaGraphNode_t *nodes, size_t *count);
cudaError_t cudaGraphRemoveDependencies(cudaGraph_t graph, const cudaGraphNode_t *from,
                                        const cudaGraphNode_t *to, size_t count);
cudaError_t cudaMemAdvise(const void *address, size_t bytes, enum cudaMemoryAdvise advice, int device);
cudaError_t cudaMemPrefetchAsync(const void *address, size_t bytes, int device, cudaStream_t stream);
cudaError_t cudaStreamGetCaptureInfo(cudaStream_t stream, enum cudaStreamCaptureStatus *status,
                                     unsigned long long *id);
cudaError_t cudaStreamGetCaptureInfo_v2(cudaStream_t stream, enum cudaStreamCaptureStatus *status,
                                        unsigned long long *id, cudaGraph_t *graph,
                                        const cudaGraphNode_t **nodes, size_t *count);
cudaError_t cudaStreamUpdateCaptureDependencies(cudaStream_t stream, cudaGraphNode_t *nodes, size_t count,
                                                unsigned flags);
cudaError_t cudaEventElapsedTime_v2(float *milliseconds, cudaEvent_t from, cudaEvent_t to);
cudaError_t cudaThreadExit(void);
cudaError_t cudaThreadSynchronize(void);
cudaError_t cudaThreadGetLimit(size_t *value, enum cudaLimit limit);
cudaError_t cudaThreadSetLimit(enum cudaLimit limit, size_t value);
cudaError_t cudaThreadGetCacheConfig(enum cudaFuncCache *config);
cudaError_t cudaThreadSetCacheConfig(enum cudaFuncCache config);
#pragma GCC visibility pop

static int attribute_of(enum cudaDeviceAttr which, int device) {
    int value = 0;
    cudaDeviceGetAttribute(&value, which, device);
    return value;
}

/* What a virtual device has no value for is 0 in both. */
cudaError_t cudaGetDeviceProperties_v2(struct device_properties_12 *properties, int device) {
    struct cudaDeviceProp now;
    cudaError_t error = vgpu_device_properties(properties ? &now : NULL, device);
    if (error != cudaSuccess)
        return error;
    *properties = (struct device_properties_12){
        .uuid = now.uuid,
        .totalGlobalMem = now.totalGlobalMem,
        .sharedMemPerBlock = now.sharedMemPerBlock,
        .regsPerBlock = now.regsPerBlock,
        .warpSize = now.warpSize,
        .memPitch = now.memPitch,
        .maxThreadsPerBlock = now.maxThreadsPerBlock,
        .clockRate = attribute_of(cudaDevAttrClockRate, device),
        .totalConstMem = now.totalConstMem,
        .major = now.major,
        .minor = now.minor,
        .textureAlignment = now.textureAlignment,
        .texturePitchAlignment = now.texturePitchAlignment,
        .deviceOverlap = attribute_of(cudaDevAttrGpuOverlap, device),
        .multiProcessorCount = now.multiProcessorCount,
        .surfaceAlignment = now.surfaceAlignment,
        .concurrentKernels = now.concurrentKernels,
        .ECCEnabled = now.ECCEnabled,
        .pciBusID = now.pciBusID,
        .asyncEngineCount = now.asyncEngineCount,
        .unifiedAddressing = now.unifiedAddressing,
        .memoryClockRate = attribute_of(cudaDevAttrMemoryClockRate, device),
        .memoryBusWidth = now.memoryBusWidth,
        .l2CacheSize = now.l2CacheSize,
        .maxThreadsPerMultiProcessor = now.maxThreadsPerMultiProcessor,
        .streamPrioritiesSupported = now.streamPrioritiesSupported,
        .globalL1CacheSupported = now.globalL1CacheSupported,
        .localL1CacheSupported = now.localL1CacheSupported,
        .sharedMemPerMultiprocessor = now.sharedMemPerMultiprocessor,
        .regsPerMultiprocessor = now.regsPerMultiprocessor,
        .managedMemory = now.managedMemory,
        .singleToDoublePrecisionPerfRatio = attribute_of(cudaDevAttrSingleToDoublePrecisionPerfRatio, device),
        .concurrentManagedAccess = now.concurrentManagedAccess,
        .computePreemptionSupported = now.computePreemptionSupported,
        .cooperativeLaunch = now.cooperativeLaunch,
        .sharedMemPerBlockOptin = now.sharedMemPerBlockOptin,
        .maxBlocksPerMultiProcessor = now.maxBlocksPerMultiProcessor,
        .reservedSharedMemPerBlock = now.reservedSharedMemPerBlock,
        .hostRegisterSupported = now.hostRegisterSupported,
        .clusterLaunch = now.clusterLaunch,
    };
    memcpy(properties->name, now.name, sizeof now.name);
    memcpy(properties->maxThreadsDim, now.maxThreadsDim, sizeof now.maxThreadsDim);
    memcpy(properties->maxGridSize, now.maxGridSize, sizeof now.maxGridSize);
    return cudaSuccess;
}

cudaError_t cudaPointerGetAttributes(struct pointer_attributes_12 *attributes, const void *pointer) {
    struct cudaPointerAttributes now;
    cudaError_t error = vgpu_pointer_attributes(attributes ? &now : NULL, pointer);
    if (error == cudaSuccess)
        *attributes =
            (struct pointer_attributes_12){now.type, now.device, now.devicePointer, now.hostPointer};
    return error;
}

cudaError_t cudaGraphAddDependencies(cudaGraph_t graph, const cudaGraphNode_t *from,
                                     const cudaGraphNode_t *to, size_t count) {
    return cudaGraphAddDependencies_v2(graph, from, to, NULL, count);
}

cudaError_t cudaGraphAddNode(cudaGraphNode_t *node, cudaGraph_t graph, const cudaGraphNode_t *after,
                             size_t count, struct cudaGraphNodeParams *parameters) {
    return cudaGraphAddNode_v2(node, graph, after, NULL, count, parameters);
}

cudaError_t cudaGraphGetEdges(cudaGraph_t graph, cudaGraphNode_t *from, cudaGraphNode_t *to, size_t *count) {
    return cudaGraphGetEdges_v2(graph, from, to, NULL, count);
}

cudaError_t cudaGraphNodeGetDependencies(cudaGraphNode_t node, cudaGraphNode_t *nodes, size_t *count) {
    return cudaGraphNodeGetDependencies_v2(node, nodes, NULL, count);
}

cudaError_t cudaGraphNodeGetDependentNodes(cudaGraphNode_t node, cudaGraphNode_t *nodes, size_t *count) {
    return cudaGraphNodeGetDependentNodes_v2(node, nodes, NULL, count);
}

cudaError_t cudaGraphRemoveDependencies(cudaGraph_t graph, const cudaGraphNode_t *from,
                                        const cudaGraphNode_t *to, size_t count) {
    return cudaGraphRemoveDependencies_v2(graph, from, to, NULL, count);
}

static struct cudaMemLocation location_of(int device) {
    bool is_host = device == cudaCpuDeviceId;
    return (struct cudaMemLocation){is_host ? cudaMemLocationTypeHost : cudaMemLocationTypeDevice,
                                    is_host ? 0 : device};
}

cudaError_t cudaMemAdvise(const void *address, size_t bytes, enum cudaMemoryAdvise advice, int device) {
    return cudaMemAdvise_v2(address, bytes, advice, location_of(device));
}

cudaError_t cudaMemPrefetchAsync(const void *address, size_t bytes, int device, cudaStream_t stream) {
    return cudaMemPrefetchAsync_v2(address, bytes, location_of(device), 0, stream);
}

cudaError_t cudaStreamGetCaptureInfo(cudaStream_t stream, enum cudaStreamCaptureStatus *status,
                                     unsigned long long *id) {
    return cudaStreamGetCaptureInfo_v3(stream, status, id, NULL, NULL, NULL, NULL);
}

cudaError_t cudaStreamGetCaptureInfo_v2(cudaStream_t stream, enum cudaStreamCaptureStatus *status,
                                        unsigned long long *id, cudaGraph_t *graph,
                                        const cudaGraphNode_t **nodes, size_t *count) {
    return cudaStreamGetCaptureInfo_v3(stream, status, id, graph, nodes, NULL, count);
}

cudaError_t cudaStreamUpdateCaptureDependencies(cudaStream_t stream, cudaGraphNode_t *nodes, size_t count,
                                                unsigned flags) {
    return cudaStreamUpdateCaptureDependencies_v2(stream, nodes, NULL, count, flags);
}

cudaError_t cudaEventElapsedTime_v2(float *milliseconds, cudaEvent_t from, cudaEvent_t to) {
    return cudaEventElapsedTime(milliseconds, from, to);
}

/* Deprecated names. */
cudaError_t cudaThreadExit(void) { return cudaDeviceReset(); }
cudaError_t cudaThreadSynchronize(void) { return cudaDeviceSynchronize(); }
cudaError_t cudaThreadGetLimit(size_t *value, enum cudaLimit limit) {
    return cudaDeviceGetLimit(value, limit);
}
cudaError_t cudaThreadSetLimit(enum cudaLimit limit, size_t value) {
    return cudaDeviceSetLimit(limit, value);
}
cudaError_t cudaThreadGetCacheConfig(enum cudaFuncCache *config) { return cudaDeviceGetCacheConfig(config); }
cudaError_t cudaThreadSetCacheConfig(enum cudaFuncCache config) { return cudaDeviceSetCacheConfig(config); }
