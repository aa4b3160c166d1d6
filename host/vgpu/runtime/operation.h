/* A unit of work on a stream: run at call, pending in the queue, or kept as a node of a graph. */
#ifndef LOTTO_VGPU_OPERATION_H
#define LOTTO_VGPU_OPERATION_H

#include "device.h"
#include "module.h"
#include "moment.h"

enum { NANOSECONDS_PER_OPERATION = 1000 }; /* of the virtual clock; what a kernel adds is in launch.c */

enum operation_kind {
    OPERATION_EMPTY,
    OPERATION_KERNEL,
    OPERATION_COPY,
    OPERATION_FILL,
    OPERATION_HOST,
    OPERATION_CALLBACK, /* as HOST, but called after a fault too */
    OPERATION_RECORD,   /* reaches the moment */
    OPERATION_WAIT,     /* for the moment; queue.c sees to it */
    OPERATION_FREE,
    /* In graphs only. */
    OPERATION_EVENT_RECORD,
    OPERATION_EVENT_WAIT,
    OPERATION_GRAPH,
};

struct kernel_operation {
    struct kernel *kernel;
    uint32_t grid[3], block[3];
    uint32_t cluster[3]; /* zeros when launched without clusters */
    uint32_t dynamic_shared;
    bool cooperative;
    uint8_t *parameters; /* kernel->program->parameter_bytes */
};

/* depth slices of height rows of width bytes; a plain copy has one row. */
struct copy_operation {
    const char *call; /* for findings */
    void *to;
    const void *from;
    size_t to_pitch, from_pitch; /* from row to row */
    size_t to_slice, from_slice; /* from slice to slice */
    size_t width, height, depth;
    enum cudaMemcpyKind direction;
    uint8_t *staged; /* the source as it was at the call, or NULL */
};

/* The low `element` bytes of value, again and again. */
struct fill_operation {
    const char *call;
    void *to;
    size_t pitch, width, height;
    uint32_t value;
    unsigned element; /* 1, 2 or 4 */
};

struct host_operation {
    cudaHostFn_t function;
    void *data;
};

struct callback_operation {
    cudaStreamCallback_t function;
    cudaStream_t stream;
    void *data;
};

struct operation {
    enum operation_kind kind;
    union {
        struct kernel_operation kernel;
        struct copy_operation copy;
        struct fill_operation fill;
        struct host_operation host;
        struct callback_operation callback;
        struct moment *moment;
        uint64_t freed;
        cudaEvent_t event;
        struct CUgraph_st *graph; /* a kept operation's own */
    };
};

/* Host functions and callbacks are not run here, but on threads of their own; after a fault there is no such function left to run. */
bool operation_has_host_function(const struct operation *operation, const struct device *device);

/* Under the runtime's lock. After a fault of the device only moments are reached and memory is freed. */
cudaError_t operation_run(const struct operation *operation, struct device *device);

/* Whether it could run now, for what a device refuses at the call. */
cudaError_t operation_check(const struct operation *operation);

/*
 * Copies that outlive the call; false without memory for it. A node of a graph reads its source when it runs, a pending copy
 * from pageable host memory has read it at the call.
 */
bool operation_keep(const struct operation *operation, struct operation *kept);
bool operation_keep_pending(const struct operation *operation, struct operation *kept);
void operation_discard(struct operation *kept);

/* launch.c, copy.c, allocation.c */
cudaError_t kernel_run(const struct kernel_operation *operation, struct device *device);
cudaError_t copy_run(const struct copy_operation *operation);
cudaError_t copy_check(const struct copy_operation *operation);
bool copy_stage(struct copy_operation *operation);
cudaError_t fill_run(const struct fill_operation *operation);
cudaError_t fill_check(const struct fill_operation *operation);
cudaError_t free_run(uint64_t address);

#endif
