/* Basic blocks and where control goes from each. */
#include "lowering.h"

static bool is_branch(const struct ptx_instruction *instruction) {
    return opcode_is(instruction->opcode, "bra") || opcode_is(instruction->opcode, "brx");
}

static bool ends_thread(const struct ptx_instruction *instruction) {
    return opcode_is(instruction->opcode, "exit") || opcode_is(instruction->opcode, "ret") ||
           opcode_is(instruction->opcode, "trap");
}

static void mark_labels(const struct ptx_operand *operands, uint32_t count, bool *begins) {
    for (uint32_t i = 0; i < count; i++) {
        if (operands[i].kind == PTX_OPERAND_LABEL)
            begins[operands[i].label] = true;
        else if (operands[i].kind == PTX_OPERAND_VECTOR)
            mark_labels(operands[i].elements, operands[i].element_count, begins);
    }
}

static void add_successors(struct block *block, const struct ptx_operand *operands, uint32_t count,
                           const uint32_t *block_at) {
    for (uint32_t i = 0; i < count; i++) {
        if (operands[i].kind == PTX_OPERAND_LABEL)
            block->successors[block->successor_count++] = block_at[operands[i].label];
        else if (operands[i].kind == PTX_OPERAND_VECTOR)
            add_successors(block, operands[i].elements, operands[i].element_count, block_at);
    }
}

static uint32_t most_successors(const struct ptx_instruction *last) {
    uint32_t most = 1;
    for (uint32_t i = 0; i < last->operand_count; i++)
        most += last->operands[i].kind == PTX_OPERAND_VECTOR ? last->operands[i].element_count : 1;
    return most;
}

struct flow flow_of(struct lowering *lowering) {
    uint32_t count = lowering->instruction_count;
    const struct ptx_instruction *instructions = lowering->instructions;
    bool *begins = lower_scratch(lowering, count + 1);
    begins[0] = true;
    for (uint32_t i = 0; i < count; i++) {
        if (is_branch(&instructions[i]))
            mark_labels(instructions[i].operands, instructions[i].operand_count, begins);
        if (is_branch(&instructions[i]) || ends_thread(&instructions[i]))
            begins[i + 1] = true;
    }

    struct flow flow = {0};
    uint32_t *block_at = lower_scratch(lowering, (count + 1) * sizeof *block_at);
    for (uint32_t i = 0; i < count; i++)
        block_at[i] = begins[i] ? flow.block_count++ : flow.block_count - 1;
    flow.blocks = lower_scratch(lowering, flow.block_count * sizeof *flow.blocks);
    for (uint32_t i = 0; i < count; i++) {
        struct block *block = &flow.blocks[block_at[i]];
        if (begins[i])
            block->begin = i;
        block->end = i + 1;
    }
    for (uint32_t b = 0; b < flow.block_count; b++) {
        struct block *block = &flow.blocks[b];
        const struct ptx_instruction *last = &instructions[block->end - 1];
        block->successors = lower_scratch(lowering, most_successors(last) * sizeof *block->successors);
        if (is_branch(last))
            add_successors(block, last->operands, last->operand_count, block_at);
        bool falls_through = last->guard != PTX_NO_GUARD || (!is_branch(last) && !ends_thread(last));
        if (falls_through && b + 1 < flow.block_count)
            block->successors[block->successor_count++] = b + 1;
    }
    return flow;
}
