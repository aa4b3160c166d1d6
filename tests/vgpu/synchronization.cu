// libcu++'s barriers, pipelines, latches and semaphores, asynchronous copies and cache hints.
#include "expect.cuh"

#include <cooperative_groups.h>
#include <cuda/annotated_ptr>
#include <cuda/barrier>
#include <cuda/latch>
#include <cuda/pipeline>
#include <cuda/semaphore>

#pragma nv_diag_suppress static_var_with_dynamic_init // what a block shares is initialised by the block

static size_t compared;
static const int threads = 128;

// Rounds of a barrier: what one half writes the other reads, with arrive and wait apart, dropping out, and a completion function.
template <cuda::thread_scope SCOPE> __global__ void barriers(int *out) {
    __shared__ cuda::barrier<SCOPE> barrier;
    __shared__ int values[threads];
    if (threadIdx.x == 0)
        init(&barrier, threads);
    __syncthreads();
    int sum = 0;
    for (int round = 0; round < 5; round++) {
        values[threadIdx.x] = round * threads + threadIdx.x;
        auto token = barrier.arrive();
        barrier.wait(std::move(token));
        sum += values[(threadIdx.x + 40) % threads];
        barrier.arrive_and_wait();
    }
    out[threadIdx.x] = sum;
    if (threadIdx.x >= 64) {
        barrier.arrive_and_drop();
        return;
    }
    barrier.arrive_and_wait();
    values[threadIdx.x] = -1;
    barrier.wait_parity(false); // whichever phase has ended
    barrier.arrive_and_wait();
    out[threadIdx.x] += values[63 - threadIdx.x];
}
template <cuda::thread_scope SCOPE> static void check_barriers() {
    device_vector<int> out(threads);
    barriers<SCOPE><<<1, threads>>>(out.items);
    must(cudaDeviceSynchronize());
    auto got = out.host();
    for (int thread = 0; thread < threads; thread++)
        expect(got[thread] == 10 * threads + 5 * ((thread + 40) % threads) - (thread < 64),
               "rounds of a barrier");
    compared += threads;
}

// Stages of a block's pipeline: all threads copy, or half of them do for the others.
template <bool SPLIT> __global__ void pipelines(const int *in, int *out, int batches) {
    constexpr int stages = 3;
    __shared__ alignas(16) int staged[stages][threads];
    __shared__ cuda::pipeline_shared_state<cuda::thread_scope_block, stages> state;
    auto block = cooperative_groups::this_thread_block();
    bool produces = !SPLIT || threadIdx.x < threads / 2, consumes = !SPLIT || !produces;
    auto pipeline =
        SPLIT ? cuda::make_pipeline(block, &state,
                                    produces ? cuda::pipeline_role::producer : cuda::pipeline_role::consumer)
              : cuda::make_pipeline(block, &state);
    for (int batch = 0, fetched = 0; batch < batches; batch++) {
        for (; fetched < batches && fetched < batch + (SPLIT ? 1 : stages); fetched++) {
            if (!produces)
                continue;
            pipeline.producer_acquire();
            constexpr int share = SPLIT ? 2 : 1;
            cuda::memcpy_async(&staged[fetched % stages][threadIdx.x * share],
                               in + fetched * threads + threadIdx.x * share,
                               cuda::aligned_size_t<4 * share>(sizeof(int) * share), pipeline);
            pipeline.producer_commit();
        }
        if (consumes) {
            pipeline.consumer_wait();
            if (!SPLIT)
                block.sync();
            for (int k = SPLIT ? threadIdx.x - threads / 2 : threadIdx.x; k < threads;
                 k += SPLIT ? threads / 2 : threads)
                out[batch * threads + k] = staged[batch % stages][threads - 1 - k] + 1;
            if (!SPLIT)
                block.sync();
            pipeline.consumer_release();
        }
    }
}
template <bool SPLIT> static void check_pipelines() {
    const int batches = 9;
    auto in = random_items{3}.items<int>(batches * threads);
    device_vector<int> device_in(in), out(in.size());
    pipelines<SPLIT><<<1, threads>>>(device_in.items, out.items, batches);
    must(cudaDeviceSynchronize());
    auto got = out.host();
    for (int batch = 0; batch < batches; batch++)
        for (int k = 0; k < threads; k++)
            expect(got[batch * threads + k] == in[batch * threads + threads - 1 - k] + 1,
                   "a pipeline's stages");
    compared += in.size();
}

// Copies that a barrier awaits; the bulk form where the device has it.
__global__ void copies(const int *in, int *out) {
    __shared__ alignas(128) int staged[256];
    __shared__ cuda::barrier<cuda::thread_scope_block> barrier;
    if (threadIdx.x == 0)
        init(&barrier, threads);
    __syncthreads();
    cuda::memcpy_async(cooperative_groups::this_thread_block(), staged, in,
                       cuda::aligned_size_t<16>(sizeof staged), barrier);
    barrier.arrive_and_wait();
    out[threadIdx.x] = staged[255 - threadIdx.x];
    barrier.arrive_and_wait();
    cuda::memcpy_async(&staged[threadIdx.x], in + 128 + threadIdx.x, sizeof(int), barrier);
    barrier.arrive_and_wait();
    out[threads + threadIdx.x] = staged[threads - 1 - threadIdx.x];
#if __CUDA_ARCH__ >= 900
    __syncthreads();
    auto token = threadIdx.x == 0
                     ? (cuda::device::memcpy_async_tx(staged, in, cuda::aligned_size_t<16>(512), barrier),
                        cuda::device::barrier_arrive_tx(barrier, 1, 512))
                     : barrier.arrive();
    barrier.wait(std::move(token));
    out[2 * threads + threadIdx.x] = staged[threadIdx.x];
#else
    out[2 * threads + threadIdx.x] = in[threadIdx.x];
#endif
}
static void check_copies() {
    auto in = random_items{4}.items<int>(256);
    device_vector<int> device_in(in), out(3 * threads);
    copies<<<1, threads>>>(device_in.items, out.items);
    must(cudaDeviceSynchronize());
    auto got = out.host();
    for (int thread = 0; thread < threads; thread++)
        expect(got[thread] == in[255 - thread] && got[threads + thread] == in[255 - thread] &&
                   got[2 * threads + thread] == in[thread],
               "memcpy_async with a barrier");
    compared += 3 * threads;
}

// Blocks count a latch down; the last thread of each waits. A semaphore lets two in at a time.
__global__ void latches(cuda::latch<cuda::thread_scope_device> *latch,
                        cuda::counting_semaphore<cuda::thread_scope_device, 2> *semaphore, int *in, int *most,
                        int *out) {
    if (threadIdx.x == 0) {
        atomicAdd(out, 1);
        latch->count_down();
        latch->wait();
        out[1 + blockIdx.x] = *(volatile int *)out;
        semaphore->acquire();
        atomicMax(most, atomicAdd(in, 1) + 1);
        __nanosleep(100);
        atomicSub(in, 1);
        semaphore->release();
        out[1 + blockIdx.x] += latch->try_wait() ? 0 : 100;
    }
}
template <class T> __global__ void construct(T *at, int count) { new (at) T(count); }
static void check_latches() {
    const int blocks = 12;
    using latch = cuda::latch<cuda::thread_scope_device>;
    using semaphore = cuda::counting_semaphore<cuda::thread_scope_device, 2>;
    device_vector<latch> one_latch(1);
    device_vector<semaphore> one_semaphore(1);
    device_vector<int> in(std::vector<int>{0, 0}), out(std::vector<int>(1 + blocks, 0));
    construct<<<1, 1>>>(one_latch.items, blocks);
    construct<<<1, 1>>>(one_semaphore.items, 2);
    latches<<<blocks, 64>>>(one_latch.items, one_semaphore.items, in.items, in.items + 1, out.items);
    must(cudaDeviceSynchronize());
    expect(in.host()[0] == 0 && in.host()[1] >= 1 && in.host()[1] <= 2, "a semaphore lets two in");
    expect(out.host() == std::vector<int>(1 + blocks, blocks), "a latch holds until all have come");
    compared += 3 + blocks;
}

// Hints change nothing but what stays in the cache.
__global__ void hints(int *in, int *out) {
    cuda::annotated_ptr<int, cuda::access_property::streaming> streaming(in);
    cuda::annotated_ptr<int, cuda::access_property::persisting> persisting(out);
    cuda::access_property part(in, 512, 1024, cuda::access_property::persisting{},
                               cuda::access_property::streaming{});
    cuda::annotated_ptr<int, cuda::access_property> fraction(
        in, cuda::access_property(cuda::access_property::normal{}, 0.5));
    cuda::annotated_ptr<int, cuda::access_property> interleaved(in, part);
    persisting[threadIdx.x] = streaming[threadIdx.x] + fraction[threadIdx.x] + interleaved[threadIdx.x];
    cuda::apply_access_property(in, sizeof(int) * threads, cuda::access_property::persisting{});
    __shared__ int staged[threads];
    cuda::annotated_ptr<int, cuda::access_property::shared> shared(staged);
    shared[threadIdx.x] = __ldcg(in + threadIdx.x) + __ldcs(in + threadIdx.x) + __ldlu(in + threadIdx.x) +
                          __ldcv(in + threadIdx.x) + __ldca(in + threadIdx.x) + __ldg(in + threadIdx.x);
    int *to = out + threads + threadIdx.x;
    __stwb(to, shared[threadIdx.x]), __stcg(to, shared[threadIdx.x]), __stcs(to, shared[threadIdx.x]),
        __stwt(to, shared[threadIdx.x]);
}
static void check_hints() {
    auto in = random_items{5}.items<int>(threads);
    device_vector<int> device_in(in), out(2 * threads);
    hints<<<1, threads>>>(device_in.items, out.items);
    must(cudaDeviceSynchronize());
    auto got = out.host();
    for (int thread = 0; thread < threads; thread++)
        expect(got[thread] == 3 * in[thread] && got[threads + thread] == 6 * in[thread],
               "loads and stores with hints");
    compared += 2 * threads;
}

int main() {
    check_barriers<cuda::thread_scope_block>();
    check_barriers<cuda::thread_scope_device>();
    check_pipelines<false>();
    check_pipelines<true>();
    check_copies();
    check_latches();
    check_hints();
    printf("compared %zu results\n", compared);
}
