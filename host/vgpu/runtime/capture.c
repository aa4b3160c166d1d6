#include "capture.h"
#include "runtime.h"

#include <pthread.h>
#include <stdlib.h>

struct capture {
    struct CUgraph_st *graph;
    size_t first;  /* the first node of it that is captured */
    bool is_given; /* the graph is the program's: cudaStreamBeginCaptureToGraph */
    struct CUstream_st *origin;
    enum cudaStreamCaptureMode mode;
    pthread_t thread;
    bool invalidated;
    unsigned long long id;
    struct stream_list {
        struct CUstream_st *stream;
        struct stream_list *next;
    } * streams; /* all that take part */
    struct capture *next;
};

static struct capture *captures;
static unsigned long long last_id;
static _Thread_local enum cudaStreamCaptureMode thread_mode = cudaStreamCaptureModeGlobal;

static bool join(struct capture *capture, struct CUstream_st *stream) {
    struct stream_list *member = malloc(sizeof *member);
    if (!member)
        return false;
    *member = (struct stream_list){stream, capture->streams};
    capture->streams = member;
    stream->capture = capture;
    return true;
}

static struct capture *find(unsigned long long id) {
    for (struct capture *capture = captures; capture; capture = capture->next)
        if (capture->id == id)
            return capture;
    return NULL;
}

/* Its streams work at call again. The graph is the caller's. */
static void end(struct capture *capture) {
    while (capture->streams) {
        struct stream_list *member = capture->streams;
        capture->streams = member->next;
        member->stream->capture = NULL;
        node_list_clear(&member->stream->tail);
        free(member);
    }
    struct capture **link = &captures;
    while (*link != capture)
        link = &(*link)->next;
    *link = capture->next;
    free(capture);
}

cudaError_t capture_add(struct CUstream_st *stream, const struct operation *operation) {
    struct capture *capture = stream->capture;
    if (capture->invalidated)
        return cudaErrorStreamCaptureInvalidated;
    struct CUgraphNode_st *node = graph_add(capture->graph, operation, &stream->tail);
    if (!node)
        return cudaErrorMemoryAllocation;
    stream->tail.count = 0;
    return node_list_append(&stream->tail, node) ? cudaSuccess : cudaErrorMemoryAllocation;
}

cudaError_t capture_touched(struct CUstream_st *stream) {
    if (!stream->capture)
        return cudaSuccess;
    stream->capture->invalidated = true;
    return cudaErrorStreamCaptureUnsupported;
}

static bool has_blocking_stream(const struct capture *capture) {
    for (const struct stream_list *member = capture->streams; member; member = member->next)
        if (!(member->stream->flags & cudaStreamNonBlocking))
            return true;
    return false;
}

cudaError_t capture_touched_by_legacy(void) {
    cudaError_t error = cudaSuccess;
    for (struct capture *capture = captures; capture; capture = capture->next)
        if (has_blocking_stream(capture)) {
            capture->invalidated = true;
            error = cudaErrorStreamCaptureImplicit;
        }
    return error;
}

cudaError_t capture_touched_by_device(void) {
    for (struct capture *capture = captures; capture; capture = capture->next)
        capture->invalidated = true;
    return captures ? cudaErrorStreamCaptureUnsupported : cudaSuccess;
}

static bool forbids_unsafe_calls(const struct capture *capture) {
    if (thread_mode == cudaStreamCaptureModeRelaxed || capture->mode == cudaStreamCaptureModeRelaxed)
        return false;
    if (pthread_equal(capture->thread, pthread_self()))
        return true;
    return thread_mode == cudaStreamCaptureModeGlobal && capture->mode == cudaStreamCaptureModeGlobal;
}

cudaError_t capture_touched_by_unsafe_call(void) {
    cudaError_t error = cudaSuccess;
    for (struct capture *capture = captures; capture; capture = capture->next)
        if (forbids_unsafe_calls(capture)) {
            capture->invalidated = true;
            error = cudaErrorStreamCaptureUnsupported;
        }
    return error;
}

static void drop_graph(struct capture *capture) {
    if (!capture->is_given)
        graph_free(capture->graph);
}

void capture_stream_destroyed(struct CUstream_st *stream) {
    struct capture *capture = stream->capture;
    if (!capture)
        return;
    capture->invalidated = true;
    struct stream_list **link = &capture->streams;
    while ((*link)->stream != stream)
        link = &(*link)->next;
    struct stream_list *member = *link;
    *link = member->next;
    free(member);
    if (stream == capture->origin) { /* nobody is left who could end it */
        drop_graph(capture);
        end(capture);
    }
}

unsigned long long capture_id(const struct CUstream_st *stream) {
    return stream->capture ? stream->capture->id : 0;
}
bool capture_is_live(unsigned long long id) { return find(id) != NULL; }

cudaError_t capture_wait(struct CUstream_st *stream, unsigned long long id, const struct node_list *nodes) {
    struct capture *capture = find(id);
    if (capture->invalidated)
        return cudaErrorStreamCaptureInvalidated;
    if (stream->is_legacy)
        return capture_touched_by_legacy();
    if (stream->capture && stream->capture != capture) {
        capture->invalidated = stream->capture->invalidated = true;
        return cudaErrorStreamCaptureMerge;
    }
    if (!stream->capture && !join(capture, stream))
        return cudaErrorMemoryAllocation;
    return node_list_merge(&stream->tail, nodes) ? cudaSuccess : cudaErrorMemoryAllocation;
}

/* graph: the program's, or NULL for one of the capture's own. */
static cudaError_t begin(struct CUstream_st *stream, enum cudaStreamCaptureMode mode,
                         struct CUgraph_st *graph, const struct node_list *after) {
    if (!stream)
        return cudaErrorInvalidResourceHandle;
    if ((unsigned)mode > cudaStreamCaptureModeRelaxed)
        return cudaErrorInvalidValue;
    if (stream->is_legacy)
        return cudaErrorStreamCaptureUnsupported;
    if (stream->capture)
        return cudaErrorIllegalState;
    struct capture *capture = calloc(1, sizeof *capture);
    if (!capture)
        return cudaErrorMemoryAllocation;
    capture->is_given = graph != NULL;
    capture->graph = graph ? graph : graph_create();
    if (!capture->graph || !node_list_merge(&stream->tail, after) || !join(capture, stream)) {
        drop_graph(capture);
        free(capture);
        return cudaErrorMemoryAllocation;
    }
    capture->first = capture->graph->nodes.count;
    capture->origin = stream;
    capture->mode = mode;
    capture->thread = pthread_self();
    capture->id = ++last_id;
    capture->next = captures;
    captures = capture;
    return cudaSuccess;
}

cudaError_t cudaStreamBeginCapture(cudaStream_t stream, enum cudaStreamCaptureMode mode) {
    cudaError_t error = runtime_enter();
    if (error == cudaSuccess)
        error = begin(stream_find(stream), mode, NULL, &(struct node_list){0});
    return runtime_leave(error);
}

cudaError_t cudaStreamBeginCaptureToGraph(cudaStream_t stream, cudaGraph_t graph,
                                          const cudaGraphNode_t *after, const cudaGraphEdgeData *edges,
                                          size_t count, enum cudaStreamCaptureMode mode) {
    const struct node_list list = {(struct CUgraphNode_st **)after, count, count};
    cudaError_t error = runtime_enter();
    if (error == cudaSuccess && edges)
        error = runtime_not_provided("cudaStreamBeginCaptureToGraph with cudaGraphEdgeData");
    if (error == cudaSuccess && (!graph || !graph_has(graph, &list)))
        error = cudaErrorInvalidValue;
    if (error == cudaSuccess)
        error = begin(stream_find(stream), mode, graph, &list);
    return runtime_leave(error);
}

/* What the next node depends on: these too, or these alone. */
static cudaError_t update_tail(struct CUstream_st *stream, const struct node_list *list, unsigned flags) {
    if (!stream)
        return cudaErrorInvalidResourceHandle;
    if (!stream->capture)
        return cudaErrorIllegalState;
    if (flags > cudaStreamSetCaptureDependencies || !graph_has(stream->capture->graph, list))
        return cudaErrorInvalidValue;
    if (flags == cudaStreamSetCaptureDependencies)
        stream->tail.count = 0;
    return node_list_merge(&stream->tail, list) ? cudaSuccess : cudaErrorMemoryAllocation;
}

cudaError_t cudaStreamUpdateCaptureDependencies(cudaStream_t stream, cudaGraphNode_t *nodes,
                                                const cudaGraphEdgeData *edges, size_t count,
                                                unsigned flags) {
    cudaError_t error = runtime_enter();
    if (error == cudaSuccess && edges)
        error = runtime_not_provided("cudaStreamUpdateCaptureDependencies with cudaGraphEdgeData");
    if (error == cudaSuccess)
        error = update_tail(stream_find(stream), &(struct node_list){nodes, count, count}, flags);
    return runtime_leave(error);
}

static void reach(const struct node_list *from) {
    for (size_t i = 0; i < from->count; i++)
        from->at[i]->reached = true;
}

/* Does everything captured lead to where the origin stands? Captured nodes are in order, so one walk backwards tells. */
static bool everything_joined(const struct capture *capture) {
    const struct node_list *nodes = &capture->graph->nodes;
    reach(&capture->origin->tail);
    for (size_t i = nodes->count; i-- > capture->first;) {
        if (!nodes->at[i]->reached)
            return false;
        reach(&nodes->at[i]->dependencies);
    }
    return true;
}

static cudaError_t end_capture(cudaStream_t handle, cudaGraph_t *graph) {
    struct CUstream_st *stream = stream_find(handle);
    if (!stream)
        return cudaErrorInvalidResourceHandle;
    if (!graph)
        return cudaErrorInvalidValue;
    *graph = NULL;
    struct capture *capture = stream->capture;
    if (!capture)
        return cudaErrorIllegalState;
    if (capture->mode != cudaStreamCaptureModeRelaxed && !pthread_equal(capture->thread, pthread_self()))
        return cudaErrorStreamCaptureWrongThread;
    cudaError_t error = capture->invalidated          ? cudaErrorStreamCaptureInvalidated
                        : stream != capture->origin   ? cudaErrorStreamCaptureUnmatched
                        : !everything_joined(capture) ? cudaErrorStreamCaptureUnjoined
                                                      : cudaSuccess;
    if (error == cudaErrorStreamCaptureUnmatched) {
        capture->invalidated = true;
        return error;
    }
    if (error == cudaSuccess)
        *graph = capture->graph;
    else
        drop_graph(capture);
    end(capture);
    return error;
}

cudaError_t cudaStreamEndCapture(cudaStream_t stream, cudaGraph_t *graph) {
    cudaError_t error = runtime_enter();
    if (error == cudaSuccess)
        error = end_capture(stream, graph);
    return runtime_leave(error);
}

static enum cudaStreamCaptureStatus status_of(const struct CUstream_st *stream) {
    return !stream->capture               ? cudaStreamCaptureStatusNone
           : stream->capture->invalidated ? cudaStreamCaptureStatusInvalidated
                                          : cudaStreamCaptureStatusActive;
}

/* Of the legacy stream nothing can be told while a blocking stream captures; that capture goes on. */
static cudaError_t answerable(const struct CUstream_st *stream, const enum cudaStreamCaptureStatus *status) {
    if (!stream)
        return cudaErrorInvalidResourceHandle;
    if (!status)
        return cudaErrorInvalidValue;
    for (const struct capture *capture = captures; capture && stream->is_legacy; capture = capture->next)
        if (has_blocking_stream(capture))
            return cudaErrorStreamCaptureImplicit;
    return cudaSuccess;
}

cudaError_t cudaStreamIsCapturing(cudaStream_t handle, enum cudaStreamCaptureStatus *status) {
    cudaError_t error = runtime_enter();
    const struct CUstream_st *stream = stream_find(handle);
    if (error == cudaSuccess)
        error = answerable(stream, status);
    if (error == cudaSuccess)
        *status = status_of(stream);
    return runtime_leave(error);
}

cudaError_t cudaStreamGetCaptureInfo(cudaStream_t handle, enum cudaStreamCaptureStatus *status,
                                     unsigned long long *id, cudaGraph_t *graph,
                                     const cudaGraphNode_t **dependencies, const cudaGraphEdgeData **edges,
                                     size_t *dependency_count) {
    cudaError_t error = runtime_enter();
    const struct CUstream_st *stream = stream_find(handle);
    if (error == cudaSuccess)
        error = answerable(stream, status);
    if (error == cudaSuccess) {
        *status = status_of(stream);
        if (*status == cudaStreamCaptureStatusActive) {
            if (id)
                *id = stream->capture->id;
            if (graph)
                *graph = stream->capture->graph;
            if (dependencies)
                *dependencies = stream->tail.at;
            if (edges)
                *edges = NULL;
            if (dependency_count)
                *dependency_count = stream->tail.count;
        }
    }
    return runtime_leave(error);
}

cudaError_t cudaThreadExchangeStreamCaptureMode(enum cudaStreamCaptureMode *mode) {
    cudaError_t error = runtime_enter();
    if (error == cudaSuccess && (!mode || (unsigned)*mode > cudaStreamCaptureModeRelaxed))
        error = cudaErrorInvalidValue;
    if (error == cudaSuccess) {
        enum cudaStreamCaptureMode before = thread_mode;
        thread_mode = *mode;
        *mode = before;
    }
    return runtime_leave(error);
}
