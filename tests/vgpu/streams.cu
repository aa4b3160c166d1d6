// What runs before what: streams in order, the default streams, events, waits, copies that wait and copies that do not. A host function
// that waits for the host (a plug) keeps work pending for as long as the program looks at it.
#include "expect.cuh"

#include <atomic>
#include <chrono>
#include <thread>

struct plug {
    std::atomic<bool> is_out{false}, is_left{false};

    static void CUDART_CB hold(void *self) {
        while (!((plug *)self)->is_out)
            std::this_thread::yield();
        ((plug *)self)->is_left = true;
    }
    explicit plug(cudaStream_t stream) { must(cudaLaunchHostFunc(stream, hold, this)); }
    ~plug() {
        while (!is_left)
            std::this_thread::yield();
    }
    void pull() { is_out = true; }
    // A little later, from another thread.
    std::thread pull_soon() {
        return std::thread([this] {
            std::this_thread::sleep_for(std::chrono::milliseconds(20));
            pull();
        });
    }
};

struct stream {
    cudaStream_t handle;
    explicit stream(unsigned flags) { must(cudaStreamCreateWithFlags(&handle, flags)); }
    ~stream() { must(cudaStreamDestroy(handle)); }
    operator cudaStream_t() const { return handle; }
};

struct event {
    cudaEvent_t handle;
    event() { must(cudaEventCreate(&handle)); }
    ~event() { must(cudaEventDestroy(handle)); }
    operator cudaEvent_t() const { return handle; }
};

struct pinned {
    int *items;
    explicit pinned(int count) { must(cudaMallocHost(&items, count * sizeof *items)); }
    ~pinned() { must(cudaFreeHost(items)); }
};

__global__ void set(int *item, int value) { *item = value; }
__global__ void add(int *item, int value) { *item += value; }
__global__ void copy(int *to, const int *from) { *to = *from; }

static void expect_pending(cudaStream_t s, const char *what) {
    expect(cudaStreamQuery(s) == cudaErrorNotReady, what);
    cudaGetLastError();
}

static void check_order_in_a_stream() {
    device_vector<int> item(1);
    stream a(cudaStreamNonBlocking), b(cudaStreamNonBlocking);
    event before, after, between;
    must(cudaEventRecord(before, a));
    plug held(a);
    set<<<1, 1, 0, a>>>(item.items, 1);
    must(cudaEventRecord(between, a));
    add<<<1, 1, 0, a>>>(item.items, 10);
    must(cudaEventRecord(after, a));
    expect_pending(a, "work behind a host function is pending");
    must(cudaEventSynchronize(before));
    must(cudaEventQuery(before));
    expect(cudaEventQuery(after) == cudaErrorNotReady, "an event has not happened");
    float milliseconds;
    expect(cudaEventElapsedTime(&milliseconds, before, after) == cudaErrorNotReady, "nor has it a time");
    cudaGetLastError();
    must(cudaStreamSynchronize(b));

    pinned other(1);
    device_vector<int> free_item(1); // cudaMalloc waits for nothing
    set<<<1, 1, 0, b>>>(free_item.items, 5);
    must(cudaMemcpyAsync(other.items, free_item.items, sizeof(int), cudaMemcpyDeviceToHost, b));
    must(cudaStreamSynchronize(b));
    expect(other.items[0] == 5, "another stream goes on");
    add<<<1, 1>>>(free_item.items, 1);
    must(cudaStreamSynchronize(0)); // the legacy stream does not wait for one that does not block
    expect_pending(a, "and this one waits still");
    held.pull();
    must(cudaEventSynchronize(after));
    must(cudaEventQuery(between));
    must(cudaEventElapsedTime(&milliseconds, between, after));
    must(cudaStreamSynchronize(a));
    must(cudaStreamQuery(a));
    expect(item.host()[0] == 11, "a stream's work runs in order");
}

// The legacy stream waits for blocking streams, and they for it; streams that do not block go on.
static void check_legacy_stream() {
    device_vector<int> item(std::vector<int>{0});
    pinned seen(2);
    stream blocking(cudaStreamDefault), other(cudaStreamDefault), free_stream(cudaStreamNonBlocking);
    plug held(blocking);
    set<<<1, 1, 0, blocking>>>(item.items, 1);
    add<<<1, 1>>>(item.items, 2);
    add<<<1, 1, 0, other>>>(item.items, 4);
    must(cudaMemcpyAsync(seen.items, item.items, sizeof(int), cudaMemcpyDeviceToHost, free_stream));
    must(cudaStreamSynchronize(free_stream));
    expect(seen.items[0] == 0, "a non-blocking stream does not wait for the legacy stream");
    expect_pending(0, "the legacy stream waits for a blocking one");
    expect_pending(other, "and another blocking one for it");
    held.pull();
    must(cudaStreamSynchronize(other));
    must(cudaMemcpyAsync(seen.items + 1, item.items, sizeof(int), cudaMemcpyDeviceToHost, free_stream));
    must(cudaStreamSynchronize(free_stream));
    expect(seen.items[1] == 7, "in the order of submission");

    plug again(other);
    must(cudaStreamSynchronize(blocking)); // blocking streams do not wait for each other
    expect_pending(other, "the other one is held");
    again.pull();
}

// A wait is for the last record before it, even when the event is recorded again or destroyed.
static void check_waits() {
    device_vector<int> item(std::vector<int>{0}), copied(std::vector<int>{0, 0});
    stream a(cudaStreamNonBlocking), b(cudaStreamNonBlocking), c(cudaStreamNonBlocking);
    cudaEvent_t gone;
    event again;
    must(cudaEventCreateWithFlags(&gone, cudaEventDisableTiming));
    must(cudaStreamWaitEvent(b, gone, 0)); // never recorded: nothing to wait for
    must(cudaStreamSynchronize(b));
    plug held(a);
    set<<<1, 1, 0, a>>>(item.items, 1);
    must(cudaEventRecord(gone, a));
    must(cudaEventRecord(again, a));
    must(cudaStreamWaitEvent(b, gone, 0));
    must(cudaStreamWaitEvent(c, again, 0));
    copy<<<1, 1, 0, b>>>(copied.items, item.items);
    copy<<<1, 1, 0, c>>>(copied.items + 1, item.items);
    must(cudaEventDestroy(gone));
    stream unheld(cudaStreamNonBlocking);
    must(cudaEventRecord(again, unheld));
    must(cudaEventSynchronize(again));
    expect_pending(b, "a stream waits for another's event");
    expect_pending(c, "also for a record that is not the last any more");
    held.pull();
    must(cudaStreamSynchronize(b));
    must(cudaStreamSynchronize(c));
    expect(copied.host() == std::vector<int>({1, 1}), "what was waited for has run");
}

static void check_copies() {
    device_vector<int> items(std::vector<int>{0, 0});
    stream a(cudaStreamNonBlocking);
    std::vector<int> pageable{1};
    pinned locked(1);
    locked.items[0] = 2;
    {
        plug held(a);
        must(cudaMemcpyAsync(items.items, pageable.data(), sizeof(int), cudaMemcpyHostToDevice, a));
        must(cudaMemcpyAsync(items.items + 1, locked.items, sizeof(int), cudaMemcpyHostToDevice, a));
        pageable[0] = 10;
        locked.items[0] = 20;
        held.pull();
        must(cudaStreamSynchronize(a));
    }
    expect(items.host() == std::vector<int>({1, 20}),
           "pageable memory is read at the call, page-locked memory when the copy runs");

    plug held(a);
    set<<<1, 1, 0, a>>>(items.items, 3);
    must(cudaMemcpyAsync(locked.items, items.items, sizeof(int), cudaMemcpyDeviceToHost, a));
    expect(locked.items[0] == 20, "a copy to page-locked memory is pending");
    std::thread puller = held.pull_soon();
    must(cudaMemcpyAsync(pageable.data(), items.items, sizeof(int), cudaMemcpyDeviceToHost, a));
    expect(held.is_out && pageable[0] == 3 && locked.items[0] == 3, "a copy to pageable memory waits");
    puller.join();
}

// Calls that wait for the device, or for what is before them in the legacy stream.
template <class CALL> static void check_waiting_call(const char *what, CALL call) {
    stream blocking(cudaStreamDefault);
    plug held(blocking);
    std::thread puller = held.pull_soon();
    call();
    expect(held.is_out, what);
    puller.join();
}

static void check_waiting_calls() {
    device_vector<int> items(2);
    int host[2] = {1, 2};
    void *fresh, *locked;
    must(cudaMalloc(&fresh, 16));
    must(cudaMallocHost(&locked, 16));
    check_waiting_call("cudaDeviceSynchronize waits", [] { must(cudaDeviceSynchronize()); });
    check_waiting_call("cudaStreamSynchronize(0) waits for blocking streams",
                       [] { must(cudaStreamSynchronize(0)); });
    check_waiting_call("cudaMemcpy to the host waits",
                       [&] { must(cudaMemcpy(host, items.items, sizeof host, cudaMemcpyDeviceToHost)); });
    check_waiting_call("cudaMemcpy from the host waits",
                       [&] { must(cudaMemcpy(items.items, host, sizeof host, cudaMemcpyHostToDevice)); });
    check_waiting_call("cudaFree waits", [&] { must(cudaFree(fresh)); });
    check_waiting_call("cudaFreeHost waits", [&] { must(cudaFreeHost(locked)); });
}

static void check_ordered_allocation() {
    stream a(cudaStreamNonBlocking);
    int *ordered;
    pinned seen(1);
    plug held(a);
    must(cudaMallocAsync(&ordered, sizeof(int), a));
    set<<<1, 1, 0, a>>>(ordered, 7);
    must(cudaMemcpyAsync(seen.items, ordered, sizeof(int), cudaMemcpyDeviceToHost, a));
    must(cudaFreeAsync(ordered, a));
    expect_pending(a, "stream-ordered work is pending");
    held.pull();
    must(cudaStreamSynchronize(a));
    expect(seen.items[0] == 7, "memory lives until its place in the stream");
}

static void check_destroyed_stream() {
    device_vector<int> item(std::vector<int>{0});
    cudaStream_t gone;
    must(cudaStreamCreate(&gone));
    plug held(gone);
    set<<<1, 1, 0, gone>>>(item.items, 9);
    must(cudaStreamDestroy(gone));
    held.pull();
    expect(item.host()[0] == 9, "work of a stream that was destroyed runs still");
}

static void CUDART_CB raise_flag(void *flag) { *(std::atomic<bool> *)flag = true; }

// Nobody calls CUDA after the plug is pulled.
static void check_work_without_calls() {
    stream a(cudaStreamNonBlocking);
    device_vector<int> item(1);
    std::atomic<bool> flag{false};
    plug held(a);
    set<<<1, 1, 0, a>>>(item.items, 9);
    must(cudaLaunchHostFunc(a, raise_flag, &flag));
    held.pull();
    auto begin = std::chrono::steady_clock::now();
    while (!flag)
        expect(std::chrono::steady_clock::now() - begin < std::chrono::seconds(20), "work goes on by itself");
}

struct heard {
    cudaStream_t stream;
    cudaError_t status, called;
};
static void CUDART_CB hear(cudaStream_t stream, cudaError_t status, void *data) {
    void *memory;
    *(heard *)data = {stream, status, cudaMalloc(&memory, 16)};
}

static void check_callback() {
    stream a(cudaStreamNonBlocking);
    heard it = {};
    must(cudaStreamAddCallback(a, hear, &it, 0));
    must(cudaStreamSynchronize(a));
    expect(it.stream == a.handle && it.status == cudaSuccess, "a callback is told its stream");
    expect(it.called == cudaErrorNotPermitted, "and may not call CUDA");
    must(cudaGetLastError());
}

// Each thread its own streams, all at once.
static void check_threads() {
    constexpr int thread_count = 4, rounds = 200;
    std::vector<std::thread> threads;
    std::atomic<int> wrong{0};
    for (int id = 0; id < thread_count; id++)
        threads.emplace_back([id, &wrong] {
            stream a(cudaStreamNonBlocking), b(cudaStreamNonBlocking);
            event ready;
            device_vector<int> item(std::vector<int>{id});
            pinned seen(1);
            for (int round = 0; round < rounds; round++) {
                add<<<1, 1, 0, a>>>(item.items, 1);
                must(cudaEventRecord(ready, a));
                must(cudaStreamWaitEvent(b, ready, 0));
                add<<<1, 1, 0, b>>>(item.items, 1);
                must(cudaMemcpyAsync(seen.items, item.items, sizeof(int), cudaMemcpyDeviceToHost, b));
                must(cudaEventRecord(ready, b));
                must(cudaStreamWaitEvent(a, ready, 0));
                if (round % 10 == 0) {
                    must(cudaStreamSynchronize(b));
                    wrong += seen.items[0] != id + 2 * round + 2;
                }
            }
            must(cudaStreamSynchronize(b));
            wrong += seen.items[0] != id + 2 * rounds;
        });
    for (std::thread &thread : threads)
        thread.join();
    expect(wrong == 0, "threads use their streams side by side");
}

int main() {
    check_order_in_a_stream();
    check_legacy_stream();
    check_waits();
    check_copies();
    check_waiting_calls();
    check_ordered_allocation();
    check_destroyed_stream();
    check_work_without_calls();
    check_callback();
    check_threads();
    printf("streams keep their order as they should\n");
}
