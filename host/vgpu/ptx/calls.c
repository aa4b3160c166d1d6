/*
 * Which calls stay calls, and the functions they go to: the routines of the program.
 *
 * A walk over the direct calls in depth finds functions that call themselves: one that is met again while it is still being
 * walked through. Every circle of calls has one, so with calls of these kept the rest can be inlined. An indirect call may go to any
 * function whose address the module takes and whose parameters and results lie where the call's do.
 */
#include "copy.h"

#include <string.h>

enum { MOST_TARGETS = 1 << 22 };

struct walk {
    const struct ptx_function *function;
    uint32_t next; /* instruction */
};

struct call_graph {
    struct walk *path;
    enum walked { NOT_WALKED, WALKING, WALKED } * walked; /* by function index */
    bool *is_recursive, *is_routine;
    const struct ptx_function **taken;  /* functions whose address is taken, once an indirect call was met */
    uint32_t taken_count, target_count; /* targets of all indirect calls */
};

static struct call_graph *graph_of(struct lowering *lowering) {
    uint32_t count = lowering->module->function_count + 1;
    if (!lowering->calls) {
        struct call_graph *graph = lowering->calls = lower_scratch(lowering, sizeof *graph);
        graph->path = lower_scratch(lowering, count * sizeof *graph->path);
        graph->walked = lower_scratch(lowering, count * sizeof *graph->walked);
        graph->is_recursive = lower_scratch(lowering, count);
        graph->is_routine = lower_scratch(lowering, count);
    }
    return lowering->calls;
}

void lower_add_routine(struct lowering *lowering, const struct ptx_function *function) {
    struct call_graph *graph = graph_of(lowering);
    if (graph->is_routine[function->index])
        return;
    graph->is_routine[function->index] = true;
    lowering->routines = lower_grow(lowering, lowering->routines, lowering->routine_count,
                                    &lowering->routine_capacity, sizeof *lowering->routines);
    lowering->routines[lowering->routine_count++] = (struct lowered_routine){.function = function};
}

bool lower_is_kept_call(const struct ptx_instruction *instruction) {
    if (!opcode_is(instruction->opcode, "call"))
        return false;
    const struct ptx_operand *callee = &instruction->operands[0];
    return callee->kind == PTX_OPERAND_REGISTER || callee->callee->is_defined;
}

/* The next function with a body that the walk's function calls directly, or NULL. */
static const struct ptx_function *next_callee(struct walk *walk) {
    while (walk->next < walk->function->instruction_count) {
        const struct ptx_instruction *instruction = &walk->function->instructions[walk->next++];
        if (lower_is_kept_call(instruction) && instruction->operands[0].kind == PTX_OPERAND_FUNCTION)
            return instruction->operands[0].callee;
    }
    return NULL;
}

void calls_find_recursion(struct lowering *lowering, const struct ptx_function *function) {
    struct call_graph *graph = graph_of(lowering);
    if (graph->walked[function->index] == WALKED)
        return;
    struct walk *path = graph->path;
    uint32_t depth = 0;
    path[depth++] = (struct walk){function, 0};
    graph->walked[function->index] = WALKING;
    while (depth > 0) {
        const struct ptx_function *callee = next_callee(&path[depth - 1]);
        if (!callee) {
            graph->walked[path[--depth].function->index] = WALKED;
        } else if (graph->walked[callee->index] == WALKING) {
            graph->is_recursive[callee->index] = true;
        } else if (graph->walked[callee->index] == NOT_WALKED) {
            graph->walked[callee->index] = WALKING;
            path[depth++] = (struct walk){callee, 0};
        }
    }
}

static void note_taken(struct call_graph *graph, bool *seen, const struct ptx_function *function) {
    if (!function || !function->is_defined || function->is_entry || seen[function->index])
        return;
    seen[function->index] = true;
    graph->taken[graph->taken_count++] = function;
}

/* Functions named by anything but as the callee of a call: in instructions and initialisers. */
static void find_taken(struct lowering *lowering, struct call_graph *graph) {
    const struct ptx_module *module = lowering->module;
    bool *seen = lower_scratch(lowering, module->function_count + 1);
    graph->taken =
        lower_scratch(lowering, (module->function_count + 1) * sizeof(const struct ptx_function *));
    for (uint32_t f = 0; f < module->function_count; f++)
        for (uint32_t i = 0; i < module->functions[f]->instruction_count; i++) {
            const struct ptx_instruction *instruction = &module->functions[f]->instructions[i];
            for (uint32_t k = 0; k < instruction->operand_count; k++)
                if (instruction->operands[k].kind == PTX_OPERAND_FUNCTION &&
                    !opcode_is(instruction->opcode, "call"))
                    note_taken(graph, seen, instruction->operands[k].callee);
        }
    for (uint32_t v = 0; v < module->variable_count; v++)
        for (uint32_t r = 0; r < module->variables[v]->relocation_count; r++)
            note_taken(graph, seen, ptx_find_function(module, module->variables[v]->relocations[r].symbol));
}

static bool same_places(struct ptx_variable *const *a, struct ptx_variable *const *b, uint32_t count) {
    for (uint32_t i = 0; i < count; i++)
        if (a[i]->bytes != b[i]->bytes || a[i]->address != b[i]->address)
            return false;
    return true;
}

bool ptx_same_shape(const struct ptx_function *a, const struct ptx_function *b) {
    return a->result_count == b->result_count && a->parameter_count == b->parameter_count &&
           same_places(a->results, b->results, a->result_count) &&
           same_places(a->parameters, b->parameters, a->parameter_count);
}

const struct ptx_function *ptx_call_shape(const struct ptx_instruction *call) {
    const struct ptx_operand *callee = &call->operands[0], *targets = &call->operands[3];
    if (callee->kind == PTX_OPERAND_FUNCTION)
        return callee->callee;
    return targets->kind == PTX_OPERAND_FUNCTION ? targets->callee : targets->elements[0].callee;
}

bool calls_keep(struct lowering *lowering, const struct ptx_instruction *call) {
    struct call_graph *graph = graph_of(lowering);
    if (!lower_is_kept_call(call))
        return false;
    const struct ptx_function *shape = ptx_call_shape(call);
    if (call->operands[0].kind == PTX_OPERAND_FUNCTION) {
        if (graph->is_recursive[shape->index])
            lower_add_routine(lowering, shape);
        return graph->is_recursive[shape->index];
    }
    if (!graph->taken)
        find_taken(lowering, graph);
    for (uint32_t i = 0; i < graph->taken_count; i++)
        if (ptx_same_shape(graph->taken[i], shape)) {
            lower_add_routine(lowering, graph->taken[i]);
            graph->target_count++;
        }
    if (graph->target_count > MOST_TARGETS)
        lower_fail(lowering, call->line, "the kernel's indirect calls have more than %d possible targets",
                   MOST_TARGETS);
    return true;
}
