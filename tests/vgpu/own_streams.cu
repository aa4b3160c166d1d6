// Built with --default-stream per-thread: stream 0 is each thread's own, and cudaStreamLegacy waits for all of them.
#include "expect.cuh"

#include <atomic>
#include <thread>

__global__ void set(int *item, int value) { *item = value; }
__global__ void add(int *item, int value) { *item += value; }

// What an object built without the option calls.
#undef cudaStreamGetId
extern "C" cudaError_t cudaStreamGetId(cudaStream_t stream, unsigned long long *id);

static std::atomic<bool> is_out;
static void CUDART_CB hold(void *) {
    while (!is_out)
        std::this_thread::yield();
}

int main() {
    device_vector<int> items(std::vector<int>{0, 0});
    int *seen;
    must(cudaMallocHost(&seen, sizeof *seen));
    must(cudaLaunchHostFunc(0, hold, nullptr));
    set<<<1, 1>>>(items.items, 1);
    expect(cudaStreamQuery(0) == cudaErrorNotReady, "this thread's own stream is held");
    expect(cudaStreamQuery(cudaStreamPerThread) == cudaErrorNotReady, "by either name");
    std::thread other([&] {
        set<<<1, 1>>>(items.items + 1, 2);
        must(cudaMemcpyAsync(seen, items.items + 1, sizeof *seen, cudaMemcpyDeviceToHost));
        must(cudaStreamSynchronize(0));
        expect(*seen == 2, "another thread's own stream goes on");
        int value;
        must(cudaMemcpy(&value, items.items + 1, sizeof value, cudaMemcpyDeviceToHost));
        expect(value == 2, "and so does its cudaMemcpy");
    });
    other.join();
    add<<<1, 1, 0, cudaStreamLegacy>>>(items.items, 10);
    expect(cudaStreamQuery(cudaStreamLegacy) == cudaErrorNotReady, "the legacy stream waits for it");
    is_out = true;
    must(cudaStreamSynchronize(cudaStreamLegacy));
    expect(items.host()[0] == 11, "in the order of submission");

    cudaGraph_t graph;
    cudaGraphExec_t exec;
    must(cudaStreamBeginCapture(0, cudaStreamCaptureModeThreadLocal));
    add<<<1, 1>>>(items.items, 5);
    must(cudaStreamEndCapture(0, &graph));
    must(cudaGraphInstantiate(&exec, graph, 0));
    must(cudaGraphLaunch(exec, 0));
    must(cudaGraphExecDestroy(exec));
    must(cudaGraphDestroy(graph));
    expect(items.host()[0] == 16, "and it can capture, which the legacy stream cannot");

    unsigned long long own_id, id;
    must(cudaStreamGetId(cudaStreamPerThread, &own_id));
    must(cudaStreamSynchronize(0));
    must(cudaStreamGetId(0, &id));
    expect(id != own_id, "for other objects of the program stream 0 is the legacy stream");
    must(cudaFreeHost(seen));
    printf("own default streams behave as they should\n");
}
