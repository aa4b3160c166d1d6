/*
 * Stream capture: work submitted to a capturing stream becomes nodes of a graph; an event recorded there and waited for
 * elsewhere draws the other stream in. Calls that would wait, or touch the legacy stream, are errors that invalidate.
 */
#ifndef LOTTO_VGPU_CAPTURE_H
#define LOTTO_VGPU_CAPTURE_H

#include "stream.h"

cudaError_t capture_add(struct CUstream_st *stream, const struct operation *operation);

/* A call waits for, or asks about, this stream. */
cudaError_t capture_touched(struct CUstream_st *stream);
/* A call uses the legacy stream, which waits for every blocking stream. */
cudaError_t capture_touched_by_legacy(void);
/* A call waits for the whole device. */
cudaError_t capture_touched_by_device(void);
/* A call that the capture's mode may forbid, such as cudaMalloc. */
cudaError_t capture_touched_by_unsafe_call(void);

void capture_stream_destroyed(struct CUstream_st *stream);

/* What an event recorded in a capturing stream stands for. Captures are told apart by number: they end before events do. */
unsigned long long capture_id(const struct CUstream_st *stream);
bool capture_is_live(unsigned long long id);
/* The stream waits for those nodes of capture id, and joins it if it captured nothing yet. */
cudaError_t capture_wait(struct CUstream_st *stream, unsigned long long id, const struct node_list *nodes);

#endif
