/* The calls on __device__ and __constant__ variables. */
#include "symbol.h"
#include "copy.h"
#include "module.h"
#include "runtime.h"

cudaError_t symbol_part(const void *host, size_t offset, size_t bytes, void **part) {
    const struct symbol *symbol = symbol_find(host);
    if (!symbol)
        return cudaErrorInvalidSymbol;
    if (offset > symbol->bytes || bytes > symbol->bytes - offset)
        return cudaErrorInvalidValue;
    *part = (void *)(symbol_address(symbol) + offset);
    return cudaSuccess;
}

static cudaError_t copy_to_symbol(const char *call, const void *symbol, const void *from, size_t bytes,
                                  size_t offset, enum cudaMemcpyKind direction, cudaStream_t stream,
                                  bool waits) {
    void *to;
    cudaError_t error = runtime_enter();
    if (error == cudaSuccess)
        error = symbol_part(symbol, offset, bytes, &to);
    if (error == cudaSuccess) {
        const struct copy_operation what = copy_line(call, to, from, bytes, direction);
        error = copy_submit(&what, stream, waits);
    }
    return runtime_leave(error);
}

static cudaError_t copy_from_symbol(const char *call, void *to, const void *symbol, size_t bytes,
                                    size_t offset, enum cudaMemcpyKind direction, cudaStream_t stream,
                                    bool waits) {
    void *from;
    cudaError_t error = runtime_enter();
    if (error == cudaSuccess)
        error = symbol_part(symbol, offset, bytes, &from);
    if (error == cudaSuccess) {
        const struct copy_operation what = copy_line(call, to, from, bytes, direction);
        error = copy_submit(&what, stream, waits);
    }
    return runtime_leave(error);
}

cudaError_t cudaMemcpyToSymbol(const void *symbol, const void *from, size_t bytes, size_t offset,
                               enum cudaMemcpyKind direction) {
    return copy_to_symbol("cudaMemcpyToSymbol", symbol, from, bytes, offset, direction, NULL, true);
}

cudaError_t cudaMemcpyToSymbolAsync(const void *symbol, const void *from, size_t bytes, size_t offset,
                                    enum cudaMemcpyKind direction, cudaStream_t stream) {
    return copy_to_symbol("cudaMemcpyToSymbolAsync", symbol, from, bytes, offset, direction, stream, false);
}

cudaError_t cudaMemcpyFromSymbol(void *to, const void *symbol, size_t bytes, size_t offset,
                                 enum cudaMemcpyKind direction) {
    return copy_from_symbol("cudaMemcpyFromSymbol", to, symbol, bytes, offset, direction, NULL, true);
}

cudaError_t cudaMemcpyFromSymbolAsync(void *to, const void *symbol, size_t bytes, size_t offset,
                                      enum cudaMemcpyKind direction, cudaStream_t stream) {
    return copy_from_symbol("cudaMemcpyFromSymbolAsync", to, symbol, bytes, offset, direction, stream, false);
}

cudaError_t cudaGetSymbolAddress(void **address, const void *host) {
    cudaError_t error = runtime_enter();
    if (error == cudaSuccess)
        error = address ? symbol_part(host, 0, 0, address) : cudaErrorInvalidValue;
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
