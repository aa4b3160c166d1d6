/* Events, for nodes of graphs. */
#ifndef LOTTO_VGPU_EVENT_H
#define LOTTO_VGPU_EVENT_H

#include "stream.h"

bool event_exists(cudaEvent_t event);
cudaError_t event_record(cudaEvent_t event, struct CUstream_st *stream);
cudaError_t event_wait(cudaEvent_t event, struct CUstream_st *stream);

#endif
