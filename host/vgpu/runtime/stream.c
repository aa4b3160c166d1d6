#include "stream.h"
#include "../check/finding.h"
#include "../exec/print.h"
#include "capture.h"
#include "queue.h"
#include "runtime.h"

#include <pthread.h>
#include <stdlib.h>

/* As the devices of compute capability 7.5 and newer report them. */
enum { LOWEST_PRIORITY = 0, HIGHEST_PRIORITY = -5 };
enum { LEGACY_ID = 1, PER_THREAD_ID = 2 };

static struct CUstream_st *created;
static unsigned long long last_id = PER_THREAD_ID;

/* A thread's own default streams, made when it first uses them; they go with it. */
static _Thread_local struct CUstream_st *own[DEVICES_MAX];
static pthread_key_t own_key;
static pthread_once_t own_once = PTHREAD_ONCE_INIT;

static struct CUstream_st *make(struct device *device, unsigned flags, int priority, unsigned long long id) {
    struct CUstream_st *stream = calloc(1, sizeof *stream);
    if (stream)
        *stream = (struct CUstream_st){
            .device = device, .flags = flags, .priority = priority, .id = id, .references = 1};
    return stream;
}

struct CUstream_st *stream_create_legacy(struct device *device) {
    struct CUstream_st *stream = make(device, cudaStreamDefault, LOWEST_PRIORITY, LEGACY_ID);
    if (!stream)
        vgpu_fail("not enough host memory for a device");
    stream->is_legacy = true;
    return stream;
}

void stream_keep(struct CUstream_st *stream) { stream->references++; }

void stream_release(struct CUstream_st *stream) {
    if (--stream->references > 0)
        return;
    node_list_clear(&stream->tail);
    free(stream);
}

static void release_own(void *streams) {
    runtime_lock();
    for (int k = 0; k < DEVICES_MAX; k++)
        if (((struct CUstream_st **)streams)[k]) {
            capture_stream_destroyed(((struct CUstream_st **)streams)[k]);
            stream_release(((struct CUstream_st **)streams)[k]);
        }
    runtime_unlock();
}

static void make_own_key(void) { pthread_key_create(&own_key, release_own); }

static struct CUstream_st *own_stream(struct device *device) {
    struct CUstream_st **stream = &own[device->ordinal];
    if (!*stream) {
        pthread_once(&own_once, make_own_key);
        pthread_setspecific(own_key, own);
        *stream = make(device, cudaStreamDefault, LOWEST_PRIORITY, PER_THREAD_ID);
    }
    return *stream;
}

bool stream_are_several(void) { return created != NULL; }

struct CUstream_st *stream_find(cudaStream_t handle) {
    struct device *device = device_current();
    if (handle == cudaStreamLegacy || (handle == NULL && !runtime_default_is_own))
        return device->legacy;
    if (handle == cudaStreamPerThread || handle == NULL)
        return own_stream(device);
    for (struct CUstream_st *stream = created; stream; stream = stream->next)
        if (stream == handle)
            return stream;
    return NULL;
}

cudaError_t stream_submit(struct CUstream_st *stream, const struct operation *operation) {
    if (stream->capture)
        return capture_add(stream, operation);
    cudaError_t error = stream->is_legacy ? capture_touched_by_legacy() : cudaSuccess;
    if (error != cudaSuccess)
        return error;
    error = queue_submit(stream, operation);
    queue_settle();
    return error;
}

static cudaError_t create(cudaStream_t *handle, unsigned flags, int priority) {
    if (!handle || (flags != cudaStreamDefault && flags != cudaStreamNonBlocking))
        return cudaErrorInvalidValue;
    if (priority > LOWEST_PRIORITY)
        priority = LOWEST_PRIORITY;
    if (priority < HIGHEST_PRIORITY)
        priority = HIGHEST_PRIORITY;
    struct CUstream_st *stream = make(device_current(), flags, priority, last_id + 1);
    if (!stream)
        return cudaErrorMemoryAllocation;
    last_id++;
    stream->next = created;
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

/* What is pending in it runs still. */
static cudaError_t destroy(cudaStream_t handle) {
    struct CUstream_st **link = &created;
    while (*link && *link != handle)
        link = &(*link)->next;
    struct CUstream_st *stream = *link;
    if (!stream)
        return cudaErrorInvalidResourceHandle;
    capture_stream_destroyed(stream);
    *link = stream->next;
    stream_release(stream);
    return cudaSuccess;
}

cudaError_t cudaStreamDestroy(cudaStream_t stream) {
    cudaError_t error = runtime_enter();
    if (error == cudaSuccess)
        error = destroy(stream);
    return runtime_leave(error);
}

static cudaError_t touch(struct CUstream_st *stream) {
    if (!stream)
        return cudaErrorInvalidResourceHandle;
    return stream->is_legacy ? capture_touched_by_legacy() : capture_touched(stream);
}

cudaError_t cudaStreamSynchronize(cudaStream_t handle) {
    cudaError_t error = runtime_enter();
    struct CUstream_st *stream = stream_find(handle);
    if (error == cudaSuccess)
        error = touch(stream);
    if (error == cudaSuccess) {
        stream_keep(stream); /* another thread may destroy it meanwhile */
        queue_wait_stream(stream);
        error = stream->device->fault;
        stream_release(stream);
    }
    print_flush();
    return runtime_leave(error);
}

cudaError_t cudaStreamQuery(cudaStream_t handle) {
    cudaError_t error = runtime_enter();
    struct CUstream_st *stream = stream_find(handle);
    if (error == cudaSuccess)
        error = touch(stream);
    if (error == cudaSuccess && !queue_is_idle(stream))
        error = cudaErrorNotReady;
    if (error == cudaSuccess)
        error = stream->device->fault;
    return runtime_leave(error);
}

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
        *device = stream->device->ordinal;
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

cudaError_t cudaLaunchHostFunc(cudaStream_t handle, cudaHostFn_t function, void *data) {
    cudaError_t error = runtime_enter();
    struct CUstream_st *stream = stream_find(handle);
    if (error == cudaSuccess)
        error = !function ? cudaErrorInvalidValue : !stream ? cudaErrorInvalidResourceHandle : cudaSuccess;
    if (error == cudaSuccess)
        error = stream_submit(stream, &(struct operation){.kind = OPERATION_HOST, .host = {function, data}});
    return runtime_leave(error);
}

/* Not for captures, and called after a fault as well. */
cudaError_t cudaStreamAddCallback(cudaStream_t handle, cudaStreamCallback_t callback, void *data,
                                  unsigned flags) {
    cudaError_t error = runtime_enter();
    struct CUstream_st *stream = stream_find(handle);
    if (error == cudaSuccess && (!callback || flags != 0))
        error = cudaErrorInvalidValue;
    if (error == cudaSuccess)
        error = touch(stream);
    if (error == cudaSuccess)
        error = stream_submit(
            stream, &(struct operation){.kind = OPERATION_CALLBACK, .callback = {callback, handle, data}});
    return runtime_leave(error);
}
