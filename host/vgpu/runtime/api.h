/* The CUDA runtime's own declarations, made visible: a function defined here under such a name is exported. */
#ifndef LOTTO_VGPU_API_H
#define LOTTO_VGPU_API_H

#pragma GCC visibility push(default)
#include <cuda_profiler_api.h>
#include <cuda_runtime_api.h>
#pragma GCC visibility pop

#endif
