/* The calls that instantiate, launch and update graphs. */
#include "capture.h"
#include "graph_exec.h"
#include "graph_node.h"
#include "runtime.h"

#include <string.h>

static cudaError_t instantiate(cudaGraphExec_t *result, const struct CUgraph_st *graph,
                               unsigned long long flags) {
    if (!result || !graph)
        return cudaErrorInvalidValue;
    if (flags & (cudaGraphInstantiateFlagDeviceLaunch | cudaGraphInstantiateFlagAutoFreeOnLaunch))
        return runtime_not_provided("a graph launched from the device or with memory nodes");
    cudaError_t error = exec_create(graph, result);
    if (error == cudaSuccess)
        (*result)->flags = flags;
    return error;
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

cudaError_t cudaGraphInstantiateWithParams(cudaGraphExec_t *exec, cudaGraph_t graph,
                                           cudaGraphInstantiateParams *parameters) {
    cudaError_t error = runtime_enter();
    if (error == cudaSuccess && !parameters)
        error = cudaErrorInvalidValue;
    if (error == cudaSuccess) {
        error = instantiate(exec, graph, parameters->flags & ~cudaGraphInstantiateFlagUpload);
        parameters->errNode_out = NULL;
        parameters->result_out =
            error == cudaSuccess ? cudaGraphInstantiateSuccess : cudaGraphInstantiateError;
    }
    return runtime_leave(error);
}

static cudaError_t launch(struct CUgraphExec_st *exec, struct CUstream_st *stream) {
    if (!exec)
        return cudaErrorInvalidValue;
    if (!stream)
        return cudaErrorInvalidResourceHandle;
    if (stream->capture)
        return runtime_not_provided("a graph launched into a stream that captures");
    cudaError_t error = stream->is_legacy ? capture_touched_by_legacy() : cudaSuccess;
    return error == cudaSuccess ? exec_launch(exec, stream) : error;
}

cudaError_t cudaGraphLaunch(cudaGraphExec_t exec, cudaStream_t stream) {
    cudaError_t error = runtime_enter();
    if (error == cudaSuccess)
        error = launch(exec, stream_find(stream));
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

cudaError_t cudaGraphExecGetFlags(cudaGraphExec_t exec, unsigned long long *flags) {
    cudaError_t error = runtime_enter();
    if (error == cudaSuccess && (!exec || !flags))
        error = cudaErrorInvalidValue;
    if (error == cudaSuccess)
        *flags = exec->flags;
    return runtime_leave(error);
}

static cudaError_t find_switchable(cudaGraphExec_t exec, cudaGraphNode_t node, struct exec_node **found) {
    *found = exec ? exec_find(exec, node) : NULL;
    if (!*found)
        return cudaErrorInvalidValue;
    enum operation_kind kind = (*found)->operation.kind;
    return kind == OPERATION_KERNEL || kind == OPERATION_COPY || kind == OPERATION_FILL
               ? cudaSuccess
               : cudaErrorInvalidValue;
}

cudaError_t cudaGraphNodeSetEnabled(cudaGraphExec_t exec, cudaGraphNode_t node, unsigned is_on) {
    struct exec_node *found;
    cudaError_t error = runtime_enter();
    if (error == cudaSuccess)
        error = find_switchable(exec, node, &found);
    if (error == cudaSuccess)
        found->is_off = !is_on;
    return runtime_leave(error);
}

cudaError_t cudaGraphNodeGetEnabled(cudaGraphExec_t exec, cudaGraphNode_t node, unsigned *is_on) {
    struct exec_node *found;
    cudaError_t error = runtime_enter();
    if (error == cudaSuccess)
        error = is_on ? find_switchable(exec, node, &found) : cudaErrorInvalidValue;
    if (error == cudaSuccess)
        *is_on = !found->is_off;
    return runtime_leave(error);
}

static enum cudaGraphExecUpdateResult compare(const struct exec_node *before, const struct exec_node *after) {
    if (before->dependency_count != after->dependency_count ||
        (before->dependency_count && memcmp(before->dependencies, after->dependencies,
                                            before->dependency_count * sizeof *before->dependencies) != 0))
        return cudaGraphExecUpdateErrorTopologyChanged;
    if (before->operation.kind != after->operation.kind)
        return cudaGraphExecUpdateErrorNodeTypeChanged;
    return node_may_become(&before->operation, &after->operation) ? cudaGraphExecUpdateSuccess
                                                                  : cudaGraphExecUpdateErrorParametersChanged;
}

static void compare_all(const struct CUgraphExec_st *before, const struct CUgraphExec_st *after,
                        cudaGraphExecUpdateResultInfo *result) {
    *result = (cudaGraphExecUpdateResultInfo){.result = before->count == after->count
                                                            ? cudaGraphExecUpdateSuccess
                                                            : cudaGraphExecUpdateErrorTopologyChanged};
    for (size_t i = 0; i < before->count && result->result == cudaGraphExecUpdateSuccess; i++) {
        result->result = compare(&before->nodes[i], &after->nodes[i]);
        if (result->result != cudaGraphExecUpdateSuccess)
            result->errorNode = (cudaGraphNode_t)after->nodes[i].node;
    }
}

/* The graph is instantiated anew and compared place by place; the old nodes stay those that the program knows. */
static cudaError_t update(struct CUgraphExec_st *exec, const struct CUgraph_st *graph,
                          cudaGraphExecUpdateResultInfo *result) {
    struct CUgraphExec_st *fresh;
    result->result = cudaGraphExecUpdateError;
    cudaError_t error = exec_create(graph, &fresh);
    if (error != cudaSuccess)
        return error;
    compare_all(exec, fresh, result);
    for (size_t i = 0; i < exec->count && result->result == cudaGraphExecUpdateSuccess; i++) {
        struct operation operation = exec->nodes[i].operation;
        exec->nodes[i].operation = fresh->nodes[i].operation;
        fresh->nodes[i].operation = operation;
    }
    exec_free(fresh);
    return result->result == cudaGraphExecUpdateSuccess ? cudaSuccess : cudaErrorGraphExecUpdateFailure;
}

cudaError_t cudaGraphExecUpdate(cudaGraphExec_t exec, cudaGraph_t graph,
                                cudaGraphExecUpdateResultInfo *result) {
    cudaGraphExecUpdateResultInfo unasked;
    cudaError_t error = runtime_enter();
    if (error == cudaSuccess)
        error = exec && graph ? update(exec, graph, result ? result : &unasked) : cudaErrorInvalidValue;
    return runtime_leave(error);
}
