/* The devices, which of them a thread uses, and calls that concern one as a whole. */
#include "device.h"
#include "../check/finding.h"
#include "../exec/print.h"
#include "../memory/memory.h"
#include "capture.h"
#include "module.h"
#include "queue.h"
#include "runtime.h"

static struct device devices[DEVICES_MAX];
static int count;
static _Thread_local int current;

static void make_l2(struct device *device, enum l2_keeping keeping) {
    const struct profile *profile = runtime_profile();
    device->l2 = l2_create(profile->l2_bytes, keeping);
    if (!device->l2)
        vgpu_fail("not enough host memory for the L2 of %s", profile->name);
}

void devices_open(int wanted, bool warm_l2, bool has_l2) {
    for (count = 0; count < wanted; count++) {
        struct device *device = &devices[count];
        *device = (struct device){.ordinal = count, .fault = cudaSuccess};
        device->legacy = stream_create_legacy(device);
        if (has_l2)
            make_l2(device, warm_l2 ? L2_KEEPS : L2_EMPTIES);
    }
}

void devices_measure(bool warm_l2) {
    for (int k = 0; k < count; k++) {
        if (!devices[k].l2)
            make_l2(&devices[k], L2_CLEANS);
        l2_set_keeping(devices[k].l2, L2_CLEANS);
        if (!warm_l2)
            l2_empty(devices[k].l2);
    }
}

struct device *device_current(void) {
    return &devices[current];
}
struct device *device_at(int ordinal) {
    return ordinal >= 0 && ordinal < count ? &devices[ordinal] : NULL;
}
int device_count(void) { return count; }

void device_fault(struct device *device, cudaError_t error) {
    if (device->fault == cudaSuccess)
        device->fault = error;
}

static cudaError_t answer(int *place, int value) {
    cudaError_t error = runtime_enter();
    if (error == cudaSuccess)
        error = place ? cudaSuccess : cudaErrorInvalidValue;
    if (error == cudaSuccess)
        *place = value;
    return runtime_leave(error);
}

cudaError_t cudaGetDevice(int *device) { return answer(device, current); }
cudaError_t cudaGetDeviceCount(int *place) {
    cudaError_t error = runtime_enter();
    if (error == cudaSuccess)
        error = place ? cudaSuccess : cudaErrorInvalidValue;
    if (error == cudaSuccess)
        *place = count;
    return runtime_leave(error);
}
cudaError_t cudaRuntimeGetVersion(int *version) { return answer(version, VGPU_CUDA_VERSION); }
cudaError_t cudaDriverGetVersion(int *version) { return answer(version, VGPU_CUDA_VERSION); }

/* The fault that counts is that of the device chosen, not of the one used before. */
cudaError_t cudaSetDevice(int device) {
    runtime_enter();
    cudaError_t error = device_at(device) ? devices[device].fault : cudaErrorInvalidDevice;
    if (device_at(device))
        current = device;
    return runtime_leave(error);
}

cudaError_t cudaInitDevice(int device, unsigned device_flags, unsigned flags) {
    (void)device_flags, (void)flags;
    cudaError_t error = runtime_enter();
    if (error == cudaSuccess)
        error = device_at(device) ? cudaSuccess : cudaErrorInvalidDevice;
    return runtime_leave(error);
}

/* How the host waits: it makes no difference here. */
cudaError_t cudaSetDeviceFlags(unsigned flags) {
    cudaError_t error = runtime_enter();
    if (error == cudaSuccess && (flags & ~(unsigned)cudaDeviceMask))
        error = cudaErrorInvalidValue;
    return runtime_leave(error);
}

cudaError_t cudaGetDeviceFlags(unsigned *flags) { return answer((int *)flags, cudaDeviceScheduleAuto); }

cudaError_t cudaDeviceSetCacheConfig(enum cudaFuncCache config) {
    (void)config;
    return runtime_leave(runtime_enter());
}

cudaError_t cudaDeviceGetCacheConfig(enum cudaFuncCache *config) {
    return answer((int *)config, cudaFuncCachePreferNone);
}

/* Deprecated, and without effect since compute capability 5.0: banks are 4 bytes wide. */
cudaError_t cudaDeviceSetSharedMemConfig(enum cudaSharedMemConfig config) {
    (void)config;
    return runtime_leave(runtime_enter());
}

cudaError_t cudaDeviceGetSharedMemConfig(enum cudaSharedMemConfig *config) {
    return answer((int *)config, cudaSharedMemBankSizeFourByte);
}

/* Nothing persists. */
cudaError_t cudaCtxResetPersistingL2Cache(void) { return runtime_leave(runtime_enter()); }

cudaError_t cudaDeviceSynchronize(void) {
    cudaError_t error = runtime_enter();
    if (error == cudaSuccess)
        error = capture_touched_by_device();
    if (error == cudaSuccess) {
        queue_wait_device(device_current());
        error = device_current()->fault;
    }
    print_flush();
    return runtime_leave(error);
}

/* Frees what cudaMalloc gave, gives variables their initial values, and heals a fault. */
cudaError_t cudaDeviceReset(void) {
    runtime_enter();
    queue_wait_device(device_current());
    print_flush();
    memory_free_unnamed();
    modules_reset();
    device_current()->fault = cudaSuccess;
    return runtime_leave(cudaSuccess);
}

/* For profilers, of which there is none. */
cudaError_t cudaProfilerStart(void) { return runtime_leave(runtime_enter()); }
cudaError_t cudaProfilerStop(void) { return runtime_leave(runtime_enter()); }

/* Only packs its arguments; what would use it, arrays and textures, is not provided. */
struct cudaChannelFormatDesc cudaCreateChannelDesc(int x, int y, int z, int w,
                                                   enum cudaChannelFormatKind kind) {
    return (struct cudaChannelFormatDesc){x, y, z, w, kind};
}
