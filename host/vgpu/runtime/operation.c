#include "operation.h"
#include "graph.h"
#include "runtime.h"

#include <stdlib.h>
#include <string.h>

bool operation_has_host_function(const struct operation *operation, const struct device *device) {
    return operation->kind == OPERATION_CALLBACK ||
           (operation->kind == OPERATION_HOST && device->fault == cudaSuccess);
}

static cudaError_t work(const struct operation *operation, struct device *device) {
    if (device->fault != cudaSuccess)
        return cudaSuccess;
    runtime_advance_clock(NANOSECONDS_PER_OPERATION);
    switch (operation->kind) {
    case OPERATION_KERNEL:
        return kernel_run(&operation->kernel, device);
    case OPERATION_COPY:
        return copy_run(&operation->copy);
    case OPERATION_FILL:
        return fill_run(&operation->fill);
    default:
        return cudaSuccess;
    }
}

static cudaError_t run(const struct operation *operation, struct device *device) {
    switch (operation->kind) {
    case OPERATION_RECORD:
        operation->moment->is_reached = true;
        operation->moment->time = runtime_clock();
        return cudaSuccess;
    case OPERATION_WAIT:
        return cudaSuccess;
    case OPERATION_FREE:
        return free_run(operation->freed);
    default:
        return work(operation, device);
    }
}

cudaError_t operation_run(const struct operation *operation, struct device *device) {
    memory_use_device((unsigned)device->ordinal);
    cudaError_t error = run(operation, device);
    memory_use_device((unsigned)device_current()->ordinal);
    return error;
}

cudaError_t operation_check(const struct operation *operation) {
    switch (operation->kind) {
    case OPERATION_COPY:
        return copy_check(&operation->copy);
    case OPERATION_FILL:
        return fill_check(&operation->fill);
    default:
        return cudaSuccess;
    }
}

bool operation_keep(const struct operation *operation, struct operation *kept) {
    *kept = *operation;
    if (operation->kind == OPERATION_KERNEL) {
        size_t bytes = operation->kernel.kernel->program->parameter_bytes;
        kept->kernel.parameters = malloc(bytes ? bytes : 1);
        if (!kept->kernel.parameters)
            return false;
        memcpy(kept->kernel.parameters, operation->kernel.parameters, bytes);
    }
    if (operation->kind == OPERATION_RECORD || operation->kind == OPERATION_WAIT)
        moment_keep(operation->moment);
    if (operation->kind == OPERATION_GRAPH)
        return (kept->graph = graph_clone(operation->graph)) != NULL;
    return true;
}

bool operation_keep_pending(const struct operation *operation, struct operation *kept) {
    return operation_keep(operation, kept) && (operation->kind != OPERATION_COPY || copy_stage(&kept->copy));
}

void operation_discard(struct operation *kept) {
    switch (kept->kind) {
    case OPERATION_KERNEL:
        free(kept->kernel.parameters);
        break;
    case OPERATION_COPY:
        free(kept->copy.staged);
        break;
    case OPERATION_RECORD:
    case OPERATION_WAIT:
        moment_release(kept->moment);
        break;
    case OPERATION_GRAPH:
        graph_free(kept->graph);
        break;
    default:
        break;
    }
}
