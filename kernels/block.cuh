/*
 * Block-wide reduction and prefix sum whose results every thread gets. Built on CUB; all operands are integers, so the order
 * in which they are combined does not matter. Each begins and ends with the block's threads together.
 */
#ifndef LOTTO_BLOCK_CUH
#define LOTTO_BLOCK_CUH

#include "arith.h"

#include <cub/block/block_reduce.cuh>
#include <cub/block/block_scan.cuh>

namespace lotto {

constexpr int kWarpThreads = 32;
constexpr int kBlockThreads = 512;
constexpr int kBlockWarps = kBlockThreads / kWarpThreads;

/* combine is associative and commutative. */
template <typename T, typename Combine> __device__ T block_reduce(T own, Combine combine) {
    using Reduce = cub::BlockReduce<T, kBlockThreads>;
    __shared__ typename Reduce::TempStorage storage;
    __shared__ T shared_result;
    T total = Reduce(storage).Reduce(own, combine);
    if (threadIdx.x == 0)
        shared_result = total;
    __syncthreads();
    T result = shared_result;
    __syncthreads();
    return result;
}

__device__ inline uint64_t block_sum(uint64_t own) {
    return block_reduce(own, [](uint64_t a, uint64_t b) { return a + b; });
}

/* The sum over the threads before this one. */
__device__ inline uint64_t block_sum_before(uint64_t own) {
    using Scan = cub::BlockScan<uint64_t, kBlockThreads>;
    __shared__ typename Scan::TempStorage storage;
    uint64_t before;
    Scan(storage).ExclusiveSum(own, before);
    __syncthreads();
    return before;
}

} // namespace lotto

#endif
