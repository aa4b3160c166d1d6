// The smallest whole program: allocation, copies, a launch, a result; then every dimension of a grid and a block.
#include "expect.cuh"

__global__ void add(const float *a, const float *b, float *sum, int count) {
    int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i < count)
        sum[i] = a[i] + b[i];
}

// Each thread writes its rank, computed from all coordinates.
__global__ void ranks(unsigned *out) {
    unsigned block = blockIdx.x + gridDim.x * (blockIdx.y + gridDim.y * blockIdx.z);
    unsigned thread = threadIdx.x + blockDim.x * (threadIdx.y + blockDim.y * threadIdx.z);
    unsigned rank = block * blockDim.x * blockDim.y * blockDim.z + thread;
    out[rank] = rank;
}

static size_t check_add(int count) {
    random_items random{(uint64_t)count};
    auto a = random.items<float>(count), b = random.items<float>(count);
    device_vector<float> device_a(a), device_b(b), device_sum(count);
    add<<<(count + 127) / 128, 128>>>(device_a.items, device_b.items, device_sum.items, count);
    must(cudaGetLastError());
    must(cudaDeviceSynchronize());
    auto sum = device_sum.host();
    for (int i = 0; i < count; i++)
        expect(sum[i] == a[i] + b[i], "sum equals the host's");
    return count;
}

static size_t check_ranks(dim3 grid, dim3 block) {
    size_t count = (size_t)grid.x * grid.y * grid.z * block.x * block.y * block.z;
    device_vector<unsigned> out(count);
    must(cudaMemset(out.items, 0xff, count * sizeof(unsigned)));
    ranks<<<grid, block>>>(out.items);
    must(cudaDeviceSynchronize());
    auto host = out.host();
    for (size_t i = 0; i < count; i++)
        expect(host[i] == i, "every thread ran once with its own coordinates");
    return count;
}

int main() {
    size_t compared = 0;
    for (int count : {1, 31, 32, 33, 127, 128, 129, 1000, 100000})
        compared += check_add(count);
    for (dim3 grid : {dim3(1), dim3(7), dim3(3, 5), dim3(2, 3, 4)})
        for (dim3 block : {dim3(1), dim3(33), dim3(1024), dim3(5, 7), dim3(4, 3, 64), dim3(1, 1, 64)})
            compared += check_ranks(grid, block);
    printf("compared %zu items\n", compared);
}
