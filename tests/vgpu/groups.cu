// Cooperative groups: tiles, coalesced and partitioned groups, their reductions and scans, blocks, grids and clusters, tiles of
// several warps, asynchronous copies.
#include "expect.cuh"

#include <algorithm>
#include <cooperative_groups.h>
#include <cooperative_groups/memcpy_async.h>
#include <cooperative_groups/reduce.h>
#include <cooperative_groups/scan.h>

namespace cg = cooperative_groups;
static size_t compared;

// Each thread's results are rows of this many words.
constexpr int row = 24;

template <int SIZE> __global__ void tiles(int *out) {
    auto block = cg::this_thread_block();
    auto tile = cg::tiled_partition<SIZE>(block);
    int own = threadIdx.x * 7 % 13, *to = out + threadIdx.x * row;
    *to++ = tile.thread_rank(), *to++ = tile.meta_group_rank(), *to++ = tile.size();
    *to++ = cg::reduce(tile, own, cg::plus<int>());
    *to++ = cg::reduce(tile, own, cg::less<int>());
    *to++ = cg::reduce(tile, own, cg::greater<int>());
    *to++ = cg::reduce(tile, own, cg::bit_xor<int>());
    *to++ = cg::inclusive_scan(tile, own);
    *to++ = cg::exclusive_scan(tile, own, cg::plus<int>());
    *to++ = tile.shfl(own, SIZE / 2), *to++ = tile.shfl_xor(own, SIZE / 2);
    *to++ = tile.shfl_up(own, 1), *to++ = tile.shfl_down(own, 1);
    *to++ = tile.any(own == 5), *to++ = tile.all(own < 13), *to++ = tile.ballot(own & 1);
    *to++ = tile.match_any(own);
    double halves = cg::reduce(tile, own * 0.5, cg::plus<double>());
    *to++ = (int)(halves * 2);
    *to++ = (int)(cg::reduce(tile, (long long)own << 33, cg::plus<long long>()) >> 33);
    tile.sync();
}

template <int SIZE> static void check_tiles() {
    const int threads = 96;
    device_vector<int> out(threads * row);
    tiles<SIZE><<<1, threads>>>(out.items);
    must(cudaDeviceSynchronize());
    auto got = out.host();
    auto own = [](int thread) { return thread * 7 % 13; };
    for (int thread = 0; thread < threads; thread++) {
        int first = thread / SIZE * SIZE, rank = thread - first, sum = 0, least = 99, most = 0, odd = 0,
            before = 0;
        unsigned ballot = 0, equal = 0;
        bool any = false;
        for (int k = 0; k < SIZE; k++) {
            int x = own(first + k);
            before += k < rank ? x : 0;
            sum += x, least = std::min(least, x), most = std::max(most, x), odd ^= x;
            any |= x == 5, ballot |= (unsigned)(x & 1) << k, equal |= (unsigned)(x == own(thread)) << k;
        }
        const int wanted[] = {rank,
                              thread / SIZE,
                              SIZE,
                              sum,
                              least,
                              most,
                              odd,
                              before + own(thread),
                              before,
                              own(first + SIZE / 2),
                              own(first + (rank ^ SIZE / 2)),
                              own(rank ? thread - 1 : thread),
                              own(rank + 1 < SIZE ? thread + 1 : thread),
                              any,
                              true,
                              (int)ballot,
                              (int)equal,
                              sum,
                              sum};
        for (size_t k = 0; k < sizeof wanted / sizeof *wanted; k++) {
            if (got[thread * row + k] != wanted[k])
                printf("tile of %d, thread %d, result %zu: %d, not %d\n", SIZE, thread, k,
                       got[thread * row + k], wanted[k]);
            expect(got[thread * row + k] == wanted[k], "a tile's operations");
        }
        compared += sizeof wanted / sizeof *wanted;
    }
}

// Groups made of the threads that happen to be in a branch, split by a label and by a predicate.
__global__ void parts(int *out) {
    int *to = out + threadIdx.x * row;
    for (int k = 0; k < row; k++)
        to[k] = -1;
    if (threadIdx.x % 3 != 1) {
        auto active = cg::coalesced_threads();
        *to++ = active.size(), *to++ = active.thread_rank();
        *to++ = cg::reduce(active, (int)threadIdx.x, cg::plus<int>());
        *to++ = cg::exclusive_scan(active, 1, cg::plus<int>());
        *to++ = active.shfl((int)threadIdx.x, 3), *to++ = active.shfl_up((int)threadIdx.x, 1);
        *to++ = active.ballot(threadIdx.x & 1), *to++ = active.any(threadIdx.x % 32 == 5);
        auto label = cg::labeled_partition(active, (int)threadIdx.x % 4);
        *to++ = label.size(), *to++ = cg::reduce(label, (int)threadIdx.x, cg::plus<int>());
        auto half = cg::binary_partition(active, threadIdx.x % 32 > 10);
        *to++ = half.size(), *to++ = half.thread_rank();
        auto tile = cg::tiled_partition(active, 4);
        *to++ = tile.size(), *to++ = tile.thread_rank();
        active.sync();
    } else {
        auto others = cg::coalesced_threads();
        *to++ = others.size();
        *to++ = cg::invoke_one_broadcast(others, [&] { return 40 + (int)others.size(); });
    }
}

static void check_parts() {
    const int threads = 64;
    device_vector<int> out(threads * row);
    parts<<<1, threads>>>(out.items);
    must(cudaDeviceSynchronize());
    auto got = out.host();
    for (int thread = 0; thread < threads; thread++) {
        int begin = thread / 32 * 32;
        std::vector<int> active, same, half;
        for (int k = begin; k < begin + 32; k++) {
            if ((k % 3 == 1) != (thread % 3 == 1))
                continue;
            active.push_back(k);
            if (k % 4 == thread % 4)
                same.push_back(k);
            if ((k % 32 > 10) == (thread % 32 > 10))
                half.push_back(k);
        }
        auto rank_in = [&](const std::vector<int> &group) {
            return (int)(std::find(group.begin(), group.end(), thread) - group.begin());
        };
        auto sum_of = [](const std::vector<int> &group) {
            int sum = 0;
            for (int one : group)
                sum += one;
            return sum;
        };
        int size = (int)active.size(), rank = rank_in(active), odd = 0, has_five = 0;
        for (int k = 0; k < size; k++)
            odd |= (active[k] & 1) << k, has_five |= active[k] % 32 == 5;
        std::vector<int> wanted = {size,
                                   rank,
                                   sum_of(active),
                                   rank,
                                   active[size > 3 ? 3 : 0],
                                   active[rank ? rank - 1 : 0],
                                   odd,
                                   has_five,
                                   (int)same.size(),
                                   sum_of(same),
                                   (int)half.size(),
                                   rank_in(half),
                                   std::min(4, size - rank / 4 * 4),
                                   rank % 4};
        if (thread % 3 == 1)
            wanted = {size, 40 + size};
        for (size_t k = 0; k < wanted.size(); k++) {
            if (got[thread * row + k] != wanted[k])
                printf("thread %d, result %zu: %d, not %d\n", thread, k, got[thread * row + k], wanted[k]);
            expect(got[thread * row + k] == wanted[k], "a coalesced group's operations");
        }
        compared += wanted.size();
    }
}

// Tiles of several warps synchronise and share through memory given to them.
__global__ void large_tiles(int *out) {
    __shared__ cg::block_tile_memory<256> memory;
    auto block = cg::this_thread_block(memory);
    auto tile = cg::tiled_partition<64>(block);
    int own = (int)threadIdx.x;
    out[threadIdx.x] = cg::reduce(tile, own, cg::plus<int>());
    out[256 + threadIdx.x] = cg::inclusive_scan(tile, own);
    out[512 + threadIdx.x] = tile.shfl(own, 40);
    out[768 + threadIdx.x] = tile.any(own == 70);
    tile.sync();
}
static void check_large_tiles() {
    device_vector<int> out(1024);
    large_tiles<<<1, 256>>>(out.items);
    must(cudaDeviceSynchronize());
    auto got = out.host();
    for (int thread = 0; thread < 256; thread++) {
        int first = thread / 64 * 64, sum = 64 * first + 63 * 32, rank = thread - first;
        expect(got[thread] == sum, "the sum of a tile of two warps");
        expect(got[256 + thread] == (rank + 1) * first + rank * (rank + 1) / 2,
               "the scan of a tile of two warps");
        expect(got[512 + thread] == first + 40 && got[768 + thread] == (first == 64),
               "shfl and any of a tile of two warps");
    }
    compared += 1024;
}

__global__ void copies(const int *in, int *out, int count) {
    extern __shared__ int staged[];
    auto block = cg::this_thread_block();
    cg::memcpy_async(block, staged, in, sizeof(int) * count);
    cg::wait(block);
    for (int k = threadIdx.x; k < count; k += blockDim.x)
        out[k] = staged[count - 1 - k];
    block.sync();
    cg::memcpy_async(block, staged, in + 3, sizeof(int) * 5); // neither aligned to 16 bytes nor whole ones
    cg::wait_prior<0>(block);
    if (threadIdx.x < 5)
        out[count + threadIdx.x] = staged[threadIdx.x];
}
static void check_copies() {
    for (int count : {1, 37, 1000}) {
        auto in = random_items{(uint64_t)count}.items<int>(count + 8);
        device_vector<int> device_in(in), out(count + 5);
        copies<<<1, 64, sizeof(int) * (count + 8)>>>(device_in.items, out.items, count);
        must(cudaDeviceSynchronize());
        auto got = out.host();
        for (int k = 0; k < count; k++)
            expect(got[k] == in[count - 1 - k], "memcpy_async of a block");
        for (int k = 0; k < 5; k++)
            expect(got[count + k] == in[3 + k], "memcpy_async of a few items");
        compared += count;
    }
}

__global__ void over_grid(unsigned *sums, unsigned *out) {
    auto grid = cg::this_grid();
    atomicAdd(&sums[0], 1);
    grid.sync();
    unsigned all = *(volatile unsigned *)&sums[0];
    if (grid.thread_rank() == 0)
        out[0] = all, out[1] = (unsigned)grid.size(), out[2] = grid.group_dim().x;
    auto token = grid.barrier_arrive();
    grid.barrier_wait(std::move(token));
}
static void check_grid() {
    device_vector<unsigned> sums(std::vector<unsigned>{0}), out(3);
    void *arguments[] = {&sums.items, &out.items};
    must(cudaLaunchCooperativeKernel(over_grid, 20, 96, arguments, 0, 0));
    must(cudaDeviceSynchronize());
    auto got = out.host();
    expect(got[0] == 20 * 96 && got[1] == 20 * 96 && got[2] == 20, "a grid's barrier and sizes");
    compared += 3;
}

#if !defined(__CUDA_ARCH__) || __CUDA_ARCH__ >= 900
#define HAS_CLUSTERS 1
#endif
__global__ void over_cluster(unsigned *out) {
#ifdef HAS_CLUSTERS
    __shared__ unsigned own;
    auto cluster = cg::this_cluster();
    if (threadIdx.x == 0)
        own = blockIdx.x * 10;
    cluster.sync();
    unsigned *other = cluster.map_shared_rank(&own, (cluster.block_rank() + 1) % cluster.num_blocks());
    if (threadIdx.x == 0) {
        out[blockIdx.x * 4] = *other;
        out[blockIdx.x * 4 + 1] = cluster.query_shared_rank(other);
        out[blockIdx.x * 4 + 2] = cluster.num_threads();
        out[blockIdx.x * 4 + 3] = cluster.dim_blocks().x;
    }
    cluster.sync();
#endif
}
static void check_cluster() {
    cudaFuncAttributes built;
    must(cudaFuncGetAttributes(&built, over_cluster));
    if (built.ptxVersion < 90)
        return;
    device_vector<unsigned> out(32);
    cudaLaunchConfig_t config = {};
    config.gridDim = 8, config.blockDim = 64;
    cudaLaunchAttribute attribute = {};
    attribute.id = cudaLaunchAttributeClusterDimension;
    attribute.val.clusterDim = {4, 1, 1};
    config.attrs = &attribute, config.numAttrs = 1;
    must(cudaLaunchKernelEx(&config, over_cluster, out.items));
    must(cudaDeviceSynchronize());
    auto got = out.host();
    for (unsigned block = 0; block < 8; block++) {
        unsigned next = block / 4 * 4 + (block + 1) % 4;
        expect(got[block * 4] == next * 10 && got[block * 4 + 1] == next % 4,
               "the shared memory of the next block");
        expect(got[block * 4 + 2] == 256 && got[block * 4 + 3] == 4, "a cluster's sizes");
    }
    compared += 32;
}

int main() {
    check_tiles<1>(), check_tiles<2>(), check_tiles<4>(), check_tiles<8>(), check_tiles<16>(),
        check_tiles<32>();
    check_parts();
    check_large_tiles();
    check_copies();
    check_grid();
    check_cluster();
    printf("compared %zu results\n", compared);
}
