/* The virtual devices, all alike: the chosen profile's. What each has of its own is here. */
#ifndef LOTTO_VGPU_RUNTIME_DEVICE_H
#define LOTTO_VGPU_RUNTIME_DEVICE_H

#include "../memory/memory.h"
#include "api.h"
#include "profile.h"

enum { DEVICES_MAX = MEMORY_DEVICES_MAX };

struct device {
    int ordinal;
    cudaError_t fault; /* every later call that concerns the device returns it, until cudaDeviceReset */
    struct l2 *l2;     /* NULL until something asks for what it counts */
    struct CUstream_st *legacy;
    uint64_t legacy_held, blocking_held; /* scratch of queue.c */
};

/* The calling thread's current device. */
struct device *device_current(void);
struct device *device_at(int ordinal); /* NULL if there is none */
int device_count(void);

/* What it is set to by cudaDeviceSetLimit, or by default. */
size_t device_limit(const struct device *device, enum cudaLimit limit);

/* Makes them, when the runtime opens. */
void devices_open(int wanted, bool warm_l2, bool has_l2);

/* From here on an L2 that writes what is dirty at a launch's end and keeps it, clean. Not warm_l2: it is empty now. */
void devices_measure(bool warm_l2);

/* Every later call that concerns the device returns this error. */
void device_fault(struct device *device, cudaError_t error);

#endif
