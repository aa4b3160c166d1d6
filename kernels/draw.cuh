/*
 * The draw: inverse transform sampling over integer weights in token-id order.
 *
 * The row is cut into slices, one a warp, and the slice in which the running sum passes the target is cut again, until it is short
 * enough for one block-wide prefix sum. The sums are exact, so the cuts do not change the token.
 */
#ifndef LOTTO_DRAW_CUH
#define LOTTO_DRAW_CUH

#include "prefix.cuh"

#include <cub/warp/warp_reduce.cuh>

namespace lotto {

/* The tokens [begin, end), the target counted from begin. */
struct Slice {
    int begin, end;
    uint64_t target;
};

template <typename Logit> __device__ uint64_t kept_weight(const Row<Logit> &row, const Kept &kept, int id) {
    float x = row[id];
    return arith_key(x, id) >= kept.bound ? kept.weight(x) : 0;
}

/* The part of a slice, a sixteenth or so, that holds the drawn token. */
template <typename Logit> __device__ Slice narrow(const Row<Logit> &row, const Kept &kept, Slice slice) {
    using Reduce = cub::WarpReduce<uint64_t>;
    __shared__ typename Reduce::TempStorage storage[kBlockWarps];
    __shared__ uint64_t sums[kBlockWarps];
    int warp = threadIdx.x / kWarpThreads, lane = threadIdx.x % kWarpThreads;
    int length = (slice.end - slice.begin + kBlockWarps - 1) / kBlockWarps;

    int begin = min(slice.begin + warp * length, slice.end), end = min(begin + length, slice.end);
    uint64_t own = 0;
    for (int id = begin + lane; id < end; id += kWarpThreads)
        own += kept_weight(row, kept, id);
    uint64_t sum = Reduce(storage[warp]).Sum(own);
    if (lane == 0)
        sums[warp] = sum;
    __syncthreads();

    int holder = 0;
    while (slice.target >= sums[holder])
        slice.target -= sums[holder++];
    __syncthreads();
    begin = slice.begin + holder * length;
    return {begin, min(begin + length, slice.end), slice.target};
}

/* The first kept token, in id order, whose inclusive sum of weights exceeds target; target < the kept mass. */
template <typename Logit> __device__ int draw(const Row<Logit> &row, const Kept &kept, uint64_t target) {
    Slice slice = {0, row.vocab, target};
    while (slice.end - slice.begin > kBlockThreads)
        slice = narrow(row, kept, slice);

    __shared__ int token;
    int id = slice.begin + threadIdx.x;
    uint64_t own = id < slice.end ? kept_weight(row, kept, id) : 0;
    uint64_t before = block_sum_before(own);
    if (before <= slice.target && slice.target < before + own)
        token = id;
    __syncthreads();
    int drawn = token;
    __syncthreads();
    return drawn;
}

} // namespace lotto

#endif
