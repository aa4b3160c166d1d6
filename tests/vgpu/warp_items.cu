// CUB's collectives of a warp and functions of a thread on items of 8 to 128 bits against the host's, beside those of
// collectives.cu: loads and stores of every kind, exchanges by shuffles, sums of parts, searches and sorts, cached loads and stores.
#include "device_wide.cuh"

#include <algorithm>
#include <cub/iterator/arg_index_input_iterator.cuh>
#include <cub/iterator/cache_modified_input_iterator.cuh>
#include <cub/iterator/cache_modified_output_iterator.cuh>
#include <cub/thread/thread_load.cuh>
#include <cub/thread/thread_reduce.cuh>
#include <cub/thread/thread_search.cuh>
#include <cub/thread/thread_store.cuh>
#include <cub/warp/warp_exchange.cuh>
#include <cub/warp/warp_load.cuh>
#include <cub/warp/warp_reduce.cuh>
#include <cub/warp/warp_scan.cuh>
#include <cub/warp/warp_store.cuh>
#include <numeric>

constexpr int threads = 96, each = 4, count = threads * each;

template <class T, int WIDTH, cub::WarpLoadAlgorithm LOAD, cub::WarpStoreAlgorithm STORE>
__global__ void move(T *in, T *out, T *part, int valid) {
    using load = cub::WarpLoad<T, each, LOAD, WIDTH>;
    using store = cub::WarpStore<T, each, STORE, WIDTH>;
    constexpr int warps = threads / WIDTH, tile = WIDTH * each;
    __shared__ typename load::TempStorage loads[warps];
    __shared__ typename store::TempStorage stores[warps];
    int warp = threadIdx.x / WIDTH;
    T items[each];
    load(loads[warp]).Load(in + warp * tile, items);
    store(stores[warp]).Store(out + warp * tile, items);
    __syncwarp();
    load(loads[warp]).Load(in + warp * tile, items, valid, T(7.f));
    store(stores[warp]).Store(part + warp * tile, items);
}
template <class T, int WIDTH, cub::WarpLoadAlgorithm LOAD, cub::WarpStoreAlgorithm STORE>
static void check_move() {
    auto in = any_bits<T>(count);
    device_vector<T> device(in), out(count), part(count);
    const int valid = WIDTH + 3;
    move<T, WIDTH, LOAD, STORE><<<1, threads>>>(device.items, out.items, part.items, valid);
    must(cudaDeviceSynchronize());
    expect_equal(out.host(), in, "WarpLoad and WarpStore");
    for (int k = 0; k < count; k++)
        if (k % (WIDTH * each) >= valid)
            in[k] = T(7.f);
    expect_equal(part.host(), in, "WarpLoad of a part");
}

template <class T, cub::WarpExchangeAlgorithm ALGORITHM, int WIDTH>
__global__ void exchange(const T *in, T *striped, T *blocked) {
    using warp_exchange = cub::WarpExchange<T, each, WIDTH, ALGORITHM>;
    __shared__ typename warp_exchange::TempStorage storage[threads / WIDTH];
    int warp = threadIdx.x / WIDTH;
    T items[each], moved[each];
    cub::LoadDirectBlocked(threadIdx.x, in, items);
    warp_exchange(storage[warp]).BlockedToStriped(items, moved);
    cub::StoreDirectBlocked(threadIdx.x, striped, moved);
    __syncwarp();
    warp_exchange(storage[warp]).StripedToBlocked(items, moved);
    cub::StoreDirectBlocked(threadIdx.x, blocked, moved);
}
template <class T, cub::WarpExchangeAlgorithm ALGORITHM, int WIDTH> static void check_exchange() {
    constexpr int tile = WIDTH * each;
    auto in = any_bits<T>(count), striped = in, blocked = in;
    for (int k = 0; k < count; k++) {
        int first = k / tile * tile, place = k % tile;
        striped[k] = in[first + place % each * WIDTH + place / each];
        blocked[k] = in[first + place % WIDTH * each + place / WIDTH];
    }
    device_vector<T> device(in), striped_out(count), blocked_out(count);
    exchange<T, ALGORITHM, WIDTH><<<1, threads>>>(device.items, striped_out.items, blocked_out.items);
    must(cudaDeviceSynchronize());
    expect_equal(striped_out.host(), striped, "WarpExchange::BlockedToStriped");
    expect_equal(blocked_out.host(), blocked, "WarpExchange::StripedToBlocked");
}

// Sums of the parts that begin at a flag, and of those that end at one, at each part's first lane; a scan; a lane's own item.
template <class T, int WIDTH> __global__ void sum_parts(const T *in, const int *flags, T *out) {
    using reduce = cub::WarpReduce<T, WIDTH>;
    using scan = cub::WarpScan<T, WIDTH>;
    __shared__ typename reduce::TempStorage reductions[threads / WIDTH];
    __shared__ typename scan::TempStorage scans[threads / WIDTH];
    int warp = threadIdx.x / WIDTH, flag = flags[threadIdx.x];
    T own = in[threadIdx.x], sum;
    out[threadIdx.x] = reduce(reductions[warp]).HeadSegmentedSum(own, flag);
    __syncwarp();
    out[threads + threadIdx.x] = reduce(reductions[warp]).TailSegmentedSum(own, flag);
    scan(scans[warp]).ExclusiveScan(own, sum, T(3.f), cuda::std::plus<>{});
    out[2 * threads + threadIdx.x] = sum;
    __syncwarp();
    out[3 * threads + threadIdx.x] = scan(scans[warp]).Broadcast(own, WIDTH / 2);
}
template <class T, int WIDTH> static void check_parts() {
    auto in = is_float<T> ? small_items<T>(threads, 20) : any_bits<T>(threads);
    auto flags = small_items<int>(threads, 5);
    std::vector<T> scanned(threads), chosen(threads);
    for (int &flag : flags)
        flag = flag == 0;
    device_vector<T> device(in), out(4 * threads);
    device_vector<int> device_flags(flags);
    sum_parts<T, WIDTH><<<1, threads>>>(device.items, device_flags.items, out.items);
    must(cudaDeviceSynchronize());
    auto got = out.host();
    for (int k = 0; k < threads; k++) {
        int first = k / WIDTH * WIDTH;
        bool heads = k == first || flags[k], follows_tail = k == first || flags[k - 1];
        T head_sum = in[k], tail_sum = in[k];
        for (int i = k + 1; i < first + WIDTH && !flags[i]; i++)
            head_sum = head_sum + in[i];
        for (int i = k + 1; i < first + WIDTH && !flags[i - 1]; i++)
            tail_sum = tail_sum + in[i];
        if (heads)
            expect(same_bits(got[k], head_sum), "WarpReduce::HeadSegmentedSum");
        if (follows_tail)
            expect(same_bits(got[threads + k], tail_sum), "WarpReduce::TailSegmentedSum");
        scanned[k] = k == first ? T(3.f) : scanned[k - 1] + in[k - 1];
        chosen[k] = in[first + WIDTH / 2];
    }
    got.erase(got.begin(), got.begin() + 2 * threads);
    expect_equal(got, scanned, "WarpScan::ExclusiveScan");
    got.erase(got.begin(), got.begin() + threads);
    expect_equal(got, chosen, "WarpScan::Broadcast");
    compared += threads;
}

// Each thread alone: the sum and the largest of its items, the place of the first in a sorted list, items through the caches' ways.
template <class T> __global__ void own_results(const T *in, const T *sorted, T *sums, T *most, int *places) {
    T items[each];
    cub::CacheModifiedInputIterator<cub::LOAD_CG, T> through_l2(in + threadIdx.x * each);
    for (int k = 0; k < each; k++)
        items[k] = k == 0   ? cub::ThreadLoad<cub::LOAD_CA>(in + threadIdx.x * each)
                   : k == 1 ? cub::ThreadLoad<cub::LOAD_LDG>(in + threadIdx.x * each + 1)
                   : k == 2 ? cub::ThreadLoad<cub::LOAD_VOLATILE>(in + threadIdx.x * each + 2)
                            : through_l2[3];
    cub::ThreadStore<cub::STORE_WT>(sums + threadIdx.x, T(cub::ThreadReduce(items, cuda::std::plus<>{})));
    cub::CacheModifiedOutputIterator<cub::STORE_CS, T> streamed(most);
    streamed[threadIdx.x] = cub::ThreadReduce(items, cuda::maximum<>{});
    places[2 * threadIdx.x] = cub::LowerBound(sorted, count, items[0]);
    cub::ArgIndexInputIterator<const T *> numbered(in);
    places[2 * threadIdx.x + 1] =
        (int)numbered[threadIdx.x].key + (numbered[threadIdx.x].value == in[threadIdx.x]);
}
template <class T> static void check_threads() {
    auto in = is_float<T> ? small_items<T>(count, 100) : any_bits<T>(count), sorted = in;
    std::sort(sorted.begin(), sorted.end(), below());
    std::vector<T> sums, most;
    std::vector<int> places;
    for (int thread = 0; thread < threads; thread++) {
        T sum = in[thread * each], largest = sum;
        for (int k = 1; k < each; k++) {
            T item = in[thread * each + k];
            sum = sum + item, largest = below()(largest, item) ? item : largest;
        }
        sums.push_back(sum), most.push_back(largest);
        places.push_back((int)(std::lower_bound(sorted.begin(), sorted.end(), in[thread * each], below()) -
                               sorted.begin()));
        places.push_back(thread + 1);
    }
    device_vector<T> device(in), device_sorted(sorted), sums_out(threads), most_out(threads);
    device_vector<int> places_out(2 * threads);
    own_results<<<1, threads>>>(device.items, device_sorted.items, sums_out.items, most_out.items,
                                places_out.items);
    must(cudaDeviceSynchronize());
    expect_equal(sums_out.host(), sums, "ThreadReduce's sum");
    expect_equal(most_out.host(), most, "ThreadReduce's maximum");
    expect_equal(places_out.host(), places, "LowerBound and ArgIndexInputIterator");
}

int main() {
    check_move<uint8_t, 32, cub::WARP_LOAD_DIRECT, cub::WARP_STORE_TRANSPOSE>();
    check_move<__half, 8, cub::WARP_LOAD_VECTORIZE, cub::WARP_STORE_DIRECT>();
    check_move<double, 16, cub::WARP_LOAD_TRANSPOSE, cub::WARP_STORE_VECTORIZE>();
    check_move<__int128, 32, cub::WARP_LOAD_VECTORIZE, cub::WARP_STORE_TRANSPOSE>();
    check_move<uint16_t, 4, cub::WARP_LOAD_TRANSPOSE, cub::WARP_STORE_VECTORIZE>();
    check_exchange<uint8_t, cub::WARP_EXCHANGE_SMEM, 8>();
    check_exchange<float, cub::WARP_EXCHANGE_SHUFFLE, 4>();
    check_exchange<__int128, cub::WARP_EXCHANGE_SMEM, 32>();
    check_parts<uint8_t, 32>(), check_parts<__half, 32>(), check_parts<int64_t, 8>();
    check_parts<unsigned __int128, 32>(), check_parts<double, 16>();
    check_threads<uint16_t>(), check_threads<__half>(), check_threads<__nv_bfloat16>(),
        check_threads<float>();
    check_threads<int64_t>();
    printf("compared %zu items\n", compared);
}
