/* Graphs: operations, and what each depends on. graph_node.c makes them node by node, capture.c from streams. */
#ifndef LOTTO_VGPU_GRAPH_H
#define LOTTO_VGPU_GRAPH_H

#include "operation.h"

struct node_list {
    struct CUgraphNode_st **at;
    size_t count, room;
};

/* False without memory. */
bool node_list_append(struct node_list *list, struct CUgraphNode_st *node);
bool node_list_merge(struct node_list *list,
                     const struct node_list *more); /* leaves out what list has already */
bool node_list_holds(const struct node_list *list, const struct CUgraphNode_st *node);
void node_list_remove(struct node_list *list, const struct CUgraphNode_st *node);
void node_list_clear(struct node_list *list);

struct CUgraphNode_st {
    struct CUgraph_st *graph;
    struct operation operation;
    struct node_list dependencies;
    const struct CUgraphNode_st *original; /* in the graph that this node's was cloned from, or NULL */
    void **arguments;                      /* of a kernel, once asked for */
    bool reached;                          /* scratch of capture.c */
    size_t place;                          /* scratch of graph_clone and graph_exec.c */
};

struct CUgraph_st {
    struct node_list nodes; /* in order of their making */
};

struct CUgraph_st *graph_create(void);
struct CUgraph_st *graph_clone(const struct CUgraph_st *graph); /* NULL without memory */
void graph_free(struct CUgraph_st *graph);

/* Are these nodes of the graph? */
bool graph_has(const struct CUgraph_st *graph, const struct node_list *nodes);

/* A node that depends on `after`; NULL without memory. */
struct CUgraphNode_st *graph_add(struct CUgraph_st *graph, const struct operation *operation,
                                 const struct node_list *after);
void graph_node_free(struct CUgraphNode_st *node);

#endif
