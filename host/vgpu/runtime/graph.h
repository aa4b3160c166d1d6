/* Graphs: operations with what each depends on, in an order that respects the dependencies. */
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
void node_list_clear(struct node_list *list);

struct CUgraphNode_st {
    struct operation operation;
    struct node_list dependencies;
    bool reached; /* scratch of capture.c */
};

struct CUgraph_st {
    struct node_list nodes;
};

struct CUgraph_st *graph_create(void);
void graph_free(struct CUgraph_st *graph);

/* A node that depends on `after`; NULL without memory. */
struct CUgraphNode_st *graph_add(struct CUgraph_st *graph, const struct operation *operation,
                                 const struct node_list *after);

#endif
