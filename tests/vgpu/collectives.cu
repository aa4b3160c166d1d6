// CUB's collectives of a warp and of a block, beside those of block_collectives.cu, against the host's: logical warps of every
// width, every way to load, store, exchange, rank, merge, count and compare neighbours.
#include "expect.cuh"

#include <algorithm>
#include <cub/block/block_adjacent_difference.cuh>
#include <cub/block/block_discontinuity.cuh>
#include <cub/block/block_exchange.cuh>
#include <cub/block/block_histogram.cuh>
#include <cub/block/block_load.cuh>
#include <cub/block/block_merge_sort.cuh>
#include <cub/block/block_radix_rank.cuh>
#include <cub/block/block_store.cuh>
#include <cub/warp/warp_exchange.cuh>
#include <cub/warp/warp_merge_sort.cuh>
#include <cub/warp/warp_reduce.cuh>
#include <cub/warp/warp_scan.cuh>
#include <numeric>

static size_t compared;
constexpr int threads = 128, each = 3, count = threads * each;

template <class T>
static void expect_equal(const device_vector<T> &device, const std::vector<T> &host, const char *what) {
    auto got = device.host();
    expect(std::equal(host.begin(), host.end(), got.begin()), what);
    compared += host.size();
}

template <class T, int WIDTH>
__global__ void warp_sums(const T *in, T *sum, T *most, T *inclusive, T *exclusive) {
    constexpr int warps = threads / WIDTH;
    __shared__ typename cub::WarpReduce<T, WIDTH>::TempStorage reduction[warps];
    __shared__ typename cub::WarpScan<T, WIDTH>::TempStorage scan[warps];
    int warp = threadIdx.x / WIDTH;
    T own = in[threadIdx.x];
    T total = cub::WarpReduce<T, WIDTH>(reduction[warp]).Sum(own);
    __syncwarp();
    T largest = cub::WarpReduce<T, WIDTH>(reduction[warp]).Reduce(own, cuda::maximum<>{}, WIDTH / 2 + 1);
    if (threadIdx.x % WIDTH == 0)
        sum[warp] = total, most[warp] = largest;
    cub::WarpScan<T, WIDTH>(scan[warp])
        .Scan(own, inclusive[threadIdx.x], exclusive[threadIdx.x], T(0), cuda::std::plus<>{});
}
template <class T, int WIDTH> static void check_warp_sums() {
    auto in = random_items{WIDTH}.items<T>(threads);
    for (T &item : in)
        item = (T)((int)item & 63); // exact in every type
    device_vector<T> device(in), sum(threads / WIDTH), most(threads / WIDTH), inclusive(threads),
        exclusive(threads);
    warp_sums<T, WIDTH>
        <<<1, threads>>>(device.items, sum.items, most.items, inclusive.items, exclusive.items);
    must(cudaDeviceSynchronize());
    std::vector<T> sums, largest, scanned(threads), shifted(threads);
    for (int first = 0; first < threads; first += WIDTH) {
        sums.push_back(std::accumulate(in.begin() + first, in.begin() + first + WIDTH, T(0)));
        largest.push_back(*std::max_element(in.begin() + first, in.begin() + first + WIDTH / 2 + 1));
        std::partial_sum(in.begin() + first, in.begin() + first + WIDTH, scanned.begin() + first);
        for (int k = first + 1; k < first + WIDTH; k++)
            shifted[k] = scanned[k - 1];
    }
    expect_equal(sum, sums, "WarpReduce::Sum");
    expect_equal(most, largest, "WarpReduce::Reduce of some");
    expect_equal(inclusive, scanned, "WarpScan, inclusive");
    expect_equal(exclusive, shifted, "WarpScan, exclusive");
}

struct less {
    template <class T> __device__ bool operator()(const T &a, const T &b) const { return a < b; }
};
template <int WIDTH> __global__ void warp_orders(int *in, int *striped, int *sorted) {
    using exchange = cub::WarpExchange<int, each, WIDTH>;
    using sort = cub::WarpMergeSort<int, each, WIDTH>;
    constexpr int warps = threads / WIDTH;
    __shared__ typename exchange::TempStorage exchange_storage[warps];
    __shared__ typename sort::TempStorage sort_storage[warps];
    int warp = threadIdx.x / WIDTH, lane = threadIdx.x % WIDTH, items[each], moved[each];
    for (int k = 0; k < each; k++)
        items[k] = in[threadIdx.x * each + k];
    exchange(exchange_storage[warp]).BlockedToStriped(items, moved);
    sort(sort_storage[warp]).Sort(items, less());
    for (int k = 0; k < each; k++) {
        striped[warp * WIDTH * each + k * WIDTH + lane] = moved[k];
        sorted[threadIdx.x * each + k] = items[k];
    }
}
template <int WIDTH> static void check_warp_orders() {
    auto in = random_items{WIDTH + 50}.items<int>(count);
    device_vector<int> device(in), striped(count), sorted(count);
    warp_orders<WIDTH><<<1, threads>>>(device.items, striped.items, sorted.items);
    must(cudaDeviceSynchronize());
    expect_equal(striped, in, "WarpExchange");
    for (int first = 0; first < count; first += WIDTH * each)
        std::sort(in.begin() + first, in.begin() + first + WIDTH * each);
    expect_equal(sorted, in, "WarpMergeSort");
}

// Loads in one way, stores in another, and part of a tile.
template <class T, cub::BlockLoadAlgorithm LOAD, cub::BlockStoreAlgorithm STORE>
__global__ void move(T *in, T *out, T *part, int valid) {
    using load = cub::BlockLoad<T, threads, each, LOAD>;
    using store = cub::BlockStore<T, threads, each, STORE>;
    __shared__ union {
        typename load::TempStorage load;
        typename store::TempStorage store;
    } storage;
    T items[each];
    load(storage.load).Load(in, items);
    __syncthreads();
    store(storage.store).Store(out, items);
    __syncthreads();
    load(storage.load).Load(in, items, valid, T(7));
    __syncthreads();
    store(storage.store).Store(part, items);
}
template <class T, cub::BlockLoadAlgorithm LOAD, cub::BlockStoreAlgorithm STORE> static void check_move() {
    auto in = random_items{LOAD * 10 + STORE}.items<T>(count);
    device_vector<T> device(in), out(count), part(count);
    const int valid = 200;
    move<T, LOAD, STORE><<<1, threads>>>(device.items, out.items, part.items, valid);
    must(cudaDeviceSynchronize());
    expect_equal(out, in, "BlockLoad and BlockStore");
    if (LOAD != cub::BLOCK_LOAD_STRIPED) {
        std::fill(in.begin() + valid, in.end(), T(7));
        expect_equal(part, in, "BlockLoad of a part");
    }
}

struct difference {
    __device__ int operator()(int a, int b) const { return a - b; }
};
struct differs {
    __device__ bool operator()(int a, int b) const { return a != b; }
};
__global__ void neighbours(int *in, int *left, int *right, int *heads, int *tails) {
    using adjacent = cub::BlockAdjacentDifference<int, threads>;
    using discontinuity = cub::BlockDiscontinuity<int, threads>;
    __shared__ typename adjacent::TempStorage adjacent_storage;
    __shared__ typename discontinuity::TempStorage flag_storage;
    int items[each], result[each], first[each], last[each];
    cub::LoadDirectBlocked(threadIdx.x, in, items);
    adjacent(adjacent_storage).SubtractLeft(items, result, difference());
    cub::StoreDirectBlocked(threadIdx.x, left, result);
    __syncthreads();
    adjacent(adjacent_storage).SubtractRight(items, result, difference());
    cub::StoreDirectBlocked(threadIdx.x, right, result);
    discontinuity(flag_storage).FlagHeadsAndTails(first, last, items, differs());
    cub::StoreDirectBlocked(threadIdx.x, heads, first);
    cub::StoreDirectBlocked(threadIdx.x, tails, last);
}
static void check_neighbours() {
    auto in = random_items{77}.items<int>(count);
    for (int &item : in)
        item &= 3;
    device_vector<int> device(in), left(count), right(count), heads(count), tails(count);
    neighbours<<<1, threads>>>(device.items, left.items, right.items, heads.items, tails.items);
    must(cudaDeviceSynchronize());
    std::vector<int> lefts(count), rights(count), first(count), last(count);
    for (int k = 0; k < count; k++) {
        lefts[k] = k ? in[k] - in[k - 1] : in[k];
        rights[k] = k + 1 < count ? in[k] - in[k + 1] : in[k];
        first[k] = k == 0 || in[k] != in[k - 1];
        last[k] = k + 1 == count || in[k] != in[k + 1];
    }
    expect_equal(left, lefts, "BlockAdjacentDifference::SubtractLeft");
    expect_equal(right, rights, "BlockAdjacentDifference::SubtractRight");
    expect_equal(heads, first, "BlockDiscontinuity's heads");
    expect_equal(tails, last, "BlockDiscontinuity's tails");
}

template <cub::BlockHistogramAlgorithm ALGORITHM> __global__ void histogram(uint8_t *in, unsigned *bins) {
    using block = cub::BlockHistogram<uint8_t, threads, each, 32, ALGORITHM>;
    __shared__ typename block::TempStorage storage;
    __shared__ unsigned counts[32];
    uint8_t items[each];
    cub::LoadDirectBlocked(threadIdx.x, in, items);
    block(storage).Histogram(items, counts);
    __syncthreads();
    if (threadIdx.x < 32)
        bins[threadIdx.x] = counts[threadIdx.x];
}
template <cub::BlockHistogramAlgorithm ALGORITHM> static void check_histogram() {
    auto in = random_items{78}.items<uint8_t>(count);
    std::vector<unsigned> wanted(32);
    for (uint8_t &item : in)
        wanted[item &= 31]++;
    device_vector<uint8_t> device(in);
    device_vector<unsigned> bins(32);
    histogram<ALGORITHM><<<1, threads>>>(device.items, bins.items);
    must(cudaDeviceSynchronize());
    expect_equal(bins, wanted, "BlockHistogram");
}

__global__ void orders(int *in, int *sorted, int *values, int *striped, int *scattered) {
    using sort = cub::BlockMergeSort<int, threads, each, int>;
    using exchange = cub::BlockExchange<int, threads, each>;
    __shared__ typename sort::TempStorage sort_storage;
    __shared__ typename exchange::TempStorage exchange_storage;
    int items[each], places[each], moved[each];
    cub::LoadDirectBlocked(threadIdx.x, in, items);
    for (int k = 0; k < each; k++)
        places[k] = threadIdx.x * each + k;
    exchange(exchange_storage).BlockedToStriped(items, moved);
    cub::StoreDirectStriped<threads>(threadIdx.x, striped, moved);
    __syncthreads();
    int ranks[each];
    for (int k = 0; k < each; k++)
        ranks[k] = count - 1 - places[k];
    exchange(exchange_storage).ScatterToBlocked(items, moved, ranks);
    cub::StoreDirectBlocked(threadIdx.x, scattered, moved);
    sort(sort_storage).StableSort(items, places, less());
    cub::StoreDirectBlocked(threadIdx.x, sorted, items);
    cub::StoreDirectBlocked(threadIdx.x, values, places);
}
static void check_orders() {
    auto in = random_items{79}.items<int>(count);
    for (int &item : in)
        item %= 50;
    device_vector<int> device(in), sorted(count), values(count), striped(count), scattered(count);
    orders<<<1, threads>>>(device.items, sorted.items, values.items, striped.items, scattered.items);
    must(cudaDeviceSynchronize());
    std::vector<int> places(count), keys, reversed(in.rbegin(), in.rend());
    std::iota(places.begin(), places.end(), 0);
    std::stable_sort(places.begin(), places.end(), [&](int a, int b) { return in[a] < in[b]; });
    for (int place : places)
        keys.push_back(in[place]);
    expect_equal(striped, in, "BlockExchange::BlockedToStriped");
    expect_equal(scattered, reversed, "BlockExchange::ScatterToBlocked");
    expect_equal(sorted, keys, "BlockMergeSort's keys");
    expect_equal(values, places, "BlockMergeSort's values");
}

template <class RANK> __global__ void rank_digits(unsigned *in, int *out) {
    __shared__ typename RANK::TempStorage storage;
    unsigned keys[each];
    int ranks[each];
    cub::LoadDirectBlocked(threadIdx.x, in, keys);
    RANK(storage).RankKeys(keys, ranks, cub::BFEDigitExtractor<unsigned>(4, 5));
    cub::StoreDirectBlocked(threadIdx.x, out, ranks);
}
static void check_ranks() {
    auto in = random_items{80}.items<unsigned>(count);
    device_vector<unsigned> device(in);
    device_vector<int> out(count);
    rank_digits<cub::BlockRadixRank<threads, 5, false>><<<1, threads>>>(device.items, out.items);
    must(cudaDeviceSynchronize());
    std::vector<int> places(count), ranks(count);
    std::iota(places.begin(), places.end(), 0);
    std::stable_sort(places.begin(), places.end(),
                     [&](int a, int b) { return (in[a] >> 4 & 31) < (in[b] >> 4 & 31); });
    for (int k = 0; k < count; k++)
        ranks[places[k]] = k;
    expect_equal(out, ranks, "BlockRadixRank");
}

int main() {
    check_warp_sums<int, 32>(), check_warp_sums<int, 16>(), check_warp_sums<int, 4>(),
        check_warp_sums<uint64_t, 8>();
    check_warp_sums<double, 32>(), check_warp_sums<float, 4>(), check_warp_sums<uint8_t, 2>(),
        check_warp_sums<int16_t, 32>();
    check_warp_orders<32>(), check_warp_orders<8>(), check_warp_orders<4>();
    check_move<int, cub::BLOCK_LOAD_DIRECT, cub::BLOCK_STORE_WARP_TRANSPOSE_TIMESLICED>();
    check_move<uint8_t, cub::BLOCK_LOAD_VECTORIZE, cub::BLOCK_STORE_WARP_TRANSPOSE>();
    check_move<double, cub::BLOCK_LOAD_TRANSPOSE, cub::BLOCK_STORE_VECTORIZE>();
    check_move<int16_t, cub::BLOCK_LOAD_WARP_TRANSPOSE, cub::BLOCK_STORE_TRANSPOSE>();
    check_move<float, cub::BLOCK_LOAD_WARP_TRANSPOSE_TIMESLICED, cub::BLOCK_STORE_DIRECT>();
    check_move<uint64_t, cub::BLOCK_LOAD_STRIPED, cub::BLOCK_STORE_STRIPED>();
    check_neighbours();
    check_histogram<cub::BLOCK_HISTO_SORT>();
    check_histogram<cub::BLOCK_HISTO_ATOMIC>();
    check_orders();
    check_ranks();
    printf("compared %zu items\n", compared);
}
