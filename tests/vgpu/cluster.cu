// Thread block clusters: launches and their limits, special registers, distributed shared memory, cluster barriers.
#include "largest_cluster.cuh"

#include <cooperative_groups.h>

#if !defined(__CUDA_ARCH__) || __CUDA_ARCH__ >= 900
#define HAS_CLUSTERS 1
#define CLUSTER_OF_4 __cluster_dims__(4)
namespace cg = cooperative_groups;
#else
#define CLUSTER_OF_4
#endif

// Each block sums its items, each cluster the sums of its blocks in the shared memory of rank 0.
__global__ void reduce(const unsigned *items, unsigned *sums) {
#if HAS_CLUSTERS
    cg::cluster_group cluster = cg::this_cluster();
    __shared__ unsigned sum, total;
    if (threadIdx.x == 0)
        sum = total = 0;
    cluster.sync();
    atomicAdd(&sum, items[blockIdx.x * blockDim.x + threadIdx.x]);
    __syncthreads();
    if (threadIdx.x == 0)
        atomicAdd(cluster.map_shared_rank(&total, 0), sum);
    cluster.sync();
    if (cluster.thread_rank() == 0)
        sums[blockIdx.x / cluster.num_blocks()] = total;
#endif
}

// What a block has goes once around the cluster; plain loads and stores by generic pointers, then by shared::cluster addresses.
__global__ void CLUSTER_OF_4 ring(const unsigned *items, unsigned *out, int steps) {
#if HAS_CLUSTERS
    cg::cluster_group cluster = cg::this_cluster();
    __shared__ unsigned box[2][64];
    unsigned rank = cluster.block_rank(), right = (rank + 1) % cluster.num_blocks(),
             left = (rank + cluster.num_blocks() - 1) % cluster.num_blocks();
    box[0][threadIdx.x] = items[blockIdx.x * blockDim.x + threadIdx.x];
    for (int step = 0; step < steps; step++) {
        cluster.sync();
        unsigned *from = box[step & 1] + threadIdx.x, *to = box[~step & 1] + threadIdx.x;
        if (step & 1) { // pull from the left
            unsigned got, address;
            asm volatile("mapa.shared::cluster.u32 %0, %1, %2;"
                         : "=r"(address)
                         : "r"((unsigned)__cvta_generic_to_shared(from)), "r"(left));
            asm volatile("ld.shared::cluster.u32 %0, [%1];" : "=r"(got) : "r"(address) : "memory");
            *to = got + 1;
        } else { // push to the right
            *cluster.map_shared_rank(to, right) = *from + 1;
        }
    }
    cluster.sync();
    out[blockIdx.x * blockDim.x + threadIdx.x] = box[steps & 1][threadIdx.x];
#endif
}

struct place {
    unsigned block[3], cluster[3], clusters[3], in_cluster[3], extent[3], rank, size, is_explicit, of_address,
        windows;
};

__global__ void where(place *places) {
#if HAS_CLUSTERS
    __shared__ int anything;
    place p;
    p.block[0] = blockIdx.x, p.block[1] = blockIdx.y, p.block[2] = blockIdx.z;
#define READ(field, name) asm("mov.u32 %0, " name ";" : "=r"(field))
#define READ3(field, name)                                                                                   \
    READ(field[0], name ".x");                                                                               \
    READ(field[1], name ".y");                                                                               \
    READ(field[2], name ".z")
    READ3(p.cluster, "%%clusterid");
    READ3(p.clusters, "%%nclusterid");
    READ3(p.in_cluster, "%%cluster_ctaid");
    READ3(p.extent, "%%cluster_nctaid");
    READ(p.rank, "%%cluster_ctarank");
    READ(p.size, "%%cluster_nctarank");
    asm("{ .reg .pred p; mov.pred p, %%is_explicit_cluster; selp.u32 %0, 1, 0, p; }" : "=r"(p.is_explicit));
    unsigned mapped, far = p.size - 1;
    asm("mapa.shared::cluster.u32 %0, %1, %2;"
        : "=r"(mapped)
        : "r"((unsigned)__cvta_generic_to_shared(&anything)), "r"(far));
    asm("getctarank.shared::cluster.u32 %0, %1;" : "=r"(p.of_address) : "r"(mapped));
    void *remote = cg::this_cluster().map_shared_rank(&anything, far);
    p.windows = __isShared(remote) | __isClusterShared(remote) << 1 | __isShared(&anything) << 2 |
                __isClusterShared(&anything) << 3 |
                (cg::this_cluster().query_shared_rank(remote) == far) << 4;
    places[(blockIdx.z * gridDim.y + blockIdx.y) * gridDim.x + blockIdx.x] = p;
#endif
}

template <class... Parameters, class... Arguments>
cudaError_t launch(void (*kernel)(Parameters...), dim3 grid, dim3 block, dim3 cluster,
                   Arguments... arguments) {
    cudaLaunchAttribute attribute = {};
    attribute.id = cudaLaunchAttributeClusterDimension;
    attribute.val.clusterDim = {cluster.x, cluster.y, cluster.z};
    cudaLaunchConfig_t config = {};
    config.gridDim = grid;
    config.blockDim = block;
    config.attrs = &attribute;
    config.numAttrs = 1;
    return cudaLaunchKernelEx(&config, kernel, Parameters(arguments)...);
}

void refused(cudaError_t error, cudaError_t wanted, const char *what) {
    expect(error == wanted, what);
    expect(cudaGetLastError() == wanted, what);
    must(cudaDeviceSynchronize());
}

void check_reduce() {
    random_items random{1};
    for (unsigned size : {1u, 2u, 4u, 8u}) {
        unsigned blocks = 24 * size, threads = 96;
        std::vector<unsigned> items = random.items<unsigned>(blocks * threads), expected(24);
        for (size_t i = 0; i < items.size(); i++)
            expected[i / (size * threads)] += items[i];
        device_vector<unsigned> in(items), sums(24);
        must(launch(reduce, blocks, threads, size, in.items, sums.items));
        must(cudaDeviceSynchronize());
        expect(sums.host() == expected, "sums of clusters");
    }
}

void check_ring() {
    random_items random{2};
    std::vector<unsigned> items = random.items<unsigned>(40 * 64), expected(items.size());
    for (int steps : {0, 1, 2, 7}) {
        for (size_t i = 0; i < items.size(); i++) {
            size_t block = i / 64, to = block / 4 * 4 + (block + steps) % 4;
            expected[to * 64 + i % 64] = items[i] + steps;
        }
        device_vector<unsigned> in(items), out(items.size());
        ring<<<40, 64>>>(in.items, out.items, steps);
        must(cudaDeviceSynchronize());
        expect(out.host() == expected, "a ring of blocks");
    }
}

void check_places(dim3 grid, dim3 cluster, bool is_explicit) {
    device_vector<place> places(grid.x * grid.y * grid.z);
    if (is_explicit)
        must(launch(where, grid, 1, cluster, places.items));
    else
        where<<<grid, 1>>>(places.items);
    must(cudaDeviceSynchronize());
    unsigned extent[3] = {cluster.x, cluster.y, cluster.z}, size[3] = {grid.x, grid.y, grid.z}, number = 0;
    for (const place &p : places.host()) {
        unsigned at[3] = {number % size[0], number / size[0] % size[1], number / size[0] / size[1]};
        for (int axis = 0; axis < 3; axis++) {
            expect(p.block[axis] == at[axis], "blockIdx");
            expect(p.cluster[axis] == at[axis] / extent[axis], "clusterid");
            expect(p.clusters[axis] == size[axis] / extent[axis], "nclusterid");
            expect(p.in_cluster[axis] == at[axis] % extent[axis], "cluster_ctaid");
            expect(p.extent[axis] == extent[axis], "cluster_nctaid");
        }
        unsigned blocks = extent[0] * extent[1] * extent[2];
        expect(p.rank == p.in_cluster[0] + extent[0] * (p.in_cluster[1] + extent[1] * p.in_cluster[2]),
               "cluster_ctarank");
        expect(p.size == blocks, "cluster_nctarank");
        expect(p.is_explicit == is_explicit, "is_explicit_cluster");
        expect(p.of_address == blocks - 1, "getctarank of a mapped address");
        bool own = p.rank == blocks - 1;
        expect(p.windows == (own | 2u | 4u | 8u | 16u), "the windows of mapped addresses");
        number++;
    }
}

void check_limits() {
    device_vector<unsigned> in(std::vector<unsigned>(64 * 32)), out(64);
    refused(launch(reduce, 6, 32, 4, in.items, out.items), cudaErrorInvalidClusterSize,
            "a grid that is not a multiple of the cluster");
    refused(launch(reduce, 16, 32, 16, in.items, out.items), cudaErrorInvalidClusterSize,
            "a cluster of 16 without permission");
    refused(launch(reduce, 32, 32, {2, 0, 1}, in.items, out.items), cudaErrorInvalidClusterSize,
            "a cluster of nothing");
    refused(launch(ring, 8, 64, 2, in.items, out.items, 0), cudaErrorInvalidClusterSize,
            "another cluster than the kernel was compiled for");
    must(launch(ring, 4, 64, 4, in.items, in.items, 0));
    must(cudaFuncSetAttribute(reduce, cudaFuncAttributeNonPortableClusterSizeAllowed, 1));
    unsigned largest = largest_cluster();
    must(launch(reduce, 2 * largest, 32, largest, in.items, out.items));
    refused(launch(reduce, largest + 1, 32, largest + 1, in.items, out.items), cudaErrorInvalidClusterSize,
            "a cluster beyond the device's largest");
    must(cudaDeviceSynchronize());
}

void check_occupancy() {
    cudaLaunchAttribute attribute = {};
    attribute.id = cudaLaunchAttributeClusterDimension;
    attribute.val.clusterDim = {4, 1, 1};
    cudaLaunchConfig_t config = {};
    config.gridDim = 64;
    config.blockDim = 1024;
    config.attrs = &attribute;
    config.numAttrs = 1;
    int clusters, blocks, per_sm, sms;
    must(cudaDeviceGetAttribute(&sms, cudaDevAttrMultiProcessorCount, 0));
    must(cudaOccupancyMaxActiveBlocksPerMultiprocessor(&per_sm, where, 1024, 0));
    must(cudaOccupancyMaxActiveClusters(&clusters, where, &config));
    expect(clusters > 0 && clusters * 4 <= per_sm * sms, "active clusters");
    must(cudaOccupancyMaxPotentialClusterSize(&blocks, where, &config));
    expect(blocks == 8, "the largest portable cluster");
    must(cudaOccupancyMaxPotentialClusterSize(&blocks, ring, &config));
    expect(blocks == 4, "the cluster a kernel was compiled for");
    must(cudaFuncSetAttribute(where, cudaFuncAttributeNonPortableClusterSizeAllowed, 1));
    must(cudaOccupancyMaxPotentialClusterSize(&blocks, where, &config));
    expect(blocks == (int)largest_cluster(), "the largest cluster");
    cudaFuncAttributes attributes;
    must(cudaFuncGetAttributes(&attributes, ring));
    expect(attributes.requiredClusterWidth == 4 && attributes.clusterDimMustBeSet, "attributes of a kernel");
}

int main() {
    int has_clusters;
    must(cudaDeviceGetAttribute(&has_clusters, cudaDevAttrClusterLaunch, 0));
    if (!has_clusters) {
        device_vector<unsigned> in(64), out(1);
        refused(launch(reduce, 2, 32, 2, in.items, out.items), cudaErrorNotSupported,
                "a cluster on this device");
        int clusters;
        cudaLaunchConfig_t config = {};
        config.gridDim = config.blockDim = 2;
        refused(cudaOccupancyMaxActiveClusters(&clusters, reduce, &config), cudaErrorNotSupported,
                "a question about clusters on this device");
        must(launch(reduce, 2, 32, 1, in.items, out.items));
        printf("clusters are refused, as they should be\n");
        return 0;
    }
    check_reduce();
    check_ring();
    check_places({4, 6, 2}, {2, 3, 1}, true);
    check_places({8, 1, 2}, {2, 1, 2}, true);
    check_places({3, 2, 2}, {1, 1, 1}, false);
    check_places({3, 2, 2}, {1, 1, 1}, true);
    check_limits();
    check_occupancy();
    printf("clusters are as they should be\n");
}
