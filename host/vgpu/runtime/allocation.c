/* Device memory, and host memory that CUDA knows about. Stream-ordered calls take effect at call, as all work does. */
#include "allocation.h"
#include "../check/finding.h"
#include "../memory/memory.h"
#include "capture.h"
#include "runtime.h"
#include "stream.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PITCH_ALIGNMENT = 512, PAGE_BYTES = 4096 };

/* Page-locked host memory: a program's own that it registered, or ours to free. */
struct host_block {
    uint8_t *begin;
    size_t bytes;
    unsigned flags;
    bool registered;
    struct host_block *next;
};
static struct host_block *host_blocks;

static struct host_block **host_block_at(const void *address) {
    struct host_block **link = &host_blocks;
    while (*link && (uint64_t)address - (uint64_t)(*link)->begin >= (*link)->bytes)
        link = &(*link)->next;
    return link;
}

static bool add_host_block(void *begin, size_t bytes, unsigned flags, bool registered) {
    struct host_block *block = malloc(sizeof *block);
    if (!block)
        return false;
    *block = (struct host_block){begin, bytes, flags, registered, host_blocks};
    host_blocks = block;
    return true;
}

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

/* Waits for the device first, which is nothing to do here, but is no call for the middle of a capture. */
cudaError_t cudaFree(void *address) {
    cudaError_t error = runtime_enter();
    if (error == cudaSuccess)
        error = capture_touched_by_unsafe_call();
    if (error == cudaSuccess)
        error = release("cudaFree", address);
    return runtime_leave(error);
}

/* Memory nodes of graphs are not provided. */
static cudaError_t ordered_in(cudaStream_t handle, const char *call) {
    const struct CUstream_st *stream = stream_find(handle);
    if (!stream)
        return cudaErrorInvalidResourceHandle;
    return stream->capture ? runtime_not_provided(call) : cudaSuccess;
}

cudaError_t cudaMallocAsync(void **address, size_t bytes, cudaStream_t stream) {
    cudaError_t error = runtime_enter();
    if (error == cudaSuccess)
        error = ordered_in(stream, "cudaMallocAsync in a stream that captures");
    if (error == cudaSuccess)
        error = allocate(address, bytes);
    return runtime_leave(error);
}

cudaError_t cudaFreeAsync(void *address, cudaStream_t stream) {
    cudaError_t error = runtime_enter();
    if (error == cudaSuccess)
        error = ordered_in(stream, "cudaFreeAsync in a stream that captures");
    if (error == cudaSuccess)
        error = release("cudaFreeAsync", address);
    return runtime_leave(error);
}

static cudaError_t allocate_host(void **address, size_t bytes, unsigned flags) {
    if (!address ||
        (flags & ~(unsigned)(cudaHostAllocPortable | cudaHostAllocMapped | cudaHostAllocWriteCombined)))
        return cudaErrorInvalidValue;
    *address = NULL;
    if (flags & cudaHostAllocMapped)
        return runtime_not_provided("host memory mapped into the device (cudaHostAllocMapped)");
    if (bytes == 0)
        return cudaSuccess;
    if (bytes > SIZE_MAX - PAGE_BYTES)
        return cudaErrorMemoryAllocation;
    size_t room = (bytes + PAGE_BYTES - 1) / PAGE_BYTES * PAGE_BYTES;
    void *memory = aligned_alloc(PAGE_BYTES, room);
    if (!memory || !add_host_block(memory, bytes, flags, false)) {
        free(memory);
        return cudaErrorMemoryAllocation;
    }
    *address = memory;
    return cudaSuccess;
}

cudaError_t cudaHostAlloc(void **address, size_t bytes, unsigned flags) {
    cudaError_t error = runtime_enter();
    if (error == cudaSuccess)
        error = capture_touched_by_unsafe_call();
    if (error == cudaSuccess)
        error = allocate_host(address, bytes, flags);
    return runtime_leave(error);
}

cudaError_t cudaMallocHost(void **address, size_t bytes) {
    return cudaHostAlloc(address, bytes, cudaHostAllocDefault);
}

/* registered: by cudaHostRegister, else allocated by cudaHostAlloc; each has its own way to be given back. */
static cudaError_t release_host(void *address, bool registered) {
    struct host_block **link = host_block_at(address);
    struct host_block *block = *link;
    if (!block || block->begin != address || block->registered != registered)
        return registered ? cudaErrorHostMemoryNotRegistered : cudaErrorInvalidValue;
    *link = block->next;
    if (!registered)
        free(block->begin);
    free(block);
    return cudaSuccess;
}

cudaError_t cudaFreeHost(void *address) {
    cudaError_t error = runtime_enter();
    if (error == cudaSuccess && address)
        error = release_host(address, false);
    return runtime_leave(error);
}

static cudaError_t register_host(void *address, size_t bytes, unsigned flags) {
    if (!address || bytes == 0)
        return cudaErrorInvalidValue;
    if (flags & (cudaHostRegisterMapped | cudaHostRegisterIoMemory))
        return runtime_not_provided("host memory mapped into the device (cudaHostRegisterMapped)");
    if (*host_block_at(address))
        return cudaErrorHostMemoryAlreadyRegistered;
    return add_host_block(address, bytes, flags, true) ? cudaSuccess : cudaErrorMemoryAllocation;
}

cudaError_t cudaHostRegister(void *address, size_t bytes, unsigned flags) {
    cudaError_t error = runtime_enter();
    if (error == cudaSuccess)
        error = register_host(address, bytes, flags);
    return runtime_leave(error);
}

cudaError_t cudaHostUnregister(void *address) {
    cudaError_t error = runtime_enter();
    if (error == cudaSuccess)
        error = release_host(address, true);
    return runtime_leave(error);
}

cudaError_t cudaHostGetFlags(unsigned *flags, void *address) {
    cudaError_t error = runtime_enter();
    const struct host_block *block = *host_block_at(address);
    if (error == cudaSuccess)
        error = flags && block ? cudaSuccess : cudaErrorInvalidValue;
    if (error == cudaSuccess)
        *flags = block->flags;
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
        if (*host_block_at(pointer)) {
            attributes->type = cudaMemoryTypeHost;
            attributes->device = 0;
            attributes->hostPointer = (void *)pointer;
        } else if (in_live_allocation((uint64_t)pointer)) {
            attributes->type = cudaMemoryTypeDevice;
            attributes->device = 0;
            attributes->devicePointer = (void *)pointer;
        }
    }
    return runtime_leave(error);
}

static void report_leak(const char *kind, uint64_t address, uint64_t bytes, uint64_t serial) {
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
            report_leak("allocation", allocation->address, allocation->bytes, allocation->serial);
    for (const struct host_block *block = host_blocks; block; block = block->next)
        report_leak(block->registered ? "registration of host memory"
                                      : "allocation of page-locked host memory",
                    (uint64_t)block->begin, block->bytes, 0);
}
