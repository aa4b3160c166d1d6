/* Attributes of streams: kept for who asks, and without effect. */
#include "runtime.h"
#include "stream.h"

static bool is_known(cudaStreamAttrID id) {
    return id == cudaLaunchAttributeAccessPolicyWindow || id == cudaLaunchAttributeSynchronizationPolicy ||
           id == cudaLaunchAttributePriority || id == cudaLaunchAttributeMemSyncDomainMap ||
           id == cudaLaunchAttributeMemSyncDomain;
}

static cudaError_t find(cudaStream_t handle, cudaStreamAttrID id, const void *value,
                        struct CUstream_st **stream) {
    *stream = stream_find(handle);
    if (!*stream)
        return cudaErrorInvalidResourceHandle;
    return value && is_known(id) ? cudaSuccess : cudaErrorInvalidValue;
}

cudaError_t cudaStreamSetAttribute(cudaStream_t handle, cudaStreamAttrID id,
                                   const cudaStreamAttrValue *value) {
    struct CUstream_st *stream;
    cudaError_t error = runtime_enter();
    if (error == cudaSuccess)
        error = find(handle, id, value, &stream);
    if (error == cudaSuccess && id == cudaLaunchAttributePriority)
        stream->priority = value->priority;
    else if (error == cudaSuccess)
        stream->attributes[id] = *value;
    return runtime_leave(error);
}

cudaError_t cudaStreamGetAttribute(cudaStream_t handle, cudaStreamAttrID id, cudaStreamAttrValue *value) {
    struct CUstream_st *stream;
    cudaError_t error = runtime_enter();
    if (error == cudaSuccess)
        error = find(handle, id, value, &stream);
    if (error == cudaSuccess)
        *value = stream->attributes[id];
    if (error == cudaSuccess && id == cudaLaunchAttributePriority)
        value->priority = stream->priority;
    return runtime_leave(error);
}

cudaError_t cudaStreamCopyAttributes(cudaStream_t to, cudaStream_t from) {
    cudaError_t error = runtime_enter();
    struct CUstream_st *target = stream_find(to);
    const struct CUstream_st *source = stream_find(from);
    if (error == cudaSuccess && (!target || !source))
        error = cudaErrorInvalidResourceHandle;
    for (int id = 0; error == cudaSuccess && id < STREAM_ATTRIBUTES; id++)
        target->attributes[id] = source->attributes[id];
    return runtime_leave(error);
}
