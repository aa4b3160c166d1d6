// cuRAND's device generators beside Philox (philox.cu): the code of curand_kernel.h on the device and, built for the host, here.
#define QUALIFIERS static __forceinline__ __host__ __device__
#include "both_sides.cuh"

#include <curand_kernel.h>

template <class STATE> struct draws {
    __host__ __device__ static void run(int item, results &out) {
        STATE state;
        curand_init(1234 + item % 3, item, item % 5 * 1000, &state);
        for (int k = 0; k < 4; k++)
            out(curand(&state));
        out(curand_uniform(&state));
        skipahead(77777 + item, &state);
        out(curand(&state));
        skipahead_sequence(3, &state);
        out(curand(&state));
    }
};

// Known moments of what is not compared bit by bit, as it uses approximate functions.
template <class STATE> __global__ void distributions(int draws, double *sums) {
    STATE state;
    curand_init(99, threadIdx.x, 0, &state);
    double *to = sums + threadIdx.x * 8;
    for (int k = 0; k < draws; k++) {
        float2 pair = curand_normal2(&state);
        double log_normal = curand_log_normal_double(&state, 0, 0.5);
        unsigned count = curand_poisson(&state, 4.0);
        double uniform = curand_uniform_double(&state), normal = curand_normal_double(&state);
        to[0] += pair.x, to[1] += pair.x * pair.x, to[2] += pair.x * pair.y;
        to[3] += log_normal, to[4] += count, to[5] += uniform, to[6] += normal * normal,
            to[7] += (double)count * count;
    }
}

template <class STATE> static size_t check_distributions() {
    const int threads = 128, draws = 50;
    device_vector<double> sums(std::vector<double>(threads * 8, 0.0));
    distributions<STATE><<<1, threads>>>(draws, sums.items);
    must(cudaDeviceSynchronize());
    auto got = sums.host();
    // mean and standard deviation of each sum's terms
    const double mean[8] = {0, 1, 0, 1.1331484530668263, 4, 0.5, 1, 20};
    const double spread[8] = {1, 1.4142, 1, 0.604, 2, 0.2887, 1.4142, 17.5};
    for (int k = 0; k < 8; k++) {
        double sum = 0;
        for (int thread = 0; thread < threads; thread++)
            sum += got[thread * 8 + k];
        double deviation = (sum / (threads * draws) - mean[k]) / (spread[k] / sqrt(threads * draws));
        if (fabs(deviation) > 5)
            printf("moment %d is off by %g standard deviations\n", k, deviation);
        expect(fabs(deviation) <= 5, "a distribution's moment");
    }
    return 8;
}

int main() {
    size_t compared = compare_sides<draws<curandStateXORWOW_t>>("XORWOW", 300) +
                      compare_sides<draws<curandStateMRG32k3a_t>>("MRG32k3a", 300) +
                      compare_sides<draws<curandStatePhilox4_32_10_t>>("Philox", 300) +
                      check_distributions<curandStateXORWOW_t>() +
                      check_distributions<curandStateMRG32k3a_t>() +
                      check_distributions<curandStatePhilox4_32_10_t>();
    printf("compared %zu draws\n", compared);
}
