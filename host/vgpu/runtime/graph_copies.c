/* The calls for copy nodes of one row, and of symbols. */
#include "copy.h"
#include "graph_exec.h"
#include "graph_node.h"
#include "runtime.h"
#include "symbol.h"

enum side { NO_SYMBOL, TO_SYMBOL, FROM_SYMBOL };

/* A copy of one row as a program asks for it: one side may be part of a symbol. */
struct row {
    void *to;
    const void *from;
    size_t bytes, offset;
    enum cudaMemcpyKind direction;
    enum side side;
};

static cudaError_t read(struct row row, struct operation *operation) {
    cudaError_t error = cudaSuccess;
    void *part;
    if (row.side != NO_SYMBOL)
        error = symbol_part(row.side == TO_SYMBOL ? row.to : row.from, row.offset, row.bytes, &part);
    if (error != cudaSuccess)
        return error;
    *operation = (struct operation){.kind = OPERATION_COPY,
                                    .copy = copy_line("a memcpy node", row.side == TO_SYMBOL ? part : row.to,
                                                      row.side == FROM_SYMBOL ? part : row.from, row.bytes,
                                                      row.direction)};
    return copy_validate(&operation->copy);
}

static cudaError_t add(cudaGraphNode_t *node, cudaGraph_t graph, const cudaGraphNode_t *after, size_t count,
                       struct row row) {
    struct operation operation;
    cudaError_t error = runtime_enter();
    if (error == cudaSuccess)
        error = read(row, &operation);
    if (error == cudaSuccess)
        error = node_add(node, graph, after, count, &operation);
    return runtime_leave(error);
}

static cudaError_t set(struct operation *place, struct row row) {
    struct operation operation;
    cudaError_t error = place ? read(row, &operation) : cudaErrorInvalidValue;
    return error == cudaSuccess ? node_replace(place, &operation) : error;
}

static cudaError_t set_in_graph(cudaGraphNode_t node, struct row row) {
    cudaError_t error = runtime_enter();
    if (error == cudaSuccess)
        error = set(node ? &node->operation : NULL, row);
    return runtime_leave(error);
}

static cudaError_t set_in_exec(cudaGraphExec_t exec, cudaGraphNode_t node, struct row row) {
    cudaError_t error = runtime_enter();
    if (error == cudaSuccess)
        error = set(exec_operation(exec, node), row);
    return runtime_leave(error);
}

cudaError_t cudaGraphAddMemcpyNode1D(cudaGraphNode_t *node, cudaGraph_t graph, const cudaGraphNode_t *after,
                                     size_t count, void *to, const void *from, size_t bytes,
                                     enum cudaMemcpyKind direction) {
    return add(node, graph, after, count, (struct row){to, from, bytes, 0, direction, NO_SYMBOL});
}

cudaError_t cudaGraphAddMemcpyNodeToSymbol(cudaGraphNode_t *node, cudaGraph_t graph,
                                           const cudaGraphNode_t *after, size_t count, const void *symbol,
                                           const void *from, size_t bytes, size_t offset,
                                           enum cudaMemcpyKind direction) {
    return add(node, graph, after, count,
               (struct row){(void *)symbol, from, bytes, offset, direction, TO_SYMBOL});
}

cudaError_t cudaGraphAddMemcpyNodeFromSymbol(cudaGraphNode_t *node, cudaGraph_t graph,
                                             const cudaGraphNode_t *after, size_t count, void *to,
                                             const void *symbol, size_t bytes, size_t offset,
                                             enum cudaMemcpyKind direction) {
    return add(node, graph, after, count, (struct row){to, symbol, bytes, offset, direction, FROM_SYMBOL});
}

cudaError_t cudaGraphMemcpyNodeSetParams1D(cudaGraphNode_t node, void *to, const void *from, size_t bytes,
                                           enum cudaMemcpyKind direction) {
    return set_in_graph(node, (struct row){to, from, bytes, 0, direction, NO_SYMBOL});
}

cudaError_t cudaGraphMemcpyNodeSetParamsToSymbol(cudaGraphNode_t node, const void *symbol, const void *from,
                                                 size_t bytes, size_t offset, enum cudaMemcpyKind direction) {
    return set_in_graph(node, (struct row){(void *)symbol, from, bytes, offset, direction, TO_SYMBOL});
}

cudaError_t cudaGraphMemcpyNodeSetParamsFromSymbol(cudaGraphNode_t node, void *to, const void *symbol,
                                                   size_t bytes, size_t offset,
                                                   enum cudaMemcpyKind direction) {
    return set_in_graph(node, (struct row){to, symbol, bytes, offset, direction, FROM_SYMBOL});
}

cudaError_t cudaGraphExecMemcpyNodeSetParams1D(cudaGraphExec_t exec, cudaGraphNode_t node, void *to,
                                               const void *from, size_t bytes,
                                               enum cudaMemcpyKind direction) {
    return set_in_exec(exec, node, (struct row){to, from, bytes, 0, direction, NO_SYMBOL});
}

cudaError_t cudaGraphExecMemcpyNodeSetParamsToSymbol(cudaGraphExec_t exec, cudaGraphNode_t node,
                                                     const void *symbol, const void *from, size_t bytes,
                                                     size_t offset, enum cudaMemcpyKind direction) {
    return set_in_exec(exec, node, (struct row){(void *)symbol, from, bytes, offset, direction, TO_SYMBOL});
}

cudaError_t cudaGraphExecMemcpyNodeSetParamsFromSymbol(cudaGraphExec_t exec, cudaGraphNode_t node, void *to,
                                                       const void *symbol, size_t bytes, size_t offset,
                                                       enum cudaMemcpyKind direction) {
    return set_in_exec(exec, node, (struct row){to, symbol, bytes, offset, direction, FROM_SYMBOL});
}
