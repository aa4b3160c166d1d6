/*
 * The calls that make a graph's nodes, ask them, and set them anew, in the graph or in one that is instantiated. All say what they
 * mean as a cudaGraphNodeParams.
 * Copies of one row and of symbols are in graph_copies.c.
 */
#include "graph_exec.h"
#include "graph_node.h"
#include "runtime.h"

typedef const cudaGraphNode_t *node_array;
typedef const struct cudaGraphNodeParams *node_parameters;

/* What node_read refuses. */
static const struct cudaGraphNodeParams nothing = {.type = cudaGraphNodeTypeCount};

static cudaError_t add_read(cudaGraphNode_t *node, cudaGraph_t graph, node_array after, size_t count,
                            node_parameters parameters) {
    struct operation operation;
    cudaError_t error = runtime_enter();
    if (error == cudaSuccess)
        error = node_read(parameters, &operation);
    if (error == cudaSuccess) {
        error = node_add(node, graph, after, count, &operation);
        operation_discard(&operation);
    }
    return runtime_leave(error);
}

static cudaError_t set(struct operation *place, node_parameters parameters) {
    struct operation operation;
    cudaError_t error = place ? node_read(parameters, &operation) : cudaErrorInvalidValue;
    return error == cudaSuccess ? node_replace(place, &operation) : error;
}

static cudaError_t set_in_graph(cudaGraphNode_t node, node_parameters parameters) {
    cudaError_t error = runtime_enter();
    if (error == cudaSuccess)
        error = set(node ? &node->operation : NULL, parameters);
    return runtime_leave(error);
}

static cudaError_t set_in_exec(cudaGraphExec_t exec, cudaGraphNode_t node, node_parameters parameters) {
    cudaError_t error = runtime_enter();
    if (error == cudaSuccess)
        error = set(exec_operation(exec, node), parameters);
    return runtime_leave(error);
}

cudaError_t cudaGraphAddNode(cudaGraphNode_t *node, cudaGraph_t graph, node_array after,
                             const cudaGraphEdgeData *edges, size_t count,
                             struct cudaGraphNodeParams *parameters) {
    return edges ? runtime_not_provided("cudaGraphAddNode with cudaGraphEdgeData")
                 : add_read(node, graph, after, count, parameters);
}

cudaError_t cudaGraphNodeSetParams(cudaGraphNode_t node, struct cudaGraphNodeParams *parameters) {
    return set_in_graph(node, parameters);
}

cudaError_t cudaGraphExecNodeSetParams(cudaGraphExec_t exec, cudaGraphNode_t node,
                                       struct cudaGraphNodeParams *parameters) {
    return set_in_exec(exec, node, parameters);
}

cudaError_t cudaGraphAddEmptyNode(cudaGraphNode_t *node, cudaGraph_t graph, node_array after, size_t count) {
    return add_read(node, graph, after, count, &(struct cudaGraphNodeParams){.type = cudaGraphNodeTypeEmpty});
}

static struct cudaGraphNodeParams of_kernel(const struct cudaKernelNodeParams *kernel) {
    return (struct cudaGraphNodeParams){.type = cudaGraphNodeTypeKernel,
                                        .kernel = {kernel->func, kernel->gridDim, kernel->blockDim,
                                                   kernel->sharedMemBytes, kernel->kernelParams,
                                                   kernel->extra}};
}

cudaError_t cudaGraphAddKernelNode(cudaGraphNode_t *node, cudaGraph_t graph, node_array after, size_t count,
                                   const struct cudaKernelNodeParams *kernel) {
    const struct cudaGraphNodeParams parameters = kernel ? of_kernel(kernel) : nothing;
    return add_read(node, graph, after, count, &parameters);
}

cudaError_t cudaGraphKernelNodeSetParams(cudaGraphNode_t node, const struct cudaKernelNodeParams *kernel) {
    const struct cudaGraphNodeParams parameters = kernel ? of_kernel(kernel) : nothing;
    return set_in_graph(node, &parameters);
}

cudaError_t cudaGraphExecKernelNodeSetParams(cudaGraphExec_t exec, cudaGraphNode_t node,
                                             const struct cudaKernelNodeParams *kernel) {
    const struct cudaGraphNodeParams parameters = kernel ? of_kernel(kernel) : nothing;
    return set_in_exec(exec, node, &parameters);
}

static struct cudaGraphNodeParams of_box(const struct cudaMemcpy3DParms *box) {
    return (struct cudaGraphNodeParams){.type = cudaGraphNodeTypeMemcpy, .memcpy = {.copyParams = *box}};
}

cudaError_t cudaGraphAddMemcpyNode(cudaGraphNode_t *node, cudaGraph_t graph, node_array after, size_t count,
                                   const struct cudaMemcpy3DParms *box) {
    const struct cudaGraphNodeParams parameters = box ? of_box(box) : nothing;
    return add_read(node, graph, after, count, &parameters);
}

cudaError_t cudaGraphMemcpyNodeSetParams(cudaGraphNode_t node, const struct cudaMemcpy3DParms *box) {
    const struct cudaGraphNodeParams parameters = box ? of_box(box) : nothing;
    return set_in_graph(node, &parameters);
}

cudaError_t cudaGraphExecMemcpyNodeSetParams(cudaGraphExec_t exec, cudaGraphNode_t node,
                                             const struct cudaMemcpy3DParms *box) {
    const struct cudaGraphNodeParams parameters = box ? of_box(box) : nothing;
    return set_in_exec(exec, node, &parameters);
}

static struct cudaGraphNodeParams of_fill(const struct cudaMemsetParams *fill) {
    return (struct cudaGraphNodeParams){
        .type = cudaGraphNodeTypeMemset,
        .memset = {fill->dst, fill->pitch, fill->value, fill->elementSize, fill->width, fill->height}};
}

cudaError_t cudaGraphAddMemsetNode(cudaGraphNode_t *node, cudaGraph_t graph, node_array after, size_t count,
                                   const struct cudaMemsetParams *fill) {
    const struct cudaGraphNodeParams parameters = fill ? of_fill(fill) : nothing;
    return add_read(node, graph, after, count, &parameters);
}

cudaError_t cudaGraphMemsetNodeSetParams(cudaGraphNode_t node, const struct cudaMemsetParams *fill) {
    const struct cudaGraphNodeParams parameters = fill ? of_fill(fill) : nothing;
    return set_in_graph(node, &parameters);
}

cudaError_t cudaGraphExecMemsetNodeSetParams(cudaGraphExec_t exec, cudaGraphNode_t node,
                                             const struct cudaMemsetParams *fill) {
    const struct cudaGraphNodeParams parameters = fill ? of_fill(fill) : nothing;
    return set_in_exec(exec, node, &parameters);
}

static struct cudaGraphNodeParams of_host(const struct cudaHostNodeParams *host) {
    return (struct cudaGraphNodeParams){.type = cudaGraphNodeTypeHost, .host = {host->fn, host->userData}};
}

cudaError_t cudaGraphAddHostNode(cudaGraphNode_t *node, cudaGraph_t graph, node_array after, size_t count,
                                 const struct cudaHostNodeParams *host) {
    const struct cudaGraphNodeParams parameters = host ? of_host(host) : nothing;
    return add_read(node, graph, after, count, &parameters);
}

cudaError_t cudaGraphHostNodeSetParams(cudaGraphNode_t node, const struct cudaHostNodeParams *host) {
    const struct cudaGraphNodeParams parameters = host ? of_host(host) : nothing;
    return set_in_graph(node, &parameters);
}

cudaError_t cudaGraphExecHostNodeSetParams(cudaGraphExec_t exec, cudaGraphNode_t node,
                                           const struct cudaHostNodeParams *host) {
    const struct cudaGraphNodeParams parameters = host ? of_host(host) : nothing;
    return set_in_exec(exec, node, &parameters);
}

cudaError_t cudaGraphAddEventRecordNode(cudaGraphNode_t *node, cudaGraph_t graph, node_array after,
                                        size_t count, cudaEvent_t event) {
    return add_read(
        node, graph, after, count,
        &(struct cudaGraphNodeParams){.type = cudaGraphNodeTypeEventRecord, .eventRecord = {event}});
}

cudaError_t cudaGraphEventRecordNodeSetEvent(cudaGraphNode_t node, cudaEvent_t event) {
    return set_in_graph(
        node, &(struct cudaGraphNodeParams){.type = cudaGraphNodeTypeEventRecord, .eventRecord = {event}});
}

cudaError_t cudaGraphExecEventRecordNodeSetEvent(cudaGraphExec_t exec, cudaGraphNode_t node,
                                                 cudaEvent_t event) {
    return set_in_exec(
        exec, node,
        &(struct cudaGraphNodeParams){.type = cudaGraphNodeTypeEventRecord, .eventRecord = {event}});
}

cudaError_t cudaGraphAddEventWaitNode(cudaGraphNode_t *node, cudaGraph_t graph, node_array after,
                                      size_t count, cudaEvent_t event) {
    return add_read(node, graph, after, count,
                    &(struct cudaGraphNodeParams){.type = cudaGraphNodeTypeWaitEvent, .eventWait = {event}});
}

cudaError_t cudaGraphEventWaitNodeSetEvent(cudaGraphNode_t node, cudaEvent_t event) {
    return set_in_graph(
        node, &(struct cudaGraphNodeParams){.type = cudaGraphNodeTypeWaitEvent, .eventWait = {event}});
}

cudaError_t cudaGraphExecEventWaitNodeSetEvent(cudaGraphExec_t exec, cudaGraphNode_t node,
                                               cudaEvent_t event) {
    return set_in_exec(
        exec, node, &(struct cudaGraphNodeParams){.type = cudaGraphNodeTypeWaitEvent, .eventWait = {event}});
}

cudaError_t cudaGraphAddChildGraphNode(cudaGraphNode_t *node, cudaGraph_t graph, node_array after,
                                       size_t count, cudaGraph_t child) {
    return add_read(node, graph, after, count,
                    &(struct cudaGraphNodeParams){.type = cudaGraphNodeTypeGraph, .graph = {.graph = child}});
}
