#include "graph_node.h"
#include "copy.h"
#include "event.h"
#include "kernel_request.h"
#include "runtime.h"

#include <string.h>

enum cudaGraphNodeType node_type(const struct operation *operation) {
    static const enum cudaGraphNodeType types[] = {
        [OPERATION_EMPTY] = cudaGraphNodeTypeEmpty,
        [OPERATION_KERNEL] = cudaGraphNodeTypeKernel,
        [OPERATION_COPY] = cudaGraphNodeTypeMemcpy,
        [OPERATION_FILL] = cudaGraphNodeTypeMemset,
        [OPERATION_HOST] = cudaGraphNodeTypeHost,
        [OPERATION_EVENT_RECORD] = cudaGraphNodeTypeEventRecord,
        [OPERATION_EVENT_WAIT] = cudaGraphNodeTypeWaitEvent,
        [OPERATION_GRAPH] = cudaGraphNodeTypeGraph,
    };
    return types[operation->kind];
}

static cudaError_t read_kernel(const struct cudaKernelNodeParamsV2 *kernel, struct operation *operation) {
    if (kernel->extra)
        return runtime_not_provided("cudaKernelNodeParams::extra");
    operation->kind = OPERATION_KERNEL;
    return kernel_settle(
        &(struct kernel_request){kernel->func,
                                 {kernel->gridDim.x, kernel->gridDim.y, kernel->gridDim.z},
                                 {kernel->blockDim.x, kernel->blockDim.y, kernel->blockDim.z},
                                 kernel->kernelParams,
                                 kernel->sharedMemBytes,
                                 {0},
                                 false,
                                 NULL},
        &operation->kernel);
}

static cudaError_t read_copy(const struct cudaMemcpyNodeParams *copy, struct operation *operation) {
    operation->kind = OPERATION_COPY;
    cudaError_t error = copy_of_box("a memcpy node", &copy->copyParams, &operation->copy);
    return error == cudaSuccess ? copy_validate(&operation->copy) : error;
}

static cudaError_t read_fill(const struct cudaMemsetParamsV2 *fill, struct operation *operation) {
    unsigned element = fill->elementSize;
    if (!fill->dst || (element != 1 && element != 2 && element != 4) || fill->width == 0 ||
        fill->height == 0 || (fill->height > 1 && fill->width * element > fill->pitch))
        return cudaErrorInvalidValue;
    operation->kind = OPERATION_FILL;
    operation->fill = (struct fill_operation){
        "a memset node", fill->dst, fill->pitch, fill->width * element, fill->height, fill->value, element};
    return cudaSuccess;
}

static cudaError_t read_event(cudaEvent_t event, enum operation_kind kind, struct operation *operation) {
    *operation = (struct operation){.kind = kind, .event = event};
    return event_exists(event) ? cudaSuccess : cudaErrorInvalidValue;
}

static cudaError_t read_child(const struct cudaChildGraphNodeParams *child, struct operation *operation) {
    if (!child->graph)
        return cudaErrorInvalidValue;
    if (child->ownership != cudaGraphChildGraphOwnershipClone)
        return runtime_not_provided("a child graph that is moved and not cloned");
    *operation = (struct operation){.kind = OPERATION_GRAPH, .graph = graph_clone(child->graph)};
    return operation->graph ? cudaSuccess : cudaErrorMemoryAllocation;
}

cudaError_t node_read(const struct cudaGraphNodeParams *parameters, struct operation *operation) {
    *operation = (struct operation){.kind = OPERATION_EMPTY};
    if (!parameters)
        return cudaErrorInvalidValue;
    switch ((int)parameters->type) {
    case cudaGraphNodeTypeEmpty:
        return cudaSuccess;
    case cudaGraphNodeTypeKernel:
        return read_kernel(&parameters->kernel, operation);
    case cudaGraphNodeTypeMemcpy:
        return read_copy(&parameters->memcpy, operation);
    case cudaGraphNodeTypeMemset:
        return read_fill(&parameters->memset, operation);
    case cudaGraphNodeTypeHost:
        *operation = (struct operation){.kind = OPERATION_HOST,
                                        .host = {parameters->host.fn, parameters->host.userData}};
        return parameters->host.fn ? cudaSuccess : cudaErrorInvalidValue;
    case cudaGraphNodeTypeWaitEvent:
        return read_event(parameters->eventWait.event, OPERATION_EVENT_WAIT, operation);
    case cudaGraphNodeTypeEventRecord:
        return read_event(parameters->eventRecord.event, OPERATION_EVENT_RECORD, operation);
    case cudaGraphNodeTypeGraph:
        return read_child(&parameters->graph, operation);
    case cudaGraphNodeTypeMemAlloc:
    case cudaGraphNodeTypeMemFree:
        return runtime_not_provided("a memory node of a graph");
    case cudaGraphNodeTypeConditional:
        return runtime_not_provided("a conditional node of a graph");
    default:
        return cudaErrorInvalidValue;
    }
}

cudaError_t node_add(cudaGraphNode_t *node, cudaGraph_t graph, const cudaGraphNode_t *after, size_t count,
                     const struct operation *operation) {
    const struct node_list list = {(struct CUgraphNode_st **)after, count, count};
    if (!node || !graph || !graph_has(graph, &list))
        return cudaErrorInvalidValue;
    *node = graph_add(graph, operation, &list);
    return *node ? cudaSuccess : cudaErrorMemoryAllocation;
}

/* Copies keep which memory they are between, fills of several rows their shape: cudaGraphExecUpdate's list of what may change. */
bool node_may_become(const struct operation *before, const struct operation *after) {
    if (before->kind != after->kind)
        return false;
    const struct fill_operation *fill = &before->fill, *other = &after->fill;
    switch (before->kind) {
    case OPERATION_COPY:
        return copy_is_to_device(&before->copy) == copy_is_to_device(&after->copy) &&
               copy_is_from_device(&before->copy) == copy_is_from_device(&after->copy);
    case OPERATION_FILL:
        return (fill->height == 1 && other->height == 1) ||
               (fill->height == other->height && fill->width == other->width && fill->pitch == other->pitch);
    default:
        return true;
    }
}

cudaError_t node_replace(struct operation *before, struct operation *after) {
    if (!node_may_become(before, after)) {
        operation_discard(after);
        return cudaErrorInvalidValue;
    }
    if (before->kind == OPERATION_KERNEL) {
        after->kernel.cooperative = before->kernel.cooperative;
        memcpy(after->kernel.cluster, before->kernel.cluster, sizeof after->kernel.cluster);
    }
    operation_discard(before);
    *before = *after;
    return cudaSuccess;
}
