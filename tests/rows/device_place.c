#include "tests/rows/place.h"

#include <cuda_runtime_api.h>
#include <stdio.h>

static void *allocate_on_device(size_t bytes) {
    void *memory = NULL;
    return cudaMalloc(&memory, bytes) == cudaSuccess ? memory : NULL;
}

static void release_on_device(void *memory) { cudaFree(memory); }

static bool upload(void *to, const void *from, size_t bytes) {
    return cudaMemcpy(to, from, bytes, cudaMemcpyHostToDevice) == cudaSuccess;
}

static bool download(void *to, const void *from, size_t bytes) {
    return cudaDeviceSynchronize() == cudaSuccess &&
           cudaMemcpy(to, from, bytes, cudaMemcpyDeviceToHost) == cudaSuccess;
}

bool place_device(struct place *place, char *text, size_t text_bytes) {
    *place = (struct place){NULL, allocate_on_device, release_on_device, upload, download};
    lotto_status status = lotto_context_create(&place->context, LOTTO_DEVICE_CURRENT);
    if (status != LOTTO_SUCCESS)
        snprintf(text, text_bytes, "%s", lotto_status_string(status));
    return status == LOTTO_SUCCESS;
}
