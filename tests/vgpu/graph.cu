// Stream capture and graphs: what is captured does not run, replays give the host's results, and misuse is refused as CUDA
// refuses it.
#include "expect.cuh"

__global__ void scale(int *items, int factor, int count) {
    int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i < count)
        items[i] *= factor;
}

__global__ void increment(int *items, int count) {
    int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i < count)
        items[i] += 1;
}

constexpr int count = 1000;
static int host_calls;
static void CUDART_CB count_call(void *) { host_calls++; }

static void check_replay() {
    std::vector<int> in(count), out(count, -1);
    device_vector<int> items(count);
    cudaStream_t stream;
    must(cudaStreamCreate(&stream));
    must(cudaStreamBeginCapture(stream, cudaStreamCaptureModeGlobal));
    must(cudaMemcpyAsync(items.items, in.data(), count * sizeof(int), cudaMemcpyHostToDevice, stream));
    scale<<<4, 256, 0, stream>>>(items.items, 3, count);
    increment<<<4, 256, 0, stream>>>(items.items, count);
    must(cudaMemsetAsync(items.items, 0, sizeof(int), stream));
    must(cudaLaunchHostFunc(stream, count_call, nullptr));
    must(cudaMemcpyAsync(out.data(), items.items, count * sizeof(int), cudaMemcpyDeviceToHost, stream));
    cudaStreamCaptureStatus status;
    must(cudaStreamIsCapturing(stream, &status));
    expect(status == cudaStreamCaptureStatusActive, "the stream says that it captures");
    cudaGraph_t graph;
    must(cudaStreamEndCapture(stream, &graph));
    expect(out[1] == -1 && host_calls == 0, "nothing captured has run");
    size_t nodes = 0;
    must(cudaGraphGetNodes(graph, nullptr, &nodes));
    expect(nodes == 6, "six nodes");

    cudaGraphExec_t exec;
    must(cudaGraphInstantiate(&exec, graph, 0));
    must(cudaGraphDestroy(graph)); // the executable graph stands alone
    for (int replay = 0; replay < 3; replay++) {
        for (int i = 0; i < count; i++)
            in[i] = i + 100 * replay;
        must(cudaGraphLaunch(exec, stream));
        must(cudaStreamSynchronize(stream));
        for (int i = 0; i < count; i++)
            expect(out[i] == (i ? 3 * in[i] + 1 : 0), "a replay gives the host's result");
        expect(host_calls == replay + 1, "the host node ran once a replay");
    }
    must(cudaGraphExecDestroy(exec));
    must(cudaStreamDestroy(stream));
}

// A second stream drawn in by an event, and joined again.
static void check_fork() {
    device_vector<int> a(std::vector<int>(count, 1)), b(std::vector<int>(count, 2));
    cudaStream_t main_stream, side;
    cudaEvent_t fork, join;
    must(cudaStreamCreateWithFlags(&main_stream, cudaStreamNonBlocking));
    must(cudaStreamCreateWithFlags(&side, cudaStreamNonBlocking));
    must(cudaEventCreate(&fork));
    must(cudaEventCreate(&join));
    for (bool joined : {true, false}) {
        must(cudaStreamBeginCapture(main_stream, cudaStreamCaptureModeThreadLocal));
        must(cudaEventRecord(fork, main_stream));
        must(cudaStreamWaitEvent(side, fork, 0));
        increment<<<4, 256, 0, side>>>(b.items, count);
        increment<<<4, 256, 0, main_stream>>>(a.items, count);
        must(cudaEventRecord(join, side));
        if (joined)
            must(cudaStreamWaitEvent(main_stream, join, 0));
        cudaGraph_t graph = nullptr;
        cudaError_t error = cudaStreamEndCapture(main_stream, &graph);
        if (!joined) {
            expect(error == cudaErrorStreamCaptureUnjoined && !graph, "a stream left behind is an error");
            expect(cudaGetLastError() == error && cudaGetLastError() == cudaSuccess, "and not a sticky one");
            continue;
        }
        must(error);
        cudaGraphExec_t exec;
        must(cudaGraphInstantiate(&exec, graph, 0));
        must(cudaGraphLaunch(exec, main_stream));
        must(cudaStreamSynchronize(main_stream));
        expect(a.host()[7] == 2 && b.host()[7] == 3, "both branches ran");
        must(cudaGraphExecDestroy(exec));
        must(cudaGraphDestroy(graph));
    }
    must(cudaEventDestroy(fork));
    must(cudaEventDestroy(join));
    must(cudaStreamDestroy(main_stream));
    must(cudaStreamDestroy(side));
}

template <class CALL> static void check_forbidden(const char *name, cudaError_t wanted, CALL call) {
    cudaStream_t stream;
    must(cudaStreamCreate(&stream));
    must(cudaStreamBeginCapture(stream, cudaStreamCaptureModeGlobal));
    cudaError_t error = call(stream);
    if (error != wanted)
        printf("%s gave %s\n", name, cudaGetErrorName(error));
    expect(error == wanted, "a call that may not be captured");
    cudaStreamCaptureStatus status;
    must(cudaStreamIsCapturing(stream, &status));
    expect(status == cudaStreamCaptureStatusInvalidated, "invalidates the capture");
    cudaGraph_t graph;
    expect(cudaStreamEndCapture(stream, &graph) == cudaErrorStreamCaptureInvalidated && !graph,
           "which then yields no graph");
    cudaGetLastError();
    must(cudaStreamSynchronize(stream));
    must(cudaStreamDestroy(stream));
}

// Asking the legacy stream of itself touches no capture.
static void check_legacy_questions() {
    device_vector<int> items(std::vector<int>(count, 1));
    cudaStream_t stream;
    must(cudaStreamCreate(&stream));
    must(cudaStreamBeginCapture(stream, cudaStreamCaptureModeGlobal));
    increment<<<4, 256, 0, stream>>>(items.items, count);
    cudaStreamCaptureStatus status;
    expect(cudaStreamIsCapturing(0, &status) == cudaErrorStreamCaptureImplicit &&
               cudaStreamGetCaptureInfo(0, &status, nullptr) == cudaErrorStreamCaptureImplicit &&
               cudaGetLastError() == cudaErrorStreamCaptureImplicit,
           "the legacy stream cannot tell while a blocking stream captures");
    must(cudaStreamIsCapturing(stream, &status));
    expect(status == cudaStreamCaptureStatusActive, "and the capture goes on");
    cudaGraph_t graph;
    must(cudaStreamEndCapture(stream, &graph));
    must(cudaGraphDestroy(graph));
    must(cudaStreamIsCapturing(0, &status));
    expect(status == cudaStreamCaptureStatusNone, "the legacy stream does not capture afterwards");
    must(cudaStreamDestroy(stream));
}

int main() {
    check_replay();
    check_fork();
    check_legacy_questions();
    int item = 0;
    device_vector<int> one(1);
    void *fresh;
    check_forbidden("cudaStreamSynchronize", cudaErrorStreamCaptureUnsupported,
                    [](cudaStream_t s) { return cudaStreamSynchronize(s); });
    check_forbidden("cudaDeviceSynchronize", cudaErrorStreamCaptureUnsupported,
                    [](cudaStream_t) { return cudaDeviceSynchronize(); });
    check_forbidden("cudaMalloc", cudaErrorStreamCaptureUnsupported,
                    [&](cudaStream_t) { return cudaMalloc(&fresh, 16); });
    check_forbidden("cudaMemcpy", cudaErrorStreamCaptureImplicit, [&](cudaStream_t) {
        return cudaMemcpy(one.items, &item, sizeof item, cudaMemcpyHostToDevice);
    });
    check_forbidden("a launch on the legacy stream", cudaErrorStreamCaptureImplicit, [&](cudaStream_t) {
        increment<<<1, 1>>>(one.items, 1);
        return cudaGetLastError();
    });
    cudaEvent_t event;
    must(cudaEventCreate(&event));
    check_forbidden("cudaEventRecord in the legacy stream", cudaErrorStreamCaptureImplicit,
                    [&](cudaStream_t) { return cudaEventRecord(event, 0); });
    must(cudaEventSynchronize(event)); // for which there is nothing to wait
    must(cudaEventDestroy(event));
    expect(cudaStreamBeginCapture(0, cudaStreamCaptureModeGlobal) == cudaErrorStreamCaptureUnsupported,
           "the legacy stream does not capture");
    printf("graphs replay and refuse as they should\n");
}
