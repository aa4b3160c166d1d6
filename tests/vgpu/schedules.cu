// Mistakes that give the right result in the usual order of things and a wrong one in another that CUDA allows: one a run, named by
// the argument; says whether the result was right. `clean` does the same things as they should be done, and is right in any order.
#include "expect.cuh"

#include <cooperative_groups.h>
#include <cstring>

namespace groups = cooperative_groups;

enum { THREADS = 128, WARPS = THREADS / 32, BLOCKS = 12, ITEMS = BLOCKS * THREADS };

__device__ int lane() { return threadIdx.x % 32; }
__device__ int thread() { return blockIdx.x * THREADS + threadIdx.x; }

// Every thread of a right launch leaves 1 in its word of out. words: zeros.

// --- between the warps of a block
template <bool RIGHT> __global__ void read_after_write(int *out, int *) {
    __shared__ int items[THREADS];
    items[threadIdx.x] = threadIdx.x;
    if (RIGHT)
        __syncthreads();
    int earlier = threadIdx.x < 32 ? threadIdx.x : threadIdx.x - 32;
    out[thread()] = items[earlier] == earlier;
}
template <bool RIGHT> __global__ void write_after_read(int *out, int *) {
    __shared__ int item;
    int right = 1;
    for (int round = 0; round < 2; round++) {
        if (threadIdx.x == THREADS - 64) // its warp usually is the last to read
            item = round;
        __syncthreads();
        right &= item == round;
        if (RIGHT)
            __syncthreads();
    }
    out[thread()] = right;
}
template <bool RIGHT> __global__ void count_warps(int *out, int *) {
    __shared__ int count;
    if (threadIdx.x == 0)
        count = 0;
    __syncthreads();
    if (lane() == 0) {
        if (RIGHT)
            atomicAdd(&count, 1);
        else
            *(volatile int *)&count = *(volatile int *)&count + 1;
    }
    __syncthreads();
    out[thread()] = count == WARPS;
}
// The first half produces, the second consumes, at a named barrier.
template <bool RIGHT> __global__ void produce(int *out, int *) {
    __shared__ int items[THREADS / 2];
    out[thread()] = 1;
    if (threadIdx.x < THREADS / 2) {
        items[threadIdx.x] = threadIdx.x;
        asm volatile("bar.arrive 1, %0;" ::"r"(THREADS) : "memory");
    } else {
        if (RIGHT)
            asm volatile("bar.sync 1, %0;" ::"r"(THREADS) : "memory");
        else
            asm volatile("bar.sync 2, %0;" ::"r"(THREADS / 2) : "memory");
        out[thread()] = items[threadIdx.x - THREADS / 2] == (int)threadIdx.x - THREADS / 2;
    }
}

// --- between the lanes of a warp
template <bool RIGHT> __global__ void exchange(int *out, int *) {
    __shared__ volatile int items[THREADS];
    items[threadIdx.x] = threadIdx.x;
    if (RIGHT)
        __syncwarp();
    out[thread()] = items[threadIdx.x ^ 1] == (threadIdx.x ^ 1);
}
// As it was written before Volta: each warp sums its threads' numbers.
template <bool RIGHT> __global__ void reduce(int *out, int *) {
    __shared__ volatile int items[THREADS + 16];
    volatile int *mine = items + threadIdx.x;
    *mine = 1;
    for (int distance = 16; distance > 0; distance /= 2) {
        if (RIGHT)
            __syncwarp();
        int sum = *mine + mine[distance];
        if (RIGHT)
            __syncwarp();
        if (lane() < distance)
            *mine = sum;
    }
    if (RIGHT)
        __syncwarp();
    out[thread()] = items[threadIdx.x - lane()] == 32;
}
template <bool RIGHT> __global__ void count_lanes(int *out, int *) {
    int odd = lane() % 2 ? __popc(threadIdx.x) + 1 : 1;
    int count = __popc(__ballot_sync(RIGHT ? ~0u : __activemask(), odd > 0));
    out[thread()] = count == 32;
}
template <bool RIGHT> __global__ void ranks(int *out, int *) {
    __shared__ int counts[WARPS];
    if (lane() == 0)
        counts[threadIdx.x / 32] = 0;
    __syncwarp();
    int rank = atomicAdd(&counts[threadIdx.x / 32], 1);
    int same = RIGHT ? __popc(__match_any_sync(~0u, rank)) == 1 : rank == lane();
    out[thread()] = same;
}
template <bool RIGHT> __global__ void last_lane_wins(int *out, int *) {
    __shared__ int winners[WARPS];
    winners[threadIdx.x / 32] = lane();
    __syncwarp();
    int winner = winners[threadIdx.x / 32];
    out[thread()] = RIGHT ? winner >= 0 && winner < 32 : winner == 31;
}

// --- between blocks
template <bool RIGHT> __global__ void count_blocks(int *out, int *words) {
    if (threadIdx.x == 0) {
        if (RIGHT)
            atomicAdd(words, 1);
        else
            *(volatile int *)words = *(volatile int *)words + 1;
    }
    out[thread()] = 1;
}
template <bool RIGHT> __global__ void in_order(int *out, int *words) {
    __shared__ int ticket;
    if (threadIdx.x == 0)
        ticket = atomicAdd(words, 1);
    __syncthreads();
    int block = RIGHT ? ticket : blockIdx.x;
    out[block * THREADS + threadIdx.x] = block == ticket;
}
template <bool RIGHT> __global__ void after_neighbour(int *out, int *words) {
    volatile int *flags = words + 1;
    if (threadIdx.x == 0) {
        if (RIGHT && blockIdx.x > 0)
            while (!flags[blockIdx.x - 1])
                continue;
        out[thread()] = blockIdx.x == 0 || flags[blockIdx.x - 1];
        __threadfence();
        flags[blockIdx.x] = 1;
    } else {
        out[thread()] = 1;
    }
}
// The last block to finish adds up what each has left.
template <bool RIGHT> __global__ void last_adds(int *out, int *words) {
    int *partial = words + 1;
    __shared__ bool last;
    out[thread()] = 1;
    partial[thread()] = 1;
    __threadfence();
    if (RIGHT)
        __syncthreads();
    if (threadIdx.x == THREADS - 1) // its warp usually runs last
        last = atomicAdd(words, 1) == BLOCKS - 1;
    __syncthreads();
    if (!last)
        return;
    __threadfence();
    int sum = 0;
    for (int block = 0; block < BLOCKS; block++)
        sum += ((volatile int *)partial)[block * THREADS + threadIdx.x];
    out[threadIdx.x] = sum == BLOCKS;
}
template <bool RIGHT> __global__ void over_the_grid(int *out, int *words) {
    int *items = words + 1;
    items[thread()] = thread() + 1;
    if (RIGHT)
        groups::this_grid().sync();
    int earlier = thread() < THREADS ? thread() : thread() - THREADS;
    out[thread()] = ((volatile int *)items)[earlier] == earlier + 1;
}

// --- clusters and asynchronous barriers, from architecture 90 on
template <bool RIGHT> __global__ void over_the_cluster(int *out, int *) {
#if __CUDA_ARCH__ >= 900
    __shared__ int item;
    auto cluster = groups::this_cluster();
    cluster.sync(); // all blocks have begun
    if (threadIdx.x == 0)
        item = cluster.block_rank() + 1;
    __syncthreads();
    if (RIGHT)
        cluster.sync();
    unsigned last = cluster.num_blocks() - 1; // goes on first, as it arrives last
    unsigned earlier = cluster.block_rank() == last ? last : (cluster.block_rank() + last) % (last + 1);
    out[thread()] = *(volatile int *)cluster.map_shared_rank(&item, earlier) == (int)earlier + 1;
    cluster.sync(); // shared memory stays until all have read
#endif
}
template <bool RIGHT> __global__ void wait_once(int *out, int *) {
#if __CUDA_ARCH__ >= 900
    __shared__ unsigned long long barrier;
    __shared__ int item;
    unsigned address = (unsigned)__cvta_generic_to_shared(&barrier), passed = 0;
    if (threadIdx.x == 0) {
        asm volatile("mbarrier.init.shared.b64 [%0], 1;" ::"r"(address) : "memory");
        item = 0;
    }
    __syncthreads();
    if (threadIdx.x == THREADS - 1) {
        item = 1;
        asm volatile("{ .reg .b64 s; mbarrier.arrive.shared.b64 s, [%0]; }" ::"r"(address) : "memory");
    }
    do
        asm volatile("{ .reg .pred p; mbarrier.try_wait.parity.shared.b64 p, [%1], 0; selp.u32 %0, 1, 0, p; }"
                     : "=r"(passed)
                     : "r"(address)
                     : "memory");
    while (RIGHT && !passed);
    out[thread()] = *(volatile int *)&item;
#endif
}

// --- asynchronous copies, from architectures 80 and 90 on
template <bool RIGHT> __global__ void fetch(int *out, int *words) {
#if __CUDA_ARCH__ >= 800
    __shared__ int items[THREADS];
    items[threadIdx.x] = 1;
    unsigned to = (unsigned)__cvta_generic_to_shared(&items[threadIdx.x]);
    asm volatile("cp.async.ca.shared.global [%0], [%1], 4; cp.async.commit_group;" ::"r"(to), "l"(words)
                 : "memory");
    if (RIGHT)
        asm volatile("cp.async.wait_group 0;" ::: "memory");
    out[thread()] = items[threadIdx.x] == 0;
#endif
}
// Each warp writes its tile with one copy, and reads it.
template <bool RIGHT> __global__ void write_back(int *out, int *words) {
#if __CUDA_ARCH__ >= 900
    __shared__ alignas(16) int items[THREADS];
    int first = threadIdx.x - lane(), *tile = words + blockIdx.x * THREADS + first;
    items[threadIdx.x] = 1;
    asm volatile("fence.proxy.async.shared::cta;" ::: "memory");
    __syncwarp();
    if (lane() == 0) {
        asm volatile(
            "cp.async.bulk.global.shared::cta.bulk_group [%0], [%1], 128; cp.async.bulk.commit_group;" ::"l"(
                tile),
            "r"((unsigned)__cvta_generic_to_shared(&items[first]))
            : "memory");
        if (RIGHT)
            asm volatile("cp.async.bulk.wait_group 0;" ::: "memory");
    }
    __syncwarp();
    out[thread()] = ((volatile int *)tile)[lane()];
#endif
}

using kernel = void (*)(int *out, int *words);
struct pair {
    const char *name;
    kernel wrong, right;
    bool cooperative = false, cluster = false;
    int words = -1; // what words[0] must be at the end
    int from = 7;   // major architecture
};
#define PAIR(name, kernel, ...)                                                                              \
    { name, kernel<false>, kernel<true>, __VA_ARGS__ }

static const pair pairs[] = {
    PAIR("read-after-write", read_after_write),
    PAIR("write-after-read", write_after_read),
    PAIR("count-warps", count_warps),
    PAIR("produce", produce),
    PAIR("exchange", exchange),
    PAIR("reduce", reduce),
    PAIR("count-lanes", count_lanes),
    PAIR("ranks", ranks),
    PAIR("last-lane-wins", last_lane_wins),
    PAIR("count-blocks", count_blocks, false, false, BLOCKS),
    PAIR("in-order", in_order),
    PAIR("after-neighbour", after_neighbour),
    PAIR("last-adds", last_adds),
    PAIR("over-the-grid", over_the_grid, true),
    PAIR("over-the-cluster", over_the_cluster, false, true, -1, 9),
    PAIR("wait-once", wait_once, false, true, -1, 9),
    PAIR("fetch", fetch, false, false, -1, 8),
    PAIR("write-back", write_back, false, false, -1, 9),
};

static bool is_right(const pair &pair, kernel kernel) {
    device_vector<int> out(std::vector<int>(ITEMS, 0)), words(std::vector<int>(ITEMS + 1, 0));
    cudaLaunchAttribute attribute = {};
    attribute.id = pair.cluster ? cudaLaunchAttributeClusterDimension : cudaLaunchAttributeCooperative;
    if (pair.cluster)
        attribute.val.clusterDim = {4, 1, 1};
    else
        attribute.val.cooperative = pair.cooperative;
    cudaLaunchConfig_t config = {};
    config.gridDim = BLOCKS;
    config.blockDim = THREADS;
    config.attrs = &attribute;
    config.numAttrs = 1;
    must(cudaLaunchKernelEx(&config, kernel, out.items, words.items));
    must(cudaDeviceSynchronize());
    for (int word : out.host())
        if (word != 1)
            return false;
    return pair.words < 0 || words.host()[0] == pair.words;
}

int main(int, char **argument) {
    cudaDeviceProp device;
    must(cudaGetDeviceProperties(&device, 0));
    int compared = 0;
    for (const pair &pair : pairs) {
        if (device.major < pair.from)
            continue;
        if (!strcmp(argument[1], "names"))
            printf("%s\n", pair.name);
        bool right = true, is_clean = !strcmp(argument[1], "clean"),
             is_this = !strcmp(argument[1], pair.name);
        for (int launch = 0; launch < 4 && (is_clean || is_this); launch++, compared++)
            right &= is_right(pair, is_clean ? pair.right : pair.wrong);
        if (is_this)
            printf("%s\n", right ? "right" : "wrong");
        else
            expect(right, pair.name);
    }
    if (!strcmp(argument[1], "clean"))
        printf("compared %d launches\n", compared);
}
