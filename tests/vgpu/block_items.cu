// CUB's collectives of a block on items of 8 to 128 bits against the host's: those that block_collectives.cu and collectives.cu
// leave out, of exchanges, shuffles, run lengths, ranks, sorts and scans.
#include "device_wide.cuh"

#include <algorithm>
#include <cstring>
#include <cub/block/block_adjacent_difference.cuh>
#include <cub/block/block_discontinuity.cuh>
#include <cub/block/block_exchange.cuh>
#include <cub/block/block_load.cuh>
#include <cub/block/block_radix_rank.cuh>
#include <cub/block/block_radix_sort.cuh>
#include <cub/block/block_reduce.cuh>
#include <cub/block/block_run_length_decode.cuh>
#include <cub/block/block_scan.cuh>
#include <cub/block/block_shuffle.cuh>
#include <cub/block/block_store.cuh>
#include <numeric>

constexpr int threads = 128, each = 3, count = threads * each, warp_count = 32 * each;

// Where scatters put an item, and which items the guarded ones leave out.
__host__ __device__ inline int rank_of(int place) { return place * 5 % count; }
__host__ __device__ inline bool is_left_out(int place) { return place % 4 == 1; }

constexpr int exchanges = 6;
template <class T> __global__ void exchange(const T *in, T *out) {
    using block = cub::BlockExchange<T, threads, each>;
    __shared__ typename block::TempStorage storage;
    T items[each], moved[each];
    int ranks[each], guarded[each], is_valid[each];
    cub::LoadDirectBlocked(threadIdx.x, in, items);
    for (int k = 0; k < each; k++) {
        int place = threadIdx.x * each + k;
        ranks[k] = rank_of(place);
        is_valid[k] = !is_left_out(place);
        guarded[k] = is_valid[k] ? ranks[k] : -1;
    }
    auto next = [&](int number) {
        cub::StoreDirectBlocked(threadIdx.x, out + number * count, moved);
        __syncthreads();
    };
    block(storage).StripedToBlocked(items, moved);
    next(0);
    block(storage).BlockedToWarpStriped(items, moved);
    next(1);
    block(storage).WarpStripedToBlocked(items, moved);
    next(2);
    block(storage).ScatterToStriped(items, moved, ranks);
    next(3);
    block(storage).ScatterToStripedGuarded(items, moved, guarded);
    next(4);
    block(storage).ScatterToStripedFlagged(items, moved, ranks, is_valid);
    next(5);
}
template <class T> static void check_exchange() {
    auto in = any_bits<T>(count);
    device_vector<T> device(in), out(exchanges * count);
    exchange<<<1, threads>>>(device.items, out.items);
    must(cudaDeviceSynchronize());
    auto got = out.host();
    for (int place = 0; place < count; place++) {
        int warp = place / warp_count * warp_count, in_warp = place % warp_count;
        int thread = place / each, item = place % each;
        int striped = place % threads * each + place / threads;
        expect(same_bits(got[place], in[striped]), "BlockExchange::StripedToBlocked");
        expect(same_bits(got[count + place], in[warp + item * 32 + thread % 32]),
               "BlockExchange::BlockedToWarpStriped");
        expect(same_bits(got[2 * count + place], in[warp + in_warp % 32 * each + in_warp / 32]),
               "BlockExchange::WarpStripedToBlocked");
        int target = rank_of(place) % threads * each + rank_of(place) / threads;
        expect(same_bits(got[3 * count + target], in[place]), "BlockExchange::ScatterToStriped");
        if (is_left_out(place))
            continue;
        expect(same_bits(got[4 * count + target], in[place]), "BlockExchange::ScatterToStripedGuarded");
        expect(same_bits(got[5 * count + target], in[place]), "BlockExchange::ScatterToStripedFlagged");
    }
    compared += exchanges * count;
}

template <class T> __global__ void shuffle(const T *in, T *offset, T *rotated, T *up, T *down, T *ends) {
    using block = cub::BlockShuffle<T, threads>;
    __shared__ typename block::TempStorage storage;
    T items[each], moved[each], end, one = in[threadIdx.x];
    block(storage).Offset(in[threadIdx.x], one, -2);
    offset[threadIdx.x] = one;
    __syncthreads();
    block(storage).Rotate(in[threadIdx.x], one, 5);
    rotated[threadIdx.x] = one;
    __syncthreads();
    cub::LoadDirectBlocked(threadIdx.x, in, items);
    std::memcpy(moved, items, sizeof items);
    block(storage).Up(items, moved, end);
    cub::StoreDirectBlocked(threadIdx.x, up, moved);
    if (threadIdx.x == 0)
        ends[0] = end;
    __syncthreads();
    std::memcpy(moved, items, sizeof items);
    block(storage).Down(items, moved, end);
    cub::StoreDirectBlocked(threadIdx.x, down, moved);
    if (threadIdx.x == threads - 1)
        ends[1] = end;
}
template <class T> static void check_shuffle() {
    auto in = any_bits<T>(count), offset = in, rotated = in, up = in, down = in;
    device_vector<T> device(in), d_offset(threads), d_rotated(threads), d_up(count), d_down(count), ends(2);
    shuffle<<<1, threads>>>(device.items, d_offset.items, d_rotated.items, d_up.items, d_down.items,
                            ends.items);
    must(cudaDeviceSynchronize());
    offset.resize(threads), rotated.resize(threads);
    for (int k = 0; k < threads; k++) {
        offset[k] = in[k < 2 ? k : k - 2];
        rotated[k] = in[(k + 5) % threads];
    }
    for (int k = 0; k < count; k++)
        up[k] = in[std::max(k - 1, 0)], down[k] = in[std::min(k + 1, count - 1)];
    expect_equal(d_offset.host(), offset, "BlockShuffle::Offset");
    expect_equal(d_rotated.host(), rotated, "BlockShuffle::Rotate");
    expect_equal(d_up.host(), up, "BlockShuffle::Up");
    expect_equal(d_down.host(), down, "BlockShuffle::Down");
    expect_equal(ends.host(), {in.back(), in.front()}, "BlockShuffle's ends");
}

// As many items as the runs have are decoded, a window at a time.
constexpr int window = 4 * threads;
template <class T> __global__ void decode(const T *runs, const int *lengths, T *out, int *offsets_out) {
    using block = cub::BlockRunLengthDecode<T, threads, each, 4>;
    __shared__ typename block::TempStorage storage;
    T own[each], items[4];
    int own_lengths[each], offsets[4], total = 0;
    cub::LoadDirectBlocked(threadIdx.x, runs, own);
    cub::LoadDirectBlocked(threadIdx.x, lengths, own_lengths);
    block decoder(storage, own, own_lengths, total);
    for (int done = 0; done < total; done += window) {
        decoder.RunLengthDecode(items, offsets, done);
        cub::StoreDirectBlocked(threadIdx.x, out + done, items, total - done);
        cub::StoreDirectBlocked(threadIdx.x, offsets_out + done, offsets, total - done);
    }
}
template <class T> static void check_decode() {
    auto runs = any_bits<T>(count), wanted = runs;
    auto lengths = small_items<int>(count, 9);
    std::vector<int> offsets;
    wanted.clear();
    for (int k = 0; k < count; k++) {
        lengths[k]++; // a run has at least one item
        for (int i = 0; i < lengths[k]; i++)
            wanted.push_back(runs[k]), offsets.push_back(i);
    }
    device_vector<T> device(runs), out(wanted.size());
    device_vector<int> device_lengths(lengths), offsets_out(wanted.size());
    decode<<<1, threads>>>(device.items, device_lengths.items, out.items, offsets_out.items);
    must(cudaDeviceSynchronize());
    expect_equal(out.host(), wanted, "BlockRunLengthDecode's items");
    expect_equal(offsets_out.host(), offsets, "BlockRunLengthDecode's places in the runs");
}

// A tile after another, each with the sum of those before; and the sums of all tiles alone.
template <class T> struct running {
    T total;
    __device__ T operator()(T tile) {
        T before = total;
        total = total + tile;
        return before;
    }
};
template <class T, cub::BlockScanAlgorithm SCAN, cub::BlockReduceAlgorithm REDUCE>
__global__ void sum_tiles(const T *in, T *out, T *sums, int tiles) {
    using scan = cub::BlockScan<T, threads, SCAN>;
    using reduce = cub::BlockReduce<T, threads, REDUCE>;
    using load = cub::BlockLoad<T, threads, each, cub::BLOCK_LOAD_TRANSPOSE>;
    __shared__ union {
        typename scan::TempStorage scan;
        typename reduce::TempStorage reduce;
        typename load::TempStorage load;
    } storage;
    running<T> before{T(0.f)};
    for (int tile = 0; tile < tiles; tile++) {
        T items[each];
        load(storage.load).Load(in + tile * count, items);
        __syncthreads();
        T sum = reduce(storage.reduce).Sum(items);
        if (threadIdx.x == 0)
            sums[tile] = sum;
        __syncthreads();
        scan(storage.scan).ExclusiveScan(items, items, cuda::std::plus<>{}, before);
        cub::StoreDirectBlocked(threadIdx.x, out + tile * count, items);
        __syncthreads();
    }
}
template <class T, cub::BlockScanAlgorithm SCAN, cub::BlockReduceAlgorithm REDUCE> static void check_tiles() {
    const int tiles = 3;
    auto in = is_float<T> ? small_items<T>(tiles * count, 2) : any_bits<T>(tiles * count), wanted = in;
    std::vector<T> sums(tiles, T(0.f));
    T sum = T(0.f);
    for (int k = 0; k < tiles * count; k++) {
        wanted[k] = sum;
        sum = sum + in[k], sums[k / count] = sums[k / count] + in[k];
    }
    device_vector<T> device(in), out(tiles * count), sums_out(tiles);
    sum_tiles<T, SCAN, REDUCE><<<1, threads>>>(device.items, out.items, sums_out.items, tiles);
    must(cudaDeviceSynchronize());
    expect_equal(out.host(), wanted, "BlockScan with a running prefix");
    expect_equal(sums_out.host(), sums, "BlockReduce of several items a thread");
}

template <class T> __global__ void sort(const T *in, T *out) {
    using block = cub::BlockRadixSort<T, threads, each>;
    __shared__ typename block::TempStorage storage;
    T items[each];
    cub::LoadDirectBlocked(threadIdx.x, in, items);
    block(storage).SortDescendingBlockedToStriped(items);
    cub::StoreDirectStriped<threads>(threadIdx.x, out, items);
}
template <class T> static void check_sort() {
    auto in = any_bits<T>(count);
    device_vector<T> device(in), out(count);
    sort<<<1, threads>>>(device.items, out.items);
    must(cudaDeviceSynchronize());
    std::sort(in.begin(), in.end(), [](const T &a, const T &b) { return b < a; });
    expect_equal(out.host(), in, "BlockRadixSort::SortDescendingBlockedToStriped");
}

// Keys of a warp are its stripes.
template <class RANK> __global__ void rank_stripes(const unsigned *in, int *out) {
    __shared__ typename RANK::TempStorage storage;
    unsigned keys[each];
    int ranks[each], begins[1];
    cub::LoadDirectWarpStriped(threadIdx.x, in, keys);
    RANK(storage).RankKeys(keys, ranks, cub::BFEDigitExtractor<unsigned>(4, 5), begins);
    cub::StoreDirectWarpStriped(threadIdx.x, out, ranks);
}
template <class RANK> static void check_ranks(const char *what) {
    auto in = any_bits<unsigned>(count);
    std::vector<int> places(count), ranks(count);
    std::iota(places.begin(), places.end(), 0);
    std::stable_sort(places.begin(), places.end(),
                     [&](int a, int b) { return (in[a] >> 4 & 31) < (in[b] >> 4 & 31); });
    for (int k = 0; k < count; k++)
        ranks[places[k]] = k;
    device_vector<unsigned> device(in);
    device_vector<int> out(count);
    rank_stripes<RANK><<<1, threads>>>(device.items, out.items);
    must(cudaDeviceSynchronize());
    expect_equal(out.host(), ranks, what);
}

// Of a part of a tile, whose left neighbour is known; and the ends of runs before a known right one.
template <class T> __global__ void neighbours(const T *in, T *left, int *tails, int valid) {
    using adjacent = cub::BlockAdjacentDifference<T, threads>;
    using discontinuity = cub::BlockDiscontinuity<T, threads>;
    __shared__ typename adjacent::TempStorage adjacent_storage;
    __shared__ typename discontinuity::TempStorage flag_storage;
    T items[each], result[each];
    int flags[each];
    cub::LoadDirectBlocked(threadIdx.x, in, items);
    adjacent(adjacent_storage).SubtractLeftPartialTile(items, result, cuda::std::minus<>{}, valid, T(1.f));
    cub::StoreDirectBlocked(threadIdx.x, left, result);
    discontinuity(flag_storage).FlagTails(flags, items, cuda::std::not_equal_to<>{}, T(1.f));
    cub::StoreDirectBlocked(threadIdx.x, tails, flags);
}
template <class T> static void check_neighbours() {
    auto in = small_items<T>(count, 3), left = in;
    std::vector<int> tails(count);
    const int valid = 250;
    for (int k = 0; k < count; k++) {
        if (k < valid)
            left[k] = in[k] - (k ? in[k - 1] : T(1.f));
        tails[k] = in[k] != (k + 1 < count ? in[k + 1] : T(1.f));
    }
    device_vector<T> device(in), left_out(count);
    device_vector<int> tails_out(count);
    neighbours<<<1, threads>>>(device.items, left_out.items, tails_out.items, valid);
    must(cudaDeviceSynchronize());
    expect_equal(left_out.host(), left, "BlockAdjacentDifference::SubtractLeftPartialTile");
    expect_equal(tails_out.host(), tails, "BlockDiscontinuity::FlagTails");
}

int main() {
    check_exchange<uint8_t>(), check_exchange<__half>(), check_exchange<double>(), check_exchange<__int128>();
    check_shuffle<uint16_t>(), check_shuffle<float>(), check_shuffle<__int128>();
    check_decode<uint8_t>(), check_decode<uint64_t>(), check_decode<__int128>();
    check_tiles<uint16_t, cub::BLOCK_SCAN_RAKING, cub::BLOCK_REDUCE_RAKING>();
    check_tiles<__half, cub::BLOCK_SCAN_WARP_SCANS, cub::BLOCK_REDUCE_WARP_REDUCTIONS>();
    check_tiles<unsigned __int128, cub::BLOCK_SCAN_WARP_SCANS, cub::BLOCK_REDUCE_RAKING_COMMUTATIVE_ONLY>();
    check_sort<uint8_t>(), check_sort<__int128>();
    check_ranks<cub::BlockRadixRankMatch<threads, 5, false>>("BlockRadixRankMatch");
    check_ranks<cub::BlockRadixRankMatchEarlyCounts<threads, 5, false, cub::BLOCK_SCAN_WARP_SCANS,
                                                    cub::WARP_MATCH_ATOMIC_OR>>("by counts and an atomic or");
    check_neighbours<uint8_t>(), check_neighbours<__half>(), check_neighbours<__int128>();
    printf("compared %zu items\n", compared);
}
