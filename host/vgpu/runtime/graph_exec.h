/* Graphs ready to be launched: their nodes, those of child graphs among them, in an order that respects what depends on what. */
#ifndef LOTTO_VGPU_GRAPH_EXEC_H
#define LOTTO_VGPU_GRAPH_EXEC_H

#include "graph.h"
#include "stream.h"

struct exec_node {
    const struct CUgraphNode_st *node; /* only to be found by: the graph may be gone */
    struct operation operation;
    size_t *dependencies, dependency_count; /* places before this one */
    bool is_off;
};

struct CUgraphExec_st {
    struct exec_node *nodes;
    size_t count, room;
    unsigned long long flags;
    struct moment *last; /* of the last launch, which the next one waits for */
};

/* cudaErrorInvalidValue for a cycle. Nodes of child graphs come between two empty ones. */
cudaError_t exec_create(const struct CUgraph_st *graph, struct CUgraphExec_st **exec);
void exec_free(struct CUgraphExec_st *exec);

/* NULL when the graph had no such node. */
struct operation *exec_operation(struct CUgraphExec_st *exec, const struct CUgraphNode_st *node);
struct exec_node *exec_find(struct CUgraphExec_st *exec, const struct CUgraphNode_st *node);

cudaError_t exec_launch(struct CUgraphExec_st *exec, struct CUstream_st *stream);

#endif
