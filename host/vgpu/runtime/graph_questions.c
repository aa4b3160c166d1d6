/* What a node of a graph is, and with which parameters. */
#include "graph_node.h"
#include "kernel_request.h"
#include "runtime.h"

#include <stdlib.h>

cudaError_t cudaGraphNodeGetType(cudaGraphNode_t node, enum cudaGraphNodeType *type) {
    cudaError_t error = runtime_enter();
    if (error == cudaSuccess && (!node || !type))
        error = cudaErrorInvalidValue;
    if (error == cudaSuccess)
        *type = node_type(&node->operation);
    return runtime_leave(error);
}

static cudaError_t ask(cudaGraphNode_t node, enum operation_kind kind, const void *place) {
    return node && place && node->operation.kind == kind ? cudaSuccess : cudaErrorInvalidValue;
}

/* Pointers to the node's own copy of the parameters. */
static void **arguments_of(struct CUgraphNode_st *node) {
    const struct kernel_operation *kernel = &node->operation.kernel;
    const struct ptx_function *entry = kernel->kernel->program->entry;
    void **arguments = realloc(node->arguments, (entry->parameter_count + 1) * sizeof *arguments);
    if (!arguments)
        return NULL;
    for (uint32_t i = 0; i < entry->parameter_count; i++)
        arguments[i] = kernel->parameters + entry->parameters[i]->address;
    return node->arguments = arguments;
}

static dim3 dim(const uint32_t size[3]) { return (dim3){size[0], size[1], size[2]}; }

cudaError_t cudaGraphKernelNodeGetParams(cudaGraphNode_t node, struct cudaKernelNodeParams *parameters) {
    cudaError_t error = runtime_enter();
    if (error == cudaSuccess)
        error = ask(node, OPERATION_KERNEL, parameters);
    if (error == cudaSuccess) {
        const struct kernel_operation *kernel = &node->operation.kernel;
        *parameters = (struct cudaKernelNodeParams){.func = (void *)kernel->kernel->host,
                                                    .gridDim = dim(kernel->grid),
                                                    .blockDim = dim(kernel->block),
                                                    .sharedMemBytes = kernel->dynamic_shared,
                                                    .kernelParams = arguments_of(node)};
    }
    return runtime_leave(error);
}

cudaError_t cudaGraphMemcpyNodeGetParams(cudaGraphNode_t node, struct cudaMemcpy3DParms *box) {
    cudaError_t error = runtime_enter();
    if (error == cudaSuccess)
        error = ask(node, OPERATION_COPY, box);
    if (error == cudaSuccess) {
        const struct copy_operation *copy = &node->operation.copy;
        *box = (struct cudaMemcpy3DParms){
            .srcPtr = {(void *)copy->from, copy->from_pitch, copy->width,
                       copy->from_pitch ? copy->from_slice / copy->from_pitch : 0},
            .dstPtr = {copy->to, copy->to_pitch, copy->width,
                       copy->to_pitch ? copy->to_slice / copy->to_pitch : 0},
            .extent = {copy->width, copy->height, copy->depth},
            .kind = copy->direction,
        };
    }
    return runtime_leave(error);
}

cudaError_t cudaGraphMemsetNodeGetParams(cudaGraphNode_t node, struct cudaMemsetParams *parameters) {
    cudaError_t error = runtime_enter();
    if (error == cudaSuccess)
        error = ask(node, OPERATION_FILL, parameters);
    if (error == cudaSuccess) {
        const struct fill_operation *fill = &node->operation.fill;
        *parameters = (struct cudaMemsetParams){.dst = fill->to,
                                                .pitch = fill->pitch,
                                                .value = fill->value,
                                                .elementSize = fill->element,
                                                .width = fill->width / fill->element,
                                                .height = fill->height};
    }
    return runtime_leave(error);
}

cudaError_t cudaGraphHostNodeGetParams(cudaGraphNode_t node, struct cudaHostNodeParams *parameters) {
    cudaError_t error = runtime_enter();
    if (error == cudaSuccess)
        error = ask(node, OPERATION_HOST, parameters);
    if (error == cudaSuccess)
        *parameters = (struct cudaHostNodeParams){node->operation.host.function, node->operation.host.data};
    return runtime_leave(error);
}

static cudaError_t give_event(cudaGraphNode_t node, enum operation_kind kind, cudaEvent_t *event) {
    cudaError_t error = runtime_enter();
    if (error == cudaSuccess)
        error = ask(node, kind, event);
    if (error == cudaSuccess)
        *event = node->operation.event;
    return runtime_leave(error);
}

cudaError_t cudaGraphEventRecordNodeGetEvent(cudaGraphNode_t node, cudaEvent_t *event) {
    return give_event(node, OPERATION_EVENT_RECORD, event);
}

cudaError_t cudaGraphEventWaitNodeGetEvent(cudaGraphNode_t node, cudaEvent_t *event) {
    return give_event(node, OPERATION_EVENT_WAIT, event);
}

/* The node's own graph, which may be changed. */
cudaError_t cudaGraphChildGraphNodeGetGraph(cudaGraphNode_t node, cudaGraph_t *graph) {
    cudaError_t error = runtime_enter();
    if (error == cudaSuccess)
        error = ask(node, OPERATION_GRAPH, graph);
    if (error == cudaSuccess)
        *graph = node->operation.graph;
    return runtime_leave(error);
}

/* Those attributes that mean something here; the others are taken, and read as zeros. */
cudaError_t cudaGraphKernelNodeGetAttribute(cudaGraphNode_t node, cudaKernelNodeAttrID id,
                                            cudaKernelNodeAttrValue *value) {
    cudaError_t error = runtime_enter();
    if (error == cudaSuccess)
        error = ask(node, OPERATION_KERNEL, value);
    if (error == cudaSuccess) {
        const struct kernel_operation *kernel = &node->operation.kernel;
        *value = (cudaKernelNodeAttrValue){0};
        if (id == cudaLaunchAttributeCooperative)
            value->cooperative = kernel->cooperative;
        else if (id == cudaLaunchAttributeClusterDimension) {
            value->clusterDim.x = kernel->cluster[0];
            value->clusterDim.y = kernel->cluster[1];
            value->clusterDim.z = kernel->cluster[2];
        }
    }
    return runtime_leave(error);
}

static cudaError_t set_attribute(struct CUgraphNode_st *node, cudaKernelNodeAttrID id,
                                 const cudaKernelNodeAttrValue *value) {
    struct kernel_operation *kernel = &node->operation.kernel, changed;
    struct kernel_request request = {
        .function = kernel->kernel->host,
        .grid = dim(kernel->grid),
        .block = dim(kernel->block),
        .arguments = arguments_of(node),
        .shared = kernel->dynamic_shared,
        .cluster = {kernel->cluster[0], kernel->cluster[1], kernel->cluster[2]},
        .cooperative = kernel->cooperative,
    };
    cudaError_t error = kernel_apply(id, value, &request);
    if (error == cudaSuccess)
        error = kernel_settle(&request, &changed);
    if (error == cudaSuccess) {
        free(kernel->parameters);
        *kernel = changed;
    }
    return error;
}

cudaError_t cudaGraphKernelNodeSetAttribute(cudaGraphNode_t node, cudaKernelNodeAttrID id,
                                            const cudaKernelNodeAttrValue *value) {
    cudaError_t error = runtime_enter();
    if (error == cudaSuccess)
        error = ask(node, OPERATION_KERNEL, value);
    if (error == cudaSuccess)
        error = set_attribute(node, id, value);
    return runtime_leave(error);
}
