// Asynchronous copies as libcu++ and cooperative groups make them: pipelines of a thread and of a block, with roles too, barriers,
// memcpy_async of a group; and what a cluster_group offers.
#include "expect.cuh"

#include <cooperative_groups.h>
#include <cooperative_groups/memcpy_async.h>
#include <cuda/barrier>
#include <cuda/pipeline>

namespace cg = cooperative_groups;

// What pipelines and barriers keep in shared memory is initialised by the kernels.
#pragma nv_diag_suppress static_var_with_dynamic_init

enum : unsigned { THREADS = 128, TILE = 128, STAGES = 2, TILES = 12 };

// Each thread fetches what it alone reads.
__global__ void by_thread(const unsigned *items, unsigned *out) {
    __shared__ unsigned tile[STAGES][THREADS];
    cuda::pipeline<cuda::thread_scope_thread> pipe = cuda::make_pipeline();
    unsigned fetched = 0;
    for (unsigned k = 0; k < TILES; k++) {
        for (; fetched < TILES && fetched < k + STAGES; fetched++) {
            pipe.producer_acquire();
            cuda::memcpy_async(&tile[fetched % STAGES][threadIdx.x], items + fetched * TILE + threadIdx.x,
                               sizeof(unsigned), pipe);
            pipe.producer_commit();
        }
        pipe.consumer_wait();
        out[k * TILE + threadIdx.x] = tile[k % STAGES][threadIdx.x] + 1;
        pipe.consumer_release();
    }
}

// The block fetches together, and each thread reads what another fetched.
__global__ void by_block(const unsigned *items, unsigned *out) {
    __shared__ alignas(16) unsigned tile[STAGES][TILE];
    __shared__ cuda::pipeline_shared_state<cuda::thread_scope_block, STAGES> state;
    cg::thread_block block = cg::this_thread_block();
    auto pipe = cuda::make_pipeline(block, &state);
    unsigned fetched = 0;
    for (unsigned k = 0; k < TILES; k++) {
        for (; fetched < TILES && fetched < k + STAGES; fetched++) {
            pipe.producer_acquire();
            cuda::memcpy_async(block, tile[fetched % STAGES], items + fetched * TILE,
                               cuda::aligned_size_t<16>(sizeof tile[0]), pipe);
            pipe.producer_commit();
        }
        pipe.consumer_wait();
        out[k * TILE + threadIdx.x] = tile[k % STAGES][threadIdx.x ^ 63] + 1;
        pipe.consumer_release();
    }
}

// The first warp fetches, the others read.
__global__ void by_roles(const unsigned *items, unsigned *out) {
    __shared__ unsigned tile[STAGES][TILE];
    __shared__ cuda::pipeline_shared_state<cuda::thread_scope_block, STAGES> state;
    bool fetches = threadIdx.x < 32;
    auto pipe = cuda::make_pipeline(cg::this_thread_block(), &state,
                                    fetches ? cuda::pipeline_role::producer : cuda::pipeline_role::consumer);
    for (unsigned k = 0; k < TILES; k++) {
        unsigned *here = tile[k % STAGES];
        if (fetches) {
            pipe.producer_acquire();
            for (unsigned i = threadIdx.x; i < TILE; i += 32)
                cuda::memcpy_async(here + i, items + k * TILE + i, sizeof(unsigned), pipe);
            pipe.producer_commit();
        } else {
            pipe.consumer_wait();
            for (unsigned i = threadIdx.x - 32; i < TILE; i += THREADS - 32)
                out[k * TILE + i] = here[i ^ 63] + 1;
            pipe.consumer_release();
        }
    }
}

// Groups' copies, the last one or all but the last one waited for.
__global__ void by_group(const unsigned *items, unsigned *out) {
    __shared__ alignas(16) unsigned tile[2][TILE];
    cg::thread_block block = cg::this_thread_block();
    cg::memcpy_async(block, tile[0], items, sizeof tile[0]);
    for (unsigned k = 0; k < TILES; k++) {
        if (k + 1 < TILES) {
            cg::memcpy_async(block, tile[~k & 1], items + (k + 1) * TILE, sizeof tile[0]);
            cg::wait_prior<1>(block);
        } else {
            cg::wait(block);
        }
        out[k * TILE + threadIdx.x] = tile[k & 1][threadIdx.x ^ 63] + 1;
        block.sync();
    }
}

// A barrier that is told of copies, and one that only counts threads.
__global__ void by_barrier(const unsigned *items, unsigned *out) {
    __shared__ cuda::barrier<cuda::thread_scope_block> full, free;
    __shared__ alignas(16) unsigned tile[TILE];
    cg::thread_block block = cg::this_thread_block();
    if (threadIdx.x == 0) {
        init(&full, THREADS);
        init(&free, THREADS);
    }
    __syncthreads();
    for (unsigned k = 0; k < TILES; k++) {
        cuda::memcpy_async(block, tile, items + k * TILE, cuda::aligned_size_t<16>(sizeof tile), full);
        full.arrive_and_wait();
        out[k * TILE + threadIdx.x] = tile[threadIdx.x ^ 63] + 1;
        free.arrive_and_wait();
    }
}

// Blocks of a cluster leave tiles for one another; the barrier's two halves have work between them.
__global__ void by_cluster(const unsigned *items, unsigned *out) {
#if __CUDA_ARCH__ >= 900
    cg::cluster_group cluster = cg::this_cluster();
    __shared__ unsigned tile[TILE];
    unsigned next = (cluster.block_rank() + 1) % cluster.num_blocks(),
             first = blockIdx.x - cluster.block_rank();
    tile[threadIdx.x ^ 63] = items[blockIdx.x * TILE + threadIdx.x];
    auto token = cluster.barrier_arrive();
    unsigned one = items[0] - items[0] + 1;
    cluster.barrier_wait(std::move(token));
    out[(first + next) * TILE + threadIdx.x] = *cluster.map_shared_rank(&tile[threadIdx.x], next) + one;
    cluster.sync();
#endif
}

int main() {
    random_items random{7};
    std::vector<unsigned> items = random.items<unsigned>(TILES * TILE);
    device_vector<unsigned> in(items);
    size_t compared = 0;
    auto check = [&](auto &&run, unsigned mask, const char *what) {
        device_vector<unsigned> out(items.size());
        run(out.items);
        must(cudaGetLastError());
        must(cudaDeviceSynchronize());
        std::vector<unsigned> got = out.host();
        for (size_t i = 0; i < items.size(); i++)
            expect(got[i] == items[i ^ mask] + 1, what);
        compared += items.size();
    };
    check([&](unsigned *out) { by_thread<<<1, THREADS>>>(in.items, out); }, 0, "a pipeline of a thread");
    check([&](unsigned *out) { by_block<<<1, THREADS>>>(in.items, out); }, 63, "a pipeline of a block");
    check([&](unsigned *out) { by_roles<<<1, THREADS>>>(in.items, out); }, 63, "a pipeline with roles");
    check([&](unsigned *out) { by_group<<<1, THREADS>>>(in.items, out); }, 63, "copies of a group");
    check([&](unsigned *out) { by_barrier<<<1, THREADS>>>(in.items, out); }, 63,
          "copies that tell a barrier");
    int has_clusters;
    must(cudaDeviceGetAttribute(&has_clusters, cudaDevAttrClusterLaunch, 0));
    if (has_clusters)
        check(
            [&](unsigned *out) {
                cudaLaunchAttribute attribute = {};
                attribute.id = cudaLaunchAttributeClusterDimension;
                attribute.val.clusterDim = {4, 1, 1};
                cudaLaunchConfig_t config = {};
                config.gridDim = TILES;
                config.blockDim = THREADS;
                config.attrs = &attribute;
                config.numAttrs = 1;
                must(cudaLaunchKernelEx(&config, by_cluster, (const unsigned *)in.items, out));
            },
            63, "tiles of a cluster");
    printf("compared %zu items of staged copies\n", compared);
}
