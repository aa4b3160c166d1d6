/* Page-locked host memory. Work that uses it is over before it goes. */
#include "host_memory.h"
#include "../memory/pages.h"
#include "allocation.h"
#include "capture.h"
#include "queue.h"
#include "runtime.h"

#include <stdlib.h>

/* A program's own that it registered, or ours to free. */
struct host_block {
    uint8_t *begin;
    size_t bytes;
    unsigned flags;
    bool registered;
    int device;
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
    *block = (struct host_block){begin, bytes, flags, registered, device_current()->ordinal, host_blocks};
    host_blocks = block;
    return true;
}

bool host_memory_is_locked(const void *address) { return *host_block_at(address) != NULL; }

int host_memory_device(const void *address) { return (*host_block_at(address))->device; }

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
    queue_wait_device(NULL);
    link = host_block_at(address); /* other threads may have come between */
    if (*link != block)
        return cudaErrorInvalidValue;
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

void host_memory_report_leaks(void) {
    for (const struct host_block *block = host_blocks; block; block = block->next)
        allocation_report_leak(block->registered ? "registration of host memory"
                                                 : "allocation of page-locked host memory",
                               (uint64_t)block->begin, block->bytes, 0);
}
