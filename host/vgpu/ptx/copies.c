/* What the operands of a function become in a copy of it: the program's registers and its own copies of variables. */
#include "copy.h"

#include <stdio.h>
#include <string.h>

uint32_t copy_add_instance(struct lowering *lowering, struct instance instance) {
    lowering->instances = lower_grow(lowering, lowering->instances, lowering->instance_count,
                                     &lowering->instance_capacity, sizeof *lowering->instances);
    lowering->instances[lowering->instance_count] = instance;
    return lowering->instance_count++;
}

static struct program_variable *new_variable(struct lowering *lowering, const struct ptx_variable *declared) {
    struct program_variable *variable = arena_allocate(lowering->arena, sizeof *variable);
    variable->variable = *declared;
    variable->declared = declared;
    return variable;
}

struct ptx_variable *copy_variable(struct lowering *lowering, uint32_t instance,
                                   const struct ptx_variable *declared) {
    struct program_variable *variable = new_variable(lowering, declared);
    variable->variable.ordinal = lowering->variable_count;
    variable->variable.base = lowering->instances[instance].routine ? PTX_BASE_FRAME : PTX_BASE_ZERO;
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

struct ptx_variable *copy_map_variable(struct lowering *lowering, const struct copy *copy,
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
            copy->variables[variable->ordinal] = copy_variable(lowering, copy->instance, variable);
        return copy->variables[variable->ordinal];
    }
}

struct ptx_operand copy_map_operand(struct lowering *lowering, const struct copy *copy,
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
            mapped.variable = copy_map_variable(lowering, copy, operand->variable, line);
        break;
    case PTX_OPERAND_VARIABLE:
        mapped.variable = copy_map_variable(lowering, copy, operand->variable, line);
        break;
    case PTX_OPERAND_VECTOR:
        mapped.elements = arena_allocate(lowering->arena, operand->element_count * sizeof *mapped.elements);
        for (uint32_t i = 0; i < operand->element_count; i++)
            mapped.elements[i] = copy_map_operand(lowering, copy, &operand->elements[i], line);
        break;
    default:
        break;
    }
    return mapped;
}

/* In a copied function an address in param space is one of a call's parameters, which lie in local memory. */
const char *copy_localise(struct lowering *lowering, const char *opcode) {
    const char *space = strstr(opcode, ".param");
    const char *rest = space + strlen(".param");
    if (strncmp(rest, "::func", 6) == 0)
        rest += 6;
    char name[128];
    snprintf(name, sizeof name, "%.*s.local%s", (int)(space - opcode), opcode, rest);
    return lower_intern(lowering, name);
}
