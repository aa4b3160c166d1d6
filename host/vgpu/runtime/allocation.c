/* Device memory: allocated at the call, freed at the call or in the order of a stream. */
#include "allocation.h"
#include "../check/finding.h"
#include "../memory/memory.h"
#include "capture.h"
#include "host_memory.h"
#include "pool.h"
#include "queue.h"
#include "runtime.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PITCH_ALIGNMENT = 512 };

static cudaError_t allocate(void **address, size_t bytes) {
    if (!address)
        return cudaErrorInvalidValue;
    *address = NULL;
    if (bytes == 0)
        return cudaSuccess;
    *address = (void *)memory_allocate(bytes, NULL);
    return *address ? cudaSuccess : cudaErrorMemoryAllocation;
}

static cudaError_t release(const char *call, void *address) {
    pool_give_back((uint64_t)address);
    if (!address || memory_free((uint64_t)address))
        return cudaSuccess;
    if (checks_enabled & CHECK_MEM) {
        char where[240], message[400];
        snprintf(message, sizeof message,
                 "%s of 0x%" PRIx64 ", which is not the start of a live allocation: %s", call,
                 (uint64_t)address, memory_describe((uint64_t)address, 1, where, sizeof where));
        finding_report(
            &(struct finding){.check = CHECK_MEM, .address = (uint64_t)address, .message = message});
    }
    return cudaErrorInvalidValue;
}

cudaError_t cudaMalloc(void **address, size_t bytes) {
    cudaError_t error = runtime_enter();
    if (error == cudaSuccess)
        error = capture_touched_by_unsafe_call();
    if (error == cudaSuccess)
        error = allocate(address, bytes);
    return runtime_leave(error);
}

cudaError_t cudaMallocPitch(void **address, size_t *pitch, size_t width, size_t height) {
    if (!pitch || width > SIZE_MAX - PITCH_ALIGNMENT)
        return runtime_leave((runtime_enter(), cudaErrorInvalidValue));
    *pitch = (width + PITCH_ALIGNMENT - 1) / PITCH_ALIGNMENT * PITCH_ALIGNMENT;
    size_t bytes = *pitch && height > SIZE_MAX / *pitch ? SIZE_MAX : *pitch * height;
    return cudaMalloc(address, bytes);
}

cudaError_t cudaMalloc3D(struct cudaPitchedPtr *box, struct cudaExtent extent) {
    if (!box || (extent.height && extent.depth > SIZE_MAX / extent.height))
        return runtime_leave((runtime_enter(), cudaErrorInvalidValue));
    box->xsize = extent.width;
    box->ysize = extent.height;
    return cudaMallocPitch(&box->ptr, &box->pitch, extent.width, extent.height * extent.depth);
}

/* Waits for the device first. */
cudaError_t cudaFree(void *address) {
    cudaError_t error = runtime_enter();
    if (error == cudaSuccess)
        error = capture_touched_by_unsafe_call();
    if (error == cudaSuccess && address) {
        queue_wait_device(NULL);
        error = device_current()->fault;
    }
    if (error == cudaSuccess)
        error = release("cudaFree", address);
    return runtime_leave(error);
}

/* Memory nodes of graphs are not provided. */
static cudaError_t find_ordered(cudaStream_t handle, const char *call, struct CUstream_st **stream) {
    *stream = stream_find(handle);
    if (!*stream)
        return cudaErrorInvalidResourceHandle;
    return (*stream)->capture ? runtime_not_provided(call) : cudaSuccess;
}

/* What is to be freed may have to be waited for. */
static cudaError_t allocate_of(struct CUmemPoolHandle_st *pool, void **address, size_t bytes) {
    if (!pool)
        return cudaErrorInvalidValue;
    memory_use_device((unsigned)pool_device(pool)->ordinal);
    cudaError_t error = allocate(address, bytes);
    if (error == cudaErrorMemoryAllocation) {
        queue_wait_device(NULL);
        memory_use_device((unsigned)pool_device(pool)->ordinal);
        error = allocate(address, bytes);
    }
    memory_use_device((unsigned)device_current()->ordinal);
    if (error == cudaSuccess && *address && !pool_take(pool, (uint64_t)*address, bytes)) {
        memory_free((uint64_t)*address);
        error = cudaErrorMemoryAllocation;
    }
    return error;
}

cudaError_t cudaMallocAsync(void **address, size_t bytes, cudaStream_t handle) {
    struct CUstream_st *stream;
    cudaError_t error = runtime_enter();
    if (error == cudaSuccess)
        error = find_ordered(handle, "cudaMallocAsync in a stream that captures", &stream);
    if (error == cudaSuccess)
        error = allocate_of(pool_of(stream->device), address, bytes);
    return runtime_leave(error);
}

cudaError_t cudaMallocFromPoolAsync(void **address, size_t bytes, cudaMemPool_t pool, cudaStream_t handle) {
    struct CUstream_st *stream;
    cudaError_t error = runtime_enter();
    if (error == cudaSuccess)
        error = find_ordered(handle, "cudaMallocFromPoolAsync in a stream that captures", &stream);
    if (error == cudaSuccess)
        error = allocate_of(pool_find(pool), address, bytes);
    return runtime_leave(error);
}

static cudaError_t submit_free(void *address, struct CUstream_st *stream) {
    const struct memory_allocation *nearest = memory_nearest((uint64_t)address);
    if (!address)
        return cudaSuccess;
    if (!nearest || !nearest->live || nearest->address != (uint64_t)address)
        return release("cudaFreeAsync", address);
    return stream_submit(stream, &(struct operation){.kind = OPERATION_FREE, .freed = (uint64_t)address});
}

cudaError_t free_run(uint64_t address) { return release("cudaFreeAsync", (void *)address); }

cudaError_t cudaFreeAsync(void *address, cudaStream_t handle) {
    struct CUstream_st *stream;
    cudaError_t error = runtime_enter();
    if (error == cudaSuccess)
        error = find_ordered(handle, "cudaFreeAsync in a stream that captures", &stream);
    if (error == cudaSuccess)
        error = submit_free(address, stream);
    return runtime_leave(error);
}

cudaError_t cudaMemGetInfo(size_t *free_bytes, size_t *total_bytes) {
    uint64_t free_now, total;
    cudaError_t error = runtime_enter();
    if (error == cudaSuccess && (!free_bytes || !total_bytes))
        error = cudaErrorInvalidValue;
    if (error == cudaSuccess) {
        memory_usage(&free_now, &total);
        *free_bytes = free_now;
        *total_bytes = total;
    }
    return runtime_leave(error);
}

static bool in_live_allocation(uint64_t address) {
    const struct memory_allocation *nearest = memory_nearest(address);
    return nearest && nearest->live && address >= nearest->address &&
           address - nearest->address < nearest->bytes;
}

cudaError_t cudaPointerGetAttributes(struct cudaPointerAttributes *attributes, const void *pointer) {
    cudaError_t error = runtime_enter();
    if (error == cudaSuccess && !attributes)
        error = cudaErrorInvalidValue;
    if (error == cudaSuccess) {
        *attributes =
            (struct cudaPointerAttributes){.type = cudaMemoryTypeUnregistered, .device = cudaInvalidDeviceId};
        if (host_memory_is_locked(pointer)) {
            attributes->type = cudaMemoryTypeHost;
            attributes->device = host_memory_device(pointer);
            attributes->hostPointer = (void *)pointer;
        } else if (in_live_allocation((uint64_t)pointer)) {
            bool managed = memory_is_managed((uint64_t)pointer);
            attributes->type = managed ? cudaMemoryTypeManaged : cudaMemoryTypeDevice;
            attributes->device = (int)memory_nearest((uint64_t)pointer)->device;
            attributes->devicePointer = (void *)pointer;
            attributes->hostPointer = managed ? (void *)pointer : NULL;
        }
    }
    return runtime_leave(error);
}

void allocation_report_leak(const char *kind, uint64_t address, uint64_t bytes, uint64_t serial) {
    char number[32] = "", message[200];
    if (serial)
        snprintf(number, sizeof number, " #%" PRIu64, serial);
    snprintf(message, sizeof message, "the %" PRIu64 "-byte %s%s at 0x%" PRIx64 " was never freed", bytes,
             kind, number, address);
    finding_report(&(struct finding){.check = CHECK_LEAK, .address = address, .message = message});
}

void allocations_report_leaks(void) {
    const struct memory_allocation *allocation;
    for (size_t i = 0; (allocation = memory_live(i)); i++)
        if (!allocation->name)
            allocation_report_leak("allocation", allocation->address, allocation->bytes, allocation->serial);
    host_memory_report_leaks();
}
