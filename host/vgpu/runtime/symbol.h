/* Variables of the program, as parts of device memory. */
#ifndef LOTTO_VGPU_SYMBOL_H
#define LOTTO_VGPU_SYMBOL_H

#include "api.h"

/* The address of [offset, offset + bytes) of the variable registered at host. */
cudaError_t symbol_part(const void *host, size_t offset, size_t bytes, void **part);

#endif
