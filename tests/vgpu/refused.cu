// Kernels that the virtual GPU refuses, each with a sentence: refused WHICH launches one.
#include "expect.cuh"

#include <cstring>
#include <mma.h>

__global__ void reads_texture(cudaTextureObject_t texture, float *out) { *out = tex2D<float>(texture, 1, 2); }
__global__ void writes_surface(cudaSurfaceObject_t surface) { surf2Dwrite(1.0f, surface, 4, 2); }

__global__ void multiplies_matrices(half *in, float *out) {
    using namespace nvcuda::wmma;
    fragment<matrix_a, 16, 16, 16, half, row_major> a;
    fragment<matrix_b, 16, 16, 16, half, row_major> b;
    fragment<accumulator, 16, 16, 16, float> sum;
    fill_fragment(sum, 0.0f);
    load_matrix_sync(a, in, 16);
    load_matrix_sync(b, in, 16);
    mma_sync(sum, a, b, sum);
    store_matrix_sync(out, sum, 16, mem_row_major);
}
__global__ void multiplies_tiles(unsigned *out) {
    unsigned a = threadIdx.x, d[4];
    asm volatile("mma.sync.aligned.m16n8k8.row.col.f32.tf32.tf32.f32 {%0, %1, %2, %3}, {%4, %4, %4, %4}, "
                 "{%4, %4}, {%4, %4, %4, %4};"
                 : "=r"(d[0]), "=r"(d[1]), "=r"(d[2]), "=r"(d[3])
                 : "r"(a));
    *out = d[0] + d[1] + d[2] + d[3];
}
__global__ void loads_matrix(unsigned *out) {
    __shared__ uint4 rows[8];
    unsigned d;
    asm volatile("ldmatrix.sync.aligned.m8n8.x1.shared.b16 {%0}, [%1];"
                 : "=r"(d)
                 : "r"((unsigned)__cvta_generic_to_shared(rows)));
    *out = d;
}

#if __CUDA_ARCH_FEAT_SM90_ALL || !defined(__CUDA_ARCH__)
__global__ void multiplies_by_groups() { asm volatile("wgmma.fence.sync.aligned;"); }
__global__ void copies_tensor(const void *map) {
    __shared__ alignas(128) char tile[128];
    __shared__ uint64_t barrier;
    asm volatile("cp.async.bulk.tensor.2d.shared::cluster.global.mbarrier::complete_tx::bytes [%0], [%1, "
                 "{%2, %2}], [%3];" ::"r"((unsigned)__cvta_generic_to_shared(tile)),
                 "l"(map), "r"(0), "r"((unsigned)__cvta_generic_to_shared(&barrier)));
}
#endif

// The kernel calls one or the other: only the one that it cannot call is refused, when it is called.
__device__ int plus_one(int x) { return x + 1; }
__device__ int allocated(int x) { return malloc(x) != nullptr; }
__device__ int (*const table[])(int) = {plus_one, allocated};
__global__ void calls_by_pointer(int *value) { *value = table[*value & 1](*value); }

__global__ void allocates(int **out) { *out = (int *)malloc(40); }
__global__ void frees(int **out) { free(*out); }
__global__ void breaks() { __brkpt(); }

int main(int, char **argument) {
    const char *which = argument[1];
    void *any;
    must(cudaMalloc(&any, 4096));
    must(cudaMemset(any, 0, 4096));
    int *value = (int *)any;
    if (!strcmp(which, "texture"))
        reads_texture<<<1, 1>>>(0, (float *)any);
    else if (!strcmp(which, "surface"))
        writes_surface<<<1, 1>>>(0);
    else if (!strcmp(which, "wmma"))
        multiplies_matrices<<<1, 32>>>((half *)any, (float *)any);
    else if (!strcmp(which, "mma"))
        multiplies_tiles<<<1, 32>>>((unsigned *)any);
    else if (!strcmp(which, "ldmatrix"))
        loads_matrix<<<1, 32>>>((unsigned *)any);
    else if (!strcmp(which, "wgmma"))
        multiplies_by_groups<<<1, 128>>>();
    else if (!strcmp(which, "tensor-copy"))
        copies_tensor<<<1, 1>>>(any);
    else if (!strcmp(which, "not-called"))
        calls_by_pointer<<<1, 1>>>(value);
    else if (!strcmp(which, "called")) {
        must(cudaMemset(any, 1, 4096));
        calls_by_pointer<<<1, 1>>>(value);
    } else if (!strcmp(which, "malloc"))
        allocates<<<1, 1>>>((int **)any);
    else if (!strcmp(which, "free"))
        frees<<<1, 1>>>((int **)any);
    else if (!strcmp(which, "breakpoint"))
        breaks<<<1, 1>>>();
    printf("%s\n", cudaGetErrorName(cudaDeviceSynchronize()));
}
