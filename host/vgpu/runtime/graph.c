#include "graph.h"
#include "capture.h"
#include "queue.h"
#include "runtime.h"

#include <stdlib.h>
#include <string.h>

bool node_list_append(struct node_list *list, struct CUgraphNode_st *node) {
    if (list->count == list->room) {
        size_t room = list->room ? 2 * list->room : 4;
        struct CUgraphNode_st **at = realloc(list->at, room * sizeof *at);
        if (!at)
            return false;
        list->at = at;
        list->room = room;
    }
    list->at[list->count++] = node;
    return true;
}

static bool holds(const struct node_list *list, const struct CUgraphNode_st *node) {
    for (size_t i = 0; i < list->count; i++)
        if (list->at[i] == node)
            return true;
    return false;
}

bool node_list_merge(struct node_list *list, const struct node_list *more) {
    for (size_t i = 0; i < more->count; i++)
        if (!holds(list, more->at[i]) && !node_list_append(list, more->at[i]))
            return false;
    return true;
}

void node_list_clear(struct node_list *list) {
    free(list->at);
    *list = (struct node_list){0};
}

struct CUgraph_st *graph_create(void) {
    return calloc(1, sizeof(struct CUgraph_st));
}

void graph_free(struct CUgraph_st *graph) {
    for (size_t i = 0; i < graph->nodes.count; i++) {
        struct CUgraphNode_st *node = graph->nodes.at[i];
        operation_discard(&node->operation);
        node_list_clear(&node->dependencies);
        free(node);
    }
    node_list_clear(&graph->nodes);
    free(graph);
}

struct CUgraphNode_st *graph_add(struct CUgraph_st *graph, const struct operation *operation,
                                 const struct node_list *after) {
    struct CUgraphNode_st *node = calloc(1, sizeof *node);
    if (!node)
        return NULL;
    if (!operation_keep(operation, &node->operation)) {
        free(node);
        return NULL;
    }
    if (!node_list_merge(&node->dependencies, after) || !node_list_append(&graph->nodes, node)) {
        operation_discard(&node->operation);
        node_list_clear(&node->dependencies);
        free(node);
        return NULL;
    }
    return node;
}

/* An instantiated graph keeps its own copies: the graph may be destroyed before it. */
struct CUgraphExec_st {
    struct operation *operations;
    size_t count;
    unsigned long long flags;
};

static void exec_free(struct CUgraphExec_st *exec) {
    for (size_t i = 0; i < exec->count; i++)
        operation_discard(&exec->operations[i]);
    free(exec->operations);
    free(exec);
}

static cudaError_t instantiate(cudaGraphExec_t *result, const struct CUgraph_st *graph,
                               unsigned long long flags) {
    if (!result || !graph)
        return cudaErrorInvalidValue;
    if (flags & (cudaGraphInstantiateFlagDeviceLaunch | cudaGraphInstantiateFlagAutoFreeOnLaunch))
        return runtime_not_provided("a graph launched from the device or with memory nodes");
    struct CUgraphExec_st *exec = calloc(1, sizeof *exec);
    if (!exec)
        return cudaErrorMemoryAllocation;
    exec->flags = flags;
    exec->operations = calloc(graph->nodes.count + 1, sizeof *exec->operations);
    for (size_t i = 0; i < graph->nodes.count; i++) {
        if (!exec->operations || !operation_keep(&graph->nodes.at[i]->operation, &exec->operations[i])) {
            exec_free(exec);
            return cudaErrorMemoryAllocation;
        }
        exec->count++;
    }
    *result = exec;
    return cudaSuccess;
}

cudaError_t cudaGraphInstantiate(cudaGraphExec_t *exec, cudaGraph_t graph, unsigned long long flags) {
    cudaError_t error = runtime_enter();
    if (error == cudaSuccess)
        error = instantiate(exec, graph, flags);
    return runtime_leave(error);
}

cudaError_t cudaGraphInstantiateWithFlags(cudaGraphExec_t *exec, cudaGraph_t graph,
                                          unsigned long long flags) {
    return cudaGraphInstantiate(exec, graph, flags);
}

static cudaError_t launch(const struct CUgraphExec_st *exec, cudaStream_t handle) {
    struct CUstream_st *stream = stream_find(handle);
    if (!exec)
        return cudaErrorInvalidValue;
    if (!stream)
        return cudaErrorInvalidResourceHandle;
    if (stream->capture)
        return runtime_not_provided("a graph launched into a stream that captures");
    cudaError_t error = stream->is_legacy ? capture_touched_by_legacy() : cudaSuccess;
    for (size_t i = 0; i < exec->count && error == cudaSuccess; i++)
        error = queue_submit(stream, &exec->operations[i]);
    queue_settle();
    return error;
}

cudaError_t cudaGraphLaunch(cudaGraphExec_t exec, cudaStream_t stream) {
    cudaError_t error = runtime_enter();
    if (error == cudaSuccess)
        error = launch(exec, stream);
    return runtime_leave(error);
}

cudaError_t cudaGraphUpload(cudaGraphExec_t exec, cudaStream_t stream) {
    cudaError_t error = runtime_enter();
    if (error == cudaSuccess)
        error = !exec                  ? cudaErrorInvalidValue
                : !stream_find(stream) ? cudaErrorInvalidResourceHandle
                                       : cudaSuccess;
    return runtime_leave(error);
}

cudaError_t cudaGraphExecDestroy(cudaGraphExec_t exec) {
    cudaError_t error = runtime_enter();
    if (!exec)
        error = cudaErrorInvalidValue;
    else
        exec_free(exec);
    return runtime_leave(error);
}

cudaError_t cudaGraphDestroy(cudaGraph_t graph) {
    cudaError_t error = runtime_enter();
    if (!graph)
        error = cudaErrorInvalidValue;
    else
        graph_free(graph);
    return runtime_leave(error);
}

cudaError_t cudaGraphExecGetFlags(cudaGraphExec_t exec, unsigned long long *flags) {
    cudaError_t error = runtime_enter();
    if (error == cudaSuccess && (!exec || !flags))
        error = cudaErrorInvalidValue;
    if (error == cudaSuccess)
        *flags = exec->flags;
    return runtime_leave(error);
}

/* With nodes NULL only the number is asked for; places beyond it are cleared, as CUDA does. */
static cudaError_t give_nodes(const struct node_list *list, cudaGraphNode_t *nodes, size_t *count) {
    if (!count)
        return cudaErrorInvalidValue;
    for (size_t i = 0; nodes && i < *count; i++)
        nodes[i] = i < list->count ? list->at[i] : NULL;
    if (!nodes || *count > list->count)
        *count = list->count;
    return cudaSuccess;
}

cudaError_t cudaGraphGetNodes(cudaGraph_t graph, cudaGraphNode_t *nodes, size_t *count) {
    cudaError_t error = runtime_enter();
    if (error == cudaSuccess)
        error = graph ? give_nodes(&graph->nodes, nodes, count) : cudaErrorInvalidValue;
    return runtime_leave(error);
}

cudaError_t cudaGraphNodeGetType(cudaGraphNode_t node, enum cudaGraphNodeType *type) {
    static const enum cudaGraphNodeType types[] = {
        [OPERATION_EMPTY] = cudaGraphNodeTypeEmpty, [OPERATION_KERNEL] = cudaGraphNodeTypeKernel,
        [OPERATION_COPY] = cudaGraphNodeTypeMemcpy, [OPERATION_FILL] = cudaGraphNodeTypeMemset,
        [OPERATION_HOST] = cudaGraphNodeTypeHost,
    };
    cudaError_t error = runtime_enter();
    if (error == cudaSuccess && (!node || !type))
        error = cudaErrorInvalidValue;
    if (error == cudaSuccess)
        *type = types[node->operation.kind];
    return runtime_leave(error);
}
