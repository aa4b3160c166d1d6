// What programs ask and set: memory pools, limits, attributes of kernels, streams and launches, names of devices.
#include "expect.cuh"

#include <string>

__global__ void set(int *item, int value) { *item = value; }
__global__ void many_parameters(char a, double b, int *out) { *out = a + (int)b; }
__global__ void ranks(int *out) {
    unsigned rank = 0;
#if __CUDA_ARCH__ >= 900
    asm volatile("mov.u32 %0, %%cluster_ctarank;" : "=r"(rank));
#endif
    out[blockIdx.x] = rank;
}

static void expect_error(cudaError_t error, cudaError_t wanted, const char *what) {
    if (error != wanted)
        printf("gave %s\n", cudaGetErrorName(error));
    expect(error == wanted, what);
    cudaGetLastError();
}

static uint64_t wide(cudaMemPool_t pool, cudaMemPoolAttr attribute) {
    uint64_t value = ~0ull;
    must(cudaMemPoolGetAttribute(pool, attribute, &value));
    return value;
}

static void check_pools() {
    cudaMemPool_t standard, current, own;
    must(cudaDeviceGetDefaultMemPool(&standard, 0));
    must(cudaDeviceGetMemPool(&current, 0));
    expect(standard == current, "a device begins with its default pool");
    uint64_t threshold = UINT64_MAX;
    must(cudaMemPoolSetAttribute(standard, cudaMemPoolAttrReleaseThreshold, &threshold));
    expect(wide(standard, cudaMemPoolAttrReleaseThreshold) == UINT64_MAX, "a threshold is kept");
    int reuse = 0;
    must(cudaMemPoolSetAttribute(standard, cudaMemPoolReuseAllowOpportunistic, &reuse));
    must(cudaMemPoolGetAttribute(standard, cudaMemPoolReuseAllowOpportunistic, &reuse));
    expect(reuse == 0, "so is how memory is used again");

    cudaMemPoolProps properties = {};
    properties.allocType = cudaMemAllocationTypePinned;
    properties.location.type = cudaMemLocationTypeDevice;
    must(cudaMemPoolCreate(&own, &properties));
    int *a, *b, value;
    must(cudaMallocFromPoolAsync((void **)&a, 1024, own, 0));
    must(cudaDeviceSetMemPool(0, own));
    must(cudaMallocAsync((void **)&b, 1024, 0));
    expect(wide(own, cudaMemPoolAttrUsedMemCurrent) >= 2048 &&
               wide(standard, cudaMemPoolAttrUsedMemCurrent) == 0,
           "allocations are taken from the pool that was named, or the current one");
    set<<<1, 1>>>(b, 7);
    must(cudaMemcpy(&value, b, sizeof value, cudaMemcpyDeviceToHost));
    expect(value == 7, "memory of a pool is memory");
    must(cudaFreeAsync(a, 0));
    must(cudaStreamSynchronize(0));
    expect(wide(own, cudaMemPoolAttrUsedMemCurrent) < 2048 && wide(own, cudaMemPoolAttrUsedMemHigh) >= 2048,
           "what is used, and was at most");
    uint64_t zero = 0;
    must(cudaMemPoolSetAttribute(own, cudaMemPoolAttrUsedMemHigh, &zero));
    expect(wide(own, cudaMemPoolAttrUsedMemHigh) < 2048, "a high mark is set back");
    must(cudaMemPoolTrimTo(own, 0));
    must(cudaMemPoolDestroy(own));
    must(cudaDeviceGetMemPool(&current, 0));
    expect(current == standard, "the default pool comes back");
    must(cudaFree(b)); // lived on
    expect_error(cudaMemPoolDestroy(standard), cudaErrorInvalidValue, "the default pool stays");
}

static void check_limits() {
    size_t before, value;
    must(cudaDeviceGetLimit(&before, cudaLimitMallocHeapSize));
    must(cudaDeviceSetLimit(cudaLimitMallocHeapSize, 2 * before));
    must(cudaDeviceGetLimit(&value, cudaLimitMallocHeapSize));
    expect(before >= 8 << 20 && value >= 2 * before, "a limit is kept");
    must(cudaDeviceGetLimit(&value, cudaLimitStackSize));
    expect(value > 0, "the stack's size");
    expect_error(cudaDeviceGetLimit(&value, (cudaLimit)99), cudaErrorInvalidValue,
                 "a limit that is not there");
}

static void check_kernels() {
    size_t offset, bytes;
    const size_t offsets[] = {0, 8, 16}, sizes[] = {1, 8, 8};
    for (int i = 0; i < 3; i++) {
        must(cudaFuncGetParamInfo((const void *)many_parameters, i, &offset, &bytes));
        expect(offset == offsets[i] && bytes == sizes[i], "where a parameter is");
    }
    expect_error(cudaFuncGetParamInfo((const void *)many_parameters, 3, &offset, &bytes),
                 cudaErrorInvalidValue, "a parameter that is not there");

    // An event of a launch happens.
    device_vector<int> out(8);
    cudaEvent_t event;
    must(cudaEventCreateWithFlags(&event, cudaEventDisableTiming));
    cudaLaunchAttribute attribute = {};
    attribute.id = cudaLaunchAttributeProgrammaticEvent;
    attribute.val.programmaticEvent.event = event;
    cudaLaunchConfig_t config = {};
    config.gridDim = config.blockDim = 1;
    config.attrs = &attribute;
    config.numAttrs = 1;
    cudaStream_t other;
    must(cudaStreamCreateWithFlags(&other, cudaStreamNonBlocking));
    int value = 0, *pinned;
    must(cudaMallocHost(&pinned, sizeof *pinned));
    must(cudaLaunchKernelEx(&config, set, out.items, 9));
    attribute.id = cudaLaunchAttributeLaunchCompletionEvent;
    attribute.val.launchCompletionEvent.event = event;
    attribute.val.launchCompletionEvent.flags = 0;
    must(cudaLaunchKernelEx(&config, set, out.items + 1, 10));
    must(cudaEventSynchronize(event));
    must(cudaStreamWaitEvent(other, event, 0));
    must(cudaMemcpy(&value, out.items, sizeof value, cudaMemcpyDeviceToHost));
    expect(value == 9, "launches with events");
    attribute.id = (cudaLaunchAttributeID)77;
    expect_error(cudaLaunchKernelEx(&config, set, out.items, 9), cudaErrorInvalidValue,
                 "an attribute that is not there");
    must(cudaEventDestroy(event));
    must(cudaStreamDestroy(other));
    must(cudaFreeHost(pinned));
}

// A size of cluster that a kernel is set to need, on devices that have clusters.
static void check_required_cluster() {
    int has_clusters;
    must(cudaDeviceGetAttribute(&has_clusters, cudaDevAttrClusterLaunch, 0));
    if (!has_clusters)
        return;
    device_vector<int> out(std::vector<int>(8, -1));
    must(cudaFuncSetAttribute(ranks, cudaFuncAttributeRequiredClusterWidth, 4));
    ranks<<<8, 1>>>(out.items);
    expect_error(cudaGetLastError(), cudaErrorInvalidClusterSize, "one axis alone is no size");
    must(cudaFuncSetAttribute(ranks, cudaFuncAttributeRequiredClusterHeight, 1));
    must(cudaFuncSetAttribute(ranks, cudaFuncAttributeRequiredClusterDepth, 1));
    cudaFuncAttributes attributes;
    must(cudaFuncGetAttributes(&attributes, ranks));
    expect(attributes.requiredClusterWidth == 4, "the size is told");
    ranks<<<8, 1>>>(out.items);
    must(cudaGetLastError());
    expect(out.host() == std::vector<int>({0, 1, 2, 3, 0, 1, 2, 3}), "launches have that size");
    ranks<<<6, 1>>>(out.items);
    expect_error(cudaGetLastError(), cudaErrorInvalidClusterSize, "a grid that is no multiple of it");
    for (cudaFuncAttribute axis :
         {cudaFuncAttributeRequiredClusterWidth, cudaFuncAttributeRequiredClusterHeight,
          cudaFuncAttributeRequiredClusterDepth})
        must(cudaFuncSetAttribute(ranks, axis, 0));
    must(cudaFuncSetAttribute(ranks, cudaFuncAttributeClusterDimMustBeSet, 1));
    ranks<<<8, 1>>>(out.items);
    expect_error(cudaGetLastError(), cudaErrorInvalidClusterSize, "a launch that has to say its clusters");
}

static void check_stream_attributes() {
    cudaStream_t a, b;
    must(cudaStreamCreate(&a));
    must(cudaStreamCreate(&b));
    cudaStreamAttrValue value = {};
    value.syncPolicy = cudaSyncPolicyBlockingSync;
    must(cudaStreamSetAttribute(a, cudaStreamAttributeSynchronizationPolicy, &value));
    must(cudaStreamCopyAttributes(b, a));
    value = {};
    must(cudaStreamGetAttribute(b, cudaStreamAttributeSynchronizationPolicy, &value));
    expect(value.syncPolicy == cudaSyncPolicyBlockingSync, "attributes of streams are kept and copied");
    must(cudaStreamDestroy(a));
    must(cudaStreamDestroy(b));
}

static void check_names() {
    char id[32];
    int device = -1;
    must(cudaDeviceGetPCIBusId(id, sizeof id, 0));
    must(cudaDeviceGetByPCIBusId(&device, id));
    expect(device == 0, "a device is found by its bus");
    expect_error(cudaDeviceGetPCIBusId(id, 4, 0), cudaErrorInvalidValue, "too little room");
    cudaPitchedPtr box;
    must(cudaMalloc3D(&box, make_cudaExtent(100, 3, 2)));
    expect(box.pitch >= 100 && box.xsize == 100 && box.ysize == 3, "a box of memory");
    must(cudaMemset(box.ptr, 0, box.pitch * 6));
    must(cudaFree(box.ptr));
}

int main() {
    check_pools();
    check_limits();
    check_kernels();
    check_required_cluster();
    check_stream_attributes();
    check_names();
    printf("settings are kept as they should\n");
}
