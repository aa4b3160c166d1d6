#include "host_function.h"
#include "../check/finding.h"
#include "runtime.h"

#include <pthread.h>
#include <stdlib.h>

struct call {
    struct operation operation;
    cudaError_t status;
    void (*ended)(void *);
    void *argument;
};

static _Thread_local bool is_here;

bool host_function_is_here(void) { return is_here; }

static void *run(void *argument) {
    struct call call = *(struct call *)argument;
    free(argument);
    is_here = true;
    if (call.operation.kind == OPERATION_HOST)
        call.operation.host.function(call.operation.host.data);
    else
        call.operation.callback.function(call.operation.callback.stream, call.status,
                                         call.operation.callback.data);
    is_here = false;
    runtime_lock();
    call.ended(call.argument);
    runtime_unlock();
    return NULL;
}

void host_function_start(const struct operation *operation, const struct device *device,
                         void (*ended)(void *), void *argument) {
    struct call *call = malloc(sizeof *call);
    pthread_t thread;
    if (call)
        *call = (struct call){*operation, device->fault, ended, argument};
    if (!call || pthread_create(&thread, NULL, run, call) != 0)
        vgpu_fail("the host refuses a thread for a host function");
    pthread_detach(thread);
}
