// What the programs of this folder share: each runs on the device and compares with the host, says how much it compared, and
// exits with status 1 at the first difference.
#pragma once

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cuda_runtime.h>
#include <type_traits>
#include <vector>

inline void expect(bool holds, const char *what) {
    if (!holds) {
        printf("failed: %s\n", what);
        exit(1);
    }
}

inline void must(cudaError_t error) {
    if (error != cudaSuccess) {
        printf("failed: %s: %s\n", cudaGetErrorName(error), cudaGetErrorString(error));
        exit(1);
    }
}

// Device memory with a copy of host items.
template <class T> struct device_vector {
    T *items = nullptr;
    size_t count;

    explicit device_vector(size_t count) : count(count) { must(cudaMalloc(&items, count * sizeof(T))); }
    explicit device_vector(const std::vector<T> &host) : device_vector(host.size()) {
        must(cudaMemcpy(items, host.data(), count * sizeof(T), cudaMemcpyHostToDevice));
        must(cudaStreamSynchronize(0)); // cudaMemcpy returns when pageable memory was read
    }
    device_vector(const device_vector &) = delete;
    ~device_vector() { must(cudaFree(items)); }

    std::vector<T> host() const {
        std::vector<T> copy(count);
        must(cudaMemcpy(copy.data(), items, count * sizeof(T), cudaMemcpyDeviceToHost));
        return copy;
    }
};

// SplitMix64, so that every run and every machine sees the same items.
struct random_items {
    uint64_t state;
    uint64_t next() {
        uint64_t z = state += 0x9e3779b97f4a7c15u;
        z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
        z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
        return z ^ (z >> 31);
    }
    // Signed items are small, so that their sums on the host do not overflow.
    template <class T> T item(T) {
        return std::is_signed_v<T> ? (T)((int64_t)(next() % 20001) - 10000) : (T)next();
    }
    float item(float) { return (float)(int64_t)next() * 1e-16f; }
    double item(double) { return (double)(int64_t)next() * 1e-16; }
    template <class T> std::vector<T> items(size_t count) {
        std::vector<T> all(count);
        for (T &one : all)
            one = item(T());
        return all;
    }
};
