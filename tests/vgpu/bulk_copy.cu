// Bulk copies and mbarriers: pipelines of a producer and consumers, copies back, copies to the next block of a cluster.
#include "expect.cuh"

#include <cooperative_groups.h>
#include <cuda/barrier>
#include <cuda/ptx>

namespace cg = cooperative_groups;
namespace ptx = cuda::ptx;

constexpr unsigned TILE = 256, STAGES = 3; // items a tile, tiles in flight

// The first warp fills tiles, the others square their items and copy them back; mbarriers say which tiles are full and empty.
__global__ void pipeline(const unsigned *items, unsigned *out, unsigned tiles) {
    __shared__ alignas(128) unsigned tile[STAGES][TILE], result[STAGES][TILE];
    __shared__ uint64_t full[STAGES], empty[STAGES];
    constexpr unsigned bytes = sizeof tile[0];
    unsigned workers = blockDim.x - 32;
    if (threadIdx.x == 0) {
        for (unsigned s = 0; s < STAGES; s++) {
            ptx::mbarrier_init(&full[s], 1);
            ptx::mbarrier_init(&empty[s], workers);
        }
        ptx::fence_mbarrier_init(ptx::sem_release, ptx::scope_cluster);
        ptx::fence_proxy_async(ptx::space_shared);
    }
    __syncthreads();
    for (unsigned k = 0, t = blockIdx.x; t < tiles; k++, t += gridDim.x) {
        unsigned s = k % STAGES, round = k / STAGES;
        if (threadIdx.x < 32) {
            while (!ptx::mbarrier_try_wait_parity(&empty[s], ~round & 1))
                ;
            __syncwarp(); // two phases later the parity would be that of the one a late lane has yet to see
            if (threadIdx.x == 0) {
                if (round & 1) { // the bytes may come before they are expected
                    ptx::cp_async_bulk(ptx::space_cluster, ptx::space_global, tile[s], items + t * TILE,
                                       bytes, &full[s]);
                    ptx::mbarrier_arrive_expect_tx(ptx::sem_release, ptx::scope_cta, ptx::space_shared,
                                                   &full[s], bytes);
                } else {
                    ptx::mbarrier_expect_tx(ptx::sem_relaxed, ptx::scope_cta, ptx::space_shared, &full[s],
                                            bytes);
                    ptx::mbarrier_arrive(&full[s]);
                    ptx::cp_async_bulk(ptx::space_cluster, ptx::space_global, tile[s], items + t * TILE,
                                       bytes, &full[s]);
                }
            }
        } else {
            while (!ptx::mbarrier_test_wait_parity(&full[s], round & 1))
                ;
            for (unsigned i = threadIdx.x - 32; i < TILE; i += workers)
                result[s][i] = tile[s][i] * tile[s][i];
            ptx::fence_proxy_async(ptx::space_shared);
            asm volatile("bar.sync 1, %0;" ::"r"(workers) : "memory");
            if (threadIdx.x == 32) {
                ptx::cp_async_bulk(ptx::space_global, ptx::space_shared, out + t * TILE, result[s], bytes);
                ptx::cp_async_bulk_commit_group();
                ptx::cp_async_bulk_wait_group_read(ptx::n32_t<0>{});
            }
            asm volatile("bar.sync 1, %0;" ::"r"(workers) : "memory");
            ptx::mbarrier_arrive(&empty[s]);
        }
    }
    if (threadIdx.x == 32)
        ptx::cp_async_bulk_wait_group(ptx::n32_t<0>{});
}

// libcu++'s barrier with its own bulk copy: arrive by a token, wait for it.
__global__ void by_libcu(const unsigned *items, unsigned *out) {
    __shared__ alignas(128) unsigned tile[TILE];
#pragma nv_diag_suppress static_var_with_dynamic_init
    __shared__ cuda::barrier<cuda::thread_scope_block> ready;
    if (threadIdx.x == 0)
        init(&ready, blockDim.x);
    __syncthreads();
    cuda::barrier<cuda::thread_scope_block>::arrival_token token;
    if (threadIdx.x == 0) {
        cuda::memcpy_async(tile, items + blockIdx.x * TILE, cuda::aligned_size_t<16>(sizeof tile), ready);
        token = ready.arrive();
    } else {
        token = ready.arrive();
    }
    ready.wait(std::move(token));
    out[blockIdx.x * TILE + threadIdx.x] = tile[threadIdx.x ^ 1];
}

// Each block sends its tile to the next of its cluster and tells the barrier there; nobody writes before the other may read.
__global__ void to_neighbour(const unsigned *items, unsigned *out, bool by_bulk) {
    cg::cluster_group cluster = cg::this_cluster();
    __shared__ alignas(128) unsigned mine[TILE], theirs[TILE];
    __shared__ uint64_t arrived;
    unsigned next = (cluster.block_rank() + 1) % cluster.num_blocks();
    mine[threadIdx.x] = items[blockIdx.x * TILE + threadIdx.x] + cluster.block_rank();
    if (threadIdx.x == 0) {
        ptx::mbarrier_init(&arrived, by_bulk ? 1 : TILE);
        if (by_bulk)
            ptx::mbarrier_arrive_expect_tx(ptx::sem_release, ptx::scope_cluster, ptx::space_shared, &arrived,
                                           sizeof mine);
        ptx::fence_mbarrier_init(ptx::sem_release, ptx::scope_cluster);
    }
    ptx::fence_proxy_async(ptx::space_shared);
    cluster.sync();
    unsigned *to = cluster.map_shared_rank(theirs, next);
    uint64_t *barrier = cluster.map_shared_rank(&arrived, next);
    if (!by_bulk) {
        to[threadIdx.x] = mine[threadIdx.x];
        ptx::mbarrier_arrive(ptx::sem_release, ptx::scope_cluster, ptx::space_cluster, barrier);
    } else if (threadIdx.x == 0) {
        ptx::cp_async_bulk(ptx::space_cluster, ptx::space_shared, to, mine, sizeof mine, barrier);
    }
    while (!ptx::mbarrier_try_wait_parity(ptx::sem_acquire, ptx::scope_cluster, &arrived, 0))
        ;
    out[blockIdx.x * TILE + threadIdx.x] = theirs[threadIdx.x];
    cluster.sync();
}

template <class... Parameters, class... Arguments>
void launch(void (*kernel)(Parameters...), unsigned grid, unsigned cluster, Arguments... arguments) {
    cudaLaunchAttribute attribute = {};
    attribute.id = cudaLaunchAttributeClusterDimension;
    attribute.val.clusterDim = {cluster, 1, 1};
    cudaLaunchConfig_t config = {};
    config.gridDim = grid;
    config.blockDim = TILE;
    config.attrs = &attribute;
    config.numAttrs = 1;
    must(cudaLaunchKernelEx(&config, kernel, Parameters(arguments)...));
    must(cudaDeviceSynchronize());
}

int main() {
    constexpr unsigned tiles = 60;
    random_items random{3};
    std::vector<unsigned> items = random.items<unsigned>(tiles * TILE), expected(items.size());
    device_vector<unsigned> in(items), out(items.size());
    for (unsigned blocks : {1u, 7u})
        for (unsigned threads : {64u, 160u}) {
            for (size_t i = 0; i < items.size(); i++)
                expected[i] = items[i] * items[i];
            must(cudaMemset(out.items, 0, items.size() * sizeof(unsigned)));
            pipeline<<<blocks, threads>>>(in.items, out.items, tiles);
            must(cudaDeviceSynchronize());
            expect(out.host() == expected, "tiles through a pipeline");
        }
    for (size_t i = 0; i < items.size(); i++)
        expected[i] = items[i ^ 1];
    by_libcu<<<tiles, TILE>>>(in.items, out.items);
    must(cudaDeviceSynchronize());
    expect(out.host() == expected, "tiles through libcu++");
    for (unsigned size : {1u, 2u, 5u})
        for (bool by_bulk : {false, true}) {
            for (size_t i = 0; i < items.size(); i++) {
                unsigned block = i / TILE, rank = block % size, next = block - rank + (rank + 1) % size;
                expected[next * TILE + i % TILE] = items[i] + rank;
            }
            launch(to_neighbour, tiles, size, in.items, out.items, by_bulk);
            expect(out.host() == expected, "tiles to the next block");
        }
    printf("compared %zu items of bulk copies\n", 11 * items.size());
}
