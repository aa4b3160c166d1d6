/* Host functions and callbacks of streams. Each runs on a thread of its own, where CUDA may not be called. */
#ifndef LOTTO_VGPU_HOST_FUNCTION_H
#define LOTTO_VGPU_HOST_FUNCTION_H

#include "device.h"
#include "operation.h"

/* Under the runtime's lock, and so is ended(argument), when the function has returned. The operation lives until then. */
void host_function_start(const struct operation *operation, const struct device *device,
                         void (*ended)(void *), void *argument);

/* Is the calling thread one that runs a host function? */
bool host_function_is_here(void);

#endif
