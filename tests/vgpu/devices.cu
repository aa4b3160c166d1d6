// Several devices (--devices N): each has its memory, variables, streams, faults and kernel attributes; a thread uses the one it
// chose; access to another's memory has to be enabled.
#include "expect.cuh"

#include <atomic>
#include <cstring>
#include <thread>

__device__ int variable = 7;
__global__ void bump() { variable++; }
__global__ void set(int *item, int value) { *item = value; }
__global__ void copy(int *to, const int *from) { *to = *from; }
__global__ void with_shared(int *out) {
    extern __shared__ int shared[];
    shared[threadIdx.x] = threadIdx.x;
    *out = shared[0];
}

static int current() {
    int device;
    must(cudaGetDevice(&device));
    return device;
}

static void use(int device) { must(cudaSetDevice(device)); }

static int value_at(const int *item) {
    int value;
    must(cudaMemcpy(&value, item, sizeof value, cudaMemcpyDefault));
    return value;
}

static void expect_error(cudaError_t error, cudaError_t wanted, const char *what) {
    if (error != wanted)
        printf("gave %s\n", cudaGetErrorName(error));
    expect(error == wanted, what);
    cudaGetLastError();
}

static void check_choice(int count) {
    expect(current() == 0, "a thread begins with device 0");
    use(1);
    std::thread([] { expect(current() == 0, "another thread too"); }).join();
    expect(current() == 1, "a choice is the thread's");
    expect_error(cudaSetDevice(count), cudaErrorInvalidDevice, "a device that is not there");
    expect_error(cudaSetDevice(-1), cudaErrorInvalidDevice, "a device that is not there");
    expect(current() == 1, "which changes nothing");
    cudaDeviceProp first, second;
    must(cudaGetDeviceProperties(&first, 0));
    must(cudaGetDeviceProperties(&second, 1));
    expect(first.multiProcessorCount == second.multiProcessorCount &&
               memcmp(&first.uuid, &second.uuid, sizeof first.uuid) != 0,
           "two devices of one kind");
    use(0);
}

static void check_memory(int *items[2]) {
    size_t free_before[2], total, free_now;
    for (int device : {0, 1}) {
        use(device);
        must(cudaMemGetInfo(&free_before[device], &total));
    }
    use(0);
    void *large;
    must(cudaMalloc(&large, total / 2)); // not of device 1
    must(cudaMemGetInfo(&free_now, &total));
    expect(free_before[0] - free_now >= total / 2, "memory is taken from the current device");
    use(1);
    must(cudaMemGetInfo(&free_now, &total));
    expect(free_now == free_before[1], "and from no other");
    must(cudaFree(large)); // addresses are unified
    use(0);
    must(cudaMemGetInfo(&free_now, &total));
    expect(free_now == free_before[0], "and goes back to where it came from");
    for (int device : {0, 1}) {
        cudaPointerAttributes attributes;
        must(cudaPointerGetAttributes(&attributes, items[device]));
        expect(attributes.device == device && attributes.type == cudaMemoryTypeDevice,
               "a pointer tells its device");
    }
}

static void check_variables() {
    for (int device : {0, 1, 1}) {
        use(device);
        bump<<<1, 1>>>();
    }
    int *addresses[2];
    for (int device : {0, 1}) {
        use(device);
        int value;
        must(cudaMemcpyFromSymbol(&value, variable, sizeof value));
        expect(value == 8 + device, "each device has its own variable");
        must(cudaGetSymbolAddress((void **)&addresses[device], variable));
    }
    expect(addresses[0] != addresses[1], "at its own address");
    use(0);
}

static void check_streams() {
    cudaStream_t streams[2];
    cudaEvent_t events[2];
    int *items[2], *pinned;
    must(cudaMallocHost(&pinned, 2 * sizeof *pinned));
    for (int device : {0, 1}) {
        use(device);
        must(cudaStreamCreateWithFlags(&streams[device], cudaStreamNonBlocking));
        must(cudaEventCreate(&events[device]));
        must(cudaMalloc(&items[device], sizeof(int)));
#if CUDART_VERSION >= 12080 // which has cudaStreamGetDevice first
        int of;
        must(cudaStreamGetDevice(streams[device], &of));
        expect(of == device, "a stream tells its device");
#endif
    }
    use(0);
    set<<<1, 1, 0, streams[1]>>>(items[0], 1);
    expect_error(cudaGetLastError(), cudaErrorInvalidResourceHandle, "a launch in another device's stream");
    expect_error(cudaEventRecord(events[0], streams[1]), cudaErrorInvalidResourceHandle,
                 "an event of one device in a stream of another");
    set<<<1, 1, 0, streams[0]>>>(items[0], 5);
    must(cudaEventRecord(events[0], streams[0]));
    must(cudaStreamWaitEvent(streams[1], events[0], 0)); // between devices
    must(cudaMemcpyPeerAsync(items[1], 1, items[0], 0, sizeof(int), streams[1]));
    must(cudaMemcpyAsync(pinned, items[1], sizeof(int), cudaMemcpyDefault, streams[1]));
    must(cudaEventSynchronize(events[0]));
    must(cudaStreamSynchronize(streams[1]));
    expect(*pinned == 5, "copies between devices, with a wait between their streams");
    use(1);
    must(cudaEventRecord(events[1], streams[1]));
    float milliseconds;
    expect_error(cudaEventElapsedTime(&milliseconds, events[0], events[1]), cudaErrorInvalidResourceHandle,
                 "a time between events of two devices");
    for (int device : {0, 1}) {
        must(cudaStreamDestroy(streams[device]));
        must(cudaEventDestroy(events[device]));
        must(cudaFree(items[device]));
    }
    must(cudaFreeHost(pinned));
    use(0);
}

static std::atomic<bool> is_out;
static void CUDART_CB hold(void *) {
    while (!is_out)
        std::this_thread::yield();
}

// Work of device 1 that a thread on device 0 waits for.
static void check_pending(int *items[2]) {
    cudaStream_t stream;
    cudaEvent_t ready;
    use(1);
    must(cudaStreamCreate(&stream));
    must(cudaEventCreate(&ready));
    is_out = false;
    must(cudaLaunchHostFunc(stream, hold, nullptr));
    set<<<1, 1, 0, stream>>>(items[1], 13);
    must(cudaEventRecord(ready, stream));
    use(0);
    set<<<1, 1>>>(items[0], 12);
    must(cudaDeviceSynchronize()); // of device 0
    expect(value_at(items[0]) == 12, "streams of one device do not wait for those of another");
    expect_error(cudaEventQuery(ready), cudaErrorNotReady, "which are pending");
    is_out = true;
    must(cudaEventSynchronize(ready));
    expect(value_at(items[1]) == 13, "pending work runs on its own device");
    must(cudaStreamDestroy(stream));
    must(cudaEventDestroy(ready));
}

static void check_peers(int *items[2], int count) {
    int can;
    must(cudaDeviceCanAccessPeer(&can, 0, 1));
    expect(can == 1, "devices may be given access to each other");
    must(cudaDeviceCanAccessPeer(&can, 1, 1));
    expect(can == 0, "a device is no peer of itself");
    expect_error(cudaDeviceCanAccessPeer(&can, 0, count), cudaErrorInvalidDevice,
                 "a device that is not there");
    expect_error(cudaDeviceDisablePeerAccess(1), cudaErrorPeerAccessNotEnabled, "nothing was enabled");
    expect_error(cudaDeviceEnablePeerAccess(0, 0), cudaErrorInvalidDevice, "a device and itself");
    expect_error(cudaDeviceEnablePeerAccess(1, 1), cudaErrorInvalidValue, "flags that are not there");
    must(cudaDeviceEnablePeerAccess(1, 0));
    expect_error(cudaDeviceEnablePeerAccess(1, 0), cudaErrorPeerAccessAlreadyEnabled,
                 "it is enabled already");
    set<<<1, 1>>>(items[1], 11);
    copy<<<1, 1>>>(items[0], items[1]);
    must(cudaDeviceSynchronize());
    expect(value_at(items[0]) == 11, "a kernel uses a peer's memory");
    must(cudaDeviceDisablePeerAccess(1));
    must(cudaMemcpyPeer(items[0], 0, items[1], 1, sizeof(int))); // needs none
    expect_error(cudaMemcpyPeer(items[0], 0, items[1], count, sizeof(int)), cudaErrorInvalidDevice,
                 "a copy from a device that is not there");
}

static void check_attributes() {
    int optin;
    must(cudaDeviceGetAttribute(&optin, cudaDevAttrMaxSharedMemoryPerBlockOptin, 0));
    must(cudaFuncSetAttribute(with_shared, cudaFuncAttributeMaxDynamicSharedMemorySize, optin));
    cudaFuncAttributes attributes;
    must(cudaFuncGetAttributes(&attributes, with_shared));
    expect(attributes.maxDynamicSharedSizeBytes == optin, "set on the current device");
    use(1);
    must(cudaFuncGetAttributes(&attributes, with_shared));
    expect(attributes.maxDynamicSharedSizeBytes == 48 * 1024, "and not on the other");
    use(0);
}

// A reset is of one device.
static void check_reset(int *items[2]) {
    set<<<1, 1>>>(items[0], 21);
    use(1);
    must(cudaDeviceReset());
    use(0);
    expect(value_at(items[0]) == 21, "memory of the other device stays");
    must(cudaFree(items[0]));
    expect(cudaFree(nullptr) == cudaSuccess, "freeing nothing");
}

// With an argument: a fault on device 1, by access that was not enabled. Device 0 goes on.
static void fault(int *items[2]) {
    use(1);
    set<<<1, 1>>>(items[0], 1);
    expect(cudaDeviceSynchronize() == cudaErrorIllegalAddress, "no access");
    expect(cudaMalloc(&items[1], 4) == cudaErrorIllegalAddress, "the fault sticks");
    use(0);
    must(cudaDeviceSynchronize());
    set<<<1, 1>>>(items[0], 3);
    expect(value_at(items[0]) == 3, "on its own device");
    expect(cudaSetDevice(1) == cudaErrorIllegalAddress, "and shows when the device is chosen");
    printf("device 0 went on\n");
}

int main(int argc, char **) {
    int count, *items[2];
    must(cudaGetDeviceCount(&count));
    expect(count >= 2, "two devices");
    for (int device : {0, 1}) {
        use(device);
        must(cudaMalloc(&items[device], 2 * sizeof(int)));
    }
    use(0);
    if (argc > 1) {
        fault(items);
        return 0;
    }
    check_choice(count);
    check_memory(items);
    check_variables();
    check_streams();
    check_pending(items);
    check_peers(items, count);
    check_attributes();
    check_reset(items);
    printf("devices keep to themselves as they should\n");
}
