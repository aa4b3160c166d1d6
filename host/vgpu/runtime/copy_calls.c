/* The calls that copy and fill, and which of them wait. */
#include "../exec/print.h"
#include "copy.h"
#include "host_memory.h"
#include "queue.h"
#include "runtime.h"

static bool is_pageable(const void *pointer, bool on_device) {
    return !on_device && !host_memory_is_locked(pointer);
}

/*
 * "API synchronization behavior" of the CUDA Runtime API: the asynchronous calls wait when they write to pageable host memory, the
 * others when any host memory takes part; but from pageable memory they wait for what is before them only, then read it.
 */
static cudaError_t submit_and_wait(const struct copy_operation *copy, struct CUstream_st *stream,
                                   bool waits) {
    bool to_device = copy_is_to_device(copy), from_device = copy_is_from_device(copy);
    bool from_pageable = is_pageable(copy->from, from_device);
    if (stream->capture)
        waits = false;
    else if (waits && from_pageable && to_device)
        queue_wait_stream(stream);
    struct device *device = stream->device;
    bool waits_after = !stream->capture && (is_pageable(copy->to, to_device) ||
                                            (waits && !(to_device && (from_device || from_pageable))));
    stream_keep(stream);
    cudaError_t error = stream_submit(stream, &(struct operation){.kind = OPERATION_COPY, .copy = *copy});
    if (error == cudaSuccess && waits_after) {
        queue_wait_stream(stream);
        error = device->fault;
    }
    stream_release(stream);
    if (waits)
        print_flush();
    return error;
}

static bool is_empty(const struct copy_operation *copy) {
    return copy->width == 0 || copy->height == 0 || copy->depth == 0;
}

cudaError_t copy_validate(const struct copy_operation *copy) {
    if ((unsigned)copy->direction > cudaMemcpyDefault)
        return cudaErrorInvalidMemcpyDirection;
    if (is_empty(copy))
        return cudaSuccess;
    if (!copy->to || !copy->from)
        return cudaErrorInvalidValue;
    bool has_rows = copy->height > 1 || copy->depth > 1;
    if (has_rows && (copy->width > copy->to_pitch || copy->width > copy->from_pitch))
        return cudaErrorInvalidPitchValue;
    return cudaSuccess;
}

cudaError_t copy_submit(const struct copy_operation *copy, cudaStream_t handle, bool waits) {
    struct CUstream_st *stream = stream_find(handle);
    cudaError_t error = copy_validate(copy);
    if (error != cudaSuccess || is_empty(copy))
        return error;
    return stream ? submit_and_wait(copy, stream, waits) : cudaErrorInvalidResourceHandle;
}

cudaError_t copy_of_box(const char *call, const struct cudaMemcpy3DParms *box, struct copy_operation *copy) {
    if (!box)
        return cudaErrorInvalidValue;
    if (box->srcArray || box->dstArray)
        return runtime_not_provided("a copy of an array");
    const struct cudaPitchedPtr *from = &box->srcPtr, *to = &box->dstPtr;
    *copy = (struct copy_operation){
        .call = call,
        .to_pitch = to->pitch,
        .from_pitch = from->pitch,
        .to_slice = to->pitch * to->ysize,
        .from_slice = from->pitch * from->ysize,
        .width = box->extent.width,
        .height = box->extent.height,
        .depth = box->extent.depth,
        .direction = box->kind,
    };
    copy->to =
        (uint8_t *)to->ptr + box->dstPos.x + box->dstPos.y * to->pitch + box->dstPos.z * copy->to_slice;
    copy->from = (const uint8_t *)from->ptr + box->srcPos.x + box->srcPos.y * from->pitch +
                 box->srcPos.z * copy->from_slice;
    return to->ptr && from->ptr ? cudaSuccess : cudaErrorInvalidValue;
}

static cudaError_t submit_fill(const struct fill_operation *fill, cudaStream_t handle) {
    struct CUstream_st *stream = stream_find(handle);
    if (fill->width == 0 || fill->height == 0)
        return cudaSuccess;
    if (fill->height > 1 && fill->width > fill->pitch)
        return cudaErrorInvalidPitchValue;
    return stream ? stream_submit(stream, &(struct operation){.kind = OPERATION_FILL, .fill = *fill})
                  : cudaErrorInvalidResourceHandle;
}

static cudaError_t copy(const struct copy_operation *what, cudaStream_t stream, bool waits) {
    cudaError_t error = runtime_enter();
    if (error == cudaSuccess)
        error = copy_submit(what, stream, waits);
    return runtime_leave(error);
}

static cudaError_t fill(const struct fill_operation *what, cudaStream_t stream) {
    cudaError_t error = runtime_enter();
    if (error == cudaSuccess)
        error = submit_fill(what, stream);
    return runtime_leave(error);
}

static struct copy_operation copy_rows(const char *call, void *to, size_t to_pitch, const void *from,
                                       size_t from_pitch, size_t width, size_t height,
                                       enum cudaMemcpyKind direction) {
    return (struct copy_operation){.call = call,
                                   .to = to,
                                   .from = from,
                                   .to_pitch = to_pitch,
                                   .from_pitch = from_pitch,
                                   .width = width,
                                   .height = height,
                                   .depth = 1,
                                   .direction = direction};
}

struct copy_operation copy_line(const char *call, void *to, const void *from, size_t bytes,
                                enum cudaMemcpyKind direction) {
    return copy_rows(call, to, bytes, from, bytes, bytes, 1, direction);
}

/* The calls that wait use the default stream. */
cudaError_t cudaMemcpy(void *to, const void *from, size_t bytes, enum cudaMemcpyKind direction) {
    const struct copy_operation what = copy_line("cudaMemcpy", to, from, bytes, direction);
    return copy(&what, NULL, true);
}

cudaError_t cudaMemcpyAsync(void *to, const void *from, size_t bytes, enum cudaMemcpyKind direction,
                            cudaStream_t stream) {
    const struct copy_operation what = copy_line("cudaMemcpyAsync", to, from, bytes, direction);
    return copy(&what, stream, false);
}

cudaError_t cudaMemcpy2D(void *to, size_t to_pitch, const void *from, size_t from_pitch, size_t width,
                         size_t height, enum cudaMemcpyKind direction) {
    const struct copy_operation what =
        copy_rows("cudaMemcpy2D", to, to_pitch, from, from_pitch, width, height, direction);
    return copy(&what, NULL, true);
}

cudaError_t cudaMemcpy2DAsync(void *to, size_t to_pitch, const void *from, size_t from_pitch, size_t width,
                              size_t height, enum cudaMemcpyKind direction, cudaStream_t stream) {
    const struct copy_operation what =
        copy_rows("cudaMemcpy2DAsync", to, to_pitch, from, from_pitch, width, height, direction);
    return copy(&what, stream, false);
}

static cudaError_t copy_box(const char *call, const struct cudaMemcpy3DParms *parameters, cudaStream_t stream,
                            bool waits) {
    struct copy_operation what;
    cudaError_t error = runtime_enter();
    if (error == cudaSuccess)
        error = copy_of_box(call, parameters, &what);
    if (error == cudaSuccess)
        error = copy_submit(&what, stream, waits);
    return runtime_leave(error);
}

cudaError_t cudaMemcpy3D(const struct cudaMemcpy3DParms *parameters) {
    return copy_box("cudaMemcpy3D", parameters, NULL, true);
}

cudaError_t cudaMemcpy3DAsync(const struct cudaMemcpy3DParms *parameters, cudaStream_t stream) {
    return copy_box("cudaMemcpy3DAsync", parameters, stream, false);
}

/* One that waits is ordered with all work of both devices. */
static cudaError_t copy_between(const char *call, void *to, int to_device, const void *from, int from_device,
                                size_t bytes, cudaStream_t stream, bool waits) {
    const struct copy_operation what = copy_line(call, to, from, bytes, cudaMemcpyDeviceToDevice);
    cudaError_t error = runtime_enter();
    if (error == cudaSuccess)
        error = device_at(to_device) && device_at(from_device) ? cudaSuccess : cudaErrorInvalidDevice;
    if (error == cudaSuccess && waits)
        queue_wait_device(NULL);
    if (error == cudaSuccess)
        error = copy_submit(&what, stream, waits);
    if (error == cudaSuccess && waits)
        queue_wait_device(NULL);
    return runtime_leave(error);
}

cudaError_t cudaMemcpyPeer(void *to, int to_device, const void *from, int from_device, size_t bytes) {
    return copy_between("cudaMemcpyPeer", to, to_device, from, from_device, bytes, NULL, true);
}

cudaError_t cudaMemcpyPeerAsync(void *to, int to_device, const void *from, int from_device, size_t bytes,
                                cudaStream_t stream) {
    return copy_between("cudaMemcpyPeerAsync", to, to_device, from, from_device, bytes, stream, false);
}

cudaError_t cudaMemset(void *to, int value, size_t bytes) {
    return fill(&(struct fill_operation){"cudaMemset", to, bytes, bytes, 1, (uint8_t)value, 1}, NULL);
}

cudaError_t cudaMemsetAsync(void *to, int value, size_t bytes, cudaStream_t stream) {
    return fill(&(struct fill_operation){"cudaMemsetAsync", to, bytes, bytes, 1, (uint8_t)value, 1}, stream);
}

cudaError_t cudaMemset2D(void *to, size_t pitch, int value, size_t width, size_t height) {
    return fill(&(struct fill_operation){"cudaMemset2D", to, pitch, width, height, (uint8_t)value, 1}, NULL);
}

cudaError_t cudaMemset2DAsync(void *to, size_t pitch, int value, size_t width, size_t height,
                              cudaStream_t stream) {
    return fill(&(struct fill_operation){"cudaMemset2DAsync", to, pitch, width, height, (uint8_t)value, 1},
                stream);
}
