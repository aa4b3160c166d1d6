// What the programs of this folder call as CUDA 13 has it, for CUDA 12.4, which has it under another name or not at all.
// scripts/cuda12 includes it before each of them.
#pragma once

#include <cub/thread/thread_operators.cuh>
#include <cuda_bf16.h>
#include <cuda_fp16.h>
#include <cuda_runtime.h>

// After CUDA 12.4 has declared them.
#include "../../host/vgpu/runtime/cuda12_graph_names.h"

template <class... P>
cudaError_t cudaLaunchCooperativeKernel(void (*kernel)(P...), dim3 grid, dim3 block, void **arguments,
                                        size_t shared_bytes, cudaStream_t stream) {
    return cudaLaunchCooperativeKernel((const void *)kernel, grid, block, arguments, shared_bytes, stream);
}

namespace cuda {
template <class = void> using maximum = cub::Max;
} // namespace cuda

__device__ inline __half htanh(__half x) { return __float2half(tanhf(__half2float(x))); }
__device__ inline __nv_bfloat16 htanh(__nv_bfloat16 x) {
    return __float2bfloat16(tanhf(__bfloat162float(x)));
}
__device__ inline __half2 h2tanh(__half2 x) { return __halves2half2(htanh(x.x), htanh(x.y)); }
__device__ inline __nv_bfloat162 h2tanh(__nv_bfloat162 x) {
    return __halves2bfloat162(htanh(x.x), htanh(x.y));
}
