// Micro-kernels whose true cost is known by construction; costs.sh compares the report with it. Prints the L2's bytes.
#include "expect.cuh"

// Each lane moves four bytes, its neighbours' `stride` words away.
__global__ void strided_copy(const unsigned *in, unsigned *out, unsigned stride) {
    size_t word = (size_t)(blockIdx.x * blockDim.x + threadIdx.x) * stride;
    out[word] = in[word];
}

// Lanes 0 to degree - 1 store to words of bank 0, the others each to a bank of its own.
__global__ void bank_conflict(unsigned degree) {
    extern __shared__ volatile unsigned words[];
    unsigned lane = threadIdx.x;
    words[lane < degree ? lane * 32 : lane] = lane;
}

__global__ void atomic_hammer(unsigned *word, unsigned times) {
    for (unsigned k = 0; k < times; k++)
        asm volatile("red.global.add.u32 [%0], 1;" ::"l"(word) : "memory");
}

// Lanes 0 to `lanes` - 1 run a body of 16 or 32 instructions.
#define FOUR "add.u32 %0, %0, 1; add.u32 %0, %0, 3; add.u32 %0, %0, 5; add.u32 %0, %0, 7;"
#define SIXTEEN FOUR FOUR FOUR FOUR
__global__ void divergent_16(unsigned *out, unsigned lanes) {
    unsigned value = threadIdx.x;
    if (threadIdx.x < lanes)
        asm volatile(SIXTEEN : "+r"(value));
    out[threadIdx.x] = value;
}
__global__ void divergent_32(unsigned *out, unsigned lanes) {
    unsigned value = threadIdx.x;
    if (threadIdx.x < lanes)
        asm volatile(SIXTEEN SIXTEEN : "+r"(value));
    out[threadIdx.x] = value;
}

// One warp reads all of a buffer in order, `times` times. Its words are 0 or 0xA5A5A5A5, so nothing is ever stored.
__global__ void read_in_order(uint4 *in, size_t bytes, unsigned times) {
    unsigned all = 0;
    for (unsigned k = 0; k < times; k++)
        for (size_t at = threadIdx.x; at < bytes / sizeof *in; at += 32) {
            uint4 value = in[at];
            all ^= value.x ^ value.y ^ value.z ^ value.w;
            asm volatile("" ::: "memory");
        }
    if (all == 1)
        in->x = all;
}
__global__ void write_in_order(uint4 *out, size_t bytes) {
    for (size_t at = threadIdx.x; at < bytes / sizeof *out; at += 32)
        out[at] = make_uint4(1, 2, 3, 4);
}

// 1, 2, 2, 4, 4 and 12 machine instructions a turn: twice as many turns add as many again.
__global__ void expanded(unsigned long long *out, unsigned times) {
    unsigned long long value = threadIdx.x;
    unsigned small = threadIdx.x | 1;
#pragma unroll 1
    for (unsigned k = 0; k < times; k++)
        asm volatile("add.u32 %1, %1, 5; add.u64 %0, %0, 5; shl.b64 %0, %0, %1; mul.lo.u64 %0, %0, %0;"
                     "max.u64 %0, %0, 7; div.u32 %1, %1, %1;"
                     : "+l"(value), "+r"(small));
    out[threadIdx.x] = value + small;
}

__global__ void coalesced_copy(const uint4 *in, uint4 *out) {
    size_t at = (size_t)blockIdx.x * blockDim.x + threadIdx.x;
    out[at] = in[at];
}

// Lanes read and write items of 2, 8 and 16 bytes, in global and in shared memory.
template <class Item> __global__ void copy_items(const Item *in, Item *out) {
    size_t at = (size_t)blockIdx.x * blockDim.x + threadIdx.x;
    out[at] = in[at];
}
template <class Item> __global__ void fill_items(Item value) {
    extern __shared__ uint4 memory[];
    reinterpret_cast<volatile unsigned char *>(memory)[0] = 0;
    Item *items = reinterpret_cast<Item *>(memory);
    items[threadIdx.x] = value;
}

// One warp copies tiles of 512 bytes to shared memory, AHEAD groups of a tile under way at once.
template <int AHEAD> __global__ void copy_groups(const uint4 *in, unsigned tiles) {
#if __CUDA_ARCH__ >= 800
    __shared__ uint4 items[AHEAD][32];
    for (unsigned k = 0; k < tiles + AHEAD; k++) {
        if (k >= AHEAD)
            asm volatile("cp.async.wait_group %0;" ::"n"(AHEAD - 1) : "memory");
        if (k < tiles) {
            unsigned to = (unsigned)__cvta_generic_to_shared(&items[k % AHEAD][threadIdx.x]);
            asm volatile("cp.async.cg.shared.global [%0], [%1], 16;" ::"r"(to), "l"(in + k * 32 + threadIdx.x)
                         : "memory");
        }
        asm volatile("cp.async.commit_group;" ::: "memory");
    }
#endif
}

__global__ void asynchronous_copy(const uint4 *in) {
#if __CUDA_ARCH__ >= 800
    __shared__ uint4 items[128];
    unsigned to = (unsigned)__cvta_generic_to_shared(&items[threadIdx.x]);
    asm volatile("cp.async.cg.shared.global [%0], [%1], 16;\ncp.async.wait_all;" ::"r"(to),
                 "l"(in + threadIdx.x)
                 : "memory");
#endif
}

__global__ void nothing() {}
__global__ void barriers(unsigned times) {
    for (unsigned k = 0; k < times; k++)
        __syncthreads();
}
__global__ void arithmetic(unsigned *out, unsigned times) {
    unsigned value = threadIdx.x;
    for (unsigned k = 0; k < times; k++)
        asm volatile(SIXTEEN SIXTEEN : "+r"(value));
    out[threadIdx.x] = value;
}
__global__ void exponentials(float *out, unsigned times) {
    float value = threadIdx.x;
    for (unsigned k = 0; k < times; k++)
        asm volatile("ex2.approx.ftz.f32 %0, %0;" : "+f"(value));
    out[threadIdx.x] = value;
}
__global__ void conflicts(unsigned times) {
    extern __shared__ volatile unsigned words[];
    for (unsigned k = 0; k < times; k++)
        words[threadIdx.x % 32 * 32] = k;
}

int main() {
    int l2_bytes;
    must(cudaDeviceGetAttribute(&l2_bytes, cudaDevAttrL2CacheSize, 0));
    size_t below = l2_bytes - 65536, little_above = l2_bytes + 65536, above = l2_bytes + l2_bytes / 16;
    device_vector<uint4> in(above / sizeof(uint4)), out(above / sizeof(uint4));
    unsigned *words = (unsigned *)out.items;

    for (unsigned stride = 1; stride <= 8; stride *= 2)
        strided_copy<<<8, 128>>>((unsigned *)in.items, words, stride);
    for (unsigned degree = 1; degree <= 32; degree++)
        bank_conflict<<<1, 32, 4096>>>(degree);
    atomic_hammer<<<16, 256>>>(words, 10);
    for (unsigned lanes = 1; lanes <= 32; lanes++) {
        divergent_16<<<1, 32>>>(words, lanes);
        divergent_32<<<1, 32>>>(words, lanes);
    }
    for (size_t bytes : {below, little_above, above})
        read_in_order<<<1, 32>>>(in.items, bytes, 2);
    for (int k = 0; k < 2; k++)
        read_in_order<<<1, 32>>>(in.items, below, 1);
    must(cudaMemset(in.items, 0, 65536));
    read_in_order<<<1, 32>>>(in.items, below, 1);
    std::vector<uint4> host(131072 / sizeof(uint4));
    must(cudaMemcpy(in.items, host.data(), 131072, cudaMemcpyHostToDevice));
    read_in_order<<<1, 32>>>(in.items, below, 1);
    must(cudaMemset(in.items, 0, above)); // and now the L2 is empty
    must(cudaMemset(out.items, 0, above));
    write_in_order<<<1, 32>>>(out.items, little_above);
    must(cudaMemset(out.items, 0, above)); // and again
    coalesced_copy<<<4096, 256>>>(in.items, out.items);

    must(cudaMemset(in.items, 0, above));
    asynchronous_copy<<<1, 128>>>(in.items);

    must(cudaMemset(in.items, 0, above));
    copy_items<<<2, 64>>>((const unsigned short *)in.items, (unsigned short *)out.items);
    copy_items<<<2, 64>>>((const uint2 *)in.items, (uint2 *)out.items);
    copy_items<<<2, 64>>>(in.items, out.items);
    fill_items<<<1, 32, 512>>>((unsigned short)1);
    fill_items<<<1, 32, 512>>>(make_uint2(1, 2));
    fill_items<<<1, 32, 512>>>(make_uint4(1, 2, 3, 4));
    must(cudaMemset(in.items, 0, above));
    copy_groups<1><<<1, 32>>>(in.items, 16);
    must(cudaMemset(in.items, 0, above));
    copy_groups<5><<<1, 32>>>(in.items, 16);

    for (unsigned times : {1, 11})
        expanded<<<1, 32>>>((unsigned long long *)words, times);

    nothing<<<1, 32>>>();
    barriers<<<1, 1024>>>(1000);
    arithmetic<<<1, 1024>>>(words, 1000);
    exponentials<<<1, 1024>>>((float *)words, 1000);
    conflicts<<<1, 1024, 4096>>>(100);
    must(cudaDeviceSynchronize());
    printf("%d\n", l2_bytes);
}
