#include "device.h"

#include "virtual.h"

#include <cuda_runtime_api.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool device_choice_of_name(const char *name, enum device_choice *choice) {
    static const char *const names[] = {[DEVICE_AUTO] = "auto",
                                        [DEVICE_CUDA] = "cuda",
                                        [DEVICE_VIRTUAL] = "virtual",
                                        [DEVICE_REFERENCE] = "reference"};
    for (int i = 0; i < 4; i++) {
        if (strcmp(name, names[i]) == 0) {
            *choice = (enum device_choice)i;
            return true;
        }
    }
    return false;
}

void device_absence(char *reason, size_t reason_bytes) {
    int driver = 0, count = 0;
    cudaDriverGetVersion(&driver);
    cudaError_t status = cudaGetDeviceCount(&count);
    if (driver == 0)
        snprintf(reason, reason_bytes, "no CUDA driver is installed");
    else if (driver < CUDART_VERSION && status == cudaErrorInsufficientDriver)
        snprintf(reason, reason_bytes, "the driver is for CUDA %d.%d and must be for %d.%d or later",
                 driver / 1000, driver % 1000 / 10, CUDART_VERSION / 1000, CUDART_VERSION % 1000 / 10);
    else if (status != cudaSuccess)
        snprintf(reason, reason_bytes, "%s", cudaGetErrorString(status));
    else
        snprintf(reason, reason_bytes, "the GPU is older than compute capability 7.5");
}

static bool take_context(struct device *device, lotto_context *context, struct error *error) {
    lotto_device info = LOTTO_DEVICE_INIT;
    device->context = context;
    if (lotto_device_info(context, &info) != LOTTO_SUCCESS) {
        failure(error, "%s", lotto_context_error(context));
        lotto_context_destroy(context);
        return false;
    }
    if (device->is_reference)
        snprintf(device->name, sizeof device->name, "the CPU reference");
    else
        snprintf(device->name, sizeof device->name, "%s (sm_%d)", info.name, info.compute_capability);
    return true;
}

bool device_open_reference(struct device *device, struct error *error) {
    lotto_context *context;
    *device = (struct device){.is_reference = true};
    lotto_status status = lotto_context_create(&context, LOTTO_DEVICE_REFERENCE);
    if (status != LOTTO_SUCCESS)
        return failure(error, "the CPU reference: %s", lotto_status_string(status));
    return take_context(device, context, error);
}

static bool open_cuda(struct device *device, enum device_choice choice, char **program_arguments,
                      struct error *error) {
    lotto_context *context;
    char reason[256] = "";
    *device = (struct device){0};
    lotto_status status = lotto_context_create(&context, LOTTO_DEVICE_CURRENT);
    if (status == LOTTO_SUCCESS)
        return take_context(device, context, error);
    if (status != LOTTO_NO_DEVICE)
        return failure(error, "opening the CUDA device: %s", lotto_status_string(status));
    device_absence(reason, sizeof reason);
    if (choice == DEVICE_AUTO && !virtual_is_loaded())
        return virtual_restart(program_arguments, reason, error);
    return failure(error, "no usable CUDA device: %s", reason);
}

bool device_open(struct device *device, enum device_choice choice, char **program_arguments,
                 struct error *error) {
    if (choice == DEVICE_REFERENCE)
        return device_open_reference(device, error);
    if (choice == DEVICE_VIRTUAL && !virtual_is_loaded())
        return virtual_restart(program_arguments, "", error);
    if (!open_cuda(device, choice, program_arguments, error))
        return false;
    if (choice == DEVICE_AUTO && virtual_is_loaded() && virtual_reason() != NULL)
        fprintf(stderr, "lotto: on the virtual GPU, since %s\n", virtual_reason());
    return true;
}

void device_close(struct device *device) { lotto_context_destroy(device->context); }

void device_release(struct device *device, struct device_memory *memory) {
    if (device->is_reference)
        free(memory->address);
    else
        cudaFree(memory->address);
    *memory = (struct device_memory){0};
}

bool device_reserve(struct device *device, struct device_memory *memory, size_t bytes, struct error *error) {
    if (bytes <= memory->bytes)
        return true;
    device_release(device, memory);
    if (device->is_reference) {
        size_t whole = (bytes + 255) / 256 * 256; /* as aligned as cudaMalloc's */
        memory->address = aligned_alloc(256, whole);
        if (memory->address == NULL)
            return failure(error, "not enough memory: %zu bytes could not be allocated", bytes);
    } else {
        cudaError_t status = cudaMalloc(&memory->address, bytes);
        if (status != cudaSuccess)
            return failure(error, "%zu bytes on %s: %s", bytes, device->name, cudaGetErrorString(status));
    }
    memory->bytes = bytes;
    return true;
}

static bool copied(struct device *device, cudaError_t status, struct error *error) {
    return status == cudaSuccess || failure(error, "%s: %s", device->name, cudaGetErrorString(status));
}

bool device_upload(struct device *device, struct device_memory *to, const void *from, size_t bytes,
                   struct error *error) {
    if (!device_reserve(device, to, bytes, error))
        return false;
    if (!device->is_reference)
        return copied(device, cudaMemcpy(to->address, from, bytes, cudaMemcpyHostToDevice), error);
    memcpy(to->address, from, bytes);
    return true;
}

bool device_download(struct device *device, void *to, const struct device_memory *from, size_t bytes,
                     struct error *error) {
    if (!device->is_reference)
        return copied(device, cudaMemcpy(to, from->address, bytes, cudaMemcpyDeviceToHost), error);
    memcpy(to, from->address, bytes);
    return true;
}
