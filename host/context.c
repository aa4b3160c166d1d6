#include "check.h"

#include <stdio.h>
#include <stdlib.h>

enum { OLDEST_COMPUTE_CAPABILITY = 75 };

enum { TEAM_ARCHITECTURE = 90 };

/* Of the current device. */
static cudaError_t describe_limits(const struct cudaDeviceProp *properties, struct lotto_limits *limits) {
    int architecture = 0, largest_team = 1;
    cudaError_t error = lotto_kernel_architecture(&architecture);
    if (error == cudaSuccess && properties->clusterLaunch && architecture >= TEAM_ARCHITECTURE)
        error = lotto_kernel_largest_team(properties->sharedMemPerBlockOptin, &largest_team);
    size_t half_a_multiprocessor =
        properties->sharedMemPerMultiprocessor / 2 - properties->reservedSharedMemPerBlock;
    *limits = (struct lotto_limits){
        .multiprocessors = properties->multiProcessorCount,
        .largest_team = largest_team,
        .shared_per_block = properties->sharedMemPerBlockOptin,
        .shared_per_multiprocessor = properties->sharedMemPerMultiprocessor,
        .shared_reserved = properties->reservedSharedMemPerBlock,
    };
    return error == cudaSuccess
               ? lotto_kernel_teams_at_once(half_a_multiprocessor, largest_team, limits->teams_at_once)
               : error;
}

static lotto_status describe_device(int index, lotto_device *device, struct lotto_limits *limits) {
    int count = 0;
    cudaError_t counted = cudaGetDeviceCount(&count);
    if (counted != cudaSuccess) {
        cudaGetLastError(); /* the status says it; the caller's next CUDA call should not */
        return counted == cudaErrorNoDevice || counted == cudaErrorInsufficientDriver ? LOTTO_NO_DEVICE
                                                                                      : LOTTO_CUDA_ERROR;
    }
    if (count == 0)
        return LOTTO_NO_DEVICE;
    if (index == LOTTO_DEVICE_CURRENT && cudaGetDevice(&index) != cudaSuccess)
        return LOTTO_NO_DEVICE;
    if (index < 0 || index >= count)
        return LOTTO_INVALID_ARGUMENT;
    struct cudaDeviceProp properties;
    if (cudaGetDeviceProperties(&properties, index) != cudaSuccess)
        return LOTTO_CUDA_ERROR;
    device->index = index;
    device->compute_capability = properties.major * 10 + properties.minor;
    device->multiprocessors = properties.multiProcessorCount;
    snprintf(device->name, sizeof device->name, "%s", properties.name);
    if (device->compute_capability < OLDEST_COMPUTE_CAPABILITY)
        return LOTTO_NO_DEVICE;
    int callers;
    if (cudaGetDevice(&callers) != cudaSuccess || cudaSetDevice(index) != cudaSuccess)
        return LOTTO_CUDA_ERROR;
    cudaError_t described = describe_limits(&properties, limits);
    return cudaSetDevice(callers) == cudaSuccess && described == cudaSuccess ? LOTTO_SUCCESS
                                                                             : LOTTO_CUDA_ERROR;
}

lotto_status lotto_context_create(lotto_context **context, int device) {
    if (!context)
        return LOTTO_INVALID_ARGUMENT;
    *context = NULL;
    lotto_device described = {sizeof described, LOTTO_DEVICE_REFERENCE, 0, 0, "CPU reference"};
    struct lotto_limits limits = {0};
    if (device != LOTTO_DEVICE_REFERENCE) {
        lotto_status status = describe_device(device, &described, &limits);
        if (status != LOTTO_SUCCESS)
            return status;
    }
    lotto_context *created = calloc(1, sizeof *created);
    if (!created)
        return LOTTO_OUT_OF_MEMORY;
    created->device = described;
    created->limits = limits;
    *context = created;
    return LOTTO_SUCCESS;
}

void lotto_context_destroy(lotto_context *context) { free(context); }

const char *lotto_context_error(const lotto_context *context) { return context ? context->error : ""; }

lotto_status lotto_device_info(lotto_context *context, lotto_device *device) {
    if (!lotto_check_context(context) || !lotto_check_device(context, device))
        return LOTTO_INVALID_ARGUMENT;
    *device = context->device;
    return LOTTO_SUCCESS;
}

bool lotto_context_is_reference(const lotto_context *context) {
    return context->device.index == LOTTO_DEVICE_REFERENCE;
}

static lotto_status cuda_status(lotto_context *context, cudaError_t error) {
    if (error == cudaSuccess)
        return LOTTO_SUCCESS;
    snprintf(context->error, sizeof context->error, "CUDA device %d: %s: %s", context->device.index,
             cudaGetErrorName(error), cudaGetErrorString(error));
    return LOTTO_CUDA_ERROR;
}

lotto_status lotto_context_enter(lotto_context *context, int *caller_device) {
    cudaError_t error = cudaGetDevice(caller_device);
    if (error == cudaSuccess && *caller_device != context->device.index)
        error = cudaSetDevice(context->device.index);
    return cuda_status(context, error);
}

lotto_status lotto_context_leave(lotto_context *context, int caller_device, cudaError_t error) {
    if (caller_device != context->device.index) {
        cudaError_t restored = cudaSetDevice(caller_device);
        if (error == cudaSuccess)
            error = restored;
    }
    return cuda_status(context, error);
}
