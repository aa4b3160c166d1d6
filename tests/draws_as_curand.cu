// The law's sentence for who already draws with cuRAND (kernels/ARITHMETIC.md, 5): for position < 2^62 the draw's number is that of
// curand_init(seed, (uint64)draw << 32 | purpose, 4 * position, &state); curand4(&state).
#include "kernels/arith.h"
#include "tests/rows/random.h"

#include <curand_kernel.h>
#include <stdio.h>
#include <stdlib.h>

struct Draw {
    uint64_t seed, position, number;
    uint32_t purpose, draw;
};

__global__ void draw_as_curand(Draw *draws, int count) {
    int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i >= count)
        return;
    Draw &draw = draws[i];
    curandStatePhilox4_32_10_t state;
    curand_init(draw.seed, static_cast<uint64_t>(draw.draw) << 32 | draw.purpose, 4 * draw.position, &state);
    uint4 words = curand4(&state);
    draw.number = words.x | static_cast<uint64_t>(words.y) << 32;
}

static void must(cudaError_t error) {
    if (error == cudaSuccess)
        return;
    fprintf(stderr, "%s\n", cudaGetErrorString(error));
    exit(1);
}

int main() {
    constexpr int count = 20000, threads = 128;
    static Draw draws[count];
    struct random random = random_of_seed(1);
    for (Draw &draw : draws) {
        draw.seed = random_bits(&random) >> random_below(&random, 64);
        draw.position = random_bits(&random) >> (2 + random_below(&random, 62));
        draw.purpose = static_cast<uint32_t>(random_below(&random, 5));
        draw.draw = static_cast<uint32_t>(random_bits(&random) >> (32 + random_below(&random, 32)));
    }
    draws[0].position = (static_cast<uint64_t>(1) << 62) - 1;

    Draw *device = nullptr;
    must(cudaMalloc(&device, sizeof draws));
    must(cudaMemcpy(device, draws, sizeof draws, cudaMemcpyHostToDevice));
    draw_as_curand<<<(count + threads - 1) / threads, threads>>>(device, count);
    must(cudaDeviceSynchronize());
    must(cudaMemcpy(draws, device, sizeof draws, cudaMemcpyDeviceToHost));
    must(cudaFree(device));

    for (const Draw &draw : draws) {
        arith_philox counter =
            arith_counter(draw.position, static_cast<arith_purpose>(draw.purpose), draw.draw);
        uint64_t number = arith_random(arith_philox4x32_10(counter, static_cast<uint32_t>(draw.seed),
                                                           static_cast<uint32_t>(draw.seed >> 32)));
        if (number != draw.number) {
            fprintf(stderr, "seed %llu, position %llu, purpose %u, draw %u: arith.h says %llu, cuRAND %llu\n",
                    (unsigned long long)draw.seed, (unsigned long long)draw.position, draw.purpose, draw.draw,
                    (unsigned long long)number, (unsigned long long)draw.number);
            return 1;
        }
    }
    printf("compared %d draws with cuRAND's\n", count);
    return 0;
}
