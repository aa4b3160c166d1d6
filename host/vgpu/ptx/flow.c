/* Control flow, basic blocks and where control goes from each; and on it data flow, which registers may still be read. */
#include "lowering.h"

#include <string.h>

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

bool begins_routine(const struct lowering *lowering, const struct block *block) {
    for (uint32_t r = 0; r < lowering->routine_count; r++)
        if (lowering->routines[r].begin == block->begin)
            return true;
    return false;
}

struct flow flow_of(struct lowering *lowering) {
    uint32_t count = lowering->instruction_count;
    const struct ptx_instruction *instructions = lowering->instructions;
    bool *begins = lower_scratch(lowering, count + 1);
    for (uint32_t r = 0; r < lowering->routine_count; r++)
        begins[lowering->routines[r].begin] = true;
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

unsigned width_of(enum ptx_type type) {
    switch (ptx_type_bytes(type)) {
    case 16:
        return 0;
    case 8:
        return 1;
    case 4:
        return 2;
    case 0:
        return 4;
    default:
        return 3;
    }
}

static void number_registers(struct lowering *lowering, struct liveness *liveness) {
    uint32_t *appeared = lower_scratch(lowering, (lowering->register_count + 1) * sizeof *appeared);
    uint32_t appeared_count = 0, of_width[WIDTHS] = {0};
    bool *seen = lower_scratch(lowering, lowering->register_count + 1);
    struct accesses accesses = {0};
    for (uint32_t i = 0; i < lowering->instruction_count; i++) {
        accesses_of(lowering, &lowering->instructions[i], &accesses);
        for (uint32_t j = 0; j < accesses.used_count + accesses.defined_count; j++) {
            bool is_use = j < accesses.used_count;
            uint32_t reg = is_use ? accesses.used[j] : accesses.defined[j - accesses.used_count];
            if (seen[reg])
                continue;
            seen[reg] = true;
            appeared[appeared_count++] = reg;
            of_width[width_of(lowering->registers[reg].type)]++;
        }
    }
    for (unsigned w = 0; w < WIDTHS; w++)
        liveness->first[w + 1] = liveness->first[w] + ((of_width[w] + 63) & ~63u);

    uint32_t count = liveness->first[WIDTHS], next[WIDTHS];
    liveness->words = count / 64 + 1;
    liveness->number = lower_scratch(lowering, (lowering->register_count + 1) * sizeof *liveness->number);
    liveness->reg = lower_scratch(lowering, (count + 1) * sizeof *liveness->reg);
    memset(liveness->number, 0xff, lowering->register_count * sizeof *liveness->number);
    memset(liveness->reg, 0xff, count * sizeof *liveness->reg);
    memcpy(next, liveness->first, sizeof next);
    for (uint32_t i = 0; i < appeared_count; i++) {
        uint32_t number = next[width_of(lowering->registers[appeared[i]].type)]++;
        liveness->number[appeared[i]] = number;
        liveness->reg[number] = appeared[i];
    }
}

/* What a block reads before it writes it goes into its `in`, what it writes for certain into killed. */
static void scan_block(struct lowering *lowering, const struct liveness *liveness, const struct block *block,
                       struct accesses *accesses, uint64_t *in, uint64_t *killed) {
    for (uint32_t i = block->end; i-- > block->begin;) {
        const struct ptx_instruction *instruction = &lowering->instructions[i];
        accesses_of(lowering, instruction, accesses);
        for (uint32_t j = 0; j < accesses->defined_count && instruction->guard == PTX_NO_GUARD; j++) {
            live_insert(killed, liveness->number[accesses->defined[j]]);
            live_erase(in, liveness->number[accesses->defined[j]]);
        }
        for (uint32_t j = 0; j < accesses->used_count; j++)
            live_insert(in, liveness->number[accesses->used[j]]);
    }
}

/* Every block behind those that it leads to, but for the jumps back of loops. */
static uint32_t *successors_first(struct lowering *lowering, const struct flow *flow) {
    uint32_t *order = lower_scratch(lowering, flow->block_count * sizeof *order), placed = 0;
    uint32_t *path = lower_scratch(lowering, flow->block_count * sizeof *path), depth = 0;
    uint32_t *followed = lower_scratch(lowering, flow->block_count * sizeof *followed);
    bool *seen = lower_scratch(lowering, flow->block_count);
    for (uint32_t root = 0; root < flow->block_count; root++) {
        for (uint32_t next = root; !seen[next] || depth > 0;) {
            if (!seen[next]) {
                seen[next] = true;
                path[depth++] = next;
            }
            uint32_t b = path[depth - 1];
            if (followed[b] < flow->blocks[b].successor_count)
                next = flow->blocks[b].successors[followed[b]++];
            else
                order[placed++] = path[--depth];
        }
    }
    return order;
}

/* A kernel of 20000 blocks with 50000 registers needs a quarter of it. */
enum { MOST_LIVENESS_BYTES = 1 << 29 };

/* Iterates over the blocks until nothing changes: in this order, a few times. */
struct liveness liveness_of(struct lowering *lowering) {
    struct liveness liveness = {.flow = flow_of(lowering)};
    number_registers(lowering, &liveness);
    uint32_t blocks = liveness.flow.block_count;
    size_t words = liveness.words, bytes = blocks * words * sizeof(uint64_t);
    if (bytes > MOST_LIVENESS_BYTES)
        lower_fail(lowering, 0, "the kernel is too large: %u blocks of instructions with %u registers",
                   blocks, liveness.first[WIDTHS]);
    uint64_t *in = lower_scratch(lowering, bytes), *out = lower_scratch(lowering, bytes);
    uint64_t *killed = lower_scratch(lowering, bytes);
    struct accesses accesses = {0};
    for (uint32_t b = 0; b < blocks; b++)
        scan_block(lowering, &liveness, &liveness.flow.blocks[b], &accesses, in + b * words,
                   killed + b * words);

    const uint32_t *order = successors_first(lowering, &liveness.flow);
    for (bool changed = true; changed;) {
        changed = false;
        for (uint32_t k = 0; k < blocks; k++) {
            uint32_t b = order[k];
            const struct block *block = &liveness.flow.blocks[b];
            for (uint32_t s = 0; s < block->successor_count; s++)
                for (size_t w = 0; w < words; w++) {
                    uint64_t fresh = in[block->successors[s] * words + w] & ~out[b * words + w];
                    if (!fresh)
                        continue;
                    out[b * words + w] |= fresh;
                    uint64_t through = fresh & ~killed[b * words + w] & ~in[b * words + w];
                    in[b * words + w] |= through;
                    changed |= through != 0;
                }
        }
    }
    liveness.in = in;
    liveness.out = out;
    return liveness;
}
