// One planted fault a run, named by the argument. Each must be found.
#include "expect.cuh"

#include <cstring>

__global__ void store_at(int *items, int index) { items[index] = 1; }
__global__ void load_at(const int *items, int index, int *out) { *out = items[index]; }
__global__ void load_unaligned(const char *bytes, int *out) { *out = *(const int *)(bytes + 1); }
__global__ void half_a_barrier() {
    if (threadIdx.x < 32)
        asm volatile("bar.sync 1, 64;");
}
__global__ void give_up() { __trap(); }

int main(int, char **argument) {
    const char *fault = argument[1];
    int *items, *out, *freed, on_host = 0;
    must(cudaMalloc(&items, 100 * sizeof(int)));
    must(cudaMalloc(&out, sizeof(int)));
    must(cudaMalloc(&freed, 100 * sizeof(int)));
    must(cudaMemset(items, 0, 100 * sizeof(int)));
    must(cudaFree(freed));
    if (!strcmp(fault, "none"))
        store_at<<<1, 1>>>(items, 99);
    else if (!strcmp(fault, "store-after-end"))
        store_at<<<1, 1>>>(items, 100);
    else if (!strcmp(fault, "load-before-begin"))
        load_at<<<1, 1>>>(items, -1, out);
    else if (!strcmp(fault, "far-away"))
        load_at<<<1, 1>>>(items, 1 << 30, out);
    else if (!strcmp(fault, "null"))
        store_at<<<1, 1>>>(nullptr, 0);
    else if (!strcmp(fault, "misaligned"))
        load_unaligned<<<1, 1>>>((const char *)items, out);
    else if (!strcmp(fault, "use-after-free"))
        load_at<<<1, 1>>>(freed, 3, out);
    else if (!strcmp(fault, "host-pointer"))
        load_at<<<1, 1>>>(&on_host, 0, out);
    else if (!strcmp(fault, "trap"))
        give_up<<<1, 1>>>();
    else if (!strcmp(fault, "deadlock"))
        half_a_barrier<<<1, 64>>>();
    else if (!strcmp(fault, "copy-beyond"))
        return cudaMemcpy(items, std::vector<int>(101).data(), 101 * sizeof(int), cudaMemcpyHostToDevice) !=
               cudaErrorInvalidValue;
    else if (!strcmp(fault, "copy-to-host-pointer"))
        return cudaMemset(&on_host, 0, sizeof on_host) != cudaErrorInvalidValue;
    else if (!strcmp(fault, "double-free"))
        return cudaFree(freed) != cudaErrorInvalidValue;
    else if (!strcmp(fault, "host-dereference"))
        return *(volatile int *)items;
    else if (!strcmp(fault, "unknown-call")) {
        cudaArray_t array;
        cudaChannelFormatDesc format = cudaCreateChannelDesc(32, 0, 0, 0, cudaChannelFormatKindFloat);
        return cudaMallocArray(&array, &format, 4, 4) != cudaErrorNotSupported;
    } else if (!strcmp(fault, "cluster")) {
        cudaLaunchAttribute attribute = {};
        attribute.id = cudaLaunchAttributeClusterDimension;
        attribute.val.clusterDim = {2, 1, 1};
        cudaLaunchConfig_t config = {};
        config.gridDim = 2;
        config.blockDim = 1;
        config.attrs = &attribute;
        config.numAttrs = 1;
        return cudaLaunchKernelEx(&config, give_up) != cudaErrorNotSupported;
    } else
        return 1;
    cudaError_t error = cudaDeviceSynchronize();
    bool sticky = error != cudaSuccess && cudaGetLastError() == error && cudaGetLastError() == error &&
                  cudaMalloc(&out, 4) == error;
    printf("%s, %s\n", cudaGetErrorName(error), sticky ? "sticky" : "not sticky");
}
