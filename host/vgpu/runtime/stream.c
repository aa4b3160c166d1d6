#include "stream.h"
#include "../exec/print.h"
#include "capture.h"
#include "runtime.h"

#include <stdlib.h>

/* As the devices of compute capability 7.5 and newer report them. */
enum { LOWEST_PRIORITY = 0, HIGHEST_PRIORITY = -5 };
enum { LEGACY_ID = 1, PER_THREAD_ID = 2 };

static struct CUstream_st legacy = {.id = LEGACY_ID};
static _Thread_local struct CUstream_st per_thread = {.id = PER_THREAD_ID};
static struct CUstream_st *created;
static unsigned long long last_id = PER_THREAD_ID;

struct CUstream_st *stream_find(cudaStream_t handle) {
    if (handle == NULL || handle == cudaStreamLegacy)
        return &legacy;
    if (handle == cudaStreamPerThread || handle == &per_thread)
        return &per_thread;
    for (struct CUstream_st *stream = created; stream; stream = stream->next)
        if (stream == handle)
            return stream;
    return NULL;
}

bool stream_is_legacy(const struct CUstream_st *stream) { return stream == &legacy; }

cudaError_t stream_submit(cudaStream_t handle, const struct operation *operation) {
    struct CUstream_st *stream = stream_find(handle);
    if (!stream)
        return cudaErrorInvalidResourceHandle;
    if (stream->capture)
        return capture_add(stream, operation);
    if (stream_is_legacy(stream)) {
        cudaError_t error = capture_touched_by_legacy();
        if (error != cudaSuccess)
            return error;
    }
    return operation_run(operation);
}

static cudaError_t create(cudaStream_t *handle, unsigned flags, int priority) {
    if (!handle || (flags != cudaStreamDefault && flags != cudaStreamNonBlocking))
        return cudaErrorInvalidValue;
    struct CUstream_st *stream = calloc(1, sizeof *stream);
    if (!stream)
        return cudaErrorMemoryAllocation;
    if (priority > LOWEST_PRIORITY)
        priority = LOWEST_PRIORITY;
    if (priority < HIGHEST_PRIORITY)
        priority = HIGHEST_PRIORITY;
    *stream = (struct CUstream_st){.flags = flags, .priority = priority, .id = ++last_id, .next = created};
    created = stream;
    *handle = stream;
    return cudaSuccess;
}

cudaError_t cudaStreamCreateWithPriority(cudaStream_t *stream, unsigned flags, int priority) {
    cudaError_t error = runtime_enter();
    if (error == cudaSuccess)
        error = create(stream, flags, priority);
    return runtime_leave(error);
}

cudaError_t cudaStreamCreateWithFlags(cudaStream_t *stream, unsigned flags) {
    return cudaStreamCreateWithPriority(stream, flags, LOWEST_PRIORITY);
}

cudaError_t cudaStreamCreate(cudaStream_t *stream) {
    return cudaStreamCreateWithFlags(stream, cudaStreamDefault);
}

static cudaError_t destroy(cudaStream_t handle) {
    struct CUstream_st **link = &created;
    while (*link && *link != handle)
        link = &(*link)->next;
    struct CUstream_st *stream = *link;
    if (!stream)
        return cudaErrorInvalidResourceHandle;
    capture_stream_destroyed(stream);
    *link = stream->next;
    node_list_clear(&stream->tail);
    free(stream);
    return cudaSuccess;
}

cudaError_t cudaStreamDestroy(cudaStream_t stream) {
    cudaError_t error = runtime_enter();
    if (error == cudaSuccess)
        error = destroy(stream);
    return runtime_leave(error);
}

/* All work has run when it was submitted; what is left to do is to refuse during a capture. */
static cudaError_t wait_for(cudaStream_t handle) {
    struct CUstream_st *stream = stream_find(handle);
    if (!stream)
        return cudaErrorInvalidResourceHandle;
    return stream_is_legacy(stream) ? capture_touched_by_legacy() : capture_touched(stream);
}

cudaError_t cudaStreamSynchronize(cudaStream_t stream) {
    cudaError_t error = runtime_enter();
    if (error == cudaSuccess)
        error = wait_for(stream);
    print_flush();
    return runtime_leave(error);
}

cudaError_t cudaStreamQuery(cudaStream_t stream) { return cudaStreamSynchronize(stream); }

/* A question about one stream: finds it, and looks whether there is a place for the answer. */
static cudaError_t ask(cudaStream_t handle, const void *answer, const struct CUstream_st **stream) {
    *stream = stream_find(handle);
    if (!*stream)
        return cudaErrorInvalidResourceHandle;
    return answer ? cudaSuccess : cudaErrorInvalidValue;
}

cudaError_t cudaStreamGetFlags(cudaStream_t handle, unsigned *flags) {
    const struct CUstream_st *stream;
    cudaError_t error = runtime_enter();
    if (error == cudaSuccess && (error = ask(handle, flags, &stream)) == cudaSuccess)
        *flags = stream->flags;
    return runtime_leave(error);
}

cudaError_t cudaStreamGetPriority(cudaStream_t handle, int *priority) {
    const struct CUstream_st *stream;
    cudaError_t error = runtime_enter();
    if (error == cudaSuccess && (error = ask(handle, priority, &stream)) == cudaSuccess)
        *priority = stream->priority;
    return runtime_leave(error);
}

cudaError_t cudaStreamGetId(cudaStream_t handle, unsigned long long *id) {
    const struct CUstream_st *stream;
    cudaError_t error = runtime_enter();
    if (error == cudaSuccess && (error = ask(handle, id, &stream)) == cudaSuccess)
        *id = stream->id;
    return runtime_leave(error);
}

cudaError_t cudaStreamGetDevice(cudaStream_t handle, int *device) {
    const struct CUstream_st *stream;
    cudaError_t error = runtime_enter();
    if (error == cudaSuccess && (error = ask(handle, device, &stream)) == cudaSuccess)
        *device = 0;
    return runtime_leave(error);
}

cudaError_t cudaDeviceGetStreamPriorityRange(int *least, int *greatest) {
    cudaError_t error = runtime_enter();
    if (error == cudaSuccess) {
        if (least)
            *least = LOWEST_PRIORITY;
        if (greatest)
            *greatest = HIGHEST_PRIORITY;
    }
    return runtime_leave(error);
}

cudaError_t cudaLaunchHostFunc(cudaStream_t stream, cudaHostFn_t function, void *data) {
    cudaError_t error = runtime_enter();
    if (error == cudaSuccess && !function)
        error = cudaErrorInvalidValue;
    if (error == cudaSuccess)
        error = stream_submit(stream, &(struct operation){.kind = OPERATION_HOST, .host = {function, data}});
    return runtime_leave(error);
}

cudaError_t cudaStreamAddCallback(cudaStream_t handle, cudaStreamCallback_t callback, void *data,
                                  unsigned flags) {
    cudaError_t error = runtime_enter();
    if (error == cudaSuccess && (!callback || flags != 0))
        error = cudaErrorInvalidValue;
    if (error == cudaSuccess)
        error = wait_for(handle);
    if (error == cudaSuccess) {
        runtime_unlock();
        callback(handle, cudaSuccess, data);
        runtime_lock();
    }
    return runtime_leave(error);
}
