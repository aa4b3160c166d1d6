/*
 * How calls pass arguments and results.
 *
 * Of an inlined call, the callee's formals are the caller's variables. Of a call that stays, formals lie at fixed places of the
 * callee's frame (ptx_function), which begins at PTX_BASE_TOP: the caller copies its variables there before the call and
 * results from there after it, when nothing has been called in between.
 */
#include "copy.h"

#include <stdio.h>
#include <string.h>

/* Of a call that stays: as a kernel's parameters. */
enum { MOST_CALL_BYTES = 32764 };

/* The caller's variable that stands for a formal parameter or result of the callee. */
static struct ptx_variable *actual_variable(struct lowering *lowering, const struct copy *caller,
                                            uint32_t line, const struct ptx_operand *actual,
                                            const struct ptx_variable *formal) {
    if (actual->kind != PTX_OPERAND_VARIABLE)
        return copy_variable(lowering, caller->instance, formal);
    struct ptx_variable *variable = copy_map_variable(lowering, caller, actual->variable, line);
    if (variable->space != PTX_SPACE_PARAM || variable->bytes != formal->bytes)
        lower_fail(lowering, line, "'%s' of %llu bytes is passed for the parameter '%s' of %llu bytes",
                   variable->name, (unsigned long long)variable->bytes, formal->name,
                   (unsigned long long)formal->bytes);
    if (variable->owner == lowering->entry && variable == actual->variable)
        lower_fail(lowering, line, "the kernel's parameter '%s' is passed on without being loaded",
                   variable->name);
    return variable;
}

/* One load or store beside a call: "ld.param.b32 value, [variable + offset]" and its kind. */
static void emit_access(struct lowering *lowering, const struct ptx_instruction *call, const char *verb,
                        unsigned bytes, struct ptx_variable *variable, uint64_t offset,
                        struct ptx_operand value) {
    char opcode[32];
    snprintf(opcode, sizeof opcode, "%s.b%u", verb, 8 * bytes);
    struct ptx_operand address = {.kind = PTX_OPERAND_ADDRESS, .variable = variable};
    address.offset = (int64_t)offset;
    bool stores = verb[0] == 's';
    struct ptx_operand operands[2] = {stores ? address : value, stores ? value : address};
    struct ptx_instruction access = *call;
    access.opcode = lower_intern(lowering, opcode);
    access.guard = PTX_NO_GUARD; /* a guarded call jumps over all of it */
    access.operand_count = 2;
    access.operands = arena_copy(lowering->arena, operands, sizeof operands);
    lower_emit(lowering, &access);
}

static void check_call(struct lowering *lowering, const struct ptx_instruction *call,
                       const struct ptx_function *shape) {
    if (shape->is_entry)
        lower_fail(lowering, call->line, "'%s' is a kernel and cannot be called", shape->name);
    if (call->operands[1].element_count != shape->result_count ||
        call->operands[2].element_count != shape->parameter_count)
        lower_fail(lowering, call->line, "'%s' has %u results and %u parameters, the call gives %u and %u",
                   shape->name, shape->result_count, shape->parameter_count, call->operands[1].element_count,
                   call->operands[2].element_count);
}

struct ptx_variable **pass_arguments(struct lowering *lowering, const struct copy *caller,
                                     const struct ptx_instruction *call, const struct ptx_function *shape) {
    check_call(lowering, call, shape);
    const struct ptx_operand *results = call->operands[1].elements, *arguments = call->operands[2].elements;
    uint32_t count = shape->result_count + shape->parameter_count;
    struct ptx_variable **actuals = lower_scratch(lowering, (count + 1) * sizeof(struct ptx_variable *));
    for (uint32_t i = 0; i < shape->result_count; i++)
        actuals[i] = actual_variable(lowering, caller, call->line, &results[i], shape->results[i]);
    for (uint32_t i = 0; i < shape->parameter_count; i++) {
        struct ptx_variable *formal = shape->parameters[i],
                            *actual = actual_variable(lowering, caller, call->line, &arguments[i], formal);
        actuals[shape->result_count + i] = actual;
        for (uint32_t j = 0; j < shape->result_count; j++)
            if (actuals[j] == actual)
                lower_fail(lowering, call->line, "'%s' is both a result and an argument of one call",
                           actual->name);
        if (arguments[i].kind != PTX_OPERAND_VARIABLE)
            emit_access(lowering, call, "st.param", ptx_type_bytes(formal->type), actual, 0,
                        copy_map_operand(lowering, caller, &arguments[i], call->line));
    }
    return actuals;
}

void pass_results(struct lowering *lowering, const struct copy *caller, const struct ptx_instruction *call,
                  const struct ptx_function *shape, struct ptx_variable *const *actuals) {
    const struct ptx_operand *results = call->operands[1].elements;
    for (uint32_t i = 0; i < shape->result_count; i++)
        if (results[i].kind == PTX_OPERAND_REGISTER)
            emit_access(lowering, call, "ld.param", ptx_type_bytes(shape->results[i]->type), actuals[i], 0,
                        copy_map_operand(lowering, caller, &results[i], call->line));
}

/* Between a variable of the caller and the formal's place in the callee's frame, in the widest pieces both are aligned to. */
static void emit_copy(struct lowering *lowering, const struct copy *caller,
                      const struct ptx_instruction *call, struct ptx_variable *actual,
                      const struct ptx_variable *formal, bool is_result) {
    static const enum ptx_type types[] = {[1] = PTX_B16, [2] = PTX_B16, [4] = PTX_B32, [8] = PTX_B64};
    struct ptx_variable *place = copy_variable(lowering, caller->instance, formal);
    lowering->variables[place->ordinal]->is_placed = true;
    place->space = PTX_SPACE_LOCAL;
    place->base = PTX_BASE_TOP;
    uint32_t align = actual->align < formal->align ? actual->align : formal->align;
    unsigned bytes = align < 8 ? align : 8;
    for (uint64_t at = 0; at < formal->bytes; at += bytes) {
        while (bytes > formal->bytes - at)
            bytes /= 2;
        struct ptx_operand piece = {.kind = PTX_OPERAND_REGISTER};
        piece.reg =
            lower_add_register(lowering, &(struct ptx_register){.name = formal->name, .type = types[bytes]});
        emit_access(lowering, call, is_result ? "ld.local" : "ld.param", bytes, is_result ? place : actual,
                    at, piece);
        emit_access(lowering, call, is_result ? "st.param" : "st.local", bytes, is_result ? actual : place,
                    at, piece);
    }
}

static void emit_call(struct lowering *lowering, const struct copy *caller,
                      const struct ptx_instruction *call) {
    struct ptx_operand operands[4] = {
        copy_map_operand(lowering, caller, &call->operands[0], call->line),
        {.kind = PTX_OPERAND_VECTOR},
        {.kind = PTX_OPERAND_VECTOR}, /* slots.c tells what it keeps */
    };
    struct ptx_instruction kept = *call;
    if (call->operand_count == 4)
        operands[3] = call->operands[3];
    kept.guard = PTX_NO_GUARD;
    kept.operands = arena_copy(lowering->arena, operands, sizeof operands);
    lower_emit(lowering, &kept);
}

void pass_kept_call(struct lowering *lowering, const struct copy *caller,
                    const struct ptx_instruction *call) {
    const struct ptx_function *shape = ptx_call_shape(call);
    if (shape->call_bytes > MOST_CALL_BYTES)
        lower_fail(
            lowering, call->line,
            "the parameters and results of '%s' have %u bytes; a call that is not inlined passes at most %d",
            shape->name, shape->call_bytes, MOST_CALL_BYTES);
    struct ptx_variable **actuals = pass_arguments(lowering, caller, call, shape);
    lowering->uses_stack = true;
    for (uint32_t i = 0; i < shape->parameter_count; i++)
        emit_copy(lowering, caller, call, actuals[shape->result_count + i], shape->parameters[i], false);
    emit_call(lowering, caller, call);
    for (uint32_t i = 0; i < shape->result_count; i++)
        emit_copy(lowering, caller, call, actuals[i], shape->results[i], true);
    pass_results(lowering, caller, call, shape, actuals);
}
