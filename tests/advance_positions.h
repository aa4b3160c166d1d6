/* The step of a decoding loop that a graph takes on the device. */
#ifndef TESTS_ADVANCE_POSITIONS_H
#define TESTS_ADVANCE_POSITIONS_H

#include <cuda_runtime_api.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* rows <= 1024 */
cudaError_t advance_positions(uint64_t *positions, int rows, cudaStream_t stream);

#ifdef __cplusplus
}
#endif

#endif
