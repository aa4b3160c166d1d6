/*
 * Flattens an entry and what it calls into one list. A call site gets its own copy of the callee's body and registers; the
 * callee's parameters and results become the variables that the caller passed. `ret` of a copy becomes a jump behind it.
 * Calls that cannot be (calls.c) stay, and the bodies they go to stand behind the entry's.
 */
#include "copy.h"

enum { MOST_INSTRUCTIONS = 1 << 21, MOST_REGISTERS = 1 << 22, MOST_COPIES = 1 << 16, MOST_DEPTH = 200 };

static void copy_instruction(struct lowering *lowering, const struct copy *copy,
                             const struct ptx_instruction *instruction) {
    struct ptx_instruction mapped = *instruction;
    if (mapped.guard != PTX_NO_GUARD)
        mapped.guard += copy->first_register;
    mapped.operands = arena_allocate(lowering->arena, mapped.operand_count * sizeof *mapped.operands);
    bool by_register = false;
    for (uint32_t i = 0; i < mapped.operand_count; i++) {
        mapped.operands[i] = copy_map_operand(lowering, copy, &instruction->operands[i], instruction->line);
        by_register |= mapped.operands[i].base_is_register;
    }
    if (!copy->function->is_entry && opcode_has(mapped.opcode, "param") &&
        (by_register || opcode_is(mapped.opcode, "cvta")))
        mapped.opcode = copy_localise(lowering, mapped.opcode);
    lowering->uses_stack |= opcode_is(mapped.opcode, "alloca") || opcode_is(mapped.opcode, "stacksave") ||
                            opcode_is(mapped.opcode, "stackrestore");
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

static void copy_function(struct lowering *lowering, struct copy *copy);

static void check_call(struct lowering *lowering, const struct copy *caller,
                       const struct ptx_instruction *call) {
    if (caller->depth == MOST_DEPTH)
        lower_fail(lowering, call->line, "calls are nested more than %d deep", MOST_DEPTH);
    if (lowering->instance_count > MOST_COPIES)
        lower_fail(lowering, call->line, "the kernel has more than %d calls to inline", MOST_COPIES);
}

static void copy_callee(struct lowering *lowering, const struct copy *caller,
                        const struct ptx_instruction *call) {
    check_call(lowering, caller, call);
    const struct ptx_function *callee = call->operands[0].callee;
    struct copy copy = {.function = callee, .caller = caller, .depth = caller->depth + 1};
    copy.variables = lower_scratch(lowering, callee->ordinal_count * sizeof(struct ptx_variable *));
    struct ptx_variable **actuals = pass_arguments(lowering, caller, call, callee);
    for (uint32_t i = 0; i < callee->result_count; i++)
        copy.variables[callee->results[i]->ordinal] = actuals[i];
    for (uint32_t i = 0; i < callee->parameter_count; i++)
        copy.variables[callee->parameters[i]->ordinal] = actuals[callee->result_count + i];
    struct instance instance = {.caller = caller->instance,
                                .routine = lowering->instances[caller->instance].routine};
    copy.instance = copy_add_instance(lowering, instance);
    copy_function(lowering, &copy);
    pass_results(lowering, caller, call, callee, actuals);
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
            bool is_kept = calls_keep(lowering, instruction);
            if (is_kept || instruction->operands[0].callee->is_defined) {
                if (instruction->guard != PTX_NO_GUARD) {
                    branches[branch_count++] = lowering->instruction_count;
                    emit_jump(lowering, instruction, copy->first_register + instruction->guard,
                              !instruction->guard_negated, i + 1);
                }
                (is_kept ? pass_kept_call : copy_callee)(lowering, copy, instruction);
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

static struct ptx_variable *place_formal(struct lowering *lowering, uint32_t instance,
                                         const struct ptx_variable *formal) {
    struct ptx_variable *variable = copy_variable(lowering, instance, formal);
    lowering->variables[variable->ordinal]->is_placed = true;
    return variable;
}

/* A routine's parameters and results lie at the places that its prototype gives them, the entry's are the module's. */
static void copy_routine(struct lowering *lowering, uint32_t routine) {
    const struct ptx_function *function = lowering->routines[routine].function;
    struct copy copy = {.function = function};
    copy.instance = copy_add_instance(lowering, (struct instance){.routine = routine});
    copy.variables = lower_scratch(lowering, function->ordinal_count * sizeof(struct ptx_variable *));
    lowering->routines[routine].begin = lowering->instruction_count;
    lowering->routines[routine].instance = copy.instance;
    for (uint32_t i = 0; i < function->parameter_count + function->result_count; i++) {
        bool is_result = i >= function->parameter_count;
        struct ptx_variable *formal =
            is_result ? function->results[i - function->parameter_count] : function->parameters[i];
        uint32_t ordinal = formal->ordinal;
        if (routine)
            formal = place_formal(lowering, copy.instance, formal);
        copy.variables[ordinal] = formal;
    }
    calls_find_recursion(lowering, function);
    copy_function(lowering, &copy);
    end_with_return(lowering);
}

void lower_inline(struct lowering *lowering) {
    lower_add_routine(lowering, lowering->entry);
    for (uint32_t routine = 0; routine < lowering->routine_count; routine++)
        copy_routine(lowering, routine);
    lowering->dynamic_shared_offset = (lowering->static_shared_bytes + 127) & ~127u;
    for (struct program_variable *shared = lowering->shared; shared; shared = shared->next)
        if (shared->variable.is_extern)
            shared->variable.address = lowering->dynamic_shared_offset;
}
