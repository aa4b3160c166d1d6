/* Streams: handles of them, and what is submitted to them. When work runs is told in queue.h. */
#ifndef LOTTO_VGPU_STREAM_H
#define LOTTO_VGPU_STREAM_H

#include "device.h"
#include "graph.h"
#include "operation.h"

enum { STREAM_ATTRIBUTES = cudaLaunchAttributeMemSyncDomain + 1 };

struct CUstream_st {
    struct device *device;
    unsigned flags;
    bool is_legacy;
    int priority;
    unsigned long long id;
    struct capture *capture;                           /* NULL: work goes to the queue */
    struct node_list tail;                             /* what the next captured node depends on */
    size_t references;                                 /* the handle, and each piece of pending work */
    uint64_t held;                                     /* scratch of queue.c */
    cudaStreamAttrValue attributes[STREAM_ATTRIBUTES]; /* stream_attribute.c */
    struct CUstream_st *next;
};

bool stream_are_several(void); /* has the program made any? */
/* NULL when the handle names no stream. */
struct CUstream_st *stream_find(cudaStream_t handle);
struct CUstream_st *stream_create_legacy(struct device *device);
void stream_keep(struct CUstream_st *stream);
void stream_release(struct CUstream_st *stream);

/* Captures, or gives to the queue. */
cudaError_t stream_submit(struct CUstream_st *stream, const struct operation *operation);

#endif
