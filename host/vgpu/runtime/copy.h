/* Copies, as the calls that make them see them. */
#ifndef LOTTO_VGPU_COPY_H
#define LOTTO_VGPU_COPY_H

#include "operation.h"

bool copy_is_to_device(const struct copy_operation *copy);
bool copy_is_from_device(const struct copy_operation *copy);

/* What can be told of a copy without looking at memory. */
cudaError_t copy_validate(const struct copy_operation *copy);

/* A copy of one row. */
struct copy_operation copy_line(const char *call, void *to, const void *from, size_t bytes,
                                enum cudaMemcpyKind direction);

/* waits: the call is one of those that wait for the copy, as far as CUDA lets it. */
cudaError_t copy_submit(const struct copy_operation *copy, cudaStream_t stream, bool waits);

/* Of what cudaMemcpy3D and its like take. */
cudaError_t copy_of_box(const char *call, const struct cudaMemcpy3DParms *box, struct copy_operation *copy);

#endif
