// A program on libcudart.so.12: its kernels and calls here, and in cuda12_calls.c what CUDA 12 declares otherwise.
#include "expect.cuh"

extern "C" int cuda12_calls(void *managed, void *plain);

__device__ __managed__ int total = 5;
__global__ void sum(const int *items, int count, int *out) {
    int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i < count)
        atomicAdd(out, items[i]);
    if (i == 0)
        atomicAdd(&total, 1);
}

int main() {
    int *items, *out;
    must(cudaMallocManaged(&items, 1000 * sizeof(int)));
    must(cudaMalloc(&out, 256));
    must(cudaMemset(out, 0, 256));
    for (int i = 0; i < 1000; i++)
        items[i] = i;
    cudaStream_t stream;
    cudaGraph_t graph;
    cudaGraphExec_t exec;
    must(cudaStreamCreate(&stream));
    must(cudaStreamBeginCapture(stream, cudaStreamCaptureModeGlobal));
    sum<<<8, 128, 0, stream>>>(items, 1000, out);
    must(cudaStreamEndCapture(stream, &graph));
    must(cudaGraphInstantiate(&exec, graph, 0));
    must(cudaGraphLaunch(exec, stream));
    must(cudaStreamSynchronize(stream));
    sum<<<8, 128>>>(items, 1000, out);
    int got;
    must(cudaMemcpy(&got, out, sizeof got, cudaMemcpyDeviceToHost));
    expect(got == 999000, "the sum, twice");
    expect(total == 7, "the managed variable");
    printf("compared %d answers\n", 2 + cuda12_calls(items, out));
}
