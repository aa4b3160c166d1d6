// Graphs made node by node: what depends on what, parameters asked for and set anew, in the graph and in one that is instantiated,
// updates, clones, child graphs, events.
#include "expect.cuh"

#include <algorithm>
#include <atomic>
#include <thread>

__global__ void set(int *item, int value) { *item = value; }
__global__ void add(int *item, int value) { *item += value; }
__global__ void multiply(int *item, int value) { *item *= value; }
__device__ int variable;

struct graph {
    cudaGraph_t handle;
    graph() { must(cudaGraphCreate(&handle, 0)); }
    ~graph() { must(cudaGraphDestroy(handle)); }
    graph(const graph &) = delete;
    operator cudaGraph_t() const { return handle; }

    template <class KERNEL>
    cudaGraphNode_t kernel(KERNEL *function, int *item, int value, std::vector<cudaGraphNode_t> after = {}) {
        void *arguments[] = {&item, &value};
        cudaKernelNodeParams parameters = {};
        parameters.func = (void *)function;
        parameters.gridDim = parameters.blockDim = 1;
        parameters.kernelParams = arguments;
        cudaGraphNode_t node;
        must(cudaGraphAddKernelNode(&node, handle, after.data(), after.size(), &parameters));
        return node;
    }
    cudaGraphNode_t copy(void *to, const void *from, size_t bytes, std::vector<cudaGraphNode_t> after = {}) {
        cudaGraphNode_t node;
        must(cudaGraphAddMemcpyNode1D(&node, handle, after.data(), after.size(), to, from, bytes,
                                      cudaMemcpyDefault));
        return node;
    }
};

struct executable {
    cudaGraphExec_t handle;
    explicit executable(cudaGraph_t graph) { must(cudaGraphInstantiate(&handle, graph, 0)); }
    ~executable() { must(cudaGraphExecDestroy(handle)); }
    operator cudaGraphExec_t() const { return handle; }
    void run() {
        must(cudaGraphLaunch(handle, cudaStreamPerThread));
        must(cudaStreamSynchronize(cudaStreamPerThread));
    }
};

static bool same(std::vector<cudaGraphNode_t> a, std::vector<cudaGraphNode_t> b) {
    std::sort(a.begin(), a.end());
    std::sort(b.begin(), b.end());
    return a == b;
}

template <class ASK> static std::vector<cudaGraphNode_t> list(ASK ask) {
    size_t count = 0;
    must(ask((cudaGraphNode_t *)nullptr, &count));
    std::vector<cudaGraphNode_t> nodes(count);
    if (count)
        must(ask(nodes.data(), &count));
    expect(count == nodes.size(), "as many nodes as were said");
    return nodes;
}

// (0 + 5) * 3 + 2, though the nodes are made in another order.
static void check_dependencies() {
    device_vector<int> item(std::vector<int>{0});
    graph g;
    cudaGraphNode_t last = g.kernel(add, item.items, 2), middle = g.kernel(multiply, item.items, 3),
                    first = g.kernel(add, item.items, 5);
    cudaGraphNode_t from[] = {first, middle}, to[] = {middle, last};
    must(cudaGraphAddDependencies(g, from, to, nullptr, 2));
    expect(cudaGraphAddDependencies(g, from, to, nullptr, 1) == cudaErrorInvalidValue,
           "an edge that is there");
    cudaGetLastError();

    expect(list([&](cudaGraphNode_t *n, size_t *c) { return cudaGraphGetRootNodes(g, n, c); }) ==
               std::vector<cudaGraphNode_t>{first},
           "the root");
    expect(same(list([&](cudaGraphNode_t *n, size_t *c) { return cudaGraphGetNodes(g, n, c); }),
                {first, middle, last}),
           "all nodes");
    expect(list([&](cudaGraphNode_t *n, size_t *c) {
               return cudaGraphNodeGetDependencies(middle, n, nullptr, c);
           }) == std::vector<cudaGraphNode_t>{first},
           "what a node depends on");
    expect(list([&](cudaGraphNode_t *n, size_t *c) {
               return cudaGraphNodeGetDependentNodes(middle, n, nullptr, c);
           }) == std::vector<cudaGraphNode_t>{last},
           "what depends on it");
    size_t edges = 0;
    must(cudaGraphGetEdges(g, nullptr, nullptr, nullptr, &edges));
    cudaGraphNode_t sources[2], targets[2];
    must(cudaGraphGetEdges(g, sources, targets, nullptr, &edges));
    expect(edges == 2, "two edges");
    for (int i = 0; i < 2; i++)
        expect((sources[i] == first && targets[i] == middle) || (sources[i] == middle && targets[i] == last),
               "between those nodes");
    executable(g).run();
    expect(item.host()[0] == 17, "dependencies order the nodes");

    must(cudaGraphAddDependencies(g, &last, &first, nullptr, 1));
    cudaGraphExec_t none;
    expect(cudaGraphInstantiate(&none, g, 0) == cudaErrorInvalidValue, "a cycle");
    cudaGetLastError();
    must(cudaGraphRemoveDependencies(g, &last, &first, nullptr, 1));
    must(cudaGraphDestroyNode(middle));
    must(cudaMemset(item.items, 0, sizeof(int)));
    executable(g).run();
    expect(item.host()[0] == 7, "a node that was destroyed does not run");
}

static int host_value;
static void CUDART_CB set_host_value(void *value) { host_value = *(int *)value; }

static void check_every_kind() {
    device_vector<uint16_t> items(64);
    int in = 41, out = 0, told = 5;
    graph g;
    cudaGraphNode_t fill, up, bump, down, host, nothing;
    cudaMemsetParams pattern = {items.items, 16 * sizeof(uint16_t), 0x1234, 2, 8, 4};
    must(cudaGraphAddMemsetNode(&fill, g, nullptr, 0, &pattern));
    must(cudaGraphAddMemcpyNodeToSymbol(&up, g, nullptr, 0, variable, &in, sizeof in, 0,
                                        cudaMemcpyHostToDevice));
    int *address;
    must(cudaGetSymbolAddress((void **)&address, variable));
    bump = g.kernel(add, address, 1, {up});
    must(cudaGraphAddMemcpyNodeFromSymbol(&down, g, &bump, 1, &out, variable, sizeof out, 0,
                                          cudaMemcpyDeviceToHost));
    cudaGraphNode_t both[] = {fill, down};
    must(cudaGraphAddEmptyNode(&nothing, g, both, 2));
    cudaHostNodeParams call = {set_host_value, &told};
    must(cudaGraphAddHostNode(&host, g, &nothing, 1, &call));
    must(cudaMemset(items.items, 0, 64 * sizeof(uint16_t)));
    executable(g).run();
    auto filled = items.host();
    for (int i = 0; i < 64; i++)
        expect(filled[i] == (i % 16 < 8 ? 0x1234 : 0), "rows of two-byte elements");
    expect(out == 42 && host_value == 5, "copies of a symbol and a host node");

    const cudaGraphNodeType wanted[] = {cudaGraphNodeTypeMemset, cudaGraphNodeTypeMemcpy,
                                        cudaGraphNodeTypeKernel, cudaGraphNodeTypeMemcpy,
                                        cudaGraphNodeTypeEmpty,  cudaGraphNodeTypeHost};
    const cudaGraphNode_t nodes[] = {fill, up, bump, down, nothing, host};
    for (int i = 0; i < 6; i++) {
        cudaGraphNodeType type;
        must(cudaGraphNodeGetType(nodes[i], &type));
        expect(type == wanted[i], "the type of a node");
    }
    cudaMemsetParams asked = {};
    must(cudaGraphMemsetNodeGetParams(fill, &asked));
    expect(asked.dst == items.items && asked.value == 0x1234 && asked.elementSize == 2 && asked.width == 8 &&
               asked.height == 4,
           "the parameters of a memset node");
    cudaHostNodeParams asked_call = {};
    must(cudaGraphHostNodeGetParams(host, &asked_call));
    expect(asked_call.fn == set_host_value && asked_call.userData == &told, "those of a host node");
}

// Fills of elements of 1, 2 and 4 bytes, and nothing else.
static void check_elements() {
    device_vector<uint32_t> items(4);
    for (unsigned bytes = 0; bytes <= 5; bytes++) {
        cudaMemsetParams pattern = {};
        pattern.dst = items.items;
        pattern.value = 0x01020304;
        pattern.elementSize = bytes;
        pattern.width = bytes ? 16 / bytes : 1;
        pattern.height = 1;
        graph g;
        cudaGraphNode_t fill;
        cudaError_t error = cudaGraphAddMemsetNode(&fill, g, nullptr, 0, &pattern);
        if (bytes == 1 || bytes == 2 || bytes == 4) {
            must(error);
            executable(g).run();
            const uint32_t wanted = bytes == 1 ? 0x04040404 : bytes == 2 ? 0x03040304 : 0x01020304;
            for (uint32_t item : items.host())
                expect(item == wanted, "a fill of elements");
        } else {
            expect(error == cudaErrorInvalidValue, "no fill has elements of another size");
        }
    }
}

// 3 x 2 x 2 bytes out of a box of 8 x 4 x 4.
static void check_boxes() {
    std::vector<uint8_t> in(128), out(12, 0);
    for (int i = 0; i < 128; i++)
        in[i] = i;
    device_vector<uint8_t> items(in);
    cudaMemcpy3DParms box = {};
    box.srcPtr = make_cudaPitchedPtr(items.items, 8, 8, 4);
    box.srcPos = make_cudaPos(1, 2, 1);
    box.dstPtr = make_cudaPitchedPtr(out.data(), 3, 3, 2);
    box.extent = make_cudaExtent(3, 2, 2);
    box.kind = cudaMemcpyDeviceToHost;
    auto check = [&] {
        for (int i = 0; i < 12; i++)
            expect(out[i] == 32 * (1 + i / 6) + 8 * (2 + i / 3 % 2) + 1 + i % 3, "a box of bytes");
    };
    must(cudaMemcpy3D(&box));
    check();
    std::fill(out.begin(), out.end(), 0);
    graph g;
    cudaGraphNode_t node;
    must(cudaGraphAddMemcpyNode(&node, g, nullptr, 0, &box));
    executable(g).run();
    check();
}

static void check_parameters() {
    device_vector<int> items(std::vector<int>{0, 0});
    graph g;
    cudaGraphNode_t node = g.kernel(set, items.items, 1);
    cudaKernelNodeParams parameters;
    must(cudaGraphKernelNodeGetParams(node, &parameters));
    expect(parameters.func == (void *)set && parameters.gridDim.x == 1 &&
               *(int **)parameters.kernelParams[0] == items.items && *(int *)parameters.kernelParams[1] == 1,
           "the parameters of a kernel node");
    executable exec(g);

    int *item = items.items + 1, value = 7;
    void *arguments[] = {&item, &value};
    parameters.kernelParams = arguments;
    must(cudaGraphExecKernelNodeSetParams(exec, node, &parameters));
    exec.run();
    expect(items.host() == std::vector<int>({0, 7}), "parameters set in the executable graph");
    executable(g).run();
    expect(items.host() == std::vector<int>({1, 7}), "which leaves the graph as it was");
    value = 9;
    must(cudaGraphKernelNodeSetParams(node, &parameters));
    value = 10; // was read at the call
    executable(g).run();
    expect(items.host() == std::vector<int>({1, 9}), "parameters set in the graph");
    exec.run();
    expect(items.host() == std::vector<int>({1, 7}), "which leaves the executable graph as it was");

    must(cudaGraphNodeSetEnabled(exec, node, 0));
    must(cudaMemset(items.items, 0, 8));
    exec.run();
    expect(items.host() == std::vector<int>({0, 0}), "a node that is switched off");
    unsigned is_on = 7;
    must(cudaGraphNodeGetEnabled(exec, node, &is_on));
    expect(is_on == 0, "says so");

    int out = 0;
    cudaGraphNode_t copy = g.copy(&out, items.items, sizeof out, {node});
    executable with_copy(g);
    must(cudaGraphExecMemcpyNodeSetParams1D(with_copy, copy, &out, items.items + 1, sizeof out,
                                            cudaMemcpyDefault));
    with_copy.run();
    expect(out == 9, "a copy node set anew");
    parameters.gridDim = 0;
    expect(cudaGraphExecKernelNodeSetParams(with_copy, node, &parameters) == cudaErrorInvalidConfiguration,
           "a grid that no device takes");
    expect(cudaGraphExecKernelNodeSetParams(exec, copy, &parameters) == cudaErrorInvalidValue,
           "a node that the executable graph does not have");
    cudaGetLastError();
}

static void check_update() {
    device_vector<int> item(std::vector<int>{0});
    graph before, after, other_kind, other_edges, fewer, more;
    cudaGraphNode_t a = before.kernel(set, item.items, 1), b = before.kernel(add, item.items, 2, {a});
    executable exec(before);
    exec.run();
    expect(item.host()[0] == 3, "before the update");
    a = after.kernel(set, item.items, 10);
    after.kernel(multiply, item.items, 4, {a});
    cudaGraphExecUpdateResultInfo info;
    must(cudaGraphExecUpdate(exec, after, &info));
    exec.run();
    expect(info.result == cudaGraphExecUpdateSuccess && item.host()[0] == 40, "after it");

    a = other_kind.kernel(set, item.items, 1);
    cudaGraphNode_t odd;
    must(cudaGraphAddEmptyNode(&odd, other_kind, &a, 1));
    expect(cudaGraphExecUpdate(exec, other_kind, &info) == cudaErrorGraphExecUpdateFailure &&
               info.result == cudaGraphExecUpdateErrorNodeTypeChanged && info.errorNode == odd,
           "a node of another type");
    other_edges.kernel(set, item.items, 1);
    other_edges.kernel(add, item.items, 2);
    expect(cudaGraphExecUpdate(exec, other_edges, &info) == cudaErrorGraphExecUpdateFailure &&
               info.result == cudaGraphExecUpdateErrorTopologyChanged,
           "other edges");
    a = more.kernel(set, item.items, 1);
    more.kernel(add, item.items, 2, {a});
    more.kernel(add, item.items, 2, {a});
    expect(cudaGraphExecUpdate(exec, more, &info) == cudaErrorGraphExecUpdateFailure &&
               info.result == cudaGraphExecUpdateErrorTopologyChanged,
           "more nodes");
    fewer.kernel(set, item.items, 1);
    expect(cudaGraphExecUpdate(exec, fewer, &info) == cudaErrorGraphExecUpdateFailure &&
               info.result == cudaGraphExecUpdateErrorTopologyChanged,
           "fewer nodes");
    cudaGetLastError();
    exec.run();
    expect(item.host()[0] == 40, "an update that fails changes nothing");

    cudaKernelNodeParams parameters;
    must(cudaGraphKernelNodeGetParams(b, &parameters));
    must(cudaGraphExecKernelNodeSetParams(exec, b, &parameters));
    exec.run();
    expect(item.host()[0] == 12, "nodes of the graph it was made from are its nodes still");
}

static void check_clone_and_child() {
    device_vector<int> item(std::vector<int>{1});
    graph child, parent;
    cudaGraphNode_t inner = child.kernel(multiply, item.items, 10);
    child.kernel(add, item.items, 3, {inner});
    cudaGraphNode_t first = parent.kernel(add, item.items, 1), nested;
    must(cudaGraphAddChildGraphNode(&nested, parent, &first, 1, child));
    parent.kernel(multiply, item.items, 2, {nested});
    must(cudaGraphDestroyNode(inner)); // the parent has its own copy
    cudaGraph_t clone;
    must(cudaGraphClone(&clone, parent));
    executable exec(parent);
    exec.run();
    expect(item.host()[0] == ((1 + 1) * 10 + 3) * 2, "a child graph runs in its place");

    cudaGraphNode_t in_clone;
    expect(cudaGraphNodeFindInClone(nullptr, first, clone) == cudaErrorInvalidValue &&
               cudaGraphNodeFindInClone(&in_clone, nullptr, clone) == cudaErrorInvalidValue &&
               cudaGraphNodeFindInClone(&in_clone, first, nullptr) == cudaErrorInvalidValue &&
               cudaGraphNodeFindInClone(&in_clone, first, parent) == cudaErrorInvalidValue,
           "only in a clone, of a node of its original");
    must(cudaGraphNodeFindInClone(&in_clone, first, clone));
    cudaKernelNodeParams parameters;
    must(cudaGraphKernelNodeGetParams(in_clone, &parameters));
    int *address = item.items, value = 4;
    void *arguments[] = {&address, &value};
    parameters.kernelParams = arguments;
    must(cudaGraphKernelNodeSetParams(in_clone, &parameters));
    must(cudaMemset(item.items, 0, sizeof(int)));
    executable(clone).run();
    expect(item.host()[0] == (4 * 10 + 3) * 2, "a clone");

    cudaGraph_t own;
    must(cudaGraphChildGraphNodeGetGraph(nested, &own));
    auto nodes = list([&](cudaGraphNode_t *n, size_t *c) { return cudaGraphGetNodes(own, n, c); });
    expect(nodes.size() == 2 && own != child.handle, "the child's own graph");
    must(cudaGraphKernelNodeGetParams(nodes[0], &parameters));
    value = 100;
    parameters.kernelParams = arguments;
    must(cudaGraphExecKernelNodeSetParams(exec, nodes[0], &parameters));
    must(cudaMemset(item.items, 0, sizeof(int)));
    exec.run();
    expect(item.host()[0] == (1 * 100 + 3) * 2, "a child's node set in the executable graph");
    must(cudaGraphDestroy(clone));
}

static std::atomic<bool> is_out;
static void CUDART_CB hold(void *) {
    while (!is_out)
        std::this_thread::yield();
}

// A graph behind a plug is pending as a whole; its event tells when it ran, and a second launch waits for the first.
static void check_pending_graph() {
    device_vector<int> item(std::vector<int>{0});
    cudaStream_t a, b;
    cudaEvent_t ready;
    must(cudaStreamCreateWithFlags(&a, cudaStreamNonBlocking));
    must(cudaStreamCreateWithFlags(&b, cudaStreamNonBlocking));
    must(cudaEventCreate(&ready));
    graph g;
    cudaGraphNode_t work = g.kernel(add, item.items, 1), record;
    must(cudaGraphAddEventRecordNode(&record, g, &work, 1, ready));
    is_out = false;
    {
        executable exec(g);
        must(cudaLaunchHostFunc(a, hold, nullptr));
        must(cudaGraphLaunch(exec, a));
        must(cudaGraphLaunch(exec, b));
        expect(cudaEventQuery(ready) == cudaErrorNotReady, "the graph's event has not happened");
        expect(cudaStreamQuery(b) == cudaErrorNotReady, "a graph waits for its own last launch");
        cudaGetLastError();
        is_out = true;
        must(cudaStreamSynchronize(b));
        must(cudaEventQuery(ready));
    }
    expect(item.host()[0] == 2, "both launches ran");
    must(cudaEventDestroy(ready));
    must(cudaStreamDestroy(a));
    must(cudaStreamDestroy(b));
}

static void check_capture_to_graph() {
    device_vector<int> item(std::vector<int>{0});
    graph g;
    device_vector<int> other(1);
    cudaGraphNode_t first = g.kernel(set, item.items, 6);
    g.kernel(set, other.items, 6); // nothing captured depends on it
    cudaStream_t stream;
    must(cudaStreamCreate(&stream));
    must(cudaStreamBeginCaptureToGraph(stream, g, &first, nullptr, 1, cudaStreamCaptureModeGlobal));
    multiply<<<1, 1, 0, stream>>>(item.items, 7);
    cudaGraph_t same_graph;
    must(cudaStreamEndCapture(stream, &same_graph));
    expect(same_graph == g.handle, "the capture ends in the graph it was given");
    size_t edges = 0;
    must(cudaGraphGetEdges(g, nullptr, nullptr, nullptr, &edges));
    expect(edges == 1, "captured work depends on the node it was told to follow");
    executable(g).run();
    expect(item.host()[0] == 42, "and runs after it");
    must(cudaStreamDestroy(stream));
}

// cudaGraphAddNode takes every kind.
static void check_general_node() {
    device_vector<int> item(std::vector<int>{0});
    graph g;
    int *address = item.items, value = 3;
    void *arguments[] = {&address, &value};
    cudaGraphNodeParams parameters = {};
    parameters.type = cudaGraphNodeTypeKernel;
    parameters.kernel.func = (void *)set;
    parameters.kernel.gridDim = parameters.kernel.blockDim = 1;
    parameters.kernel.kernelParams = arguments;
    cudaGraphNode_t node;
    must(cudaGraphAddNode(&node, g, nullptr, nullptr, 0, &parameters));
    executable exec(g);
    value = 4;
    must(cudaGraphExecNodeSetParams(exec, node, &parameters));
    exec.run();
    expect(item.host()[0] == 4, "a node by cudaGraphAddNode");
    cudaGraphInstantiateParams how = {};
    cudaGraphExec_t other;
    must(cudaGraphInstantiateWithParams(&other, g, &how));
    expect(how.result_out == cudaGraphInstantiateSuccess && !how.errNode_out,
           "cudaGraphInstantiateWithParams");
    must(cudaGraphExecDestroy(other));
}

int main() {
    check_dependencies();
    check_every_kind();
    check_elements();
    check_boxes();
    check_parameters();
    check_update();
    check_clone_and_child();
    check_pending_graph();
    check_capture_to_graph();
    check_general_node();
    printf("graphs made by nodes behave as they should\n");
}
