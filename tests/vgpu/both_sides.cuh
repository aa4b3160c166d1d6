// Code that runs on the device and on the host: compare_sides<CODE>(items) runs CODE::run(item, results) for every item on both
// and compares what it gives to results, bit for bit.
#pragma once

#include "expect.cuh"

// Operands for an item: the first items are the edge values of the word's type, the others any bits.
__host__ __device__ inline uint64_t scrambled(uint64_t x) {
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
    x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
    return x ^ (x >> 31);
}

struct results {
    uint64_t *next;
    template <class T> __host__ __device__ void operator()(T value) {
        static_assert(sizeof(T) <= sizeof(uint64_t), "a result has at most 64 bits");
        uint64_t bits = 0;
        memcpy(&bits, &value, sizeof value);
        *next++ = bits;
    }
    // All NaNs are one.
    __host__ __device__ void operator()(float value) {
        *next++ = value != value ? 0x7fffffff : bits_of(value);
    }
    __host__ __device__ void operator()(double value) {
        uint64_t bits = 0;
        memcpy(&bits, &value, sizeof value);
        *next++ = value != value ? 0x7ff8000000000000 : bits;
    }
    __host__ __device__ static uint32_t bits_of(float value) {
        uint32_t bits;
        memcpy(&bits, &value, sizeof bits);
        return bits;
    }
};

constexpr int most_results = 512;

template <class CODE> __global__ void run_on_device(int items, uint64_t *out, int *count) {
    int item = blockIdx.x * blockDim.x + threadIdx.x;
    if (item >= items)
        return;
    results results = {out + (size_t)item * most_results};
    CODE::run(item, results);
    if (item == 0)
        *count = (int)(results.next - out);
}

template <class CODE> size_t compare_sides(const char *what, int items) {
    device_vector<uint64_t> out((size_t)items * most_results);
    device_vector<int> device_count(1);
    run_on_device<CODE><<<(items + 127) / 128, 128>>>(items, out.items, device_count.items);
    must(cudaDeviceSynchronize());
    int count = device_count.host()[0];
    auto device = out.host();
    std::vector<uint64_t> host(most_results);
    for (int item = 0; item < items; item++) {
        results results = {host.data()};
        CODE::run(item, results);
        expect(results.next - host.data() == count && count <= most_results,
               "both sides give as many results");
        for (int k = 0; k < count; k++) {
            if (device[(size_t)item * most_results + k] == host[k])
                continue;
            printf("failed: %s, item %d, result %d: %llx on the device, %llx on the host\n", what, item, k,
                   (unsigned long long)device[(size_t)item * most_results + k], (unsigned long long)host[k]);
            exit(1);
        }
    }
    return (size_t)items * count;
}
