// One planted hazard a run, named by the argument: memory read before it is written, accesses that nothing orders. `clean` does
// the same things right, and must be passed over in silence.
#include "expect.cuh"

#include <cooperative_groups.h>
#include <cstring>

enum { THREADS = 64, BLOCKS = 8 };

struct padded {
    char small;
    int large;
};

// --- memory that nobody wrote
__global__ void read_device(const int *in, int *out) { out[threadIdx.x] = in[threadIdx.x]; }
__global__ void count_up(int *counter) { atomicAdd(counter, 1); }
__global__ void copy_padded(const padded *in, padded *out) { *out = *in; }
__global__ void half_written_shared(int *out) {
    __shared__ int items[THREADS];
    if (threadIdx.x < THREADS / 2)
        items[threadIdx.x] = threadIdx.x;
    __syncthreads();
    out[threadIdx.x] = items[THREADS - 1 - threadIdx.x];
}

// --- within a block
template <bool SYNCED> __global__ void reverse(int *out) {
    __shared__ int items[THREADS];
    items[threadIdx.x] = threadIdx.x;
    if (SYNCED)
        __syncthreads();
    out[threadIdx.x] = items[THREADS - 1 - threadIdx.x];
}
template <bool SYNCED> __global__ void reverse_in_warp(int *out) {
    __shared__ int items[THREADS];
    items[threadIdx.x] = threadIdx.x;
    if (SYNCED)
        __syncwarp();
    out[threadIdx.x] = items[threadIdx.x ^ 31];
}
// Each thread stores two words; another of its warp reads one of them.
template <bool SYNCED> __global__ void halves_in_warp(int *out) {
    __shared__ int2 items[THREADS];
    items[threadIdx.x] = make_int2(threadIdx.x, threadIdx.x + 1);
    if (SYNCED)
        __syncwarp();
    const int *words = (const int *)&items[threadIdx.x / 32 * 32];
    out[threadIdx.x] = words[32 + threadIdx.x % 32];
}
// Two warps read what the other has stored, then store again, each all of its line of 128 bytes.
template <bool WRITTEN, bool READ> __global__ void swap_lines(int *out) {
    __shared__ __align__(128) int items[THREADS];
    items[threadIdx.x] = threadIdx.x + 1;
    if (WRITTEN)
        __syncthreads();
    int other = items[threadIdx.x ^ 32];
    if (READ)
        __syncthreads();
    items[threadIdx.x] = other + THREADS;
    out[threadIdx.x] = items[threadIdx.x];
}
// Read, then written again for the next round.
template <bool SYNCED> __global__ void two_rounds(int *out) {
    __shared__ int item;
    int sum = 0;
    for (int round = 0; round < 2; round++) {
        if (threadIdx.x == 0)
            item = round + 1;
        __syncthreads();
        sum += item;
        if (SYNCED)
            __syncthreads();
    }
    out[threadIdx.x] = sum;
}
template <bool SAME> __global__ void all_write(int *out) {
    __shared__ int item;
    item = SAME ? gridDim.x : threadIdx.x;
    __syncthreads();
    out[threadIdx.x] = item;
}
__global__ void bytes_of_a_word(int *out) {
    __shared__ unsigned char items[THREADS];
    items[threadIdx.x] = threadIdx.x;
    __syncthreads();
    out[threadIdx.x] = items[THREADS - 1 - threadIdx.x];
}
template <bool ATOMIC> __global__ void histogram(int *out) {
    __shared__ int bins[4];
    if (threadIdx.x < 4)
        bins[threadIdx.x] = 0;
    __syncthreads();
    if (ATOMIC)
        atomicAdd(&bins[threadIdx.x % 4], 1);
    else
        bins[threadIdx.x % 4]++;
    __syncthreads();
    out[threadIdx.x] = bins[threadIdx.x % 4];
}
// The first warp produces, the second consumes, at a named barrier.
template <bool SYNCED> __global__ void produce(int *out) {
    __shared__ int items[32];
    if (threadIdx.x < 32) {
        items[threadIdx.x] = threadIdx.x;
        asm volatile("bar.arrive 1, 64;" ::: "memory");
    } else {
        if (SYNCED)
            asm volatile("bar.sync 1, 64;" ::: "memory");
        else
            asm volatile("bar.sync 2, 32;" ::: "memory");
        out[threadIdx.x] = items[63 - threadIdx.x];
    }
}

// --- between blocks
__global__ void neighbours(int *items, int *out) {
    items[blockIdx.x] = blockIdx.x;
    out[blockIdx.x] = items[(blockIdx.x + BLOCKS - 1) % BLOCKS];
}
__global__ void plain_sum(int *sum) {
    if (threadIdx.x == 0)
        *sum += 1;
}
// Each block leaves a partial result; the last one to finish adds them up.
template <bool FENCED, bool TOGETHER> __global__ void last_adds(int *partial, int *finished, int *out) {
    partial[blockIdx.x * THREADS + threadIdx.x] = threadIdx.x;
    if (FENCED)
        __threadfence();
    if (TOGETHER)
        __syncthreads();
    __shared__ bool last;
    if (threadIdx.x == THREADS - 1) // its warp runs last: the others have written, but need not have
        last = atomicAdd(finished, 1) == BLOCKS - 1;
    __syncthreads();
    if (!last)
        return;
    __threadfence();
    int sum = 0;
    for (int block = 0; block < BLOCKS; block++)
        sum += partial[block * THREADS + threadIdx.x];
    out[threadIdx.x] = sum;
}
template <bool SYNCED> __global__ void over_the_grid(int *items, int *out) {
    int i = blockIdx.x * THREADS + threadIdx.x;
    items[i] = i;
    if (SYNCED)
        cooperative_groups::this_grid().sync();
    out[i] = items[BLOCKS * THREADS - 1 - i];
}

template <bool SYNCED> static void launch_over_the_grid(int *items, int *out) {
    void *arguments[] = {&items, &out};
    must(cudaLaunchCooperativeKernel((void *)over_the_grid<SYNCED>, BLOCKS, THREADS, arguments, 0, nullptr));
}

int main(int, char **argument) {
    enum { ITEMS = BLOCKS * THREADS };
    int *items, *out, *fresh;
    padded *from, *to;
    must(cudaMalloc(&items, (ITEMS + 1) * sizeof(int)));
    must(cudaMalloc(&out, ITEMS * sizeof(int)));
    must(cudaMalloc(&fresh, ITEMS * sizeof(int)));
    must(cudaMalloc(&from, sizeof(padded)));
    must(cudaMalloc(&to, sizeof(padded)));
    must(cudaMemset(items, 0, (ITEMS + 1) * sizeof(int)));
    int *finished = items + ITEMS;
    const struct {
        const char *name;
        void (*run)(int *items, int *out, int *fresh, int *finished);
    } hazards[] = {
        {"device-memory",
         [](int *, int *out, int *fresh, int *) { read_device<<<1, THREADS>>>(fresh, out); }},
        {"partly-set",
         [](int *, int *out, int *fresh, int *) {
             must(cudaMemset(fresh, 0, THREADS * sizeof(int) - 1));
             read_device<<<1, THREADS>>>(fresh, out);
         }},
        {"copied",
         [](int *items, int *out, int *fresh, int *) {
             must(cudaMemcpy(items, fresh, THREADS * sizeof(int), cudaMemcpyDeviceToDevice));
             read_device<<<1, THREADS>>>(items, out);
         }},
        {"reused",
         [](int *items, int *out, int *, int *) {
             must(cudaFree(items));
             for (int i = 0; i < 3; i++)
                 must(cudaMalloc(&items, THREADS * sizeof(int)));
             read_device<<<1, THREADS>>>(items, out);
         }},
        {"atomic", [](int *, int *, int *fresh, int *) { count_up<<<1, 1>>>(fresh); }},
        {"shared-memory", [](int *, int *out, int *, int *) { half_written_shared<<<1, THREADS>>>(out); }},
        {"no-syncthreads", [](int *, int *out, int *, int *) { reverse<false><<<1, THREADS>>>(out); }},
        {"no-syncwarp", [](int *, int *out, int *, int *) { reverse_in_warp<false><<<1, THREADS>>>(out); }},
        {"no-syncwarp-wide",
         [](int *, int *out, int *, int *) { halves_in_warp<false><<<1, THREADS>>>(out); }},
        {"line-read-too-early",
         [](int *, int *out, int *, int *) { swap_lines<false, true><<<1, THREADS>>>(out); }},
        {"line-written-too-early",
         [](int *, int *out, int *, int *) { swap_lines<true, false><<<1, THREADS>>>(out); }},
        {"written-too-early", [](int *, int *out, int *, int *) { two_rounds<false><<<1, THREADS>>>(out); }},
        {"all-write", [](int *, int *out, int *, int *) { all_write<false><<<1, THREADS>>>(out); }},
        {"plain-histogram", [](int *, int *out, int *, int *) { histogram<false><<<1, THREADS>>>(out); }},
        {"wrong-named-barrier", [](int *, int *out, int *, int *) { produce<false><<<1, THREADS>>>(out); }},
        {"neighbours", [](int *items, int *out, int *, int *) { neighbours<<<BLOCKS, 1>>>(items, out); }},
        {"plain-sum", [](int *items, int *, int *, int *) { plain_sum<<<BLOCKS, THREADS>>>(items); }},
        {"no-fence",
         [](int *items, int *out, int *, int *finished) {
             last_adds<false, true><<<BLOCKS, THREADS>>>(items, finished, out);
         }},
        {"flag-too-early",
         [](int *items, int *out, int *, int *finished) {
             last_adds<true, false><<<BLOCKS, THREADS>>>(items, finished, out);
         }},
        {"no-grid-sync", [](int *items, int *out, int *, int *) { launch_over_the_grid<false>(items, out); }},
    };
    for (const auto &hazard : hazards)
        if (!strcmp(argument[1], hazard.name)) {
            hazard.run(items, out, fresh, finished);
            must(cudaDeviceSynchronize());
            printf("done\n");
            return 0;
        }
    if (strcmp(argument[1], "clean") != 0)
        return 1;
    const padded one = {1, 2};
    must(cudaMemcpy(from, &one, sizeof one, cudaMemcpyHostToDevice));
    copy_padded<<<1, 1>>>(from, to);
    must(cudaMemset(fresh, 0, ITEMS * sizeof(int)));
    read_device<<<1, THREADS>>>(fresh, out);
    count_up<<<BLOCKS, THREADS>>>(fresh);
    reverse<true><<<2, THREADS>>>(out);
    reverse_in_warp<true><<<1, THREADS>>>(out);
    halves_in_warp<true><<<1, THREADS>>>(out);
    swap_lines<true, true><<<1, THREADS>>>(out);
    two_rounds<true><<<1, THREADS>>>(out);
    all_write<true><<<1, THREADS>>>(out);
    bytes_of_a_word<<<1, THREADS>>>(out);
    histogram<true><<<1, THREADS>>>(out);
    produce<true><<<1, THREADS>>>(out);
    last_adds<true, true><<<BLOCKS, THREADS>>>(items, finished, out);
    launch_over_the_grid<true>(items, out);
    must(cudaDeviceSynchronize());
    printf("done\n");
}
