/* What the operations run on: a GPU, the virtual one, or the CPU reference; and memory there. */
#ifndef LOTTO_CLI_DEVICE_H
#define LOTTO_CLI_DEVICE_H

#include "error.h"

#include <lotto/lotto.h>
#include <stddef.h>

enum device_choice { DEVICE_AUTO, DEVICE_CUDA, DEVICE_VIRTUAL, DEVICE_REFERENCE };
/* "auto", "cuda", "virtual" or "reference". */
bool device_choice_of_name(const char *name, enum device_choice *choice);

struct device {
    lotto_context *context;
    bool is_reference;
    char name[300]; /* "NVIDIA H100 80GB HBM3 (sm_90)" */
};

/*
 * Opens what was chosen. May start this program again, with these arguments, under the virtual GPU; so nothing may have been read
 * or written yet. Says on standard error why where auto takes the virtual GPU.
 */
bool device_open(struct device *device, enum device_choice choice, char **program_arguments,
                 struct error *error);
bool device_open_reference(struct device *device, struct error *error);
void device_close(struct device *device);

/* Why no GPU can be used, in a sentence without an end. */
void device_absence(char *reason, size_t reason_bytes);

/* A piece of the device's memory that grows as it is asked to. */
struct device_memory {
    void *address;
    size_t bytes;
};

/* At least `bytes`; what was in it is lost if it grows. */
bool device_reserve(struct device *device, struct device_memory *memory, size_t bytes, struct error *error);
void device_release(struct device *device, struct device_memory *memory);
bool device_upload(struct device *device, struct device_memory *to, const void *from, size_t bytes,
                   struct error *error);
/* Waits until everything before it is done. */
bool device_download(struct device *device, void *to, const struct device_memory *from, size_t bytes,
                     struct error *error);

#endif
