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
static uint64_t extent(size_t pitch, size_t slice, size_t width, size_t height, size_t depth) {
    return (uint64_t)slice * (depth - 1) + (uint64_t)pitch * (height - 1) + width;
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
    struct l2 *l2 = device_at((int)memory_nearest((uint64_t)to)->device)->l2;
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
                  extent(copy->to_pitch, copy->to_slice, copy->width, copy->height, copy->depth),
                  "destination");
    *from =
        resolve(copy->call, copy->from, copy_is_from_device(copy),
                extent(copy->from_pitch, copy->from_slice, copy->width, copy->height, copy->depth), "source");
    return *to && *from ? cudaSuccess : cudaErrorInvalidValue;
}

cudaError_t copy_check(const struct copy_operation *copy) {
    uint8_t *to;
    const uint8_t *from;
    return resolve_copy(copy, &to, &from);
}

static void copy_slice(const struct copy_operation *copy, uint8_t *to, const uint8_t *from, size_t slice) {
    bool to_device = copy_is_to_device(copy), from_device = copy_is_from_device(copy);
    for (size_t row = 0; row < copy->height; row++) {
        size_t there = slice * copy->to_slice + row * copy->to_pitch,
               here = slice * copy->from_slice + row * copy->from_pitch;
        memmove(to + there, from + here, copy->width);
        if (to_device && from_device)
            defined_copy((uint64_t)copy->to + there, (uint64_t)copy->from + here, copy->width);
        else if (to_device)
            defined_set((uint64_t)copy->to + there, copy->width);
    }
    if (to_device)
        forget((uint8_t *)copy->to + slice * copy->to_slice, copy->to_pitch, copy->width, copy->height);
}

cudaError_t copy_run(const struct copy_operation *copy) {
    uint8_t *to;
    const uint8_t *from;
    cudaError_t error = resolve_copy(copy, &to, &from);
    for (size_t slice = 0; error == cudaSuccess && slice < copy->depth; slice++)
        copy_slice(copy, to, from, slice);
    return error;
}

bool copy_stage(struct copy_operation *copy) {
    if (copy_is_from_device(copy) || host_memory_is_locked(copy->from))
        return true;
    size_t slice_bytes = copy->width * copy->height;
    uint8_t *staged = malloc(slice_bytes * copy->depth);
    for (size_t slice = 0; staged && slice < copy->depth; slice++)
        for (size_t row = 0; row < copy->height; row++)
            memcpy(staged + slice * slice_bytes + row * copy->width,
                   (const uint8_t *)copy->from + slice * copy->from_slice + row * copy->from_pitch,
                   copy->width);
    copy->from = copy->staged = staged;
    copy->from_pitch = copy->width;
    copy->from_slice = slice_bytes;
    return staged != NULL;
}

cudaError_t fill_check(const struct fill_operation *fill) {
    return resolve(fill->call, fill->to, true, extent(fill->pitch, 0, fill->width, fill->height, 1),
                   "destination")
               ? cudaSuccess
               : cudaErrorInvalidValue;
}

static void fill_row(uint8_t *row, const struct fill_operation *fill) {
    if (fill->element == 1)
        memset(row, (int)fill->value, fill->width);
    for (size_t at = 0; fill->element > 1 && at < fill->width; at += fill->element)
        memcpy(row + at, &fill->value, fill->element);
}

cudaError_t fill_run(const struct fill_operation *fill) {
    uint8_t *to = resolve(fill->call, fill->to, true, extent(fill->pitch, 0, fill->width, fill->height, 1),
                          "destination");
    if (!to)
        return cudaErrorInvalidValue;
    for (size_t row = 0; row < fill->height; row++) {
        fill_row(to + row * fill->pitch, fill);
        defined_set((uint64_t)fill->to + row * fill->pitch, fill->width);
    }
    forget(fill->to, fill->pitch, fill->width, fill->height);
    return cudaSuccess;
}
