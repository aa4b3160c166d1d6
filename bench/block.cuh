// What the simple kernels of the peers share: one block a row, sums in float as such kernels have them.
#pragma once

#include "peer.h"

#include <cub/block/block_reduce.cuh>
#include <cub/block/block_scan.cuh>

namespace peers_block {

constexpr int kThreads = 1024;
using Reduce = cub::BlockReduce<float, kThreads>;
using Scan = cub::BlockScan<float, kThreads>;

// The sum of weight(i) over 0 <= i < count, for every thread.
template <typename Weight> __device__ float sum_over(int count, Weight weight) {
    __shared__ typename Reduce::TempStorage storage;
    __shared__ float total;
    float sum = 0;
    for (int i = threadIdx.x; i < count; i += kThreads)
        sum += weight(i);
    sum = Reduce(storage).Sum(sum);
    if (threadIdx.x == 0)
        total = sum;
    __syncthreads();
    return total;
}

struct Place {
    int index;
    float sum; // up to it, and with it
};

// The first i whose inclusive sum of weights exceeds target, for every thread; the last i with a weight where rounding lets none.
template <typename Weight> __device__ Place first_beyond(float target, int count, Weight weight) {
    __shared__ typename Scan::TempStorage storage;
    __shared__ Place found;
    __shared__ int last;
    if (threadIdx.x == 0) {
        found.index = count;
        last = 0;
    }
    float before = 0;
    for (int begin = 0; begin < count; begin += kThreads) {
        int i = begin + static_cast<int>(threadIdx.x);
        float mine = i < count ? weight(i) : 0, sum, all;
        __syncthreads();
        Scan(storage).InclusiveSum(mine, sum, all);
        if (mine > 0) {
            atomicMax(&last, i);
            if (before + sum > target)
                atomicMin(&found.index, i);
        }
        __syncthreads();
        if (i == found.index)
            found.sum = before + sum;
        before += all;
        if (found.index < count)
            break;
    }
    __syncthreads();
    Place place = found.index < count ? found : Place{last, before};
    __syncthreads(); // the next call writes there
    return place;
}

} // namespace peers_block
