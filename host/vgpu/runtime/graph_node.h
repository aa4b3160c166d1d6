/* What the nodes of graphs are made of, as CUDA's structures tell it. */
#ifndef LOTTO_VGPU_GRAPH_NODE_H
#define LOTTO_VGPU_GRAPH_NODE_H

#include "graph.h"

/* The operation that a node of this type and these parameters stands for; to be discarded. */
cudaError_t node_read(const struct cudaGraphNodeParams *parameters, struct operation *operation);

/* Keeps a copy of the operation. */
cudaError_t node_add(cudaGraphNode_t *node, cudaGraph_t graph, const cudaGraphNode_t *after, size_t count,
                     const struct operation *operation);

enum cudaGraphNodeType node_type(const struct operation *operation);

bool node_may_become(const struct operation *before, const struct operation *after);

/* Puts `after`, which is taken, in the place of `before`, whose launch attributes a kernel keeps. */
cudaError_t node_replace(struct operation *before, struct operation *after);

#endif
