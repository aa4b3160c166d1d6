#include "graph.h"
#include "runtime.h"

#include <stdlib.h>

bool node_list_append(struct node_list *list, struct CUgraphNode_st *node) {
    if (list->count == list->room) {
        size_t room = list->room ? 2 * list->room : 4;
        struct CUgraphNode_st **at = realloc(list->at, room * sizeof *at);
        if (!at)
            return false;
        list->at = at;
        list->room = room;
    }
    list->at[list->count++] = node;
    return true;
}

bool node_list_holds(const struct node_list *list, const struct CUgraphNode_st *node) {
    for (size_t i = 0; i < list->count; i++)
        if (list->at[i] == node)
            return true;
    return false;
}

bool node_list_merge(struct node_list *list, const struct node_list *more) {
    for (size_t i = 0; i < more->count; i++)
        if (!node_list_holds(list, more->at[i]) && !node_list_append(list, more->at[i]))
            return false;
    return true;
}

void node_list_remove(struct node_list *list, const struct CUgraphNode_st *node) {
    size_t kept = 0;
    for (size_t i = 0; i < list->count; i++)
        if (list->at[i] != node)
            list->at[kept++] = list->at[i];
    list->count = kept;
}

void node_list_clear(struct node_list *list) {
    free(list->at);
    *list = (struct node_list){0};
}

struct CUgraph_st *graph_create(void) {
    return calloc(1, sizeof(struct CUgraph_st));
}

void graph_node_free(struct CUgraphNode_st *node) {
    operation_discard(&node->operation);
    node_list_clear(&node->dependencies);
    free(node->arguments);
    free(node);
}

void graph_free(struct CUgraph_st *graph) {
    if (!graph)
        return;
    for (size_t i = 0; i < graph->nodes.count; i++)
        graph_node_free(graph->nodes.at[i]);
    node_list_clear(&graph->nodes);
    free(graph);
}

bool graph_has(const struct CUgraph_st *graph, const struct node_list *nodes) {
    for (size_t i = 0; i < nodes->count; i++)
        if (!nodes->at || !nodes->at[i] || nodes->at[i]->graph != graph)
            return false;
    return true;
}

struct CUgraphNode_st *graph_add(struct CUgraph_st *graph, const struct operation *operation,
                                 const struct node_list *after) {
    struct CUgraphNode_st *node = calloc(1, sizeof *node);
    if (!node)
        return NULL;
    node->graph = graph;
    if (!operation_keep(operation, &node->operation) || !node_list_merge(&node->dependencies, after) ||
        !node_list_append(&graph->nodes, node)) {
        graph_node_free(node);
        return NULL;
    }
    return node;
}

static bool clone_nodes(const struct CUgraph_st *graph, struct CUgraph_st *clone) {
    static const struct node_list none;
    const struct node_list *nodes = &graph->nodes;
    for (size_t i = 0; i < nodes->count; i++) {
        struct CUgraphNode_st *node = graph_add(clone, &nodes->at[i]->operation, &none);
        if (!node)
            return false;
        node->original = nodes->at[i];
        nodes->at[i]->place = i;
    }
    for (size_t i = 0; i < nodes->count; i++) {
        const struct node_list *dependencies = &nodes->at[i]->dependencies;
        for (size_t d = 0; d < dependencies->count; d++)
            if (!node_list_append(&clone->nodes.at[i]->dependencies,
                                  clone->nodes.at[dependencies->at[d]->place]))
                return false;
    }
    return true;
}

struct CUgraph_st *graph_clone(const struct CUgraph_st *graph) {
    struct CUgraph_st *clone = graph_create();
    if (clone && clone_nodes(graph, clone))
        return clone;
    graph_free(clone);
    return NULL;
}

cudaError_t cudaGraphCreate(cudaGraph_t *graph, unsigned flags) {
    cudaError_t error = runtime_enter();
    if (error == cudaSuccess && (!graph || flags != 0))
        error = cudaErrorInvalidValue;
    if (error == cudaSuccess && !(*graph = graph_create()))
        error = cudaErrorMemoryAllocation;
    return runtime_leave(error);
}

cudaError_t cudaGraphClone(cudaGraph_t *clone, cudaGraph_t original) {
    cudaError_t error = runtime_enter();
    if (error == cudaSuccess && (!clone || !original))
        error = cudaErrorInvalidValue;
    if (error == cudaSuccess && !(*clone = graph_clone(original)))
        error = cudaErrorMemoryAllocation;
    return runtime_leave(error);
}

cudaError_t cudaGraphDestroy(cudaGraph_t graph) {
    cudaError_t error = runtime_enter();
    if (!graph)
        error = cudaErrorInvalidValue;
    graph_free(graph);
    return runtime_leave(error);
}

cudaError_t cudaGraphNodeFindInClone(cudaGraphNode_t *found, cudaGraphNode_t original, cudaGraph_t clone) {
    cudaError_t error = runtime_enter();
    if (error == cudaSuccess && (!found || !original || !clone))
        error = cudaErrorInvalidValue;
    if (error == cudaSuccess) {
        *found = NULL;
        for (size_t i = 0; i < clone->nodes.count; i++)
            if (clone->nodes.at[i]->original == original)
                *found = clone->nodes.at[i];
        error = *found ? cudaSuccess : cudaErrorInvalidValue;
    }
    return runtime_leave(error);
}
