/* A launch as a program asks for it, and what a device makes of it. */
#ifndef LOTTO_VGPU_KERNEL_REQUEST_H
#define LOTTO_VGPU_KERNEL_REQUEST_H

#include "operation.h"

struct kernel_request {
    const void *function;
    dim3 grid, block;
    void **arguments; /* at each parameter */
    size_t shared;
    uint32_t cluster[3]; /* zeros: not asked for */
    bool cooperative;
    cudaEvent_t event; /* recorded behind the launch; NULL: none */
};

/* A launch attribute. Those that change no result are taken and have no effect. */
cudaError_t kernel_apply(cudaLaunchAttributeID id, const cudaLaunchAttributeValue *value,
                         struct kernel_request *request);

/* Looks the kernel up and checks the device's limits; the parameters are allocated. */
cudaError_t kernel_settle(const struct kernel_request *request, struct kernel_operation *launch);

#endif
