// How fast the virtual GPU is: million warp instructions a second of processor time, for kernels of one kind of work each and for a
// sort by CUB, in blocks of 256 threads. Run by scripts/vgpu (scripts/vgpu-bench shows it under each set of checks). A line each: name,
// rate. Instructions are read from the virtual clock, which counts them as nanoseconds (and 1 us for each operation of a stream).
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <cub/device/device_radix_sort.cuh>
#include <functional>
#include <vector>

constexpr int THREADS = 256, BLOCKS = 64, STEPS = 512, TILE = 1 << 13, TILES = 16, PASSES = 16,
              ITEMS = 1 << 20, ROUNDS = 3;

__device__ int place() { return blockIdx.x * blockDim.x + threadIdx.x; }

__global__ void fma_chain(const uint32_t *in, uint32_t *out) {
    float a = in[place()] * 0x1p-32f, b = 0.25f, c = 0.75f;
#pragma unroll 4
    for (int k = 0; k < STEPS; k++) {
        a = fmaf(a, 0.5f, b);
        b = fmaf(b, 0.25f, c);
        c = fmaf(c, 0.125f, a);
    }
    out[place()] = __float_as_uint(a + b + c);
}

__global__ void integer_hash(const uint32_t *in, uint32_t *out) {
    uint32_t h = in[place()];
#pragma unroll 4
    for (int k = 0; k < STEPS; k++) { // the end of MurmurHash3
        h = (h ^ h >> 16) * 0x85ebca6b;
        h = (h ^ h >> 13) * 0xc2b2ae35;
        h = (h ^ h >> 16) + k;
    }
    out[place()] = h;
}

// Half a MiB, so that it is the virtual GPU that is measured and not the host's memory; each pass stores other values.
__global__ void copy(const uint32_t *in, uint32_t *out) {
    in += blockIdx.x * TILE + threadIdx.x;
    out += blockIdx.x * 2 * TILE + threadIdx.x;
    for (int pass = 0; pass < PASSES; pass++, out += THREADS)
#pragma unroll 4
        for (int i = 0; i < TILE; i += THREADS)
            out[i] = in[i];
}

__global__ void shared_memory(const uint32_t *in, uint32_t *out) {
    __shared__ uint32_t turned[THREADS];
    uint32_t x = in[place()];
    for (int k = 0; k < STEPS; k++) {
        turned[threadIdx.x] = x;
        __syncthreads();
        x = __shfl_xor_sync(~0u, turned[THREADS - 1 - threadIdx.x], 1) + 1;
        __syncthreads();
    }
    out[place()] = x;
}

__global__ void divergent_branch(const uint32_t *in, uint32_t *out) {
    uint32_t x = in[place()];
    for (int k = 0; k < STEPS; k++) {
        if (x & 1) {
            x = x * 3 + 1;
            out[place()] = x;
        } else {
            x = x / 2 ^ k;
        }
    }
    out[place()] = x;
}

static void expect(cudaError_t error) {
    if (error == cudaSuccess)
        return;
    fprintf(stderr, "vgpu_bench: %s\n", cudaGetErrorString(error));
    exit(1);
}

static double processor_seconds() {
    timespec now;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return now.tv_sec + 1e-9 * now.tv_nsec;
}

static const char *asked = ""; // part of the names of those to measure

// The best of ROUNDS, each of at least a second.
static void measure(const char *name, const std::function<void()> &launch) {
    if (!strstr(name, asked))
        return;
    cudaEvent_t begin, end;
    expect(cudaEventCreate(&begin));
    expect(cudaEventCreate(&end));
    launch(); // lowers the kernels
    double best = 0;
    for (int round = 0; round < ROUNDS; round++) {
        double start = processor_seconds(), seconds;
        expect(cudaEventRecord(begin));
        do {
            launch();
            seconds = processor_seconds() - start;
        } while (seconds < 1);
        expect(cudaEventRecord(end));
        float milliseconds;
        expect(cudaEventElapsedTime(&milliseconds, begin, end));
        double rate = milliseconds / seconds;
        best = rate > best ? rate : best;
    }
    printf("%s\t%.1f\n", name, best);
    fflush(stdout);
}

int main(int count, char **arguments) {
    if (count > 1)
        asked = arguments[1];
    uint32_t *in, *out;
    std::vector<uint32_t> keys(ITEMS);
    uint32_t random = 1;
    for (uint32_t &key : keys)
        key = random = random * 1664525 + 1013904223;
    expect(cudaMalloc(&in, ITEMS * sizeof *in));
    expect(cudaMalloc(&out, ITEMS * sizeof *out));
    expect(cudaMemcpy(in, keys.data(), ITEMS * sizeof *in, cudaMemcpyHostToDevice));
    measure("fp32 FMA chain", [&] { fma_chain<<<BLOCKS, THREADS>>>(in, out); });
    measure("integer hash", [&] { integer_hash<<<BLOCKS, THREADS>>>(in, out); });
    measure("coalesced copy", [&] { copy<<<TILES, THREADS>>>(in, out); });
    size_t bytes = 0;
    expect(cub::DeviceRadixSort::SortKeys(nullptr, bytes, in, out, ITEMS));
    void *workspace;
    expect(cudaMalloc(&workspace, bytes));
    measure("CUB radix sort of 2^20 keys",
            [&] { expect(cub::DeviceRadixSort::SortKeys(workspace, bytes, in, out, ITEMS)); });
    measure("shared memory, barriers", [&] { shared_memory<<<BLOCKS, THREADS>>>(in, out); });
    measure("divergent branches", [&] { divergent_branch<<<BLOCKS, THREADS>>>(in, out); });
    expect(cudaDeviceSynchronize());
    return 0;
}
