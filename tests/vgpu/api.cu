// The runtime's rules: limits checked at launch, errors that stick and errors that do not, attributes, occupancy, memory.
#include "expect.cuh"

#include <atomic>
#include <string>
#include <thread>

__global__ void one_block_of_shared(int *out) {
    extern __shared__ int shared[];
    shared[threadIdx.x] = threadIdx.x;
    __syncthreads();
    out[threadIdx.x] = shared[blockDim.x - 1 - threadIdx.x];
}

__global__ void __launch_bounds__(128) bounded(int *out) { out[threadIdx.x] = 1; }
__global__ void static_shared(int *out) {
    __shared__ int items[4096];
    items[threadIdx.x] = threadIdx.x;
    __syncthreads();
    out[threadIdx.x] = items[threadIdx.x ^ 1];
}

// A few bytes of each row of a large allocation.
__global__ void touch_rows(char *memory, size_t row_bytes) {
    memory[blockIdx.x * row_bytes + threadIdx.x] = (char)(blockIdx.x + threadIdx.x);
}

static int attribute(cudaDeviceAttr which) {
    int value = -1;
    must(cudaDeviceGetAttribute(&value, which, 0));
    return value;
}

// A launch error shows once, and the next launch works.
static void expect_refused(cudaError_t wanted, const char *what) {
    cudaError_t error = cudaPeekAtLastError();
    if (error != wanted)
        printf("%s gave %s\n", what, cudaGetErrorName(error));
    expect(error == wanted, what);
    expect(cudaGetLastError() == wanted && cudaGetLastError() == cudaSuccess,
           "a launch error is forgotten once asked for");
}

static void check_limits(int *out) {
    one_block_of_shared<<<1, 1025, 0>>>(out);
    expect_refused(cudaErrorInvalidConfiguration, "1025 threads");
    one_block_of_shared<<<1, dim3(64, 17), 0>>>(out);
    expect_refused(cudaErrorInvalidConfiguration, "64 x 17 threads");
    one_block_of_shared<<<0, 32, 0>>>(out);
    expect_refused(cudaErrorInvalidConfiguration, "an empty grid");
    one_block_of_shared<<<dim3(1, 65536), 32, 0>>>(out);
    expect_refused(cudaErrorInvalidConfiguration, "65536 blocks in y");
    one_block_of_shared<<<1, dim3(1, 1, 65), 0>>>(out);
    expect_refused(cudaErrorInvalidConfiguration, "65 threads in z");
    bounded<<<1, 129>>>(out);
    expect_refused(cudaErrorInvalidValue, "more threads than the launch bounds");
    one_block_of_shared<<<1, 32, 48 * 1024 + 1>>>(out);
    expect_refused(cudaErrorInvalidValue, "more than 48 KiB of shared memory without opting in");

    int optin = attribute(cudaDevAttrMaxSharedMemoryPerBlockOptin);
    expect(cudaFuncSetAttribute(one_block_of_shared, cudaFuncAttributeMaxDynamicSharedMemorySize,
                                optin + 1) == cudaErrorInvalidValue,
           "more shared memory than the device has");
    cudaGetLastError();
    must(cudaFuncSetAttribute(one_block_of_shared, cudaFuncAttributeMaxDynamicSharedMemorySize, optin));
    one_block_of_shared<<<1, 32, optin>>>(out);
    must(cudaGetLastError());
    must(cudaDeviceSynchronize());
}

static void check_occupancy() {
    int blocks;
    must(cudaOccupancyMaxActiveBlocksPerMultiprocessor(&blocks, bounded, 128, 0));
    expect(blocks == attribute(cudaDevAttrMaxThreadsPerMultiProcessor) / 128,
           "a small kernel is limited by threads");
    int shared = attribute(cudaDevAttrMaxSharedMemoryPerMultiprocessor),
        reserved = attribute(cudaDevAttrReservedSharedMemoryPerBlock);
    must(cudaOccupancyMaxActiveBlocksPerMultiprocessor(&blocks, static_shared, 32, 0));
    expect(blocks == shared / (16384 + reserved), "16 KiB of shared memory limits the blocks");
    cudaFuncAttributes attributes;
    must(cudaFuncGetAttributes(&attributes, static_shared));
    expect(attributes.sharedSizeBytes == 16384 && attributes.maxThreadsPerBlock == 1024 &&
               attributes.numRegs > 0,
           "attributes of a kernel");
    int architecture =
        10 * attribute(cudaDevAttrComputeCapabilityMajor) + attribute(cudaDevAttrComputeCapabilityMinor);
    expect(attributes.binaryVersion == architecture && attributes.ptxVersion <= architecture,
           "versions of a kernel");
    must(cudaFuncGetAttributes(&attributes, bounded));
    expect(attributes.maxThreadsPerBlock == 128, "launch bounds of a kernel");
}

static void check_device() {
    cudaDeviceProp device;
    must(cudaGetDeviceProperties(&device, 0));
    expect(device.multiProcessorCount == attribute(cudaDevAttrMultiProcessorCount),
           "properties agree with attributes");
    expect(device.major == attribute(cudaDevAttrComputeCapabilityMajor) && device.warpSize == 32,
           "properties");
    int value, count, current;
    expect(cudaDeviceGetAttribute(&value, (cudaDeviceAttr)9999, 0) == cudaErrorInvalidValue,
           "an unknown attribute");
    expect(cudaDeviceGetAttribute(&value, cudaDevAttrWarpSize, 1) == cudaErrorInvalidDevice,
           "a device that is not there");
    expect(cudaSetDevice(1) == cudaErrorInvalidDevice, "a device that is not there");
    cudaGetLastError();
    must(cudaGetDeviceCount(&count));
    must(cudaGetDevice(&current));
    expect(count == 1 && current == 0, "one device");
    int runtime, driver;
    must(cudaRuntimeGetVersion(&runtime));
    must(cudaDriverGetVersion(&driver));
    expect(runtime / 1000 == CUDART_VERSION / 1000 && driver >= runtime, "versions");
    expect(std::string(cudaGetErrorName(cudaErrorIllegalAddress)) == "cudaErrorIllegalAddress" &&
               std::string(cudaGetErrorString(cudaErrorInvalidValue)) == "invalid argument",
           "names and texts of errors");
}

static void check_memory() {
    void *pointer = (void *)1;
    must(cudaMalloc(&pointer, 0));
    expect(!pointer, "an empty allocation is NULL");
    must(cudaFree(nullptr));
    expect(cudaMalloc(&pointer, SIZE_MAX) == cudaErrorMemoryAllocation, "more than there is");
    expect(cudaGetLastError() == cudaErrorMemoryAllocation && cudaGetLastError() == cudaSuccess,
           "is no sticky error");
    size_t free_before, free_now, total;
    must(cudaMemGetInfo(&free_before, &total));
    const size_t large = (size_t)9 << 30; // of which next to nothing is touched
    must(cudaMalloc(&pointer, large));
    must(cudaMemGetInfo(&free_now, &total));
    expect(free_before - free_now >= large && free_now < total, "memory in use is counted");
    touch_rows<<<9, 32>>>((char *)pointer, (size_t)1 << 30);
    char last;
    must(cudaMemcpy(&last, (char *)pointer + large - (1 << 30) + 31, 1, cudaMemcpyDeviceToHost));
    expect(last == 8 + 31, "9 GiB apart");
    cudaPointerAttributes attributes;
    must(cudaPointerGetAttributes(&attributes, (char *)pointer + 100));
    expect(attributes.type == cudaMemoryTypeDevice && attributes.devicePointer == (char *)pointer + 100,
           "a device pointer");
    must(cudaFree(pointer));
    must(cudaPointerGetAttributes(&attributes, &pointer));
    expect(attributes.type == cudaMemoryTypeUnregistered, "a host pointer");
    must(cudaMallocHost(&pointer, 100));
    must(cudaPointerGetAttributes(&attributes, pointer));
    expect(attributes.type == cudaMemoryTypeHost, "page-locked memory");
    must(cudaFreeHost(pointer));

    // A window of 3 rows of 5 bytes out of 8 by 8.
    std::vector<uint8_t> in(64), out(64, 0);
    for (int i = 0; i < 64; i++)
        in[i] = i;
    device_vector<uint8_t> items(in);
    must(cudaMemcpy2D(out.data(), 5, items.items + 18, 8, 5, 3, cudaMemcpyDeviceToHost));
    for (int i = 0; i < 15; i++)
        expect(out[i] == 18 + i / 5 * 8 + i % 5, "cudaMemcpy2D");
    must(cudaMemset2D(items.items, 8, 0xee, 2, 8));
    auto filled = items.host();
    for (int i = 0; i < 64; i++)
        expect(filled[i] == (i % 8 < 2 ? 0xee : i), "cudaMemset2D");
}

static void check_streams_and_events() {
    cudaStream_t stream;
    cudaEvent_t begin, end;
    int least, greatest, priority;
    must(cudaDeviceGetStreamPriorityRange(&least, &greatest));
    must(cudaStreamCreateWithPriority(&stream, cudaStreamNonBlocking, greatest));
    must(cudaStreamGetPriority(stream, &priority));
    expect(priority == greatest && greatest < least, "priorities");
    must(cudaEventCreate(&begin));
    must(cudaEventCreate(&end));
    float milliseconds;
    expect(cudaEventElapsedTime(&milliseconds, begin, end) == cudaErrorInvalidResourceHandle,
           "events never recorded");
    cudaGetLastError();
    device_vector<int> out(128);
    must(cudaEventRecord(begin, stream));
    bounded<<<1, 128, 0, stream>>>(out.items);
    must(cudaEventRecord(end, stream));
    must(cudaStreamWaitEvent(cudaStreamPerThread, end, 0));
    must(cudaEventSynchronize(end));
    must(cudaEventElapsedTime(&milliseconds, begin, end));
    expect(milliseconds > 0, "time goes forward");
    void *ordered;
    must(cudaMallocAsync(&ordered, 100, stream));
    must(cudaMemsetAsync(ordered, 1, 100, stream));
    must(cudaFreeAsync(ordered, stream));
    must(cudaStreamSynchronize(stream));
    must(cudaStreamQuery(stream));
    must(cudaStreamDestroy(stream));
    expect(cudaStreamSynchronize(stream) == cudaErrorInvalidResourceHandle, "a stream that was destroyed");
    cudaGetLastError();
    must(cudaEventDestroy(begin));
    must(cudaEventDestroy(end));
}

// The extensible launch: hints are taken, and the arguments are those of any launch.
static void check_launch_attributes() {
    device_vector<int> out(32);
    cudaLaunchAttribute attributes[2] = {};
    attributes[0].id = cudaLaunchAttributeProgrammaticStreamSerialization;
    attributes[0].val.programmaticStreamSerializationAllowed = 1;
    attributes[1].id = cudaLaunchAttributeClusterDimension;
    attributes[1].val.clusterDim = {1, 1, 1};
    cudaLaunchConfig_t config = {};
    config.gridDim = 1;
    config.blockDim = 32;
    config.dynamicSmemBytes = 128;
    config.attrs = attributes;
    config.numAttrs = 2;
    must(cudaLaunchKernelEx(&config, one_block_of_shared, out.items));
    must(cudaDeviceSynchronize());
    auto host = out.host();
    for (int i = 0; i < 32; i++)
        expect(host[i] == 31 - i, "a launch with attributes");
}

// Calls from several host threads: each has its own last error, and each gets its own results.
static void check_threads() {
    constexpr int thread_count = 4, rounds = 100;
    std::vector<std::thread> threads;
    std::atomic<int> ready{0}, wrong{0};
    for (int id = 0; id < thread_count; id++)
        threads.emplace_back([id, &ready, &wrong] {
            for (ready++; ready < thread_count;)
                ; // so that all begin together
            void *pieces[8];
            for (int round = 0; round < 40000; round++) {
                for (void *&piece : pieces)
                    wrong += cudaMalloc(&piece, 100) != cudaSuccess;
                for (void *piece : pieces)
                    wrong += cudaFree(piece) != cudaSuccess;
            }
            std::vector<int> in(16 + id, id);
            for (int round = 0; round < rounds; round++) {
                device_vector<int> items(in), out(128);
                bounded<<<1, id == 0 ? 129 : 128, 0, cudaStreamPerThread>>>(out.items);
                cudaError_t error = cudaGetLastError();
                wrong += error != (id == 0 ? cudaErrorInvalidValue : cudaSuccess) || items.host() != in;
            }
        });
    for (std::thread &thread : threads)
        thread.join();
    expect(wrong == 0, "threads do not disturb each other");
}

// The runtime is free for other threads while a host function runs.
static void CUDART_CB wait_for_flag(void *flag) {
    while (!*(std::atomic<bool> *)flag)
        ;
}

static void check_host_function() {
    std::atomic<bool> flag{false};
    std::thread other([&flag] {
        device_vector<int> items(std::vector<int>(100, 1));
        flag = items.host()[99] == 1;
    });
    cudaStream_t stream; // one that the other thread's copies do not wait for
    must(cudaStreamCreateWithFlags(&stream, cudaStreamNonBlocking));
    must(cudaLaunchHostFunc(stream, wait_for_flag, &flag));
    must(cudaDeviceSynchronize());
    must(cudaStreamDestroy(stream));
    other.join();
    expect(flag, "a host function waited for another thread's calls");
}

int main() {
    device_vector<int> out(1024);
    check_device();
    check_memory();
    check_limits(out.items);
    check_occupancy();
    check_streams_and_events();
    check_launch_attributes();
    check_threads();
    check_host_function();
    printf("the runtime keeps its rules\n");
}
