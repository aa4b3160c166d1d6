// Mistakes in calls that stay calls, one a run, named by the argument.
#include "expect.cuh"
#include <cstring>
__device__ __noinline__ int down(int n) { return n == -1 ? 1 : down(n - 1) * 3 ^ down(n - 2); }
__global__ void endless(int *out) { *out = down(-2 - *out); }
__device__ int plus_one(int x) { return x + 1; }
__device__ int sum_of_two(int x, int y) { return x + y; }
__global__ void by_pointer(int (*const *called)(int), int *out) {
    out[threadIdx.x] = called[blockIdx.x * 32 + threadIdx.x](5);
}
__device__ __noinline__ int neighbour(const int *items) {
    return items[threadIdx.x ^ 32];
} // without a barrier
__global__ void exchanges(int (*const *called)(const int *), int *out) {
    __shared__ int items[64];
    items[threadIdx.x] = threadIdx.x;
    out[threadIdx.x] = called[0](items);
}
__device__ int wait_for(int flag) { return flag; }
__global__ void spins(volatile int *flag, int (*const *called)(int)) {
    while (!called[0](*flag))
        ;
}

typedef int (*number)(int);
__device__ number functions[2] = {plus_one, wait_for};
__device__ int (*of_two)(int, int) = sum_of_two;
__device__ int (*of_items)(const int *) = neighbour;

int main(int, char **argument) {
    const char *which = argument[1];
    number known[2], odd;
    int (*items)(const int *);
    must(cudaMemcpyFromSymbol(known, functions, sizeof known));
    must(cudaMemcpyFromSymbol(&items, of_items, sizeof items));
    std::vector<number> called(64, known[0]);
    int *out;
    must(cudaMalloc(&out, 256));
    must(cudaMemset(out, 0, 256));
    if (!strcmp(which, "null"))
        called[37] = nullptr;
    else if (!strcmp(which, "data"))
        memcpy(&called[37], &out, sizeof odd);
    else if (!strcmp(which, "other-parameters")) {
        must(cudaMemcpyFromSymbol(&odd, of_two, sizeof odd));
        called[37] = odd;
    } else if (!strcmp(which, "spin"))
        called[0] = known[1];
    number *table;
    must(cudaMalloc(&table, 64 * sizeof(number)));
    must(cudaMemcpy(table, called.data(), 64 * sizeof(number), cudaMemcpyHostToDevice));
    if (!strcmp(which, "endless"))
        endless<<<1, 32>>>(out);
    else if (!strcmp(which, "spin"))
        spins<<<1, 32>>>(out, table);
    else if (!strcmp(which, "race")) {
        must(cudaMemcpy(table, &items, sizeof items, cudaMemcpyHostToDevice));
        exchanges<<<1, 64>>>((int (*const *)(const int *))table, out);
    } else
        by_pointer<<<2, 32>>>(table, out);
    printf("%s\n", cudaGetErrorName(cudaDeviceSynchronize()));
}
