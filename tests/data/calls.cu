// Device functions that are not inlined: what calls.ptx is made of, by
// nvcc -ptx -arch=compute_80 calls.cu
#include <cstdio>

struct pair {
    int a;
    long long b;
};

struct table {
    int cell[10];
};

__device__ int numbers[5] = {3, 1, 4, 1, 5};
__device__ int *middle = numbers + 2;

__noinline__ __device__ pair swap_sum(pair p, float scale) { return {(int)(p.b * scale), p.a + p.b}; }

__noinline__ __device__ table store(table t, int i, char c) {
    t.cell[i] = c;
    return t;
}

__noinline__ __device__ int count_calls(int n) {
    __shared__ int calls;
    extern __shared__ int scratch[];
    if (n < 0)
        return scratch[0];
    calls += n;
    __syncthreads();
    return calls + scratch[n];
}

__noinline__ __device__ double twice(double x, int n) {
    for (int i = 0; i < n; i++)
        x += count_calls(i) * x;
    return x;
}

__global__ void __launch_bounds__(256, 2) calls(int *out, table t, pair p, unsigned char small, int n) {
    int thread = threadIdx.x;
    pair q = swap_sum(p, 0.5f);
    q = swap_sum(q, thread);
    table u = store(t, n, small);
    int sum = count_calls(q.a) + count_calls(u.cell[3]);
    asm volatile("{ .reg .pred p; .reg .b32 r; add.s32 r, %0, 1; setp.ne.b32 p, r, 0;\n"
                 "@p bra DONE;\n nanosleep.u32 20;\nDONE:\n }" ::"r"(n));
    if (sum > 100)
        printf("%d %f\n", sum, twice(sum, n));
    int *own = (int *)malloc(sizeof(int));
    for (int i = 0; i < n; i++)
        sum = sum & 1 ? 3 * sum + numbers[i] : sum / 2 + *middle;
    *own = sum;
    out[thread] = *own + (int)twice(q.b, 2);
    free(own);
}
