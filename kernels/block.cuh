/*
 * Warp- and block-wide sums. All operands are integers, so the order in which they are combined does not matter.
 */
#ifndef LOTTO_BLOCK_CUH
#define LOTTO_BLOCK_CUH

#include "arith.h"

#include <cub/block/block_scan.cuh>

namespace lotto {

constexpr int kWarpThreads = 32;
constexpr int kBlockThreads = 256;
constexpr int kResidentBlocks = 2; /* of a multiprocessor, at least, as far as registers go */
constexpr int kBlockWarps = kBlockThreads / kWarpThreads;
constexpr unsigned kWholeWarp = 0xffffffffu;

__device__ inline int lane() { return static_cast<int>(threadIdx.x % kWarpThreads); }
__device__ inline int warp_in_block() { return static_cast<int>(threadIdx.x / kWarpThreads); }

/* Over the lanes of a whole warp, which all get the result. combine is associative and commutative. */
template <typename T, typename Combine> __device__ T warp_reduce(T own, Combine combine) {
    for (int distance = kWarpThreads / 2; distance > 0; distance /= 2)
        own = combine(own, __shfl_xor_sync(kWholeWarp, own, distance));
    return own;
}

__device__ inline uint32_t warp_max(uint32_t own) {
#if __CUDA_ARCH__ >= 800
    return __reduce_max_sync(kWholeWarp, own);
#else
    return warp_reduce(own, [](uint32_t a, uint32_t b) { return max(a, b); });
#endif
}

__device__ inline uint32_t warp_min(uint32_t own) {
#if __CUDA_ARCH__ >= 800
    return __reduce_min_sync(kWholeWarp, own);
#else
    return warp_reduce(own, [](uint32_t a, uint32_t b) { return min(a, b); });
#endif
}

__device__ inline uint32_t warp_sum(uint32_t own) {
#if __CUDA_ARCH__ >= 800
    return __reduce_add_sync(kWholeWarp, own);
#else
    return warp_reduce(own, [](uint32_t a, uint32_t b) { return a + b; });
#endif
}

/* own < 2^54: any measure of one lane's tokens, of which there are less than 2^13. By sums of 27 bits. */
__device__ inline uint64_t warp_sum_of_lanes(uint64_t own) {
#if __CUDA_ARCH__ >= 800
    constexpr int kBits = 27;
    uint64_t upper = warp_sum(static_cast<uint32_t>(own >> kBits));
    return (upper << kBits) + warp_sum(static_cast<uint32_t>(own) % (1u << kBits));
#else
    return warp_reduce(own, [](uint64_t a, uint64_t b) { return a + b; });
#endif
}

__device__ inline uint64_t warp_sum(uint64_t own) {
    return warp_reduce(own, [](uint64_t a, uint64_t b) { return a + b; });
}

/* The sum over the threads of the block before this one. Begins and ends with the block's threads together. */
template <typename T> __device__ T block_sum_before(T own) {
    using Scan = cub::BlockScan<T, kBlockThreads, cub::BLOCK_SCAN_WARP_SCANS>;
    __shared__ typename Scan::TempStorage storage;
    T before;
    Scan(storage).ExclusiveSum(own, before);
    __syncthreads();
    return before;
}

} // namespace lotto

#endif
