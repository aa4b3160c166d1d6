// cuRAND's Philox on the virtual GPU: the generator against Salmon et al.'s published known answers (Random123, kat_vectors), and
// curand_init + curand4 against Philox4x32-10 written here from the paper.
#include "expect.cuh"

#include <curand_kernel.h>

static uint4 philox(uint4 counter, uint2 key) {
    for (int round = 0; round < 10; round++) {
        uint64_t a = (uint64_t)counter.x * 0xD2511F53u, b = (uint64_t)counter.z * 0xCD9E8D57u;
        counter = {(uint32_t)(b >> 32) ^ counter.y ^ key.x, (uint32_t)b,
                   (uint32_t)(a >> 32) ^ counter.w ^ key.y, (uint32_t)a};
        key.x += 0x9E3779B9u;
        key.y += 0xBB67AE85u;
    }
    return counter;
}

static bool equal(uint4 a, uint4 b) { return a.x == b.x && a.y == b.y && a.z == b.z && a.w == b.w; }

__global__ void rounds(const uint4 *counters, const uint2 *keys, uint4 *out) {
    out[threadIdx.x] = curand_Philox4x32_10(counters[threadIdx.x], keys[threadIdx.x]);
}

__global__ void draws(uint64_t seed, uint64_t first, uint4 *out, float *uniform) {
    uint64_t subsequence = first + blockIdx.x * blockDim.x + threadIdx.x;
    curandStatePhilox4_32_10_t state;
    curand_init(seed, subsequence, 0, &state);
    uint64_t i = blockIdx.x * blockDim.x + threadIdx.x;
    out[2 * i] = curand4(&state);
    out[2 * i + 1] = curand4(&state);
    uniform[i] = curand_uniform(&state);
}

static size_t check_known_answers() {
    const std::vector<uint4> counters = {{0, 0, 0, 0},
                                         {0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff},
                                         {0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344}};
    const std::vector<uint2> keys = {{0, 0}, {0xffffffff, 0xffffffff}, {0xa4093822, 0x299f31d0}};
    const std::vector<uint4> answers = {{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8},
                                        {0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd},
                                        {0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}};
    device_vector<uint4> device_counters(counters), out(3);
    device_vector<uint2> device_keys(keys);
    rounds<<<1, 3>>>(device_counters.items, device_keys.items, out.items);
    must(cudaDeviceSynchronize());
    auto got = out.host();
    for (int i = 0; i < 3; i++) {
        expect(equal(got[i], answers[i]), "curand_Philox4x32_10 gives the published answer");
        expect(equal(philox(counters[i], keys[i]), answers[i]),
               "the host's Philox gives the published answer");
    }
    return 3;
}

static size_t check_draws(uint64_t seed, uint64_t first) {
    constexpr int blocks = 3, threads = 100, count = blocks * threads;
    device_vector<uint4> out(2 * count);
    device_vector<float> uniform(count);
    draws<<<blocks, threads>>>(seed, first, out.items, uniform.items);
    must(cudaDeviceSynchronize());
    auto got = out.host();
    auto floats = uniform.host();
    const uint2 key = {(uint32_t)seed, (uint32_t)(seed >> 32)};
    for (int i = 0; i < count; i++) {
        uint64_t subsequence = first + i;
        uint32_t low = (uint32_t)subsequence, high = (uint32_t)(subsequence >> 32);
        for (uint32_t call = 0; call < 2; call++)
            expect(equal(got[2 * i + call], philox({call, 0, low, high}, key)),
                   "curand4 equals Philox of seed and counter");
        expect(floats[i] == (float)philox({2, 0, low, high}, key).x * 0x1p-32f + 0x1p-33f,
               "curand_uniform scales as documented");
    }
    return 3 * count;
}

int main() {
    size_t compared = check_known_answers();
    for (uint64_t seed : {uint64_t(0), uint64_t(1), uint64_t(0x123456789abcdef0)})
        for (uint64_t first : {uint64_t(0), uint64_t(0xffffff80), uint64_t(0x8000000000000000)})
            compared += check_draws(seed, first);
    printf("compared %zu draws\n", compared);
}
