/*
 * Streams. Work runs when it is submitted, in the order of submission, unless the stream is capturing. The default stream
 * is one stream for all threads (legacy); cudaStreamPerThread is one a thread.
 */
#ifndef LOTTO_VGPU_STREAM_H
#define LOTTO_VGPU_STREAM_H

#include "graph.h"
#include "operation.h"

struct CUstream_st {
    unsigned flags;
    int priority;
    unsigned long long id;
    struct capture *capture; /* NULL: work runs at call */
    struct node_list tail;   /* what the next captured node depends on */
    struct CUstream_st *next;
};

/* NULL when the handle names no stream. */
struct CUstream_st *stream_find(cudaStream_t handle);
bool stream_is_legacy(const struct CUstream_st *stream);

/* Runs or captures. */
cudaError_t stream_submit(cudaStream_t handle, const struct operation *operation);

#endif
