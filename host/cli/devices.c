/* lotto devices: what it can run on, and why not on the rest. */
#include "command.h"
#include "device.h"
#include "terminal.h"
#include "virtual.h"

#include <cuda_runtime_api.h>
#include <stdio.h>

/* The devices of the runtime that is loaded. */
static void print_runtime_devices(const char *choice) {
    int count = 0;
    if (cudaGetDeviceCount(&count) != cudaSuccess)
        count = 0;
    for (int i = 0; i < count; i++) {
        lotto_context *context;
        lotto_device info = LOTTO_DEVICE_INIT;
        lotto_status status = lotto_context_create(&context, i);
        if (status == LOTTO_SUCCESS)
            status = lotto_device_info(context, &info);
        if (status == LOTTO_SUCCESS)
            printf("%-11s device %d: %s (sm_%d), %d multiprocessors\n", choice, i, info.name,
                   info.compute_capability, info.multiprocessors);
        else
            printf("%-11s device %d: not usable: %s\n", choice, i, lotto_status_string(status));
        lotto_context_destroy(context);
    }
    if (count == 0) {
        char reason[256];
        device_absence(reason, sizeof reason);
        printf("%-11s not usable: %s\n", choice, reason);
    }
}

bool devices_command(const struct options *options, struct error *error) {
    char path[PATH_MAX];
    struct error missing;
    (void)options;
    if (virtual_is_loaded()) {
        const char *reason = virtual_reason();
        printf("%-11s not usable: %s\n", "cuda",
               reason != NULL ? reason : "the virtual GPU stands in for the CUDA runtime");
        print_runtime_devices("virtual");
    } else {
        print_runtime_devices("cuda");
        if (virtual_find(path, &missing))
            printf("%-11s %s\n", "virtual", path);
        else
            printf("%-11s not usable: %s\n", "virtual", missing.text);
    }
    printf("%-11s the CPU reference\n", "reference");
    return terminal_flush(error);
}
