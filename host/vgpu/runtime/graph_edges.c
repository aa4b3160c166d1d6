/* What depends on what in a graph: the calls that ask, and those that change it. */
#include "graph.h"
#include "runtime.h"

#include <string.h>

/* With places NULL only the number is asked for; places beyond it are cleared, as CUDA does. */
static cudaError_t give(const struct node_list *list, cudaGraphNode_t *places, size_t *count) {
    if (!count)
        return cudaErrorInvalidValue;
    for (size_t i = 0; places && i < *count; i++)
        places[i] = i < list->count ? list->at[i] : NULL;
    if (!places || *count > list->count)
        *count = list->count;
    return cudaSuccess;
}

cudaError_t cudaGraphGetNodes(cudaGraph_t graph, cudaGraphNode_t *nodes, size_t *count) {
    cudaError_t error = runtime_enter();
    if (error == cudaSuccess)
        error = graph ? give(&graph->nodes, nodes, count) : cudaErrorInvalidValue;
    return runtime_leave(error);
}

/* The nodes of a graph that `depend` on one node, or on none (NULL). */
static cudaError_t give_dependent(const struct CUgraph_st *graph, const struct CUgraphNode_st *on,
                                  cudaGraphNode_t *places, size_t *count) {
    struct node_list found = {0};
    cudaError_t error = cudaSuccess;
    for (size_t i = 0; i < graph->nodes.count && error == cudaSuccess; i++) {
        struct CUgraphNode_st *node = graph->nodes.at[i];
        bool is_one = on ? node_list_holds(&node->dependencies, on) : node->dependencies.count == 0;
        if (is_one && !node_list_append(&found, node))
            error = cudaErrorMemoryAllocation;
    }
    if (error == cudaSuccess)
        error = give(&found, places, count);
    node_list_clear(&found);
    return error;
}

cudaError_t cudaGraphGetRootNodes(cudaGraph_t graph, cudaGraphNode_t *nodes, size_t *count) {
    cudaError_t error = runtime_enter();
    if (error == cudaSuccess)
        error = graph ? give_dependent(graph, NULL, nodes, count) : cudaErrorInvalidValue;
    return runtime_leave(error);
}

/* Every edge here is a full dependency, the kind that is all zeros. */
static void clear_edges(cudaGraphEdgeData *edges, size_t count) {
    if (edges)
        memset(edges, 0, count * sizeof *edges);
}

static bool are_full(const cudaGraphEdgeData *edges, size_t count) {
    static const cudaGraphEdgeData full;
    for (size_t i = 0; edges && i < count; i++)
        if (memcmp(&edges[i], &full, sizeof full) != 0)
            return false;
    return true;
}

cudaError_t cudaGraphNodeGetDependencies(cudaGraphNode_t node, cudaGraphNode_t *nodes,
                                         cudaGraphEdgeData *edges, size_t *count) {
    cudaError_t error = runtime_enter();
    if (error == cudaSuccess)
        error = node ? give(&node->dependencies, nodes, count) : cudaErrorInvalidValue;
    if (error == cudaSuccess && nodes)
        clear_edges(edges, *count);
    return runtime_leave(error);
}

cudaError_t cudaGraphNodeGetDependentNodes(cudaGraphNode_t node, cudaGraphNode_t *nodes,
                                           cudaGraphEdgeData *edges, size_t *count) {
    cudaError_t error = runtime_enter();
    if (error == cudaSuccess)
        error = node ? give_dependent(node->graph, node, nodes, count) : cudaErrorInvalidValue;
    if (error == cudaSuccess && nodes)
        clear_edges(edges, *count);
    return runtime_leave(error);
}

static cudaError_t give_edges(const struct CUgraph_st *graph, cudaGraphNode_t *from, cudaGraphNode_t *to,
                              size_t *count) {
    struct node_list sources = {0}, targets = {0};
    bool is_whole = true;
    for (size_t i = 0; i < graph->nodes.count; i++) {
        struct CUgraphNode_st *node = graph->nodes.at[i];
        for (size_t d = 0; d < node->dependencies.count; d++)
            is_whole = is_whole && node_list_append(&sources, node->dependencies.at[d]) &&
                       node_list_append(&targets, node);
    }
    size_t places = *count;
    cudaError_t error = is_whole ? give(&sources, from, count) : cudaErrorMemoryAllocation;
    if (error == cudaSuccess && to)
        error = give(&targets, to, &places);
    node_list_clear(&sources);
    node_list_clear(&targets);
    return error;
}

cudaError_t cudaGraphGetEdges(cudaGraph_t graph, cudaGraphNode_t *from, cudaGraphNode_t *to,
                              cudaGraphEdgeData *edges, size_t *count) {
    cudaError_t error = runtime_enter();
    if (error == cudaSuccess)
        error = graph && count && !from == !to ? give_edges(graph, from, to, count) : cudaErrorInvalidValue;
    if (error == cudaSuccess && from)
        clear_edges(edges, *count);
    return runtime_leave(error);
}

static bool are_of(const struct CUgraph_st *graph, const cudaGraphNode_t *nodes, size_t count) {
    return graph_has(graph, &(struct node_list){(struct CUgraphNode_st **)nodes, count, count});
}

static cudaError_t add(const cudaGraphNode_t *from, const cudaGraphNode_t *to, size_t count) {
    for (size_t i = 0; i < count; i++) {
        if (from[i] == to[i] || node_list_holds(&to[i]->dependencies, from[i]))
            return cudaErrorInvalidValue;
        if (!node_list_append(&to[i]->dependencies, from[i]))
            return cudaErrorMemoryAllocation;
    }
    return cudaSuccess;
}

cudaError_t cudaGraphAddDependencies(cudaGraph_t graph, const cudaGraphNode_t *from,
                                     const cudaGraphNode_t *to, const cudaGraphEdgeData *edges,
                                     size_t count) {
    cudaError_t error = runtime_enter();
    if (error == cudaSuccess && (!graph || !are_of(graph, from, count) || !are_of(graph, to, count)))
        error = cudaErrorInvalidValue;
    if (error == cudaSuccess && !are_full(edges, count))
        error = runtime_not_provided("an edge of a graph that is no full dependency (cudaGraphEdgeData)");
    if (error == cudaSuccess)
        error = add(from, to, count);
    return runtime_leave(error);
}

static cudaError_t take_away(const cudaGraphNode_t *from, const cudaGraphNode_t *to, size_t count) {
    for (size_t i = 0; i < count; i++) {
        if (!node_list_holds(&to[i]->dependencies, from[i]))
            return cudaErrorInvalidValue;
        node_list_remove(&to[i]->dependencies, from[i]);
    }
    return cudaSuccess;
}

cudaError_t cudaGraphRemoveDependencies(cudaGraph_t graph, const cudaGraphNode_t *from,
                                        const cudaGraphNode_t *to, const cudaGraphEdgeData *edges,
                                        size_t count) {
    cudaError_t error = runtime_enter();
    if (error == cudaSuccess &&
        (!graph || !are_of(graph, from, count) || !are_of(graph, to, count) || !are_full(edges, count)))
        error = cudaErrorInvalidValue;
    if (error == cudaSuccess)
        error = take_away(from, to, count);
    return runtime_leave(error);
}

cudaError_t cudaGraphDestroyNode(cudaGraphNode_t node) {
    cudaError_t error = runtime_enter();
    if (error == cudaSuccess && !node)
        error = cudaErrorInvalidValue;
    if (error == cudaSuccess) {
        struct CUgraph_st *graph = node->graph;
        node_list_remove(&graph->nodes, node);
        for (size_t i = 0; i < graph->nodes.count; i++)
            node_list_remove(&graph->nodes.at[i]->dependencies, node);
        graph_node_free(node);
    }
    return runtime_leave(error);
}
