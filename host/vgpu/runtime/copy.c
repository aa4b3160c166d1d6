/* Copies and fills of the host's and device memory, checked against the allocations they touch. */
#include "copy.h"
#include "../check/finding.h"
#include "../memory/defined.h"
#include "../memory/memory.h"
#include "host_memory.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Bytes from the first row's begin to the last row's end. */
static uint64_t extent(size_t pitch, size_t width, size_t height) {
    return (uint64_t)pitch * (height - 1) + width;
}

static void refuse(const char *call, const char *what, uint64_t address, uint64_t bytes) {
    if (!(checks_enabled & CHECK_MEM))
        return;
    char where[240], message[400];
    snprintf(message, sizeof message,
             "%s of %" PRIu64 " bytes: the %s at 0x%" PRIx64 " is not in one live allocation: %s", call,
             bytes, what, address, memory_describe(address, bytes, where, sizeof where));
    finding_report(&(struct finding){.check = CHECK_MEM, .address = address, .message = message});
}

/* Rows that the host wrote are in no cache. */
static void forget(const void *to, size_t pitch, size_t width, size_t height) {
    struct l2 *l2 = device_current()->l2;
    for (size_t row = 0; l2 && row < height; row++)
        l2_forget(l2, (uint64_t)to + row * pitch, width);
}

/* Where the virtual GPU itself finds these bytes. */
static void *resolve(const char *call, const void *pointer, bool on_device, uint64_t bytes,
                     const char *what) {
    if (!on_device)
        return (void *)pointer;
    void *view = memory_view((uint64_t)pointer, bytes);
    if (!view)
        refuse(call, what, (uint64_t)pointer, bytes);
    return view;
}

/* Addresses are unified: a pointer to device memory is one whatever the direction says. */
bool copy_is_to_device(const struct copy_operation *copy) {
    return copy->direction == cudaMemcpyHostToDevice || copy->direction == cudaMemcpyDeviceToDevice ||
           memory_is_device((uint64_t)copy->to);
}

bool copy_is_from_device(const struct copy_operation *copy) {
    return !copy->staged &&
           (copy->direction == cudaMemcpyDeviceToHost || copy->direction == cudaMemcpyDeviceToDevice ||
            memory_is_device((uint64_t)copy->from));
}

static cudaError_t resolve_copy(const struct copy_operation *copy, uint8_t **to, const uint8_t **from) {
    *to = resolve(copy->call, copy->to, copy_is_to_device(copy),
                  extent(copy->to_pitch, copy->width, copy->height), "destination");
    *from = resolve(copy->call, copy->from, copy_is_from_device(copy),
                    extent(copy->from_pitch, copy->width, copy->height), "source");
    return *to && *from ? cudaSuccess : cudaErrorInvalidValue;
}

cudaError_t copy_check(const struct copy_operation *copy) {
    uint8_t *to;
    const uint8_t *from;
    return resolve_copy(copy, &to, &from);
}

cudaError_t copy_run(const struct copy_operation *copy) {
    bool to_device = copy_is_to_device(copy), from_device = copy_is_from_device(copy);
    uint8_t *to;
    const uint8_t *from;
    cudaError_t error = resolve_copy(copy, &to, &from);
    if (error != cudaSuccess)
        return error;
    for (size_t row = 0; row < copy->height; row++)
        memmove(to + row * copy->to_pitch, from + row * copy->from_pitch, copy->width);
    if (to_device)
        forget(copy->to, copy->to_pitch, copy->width, copy->height);
    for (size_t row = 0; to_device && row < copy->height; row++) {
        uint64_t begin = (uint64_t)copy->to + row * copy->to_pitch;
        if (from_device)
            defined_copy(begin, (uint64_t)copy->from + row * copy->from_pitch, copy->width);
        else
            defined_set(begin, copy->width);
    }
    return cudaSuccess;
}

bool copy_stage(struct copy_operation *copy) {
    if (copy_is_from_device(copy) || host_memory_is_locked(copy->from))
        return true;
    uint8_t *staged = malloc(copy->width * copy->height);
    for (size_t row = 0; staged && row < copy->height; row++)
        memcpy(staged + row * copy->width, (const uint8_t *)copy->from + row * copy->from_pitch, copy->width);
    copy->from = copy->staged = staged;
    copy->from_pitch = copy->width;
    return staged != NULL;
}

cudaError_t fill_check(const struct fill_operation *fill) {
    return resolve(fill->call, fill->to, true, extent(fill->pitch, fill->width, fill->height), "destination")
               ? cudaSuccess
               : cudaErrorInvalidValue;
}

cudaError_t fill_run(const struct fill_operation *fill) {
    uint8_t *to =
        resolve(fill->call, fill->to, true, extent(fill->pitch, fill->width, fill->height), "destination");
    if (!to)
        return cudaErrorInvalidValue;
    for (size_t row = 0; row < fill->height; row++) {
        memset(to + row * fill->pitch, fill->value, fill->width);
        defined_set((uint64_t)fill->to + row * fill->pitch, fill->width);
    }
    forget(fill->to, fill->pitch, fill->width, fill->height);
    return cudaSuccess;
}
