/*
 * Limits that a program may set (cudaDeviceSetLimit). They are kept; but for what kernels print and the stacks of their threads, what
 * they limit is not provided, or bounded by the host alone.
 */
#include "device.h"
#include "runtime.h"

enum { LIMITS = cudaLimitPersistingL2CacheSize + 1 };

/* As drivers report them; the heap's is in CUDA C++ Programming Guide, "Heap Memory Allocation". 0: not on these devices. */
static const size_t defaults[LIMITS] = {
    [cudaLimitStackSize] = 1024,           [cudaLimitPrintfFifoSize] = 1 << 20,
    [cudaLimitMallocHeapSize] = 8 << 20,   [cudaLimitDevRuntimePendingLaunchCount] = 2048,
    [cudaLimitMaxL2FetchGranularity] = 64,
};

/* Local memory of a thread: CUDA C++ Programming Guide, technical specifications. */
static const size_t largest_stack = 512 << 10;

/* 0: the default. */
static size_t chosen[DEVICES_MAX][LIMITS];

static cudaError_t check(enum cudaLimit limit) {
    if ((unsigned)limit >= LIMITS)
        return cudaErrorInvalidValue;
    return limit == cudaLimitDevRuntimeSyncDepth ? cudaErrorUnsupportedLimit : cudaSuccess;
}

size_t device_limit(const struct device *device, enum cudaLimit limit) {
    size_t own = chosen[device->ordinal][limit];
    return own ? own : defaults[limit];
}

cudaError_t cudaDeviceGetLimit(size_t *value, enum cudaLimit limit) {
    cudaError_t error = runtime_enter();
    if (error == cudaSuccess)
        error = value ? check(limit) : cudaErrorInvalidValue;
    if (error == cudaSuccess)
        *value = device_limit(device_current(), limit);
    return runtime_leave(error);
}

cudaError_t cudaDeviceSetLimit(enum cudaLimit limit, size_t value) {
    cudaError_t error = runtime_enter();
    if (error == cudaSuccess)
        error = check(limit);
    if (error == cudaSuccess && limit == cudaLimitStackSize && value > largest_stack)
        error = cudaErrorInvalidValue;
    if (error == cudaSuccess)
        chosen[device_current()->ordinal][limit] = value;
    return runtime_leave(error);
}
