// libcu++'s atomics of every width, scope and order, and CUDA's own atomic functions: many threads on few objects, whose end is
// known whatever the order.
#include "expect.cuh"

#include <cuda/atomic>
#include <cuda_bf16.h>
#include <cuda_fp16.h>

static const int threads = 512;

// Atomics of 8 and 16 bits are made of those of the words around them, so the words are whole.
template <class T, cuda::thread_scope SCOPE> struct alignas(8) atomics {
    T added, taken, exchanged, least, most, all, any, odd, swapped, flag, orders;
};

// Each thread adds, counts down, and so on; a compare-and-swap loop adds too.
template <class T, cuda::thread_scope SCOPE> __global__ void integral(atomics<T, SCOPE> *to, T *won) {
    using reference = cuda::atomic_ref<T, SCOPE>;
    T own = (T)threadIdx.x;
    reference(to->added).fetch_add((T)3, cuda::memory_order_relaxed);
    reference(to->taken).fetch_sub((T)5, cuda::memory_order_acq_rel);
    reference(to->least).fetch_min((T)(own + 7), cuda::memory_order_release);
    reference(to->most).fetch_max((T)(own & 63), cuda::memory_order_acquire);
    reference(to->all).fetch_and((T) ~((T)1 << (threadIdx.x % 7)), cuda::memory_order_seq_cst);
    reference(to->any).fetch_or((T)((T)1 << (threadIdx.x % 6)));
    reference(to->odd).fetch_xor(own);
    if (reference(to->exchanged).exchange((T)1, cuda::memory_order_acq_rel) == 0)
        atomicAdd((unsigned *)won, 1); // one thread alone finds the first value
    reference swapped(to->swapped);
    T seen = swapped.load(cuda::memory_order_relaxed);
    while (!swapped.compare_exchange_weak(seen, (T)(seen + 2), cuda::memory_order_acq_rel,
                                          cuda::memory_order_relaxed))
        ;
    // Each order once.
    reference orders(to->orders);
    orders.store(own, cuda::memory_order_relaxed), orders.store(own, cuda::memory_order_release),
        orders.store(own);
    (void)orders.load(cuda::memory_order_acquire), (void)orders.load();
    cuda::atomic_thread_fence(cuda::memory_order_acq_rel, SCOPE);
    cuda::atomic_thread_fence(cuda::memory_order_seq_cst, SCOPE);
    // Waiting for a value that another warp sets.
    if (threadIdx.x == 0) {
        reference(to->flag).store((T)9, cuda::memory_order_release);
        reference(to->flag).notify_all();
    } else if (threadIdx.x >= 64) {
        reference(to->flag).wait((T)0, cuda::memory_order_acquire);
    }
}

template <class T, cuda::thread_scope SCOPE> static size_t check_integral() {
    using all = atomics<T, SCOPE>;
    all begin = {0, 0, 0, (T)127, 0, (T)-1, 0, 0, 0, 0, 0};
    device_vector<all> device(std::vector<all>{begin});
    device_vector<uint64_t> won(std::vector<uint64_t>{0});
    integral<T, SCOPE><<<1, threads>>>(device.items, (T *)won.items);
    must(cudaDeviceSynchronize());
    all end = device.host()[0];
    T odd = 0;
    T least = 127, most = 0;
    for (int thread = 0; thread < threads; thread++) {
        odd ^= (T)thread;
        least = std::min(least, (T)((T)thread + 7));
        most = std::max(most, (T)((T)thread & 63));
    }
    expect(end.added == (T)(3 * threads) && end.taken == (T)(-5 * threads), "fetch_add and fetch_sub");
    expect(end.least == least && end.most == most, "fetch_min and fetch_max");
    expect(end.all == (T)((T)-1 & ~(T)0x7f) && end.any == 0x3f && end.odd == odd,
           "fetch_and, fetch_or, fetch_xor");
    expect(end.exchanged == 1 && won.host()[0] == 1, "exchange");
    expect(end.swapped == (T)(2 * threads) && end.flag == 9, "compare_exchange and wait");
    return 11;
}

template <class T> __global__ void floating(T *sum, T *most, T *swapped) {
    cuda::atomic_ref<T, cuda::thread_scope_device> to(*sum);
    to.fetch_add((T)threadIdx.x, cuda::memory_order_relaxed);
    to.fetch_sub((T)1, cuda::memory_order_relaxed);
    cuda::atomic_ref<T, cuda::thread_scope_block>(*most).fetch_max((T)threadIdx.x);
    cuda::atomic_ref<T, cuda::thread_scope_system> with(*swapped);
    T seen = with.load();
    while (!with.compare_exchange_strong(seen, seen + (T)0.5))
        ;
}
template <class T> static size_t check_floating() {
    device_vector<T> all(std::vector<T>{0, 0, 0});
    floating<<<1, threads>>>(all.items, all.items + 1, all.items + 2);
    must(cudaDeviceSynchronize());
    auto got = all.host();
    expect(got[0] == threads * (threads - 1) / 2 - threads && got[1] == threads - 1 && got[2] == threads / 2,
           "floating atomics");
    return 3;
}

// CUDA's own functions, in global and in shared memory.
struct own_results {
    int added, taken, most, least, all, any, odd, swapped;
    unsigned up, down, first;
    unsigned long long added64, most64, least64, any64, swapped64;
    float sum;
    double sum64;
    __half2 halves;
    __nv_bfloat162 brains;
    __half half;
    __nv_bfloat16 brain;
    unsigned short swapped16;
};
__device__ void use_all(own_results *to) {
    atomicAdd(&to->added, 2), atomicSub(&to->taken, 3), atomicMax(&to->most, (int)threadIdx.x),
        atomicMin(&to->least, -(int)threadIdx.x);
    atomicAnd(&to->all, ~(1 << threadIdx.x % 16)), atomicOr(&to->any, 1 << threadIdx.x % 16),
        atomicXor(&to->odd, threadIdx.x);
    atomicCAS(&to->swapped, (int)threadIdx.x, (int)threadIdx.x + 1);
    atomicInc(&to->up, 99), atomicDec(&to->down, 99);
    if (atomicExch(&to->first, 1u) == 0)
        atomicAdd_block(&to->added, 1000), atomicAdd_system(&to->added, 1000);
    atomicAdd(&to->added64, 1ull << 33), atomicMax(&to->most64, (unsigned long long)threadIdx.x << 35);
    atomicMin(&to->least64, (unsigned long long)(threads - threadIdx.x) << 35),
        atomicOr(&to->any64, 1ull << threadIdx.x % 40);
    atomicCAS(&to->swapped64, (unsigned long long)threadIdx.x, threadIdx.x + 1ull);
    atomicAdd(&to->sum, 0.5f), atomicAdd(&to->sum64, 0.25);
    atomicAdd(&to->halves, __halves2half2(1, 2)), atomicAdd(&to->half, (__half)1);
    atomicAdd(&to->brains, __halves2bfloat162(1, 0.5)), atomicAdd(&to->brain, (__nv_bfloat16)0.25);
    atomicCAS(&to->swapped16, (unsigned short)threadIdx.x, (unsigned short)(threadIdx.x + 1));
}
__global__ void own(own_results *global, own_results *shared_out) {
    __shared__ own_results shared;
    if (threadIdx.x == 0)
        shared = *shared_out;
    __syncthreads();
    use_all(global);
    use_all(&shared);
    __syncthreads();
    if (threadIdx.x == 0)
        *shared_out = shared;
}
static size_t check_own() {
    own_results begin = {};
    begin.all = 0x1ffff, begin.least64 = ~0ull;
    device_vector<own_results> all(std::vector<own_results>(2, begin));
    own<<<1, 256>>>(all.items, all.items + 1);
    must(cudaDeviceSynchronize());
    for (const own_results &end : all.host()) {
        expect(end.added == 512 + 2000 && end.taken == -768 && end.most == 255 && end.least == -255,
               "atomicAdd, Sub, Max, Min");
        expect(end.all == 0x10000 && end.any == 0xffff && end.odd == 0, "atomicAnd, Or, Xor");
        expect(end.swapped >= 1 && end.swapped64 >= 1 && end.swapped16 >= 1, "atomicCAS");
        expect(end.up == 56 && end.down == 44 && end.first == 1, "atomicInc, Dec, Exch");
        expect(end.added64 == 256ull << 33 && end.most64 == 255ull << 35 &&
                   end.least64 == (unsigned long long)(threads - 255) << 35 && end.any64 == (1ull << 40) - 1,
               "64-bit atomics");
        expect(end.sum == 128 && end.sum64 == 64, "atomicAdd of floats");
        expect((float)end.halves.x == 256 && (float)end.halves.y == 512 && (float)end.half == 256,
               "atomicAdd of halves");
        expect((float)end.brains.x == 256 && (float)end.brains.y == 128 && (float)end.brain == 64,
               "atomicAdd of bfloat16");
    }
    return 2 * 23;
}

#if !defined(__CUDA_ARCH__) || __CUDA_ARCH__ >= 900
#define HAS_WIDE_ATOMICS 1
#endif
// Sixteen bytes at once, and vectors of floats in one instruction.
struct alignas(16) wide {
    uint64_t low, high;
};
__global__ void wide_atomics(wide *pair, float4 *sums, float2 *two) {
#ifdef HAS_WIDE_ATOMICS
    wide seen = {0, 0}, next;
    for (wide before = {~0ull, 0}; before.low != seen.low || before.high != seen.high;) {
        before = seen;
        next = {seen.low + 1, seen.high + threadIdx.x};
        asm volatile(
            "{\n.reg .b128 compared, swapped, old;\n"
            "mov.b128 compared, {%2, %3};\nmov.b128 swapped, {%4, %5};\n"
            "atom.relaxed.gpu.global.cas.b128 old, [%6], compared, swapped;\nmov.b128 {%0, %1}, old;\n}"
            : "=l"(seen.low), "=l"(seen.high)
            : "l"(before.low), "l"(before.high), "l"(next.low), "l"(next.high), "l"(pair)
            : "memory");
    }
    atomicAdd(sums, make_float4(1, 2, 3, 4));
    atomicAdd(two, make_float2(0.5f, -1));
#endif
}
static size_t check_wide() {
    device_vector<wide> pair(std::vector<wide>{{0, 0}});
    device_vector<float4> sums(std::vector<float4>{{0, 0, 0, 0}});
    device_vector<float2> two(std::vector<float2>{{0, 0}});
    wide_atomics<<<1, threads>>>(pair.items, sums.items, two.items);
    must(cudaDeviceSynchronize());
    cudaFuncAttributes built;
    must(cudaFuncGetAttributes(&built, wide_atomics));
    if (built.ptxVersion < 90)
        return 0;
    wide end = pair.host()[0];
    expect(end.low == threads && end.high == threads * (threads - 1) / 2, "128-bit compare-and-swap");
    float4 four = sums.host()[0];
    expect(four.x == threads && four.y == 2 * threads && four.z == 3 * threads && four.w == 4 * threads,
           "atomicAdd of float4");
    expect(two.host()[0].x == threads / 2 && two.host()[0].y == -threads, "atomicAdd of float2");
    return 3;
}

template <cuda::thread_scope SCOPE> static size_t check_scope() {
    size_t compared = check_integral<int32_t, SCOPE>() + check_integral<uint64_t, SCOPE>();
#if CUDART_VERSION >= 13000 // CUDA 12.4's atomic_ref is of 4 and 8 bytes alone
    compared += check_integral<int8_t, SCOPE>() + check_integral<uint16_t, SCOPE>();
#endif
    return compared;
}

int main() {
    size_t compared = check_scope<cuda::thread_scope_block>() + check_scope<cuda::thread_scope_device>() +
                      check_scope<cuda::thread_scope_system>() + check_floating<float>() +
                      check_floating<double>() + check_own() + check_wide();
    printf("compared %zu results\n", compared);
}
