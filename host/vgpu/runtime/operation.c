#include "operation.h"
#include "runtime.h"

#include <stdlib.h>
#include <string.h>

enum { NANOSECONDS_PER_OPERATION = 1000 }; /* of the virtual clock; what a kernel adds is in launch.c */

cudaError_t operation_run(const struct operation *operation) {
    runtime_advance_clock(NANOSECONDS_PER_OPERATION);
    switch (operation->kind) {
    case OPERATION_EMPTY:
        return cudaSuccess;
    case OPERATION_KERNEL:
        return kernel_run(&operation->kernel);
    case OPERATION_COPY:
        return copy_run(&operation->copy);
    case OPERATION_FILL:
        return fill_run(&operation->fill);
    case OPERATION_HOST:
        runtime_unlock();
        operation->host.function(operation->host.data);
        runtime_lock();
        return cudaSuccess;
    }
    return cudaErrorUnknown;
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
    return true;
}

void operation_discard(struct operation *kept) {
    if (kept->kind == OPERATION_KERNEL)
        free(kept->kernel.parameters);
}
