/* A unit of work on a stream: run at call, or kept as a node of a graph. */
#ifndef LOTTO_VGPU_OPERATION_H
#define LOTTO_VGPU_OPERATION_H

#include "api.h"
#include "module.h"

enum operation_kind { OPERATION_EMPTY, OPERATION_KERNEL, OPERATION_COPY, OPERATION_FILL, OPERATION_HOST };

struct kernel_operation {
    struct kernel *kernel;
    uint32_t grid[3], block[3];
    uint32_t cluster[3]; /* zeros when launched without clusters */
    uint32_t dynamic_shared;
    bool cooperative;
    uint8_t *parameters; /* kernel->program->parameter_bytes */
};

/* height rows of width bytes; a plain copy has one row. */
struct copy_operation {
    const char *call; /* for findings */
    void *to;
    const void *from;
    size_t to_pitch, from_pitch, width, height;
    enum cudaMemcpyKind direction;
};

struct fill_operation {
    const char *call;
    void *to;
    size_t pitch, width, height;
    int value;
};

struct host_operation {
    cudaHostFn_t function;
    void *data;
};

struct operation {
    enum operation_kind kind;
    union {
        struct kernel_operation kernel;
        struct copy_operation copy;
        struct fill_operation fill;
        struct host_operation host;
    };
};

/* Under the runtime's lock, which is given up while a host function runs. */
cudaError_t operation_run(const struct operation *operation);

/* A copy that outlives the call; false without memory for it. */
bool operation_keep(const struct operation *operation, struct operation *kept);
void operation_discard(struct operation *kept);

/* launch.c, copy.c */
cudaError_t kernel_run(const struct kernel_operation *operation);
cudaError_t copy_run(const struct copy_operation *operation);
cudaError_t fill_run(const struct fill_operation *operation);

#endif
