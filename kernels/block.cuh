/*
 * Warp- and block-wide sums. All operands are integers, so the order in which they are combined does not matter.
 */
#ifndef LOTTO_BLOCK_CUH
#define LOTTO_BLOCK_CUH

#include "arith.h"

#include <cub/warp/warp_scan.cuh>

namespace lotto {

constexpr int kWarpThreads = 32;
constexpr int kBlockThreads = 256;
constexpr int kResidentBlocks = 2; /* of a multiprocessor, at least, as far as registers go */
constexpr int kBlockWarps = kBlockThreads / kWarpThreads;
constexpr unsigned kWholeWarp = 0xffffffffu;

__device__ inline int lane() { return static_cast<int>(threadIdx.x % kWarpThreads); }
__device__ inline int warp_in_block() { return static_cast<int>(threadIdx.x / kWarpThreads); }

/* What a lane has, for the whole warp. By immediate operands, which the compiler would put into registers first. */
__device__ inline uint32_t of_lane(uint32_t own, int lane) {
    uint32_t word;
    asm volatile("shfl.sync.idx.b32 %0, %1, %2, 31, 0xffffffff;" : "=r"(word) : "r"(own), "r"(lane));
    return word;
}
__device__ inline uint64_t of_lane(uint64_t own, int lane) {
    uint64_t upper = of_lane(static_cast<uint32_t>(own >> 32), lane);
    return upper << 32 | of_lane(static_cast<uint32_t>(own), lane);
}

/* Over the lanes of a whole warp, which all get the result. combine is associative and commutative. */
template <typename T, typename Combine> __device__ T warp_reduce(T own, Combine combine) {
    for (int distance = kWarpThreads / 2; distance > 0; distance /= 2)
        own = combine(own, __shfl_xor_sync(kWholeWarp, own, distance));
    return own;
}

/* These have their lanes as an immediate operand, too. */
__device__ inline uint32_t warp_max(uint32_t own) {
#if __CUDA_ARCH__ >= 800
    uint32_t all;
    asm volatile("redux.sync.max.u32 %0, %1, 0xffffffff;" : "=r"(all) : "r"(own));
    return all;
#else
    return warp_reduce(own, [](uint32_t a, uint32_t b) { return max(a, b); });
#endif
}

__device__ inline uint32_t warp_min(uint32_t own) {
#if __CUDA_ARCH__ >= 800
    uint32_t all;
    asm volatile("redux.sync.min.u32 %0, %1, 0xffffffff;" : "=r"(all) : "r"(own));
    return all;
#else
    return warp_reduce(own, [](uint32_t a, uint32_t b) { return min(a, b); });
#endif
}

__device__ inline uint32_t warp_sum(uint32_t own) {
#if __CUDA_ARCH__ >= 800
    uint32_t all;
    asm volatile("redux.sync.add.u32 %0, %1, 0xffffffff;" : "=r"(all) : "r"(own));
    return all;
#else
    return warp_reduce(own, [](uint32_t a, uint32_t b) { return a + b; });
#endif
}

/* own < 2^54: any measure of one lane's tokens, of which there are less than 2^13. By sums of 27 bits. */
__device__ inline uint64_t warp_sum_of_lanes(uint64_t own) {
#if __CUDA_ARCH__ >= 800
    constexpr int kBits = 27;
    uint32_t low, high;
    asm("mov.b64 {%0, %1}, %2;" : "=r"(low), "=r"(high) : "l"(own));
    uint64_t lower = warp_sum(low % (1u << kBits));
    asm("mad.wide.u32 %0, %1, %2, %0;"
        : "+l"(lower)
        : "r"(warp_sum(__funnelshift_r(low, high, kBits))), "n"(1u << kBits));
    return lower;
#else
    return warp_reduce(own, [](uint64_t a, uint64_t b) { return a + b; });
#endif
}

__device__ inline uint64_t warp_sum(uint64_t own) {
    return warp_reduce(own, [](uint64_t a, uint64_t b) { return a + b; });
}

/* The sum over the lanes of the warp before this one; all: over all of them. */
template <typename T> __device__ T warp_sum_before(T own, T &all) {
    using Scan = cub::WarpScan<T>;
    __shared__ typename Scan::TempStorage storage;
    T before;
    Scan(storage).ExclusiveSum(own, before, all);
    return before;
}

/*
 * The sum over the threads of the block before this one. Begins and ends with the block's threads together. Warps read each other's sums side by side: in
 * shared memory a word for all lanes costs as much as one for each.
 */
template <typename T> __device__ T block_sum_before(T own) {
    __shared__ T of_warps[kBlockWarps];
    T of_warp, before = warp_sum_before(own, of_warp);
    if (lane() == 0)
        of_warps[warp_in_block()] = of_warp;
    __syncthreads();
    int other = static_cast<int>(threadIdx.x % kBlockWarps);
    T others = other < warp_in_block() ? of_warps[other] : T();
    for (int distance = kBlockWarps / 2; distance > 0; distance /= 2)
        others = others + cub::ShuffleIndex<kWarpThreads>(others, lane() ^ distance, kWholeWarp);
    __syncthreads();
    return others + before;
}

} // namespace lotto

#endif
