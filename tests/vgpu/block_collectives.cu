// CUB's block-wide scan, reduction and radix sort against the host's, for several types, block sizes and items a thread.
#include "expect.cuh"

#include <algorithm>
#include <cub/block/block_radix_sort.cuh>
#include <cub/block/block_reduce.cuh>
#include <cub/block/block_scan.cuh>
#include <numeric>

template <class T, int THREADS, int ITEMS, cub::BlockScanAlgorithm ALGORITHM>
__global__ void scan(const T *in, T *inclusive, T *exclusive, T *total) {
    using block_scan = cub::BlockScan<T, THREADS, ALGORITHM>;
    __shared__ typename block_scan::TempStorage storage;
    T items[ITEMS], sums[ITEMS];
    for (int i = 0; i < ITEMS; i++)
        items[i] = in[threadIdx.x * ITEMS + i];
    T aggregate;
    block_scan(storage).InclusiveSum(items, sums, aggregate);
    for (int i = 0; i < ITEMS; i++)
        inclusive[threadIdx.x * ITEMS + i] = sums[i];
    __syncthreads();
    block_scan(storage).ExclusiveSum(items, sums);
    for (int i = 0; i < ITEMS; i++)
        exclusive[threadIdx.x * ITEMS + i] = sums[i];
    if (threadIdx.x == 0)
        *total = aggregate;
}

template <class T, int THREADS, cub::BlockReduceAlgorithm ALGORITHM>
__global__ void reduce(const T *in, int valid, T *sum, T *most) {
    using block_reduce = cub::BlockReduce<T, THREADS, ALGORITHM>;
    __shared__ typename block_reduce::TempStorage storage;
    T item = threadIdx.x < valid ? in[threadIdx.x] : T();
    T block_sum = block_reduce(storage).Sum(item, valid);
    __syncthreads();
    T block_most = block_reduce(storage).Reduce(item, cuda::maximum<>{}, valid);
    if (threadIdx.x == 0) {
        *sum = block_sum;
        *most = block_most;
    }
}

template <class T, int THREADS, int ITEMS>
__global__ void sort(const T *in, T *keys_out, int *values_out, bool descending) {
    using block_sort = cub::BlockRadixSort<T, THREADS, ITEMS, int>;
    __shared__ typename block_sort::TempStorage storage;
    T keys[ITEMS];
    int values[ITEMS];
    for (int i = 0; i < ITEMS; i++) {
        keys[i] = in[threadIdx.x * ITEMS + i];
        values[i] = threadIdx.x * ITEMS + i;
    }
    if (descending)
        block_sort(storage).SortDescending(keys, values);
    else
        block_sort(storage).Sort(keys, values);
    for (int i = 0; i < ITEMS; i++) {
        keys_out[threadIdx.x * ITEMS + i] = keys[i];
        values_out[threadIdx.x * ITEMS + i] = values[i];
    }
}

static size_t compared;

template <class T, int THREADS, int ITEMS, cub::BlockScanAlgorithm ALGORITHM> static void check_scan() {
    constexpr int count = THREADS * ITEMS;
    auto in = random_items{THREADS * 31 + ITEMS}.items<T>(count);
    device_vector<T> device_in(in), inclusive(count), exclusive(count), total(1);
    scan<T, THREADS, ITEMS, ALGORITHM>
        <<<1, THREADS>>>(device_in.items, inclusive.items, exclusive.items, total.items);
    must(cudaDeviceSynchronize());
    std::vector<T> sums(count);
    std::partial_sum(in.begin(), in.end(), sums.begin());
    expect(inclusive.host() == sums, "BlockScan's inclusive sums");
    auto shifted = exclusive.host();
    for (int i = 0; i < count; i++)
        expect(shifted[i] == (i ? sums[i - 1] : T()), "BlockScan's exclusive sums");
    expect(total.host()[0] == sums.back(), "BlockScan's aggregate");
    compared += 2 * count + 1;
}

// Integers: sums of floats depend on the order.
template <class T, int THREADS, cub::BlockReduceAlgorithm ALGORITHM> static void check_reduce() {
    auto in = random_items{THREADS}.items<T>(THREADS);
    device_vector<T> device_in(in), sum(1), most(1);
    for (int valid : {1, THREADS / 2 + 1, THREADS}) {
        reduce<T, THREADS, ALGORITHM><<<1, THREADS>>>(device_in.items, valid, sum.items, most.items);
        must(cudaDeviceSynchronize());
        expect(sum.host()[0] == std::accumulate(in.begin(), in.begin() + valid, T()), "BlockReduce's sum");
        expect(most.host()[0] == *std::max_element(in.begin(), in.begin() + valid), "BlockReduce's maximum");
        compared += 2;
    }
}

template <class T, int THREADS, int ITEMS> static void check_sort() {
    constexpr int count = THREADS * ITEMS;
    auto in = random_items{THREADS * 17 + ITEMS}.items<T>(count);
    for (int i = 0; i < count; i += 3)
        in[i] = in[count / 2]; // ties: the sort is stable
    device_vector<T> device_in(in), keys(count);
    device_vector<int> values(count);
    for (bool descending : {false, true}) {
        sort<T, THREADS, ITEMS><<<1, THREADS>>>(device_in.items, keys.items, values.items, descending);
        must(cudaDeviceSynchronize());
        std::vector<int> order(count);
        std::iota(order.begin(), order.end(), 0);
        std::stable_sort(order.begin(), order.end(),
                         [&](int a, int b) { return descending ? in[b] < in[a] : in[a] < in[b]; });
        expect(values.host() == order, "BlockRadixSort's order");
        auto sorted = keys.host();
        for (int i = 0; i < count; i++)
            expect(sorted[i] == in[order[i]], "BlockRadixSort's keys");
        compared += 2 * count;
    }
}

int main() {
    check_scan<int, 32, 1, cub::BLOCK_SCAN_WARP_SCANS>();
    check_scan<int, 128, 4, cub::BLOCK_SCAN_RAKING>();
    check_scan<unsigned, 256, 1, cub::BLOCK_SCAN_RAKING_MEMOIZE>();
    check_scan<uint64_t, 512, 3, cub::BLOCK_SCAN_WARP_SCANS>();
    check_scan<uint64_t, 1024, 1, cub::BLOCK_SCAN_WARP_SCANS>();
    check_scan<uint8_t, 96, 2, cub::BLOCK_SCAN_WARP_SCANS>();

    check_reduce<int, 32, cub::BLOCK_REDUCE_WARP_REDUCTIONS>();
    check_reduce<unsigned, 256, cub::BLOCK_REDUCE_WARP_REDUCTIONS>();
    check_reduce<int64_t, 1024, cub::BLOCK_REDUCE_WARP_REDUCTIONS>();
    check_reduce<uint64_t, 128, cub::BLOCK_REDUCE_RAKING>();
    check_reduce<int, 96, cub::BLOCK_REDUCE_RAKING_COMMUTATIVE_ONLY>();

    check_sort<uint32_t, 128, 4>();
    check_sort<int, 256, 1>();
    check_sort<float, 64, 5>();
    check_sort<double, 128, 2>();
    check_sort<uint64_t, 256, 2>();
    check_sort<int16_t, 32, 3>();
    check_sort<uint8_t, 64, 4>();
    printf("compared %zu items\n", compared);
}
