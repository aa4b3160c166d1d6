// Calls that stay calls: recursion, function pointers, virtual functions and alloca, on the device and on the host.
#include "both_sides.cuh"

#define BOTH __host__ __device__
#define CALLED BOTH __noinline__

CALLED int fibonacci(int n) { return n < 2 ? n : fibonacci(n - 1) + fibonacci(n - 2); }

CALLED unsigned ackermann(unsigned m, unsigned n) {
    return m == 0 ? n + 1 : n == 0 ? ackermann(m - 1, 1) : ackermann(m - 1, ackermann(m, n - 1));
}

// Three that call each other, with values of every width to be kept: predicates, 8 to 64 bits, floats.
CALLED double up(int n, char c, short s, double d);
CALLED double down(int n, char c, short s, double d);
CALLED double around(int n, char c, short s, double d) {
    bool odd = n & 1, large = d > 5;
    double first = n > 0 ? (odd ? up(n - 1, c + 1, s - 3, d + 0.5) : down(n - 2, c - 1, s + 7, d * 1.25)) : d;
    return first + c - s + (odd ? 1 : 2) + (large ? 100 : 0);
}
CALLED double up(int n, char c, short s, double d) {
    float f = (float)d * 3;
    return n < 3 ? f : around(n - 1, (char)(c * 3), s, d) + around(n / 2, c, (short)(s * 5), d - 1) + f;
}
CALLED double down(int n, char c, short s, double d) {
    return n < 2 ? c + s : up(n - 1, s, c, d) - around(n / 3, c, s, 1);
}

struct recursion {
    BOTH static void run(int item, results &results) {
        results(fibonacci(item % 17));
        results(ackermann(item % 3, item % 7));
        results(around(item % 11, (char)item, (short)(item * 77), item * 0.75));
    }
};

// Frames with arrays, addresses of a caller's variables, lanes at different depths.
CALLED void quick_sort(int *items, int count) {
    int lesser[24], lesser_count = 0, kept = 0;
    if (count < 2)
        return;
    for (int k = 1; k < count; k++)
        if (items[k] < items[0])
            lesser[lesser_count++] = items[k];
        else
            items[1 + kept++] = items[k];
    int pivot = items[0];
    for (int k = kept; k > 0; k--)
        items[lesser_count + k] = items[k];
    for (int k = 0; k < lesser_count; k++)
        items[k] = lesser[k];
    items[lesser_count] = pivot;
    quick_sort(items, lesser_count);
    quick_sort(items + lesser_count + 1, kept);
}

struct sorting {
    BOTH static void run(int item, results &results) {
        int items[24], count = item % 25;
        for (int k = 0; k < 24; k++)
            items[k] = (int)(scrambled(item * 64 + k) % 100);
        quick_sort(items, count);
        for (int one : items)
            results(one);
    }
};

struct alignas(16) wide {
    double x, y;
    int counts[5];
    char tag;
};
BOTH wide twice(wide w) {
    w.x *= 2, w.counts[3] += 5, w.tag++;
    return w;
}
BOTH wide mirrored(wide w) {
    for (int k = 0; k < 5; k++)
        w.counts[k] = -w.counts[4 - k];
    return {w.y, w.x, {w.counts[0], w.counts[1], w.counts[2], w.counts[3], w.counts[4]}, (char)(w.tag ^ 1)};
}
BOTH wide deep(wide w) {
    w.counts[0] = fibonacci(w.counts[1] % 9);
    return w;
}
BOTH int plus_one(int x) { return x + 1; }
BOTH int triple(int x) { return 3 * x; }
BOTH int steps(int x) { return x < 2 ? 0 : 1 + steps(x % 2 ? 3 * x + 1 : x / 2); }

typedef wide (*change)(wide);
typedef int (*number)(int);
__device__ const change device_changes[] = {twice, mirrored, deep};
__constant__ number device_numbers[] = {plus_one, triple, steps};

BOTH change change_of(int k) {
#ifdef __CUDA_ARCH__
    return device_changes[k];
#else
    static const change host_changes[] = {twice, mirrored, deep};
    return host_changes[k];
#endif
}
BOTH number number_of(int k) {
#ifdef __CUDA_ARCH__
    return device_numbers[k];
#else
    static const number host_numbers[] = {plus_one, triple, steps};
    return host_numbers[k];
#endif
}

struct pointers {
    BOTH static void run(int item, results &results) {
        wide w = {item * 0.5, -1.0 * item, {item, item + 1, 3, 4, 5}, (char)item};
        for (int k = 0; k < 4; k++)
            w = change_of((item + k) % 3)(w);
        results(w.x), results(w.y), results(w.tag);
        for (int count : w.counts)
            results(count);
        int x = item;
        for (int k = 0; k < 3; k++)
            x = number_of((int)(scrambled(item + k) % 3))(x & 1023);
        results(x);
    }
};

struct shape {
    int size;
    BOTH explicit shape(int size) : size(size) {}
    BOTH virtual ~shape() {}
    BOTH virtual float area(float scale) const = 0;
    BOTH virtual void grow(shape *other) { size += other->size; }
};
struct square : shape {
    using shape::shape;
    BOTH float area(float scale) const override { return scale * size * size; }
};
struct strip : shape {
    using shape::shape;
    BOTH float area(float scale) const override { return scale * 2 * size; }
    BOTH void grow(shape *other) override {
        if (size > 0) {
            size--;
            other->grow(this); // virtual calls that call themselves
        }
    }
};

struct virtual_functions {
    BOTH static void run(int item, results &results) {
        square a(item % 5), b(3);
        strip c(item % 7), d(2);
        shape *shapes[] = {&a, &b, &c, &d};
        for (int k = 0; k < 4; k++)
            shapes[(item + k) % 4]->grow(shapes[(item * 3 + k) % 4]);
        for (shape *one : shapes)
            results(one->size), results(one->area(item * 0.25f));
    }
};

// A shuffle, a vote and a barrier that a whole block meets in a function that it calls by address.
__device__ __noinline__ int meet(int x) {
    __syncthreads();
    int other = __shfl_xor_sync(~0u, x, 5);
    return __syncthreads_count(x & 1) * 1000 + other;
}
__device__ __noinline__ int pass_by(int x) { return -x; }
typedef int (*meeting)(int);
__device__ meeting chosen[2];
__device__ meeting exported = meet;
__global__ void choose() { chosen[0] = meet, chosen[1] = pass_by; }
__global__ void meets(meeting given, int *out) {
    int t = threadIdx.x;
    int first = chosen[0](t), second = given(t), third = chosen[1](t);
    __shared__ int together[128];
    together[t] = first;
    __syncwarp();
    out[t] = second + third + (together[t ^ 1] == first ? 0 : 1) * 7;
}
static size_t compare_meetings() {
    device_vector<int> out(128);
    meeting given;
    choose<<<1, 1>>>();
    must(cudaMemcpyFromSymbol(&given, exported, sizeof given));
    meets<<<1, 128>>>(given, out.items);
    std::vector<int> got = out.host();
    for (int t = 0; t < 128; t++) {
        int first = 64000 + (t ^ 5), neighbour = 64000 + (t ^ 1 ^ 5);
        expect(got[t] == first - t + (neighbour == first ? 0 : 7),
               "what a block does together in a called function");
    }
    return got.size();
}

// The block's threads have stacks of different heights.
__device__ __noinline__ int sum_on_stack(int count, int depth) {
    int *items = (int *)alloca(count * sizeof(int));
    long long *more = (long long *)alloca(8);
    *more = count;
    for (int k = 0; k < count; k++)
        items[k] = k * depth;
    int below = depth > 1 ? sum_on_stack(count + 1, depth - 1) : 0;
    for (int k = 0; k < count; k++)
        below += items[k];
    return below + (int)*more;
}
__global__ void allocates(int *out) { out[threadIdx.x] = sum_on_stack(threadIdx.x % 9, threadIdx.x % 4 + 1); }
static size_t compare_allocations() {
    device_vector<int> out(96);
    allocates<<<1, 96>>>(out.items);
    std::vector<int> got = out.host();
    for (int t = 0; t < 96; t++) {
        int expected = 0;
        for (int depth = t % 4 + 1, count = t % 9; depth > 0; depth--, count++)
            expected += depth * count * (count - 1) / 2 + count;
        expect(got[t] == expected, "the sums of what was put on the stack");
    }
    return got.size();
}

__device__ __noinline__ unsigned climbed(unsigned n) { return n == 0 ? 5 : climbed(n - 1) * 3 ^ n; }
__global__ void goes_deep(unsigned n, unsigned *out) { *out = climbed(n); }
static size_t compare_limit() {
    device_vector<unsigned> out(1);
    unsigned expected = 5;
    size_t stack;
    must(cudaDeviceSetLimit(cudaLimitStackSize, 200000));
    must(cudaDeviceGetLimit(&stack, cudaLimitStackSize));
    expect(stack == 200000, "the limit that was set");
    goes_deep<<<1, 1>>>(4000, out.items);
    for (unsigned n = 1; n <= 4000; n++)
        expected = expected * 3 ^ n;
    expect(out.host()[0] == expected, "what 4000 calls, one in another, come to");
    expect(cudaDeviceSetLimit(cudaLimitStackSize, 1 << 20) == cudaErrorInvalidValue,
           "a stack larger than local memory");
    return 1;
}

int main() {
    size_t compared = 0;
    must(cudaDeviceSetLimit(cudaLimitStackSize, 8192));
    compared += compare_sides<recursion>("recursion", 300);
    compared += compare_sides<sorting>("sorting", 300);
    compared += compare_sides<pointers>("function pointers", 300);
    compared += compare_sides<virtual_functions>("virtual functions", 300);
    compared += compare_meetings() + compare_allocations() + compare_limit();
    printf("compared %zu results\n", compared);
}
