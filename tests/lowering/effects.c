#include "effects.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

symbol symbol_mix(symbol a, symbol b) {
    symbol x = (a ^ (b + 0x9e3779b97f4a7c15u + (a << 6) + (a >> 2))) * 0xbf58476d1ce4e5b9u;
    return (x ^ x >> 29) * 0x94d049bb133111ebu ^ x >> 32;
}

static symbol symbol_of(const char *name) {
    symbol value = 1;
    while (*name)
        value = symbol_mix(value, (unsigned char)*name++);
    return value;
}

enum { MOST_CELLS = 4096, MOST_EFFECTS = 400, MOST_STEPS = 50000 };

/* A copy of a function that runs: its registers, and where its variables stand for those of its caller. */
struct frame {
    const struct frame *caller;
    const struct ptx_function *function;
    const struct ptx_instruction *call; /* in the caller's function */
    symbol *registers;
};

struct walker {
    const struct program *program; /* NULL: walks the module's functions */
    const struct ptx_function *entry;
    symbol seed;
    struct cell {
        const struct frame *frame;
        const struct ptx_variable *variable;
        int64_t offset;
        symbol value;
    } cells[MOST_CELLS]; /* local and call-parameter variables, accessed by name */
    unsigned cell_count;
    symbol effects[MOST_EFFECTS];
    unsigned effect_count, steps;
    bool ended, cut;
    struct allocation {
        struct allocation *next;
        symbol memory[];
    } * allocations; /* frames are not reused: cells are known by them */
};

/* Zeroed; freed when the walk ends. */
static void *allocate(struct walker *walker, size_t bytes) {
    struct allocation *allocation = calloc(1, sizeof *allocation + bytes);
    cr_assert_not_null(allocation);
    allocation->next = walker->allocations;
    walker->allocations = allocation;
    return allocation->memory;
}

static bool begins(const char *opcode, const char *base) {
    size_t length = strlen(base);
    return strncmp(opcode, base, length) == 0 && (opcode[length] == '.' || !opcode[length]);
}

static symbol *register_at(const struct walker *walker, const struct frame *frame, uint32_t reg) {
    uint32_t slot = walker->program ? walker->program->registers[reg].slot : 0;
    cr_assert(!walker->program || slot < walker->program->register_file_bytes,
              "a register without a slot is used");
    return &frame->registers[walker->program ? slot / 4 : reg];
}

/* A random path may reach a register that was never written; what it holds is nobody's promise, so the walk is cut there. */
static symbol read_register(struct walker *walker, const struct frame *frame, uint32_t reg) {
    symbol value = *register_at(walker, frame, reg);
    if (value == 0 && !walker->program)
        walker->ended = walker->cut = true;
    return value;
}

/* The caller's operand for a formal parameter or result of the frame's function, else NULL. */
static const struct ptx_operand *actual_of(const struct frame *frame, const struct ptx_variable *formal) {
    for (uint32_t i = 0; frame->call && i < frame->function->result_count; i++)
        if (frame->function->results[i] == formal)
            return &frame->call->operands[1].elements[i];
    for (uint32_t i = 0; frame->call && i < frame->function->parameter_count; i++)
        if (frame->function->parameters[i] == formal)
            return &frame->call->operands[2].elements[i];
    return NULL;
}

static symbol *cell_at(struct walker *walker, const struct frame *frame, const struct ptx_variable *variable,
                       int64_t offset) {
    const struct ptx_operand *actual;
    while ((actual = actual_of(frame, variable)) && actual->kind == PTX_OPERAND_VARIABLE) {
        variable = actual->variable;
        frame = frame->caller;
    }
    for (unsigned i = 0; i < walker->cell_count; i++) {
        struct cell *cell = &walker->cells[i];
        if (cell->frame == frame && cell->variable == variable && cell->offset == offset)
            return &cell->value;
    }
    cr_assert_lt(walker->cell_count, MOST_CELLS);
    walker->cells[walker->cell_count] = (struct cell){frame, variable, offset, 0};
    return &walker->cells[walker->cell_count++].value;
}

/* Memory of the thread's own that is accessed by name: local variables and parameters of calls. */
static bool is_own(const struct walker *walker, const struct ptx_variable *variable) {
    if (!variable || (variable->space != PTX_SPACE_LOCAL && variable->space != PTX_SPACE_PARAM))
        return false;
    for (uint32_t i = 0; i < walker->entry->parameter_count; i++)
        if (walker->entry->parameters[i] == variable)
            return false;
    return true;
}

static symbol value_of(struct walker *walker, const struct frame *frame, const struct ptx_operand *operand) {
    symbol value = 0;
    switch (operand->kind) {
    case PTX_OPERAND_REGISTER:
        value = read_register(walker, frame, operand->reg);
        return operand->negated ? symbol_mix(value, 77) : value;
    case PTX_OPERAND_IMMEDIATE:
        return symbol_mix(operand->bits, 11);
    case PTX_OPERAND_VARIABLE:
        return symbol_mix(symbol_of(operand->variable->name), (symbol)operand->offset);
    case PTX_OPERAND_SPECIAL:
        return symbol_mix(symbol_of(operand->special), walker->seed);
    case PTX_OPERAND_ADDRESS:
        if (operand->base_is_register)
            value = read_register(walker, frame, operand->reg);
        else if (operand->variable)
            value = symbol_of(operand->variable->name);
        return symbol_mix(value, (symbol)operand->offset);
    case PTX_OPERAND_VECTOR:
        for (uint32_t i = 0; i < operand->element_count; i++)
            value = symbol_mix(value, value_of(walker, frame, &operand->elements[i]));
        return value;
    default:
        return 0;
    }
}

static void assign(struct walker *walker, const struct frame *frame, const struct ptx_operand *operand,
                   symbol value) {
    if (operand->kind == PTX_OPERAND_REGISTER)
        *register_at(walker, frame, operand->reg) = value;
    for (uint32_t i = 0; operand->kind == PTX_OPERAND_VECTOR && i < operand->element_count; i++)
        assign(walker, frame, &operand->elements[i], symbol_mix(value, i));
}

static void add_effect(struct walker *walker, symbol effect) {
    if (walker->cut)
        return;
    if (walker->effect_count < MOST_EFFECTS)
        walker->effects[walker->effect_count++] = effect;
    else
        walker->ended = true;
}

static symbol sources_of(struct walker *walker, const struct frame *frame,
                         const struct ptx_instruction *instruction, uint32_t first) {
    symbol value = symbol_of(instruction->opcode);
    for (uint32_t i = first; i < instruction->operand_count; i++)
        value = symbol_mix(value, value_of(walker, frame, &instruction->operands[i]));
    return value;
}

/* A load or store of own memory moves each element's symbol as it is. */
static void access_own(struct walker *walker, const struct frame *frame,
                       const struct ptx_instruction *instruction, bool stores) {
    const struct ptx_operand *address = &instruction->operands[!stores],
                             *value = &instruction->operands[stores];
    bool is_vector = value->kind == PTX_OPERAND_VECTOR;
    const char *type = strrchr(instruction->opcode, '.') + 2;
    for (uint32_t i = 0; i < (is_vector ? value->element_count : 1); i++) {
        const struct ptx_operand *element = is_vector ? &value->elements[i] : value;
        symbol *cell = cell_at(walker, frame, address->variable, address->offset + i * atoi(type) / 8);
        if (stores)
            *cell = value_of(walker, frame, element);
        else
            assign(walker, frame, element, *cell);
    }
}

static void walk(struct walker *walker, const struct frame *frame, const struct ptx_instruction *instructions,
                 uint32_t count);

/* A scalar that is passed by way of a parameter's variable, or as it stands. */
static symbol argument_value(struct walker *walker, const struct frame *frame,
                             const struct ptx_operand *argument) {
    if (argument->kind == PTX_OPERAND_VARIABLE && is_own(walker, argument->variable))
        return *cell_at(walker, frame, argument->variable, 0);
    return value_of(walker, frame, argument);
}

static void walk_call(struct walker *walker, const struct frame *frame, const struct ptx_instruction *call) {
    const struct ptx_function *callee = call->operands[0].callee;
    const struct ptx_operand *results = &call->operands[1], *arguments = &call->operands[2];
    if (callee->is_defined) {
        cr_assert_null(walker->program, "a call of '%s' is left", callee->name);
        struct frame *inner = allocate(walker, sizeof *inner);
        *inner = (struct frame){frame, callee, call,
                                allocate(walker, (callee->register_count + 1) * sizeof(symbol))};
        for (uint32_t i = 0; i < callee->parameter_count; i++)
            if (arguments->elements[i].kind != PTX_OPERAND_VARIABLE)
                *cell_at(walker, inner, callee->parameters[i], 0) =
                    value_of(walker, frame, &arguments->elements[i]);
        walk(walker, inner, callee->instructions, callee->instruction_count);
        for (uint32_t i = 0; i < callee->result_count; i++)
            if (results->elements[i].kind == PTX_OPERAND_REGISTER)
                assign(walker, frame, &results->elements[i], *cell_at(walker, inner, callee->results[i], 0));
        return;
    }
    symbol effect = symbol_of(callee->name);
    for (uint32_t i = 0; i < arguments->element_count; i++)
        effect = symbol_mix(effect, argument_value(walker, frame, &arguments->elements[i]));
    add_effect(walker, effect);
    for (uint32_t i = 0; i < results->element_count; i++) {
        symbol value = symbol_mix(symbol_mix(effect, walker->effect_count), i);
        if (results->elements[i].kind == PTX_OPERAND_VARIABLE)
            *cell_at(walker, frame, results->elements[i].variable, 0) = value;
        else
            assign(walker, frame, &results->elements[i], value);
    }
}

static bool has_effect(const char *opcode) {
    static const char *const bases[] = {"ld",     "st",    "atom",      "red",  "bar",   "barrier",
                                        "membar", "fence", "shfl",      "vote", "match", "redux",
                                        "trap",   "exit",  "nanosleep", "ret"};
    for (size_t i = 0; i < sizeof bases / sizeof *bases; i++)
        if (begins(opcode, bases[i]))
            return true;
    return false;
}

/* One thread through a list of instructions, until it returns or ends. */
static void walk(struct walker *walker, const struct frame *frame, const struct ptx_instruction *instructions,
                 uint32_t count) {
    for (uint32_t at = 0; at < count && !walker->ended;) {
        const struct ptx_instruction *instruction = &instructions[at++];
        const char *opcode = instruction->opcode;
        if (++walker->steps == MOST_STEPS || walker->cell_count > MOST_CELLS / 2)
            walker->ended = walker->cut = true;
        if (instruction->guard != PTX_NO_GUARD &&
            (read_register(walker, frame, instruction->guard) >> 13 & 1) == instruction->guard_negated)
            continue;
        const struct ptx_operand *operands = instruction->operands;
        bool loads = begins(opcode, "ld"), stores = begins(opcode, "st");
        if (begins(opcode, "bra")) {
            at = operands[0].label;
        } else if (begins(opcode, "brx")) {
            at =
                operands[1].elements[value_of(walker, frame, &operands[0]) % operands[1].element_count].label;
        } else if (begins(opcode, "call")) {
            walk_call(walker, frame, instruction);
        } else if (begins(opcode, "ret") && frame->caller) {
            return;
        } else if ((loads || stores) && is_own(walker, operands[loads].variable) &&
                   !operands[loads].base_is_register) {
            access_own(walker, frame, instruction, stores);
        } else if (begins(opcode, "ld") && strstr(opcode, ".param")) {
            assign(walker, frame, &operands[0], value_of(walker, frame, &operands[1]));
        } else if (has_effect(opcode)) {
            bool reads_all = stores || begins(opcode, "bar") || begins(opcode, "nanosleep");
            symbol effect = sources_of(walker, frame, instruction, !reads_all);
            add_effect(walker, effect);
            if (!reads_all && instruction->operand_count)
                assign(walker, frame, &operands[0], symbol_mix(effect, walker->effect_count));
            walker->ended |= begins(opcode, "ret") || begins(opcode, "exit") || begins(opcode, "trap");
        } else if (begins(opcode, "mov") && operands[0].kind == PTX_OPERAND_REGISTER &&
                   operands[1].kind != PTX_OPERAND_VECTOR) {
            assign(walker, frame, &operands[0], value_of(walker, frame, &operands[1]));
        } else {
            assign(walker, frame, &operands[0], sources_of(walker, frame, instruction, 1));
        }
    }
}

/* Running off the entry's end is a return. */
static void walk_entry(struct walker *walker, const struct ptx_function *entry, const struct program *program,
                       symbol seed) {
    struct frame frame = {.function = entry};
    memset(walker, 0, sizeof *walker);
    walker->program = program;
    walker->entry = entry;
    walker->seed = seed;
    frame.registers =
        allocate(walker, (program ? program->register_file_bytes / 4 + 1 : entry->register_count + 1) *
                             sizeof(symbol));
    walk(walker, &frame, program ? program->instructions : entry->instructions,
         program ? program->instruction_count : entry->instruction_count);
    if (!walker->ended)
        add_effect(walker, symbol_of("ret"));
    while (walker->allocations) {
        struct allocation *next = walker->allocations->next;
        free(walker->allocations);
        walker->allocations = next;
    }
}

static struct walker before, after;

unsigned expect_same_effects(const struct program *program, symbol seed, const char *text) {
    walk_entry(&before, program->entry, NULL, seed);
    walk_entry(&after, program->entry, program, seed);
    bool cut = before.cut || after.cut;
    unsigned count = before.effect_count < after.effect_count ? before.effect_count : after.effect_count;
    cr_assert(cut || before.effect_count == after.effect_count, "'%s', seed %llu: %u effects became %u\n%s",
              program->name, (unsigned long long)seed, before.effect_count, after.effect_count, text);
    for (unsigned i = 0; i < count; i++)
        cr_assert_eq(before.effects[i], after.effects[i], "'%s', seed %llu: effect %u differs\n%s",
                     program->name, (unsigned long long)seed, i, text);
    return count;
}
