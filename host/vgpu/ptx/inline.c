/*
 * Flattens an entry and all it calls into one list. Every call site gets its own copy of the callee's body and registers;
 * the callee's parameters and results become the variables that the caller passed. `ret` of a copy becomes a jump behind it.
 */
#include "lowering.h"

#include <stdio.h>
#include <string.h>

enum { MOST_INSTRUCTIONS = 1 << 21, MOST_REGISTERS = 1 << 22, MOST_COPIES = 1 << 16, MOST_DEPTH = 200 };

struct copy {
    const struct ptx_function *function;
    const struct copy *caller;
    uint32_t instance, first_register, depth;
    struct ptx_variable **variables; /* by ordinal; NULL until first used */
};

static struct program_variable *new_variable(struct lowering *lowering, const struct ptx_variable *declared) {
    struct program_variable *variable = arena_allocate(lowering->arena, sizeof *variable);
    variable->variable = *declared;
    variable->declared = declared;
    return variable;
}

static struct ptx_variable *instance_variable(struct lowering *lowering, uint32_t instance,
                                              const struct ptx_variable *declared) {
    struct program_variable *variable = new_variable(lowering, declared);
    variable->variable.ordinal = lowering->variable_count;
    variable->next = lowering->instances[instance].variables;
    lowering->instances[instance].variables = variable;
    lowering->variables = lower_grow(lowering, lowering->variables, lowering->variable_count,
                                     &lowering->variable_capacity, sizeof *lowering->variables);
    lowering->variables[lowering->variable_count++] = variable;
    return &variable->variable;
}

/* Static shared variables are one per block, however often their function is copied. */
static struct ptx_variable *shared_variable(struct lowering *lowering, const struct ptx_variable *declared) {
    struct program_variable **at = &lowering->shared;
    for (; *at; at = &(*at)->next)
        if ((*at)->declared == declared)
            return &(*at)->variable;
    *at = new_variable(lowering, declared);
    if (!declared->is_extern) {
        uint64_t offset =
            (lowering->static_shared_bytes + (uint64_t)declared->align - 1) & -(uint64_t)declared->align;
        if (offset + declared->bytes > INT32_MAX)
            lower_fail(lowering, 0, "the kernel's shared variables have more than 2^31 bytes");
        (*at)->variable.address = offset;
        lowering->static_shared_bytes = (uint32_t)(offset + declared->bytes);
    }
    return &(*at)->variable;
}

static struct ptx_variable *map_variable(struct lowering *lowering, const struct copy *copy,
                                         struct ptx_variable *variable, uint32_t line) {
    switch (variable->space) {
    case PTX_SPACE_SHARED:
        return shared_variable(lowering, variable);
    case PTX_SPACE_GLOBAL:
    case PTX_SPACE_CONST:
        if (variable->is_extern)
            lower_fail(lowering, line, "the variable '%s' is .extern and this module does not define it",
                       variable->name);
        return variable;
    default:
        if (!copy->variables[variable->ordinal])
            copy->variables[variable->ordinal] = instance_variable(lowering, copy->instance, variable);
        return copy->variables[variable->ordinal];
    }
}

static struct ptx_operand map_operand(struct lowering *lowering, const struct copy *copy,
                                      const struct ptx_operand *operand, uint32_t line) {
    struct ptx_operand mapped = *operand;
    switch (operand->kind) {
    case PTX_OPERAND_REGISTER:
        mapped.reg += copy->first_register;
        break;
    case PTX_OPERAND_ADDRESS:
        if (operand->base_is_register)
            mapped.reg += copy->first_register;
        else if (operand->variable)
            mapped.variable = map_variable(lowering, copy, operand->variable, line);
        break;
    case PTX_OPERAND_VARIABLE:
        mapped.variable = map_variable(lowering, copy, operand->variable, line);
        break;
    case PTX_OPERAND_VECTOR:
        mapped.elements = arena_allocate(lowering->arena, operand->element_count * sizeof *mapped.elements);
        for (uint32_t i = 0; i < operand->element_count; i++)
            mapped.elements[i] = map_operand(lowering, copy, &operand->elements[i], line);
        break;
    default:
        break;
    }
    return mapped;
}

/* In a copied function an address in param space is one of a call's parameters, which lie in local memory. */
static const char *localise(struct lowering *lowering, const char *opcode) {
    const char *space = strstr(opcode, ".param");
    const char *rest = space + strlen(".param");
    if (strncmp(rest, "::func", 6) == 0)
        rest += 6;
    char name[128];
    snprintf(name, sizeof name, "%.*s.local%s", (int)(space - opcode), opcode, rest);
    return lower_intern(lowering, name);
}

static void copy_instruction(struct lowering *lowering, const struct copy *copy,
                             const struct ptx_instruction *instruction) {
    struct ptx_instruction mapped = *instruction;
    if (mapped.guard != PTX_NO_GUARD)
        mapped.guard += copy->first_register;
    mapped.operands = arena_allocate(lowering->arena, mapped.operand_count * sizeof *mapped.operands);
    bool by_register = false;
    for (uint32_t i = 0; i < mapped.operand_count; i++) {
        mapped.operands[i] = map_operand(lowering, copy, &instruction->operands[i], instruction->line);
        by_register |= mapped.operands[i].base_is_register;
    }
    if (copy->caller && opcode_has(mapped.opcode, "param") &&
        (by_register || opcode_is(mapped.opcode, "cvta")))
        mapped.opcode = localise(lowering, mapped.opcode);
    lower_emit(lowering, &mapped);
}

static void emit_jump(struct lowering *lowering, const struct ptx_instruction *origin, uint32_t guard,
                      bool negated, uint32_t label) {
    struct ptx_instruction jump = *origin;
    struct ptx_operand target = {.kind = PTX_OPERAND_LABEL, .label = label};
    jump.opcode = lower_intern(lowering, "bra");
    jump.guard = guard;
    jump.guard_negated = negated;
    jump.operand_count = 1;
    jump.operands = arena_copy(lowering->arena, &target, sizeof target);
    lower_emit(lowering, &jump);
}

/* st.param or ld.param between a register or immediate of the caller and a parameter of the callee. */
static void emit_passing(struct lowering *lowering, const struct copy *copy,
                         const struct ptx_instruction *call, const char *verb, struct ptx_variable *variable,
                         const struct ptx_operand *value) {
    char opcode[32];
    snprintf(opcode, sizeof opcode, "%s.param.b%u", verb, 8 * ptx_type_bytes(variable->type));
    struct ptx_operand address = {.kind = PTX_OPERAND_ADDRESS, .variable = variable};
    struct ptx_operand mapped = map_operand(lowering, copy, value, call->line);
    bool stores = verb[0] == 's';
    struct ptx_operand operands[2] = {stores ? address : mapped, stores ? mapped : address};
    struct ptx_instruction passing = *call;
    passing.opcode = lower_intern(lowering, opcode);
    passing.guard = PTX_NO_GUARD; /* a guarded call jumps over all of it */
    passing.operand_count = 2;
    passing.operands = arena_copy(lowering->arena, operands, sizeof operands);
    lower_emit(lowering, &passing);
}

/* The caller's variable that stands for a formal parameter or result of the callee. */
static struct ptx_variable *actual_variable(struct lowering *lowering, const struct copy *copy, uint32_t line,
                                            const struct ptx_operand *actual,
                                            const struct ptx_variable *formal) {
    if (actual->kind != PTX_OPERAND_VARIABLE)
        return instance_variable(lowering, copy->instance, formal);
    struct ptx_variable *variable = map_variable(lowering, copy, actual->variable, line);
    if (variable->space != PTX_SPACE_PARAM || variable->bytes != formal->bytes)
        lower_fail(lowering, line, "'%s' of %llu bytes is passed for the parameter '%s' of %llu bytes",
                   variable->name, (unsigned long long)variable->bytes, formal->name,
                   (unsigned long long)formal->bytes);
    if (variable->owner == lowering->entry && variable == actual->variable)
        lower_fail(lowering, line, "the kernel's parameter '%s' is passed on without being loaded",
                   variable->name);
    return variable;
}

static void copy_function(struct lowering *lowering, struct copy *copy);

static void check_call(struct lowering *lowering, const struct copy *caller,
                       const struct ptx_instruction *call) {
    const struct ptx_function *callee = call->operands[0].callee;
    for (const struct copy *above = caller; above; above = above->caller)
        if (above->function == callee)
            lower_fail(lowering, call->line, "'%s' calls itself, directly or not; recursion is not supported",
                       callee->name);
    if (caller->depth == MOST_DEPTH)
        lower_fail(lowering, call->line, "calls are nested more than %d deep", MOST_DEPTH);
    if (lowering->instance_count > MOST_COPIES)
        lower_fail(lowering, call->line, "the kernel has more than %d calls to inline", MOST_COPIES);
    if (callee->is_entry)
        lower_fail(lowering, call->line, "'%s' is a kernel and cannot be called", callee->name);
    if (call->operands[1].element_count != callee->result_count ||
        call->operands[2].element_count != callee->parameter_count)
        lower_fail(lowering, call->line, "'%s' has %u results and %u parameters, the call gives %u and %u",
                   callee->name, callee->result_count, callee->parameter_count,
                   call->operands[1].element_count, call->operands[2].element_count);
}

static void copy_callee(struct lowering *lowering, const struct copy *caller,
                        const struct ptx_instruction *call) {
    check_call(lowering, caller, call);
    const struct ptx_function *callee = call->operands[0].callee;
    const struct ptx_operand *results = call->operands[1].elements, *arguments = call->operands[2].elements;
    struct copy copy = {.function = callee, .caller = caller, .depth = caller->depth + 1};
    copy.variables = lower_scratch(lowering, callee->ordinal_count * sizeof(struct ptx_variable *));
    for (uint32_t i = 0; i < callee->result_count; i++)
        copy.variables[callee->results[i]->ordinal] =
            actual_variable(lowering, caller, call->line, &results[i], callee->results[i]);
    for (uint32_t i = 0; i < callee->parameter_count; i++) {
        struct ptx_variable *actual =
            actual_variable(lowering, caller, call->line, &arguments[i], callee->parameters[i]);
        copy.variables[callee->parameters[i]->ordinal] = actual;
        for (uint32_t j = 0; j < callee->result_count; j++)
            if (copy.variables[callee->results[j]->ordinal] == actual)
                lower_fail(lowering, call->line, "'%s' is both a result and an argument of one call",
                           actual->name);
        if (arguments[i].kind != PTX_OPERAND_VARIABLE)
            emit_passing(lowering, caller, call, "st", actual, &arguments[i]);
    }

    lowering->instances = lower_grow(lowering, lowering->instances, lowering->instance_count,
                                     &lowering->instance_capacity, sizeof *lowering->instances);
    copy.instance = lowering->instance_count++;
    lowering->instances[copy.instance] = (struct instance){.caller = caller->instance};
    copy_function(lowering, &copy);

    for (uint32_t i = 0; i < callee->result_count; i++)
        if (results[i].kind == PTX_OPERAND_REGISTER)
            emit_passing(lowering, caller, call, "ld", copy.variables[callee->results[i]->ordinal],
                         &results[i]);
}

static void copy_function(struct lowering *lowering, struct copy *copy) {
    const struct ptx_function *function = copy->function;
    uint32_t count = function->instruction_count;
    copy->first_register = lowering->register_count;
    if (function->register_count > MOST_REGISTERS - lowering->register_count)
        lower_fail(lowering, 0, "the kernel has more than %d registers once its calls are inlined",
                   MOST_REGISTERS);
    for (uint32_t i = 0; i < function->register_count; i++)
        lower_add_register(lowering, &function->registers[i]);

    /* Labels of this copy stay positions in the function until all of it stands; branches: where they are. */
    uint32_t *positions = lower_scratch(lowering, (count + 1) * sizeof *positions);
    uint32_t *branches = lower_scratch(lowering, (count + 1) * sizeof *branches);
    uint32_t branch_count = 0;
    for (uint32_t i = 0; i < count; i++) {
        const struct ptx_instruction *instruction = &function->instructions[i];
        positions[i] = lowering->instruction_count;
        if (lowering->instruction_count > MOST_INSTRUCTIONS)
            lower_fail(lowering, instruction->line,
                       "the kernel has more than %d instructions once its calls are inlined",
                       MOST_INSTRUCTIONS);
        if (opcode_is(instruction->opcode, "call")) {
            if (instruction->operands[0].kind != PTX_OPERAND_FUNCTION)
                lower_fail(lowering, instruction->line,
                           "indirect calls are not supported (by function pointer or virtual function)");
            if (instruction->operands[0].callee->is_defined) {
                if (instruction->guard != PTX_NO_GUARD) {
                    branches[branch_count++] = lowering->instruction_count;
                    emit_jump(lowering, instruction, copy->first_register + instruction->guard,
                              !instruction->guard_negated, i + 1);
                }
                copy_callee(lowering, copy, instruction);
                continue;
            }
        }
        if (opcode_is(instruction->opcode, "bra") || opcode_is(instruction->opcode, "brx"))
            branches[branch_count++] = lowering->instruction_count;
        if (copy->caller && opcode_is(instruction->opcode, "ret")) {
            bool is_last = i + 1 == count;
            if (is_last)
                continue;
            branches[branch_count++] = lowering->instruction_count;
            uint32_t guard = instruction->guard;
            emit_jump(lowering, instruction, guard == PTX_NO_GUARD ? guard : copy->first_register + guard,
                      instruction->guard_negated, count);
            continue;
        }
        copy_instruction(lowering, copy, instruction);
    }
    positions[count] = lowering->instruction_count;
    for (uint32_t i = 0; i < branch_count; i++) {
        struct ptx_instruction *branch = &lowering->instructions[branches[i]];
        lower_relabel(branch->operands, branch->operand_count, positions);
    }
}

/* Running off the end is a return; so is a jump to it. */
static void end_with_return(struct lowering *lowering) {
    struct ptx_instruction end = {.guard = PTX_NO_GUARD};
    if (lowering->instruction_count)
        end = lowering->instructions[lowering->instruction_count - 1];
    end.opcode = lower_intern(lowering, "ret");
    end.guard = PTX_NO_GUARD;
    end.operand_count = 0;
    end.operands = NULL;
    lower_emit(lowering, &end);
}

void lower_inline(struct lowering *lowering) {
    const struct ptx_function *entry = lowering->entry;
    lowering->instances = lower_grow(lowering, lowering->instances, 0, &lowering->instance_capacity,
                                     sizeof *lowering->instances);
    lowering->instances[0] = (struct instance){0};
    lowering->instance_count = 1;
    struct copy copy = {.function = entry};
    copy.variables = lower_scratch(lowering, entry->ordinal_count * sizeof(struct ptx_variable *));
    for (uint32_t i = 0; i < entry->parameter_count; i++)
        copy.variables[entry->parameters[i]->ordinal] = entry->parameters[i];
    copy_function(lowering, &copy);
    end_with_return(lowering);
    lowering->dynamic_shared_offset = (lowering->static_shared_bytes + 127) & ~127u;
    for (struct program_variable *shared = lowering->shared; shared; shared = shared->next)
        if (shared->variable.is_extern)
            shared->variable.address = lowering->dynamic_shared_offset;
}
