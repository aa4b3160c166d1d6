/* Events. Work runs at call, so a recorded event has always happened; its time is read from the virtual clock. */
#include "../exec/print.h"
#include "capture.h"
#include "runtime.h"
#include "stream.h"

#include <stdlib.h>

struct CUevent_st {
    unsigned flags;
    bool recorded;
    uint64_t time;
    unsigned long long capture; /* 0, or the capture it was last recorded in */
    struct node_list nodes;     /* and where */
    struct CUevent_st *next;
};

static struct CUevent_st *created;

static struct CUevent_st *find(cudaEvent_t handle) {
    for (struct CUevent_st *event = created; event; event = event->next)
        if (event == handle)
            return event;
    return NULL;
}

static cudaError_t create(cudaEvent_t *handle, unsigned flags) {
    if (!handle || (flags & ~(unsigned)(cudaEventBlockingSync | cudaEventDisableTiming)))
        return cudaErrorInvalidValue;
    struct CUevent_st *event = calloc(1, sizeof *event);
    if (!event)
        return cudaErrorMemoryAllocation;
    event->flags = flags;
    event->next = created;
    created = event;
    *handle = event;
    return cudaSuccess;
}

cudaError_t cudaEventCreateWithFlags(cudaEvent_t *event, unsigned flags) {
    cudaError_t error = runtime_enter();
    if (error == cudaSuccess)
        error = create(event, flags);
    return runtime_leave(error);
}

cudaError_t cudaEventCreate(cudaEvent_t *event) { return cudaEventCreateWithFlags(event, cudaEventDefault); }

static cudaError_t destroy(cudaEvent_t handle) {
    struct CUevent_st **link = &created;
    while (*link && *link != handle)
        link = &(*link)->next;
    struct CUevent_st *event = *link;
    if (!event)
        return cudaErrorInvalidResourceHandle;
    *link = event->next;
    node_list_clear(&event->nodes);
    free(event);
    return cudaSuccess;
}

cudaError_t cudaEventDestroy(cudaEvent_t event) {
    cudaError_t error = runtime_enter();
    if (error == cudaSuccess)
        error = destroy(event);
    return runtime_leave(error);
}

static cudaError_t record(cudaEvent_t handle, cudaStream_t stream_handle) {
    struct CUevent_st *event = find(handle);
    struct CUstream_st *stream = stream_find(stream_handle);
    if (!event || !stream)
        return cudaErrorInvalidResourceHandle;
    if (stream_is_legacy(stream)) {
        cudaError_t error = capture_touched_by_legacy();
        if (error != cudaSuccess)
            return error;
    }
    event->capture = capture_id(stream);
    node_list_clear(&event->nodes);
    if (event->capture)
        return node_list_merge(&event->nodes, &stream->tail) ? cudaSuccess : cudaErrorMemoryAllocation;
    event->recorded = true;
    event->time = runtime_clock();
    return cudaSuccess;
}

cudaError_t cudaEventRecord(cudaEvent_t event, cudaStream_t stream) {
    cudaError_t error = runtime_enter();
    if (error == cudaSuccess)
        error = record(event, stream);
    return runtime_leave(error);
}

cudaError_t cudaEventRecordWithFlags(cudaEvent_t event, cudaStream_t stream, unsigned flags) {
    if (flags != cudaEventRecordDefault)
        return runtime_not_provided("cudaEventRecordWithFlags with cudaEventRecordExternal");
    return cudaEventRecord(event, stream);
}

static cudaError_t wait_in_stream(cudaStream_t stream_handle, cudaEvent_t handle) {
    struct CUstream_st *stream = stream_find(stream_handle);
    const struct CUevent_st *event = find(handle);
    if (!stream || !event)
        return cudaErrorInvalidResourceHandle;
    if (event->capture)
        return capture_is_live(event->capture) ? capture_wait(stream, event->capture, &event->nodes)
                                               : cudaErrorCapturedEvent;
    if (!stream->capture)
        return cudaSuccess;
    capture_touched(stream);
    return cudaErrorStreamCaptureIsolation;
}

cudaError_t cudaStreamWaitEvent(cudaStream_t stream, cudaEvent_t event, unsigned flags) {
    cudaError_t error = runtime_enter();
    if (error == cudaSuccess)
        error = flags != cudaEventWaitDefault ? cudaErrorInvalidValue : wait_in_stream(stream, event);
    return runtime_leave(error);
}

/* A capture's event never happens as such: asking for it is an error. */
static cudaError_t happened(cudaEvent_t handle) {
    const struct CUevent_st *event = find(handle);
    if (!event)
        return cudaErrorInvalidResourceHandle;
    cudaError_t error = capture_touched_by_unsafe_call();
    if (error != cudaSuccess)
        return error;
    return event->capture ? cudaErrorCapturedEvent : cudaSuccess;
}

cudaError_t cudaEventQuery(cudaEvent_t event) {
    cudaError_t error = runtime_enter();
    if (error == cudaSuccess)
        error = happened(event);
    return runtime_leave(error);
}

cudaError_t cudaEventSynchronize(cudaEvent_t event) {
    cudaError_t error = runtime_enter();
    if (error == cudaSuccess)
        error = happened(event);
    print_flush();
    return runtime_leave(error);
}

static cudaError_t elapsed(float *milliseconds, cudaEvent_t from_handle, cudaEvent_t to_handle) {
    const struct CUevent_st *from = find(from_handle), *to = find(to_handle);
    if (!milliseconds)
        return cudaErrorInvalidValue;
    if (!from || !to || !from->recorded || !to->recorded ||
        ((from->flags | to->flags) & cudaEventDisableTiming))
        return cudaErrorInvalidResourceHandle;
    *milliseconds = (float)((double)((int64_t)(to->time - from->time)) / 1e6);
    return cudaSuccess;
}

cudaError_t cudaEventElapsedTime(float *milliseconds, cudaEvent_t from, cudaEvent_t to) {
    cudaError_t error = runtime_enter();
    if (error == cudaSuccess)
        error = elapsed(milliseconds, from, to);
    return runtime_leave(error);
}
