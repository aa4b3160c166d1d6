// A cooperative launch: blocks meet at a grid barrier, as many as are resident and no more.
#include "expect.cuh"

#include <cooperative_groups.h>

// Each round adds what the neighbouring block had written the round before.
__global__ void pass_on(unsigned *values, int rounds) {
    cooperative_groups::grid_group grid = cooperative_groups::this_grid();
    unsigned left = (blockIdx.x + gridDim.x - 1) % gridDim.x;
    for (int round = 0; round < rounds; round++) {
        unsigned got = ((volatile unsigned *)values)[left];
        grid.sync();
        if (threadIdx.x == 0)
            values[blockIdx.x] += got;
        grid.sync();
    }
}

int main() {
    constexpr int threads = 96, rounds = 10;
    int per_sm, sms;
    must(cudaOccupancyMaxActiveBlocksPerMultiprocessor(&per_sm, pass_on, threads, 0));
    must(cudaDeviceGetAttribute(&sms, cudaDevAttrMultiProcessorCount, 0));
    for (unsigned blocks : {1u, 2u, 37u, 200u}) {
        std::vector<unsigned> expected(blocks);
        for (unsigned i = 0; i < blocks; i++)
            expected[i] = i + 1;
        device_vector<unsigned> values(expected);
        int count = rounds;
        void *arguments[] = {&values.items, &count};
        must(cudaLaunchCooperativeKernel(pass_on, blocks, threads, arguments, 0, 0));
        must(cudaDeviceSynchronize());
        for (int round = 0; round < rounds; round++) {
            std::vector<unsigned> before = expected;
            for (unsigned i = 0; i < blocks; i++)
                expected[i] += before[(i + blocks - 1) % blocks];
        }
        expect(values.host() == expected, "values passed on across the grid barrier");
    }
    unsigned *none = nullptr;
    int count = 0;
    void *arguments[] = {&none, &count};
    expect(cudaLaunchCooperativeKernel(pass_on, per_sm * sms + 1, threads, arguments, 0, 0) ==
               cudaErrorCooperativeLaunchTooLarge,
           "more blocks than can be resident");
    cudaGetLastError();
    must(cudaLaunchCooperativeKernel(pass_on, per_sm * sms, threads, arguments, 0, 0));
    must(cudaDeviceSynchronize());
    printf("grid barriers hold as they should\n");
}
