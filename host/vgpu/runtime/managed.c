/*
 * Managed memory: the host's and every device's. What moves it, or says where it is wanted, changes nothing here, but is
 * refused where a device would refuse it.
 */
#include "../memory/memory.h"
#include "capture.h"
#include "device.h"
#include "runtime.h"
#include "stream.h"

cudaError_t cudaMallocManaged(void **address, size_t bytes, unsigned flags) {
    cudaError_t error = runtime_enter();
    if (error == cudaSuccess)
        error = capture_touched_by_unsafe_call();
    if (error == cudaSuccess &&
        (!address || bytes == 0 || (flags != cudaMemAttachGlobal && flags != cudaMemAttachHost)))
        error = cudaErrorInvalidValue;
    if (error == cudaSuccess) {
        *address = (void *)memory_allocate_managed(bytes, NULL);
        error = *address ? cudaSuccess : cudaErrorMemoryAllocation;
    }
    return runtime_leave(error);
}

static bool is_range(const void *address, size_t bytes) {
    struct memory_window window;
    return bytes > 0 && memory_is_managed((uint64_t)address) &&
           memory_open_window((uint64_t)address, (uint64_t)address + bytes, &window);
}

static cudaError_t check_location(struct cudaMemLocation location) {
    switch ((int)location.type) {
    case cudaMemLocationTypeDevice:
        return device_at(location.id) ? cudaSuccess : cudaErrorInvalidDevice;
    case cudaMemLocationTypeHost:
    case cudaMemLocationTypeHostNuma:
    case cudaMemLocationTypeHostNumaCurrent:
        return cudaSuccess;
    default:
        return cudaErrorInvalidValue;
    }
}

static cudaError_t check_stream(cudaStream_t handle, const char *call) {
    const struct CUstream_st *stream = stream_find(handle);
    if (!stream)
        return cudaErrorInvalidResourceHandle;
    return stream->capture ? runtime_not_provided(call) : cudaSuccess;
}

cudaError_t cudaMemPrefetchAsync(const void *address, size_t bytes, struct cudaMemLocation location,
                                 unsigned flags, cudaStream_t stream) {
    cudaError_t error = runtime_enter();
    if (error == cudaSuccess && (flags || !is_range(address, bytes)))
        error = cudaErrorInvalidValue;
    if (error == cudaSuccess)
        error = check_location(location);
    if (error == cudaSuccess)
        error = check_stream(stream, "cudaMemPrefetchAsync in a stream that captures");
    return runtime_leave(error);
}

cudaError_t cudaMemAdvise(const void *address, size_t bytes, enum cudaMemoryAdvise advice,
                          struct cudaMemLocation location) {
    cudaError_t error = runtime_enter();
    bool is_known = advice >= cudaMemAdviseSetReadMostly && advice <= cudaMemAdviseUnsetAccessedBy;
    bool has_location = advice == cudaMemAdviseSetPreferredLocation || advice == cudaMemAdviseSetAccessedBy ||
                        advice == cudaMemAdviseUnsetAccessedBy;
    if (error == cudaSuccess && (!is_known || !is_range(address, bytes)))
        error = cudaErrorInvalidValue;
    if (error == cudaSuccess && has_location)
        error = check_location(location);
    return runtime_leave(error);
}

/* bytes may be 0: all of the allocation. */
cudaError_t cudaStreamAttachMemAsync(cudaStream_t stream, void *address, size_t bytes, unsigned flags) {
    (void)bytes;
    cudaError_t error = runtime_enter();
    if (error == cudaSuccess &&
        (!memory_is_managed((uint64_t)address) ||
         (flags != cudaMemAttachGlobal && flags != cudaMemAttachHost && flags != cudaMemAttachSingle)))
        error = cudaErrorInvalidValue;
    if (error == cudaSuccess)
        error = check_stream(stream, "cudaStreamAttachMemAsync in a stream that captures");
    return runtime_leave(error);
}
