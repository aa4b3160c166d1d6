/* Events: the moments of their last records. Times are read from the virtual clock. */
#include "event.h"
#include "../exec/print.h"
#include "capture.h"
#include "queue.h"
#include "runtime.h"

#include <stdlib.h>

struct CUevent_st {
    struct device *device;
    unsigned flags;
    struct moment *moment;      /* NULL: never recorded outside of captures */
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
    event->device = device_current();
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
    moment_release(event->moment);
    free(event);
    return cudaSuccess;
}

cudaError_t cudaEventDestroy(cudaEvent_t event) {
    cudaError_t error = runtime_enter();
    if (error == cudaSuccess)
        error = destroy(event);
    return runtime_leave(error);
}

/* The moment is a new one: who waits for the last record does so still. */
static cudaError_t submit_record(struct CUevent_st *event, struct CUstream_st *stream) {
    struct moment *moment = moment_create();
    if (!moment)
        return cudaErrorMemoryAllocation;
    struct moment *before = event->moment;
    event->moment = moment_keep(moment);
    cudaError_t error =
        stream_submit(stream, &(struct operation){.kind = OPERATION_RECORD, .moment = moment});
    if (error != cudaSuccess) /* nothing will reach it */
        moment->is_reached = true;
    moment_release(before);
    moment_release(moment);
    return error;
}

bool event_exists(cudaEvent_t event) { return find(event) != NULL; }

cudaError_t event_record(cudaEvent_t handle, struct CUstream_st *stream) {
    struct CUevent_st *event = find(handle);
    if (!event || !stream || event->device != stream->device)
        return cudaErrorInvalidResourceHandle;
    event->capture = capture_id(stream);
    node_list_clear(&event->nodes);
    if (event->capture)
        return node_list_merge(&event->nodes, &stream->tail) ? cudaSuccess : cudaErrorMemoryAllocation;
    return submit_record(event, stream);
}

cudaError_t cudaEventRecord(cudaEvent_t event, cudaStream_t stream) {
    cudaError_t error = runtime_enter();
    if (error == cudaSuccess)
        error = event_record(event, stream_find(stream));
    return runtime_leave(error);
}

cudaError_t cudaEventRecordWithFlags(cudaEvent_t event, cudaStream_t stream, unsigned flags) {
    if (flags != cudaEventRecordDefault)
        return runtime_not_provided("cudaEventRecordWithFlags with cudaEventRecordExternal");
    return cudaEventRecord(event, stream);
}

cudaError_t event_wait(cudaEvent_t handle, struct CUstream_st *stream) {
    const struct CUevent_st *event = find(handle);
    if (!stream || !event)
        return cudaErrorInvalidResourceHandle;
    if (event->capture)
        return capture_is_live(event->capture) ? capture_wait(stream, event->capture, &event->nodes)
                                               : cudaErrorCapturedEvent;
    if (stream->capture) {
        capture_touched(stream);
        return cudaErrorStreamCaptureIsolation;
    }
    if (!event->moment || event->moment->is_reached)
        return cudaSuccess;
    return stream_submit(stream, &(struct operation){.kind = OPERATION_WAIT, .moment = event->moment});
}

cudaError_t cudaStreamWaitEvent(cudaStream_t stream, cudaEvent_t event, unsigned flags) {
    cudaError_t error = runtime_enter();
    if (error == cudaSuccess)
        error =
            flags != cudaEventWaitDefault ? cudaErrorInvalidValue : event_wait(event, stream_find(stream));
    return runtime_leave(error);
}

/* The moment asked for: NULL for an event never recorded. A capture's event never happens as such: asking for it is an error. */
static cudaError_t ask(cudaEvent_t handle, struct moment **moment) {
    const struct CUevent_st *event = find(handle);
    if (!event)
        return cudaErrorInvalidResourceHandle;
    cudaError_t error = capture_touched_by_unsafe_call();
    if (error != cudaSuccess)
        return error;
    *moment = event->moment;
    return event->capture ? cudaErrorCapturedEvent : cudaSuccess;
}

cudaError_t cudaEventQuery(cudaEvent_t event) {
    struct moment *moment = NULL;
    cudaError_t error = runtime_enter();
    if (error == cudaSuccess)
        error = ask(event, &moment);
    if (error == cudaSuccess && moment)
        error = queue_has_reached(moment) ? device_current()->fault : cudaErrorNotReady;
    return runtime_leave(error);
}

cudaError_t cudaEventSynchronize(cudaEvent_t event) {
    struct moment *moment = NULL;
    cudaError_t error = runtime_enter();
    if (error == cudaSuccess)
        error = ask(event, &moment);
    if (error == cudaSuccess && moment) {
        moment_keep(moment); /* another thread may record or destroy the event meanwhile */
        queue_wait_moment(moment);
        moment_release(moment);
        error = device_current()->fault;
    }
    print_flush();
    return runtime_leave(error);
}

static cudaError_t elapsed(float *milliseconds, cudaEvent_t from_handle, cudaEvent_t to_handle) {
    const struct CUevent_st *from = find(from_handle), *to = find(to_handle);
    if (!milliseconds)
        return cudaErrorInvalidValue;
    if (!from || !to || !from->moment || !to->moment || from->device != to->device ||
        ((from->flags | to->flags) & cudaEventDisableTiming))
        return cudaErrorInvalidResourceHandle;
    if (!queue_has_reached(from->moment) || !queue_has_reached(to->moment))
        return cudaErrorNotReady;
    *milliseconds = (float)((double)((int64_t)(to->moment->time - from->moment->time)) / 1e6);
    return cudaSuccess;
}

cudaError_t cudaEventElapsedTime(float *milliseconds, cudaEvent_t from, cudaEvent_t to) {
    cudaError_t error = runtime_enter();
    if (error == cudaSuccess)
        error = elapsed(milliseconds, from, to);
    return runtime_leave(error);
}
