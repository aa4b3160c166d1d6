// One planted fault a run, named by the argument. Each must be found.
#include "expect.cuh"

#undef NDEBUG // assert must stay in every build
#include <cassert>
#include <cstring>

__global__ void store_at(int *items, int index) { items[index] = 1; }
__global__ void load_at(const int *items, int index, int *out) { *out = items[index]; }
__global__ void load_unaligned(const char *bytes, int *out) { *out = *(const int *)(bytes + 1); }
__global__ void half_a_barrier() {
    if (threadIdx.x < 32)
        asm volatile("bar.sync 1, 64;");
}
__global__ void give_up() { __trap(); }
__global__ void fail_assertion(int value) { assert(value == 0); }
__global__ void store_shared(int index) {
    __shared__ volatile int items[32];
    items[index] = index;
}
__global__ void beyond_the_barriers(int number) { asm volatile("bar.sync %0;" ::"r"(number)); }
__global__ void shuffle_in_two_ways(int *out) {
    int lane = threadIdx.x;
    *out = lane < 16 ? __shfl_up_sync(~0u, lane, 1) : __shfl_down_sync(~0u, 3 * lane, 1);
}
__global__ void large_shared(int *out) {
    __shared__ int items[13000];
    items[100 * threadIdx.x] = threadIdx.x;
    __syncthreads();
    *out = items[100 * (blockDim.x - 1 - threadIdx.x)];
}
__global__ void change_parameter(const __grid_constant__ int parameter) {
    const int *read_only = &parameter;
    int *address;
    asm volatile("mov.u64 %0, %1;" : "=l"(address) : "l"(read_only));
    *address = 1;
}

static void CUDART_CB say_reached(void *) { puts("the host function was reached"); }

static void fault_in_graph(int *items) {
    cudaStream_t stream;
    cudaGraph_t graph;
    cudaGraphExec_t exec;
    must(cudaStreamCreate(&stream));
    must(cudaStreamBeginCapture(stream, cudaStreamCaptureModeGlobal));
    store_at<<<1, 1, 0, stream>>>(items, 100);
    must(cudaLaunchHostFunc(stream, say_reached, nullptr));
    must(cudaStreamEndCapture(stream, &graph));
    must(cudaGraphInstantiate(&exec, graph, 0));
    must(cudaGraphLaunch(exec, stream));
}

// Nobody sets the flag.
__global__ void wait_for(volatile int *flag) {
    if (threadIdx.x < 32)
        while (*flag != 1)
            ;
    __syncthreads();
}
// The block that would set the flag starts only when another one ends.
__global__ void last_block(volatile int *flag) {
    if (blockIdx.x + 1 == gridDim.x)
        *flag = 1;
    while (*flag != 1)
        ;
}
__global__ void take_lock(int *lock) {
    while (atomicCAS(lock, 0, 1) != 0)
        __nanosleep(20);
}
// Others spin, change nothing, for as long as several of their turns, and are then freed.
__global__ void slow_rescue(volatile int *flag) {
    if (blockIdx.x == 0) {
        unsigned x = threadIdx.x;
        for (int i = 0; i < 3000000; i++)
            x = (x ^ x >> 7) * 1664525 + i;
        *flag = x == 12345 ? 3 : 1;
    }
    while (*flag == 0)
        ;
}

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
    else if (!strcmp(fault, "assert"))
        fail_assertion<<<1, 1>>>(1);
    else if (!strcmp(fault, "shared"))
        store_shared<<<1, 1>>>(32);
    else if (!strcmp(fault, "barrier"))
        beyond_the_barriers<<<1, 32>>>(16);
    else if (!strcmp(fault, "parameter"))
        change_parameter<<<1, 1>>>(0);
    else if (!strcmp(fault, "graph"))
        fault_in_graph(items);
    else if (!strcmp(fault, "two-shuffles"))
        shuffle_in_two_ways<<<1, 32>>>(out);
    else if (!strcmp(fault, "large-shared"))
        large_shared<<<1, 32>>>(out);
    else if (!strcmp(fault, "deadlock"))
        half_a_barrier<<<1, 64>>>();
    else if (!strcmp(fault, "spin"))
        wait_for<<<1, 64>>>(items);
    else if (!strcmp(fault, "spin-for-a-stream")) { // which would set it on a GPU, where streams run at once
        cudaStream_t first, second;
        must(cudaStreamCreate(&first));
        must(cudaStreamCreate(&second));
        wait_for<<<1, 64, 0, first>>>(items);
        store_at<<<1, 1, 0, second>>>(items, 0);
    } else if (!strcmp(fault, "co-residency"))
        last_block<<<100000, 1024>>>(items);
    else if (!strcmp(fault, "lock-never-freed"))
        take_lock<<<3, 64>>>(items);
    else if (!strcmp(fault, "slow-rescue"))
        slow_rescue<<<4, 32>>>(items);
    else if (!strcmp(fault, "copy-beyond"))
        return cudaMemcpy(items, std::vector<int>(101).data(), 101 * sizeof(int), cudaMemcpyHostToDevice) !=
               cudaErrorInvalidValue;
    else if (!strcmp(fault, "copy-to-host-pointer"))
        return cudaMemset(&on_host, 0, sizeof on_host) != cudaErrorInvalidValue;
    else if (!strcmp(fault, "double-free"))
        return cudaFree(freed) != cudaErrorInvalidValue;
    else if (!strcmp(fault, "many")) {
        for (int k = 0; k < 102; k++)
            cudaFree(freed);
        return 0;
    } else if (!strcmp(fault, "host-dereference"))
        return *(volatile int *)items;
    else if (!strcmp(fault, "unknown-call")) {
        cudaArray_t array;
        cudaChannelFormatDesc format = cudaCreateChannelDesc(32, 0, 0, 0, cudaChannelFormatKindFloat);
        return cudaMallocArray(&array, &format, 4, 4) != cudaErrorNotSupported;
    } else
        return 1;
    cudaError_t error = cudaDeviceSynchronize();
    bool sticky = error != cudaSuccess && cudaGetLastError() == error && cudaGetLastError() == error &&
                  cudaMalloc(&out, 4) == error;
    printf("%s, %s\n", cudaGetErrorName(error), sticky ? "sticky" : "not sticky");
}
