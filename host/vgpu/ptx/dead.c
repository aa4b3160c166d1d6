/*
 * Removes what nobody needs: code that no path reaches, and pure instructions whose results nobody reads; and before that
 * gives moves fewer readers. Readers of `mov d, s` read s instead and, where the instruction allows it, readers of
 * `mov d, 5` the number.
 *
 * Only where d and s each have one definition, without a guard, and are not live where a routine begins. A register with
 * one definition that is not live at the beginning is defined on every path to each of its readers. So from the move to
 * any reader of d no path passes the definition of s again without passing the move again: s still holds d's value.
 */
#include "lowering.h"

#include <string.h>

struct value {
    bool known;
    struct ptx_operand operand; /* REGISTER or IMMEDIATE */
};

/* Registers with one definition that reaches all readers. */
static bool *find_single(struct lowering *lowering) {
    struct liveness liveness = liveness_of(lowering);
    struct accesses accesses = {0};
    uint32_t *definitions = lower_scratch(lowering, (lowering->register_count + 1) * sizeof *definitions);
    bool *single = lower_scratch(lowering, lowering->register_count + 1);
    uint64_t *at_begin = lower_scratch(lowering, liveness.words * sizeof *at_begin);
    for (uint32_t b = 0; b < liveness.flow.block_count; b++)
        for (size_t w = 0; w < liveness.words && begins_routine(lowering, &liveness.flow.blocks[b]); w++)
            at_begin[w] |= liveness.in[b * liveness.words + w];
    for (uint32_t i = 0; i < lowering->instruction_count; i++) {
        accesses_of(lowering, &lowering->instructions[i], &accesses);
        for (uint32_t j = 0; j < accesses.defined_count; j++)
            definitions[accesses.defined[j]]++;
    }
    for (uint32_t reg = 0; reg < lowering->register_count; reg++)
        single[reg] = definitions[reg] == 1 && !live_in(at_begin, liveness.number[reg]);
    return single;
}

static struct value *find_values(struct lowering *lowering, const bool *single) {
    struct value *values = lower_scratch(lowering, (lowering->register_count + 1) * sizeof *values);
    for (uint32_t i = 0; i < lowering->instruction_count; i++) {
        const struct ptx_instruction *move = &lowering->instructions[i];
        if (!opcode_is(move->opcode, "mov") || move->operand_count != 2 || move->guard != PTX_NO_GUARD ||
            move->operands[0].kind != PTX_OPERAND_REGISTER || !single[move->operands[0].reg])
            continue;
        uint32_t source = copied_register(lowering, move);
        bool is_immediate = move->operands[1].kind == PTX_OPERAND_IMMEDIATE;
        if (is_immediate || (source != UINT32_MAX && single[source]))
            values[move->operands[0].reg] = (struct value){.known = true, .operand = move->operands[1]};
    }
    return values;
}

/* The end of a chain of copies: a register that is none, or a number. */
static struct ptx_operand origin(const struct value *values, struct ptx_operand operand) {
    while (operand.kind == PTX_OPERAND_REGISTER && values[operand.reg].known)
        operand = values[operand.reg].operand;
    return operand;
}

static uint32_t origin_register(const struct value *values, uint32_t reg) {
    while (values[reg].known && values[reg].operand.kind == PTX_OPERAND_REGISTER)
        reg = values[reg].operand.reg;
    return reg;
}

/* Takes numbers as sources whose type is the last part of its name. */
static bool takes_numbers(const char *opcode) {
    static const char *const takers[] = {"add", "and",  "fma",  "mad", "max", "min", "mov", "mul",
                                         "or",  "selp", "setp", "shl", "shr", "st",  "sub", "xor"};
    for (size_t i = 0; i < sizeof takers / sizeof *takers; i++)
        if (opcode_is(opcode, takers[i]))
            return true;
    return false;
}

/* Whether a number that was moved into a register of some width may stand in its place: same width, same kind. */
static bool fits(const struct ptx_instruction *instruction, const struct ptx_operand *number,
                 enum ptx_type type) {
    static const struct {
        const char *suffix;
        unsigned bytes;
        enum ptx_immediate immediate;
    } types[] = {
        {".b16", 2, PTX_IMMEDIATE_INTEGER}, {".u16", 2, PTX_IMMEDIATE_INTEGER},
        {".s16", 2, PTX_IMMEDIATE_INTEGER}, {".b32", 4, PTX_IMMEDIATE_INTEGER},
        {".u32", 4, PTX_IMMEDIATE_INTEGER}, {".s32", 4, PTX_IMMEDIATE_INTEGER},
        {".b64", 8, PTX_IMMEDIATE_INTEGER}, {".u64", 8, PTX_IMMEDIATE_INTEGER},
        {".s64", 8, PTX_IMMEDIATE_INTEGER}, {".f32", 4, PTX_IMMEDIATE_F32},
        {".f64", 8, PTX_IMMEDIATE_F64},
    };
    const char *suffix = strrchr(instruction->opcode, '.');
    for (size_t i = 0; i < sizeof types / sizeof *types && suffix; i++)
        if (strcmp(suffix, types[i].suffix) == 0)
            return types[i].bytes == ptx_type_bytes(type) && types[i].immediate == number->immediate;
    return false;
}

static void replace_source(struct lowering *lowering, const struct value *values,
                           const struct ptx_instruction *instruction, struct ptx_operand *operand,
                           bool is_plain) {
    switch (operand->kind) {
    case PTX_OPERAND_REGISTER: {
        struct ptx_operand end = origin(values, *operand);
        enum ptx_type type = lowering->registers[operand->reg].type;
        operand->reg = origin_register(values, operand->reg); /* keeps `!` */
        if (end.kind == PTX_OPERAND_IMMEDIATE && is_plain && !operand->negated && type != PTX_PRED &&
            fits(instruction, &end, type))
            *operand = end;
        break;
    }
    case PTX_OPERAND_ADDRESS:
        if (operand->base_is_register)
            operand->reg = origin_register(values, operand->reg);
        break;
    case PTX_OPERAND_VECTOR:
        for (uint32_t i = 0; i < operand->element_count; i++)
            replace_source(lowering, values, instruction, &operand->elements[i], false);
        break;
    default:
        break;
    }
}

static void propagate(struct lowering *lowering) {
    const bool *single = find_single(lowering);
    const struct value *values = find_values(lowering, single);
    for (uint32_t i = 0; i < lowering->instruction_count; i++) {
        struct ptx_instruction *instruction = &lowering->instructions[i];
        if (instruction->guard != PTX_NO_GUARD)
            instruction->guard = origin_register(values, instruction->guard);
        uint32_t destination = destination_of(instruction);
        bool is_plain = takes_numbers(instruction->opcode);
        for (uint32_t j = 0; j < instruction->operand_count; j++)
            if (j != destination)
                replace_source(lowering, values, instruction, &instruction->operands[j], is_plain);
    }
}

/* No effect but on their destination; `.cc` forms also write the condition code and stay. */
static const char *const pure[] = {
    "abs",  "add",   "addc", "and",  "bfe",   "bfi",  "bfind", "bmsk",  "brev",     "clz", "cnot", "copysign",
    "cos",  "cvt",   "cvta", "div",  "dp2a",  "dp4a", "ex2",   "fma",   "fns",      "lg2", "lop3", "mad",
    "madc", "mad24", "mapa", "max",  "min",   "mov",  "mul",   "mul24", "neg",      "not", "or",   "popc",
    "prmt", "rcp",   "rem",  "sad",  "rsqrt", "selp", "set",   "setp",  "shf",      "shl", "shr",  "sin",
    "slct", "sqrt",  "sub",  "subc", "szext", "tanh", "testp", "xor",   "isspacep",
};

static bool is_pure(const char *opcode) {
    if (opcode_has(opcode, "cc"))
        return false;
    if (opcode_is(opcode, "ld") && opcode_has(opcode, "param"))
        return true;
    for (size_t i = 0; i < sizeof pure / sizeof *pure; i++)
        if (opcode_is(opcode, pure[i]))
            return true;
    return false;
}

static void remove_unreachable(struct lowering *lowering) {
    struct flow flow = flow_of(lowering);
    bool *reached = lower_scratch(lowering, flow.block_count);
    uint32_t *waiting = lower_scratch(lowering, flow.block_count * sizeof *waiting), count = 0;
    for (uint32_t b = 0; b < flow.block_count; b++)
        if (begins_routine(lowering, &flow.blocks[b])) {
            reached[b] = true;
            waiting[count++] = b;
        }
    while (count) {
        const struct block *block = &flow.blocks[waiting[--count]];
        for (uint32_t i = 0; i < block->successor_count; i++)
            if (!reached[block->successors[i]]) {
                reached[block->successors[i]] = true;
                waiting[count++] = block->successors[i];
            }
    }
    bool *deleted = lower_scratch(lowering, lowering->instruction_count);
    for (uint32_t b = 0; b < flow.block_count; b++)
        if (!reached[b])
            memset(deleted + flow.blocks[b].begin, 1, flow.blocks[b].end - flow.blocks[b].begin);
    lower_delete(lowering, deleted);
}

/* A pure instruction that writes a register, in a list for each register. */
struct definer {
    struct definer *next;
    uint32_t instruction;
};

/* Each removal may leave others unread, which are then looked at again. */
static void remove_unread(struct lowering *lowering) {
    uint32_t count = lowering->instruction_count, definitions = 0;
    uint32_t *readers = lower_scratch(lowering, (lowering->register_count + 1) * sizeof *readers);
    struct definer **definers = lower_scratch(lowering, (lowering->register_count + 1) * sizeof *definers);
    bool *deleted = lower_scratch(lowering, count);
    struct accesses accesses = {0};
    for (uint32_t i = 0; i < count; i++) {
        accesses_of(lowering, &lowering->instructions[i], &accesses);
        for (uint32_t j = 0; j < accesses.used_count; j++)
            readers[accesses.used[j]]++;
        for (uint32_t j = 0; j < accesses.defined_count && is_pure(lowering->instructions[i].opcode); j++) {
            struct definer *definer = lower_scratch(lowering, sizeof *definer);
            *definer = (struct definer){definers[accesses.defined[j]], i};
            definers[accesses.defined[j]] = definer;
            definitions++;
        }
    }
    uint32_t *waiting = lower_scratch(lowering, (count + (size_t)definitions) * sizeof *waiting);
    uint32_t left = 0;
    while (left < count) {
        waiting[left] = left;
        left++;
    }
    while (left > 0) {
        uint32_t i = waiting[--left];
        if (deleted[i] || !is_pure(lowering->instructions[i].opcode))
            continue;
        accesses_of(lowering, &lowering->instructions[i], &accesses);
        bool read = false;
        for (uint32_t j = 0; j < accesses.defined_count; j++)
            read |= readers[accesses.defined[j]] != 0;
        if (read || accesses.defined_count == 0)
            continue;
        deleted[i] = true;
        for (uint32_t j = 0; j < accesses.used_count; j++)
            if (--readers[accesses.used[j]] == 0)
                for (struct definer *at = definers[accesses.used[j]]; at; at = at->next)
                    waiting[left++] = at->instruction;
    }
    lower_delete(lowering, deleted);
}

void lower_remove_dead(struct lowering *lowering) {
    remove_unreachable(lowering);
    propagate(lowering);
    remove_unread(lowering);
}
