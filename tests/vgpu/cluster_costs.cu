// Micro-kernels of clusters, mbarriers and bulk copies whose true cost is known by construction; cluster_costs.sh compares the
// report with it.
#include "expect.cuh"

#include <cooperative_groups.h>
#include <cuda/ptx>

namespace cg = cooperative_groups;
namespace ptx = cuda::ptx;

constexpr unsigned STAGES = 8;
enum : unsigned { TILE_BYTES = 1024 }; // no address, as the functions of cuda::ptx take references

__device__ unsigned to_shared(const void *item) { return (unsigned)__cvta_generic_to_shared(item); }

__device__ void wait_for(uint64_t *barrier, unsigned parity) {
    while (!ptx::mbarrier_try_wait_parity(barrier, parity))
        ;
}

__global__ void cluster_barriers(unsigned times) {
    for (unsigned k = 0; k < times; k++)
        cg::this_cluster().sync();
}

// Lanes of a warp read words of the next block, each a bank of its own.
__global__ void read_next(unsigned times) {
    __shared__ unsigned words[32];
    unsigned next = (cg::this_cluster().block_rank() + 1) % cg::this_cluster().num_blocks(), at;
    asm("mapa.shared::cluster.u32 %0, %1, %2;" : "=r"(at) : "r"(to_shared(&words[threadIdx.x])), "r"(next));
    cg::this_cluster().sync();
    for (unsigned k = 0; k < times; k++)
        asm volatile("{ .reg .u32 value; ld.shared::cluster.u32 value, [%0]; }" ::"r"(at));
    cg::this_cluster().sync();
}
// Lane l reads its word of block l modulo 4.
__global__ void read_all(unsigned times) {
    __shared__ unsigned words[32];
    unsigned at;
    asm("mapa.shared::cluster.u32 %0, %1, %2;"
        : "=r"(at)
        : "r"(to_shared(&words[threadIdx.x])), "r"(threadIdx.x % 4));
    cg::this_cluster().sync();
    for (unsigned k = 0; k < times; k++)
        asm volatile("{ .reg .u32 value; ld.shared::cluster.u32 value, [%0]; }" ::"r"(at));
    cg::this_cluster().sync();
}
__global__ void add_to_next(unsigned times) {
    __shared__ unsigned word;
    unsigned next = (cg::this_cluster().block_rank() + 1) % cg::this_cluster().num_blocks(), at;
    asm("mapa.shared::cluster.u32 %0, %1, %2;" : "=r"(at) : "r"(to_shared(&word)), "r"(next));
    cg::this_cluster().sync();
    for (unsigned k = 0; k < times; k++)
        asm volatile("red.relaxed.cluster.shared::cluster.add.u32 [%0], 1;" ::"r"(at) : "memory");
    cg::this_cluster().sync();
}

// One thread copies tiles in, `ahead` of them under way at once.
__global__ void copy_ring(const char *in, unsigned tiles, unsigned ahead) {
    __shared__ alignas(128) char tile[STAGES][TILE_BYTES];
    __shared__ uint64_t full[STAGES];
    for (unsigned s = 0; s < ahead; s++)
        ptx::mbarrier_init(&full[s], 1);
    for (unsigned k = 0; k < tiles + ahead; k++) {
        unsigned s = k % ahead, round = k / ahead;
        if (k >= ahead)
            wait_for(&full[s], (round - 1) & 1);
        if (k < tiles) {
            ptx::mbarrier_arrive_expect_tx(ptx::sem_release, ptx::scope_cta, ptx::space_shared, &full[s],
                                           TILE_BYTES);
            ptx::cp_async_bulk(ptx::space_cluster, ptx::space_global, tile[s], in + k * TILE_BYTES,
                               TILE_BYTES, &full[s]);
        }
    }
}

// The same with two warps: one fills stages as the other empties them.
__global__ void copy_between_warps(const char *in, unsigned tiles, unsigned ahead) {
    __shared__ alignas(128) char tile[STAGES][TILE_BYTES];
    __shared__ uint64_t full[STAGES], empty[STAGES];
    if (threadIdx.x == 0)
        for (unsigned s = 0; s < ahead; s++) {
            ptx::mbarrier_init(&full[s], 1);
            ptx::mbarrier_init(&empty[s], 1);
        }
    __syncthreads();
    for (unsigned k = 0; k < tiles && threadIdx.x % 32 == 0; k++) {
        unsigned s = k % ahead, round = k / ahead;
        if (threadIdx.x == 0) {
            wait_for(&empty[s], ~round & 1);
            ptx::mbarrier_arrive_expect_tx(ptx::sem_release, ptx::scope_cta, ptx::space_shared, &full[s],
                                           TILE_BYTES);
            ptx::cp_async_bulk(ptx::space_cluster, ptx::space_global, tile[s], in + k * TILE_BYTES,
                               TILE_BYTES, &full[s]);
        } else {
            wait_for(&full[s], round & 1);
            ptx::mbarrier_arrive(&empty[s]);
        }
    }
}

__global__ void copy_out(char *out) {
    __shared__ alignas(128) char tile[TILE_BYTES];
    ptx::cp_async_bulk(ptx::space_global, ptx::space_shared, out + blockIdx.x * TILE_BYTES, tile, TILE_BYTES);
    ptx::cp_async_bulk_commit_group();
    ptx::cp_async_bulk_wait_group(ptx::n32_t<0>{});
}

// One thread a block. The first block copies one tile to all of its cluster.
__global__ void multicast(const char *in) {
    __shared__ alignas(128) char tile[TILE_BYTES];
    __shared__ uint64_t full;
    ptx::mbarrier_init(&full, 1);
    ptx::mbarrier_arrive_expect_tx(ptx::sem_release, ptx::scope_cta, ptx::space_shared, &full, TILE_BYTES);
    cg::this_cluster().sync();
    if (cg::this_cluster().block_rank() == 0) // cuda::ptx has it for sm_90a only
        asm volatile("cp.async.bulk.shared::cluster.global.mbarrier::complete_tx::bytes.multicast::cluster"
                     " [%0], [%1], %2, [%3], %4;" ::"r"(to_shared(tile)),
                     "l"(in), "r"(TILE_BYTES), "r"(to_shared(&full)),
                     "h"((uint16_t)((1u << cg::this_cluster().num_blocks()) - 1))
                     : "memory");
    wait_for(&full, 0);
    cg::this_cluster().sync();
}

// One thread a block sends a tile to the next block and waits for that of the one before.
__global__ void copy_to_next() {
    __shared__ alignas(128) char from[TILE_BYTES], to[TILE_BYTES];
    __shared__ uint64_t full;
    cg::cluster_group cluster = cg::this_cluster();
    unsigned next = (cluster.block_rank() + 1) % cluster.num_blocks();
    ptx::mbarrier_init(&full, 1);
    ptx::mbarrier_arrive_expect_tx(ptx::sem_release, ptx::scope_cta, ptx::space_shared, &full, TILE_BYTES);
    cluster.sync();
    ptx::cp_async_bulk(ptx::space_cluster, ptx::space_shared, cluster.map_shared_rank(to, next), from,
                       TILE_BYTES, cluster.map_shared_rank(&full, next));
    wait_for(&full, 0);
    cluster.sync();
}

// One thread a block tells the other block of its cluster `times` times, by two mbarriers in turn.
__global__ void tell_other(unsigned times) {
    __shared__ uint64_t told[2];
    cg::cluster_group cluster = cg::this_cluster();
    uint64_t *other = cluster.map_shared_rank(told, 1 - cluster.block_rank());
    ptx::mbarrier_init(&told[0], 1);
    ptx::mbarrier_init(&told[1], 1);
    cluster.sync();
    for (unsigned k = 0; k < times; k++) {
        ptx::mbarrier_arrive(ptx::sem_release, ptx::scope_cluster, ptx::space_cluster, &other[k & 1]);
        wait_for(&told[k & 1], k / 2 & 1);
    }
    cluster.sync();
}

// All warps but the last wait at an mbarrier while that one works.
__global__ void wait_for_last(unsigned times) {
    __shared__ uint64_t done;
    if (threadIdx.x == 0)
        ptx::mbarrier_init(&done, 1);
    __syncthreads();
    if (threadIdx.x / 32 != blockDim.x / 32 - 1) {
        wait_for(&done, 0);
        return;
    }
    unsigned value = threadIdx.x;
    for (unsigned k = 0; k < times; k++)
        asm volatile("add.u32 %0, %0, 1;" : "+r"(value));
    if (threadIdx.x % 32 == 0)
        ptx::mbarrier_arrive(&done);
}

__global__ void arithmetic(unsigned times) {
    unsigned value = threadIdx.x;
    for (unsigned k = 0; k < times; k++)
        asm volatile("add.u32 %0, %0, 1;" : "+r"(value));
}

struct shape {
    unsigned blocks, threads, cluster, dynamic_bytes;
};

template <class... Parameters, class... Arguments>
void launch(shape of, void (*kernel)(Parameters...), Arguments... arguments) {
    cudaLaunchAttribute attribute = {};
    attribute.id = cudaLaunchAttributeClusterDimension;
    attribute.val.clusterDim = {of.cluster, 1, 1};
    cudaLaunchConfig_t config = {};
    config.gridDim = of.blocks;
    config.blockDim = of.threads;
    config.dynamicSmemBytes = of.dynamic_bytes;
    config.attrs = &attribute;
    config.numAttrs = 1;
    must(cudaFuncSetAttribute(kernel, cudaFuncAttributeMaxDynamicSharedMemorySize, (int)of.dynamic_bytes));
    must(cudaLaunchKernelEx(&config, kernel, Parameters(arguments)...));
}

int main() {
    device_vector<char> in(1 << 20), out(1 << 20);
    must(cudaMemset(in.items, 0, 1 << 20));
    launch({8, 32, 4, 0}, cluster_barriers, 100);
    launch({8, 32, 4, 0}, read_next, 10);
    launch({8, 32, 4, 0}, read_all, 10);
    launch({8, 32, 4, 0}, add_to_next, 10);
    for (unsigned ahead : {1, 2, 5, 8})
        launch({3, 1, 1, 0}, copy_ring, in.items, 16, ahead);
    for (unsigned ahead : {1, 2, 5, 8})
        launch({1, 64, 1, 0}, copy_between_warps, in.items, 16, ahead);
    launch({3, 1, 1, 0}, copy_out, out.items);
    launch({8, 1, 4, 0}, multicast, in.items);
    launch({8, 1, 4, 0}, copy_to_next);
    launch({8, 1, 2, 0}, tell_other, 7);
    for (unsigned times : {10000, 100000})
        launch({1, 256, 1, 0}, wait_for_last, times);
    // One block a multiprocessor: 16 clusters of 8 are resident, 4 multiprocessors stay empty.
    constexpr unsigned large = 200 << 10;
    launch({48 * 8, 32, 8, large}, cluster_barriers, 100);
    launch({33 * 8, 1024, 8, large}, arithmetic, 1000);
    must(cudaDeviceSynchronize());
}
