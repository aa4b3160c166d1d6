// What kernels print, in the order of execution, with what printf answers. print.txt is what comes out.
#include "expect.cuh"

__device__ const char greeting[] = "from device memory";
__constant__ char constant_text[] = "from constant memory";

__global__ void conversions(int *answers) {
    char own[] = "from the stack";
    __shared__ char shared[8];
    for (int k = 0; k < 8; k++)
        shared[k] = "shared"[k < 6 ? k : 6];
    answers[0] = printf("plain\n");
    answers[1] = printf("%d %i %u %o %x %X %c%%\n", -1, 2, 3u, 8, 255, 255, 'c');
    answers[2] = printf("[%5d|%-5d|%05d|%+d|% d|%#x|%.3d]\n", 42, 42, 42, 42, 42, 42, 42);
    answers[3] = printf("%ld %lld %lu %llx %hd %hu\n", -1l, -(1ll << 40), 1ul, 1ull << 40, (short)-3,
                        (unsigned short)65535);
    answers[4] = printf("%f %e %g %a %E %G %.2f %8.3f|%-9.1e|\n", 1.5f, 1e10, 1e-5, 1.0, 2.5, 1e20, 3.14159,
                        -2.0, 12345.0);
    answers[5] =
        printf("%s, %s, %s, %s, %.3s, %10s|\n", greeting, constant_text, own, shared, greeting, "right");
    answers[6] = printf("%*d|%-*d|%.*f\n", 6, 7, 6, 7, 2, 2.0 / 3);
    answers[7] = printf("%p %s %%d %y\n", (void *)0x1234, (const char *)nullptr);
    answers[8] =
        printf("%d%d%d%d%d%d%d%d%d%d%d%d%d%d%d%d%d%d%d%d%d%d%d%d%d%d%d%d%d%d%d%d %d\n", 0, 1, 2, 3, 4, 5, 6,
               7, 8, 9, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 0, 1, 99);
    const char *none = nullptr;
    answers[9] = printf(none);
}

__global__ void by_thread(const char *name) {
    if (threadIdx.x % 3 == 0)
        printf("%s: block %u thread %u\n", name, blockIdx.x, threadIdx.x);
}

__global__ void much(int lines) {
    for (int k = 0; k < lines; k++)
        printf("line %4d of many\n", k);
}

int main() {
    device_vector<int> answers(10);
    conversions<<<1, 1>>>(answers.items);
    printf("before the kernel's text\n");
    must(cudaDeviceSynchronize());
    const std::vector<int> wanted = {0, 7, 7, 6, 9, 6, 6, 2, 32, -1};
    expect(answers.host() == wanted, "what printf answers");

    device_vector<char> name(std::vector<char>{'n', 'a', 'm', 'e', 0});
    by_thread<<<2, 5>>>(name.items);
    by_thread<<<1, 1>>>(name.items); // the launch shows what the last one printed
    printf("between launches\n");
    cudaStream_t stream;
    must(cudaStreamCreate(&stream));
    must(cudaStreamSynchronize(stream));

    // A small buffer keeps the newest lines: 17 bytes each, and the length of each.
    size_t limit;
    must(cudaDeviceGetLimit(&limit, cudaLimitPrintfFifoSize));
    expect(limit == 1 << 20, "the buffer has a megabyte");
    must(cudaDeviceSetLimit(cudaLimitPrintfFifoSize, 100));
    much<<<1, 1>>>(1000);
    int any;
    must(cudaMemcpy(&any, answers.items, sizeof any, cudaMemcpyDeviceToHost));
    printf("after a copy\n");
    by_thread<<<1, 1>>>(name.items);
    printf("at exit\n");
}
