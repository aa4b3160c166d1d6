/*
 * Which registers an instruction writes and which it reads. PTX puts the destination first; what writes no register begins
 * with an address, a label or a number, or is listed here.
 */
#include "lowering.h"

#include <string.h>

/* A register in first place is read, not written. bar and barrier: unless they reduce (bar.red). */
static const char *const without_destination[] = {
    "bra",  "brx",       "bar",          "barrier",        "call",
    "exit", "nanosleep", "stackrestore", "griddepcontrol", "setmaxnreg"};

static bool has_destination(const struct ptx_instruction *instruction) {
    const char *opcode = instruction->opcode;
    if (instruction->operand_count == 0 || (instruction->operands[0].kind != PTX_OPERAND_REGISTER &&
                                            instruction->operands[0].kind != PTX_OPERAND_VECTOR))
        return false;
    if ((opcode_is(opcode, "bar") || opcode_is(opcode, "barrier")) && opcode_has(opcode, "red"))
        return true;
    for (size_t i = 0; i < sizeof without_destination / sizeof *without_destination; i++)
        if (opcode_is(opcode, without_destination[i]))
            return false;
    return true;
}

static void add_used(struct lowering *lowering, struct accesses *accesses, uint32_t reg) {
    accesses->used = lower_grow(lowering, accesses->used, accesses->used_count, &accesses->used_capacity,
                                sizeof *accesses->used);
    accesses->used[accesses->used_count++] = reg;
}

static void add_defined(struct lowering *lowering, struct accesses *accesses, uint32_t reg) {
    accesses->defined = lower_grow(lowering, accesses->defined, accesses->defined_count,
                                   &accesses->defined_capacity, sizeof *accesses->defined);
    accesses->defined[accesses->defined_count++] = reg;
}

static void add_operand(struct lowering *lowering, struct accesses *accesses,
                        const struct ptx_operand *operand, bool is_destination) {
    switch (operand->kind) {
    case PTX_OPERAND_REGISTER:
        (is_destination ? add_defined : add_used)(lowering, accesses, operand->reg);
        break;
    case PTX_OPERAND_ADDRESS:
        if (operand->base_is_register)
            add_used(lowering, accesses, operand->reg);
        break;
    case PTX_OPERAND_VECTOR:
        for (uint32_t i = 0; i < operand->element_count; i++)
            add_operand(lowering, accesses, &operand->elements[i], is_destination);
        break;
    default:
        break;
    }
}

uint32_t destination_of(const struct ptx_instruction *instruction) {
    if (opcode_is(instruction->opcode, "call")) /* callee, results, arguments */
        return 1;
    return has_destination(instruction) ? 0 : UINT32_MAX;
}

void accesses_of(struct lowering *lowering, const struct ptx_instruction *instruction,
                 struct accesses *accesses) {
    accesses->defined_count = accesses->used_count = 0;
    if (instruction->guard != PTX_NO_GUARD)
        add_used(lowering, accesses, instruction->guard);
    uint32_t destination = destination_of(instruction);
    for (uint32_t i = 0; i < instruction->operand_count; i++)
        add_operand(lowering, accesses, &instruction->operands[i], i == destination);
}

uint32_t copied_register(const struct lowering *lowering, const struct ptx_instruction *instruction) {
    if (!opcode_is(instruction->opcode, "mov") || instruction->operand_count != 2)
        return UINT32_MAX;
    const struct ptx_operand *operands = instruction->operands;
    if (operands[0].kind != PTX_OPERAND_REGISTER || operands[1].kind != PTX_OPERAND_REGISTER ||
        operands[1].negated)
        return UINT32_MAX;
    enum ptx_type to = lowering->registers[operands[0].reg].type,
                  from = lowering->registers[operands[1].reg].type;
    return ptx_type_bytes(to) == ptx_type_bytes(from) ? operands[1].reg : UINT32_MAX;
}
