// Waits that are missing: right when work runs at once, wrong in another order that CUDA allows. One a run, named by the argument; says
// whether the result was right. `clean` does the same things as they should be done; `names` lists the mistakes.
#include "expect.cuh"

#include <cstring>

__global__ void add(int *item, int value) { *item += value; }
__global__ void add_once(int *item, int value) {
    if (threadIdx.x == 0)
        *item += value;
}
__global__ void copy(int *to, const int *from) { *to = *from; }

static bool is_clean;
static cudaStream_t a, b;
static int *item, *other, *pinned;

static void wait_if_clean(cudaStream_t stream) {
    if (is_clean)
        must(cudaStreamSynchronize(stream));
}

static void begin() {
    must(cudaMemset(item, 0, sizeof *item));
    must(cudaMemset(other, 0, sizeof *other));
    must(cudaDeviceSynchronize());
    *pinned = 0;
}

static int value_at(const int *address) {
    int value;
    must(cudaDeviceSynchronize());
    must(cudaMemcpy(&value, address, sizeof value, cudaMemcpyDeviceToHost));
    return value;
}

// The copy to page-locked memory is not waited for.
static bool read_too_early() {
    begin();
    add<<<1, 1, 0, a>>>(item, 5);
    must(cudaMemcpyAsync(pinned, item, sizeof *item, cudaMemcpyDeviceToHost, a));
    wait_if_clean(a);
    return *pinned == 5;
}

// Page-locked memory is written again before it was read.
static bool write_too_early() {
    begin();
    *pinned = 5;
    must(cudaMemcpyAsync(item, pinned, sizeof *item, cudaMemcpyHostToDevice, a));
    wait_if_clean(a);
    *pinned = 6;
    return value_at(item) == 5;
}

// One stream uses what another makes, with no event between.
static bool streams_apart() {
    begin();
    add<<<1, 1, 0, a>>>(item, 5);
    wait_if_clean(a);
    copy<<<1, 1, 0, b>>>(other, item);
    return value_at(other) == 5;
}

// cudaMemcpy reads pageable memory and returns; a stream that does not block does not wait for it.
static bool after_memcpy() {
    begin();
    int five = 5;
    must(cudaMemcpy(item, &five, sizeof five, cudaMemcpyHostToDevice));
    wait_if_clean(0);
    copy<<<1, 1, 0, a>>>(other, item);
    return value_at(other) == 5;
}

// Nodes without an edge between them.
static bool nodes_apart() {
    begin();
    cudaGraph_t graph;
    cudaGraphExec_t exec;
    must(cudaGraphCreate(&graph, 0));
    int value = 5;
    void *first[] = {&item, &value}, *second[] = {&other, &item};
    cudaKernelNodeParams parameters = {};
    parameters.gridDim = parameters.blockDim = 1;
    cudaGraphNode_t made, used;
    parameters.func = (void *)add;
    parameters.kernelParams = first;
    must(cudaGraphAddKernelNode(&made, graph, nullptr, 0, &parameters));
    parameters.func = (void *)copy;
    parameters.kernelParams = second;
    must(cudaGraphAddKernelNode(&used, graph, &made, is_clean, &parameters));
    must(cudaGraphInstantiate(&exec, graph, 0));
    must(cudaGraphLaunch(exec, a));
    bool is_right = value_at(other) == 5;
    must(cudaGraphExecDestroy(exec));
    must(cudaGraphDestroy(graph));
    return is_right;
}

static const struct {
    const char *name;
    bool (*run)();
} mistakes[] = {{"read_too_early", read_too_early},
                {"write_too_early", write_too_early},
                {"streams_apart", streams_apart},
                {"after_memcpy", after_memcpy},
                {"nodes_apart", nodes_apart}};

// Nothing wrong: two streams that have nothing to do with each other, in whatever order.
static bool streams_alone() {
    begin();
    for (int i = 1; i <= 8; i++) {
        add<<<1, 1, 0, a>>>(item, i);
        add_once<<<1, 2, 0, b>>>(other, i);
    }
    return value_at(item) == 36 && value_at(other) == 36;
}

int main(int argc, char **argv) {
    const char *name = argc > 1 ? argv[1] : "clean";
    is_clean = !strcmp(name, "clean");
    must(cudaStreamCreateWithFlags(&a, cudaStreamNonBlocking));
    must(cudaStreamCreateWithFlags(&b, cudaStreamNonBlocking));
    must(cudaMalloc(&item, sizeof *item));
    must(cudaMalloc(&other, sizeof *other));
    must(cudaMallocHost(&pinned, sizeof *pinned));
    for (const auto &mistake : mistakes) {
        if (is_clean)
            expect(mistake.run(), mistake.name);
        else if (!strcmp(name, "names"))
            puts(mistake.name);
        else if (!strcmp(name, mistake.name))
            puts(mistake.run() ? "right" : "wrong");
    }
    if (is_clean) {
        expect(streams_alone(), "streams that have nothing to do with each other");
        puts("compared 6 results");
    }
}
