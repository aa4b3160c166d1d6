// One planted fault of clusters, mbarriers or bulk copies a run, named by the argument. Each must be found.
#include "expect.cuh"

#include <cooperative_groups.h>
#include <cstring>
#include <cuda/ptx>

namespace cg = cooperative_groups;
namespace ptx = cuda::ptx;

enum fault {
    NONE,
    ONE_BLOCK_STAYS_AWAY,
    ARRIVES_TWICE,
    WAITS_UNARRIVED,
    RANK_BEYOND,
    OFFSET_BEYOND,
    REMOTE_BY_OWN,
    READ_BEFORE_BEGIN,
    COPIES_BEFORE_BEGIN,
    READ_AFTER_END,
    ARRIVES_AFTER_END,
    COPIES_AFTER_END,
    UNINITIALISED,
    COUNT_OF_ZERO,
    TOO_MANY_ARRIVALS,
    TOO_FEW_ARRIVALS,
    TOO_FEW_BYTES,
    REMOTE_WAIT,
    TEST_LOOP,
    BULK_MISALIGNED,
    BULK_SIZE,
    BULK_PAST_END,
    BULK_FREED,
    BULK_SHARED_BEYOND,
    BULK_OTHER_BARRIER,
    SPIN,
    SPIN_AND_WAIT,
    RESCUE,
    RESCUE_BY_ARRIVAL,
    COUNTED,
};
constexpr const char *names[] = {"none",
                                 "one-block-stays-away",
                                 "arrives-twice",
                                 "waits-unarrived",
                                 "rank-beyond",
                                 "offset-beyond",
                                 "remote-by-own",
                                 "read-before-begin",
                                 "copies-before-begin",
                                 "read-after-end",
                                 "arrives-after-end",
                                 "copies-after-end",
                                 "uninitialised",
                                 "count-of-zero",
                                 "too-many-arrivals",
                                 "too-few-arrivals",
                                 "too-few-bytes",
                                 "remote-wait",
                                 "test-loop",
                                 "bulk-misaligned",
                                 "bulk-size",
                                 "bulk-past-end",
                                 "bulk-freed",
                                 "bulk-shared-beyond",
                                 "bulk-other-barrier",
                                 "spin",
                                 "spin-and-wait",
                                 "rescue",
                                 "rescue-by-arrival",
                                 "counted"};

__device__ unsigned mapped(const void *shared, unsigned rank) {
    unsigned address;
    asm("mapa.shared::cluster.u32 %0, %1, %2;"
        : "=r"(address)
        : "r"((unsigned)__cvta_generic_to_shared(shared)), "r"(rank));
    return address;
}

__device__ unsigned load_cluster(unsigned address) {
    unsigned value;
    asm volatile("ld.shared::cluster.u32 %0, [%1];" : "=r"(value) : "r"(address) : "memory");
    return value;
}

__device__ volatile unsigned flag;

// Threads that wait for what nobody does, or, rescued, for what another cluster does late.
__global__ void spinning(fault fault) {
    cg::cluster_group cluster = cg::this_cluster();
    __shared__ uint64_t barrier;
    __shared__ unsigned word;
    if (threadIdx.x == 0) {
        word = 0;
        ptx::mbarrier_init(&barrier, 1);
    }
    cluster.sync();
    if (fault == COUNTED) {
        unsigned polls = 0;
        while (!ptx::mbarrier_test_wait_parity(&barrier, 0))
            polls++;
        flag = polls;
    }
    if (fault == SPIN && cluster.block_rank() == 1)
        while (*(volatile unsigned *)cluster.map_shared_rank(&word, 0) == 0)
            ;
    if (fault == RESCUE_BY_ARRIVAL) {
        for (int k = 0; k < 10000 && cluster.block_rank() == 0; k++)
            __nanosleep(1000);
        if (cluster.thread_rank() == 0)
            ptx::mbarrier_arrive(ptx::sem_release, ptx::scope_cluster, ptx::space_cluster,
                                 cluster.map_shared_rank(&barrier, 1));
        while (cluster.block_rank() == 1 && !ptx::mbarrier_test_wait_parity(&barrier, 0))
            ;
    } else if (fault == RESCUE && blockIdx.x >= cluster.num_blocks()) {
        for (int k = 0; k < 10000; k++)
            __nanosleep(1000);
        if (cluster.thread_rank() == 0)
            flag = 1;
    } else if (fault != SPIN && cluster.block_rank() == 1) {
        while (!ptx::mbarrier_test_wait_parity(&barrier, 0) && flag == 0)
            ;
    }
    cluster.sync();
}

__global__ void faulty(fault fault, const unsigned *items, unsigned *out) {
    cg::cluster_group cluster = cg::this_cluster();
    __shared__ alignas(128) unsigned tile[64];
    __shared__ uint64_t barrier;
    unsigned rank = cluster.block_rank();
    tile[threadIdx.x] = rank;
    if (threadIdx.x == 0 && fault != UNINITIALISED)
        ptx::mbarrier_init(&barrier, fault == COUNT_OF_ZERO ? 0 : fault == TOO_FEW_ARRIVALS ? 65 : 64);
    __syncthreads();
    if (fault >= READ_AFTER_END && fault <= COPIES_AFTER_END) {
        if (rank == 1)
            return;
        for (int k = 0; k < 5000; k++)
            __nanosleep(1000);
        if (fault == READ_AFTER_END)
            out[threadIdx.x] = load_cluster(mapped(&tile[threadIdx.x], 1));
        if (fault == ARRIVES_AFTER_END)
            asm volatile(
                "mbarrier.arrive.release.cluster.shared::cluster.b64 _, [%0];" ::"r"(mapped(&barrier, 1))
                : "memory");
        if (fault == COPIES_AFTER_END && threadIdx.x == 0)
            ptx::cp_async_bulk(ptx::space_cluster, ptx::space_global, cluster.map_shared_rank(tile, 1), items,
                               256, cluster.map_shared_rank(&barrier, 1));
        return;
    }
    // Only the wait tells that the other block has begun.
    if (fault == READ_BEFORE_BEGIN || fault == COPIES_BEFORE_BEGIN)
        asm volatile("barrier.cluster.arrive;" ::: "memory");
    if (fault == READ_BEFORE_BEGIN)
        out[threadIdx.x] = load_cluster(mapped(&tile[threadIdx.x], rank ^ 1));
    if (fault == COPIES_BEFORE_BEGIN && threadIdx.x == 0)
        ptx::cp_async_bulk(ptx::space_cluster, ptx::space_global, cluster.map_shared_rank(tile, rank ^ 1),
                           items, 256, cluster.map_shared_rank(&barrier, rank ^ 1));
    if (fault == READ_BEFORE_BEGIN || fault == COPIES_BEFORE_BEGIN) {
        asm volatile("barrier.cluster.wait;" ::: "memory");
        return;
    }
    if (fault == WAITS_UNARRIVED)
        asm volatile("barrier.cluster.wait;" ::: "memory");
    if (fault == ONE_BLOCK_STAYS_AWAY && rank == 1)
        asm volatile("bar.sync 3, 128;" ::: "memory");
    cluster.sync();
    if (fault == ARRIVES_TWICE) {
        asm volatile("barrier.cluster.arrive;" ::: "memory");
        if (threadIdx.x == 5 && rank == 1)
            asm volatile("barrier.cluster.arrive;" ::: "memory");
        asm volatile("barrier.cluster.wait;" ::: "memory");
    }
    if (fault == RANK_BEYOND)
        out[threadIdx.x] = load_cluster(mapped(&tile[threadIdx.x], 2));
    if (fault == OFFSET_BEYOND)
        out[threadIdx.x] = load_cluster(mapped(tile, 1) + 4096 + 4 * threadIdx.x);
    if (fault == REMOTE_BY_OWN)
        asm volatile("st.shared.u32 [%0], 1;" ::"r"(mapped(tile, rank ^ 1)) : "memory");
    uint64_t *first = cluster.map_shared_rank(&barrier, 0);
    if (fault == REMOTE_WAIT && rank == 1)
        ptx::mbarrier_test_wait_parity((uint64_t *)first, 0);
    if (fault == TOO_MANY_ARRIVALS && threadIdx.x == 0)
        asm volatile(
            "mbarrier.arrive.shared::cta.b64 _, [%0], 65;" ::"r"((unsigned)__cvta_generic_to_shared(&barrier))
            : "memory");
    if (threadIdx.x == 0 && fault == TOO_FEW_BYTES)
        ptx::mbarrier_expect_tx(ptx::sem_relaxed, ptx::scope_cta, ptx::space_shared, &barrier, 272);
    if (threadIdx.x == 0 && fault >= BULK_MISALIGNED) {
        ptx::mbarrier_expect_tx(ptx::sem_relaxed, ptx::scope_cta, ptx::space_shared, &barrier, 256);
        ptx::cp_async_bulk(ptx::space_cluster, ptx::space_global,
                           fault == BULK_SHARED_BEYOND ? cluster.map_shared_rank(tile, 1) + 32 : tile,
                           fault == BULK_MISALIGNED ? items + 1
                           : fault == BULK_PAST_END ? items + 8
                                                    : items,
                           fault == BULK_SIZE            ? 252
                           : fault == BULK_SHARED_BEYOND ? 1024
                                                         : 256,
                           fault == BULK_OTHER_BARRIER ? cluster.map_shared_rank(&barrier, rank ^ 1)
                                                       : &barrier);
    } else if (threadIdx.x == 0 && fault == TOO_FEW_BYTES) {
        ptx::cp_async_bulk(ptx::space_cluster, ptx::space_global, tile, items, 256, &barrier);
    }
    ptx::mbarrier_arrive(&barrier);
    if (fault == TEST_LOOP && threadIdx.x == 0)
        while (!ptx::mbarrier_test_wait_parity(&barrier, 1)) // phase 0 is complete: 1 names the next one
            ;
    while (!ptx::mbarrier_try_wait_parity(&barrier, 0))
        ;
    cluster.sync();
    if (fault == TEST_LOOP)
        while (!ptx::mbarrier_test_wait_parity(&barrier, 1))
            ;
}

int main(int, char **argument) {
    unsigned *items, *out;
    int fault = 0;
    while (strcmp(names[fault], argument[1]) != 0)
        fault++;
    size_t bytes = fault == BULK_SHARED_BEYOND ? 1024 : 256;
    must(cudaMalloc(&items, bytes));
    must(cudaMalloc(&out, 256));
    must(cudaMemset(items, 0, bytes));
    if (fault == BULK_FREED)
        must(cudaFree(items));
    cudaLaunchAttribute attribute = {};
    attribute.id = cudaLaunchAttributeClusterDimension;
    attribute.val.clusterDim = {2, 1, 1};
    cudaLaunchConfig_t config = {};
    config.gridDim = 4;
    config.blockDim = 64;
    config.attrs = &attribute;
    config.numAttrs = 1;
    if (fault >= SPIN)
        must(cudaLaunchKernelEx(&config, spinning, (enum fault)fault));
    else
        must(cudaLaunchKernelEx(&config, faulty, (enum fault)fault, (const unsigned *)items, out));
    printf("%s\n", cudaGetErrorName(cudaDeviceSynchronize()));
}
