#include "graph_exec.h"
#include "delay.h"
#include "event.h"
#include "queue.h"

#include <stdlib.h>
#include <string.h>

void exec_free(struct CUgraphExec_st *exec) {
    for (size_t i = 0; i < exec->count; i++) {
        operation_discard(&exec->nodes[i].operation);
        free(exec->nodes[i].dependencies);
    }
    moment_release(exec->last);
    free(exec->nodes);
    free(exec);
}

struct exec_node *exec_find(struct CUgraphExec_st *exec, const struct CUgraphNode_st *node) {
    for (size_t i = 0; i < exec->count; i++)
        if (exec->nodes[i].node == node)
            return &exec->nodes[i];
    return NULL;
}

struct operation *exec_operation(struct CUgraphExec_st *exec, const struct CUgraphNode_st *node) {
    struct exec_node *found = exec && node ? exec_find(exec, node) : NULL;
    return found ? &found->operation : NULL;
}

static struct exec_node *append(struct CUgraphExec_st *exec, const struct CUgraphNode_st *node,
                                const struct operation *operation) {
    if (exec->count == exec->room) {
        size_t room = exec->room ? 2 * exec->room : 16;
        struct exec_node *nodes = realloc(exec->nodes, room * sizeof *nodes);
        if (!nodes)
            return NULL;
        exec->nodes = nodes;
        exec->room = room;
    }
    struct exec_node *added = &exec->nodes[exec->count];
    *added = (struct exec_node){.node = node};
    exec->count++;
    return operation_keep(operation, &added->operation) ? added : NULL;
}

static bool depend(struct exec_node *node, size_t on) {
    size_t *dependencies = realloc(node->dependencies, (node->dependency_count + 1) * sizeof *dependencies);
    if (!dependencies)
        return false;
    node->dependencies = dependencies;
    dependencies[node->dependency_count++] = on;
    return true;
}

enum { UNPLACED = -1 };

static bool is_ready(const struct CUgraphNode_st *node) {
    for (size_t i = 0; i < node->dependencies.count; i++)
        if (node->dependencies.at[i]->place == (size_t)UNPLACED)
            return false;
    return node->place == (size_t)UNPLACED;
}

static const struct operation empty = {.kind = OPERATION_EMPTY};
static cudaError_t add_graph(struct CUgraphExec_st *exec, const struct CUgraph_st *graph,
                             const size_t *begin);

static cudaError_t add_node(struct CUgraphExec_st *exec, struct CUgraphNode_st *node, const size_t *begin) {
    bool is_child = node->operation.kind == OPERATION_GRAPH;
    struct exec_node *added = append(exec, node, is_child ? &empty : &node->operation);
    bool is_whole = added != NULL;
    for (size_t i = 0; is_whole && i < node->dependencies.count; i++)
        is_whole = depend(added, node->dependencies.at[i]->place);
    if (is_whole && begin && node->dependencies.count == 0)
        is_whole = depend(added, *begin);
    if (!is_whole)
        return cudaErrorMemoryAllocation;
    node->place = exec->count - 1;
    if (!is_child)
        return cudaSuccess;
    size_t first = node->place;
    cudaError_t error = add_graph(exec, node->operation.graph, &first);
    if (error != cudaSuccess)
        return error;
    size_t last = exec->count;
    if (!(added = append(exec, node, &empty)))
        return cudaErrorMemoryAllocation;
    for (size_t i = first; is_whole && i < last; i++)
        is_whole = depend(added, i);
    node->place = last;
    return is_whole ? cudaSuccess : cudaErrorMemoryAllocation;
}

/* Nodes come in the order of their making, unless edges made later say otherwise. begin: what a child's first nodes depend on. */
static cudaError_t add_graph(struct CUgraphExec_st *exec, const struct CUgraph_st *graph,
                             const size_t *begin) {
    size_t left = graph->nodes.count, before;
    for (size_t i = 0; i < graph->nodes.count; i++)
        graph->nodes.at[i]->place = (size_t)UNPLACED;
    do {
        before = left;
        for (size_t i = 0; i < graph->nodes.count; i++) {
            if (!is_ready(graph->nodes.at[i]))
                continue;
            cudaError_t error = add_node(exec, graph->nodes.at[i], begin);
            if (error != cudaSuccess)
                return error;
            left--;
        }
    } while (left > 0 && left < before);
    return left > 0 ? cudaErrorInvalidValue : cudaSuccess;
}

cudaError_t exec_create(const struct CUgraph_st *graph, struct CUgraphExec_st **exec) {
    *exec = calloc(1, sizeof **exec);
    if (!*exec)
        return cudaErrorMemoryAllocation;
    cudaError_t error = add_graph(*exec, graph, NULL);
    if (error != cudaSuccess) {
        exec_free(*exec);
        *exec = NULL;
    }
    return error;
}

static cudaError_t submit(const struct exec_node *node, struct CUstream_st *stream) {
    if (node->is_off)
        return cudaSuccess;
    switch (node->operation.kind) {
    case OPERATION_EVENT_RECORD:
        return event_record(node->operation.event, stream);
    case OPERATION_EVENT_WAIT:
        return event_wait(node->operation.event, stream);
    default:
        return queue_submit(stream, &node->operation);
    }
}

/* With a schedule, the next node is any that is free to go; else the first, which is the next in order. */
static size_t choose(const struct CUgraphExec_st *exec, const bool *is_done) {
    unsigned seen = 0;
    size_t chosen = exec->count;
    for (size_t i = 0; i < exec->count; i++) {
        bool is_free = !is_done[i];
        for (size_t d = 0; d < exec->nodes[i].dependency_count; d++)
            is_free = is_free && is_done[exec->nodes[i].dependencies[d]];
        if (is_free && (chosen == exec->count || delay_below(++seen + 1) == 0))
            chosen = i;
    }
    return chosen;
}

static cudaError_t submit_in_any_order(const struct CUgraphExec_st *exec, struct CUstream_st *stream) {
    bool *is_done = calloc(exec->count + 1, sizeof *is_done);
    cudaError_t error = is_done ? cudaSuccess : cudaErrorMemoryAllocation;
    for (size_t done = 0; done < exec->count && error == cudaSuccess; done++) {
        size_t next = choose(exec, is_done);
        is_done[next] = true;
        error = submit(&exec->nodes[next], stream);
    }
    free(is_done);
    return error;
}

/* A launch waits for the last one of the same graph, in whatever stream that was. */
static cudaError_t follow_last(struct CUgraphExec_st *exec, struct CUstream_st *stream) {
    if (!exec->last || exec->last->is_reached)
        return cudaSuccess;
    return queue_submit(stream, &(struct operation){.kind = OPERATION_WAIT, .moment = exec->last});
}

static cudaError_t mark_last(struct CUgraphExec_st *exec, struct CUstream_st *stream) {
    moment_release(exec->last);
    exec->last = moment_create();
    if (!exec->last)
        return cudaErrorMemoryAllocation;
    cudaError_t error =
        queue_submit(stream, &(struct operation){.kind = OPERATION_RECORD, .moment = exec->last});
    if (error != cudaSuccess) /* nothing will reach it */
        exec->last->is_reached = true;
    return error;
}

cudaError_t exec_launch(struct CUgraphExec_st *exec, struct CUstream_st *stream) {
    cudaError_t error = follow_last(exec, stream);
    if (error == cudaSuccess && delay_is_on())
        error = submit_in_any_order(exec, stream);
    else
        for (size_t i = 0; i < exec->count && error == cudaSuccess; i++)
            error = submit(&exec->nodes[i], stream);
    cudaError_t end = mark_last(exec, stream);
    queue_settle();
    return error != cudaSuccess ? error : end;
}
