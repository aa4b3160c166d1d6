// Module variables: initial values, addresses inside initialisers, copies by symbol, constants, and what a reset restores.
#include "expect.cuh"

#include <string>

__device__ int table[4] = {1, 2, 3, 4};
__device__ int zeroed[1000];
__constant__ float factors[3] = {0.5f, 2.0f, -1.0f};
__device__ int *into_table = &table[2];
__device__ const char text[] = "virtual";

__global__ void read_all(int *ints, float *floats, char *chars) {
    for (int i = 0; i < 4; i++)
        ints[i] = table[i];
    ints[4] = *into_table;
    ints[5] = zeroed[999];
    for (int i = 0; i < 3; i++)
        floats[i] = factors[i];
    for (int i = 0; i < 8; i++)
        chars[i] = text[i];
}

__global__ void overwrite() {
    table[0] = 70;
    *into_table = 90;
}

int main() {
    device_vector<int> ints(6);
    device_vector<float> floats(3);
    device_vector<char> chars(8);
    auto read = [&] {
        read_all<<<1, 1>>>(ints.items, floats.items, chars.items);
        must(cudaDeviceSynchronize());
    };
    read();
    expect(ints.host() == std::vector<int>({1, 2, 3, 4, 3, 0}),
           "initial values, and an address in an initialiser");
    expect(floats.host() == std::vector<float>({0.5f, 2.0f, -1.0f}), "constants");
    expect(std::string(chars.host().data()) == "virtual", "a string");

    const float new_factors[2] = {8.0f, 9.0f};
    must(cudaMemcpyToSymbol(factors, new_factors, sizeof new_factors, sizeof(float)));
    overwrite<<<1, 1>>>();
    read();
    expect(ints.host() == std::vector<int>({70, 2, 90, 4, 90, 0}), "the device's writes");
    expect(floats.host() == std::vector<float>({0.5f, 8.0f, 9.0f}), "the host's write at an offset");

    int back[2];
    must(cudaMemcpyFromSymbol(back, table, sizeof back, 2 * sizeof(int)));
    expect(back[0] == 90 && back[1] == 4, "copied back by symbol");
    void *address;
    size_t bytes;
    must(cudaGetSymbolAddress(&address, table));
    must(cudaGetSymbolSize(&bytes, zeroed));
    expect(bytes == sizeof zeroed, "a symbol's size");
    must(cudaMemcpy(back, address, sizeof back, cudaMemcpyDeviceToHost));
    expect(back[0] == 70 && back[1] == 2, "copied back by address");
    expect(cudaMemcpyToSymbol(factors, new_factors, sizeof new_factors, 2 * sizeof(float)) ==
               cudaErrorInvalidValue,
           "a copy beyond the symbol is refused");
    expect(cudaGetSymbolAddress(&address, back) == cudaErrorInvalidSymbol, "what is no symbol is refused");
    cudaGetLastError();
    printf("symbols hold what they should\n");
}
