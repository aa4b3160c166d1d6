// Managed memory and variables: the host's and the device's.
#include "expect.cuh"

#include <cstring>

struct pair {
    int x;
    double y;
};
__managed__ pair shared_pair = {3, 0.5};
__managed__ int table[1000];
__managed__ int *pointer;
__device__ int plain = 4;

__global__ void change(pair *given) {
    if (threadIdx.x == 0) {
        shared_pair.x += given->x;
        given->y = shared_pair.y * 2;
    }
    pointer[threadIdx.x] = threadIdx.x * plain;
}
__global__ void store_at(char *bytes, size_t at) { bytes[at] = 1; }
__global__ void copy_byte(const char *from, char *to) { *to = *from; }

static void memory() {
    pair *given;
    must(cudaMallocManaged(&given, sizeof *given));
    expect(*(unsigned char *)given == 0xa5, "fresh bytes");
    *given = {40, 0};
    expect(shared_pair.x == 3 && shared_pair.y == 0.5 && table[10] == 0, "what variables hold at first");
    table[9] = -1;
    pointer = table + 10;
    must(cudaMemPrefetchAsync(given, sizeof *given, {cudaMemLocationTypeDevice, 0}, 0));
    change<<<1, 64>>>(given);
    must(cudaDeviceSynchronize());
    expect(shared_pair.x == 43 && given->y == 1, "what the kernel made of them");
    for (int i = 0; i < 64; i++)
        expect(table[10 + i] == 4 * i, "the table");
    expect(table[9] == -1 && pointer == table + 10, "what it left alone");

    pair copy, back = {7, 7};
    must(cudaMemcpy(&copy, given, sizeof copy, cudaMemcpyDefault));
    expect(copy.x == 40 && copy.y == 1, "a copy out of it");
    must(cudaMemcpy(given, &back, sizeof back, cudaMemcpyDefault));
    expect(given->x == 7, "a copy into it");
    must(cudaMemcpy(given, &shared_pair, sizeof back, cudaMemcpyDefault));
    expect(given->x == 43, "a copy within it");
    must(cudaMemset(given, 0, sizeof *given));
    must(cudaDeviceSynchronize());
    expect(given->x == 0, "a fill");

    cudaPointerAttributes attributes;
    must(cudaPointerGetAttributes(&attributes, &given->y));
    expect(attributes.type == cudaMemoryTypeManaged && attributes.devicePointer == &given->y &&
               attributes.hostPointer == &given->y && attributes.device == 0,
           "its attributes");
    must(cudaPointerGetAttributes(&attributes, table));
    expect(attributes.type == cudaMemoryTypeManaged, "a variable's");
    must(cudaFree(given));
    must(cudaPointerGetAttributes(&attributes, given));
    expect(attributes.type == cudaMemoryTypeUnregistered, "those of what is freed");
}

static void symbols() {
    void *address;
    size_t bytes;
    int number = 17;
    must(cudaGetSymbolAddress(&address, table));
    expect(address == table, "a variable's address");
    must(cudaGetSymbolSize(&bytes, table));
    expect(bytes == sizeof table, "its size");
    must(cudaMemcpyToSymbol(table, &number, sizeof number, 8));
    must(cudaDeviceSynchronize());
    expect(table[2] == 17, "what was copied to it");
    must(cudaMemcpyFromSymbol(&number, table, sizeof number, 40));
    expect(number == table[10], "what was copied from it");
}

static void rules() {
    void *any;
    char *managed, *device;
    int value;
    cudaDeviceProp properties;
    must(cudaGetDeviceProperties(&properties, 0));
    expect(properties.managedMemory && properties.concurrentManagedAccess, "the device's properties");
    must(cudaDeviceGetAttribute(&value, cudaDevAttrManagedMemory, 0));
    expect(value == 1, "its attribute");
    expect(cudaMallocManaged(&any, 0) == cudaErrorInvalidValue, "no bytes");
    expect(cudaMallocManaged(&any, 4, 7) == cudaErrorInvalidValue, "flags that there are not");
    expect(cudaMallocManaged(&any, (size_t)1 << 50) == cudaErrorMemoryAllocation, "more than there is");
    must(cudaMallocManaged(&managed, 100000, cudaMemAttachHost));
    must(cudaMalloc(&device, 100));
    must(cudaStreamAttachMemAsync(0, managed, 0, cudaMemAttachGlobal));
    expect(cudaStreamAttachMemAsync(0, device, 0, cudaMemAttachGlobal) == cudaErrorInvalidValue,
           "device memory attached");
    cudaMemLocation host = {cudaMemLocationTypeHost, 0}, nowhere = {cudaMemLocationTypeDevice, 9};
    must(cudaMemAdvise(managed, 100000, cudaMemAdviseSetReadMostly, nowhere));
    must(cudaMemAdvise(managed + 5, 10, cudaMemAdviseSetPreferredLocation, host));
    expect(cudaMemAdvise(managed, 10, cudaMemAdviseSetAccessedBy, nowhere) == cudaErrorInvalidDevice,
           "advice of no device");
    expect(cudaMemAdvise(device, 10, cudaMemAdviseSetReadMostly, host) == cudaErrorInvalidValue,
           "advice on device memory");
    expect(cudaMemPrefetchAsync(managed, 100001, host, 0) == cudaErrorInvalidValue,
           "a range that is too long");
    expect(cudaMemPrefetchAsync(managed, 10, nowhere, 0) == cudaErrorInvalidDevice,
           "prefetched to no device");
    must(cudaMemPrefetchAsync(managed + 99999, 1, host, 0));
    managed[99999] = 3; // the last byte, and what a kernel makes of it
    copy_byte<<<1, 1>>>(managed + 99999, managed);
    must(cudaDeviceSynchronize());
    expect(managed[0] == 3, "the last byte");
    must(cudaFree(managed));
    must(cudaFree(device));
    must(cudaGetLastError() == cudaErrorInvalidDevice ? cudaSuccess : cudaErrorUnknown);
}

// Variables and memory are the same on every device.
static void devices() {
    int count;
    pair *given;
    must(cudaGetDeviceCount(&count));
    must(cudaMallocManaged(&given, sizeof *given));
    for (int device = 0; device < count; device++) {
        must(cudaSetDevice(device));
        *given = {100, 0};
        shared_pair = {device, device * 0.5};
        change<<<1, 1>>>(given);
        must(cudaDeviceSynchronize());
        expect(shared_pair.x == 100 + device && given->y == device, "what each device makes of them");
    }
    must(cudaSetDevice(0));
    must(cudaFree(given));
}

// Each must be found.
static void fault(const char *which) {
    char *managed;
    must(cudaMallocManaged(&managed, 5000));
    if (!strcmp(which, "past-the-end"))
        store_at<<<1, 1>>>(managed, 5000);
    else if (!strcmp(which, "freed"))
        must(cudaFree(managed)), store_at<<<1, 1>>>(managed, 0);
    else if (!strcmp(which, "host-freed"))
        must(cudaFree(managed)), managed[0] = 1;
    else if (!strcmp(which, "neighbour")) { // which has its pages for itself
        char *device;
        must(cudaMalloc(&device, 100));
        device[0] = 1;
    } else if (!strcmp(which, "undefined")) { // the host might have written it
        char *device;
        must(cudaMalloc(&device, 100));
        copy_byte<<<1, 1>>>(managed, managed + 1);
        must(cudaMemcpy(managed, device, 50, cudaMemcpyDefault));
        copy_byte<<<1, 1>>>(managed, managed + 1);
        must(cudaMemcpy(device, managed + 100, 50, cudaMemcpyDefault));
        copy_byte<<<1, 1>>>(device, managed);
    }
    printf("%s\n", cudaGetErrorName(cudaDeviceSynchronize()));
}

int main(int count, char **arguments) {
    if (count > 1)
        return fault(arguments[1]), 0;
    memory();
    symbols();
    devices();
    rules();
    puts("managed memory is as it should be");
}
