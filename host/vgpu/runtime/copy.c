/* Copies and fills between the host and device memory, checked against the allocations they touch. */
#include "../check/finding.h"
#include "../exec/print.h"
#include "../memory/defined.h"
#include "../memory/memory.h"
#include "capture.h"
#include "runtime.h"
#include "stream.h"

#include <inttypes.h>
#include <stdio.h>
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
    for (size_t row = 0; runtime_l2() && row < height; row++)
        l2_forget(runtime_l2(), (uint64_t)to + row * pitch, width);
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

cudaError_t copy_run(const struct copy_operation *copy) {
    bool to_device = copy->direction == cudaMemcpyHostToDevice || copy->direction == cudaMemcpyDeviceToDevice;
    bool from_device =
        copy->direction == cudaMemcpyDeviceToHost || copy->direction == cudaMemcpyDeviceToDevice;
    /* Addresses are unified: a pointer to device memory is one whatever the direction says. */
    to_device = to_device || memory_is_device((uint64_t)copy->to);
    from_device = from_device || memory_is_device((uint64_t)copy->from);
    uint8_t *to = resolve(copy->call, copy->to, to_device, extent(copy->to_pitch, copy->width, copy->height),
                          "destination");
    const uint8_t *from = resolve(copy->call, copy->from, from_device,
                                  extent(copy->from_pitch, copy->width, copy->height), "source");
    if (!to || !from)
        return cudaErrorInvalidValue;
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

static cudaError_t submit_copy(const struct copy_operation *copy, cudaStream_t stream) {
    if (stream == cudaStreamLegacy)
        print_flush();
    if ((unsigned)copy->direction > cudaMemcpyDefault)
        return cudaErrorInvalidMemcpyDirection;
    if (copy->width == 0 || copy->height == 0)
        return cudaSuccess;
    if (!copy->to || !copy->from)
        return cudaErrorInvalidValue;
    if (copy->height > 1 && (copy->width > copy->to_pitch || copy->width > copy->from_pitch))
        return cudaErrorInvalidPitchValue;
    return stream_submit(stream, &(struct operation){.kind = OPERATION_COPY, .copy = *copy});
}

static cudaError_t submit_fill(const struct fill_operation *fill, cudaStream_t stream) {
    if (fill->width == 0 || fill->height == 0)
        return cudaSuccess;
    if (fill->height > 1 && fill->width > fill->pitch)
        return cudaErrorInvalidPitchValue;
    return stream_submit(stream, &(struct operation){.kind = OPERATION_FILL, .fill = *fill});
}

static cudaError_t copy(const struct copy_operation *what, cudaStream_t stream) {
    cudaError_t error = runtime_enter();
    if (error == cudaSuccess)
        error = submit_copy(what, stream);
    return runtime_leave(error);
}

static cudaError_t fill(const struct fill_operation *what, cudaStream_t stream) {
    cudaError_t error = runtime_enter();
    if (error == cudaSuccess)
        error = submit_fill(what, stream);
    return runtime_leave(error);
}

static struct copy_operation line(const char *call, void *to, const void *from, size_t bytes,
                                  enum cudaMemcpyKind direction) {
    return (struct copy_operation){call, to, from, bytes, bytes, bytes, 1, direction};
}

/* The calls that wait use the legacy stream. */
cudaError_t cudaMemcpy(void *to, const void *from, size_t bytes, enum cudaMemcpyKind direction) {
    const struct copy_operation what = line("cudaMemcpy", to, from, bytes, direction);
    return copy(&what, cudaStreamLegacy);
}

cudaError_t cudaMemcpyAsync(void *to, const void *from, size_t bytes, enum cudaMemcpyKind direction,
                            cudaStream_t stream) {
    const struct copy_operation what = line("cudaMemcpyAsync", to, from, bytes, direction);
    return copy(&what, stream);
}

cudaError_t cudaMemcpy2D(void *to, size_t to_pitch, const void *from, size_t from_pitch, size_t width,
                         size_t height, enum cudaMemcpyKind direction) {
    return copy(
        &(struct copy_operation){"cudaMemcpy2D", to, from, to_pitch, from_pitch, width, height, direction},
        cudaStreamLegacy);
}

cudaError_t cudaMemcpy2DAsync(void *to, size_t to_pitch, const void *from, size_t from_pitch, size_t width,
                              size_t height, enum cudaMemcpyKind direction, cudaStream_t stream) {
    return copy(&(struct copy_operation){"cudaMemcpy2DAsync", to, from, to_pitch, from_pitch, width, height,
                                         direction},
                stream);
}

cudaError_t cudaMemcpyPeer(void *to, int to_device, const void *from, int from_device, size_t bytes) {
    return cudaMemcpyPeerAsync(to, to_device, from, from_device, bytes, cudaStreamLegacy);
}

cudaError_t cudaMemcpyPeerAsync(void *to, int to_device, const void *from, int from_device, size_t bytes,
                                cudaStream_t stream) {
    const struct copy_operation what = line("cudaMemcpyPeerAsync", to, from, bytes, cudaMemcpyDeviceToDevice);
    cudaError_t error = runtime_enter();
    if (error == cudaSuccess)
        error = to_device || from_device ? cudaErrorInvalidDevice : submit_copy(&what, stream);
    return runtime_leave(error);
}

cudaError_t cudaMemset(void *to, int value, size_t bytes) {
    return fill(&(struct fill_operation){"cudaMemset", to, bytes, bytes, 1, value}, cudaStreamLegacy);
}

cudaError_t cudaMemsetAsync(void *to, int value, size_t bytes, cudaStream_t stream) {
    return fill(&(struct fill_operation){"cudaMemsetAsync", to, bytes, bytes, 1, value}, stream);
}

cudaError_t cudaMemset2D(void *to, size_t pitch, int value, size_t width, size_t height) {
    return fill(&(struct fill_operation){"cudaMemset2D", to, pitch, width, height, value}, cudaStreamLegacy);
}

cudaError_t cudaMemset2DAsync(void *to, size_t pitch, int value, size_t width, size_t height,
                              cudaStream_t stream) {
    return fill(&(struct fill_operation){"cudaMemset2DAsync", to, pitch, width, height, value}, stream);
}

/* [offset, offset + bytes) of a __device__ or __constant__ variable. */
static cudaError_t part_of_symbol(const void *host, size_t offset, size_t bytes, void **part) {
    const struct symbol *symbol = symbol_find(host);
    if (!symbol)
        return cudaErrorInvalidSymbol;
    if (offset > symbol->bytes || bytes > symbol->bytes - offset)
        return cudaErrorInvalidValue;
    *part = (void *)(symbol_address(symbol) + offset);
    return cudaSuccess;
}

static cudaError_t copy_to_symbol(const char *call, const void *symbol, const void *from, size_t bytes,
                                  size_t offset, enum cudaMemcpyKind direction, cudaStream_t stream) {
    void *to;
    cudaError_t error = runtime_enter();
    if (error == cudaSuccess)
        error = part_of_symbol(symbol, offset, bytes, &to);
    if (error == cudaSuccess) {
        const struct copy_operation what = line(call, to, from, bytes, direction);
        error = submit_copy(&what, stream);
    }
    return runtime_leave(error);
}

static cudaError_t copy_from_symbol(const char *call, void *to, const void *symbol, size_t bytes,
                                    size_t offset, enum cudaMemcpyKind direction, cudaStream_t stream) {
    void *from;
    cudaError_t error = runtime_enter();
    if (error == cudaSuccess)
        error = part_of_symbol(symbol, offset, bytes, &from);
    if (error == cudaSuccess) {
        const struct copy_operation what = line(call, to, from, bytes, direction);
        error = submit_copy(&what, stream);
    }
    return runtime_leave(error);
}

cudaError_t cudaMemcpyToSymbol(const void *symbol, const void *from, size_t bytes, size_t offset,
                               enum cudaMemcpyKind direction) {
    return copy_to_symbol("cudaMemcpyToSymbol", symbol, from, bytes, offset, direction, cudaStreamLegacy);
}

cudaError_t cudaMemcpyToSymbolAsync(const void *symbol, const void *from, size_t bytes, size_t offset,
                                    enum cudaMemcpyKind direction, cudaStream_t stream) {
    return copy_to_symbol("cudaMemcpyToSymbolAsync", symbol, from, bytes, offset, direction, stream);
}

cudaError_t cudaMemcpyFromSymbol(void *to, const void *symbol, size_t bytes, size_t offset,
                                 enum cudaMemcpyKind direction) {
    return copy_from_symbol("cudaMemcpyFromSymbol", to, symbol, bytes, offset, direction, cudaStreamLegacy);
}

cudaError_t cudaMemcpyFromSymbolAsync(void *to, const void *symbol, size_t bytes, size_t offset,
                                      enum cudaMemcpyKind direction, cudaStream_t stream) {
    return copy_from_symbol("cudaMemcpyFromSymbolAsync", to, symbol, bytes, offset, direction, stream);
}

cudaError_t cudaGetSymbolAddress(void **address, const void *host) {
    cudaError_t error = runtime_enter();
    if (error == cudaSuccess)
        error = address ? part_of_symbol(host, 0, 0, address) : cudaErrorInvalidValue;
    return runtime_leave(error);
}

cudaError_t cudaGetSymbolSize(size_t *bytes, const void *host) {
    cudaError_t error = runtime_enter();
    const struct symbol *symbol = symbol_find(host);
    if (error == cudaSuccess)
        error = !bytes ? cudaErrorInvalidValue : !symbol ? cudaErrorInvalidSymbol : cudaSuccess;
    if (error == cudaSuccess)
        *bytes = symbol->bytes;
    return runtime_leave(error);
}
