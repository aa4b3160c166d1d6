// What the tests of CUB's device-wide algorithms share: how they are called, and items of every type with awkward values among them.
#pragma once

#include "expect.cuh"

#include <cuda_bf16.h>
#include <cuda_fp16.h>
#include <limits>

constexpr int million = 1000000;
inline size_t compared;

// Runs a device algorithm twice, as CUB wants: to ask for its workspace, then with it.
template <class CALL> void run(CALL call) {
    size_t bytes = 0;
    must(call(nullptr, bytes));
    device_vector<uint8_t> workspace(bytes + 1);
    must(call(workspace.items, bytes));
    must(cudaDeviceSynchronize());
}

struct below {
    template <class T> __host__ __device__ bool operator()(const T &a, const T &b) const { return a < b; }
};
template <class T> bool same_bits(const T &a, const T &b) { return memcmp(&a, &b, sizeof a) == 0; }

template <class T>
void expect_equal(const std::vector<T> &device, const std::vector<T> &host, const char *what) {
    expect(device.size() >= host.size(), what);
    for (size_t k = 0; k < host.size(); k++) {
        if (same_bits(device[k], host[k]))
            continue;
        printf("failed: %s of %d-byte items differs at %zu of %zu\n", what, (int)sizeof(T), k, host.size());
        exit(1);
    }
    compared += host.size();
}

template <class T>
constexpr bool is_float =
    std::is_floating_point_v<T> || std::is_same_v<T, __half> || std::is_same_v<T, __nv_bfloat16>;

template <class T> constexpr uint64_t sign_bit = (uint64_t)1 << (8 * sizeof(T) - 1) % 64;

// Any bits; a floating item is now and then a zero of either sign, an infinity or a NaN.
template <class T> std::vector<T> any_bits(size_t count) {
    random_items random{count * 8 + sizeof(T)};
    std::vector<T> items(count);
    for (size_t k = 0; k < count; k++) {
        uint64_t bits[(sizeof(T) + 7) / 8];
        for (uint64_t &word : bits)
            word = random.next();
        if (is_float<T> && k % 10 == 0)
            bits[0] = bits[0] & 1 ? sign_bit<T> : 0;
        memcpy((void *)&items[k], bits, sizeof(T));
    }
    return items;
}

// Small whole numbers: exact in every type, and sums of them too.
template <class T> std::vector<T> small_items(size_t count, unsigned below) {
    random_items random{count + below};
    std::vector<T> items(count);
    for (T &item : items)
        item = (T)(float)(random.next() % below);
    return items;
}

// Offsets of segments that together hold count items; every kind of length, none and one among them.
inline std::vector<int> segment_offsets(int count, int longest) {
    random_items random{(uint64_t)longest};
    std::vector<int> offsets{0};
    while (offsets.back() < count) {
        uint64_t any = random.next();
        int length = (int)(any >> 8) & 0xffffff, limit = any % 4 == 0   ? longest
                                                         : any % 4 == 1 ? 100
                                                         : any % 4 == 2 ? 20
                                                                        : 2;
        offsets.push_back(std::min(count, offsets.back() + length % limit));
    }
    return offsets;
}
