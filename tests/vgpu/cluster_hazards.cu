// One planted hazard a run, named by the argument: clusters, mbarriers and asynchronous copies used with something left out. `clean`
// does the same things right, and must be passed over in silence.
#include "largest_cluster.cuh"

#include <cooperative_groups.h>
#include <cstring>
#include <cuda/ptx>

namespace cg = cooperative_groups;
namespace ptx = cuda::ptx;

enum flaw {
    CLEAN,
    NO_CLUSTER_SYNC,
    RELAXED_ARRIVE,
    WRITTEN_BETWEEN,
    ENDS_TOO_EARLY,
    UNWRITTEN,
    REMOTE_WRITE,
    PLAIN_BINS,
    RELAXED_FLAG,
    RELAXED_REMOTE_ARRIVE,
    INIT_UNSYNCED,
    NO_FULL_WAIT,
    WRONG_PHASE,
    WRONG_STAGE,
    NO_EMPTY_WAIT,
    NO_PROXY_FENCE,
    NO_GROUP_WAIT,
    ENDS_BEFORE_STORE,
    READ_BACK,
    NO_MULTICAST_WAIT,
    MULTICAST_TOO_EARLY,
    PARITY_KEPT,
    SOURCE_REUSED,
    NO_ASYNC_WAIT,
    ASYNC_WAIT_TOO_FEW,
    ASYNC_UNSYNCED,
    ASYNC_UNTRACKED,
    STORED_OVER,
    COPIED_OVER,
    INIT_TWICE,
    UNWRITTEN_SOURCE,
    EARLIER_PHASE,
    NO_STORE_WAIT,
    NO_REDUCE_WAIT,
    UNWRITTEN_SUM,
    FLAWS
};
static const char *const names[FLAWS] = {"clean",
                                         "no-cluster-sync",
                                         "relaxed-arrive",
                                         "written-between",
                                         "ends-too-early",
                                         "unwritten",
                                         "remote-write",
                                         "plain-bins",
                                         "relaxed-flag",
                                         "relaxed-remote-arrive",
                                         "init-unsynced",
                                         "no-full-wait",
                                         "wrong-phase",
                                         "wrong-stage",
                                         "no-empty-wait",
                                         "no-proxy-fence",
                                         "no-group-wait",
                                         "ends-before-store",
                                         "read-back",
                                         "no-multicast-wait",
                                         "multicast-too-early",
                                         "parity-kept",
                                         "source-reused",
                                         "no-async-wait",
                                         "async-wait-too-few",
                                         "async-unsynced",
                                         "async-untracked",
                                         "stored-over",
                                         "copied-over",
                                         "init-twice",
                                         "unwritten-source",
                                         "earlier-phase",
                                         "no-store-wait",
                                         "no-reduce-wait",
                                         "unwritten-sum"};

enum : unsigned { THREADS = 64, SIZE = 2, TILE = 64, STAGES = 2, TILES = 8 };

__device__ void cluster_arrive_relaxed() { asm volatile("barrier.cluster.arrive.relaxed;" ::: "memory"); }
__device__ void cluster_arrive() { asm volatile("barrier.cluster.arrive.release;" ::: "memory"); }
__device__ void cluster_wait() { asm volatile("barrier.cluster.wait.acquire;" ::: "memory"); }
__device__ unsigned shared_address(const void *p) { return (unsigned)__cvta_generic_to_shared(p); }

// --- shared memory of the cluster's other blocks
__global__ void exchange(flaw flaw, unsigned *out) {
    cg::cluster_group cluster = cg::this_cluster();
    __shared__ unsigned mine[THREADS], late[THREADS];
    unsigned next = (cluster.block_rank() + 1) % SIZE;
    if (flaw != UNWRITTEN || threadIdx.x != 3)
        mine[threadIdx.x] = threadIdx.x + cluster.block_rank();
    if (flaw == NO_CLUSTER_SYNC) {
        __syncthreads();
    } else {
        if (flaw == RELAXED_ARRIVE)
            cluster_arrive_relaxed();
        else
            cluster_arrive();
        if (flaw == WRITTEN_BETWEEN)
            late[threadIdx.x] = 1;
        cluster_wait();
    }
    if (flaw == WRITTEN_BETWEEN)
        out[threadIdx.x] = *cluster.map_shared_rank(&late[threadIdx.x], next);
    unsigned got = *cluster.map_shared_rank(&mine[THREADS - 1 - threadIdx.x], next);
    if (flaw == REMOTE_WRITE)
        *cluster.map_shared_rank(&mine[threadIdx.x], next) = got;
    out[blockIdx.x * THREADS + threadIdx.x] = got + (flaw == REMOTE_WRITE ? mine[threadIdx.x] : 0);
    if (flaw != ENDS_TOO_EARLY)
        cluster.sync();
}

// As much shared memory as there is, all of it read by the next block.
__global__ void fill(unsigned words, unsigned *out) {
    cg::cluster_group cluster = cg::this_cluster();
    extern __shared__ unsigned whole[];
    unsigned next = (cluster.block_rank() + 1) % cluster.num_blocks(), sum = 0;
    for (unsigned k = threadIdx.x; k < words; k += blockDim.x)
        whole[k] = k;
    cluster.sync();
    for (unsigned k = threadIdx.x; k < words; k += blockDim.x)
        sum += *cluster.map_shared_rank(&whole[words - 1 - k], next);
    out[blockIdx.x * THREADS + threadIdx.x] = sum;
    cluster.sync();
}

// Each block counts in the bins of the others.
__global__ void histogram(flaw flaw, const unsigned *items, unsigned *out) {
    cg::cluster_group cluster = cg::this_cluster();
    __shared__ unsigned bins[4];
    if (threadIdx.x < 4)
        bins[threadIdx.x] = 0;
    cluster.sync();
    unsigned item = items[blockIdx.x * THREADS + threadIdx.x];
    unsigned *bin = cluster.map_shared_rank(&bins[item / SIZE % 4], item % SIZE);
    if (flaw == PLAIN_BINS)
        ++*bin;
    else
        atomicAdd(bin, 1);
    cluster.sync();
    if (threadIdx.x < 4)
        out[blockIdx.x * 4 + threadIdx.x] = bins[threadIdx.x];
}

// Sums in pairs of blocks, then in the first warp's lanes, through a tree in shared memory.
__global__ void reduction(const unsigned *items, unsigned *out) {
    cg::cluster_group cluster = cg::this_cluster();
    __shared__ unsigned sums[THREADS];
    sums[threadIdx.x] = items[blockIdx.x * THREADS + threadIdx.x];
    cluster.sync();
    if (cluster.block_rank() == 0)
        for (unsigned rank = 1; rank < SIZE; rank++)
            sums[threadIdx.x] += *cluster.map_shared_rank(&sums[threadIdx.x], rank);
    cluster.sync();
    for (unsigned half = THREADS / 2; half > 0; half /= 2) {
        if (threadIdx.x < half)
            sums[threadIdx.x] += sums[threadIdx.x + half];
        __syncthreads();
    }
    if (cluster.thread_rank() == 0)
        out[blockIdx.x / SIZE] = sums[0];
}

// What rank 1 wrote rank 0 knows from a barrier of the cluster, and tells to the next cluster by a flag.
__global__ void next_cluster(unsigned *value, unsigned *flag, unsigned *out) {
    cg::cluster_group cluster = cg::this_cluster();
    const bool is_first = blockIdx.x < SIZE, speaks = cluster.block_rank() == 0 && threadIdx.x == 0;
    if (is_first && cluster.block_rank() == 1 && threadIdx.x == 0)
        *value = 7;
    cluster.sync();
    if (is_first && speaks)
        asm volatile("st.release.gpu.global.u32 [%0], 1;" ::"l"(flag) : "memory");
    if (!is_first && speaks) {
        unsigned raised = 0;
        while (!raised)
            asm volatile("ld.acquire.gpu.global.u32 %0, [%1];" : "=r"(raised) : "l"(flag) : "memory");
        *out = *value;
    }
}

// Rank 1 leaves a value and raises a flag in the memory of rank 0; then the same by an mbarrier.
__global__ void hand_over(flaw flaw, unsigned *out) {
    cg::cluster_group cluster = cg::this_cluster();
    __shared__ unsigned value[2], flag;
    __shared__ uint64_t told;
    if (threadIdx.x == 0) {
        flag = 0;
        ptx::mbarrier_init(&told, 1);
        ptx::fence_mbarrier_init(ptx::sem_release, ptx::scope_cluster);
    }
    cluster.sync();
    unsigned *values = cluster.map_shared_rank(value, 0);
    if (cluster.block_rank() == 1 && threadIdx.x == 0) {
        unsigned raised = shared_address(cluster.map_shared_rank(&flag, 0));
        values[0] = 1;
        if (flaw == RELAXED_FLAG)
            asm volatile("st.relaxed.cluster.shared::cluster.u32 [%0], 1;" ::"r"(raised) : "memory");
        else
            asm volatile("st.release.cluster.shared::cluster.u32 [%0], 1;" ::"r"(raised) : "memory");
        values[1] = 2;
        uint64_t *barrier = cluster.map_shared_rank(&told, 0);
        if (flaw == RELAXED_REMOTE_ARRIVE)
            asm volatile(
                "mbarrier.arrive.relaxed.cluster.shared::cluster.b64 _, [%0];" ::"r"(shared_address(barrier))
                : "memory");
        else
            ptx::mbarrier_arrive(ptx::sem_release, ptx::scope_cluster, ptx::space_cluster, barrier);
    }
    if (cluster.block_rank() == 0 && threadIdx.x == 32) {
        unsigned raised = 0;
        while (!raised)
            asm volatile("ld.acquire.cluster.shared::cluster.u32 %0, [%1];"
                         : "=r"(raised)
                         : "r"(shared_address(&flag))
                         : "memory");
        out[0] = value[0];
        while (!ptx::mbarrier_try_wait_parity(ptx::sem_acquire, ptx::scope_cluster, &told, 0))
            ;
        out[1] = value[1];
    }
    cluster.sync();
}

// --- bulk copies: the first warp fills tiles, the second doubles their items and copies them back
__global__ void pipeline(flaw flaw, const unsigned *items, unsigned *out) {
    __shared__ alignas(128) unsigned tile[STAGES][TILE], result[TILE];
    __shared__ uint64_t full[STAGES], empty[STAGES];
    constexpr unsigned bytes = sizeof tile[0];
    if (threadIdx.x == 0) {
        for (unsigned s = 0; s < STAGES; s++) {
            ptx::mbarrier_init(&full[s], 1);
            ptx::mbarrier_init(&empty[s], 32);
        }
        ptx::fence_mbarrier_init(ptx::sem_release, ptx::scope_cluster);
    }
    if (flaw != INIT_UNSYNCED)
        __syncthreads();
#pragma unroll 1
    for (unsigned k = 0; k < TILES; k++) {
        unsigned s = k % STAGES, round = k / STAGES;
        bool last = k + 1 == TILES;
        if (threadIdx.x == 0) {
            while (!(flaw == NO_EMPTY_WAIT && last) && !ptx::mbarrier_try_wait_parity(&empty[s], ~round & 1))
                ;
            ptx::mbarrier_arrive_expect_tx(ptx::sem_release, ptx::scope_cta, ptx::space_shared, &full[s],
                                           bytes);
            ptx::cp_async_bulk(ptx::space_cluster, ptx::space_global, tile[s], items + k * TILE, bytes,
                               &full[s]);
        } else if (threadIdx.x >= 32) {
            unsigned lane = threadIdx.x - 32, awaited = flaw == WRONG_STAGE && last ? s ^ 1 : s;
            unsigned parity = (flaw == WRONG_PHASE && last ? ~round : round) & 1;
            while (!(flaw == NO_FULL_WAIT && last) && !ptx::mbarrier_try_wait_parity(&full[awaited], parity))
                ;
            for (unsigned i = lane; i < TILE; i += 32)
                result[i] = 2 * tile[s][i];
            ptx::mbarrier_arrive(&empty[s]);
            if (flaw != NO_PROXY_FENCE)
                ptx::fence_proxy_async(ptx::space_shared);
            __syncwarp();
            if (lane == 0) {
                ptx::cp_async_bulk(ptx::space_global, ptx::space_shared, out + k * TILE, result, bytes);
                ptx::cp_async_bulk_commit_group();
                if (flaw != NO_GROUP_WAIT && !(flaw == ENDS_BEFORE_STORE && last))
                    ptx::cp_async_bulk_wait_group_read(ptx::n32_t<0>{});
            }
            __syncwarp();
        }
    }
    if (threadIdx.x == 32) {
        if (flaw != READ_BACK && flaw != ENDS_BEFORE_STORE)
            ptx::cp_async_bulk_wait_group(ptx::n32_t<0>{});
        if (flaw != ENDS_BEFORE_STORE)
            out[0] = out[TILE] + 1;
    }
}

// Rank 0 fills the tiles of both blocks at once, twice; it may do so again when both have read theirs.
__global__ void multicast(flaw flaw, const unsigned *items, unsigned *out) {
    cg::cluster_group cluster = cg::this_cluster();
    __shared__ alignas(128) unsigned tile[TILE];
    __shared__ uint64_t full, empty;
    unsigned rank = cluster.block_rank();
    if (threadIdx.x == 0) {
        ptx::mbarrier_init(&full, 1);
        ptx::mbarrier_init(&empty, SIZE * THREADS);
        ptx::fence_mbarrier_init(ptx::sem_release, ptx::scope_cluster);
    }
    cluster_arrive_relaxed();
    cluster_wait();
    for (unsigned k = 0; k < 2; k++) {
        if (threadIdx.x == 0)
            ptx::mbarrier_arrive_expect_tx(ptx::sem_release, ptx::scope_cluster, ptx::space_shared, &full,
                                           sizeof tile);
        if (threadIdx.x == 0 && rank == 0) {
            while (k > 0 && flaw != MULTICAST_TOO_EARLY &&
                   !ptx::mbarrier_try_wait_parity(ptx::sem_acquire, ptx::scope_cluster, &empty, 0))
                ;
            asm volatile(
                "cp.async.bulk.shared::cluster.global.mbarrier::complete_tx::bytes.multicast::cluster "
                "[%0], [%1], %2, [%3], 3;" ::"r"(shared_address(tile)),
                "l"(items + k * TILE), "r"((unsigned)sizeof tile), "r"(shared_address(&full))
                : "memory");
        }
        while ((flaw != NO_MULTICAST_WAIT || rank == 0) &&
               !ptx::mbarrier_try_wait_parity(&full, flaw == PARITY_KEPT ? 0 : k))
            ;
        out[(k * gridDim.x + blockIdx.x) * TILE + threadIdx.x] = tile[threadIdx.x];
        ptx::mbarrier_arrive(ptx::sem_release, ptx::scope_cluster, ptx::space_cluster,
                             cluster.map_shared_rank(&empty, 0));
    }
    cluster.sync();
}

// Each block copies its tile to the next of the cluster, and fills its own again.
__global__ void pass_on(flaw flaw, const unsigned *items, unsigned *out) {
    cg::cluster_group cluster = cg::this_cluster();
    __shared__ alignas(128) unsigned mine[TILE], theirs[TILE];
    __shared__ uint64_t come;
    unsigned next = (cluster.block_rank() + 1) % SIZE;
    mine[threadIdx.x] = items[blockIdx.x * TILE + threadIdx.x];
    if (threadIdx.x == 0) {
        ptx::mbarrier_init(&come, 1);
        ptx::mbarrier_arrive_expect_tx(ptx::sem_release, ptx::scope_cluster, ptx::space_shared, &come,
                                       sizeof mine);
    }
    ptx::fence_proxy_async();
    cluster.sync();
    if (threadIdx.x == 0)
        ptx::cp_async_bulk(ptx::space_cluster, ptx::space_shared, cluster.map_shared_rank(theirs, next), mine,
                           sizeof mine, cluster.map_shared_rank(&come, next));
    while (!ptx::mbarrier_try_wait_parity(&come, 0))
        ;
    if (flaw != SOURCE_REUSED)
        cluster.sync(); // the next block has its copy, so the source is free
    mine[threadIdx.x] = theirs[threadIdx.x] + 1;
    out[blockIdx.x * TILE + threadIdx.x] = mine[threadIdx.x];
    cluster.sync();
}

// Each block tells its rank to all, and adds what it was told to its cluster's tile of out, where all read the sum.
__global__ void tell(flaw flaw, unsigned *out) {
    cg::cluster_group cluster = cg::this_cluster();
    __shared__ alignas(128) unsigned told[TILE];
    __shared__ unsigned ranks[SIZE];
    __shared__ uint64_t come;
    unsigned *sums = out + blockIdx.x / SIZE * TILE, rank = cluster.block_rank();
    if (rank == 0)
        sums[threadIdx.x] = 0;
    if (threadIdx.x == 0) {
        ptx::mbarrier_init(&come, 1);
        ptx::mbarrier_arrive_expect_tx(ptx::sem_release, ptx::scope_cluster, ptx::space_shared, &come,
                                       sizeof ranks);
    }
    cluster.sync();
    if (threadIdx.x < SIZE)
        ptx::st_async(cluster.map_shared_rank(&ranks[rank], threadIdx.x), rank + 1,
                      cluster.map_shared_rank(&come, threadIdx.x));
    while (flaw != NO_STORE_WAIT && !ptx::mbarrier_try_wait_parity(&come, 0))
        ;
    told[threadIdx.x] = ranks[threadIdx.x % SIZE];
    ptx::fence_proxy_async();
    __syncthreads();
    if (threadIdx.x == 0) {
        ptx::cp_reduce_async_bulk(ptx::space_global, ptx::space_shared, ptx::op_add, sums, told, sizeof told);
        ptx::cp_async_bulk_commit_group();
        if (flaw == NO_REDUCE_WAIT)
            ptx::cp_async_bulk_wait_group_read(ptx::n32_t<0>{});
        else
            ptx::cp_async_bulk_wait_group(ptx::n32_t<0>{});
    }
    cluster.sync();
    out[(1 + gridDim.x / SIZE + blockIdx.x) * TILE + threadIdx.x] = sums[threadIdx.x];
    cluster.sync();
}

// A sum is written where its place was.
__global__ void add_to(flaw flaw, unsigned *out) {
    __shared__ alignas(128) unsigned terms[TILE];
    terms[threadIdx.x] = threadIdx.x;
    if (flaw != UNWRITTEN_SUM)
        out[threadIdx.x] = 1;
    ptx::fence_proxy_async();
    __syncthreads();
    if (threadIdx.x == 0) {
        ptx::cp_reduce_async_bulk(ptx::space_global, ptx::space_shared, ptx::op_add, out, terms,
                                  sizeof terms);
        ptx::cp_async_bulk_commit_group();
        ptx::cp_async_bulk_wait_group(ptx::n32_t<0>{});
    }
    __syncthreads();
    out[TILE + threadIdx.x] = out[threadIdx.x];
}

// --- cp.async
__device__ void copy_async(unsigned *to, const unsigned *from) {
    asm volatile("cp.async.ca.shared.global [%0], [%1], 4;" ::"r"(shared_address(to)), "l"(from) : "memory");
}
__device__ void commit() { asm volatile("cp.async.commit_group;" ::: "memory"); }
template <int PENDING> __device__ void wait_group() {
    asm volatile("cp.async.wait_group %0;" ::"n"(PENDING) : "memory");
}

__global__ void double_buffer(flaw flaw, const unsigned *items, unsigned *out) {
    __shared__ unsigned buffer[2][THREADS];
    copy_async(&buffer[0][threadIdx.x], items + threadIdx.x);
    commit();
#pragma unroll 1
    for (unsigned k = 0; k < TILES; k++) {
        if (k + 1 < TILES)
            copy_async(&buffer[~k & 1][threadIdx.x], items + (k + 1) * THREADS + threadIdx.x);
        commit();
        if (flaw == ASYNC_WAIT_TOO_FEW && k == 4)
            wait_group<2>();
        else if (flaw != NO_ASYNC_WAIT)
            wait_group<1>();
        if (flaw != ASYNC_UNSYNCED)
            __syncthreads();
        out[k * THREADS + threadIdx.x] = buffer[k & 1][threadIdx.x ^ 32];
        __syncthreads();
    }
}

__global__ void tracked(flaw flaw, const unsigned *items, unsigned *out) {
    __shared__ unsigned buffer[THREADS];
    __shared__ uint64_t come;
    if (threadIdx.x == 0)
        ptx::mbarrier_init(&come, THREADS);
    __syncthreads();
    copy_async(&buffer[threadIdx.x], items + threadIdx.x);
    if (flaw == ASYNC_UNTRACKED)
        ptx::mbarrier_arrive(&come);
    else
        asm volatile("cp.async.mbarrier.arrive.noinc.shared.b64 [%0];" ::"r"(shared_address(&come))
                     : "memory");
    while (!ptx::mbarrier_try_wait_parity(&come, 0))
        ;
    out[threadIdx.x] = buffer[threadIdx.x ^ 1];
}

// Memory that holds mbarriers one after another, and data between them.
__global__ void reuse(flaw flaw, const unsigned *items, unsigned *out) {
    __shared__ alignas(16) uint64_t place[4];
    if (threadIdx.x == 0) {
        for (unsigned round = 0; round < 2; round++) {
            ptx::mbarrier_init(&place[0], 1);
            if (round == 1 && flaw == COPIED_OVER)
                ptx::mbarrier_init(&place[2], 1);
            ptx::fence_mbarrier_init(ptx::sem_release, ptx::scope_cluster);
            ptx::mbarrier_arrive_expect_tx(ptx::sem_release, ptx::scope_cta, ptx::space_shared, place, 16);
            ptx::cp_async_bulk(ptx::space_cluster, ptx::space_global, place + 2, items, 16, place);
            while (!ptx::mbarrier_try_wait_parity(place, 0))
                ;
            if (flaw != INIT_TWICE && flaw != STORED_OVER)
                asm volatile("mbarrier.inval.shared.b64 [%0];" ::"r"(shared_address(place)) : "memory");
            if (flaw != INIT_TWICE)
                *(volatile uint64_t *)place = 0;
        }
        out[0] = (unsigned)place[2];
    }
}

// The copy belongs to the second phase; its bytes come before they are expected.
__global__ void phases(flaw flaw, const unsigned *items, unsigned *out) {
    __shared__ alignas(16) unsigned tile[4];
    __shared__ uint64_t barrier;
    ptx::mbarrier_init(&barrier, 1);
    ptx::fence_mbarrier_init(ptx::sem_release, ptx::scope_cluster);
    ptx::mbarrier_arrive(&barrier);
    ptx::cp_async_bulk(ptx::space_cluster, ptx::space_global, tile, items, sizeof tile, &barrier);
    while (!ptx::mbarrier_try_wait_parity(&barrier, 0))
        ;
    if (flaw == EARLIER_PHASE)
        out[0] = tile[0];
    ptx::mbarrier_arrive_expect_tx(ptx::sem_release, ptx::scope_cta, ptx::space_shared, &barrier,
                                   sizeof tile);
    while (!ptx::mbarrier_try_wait_parity(&barrier, 1))
        ;
    out[0] = tile[0];
}

template <class... Parameters, class... Arguments>
void launch(void (*kernel)(Parameters...), unsigned cluster, size_t shared_bytes, Arguments... arguments) {
    cudaLaunchAttribute attribute = {};
    attribute.id = cudaLaunchAttributeClusterDimension;
    attribute.val.clusterDim = {cluster, 1, 1};
    cudaLaunchConfig_t config = {};
    config.gridDim = 2 * cluster;
    config.blockDim = THREADS;
    config.dynamicSmemBytes = shared_bytes;
    config.attrs = &attribute;
    config.numAttrs = 1;
    must(cudaLaunchKernelEx(&config, kernel, Parameters(arguments)...));
}

void launch_fill(unsigned *out) {
    int bytes;
    must(cudaDeviceGetAttribute(&bytes, cudaDevAttrMaxSharedMemoryPerBlockOptin, 0));
    must(cudaFuncSetAttribute(fill, cudaFuncAttributeNonPortableClusterSizeAllowed, 1));
    must(cudaFuncSetAttribute(fill, cudaFuncAttributeMaxDynamicSharedMemorySize, bytes));
    launch(fill, largest_cluster(), bytes, bytes / sizeof(unsigned), out);
}

int main(int, char **argument) {
    constexpr unsigned items_count = 2 * 16 * THREADS;
    std::vector<unsigned> host = random_items{5}.items<unsigned>(items_count);
    device_vector<unsigned> items(host), out(items_count), fresh(items_count);
    int flaw = 0;
    while (flaw < FLAWS && strcmp(names[flaw], argument[1]) != 0)
        flaw++;
    if (flaw == FLAWS)
        return 1;
    enum flaw f = (enum flaw)flaw;
    const bool all = flaw == CLEAN;
    if (all || flaw <= REMOTE_WRITE)
        launch(exchange, SIZE, 0, f, out.items);
    if (all || flaw == PLAIN_BINS)
        launch(histogram, SIZE, 0, f, items.items, out.items);
    if (all)
        launch_fill(out.items);
    if (all)
        launch(reduction, SIZE, 0, items.items, out.items);
    if (all) {
        must(cudaMemset(fresh.items, 0, sizeof(unsigned)));
        launch(next_cluster, SIZE, 0, out.items + 1, fresh.items, out.items);
    }
    if (all || flaw == RELAXED_FLAG || flaw == RELAXED_REMOTE_ARRIVE)
        launch(hand_over, SIZE, 0, f, out.items);
    if (all || (flaw >= INIT_UNSYNCED && flaw <= READ_BACK))
        pipeline<<<1, THREADS>>>(f, items.items, out.items);
    if (all || (flaw >= NO_MULTICAST_WAIT && flaw <= PARITY_KEPT))
        launch(multicast, SIZE, 0, f, items.items, out.items);
    if (all || flaw == SOURCE_REUSED)
        launch(pass_on, SIZE, 0, f, items.items, out.items);
    if (all || (flaw >= NO_ASYNC_WAIT && flaw <= ASYNC_UNSYNCED))
        double_buffer<<<1, THREADS>>>(f, items.items, out.items);
    if (all || flaw == ASYNC_UNTRACKED)
        tracked<<<2, THREADS>>>(f, items.items, out.items);
    if (all || (flaw >= STORED_OVER && flaw <= UNWRITTEN_SOURCE))
        reuse<<<1, 1>>>(f, flaw == UNWRITTEN_SOURCE ? fresh.items : items.items, out.items);
    if (all || flaw == EARLIER_PHASE)
        phases<<<1, 1>>>(f, items.items, out.items);
    if (all || flaw == UNWRITTEN_SUM)
        add_to<<<1, TILE>>>(f, fresh.items + items_count / 2);
    if (all || flaw == NO_STORE_WAIT || flaw == NO_REDUCE_WAIT)
        launch(tell, SIZE, 0, f, out.items);
    cudaDeviceSynchronize();
    printf("done\n");
}
