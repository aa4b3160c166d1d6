/* Removes code that no path reaches and pure instructions whose results nobody reads. */
#include "lowering.h"

#include <string.h>

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
    reached[0] = true;
    waiting[count++] = 0;
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

static void remove_unread(struct lowering *lowering) {
    uint32_t count = lowering->instruction_count;
    uint32_t *readers = lower_scratch(lowering, (lowering->register_count + 1) * sizeof *readers);
    bool *deleted = lower_scratch(lowering, count);
    struct accesses accesses = {0};
    for (uint32_t i = 0; i < count; i++) {
        accesses_of(lowering, &lowering->instructions[i], &accesses);
        for (uint32_t j = 0; j < accesses.used_count; j++)
            readers[accesses.used[j]]++;
    }
    /* Each removal may leave others unread: backwards, most chains fall in one pass. */
    for (bool changed = true; changed;) {
        changed = false;
        for (uint32_t i = count; i-- > 0;) {
            if (deleted[i] || !is_pure(lowering->instructions[i].opcode))
                continue;
            accesses_of(lowering, &lowering->instructions[i], &accesses);
            bool read = false;
            for (uint32_t j = 0; j < accesses.defined_count; j++)
                read |= readers[accesses.defined[j]] != 0;
            if (read || accesses.defined_count == 0)
                continue;
            for (uint32_t j = 0; j < accesses.used_count; j++)
                readers[accesses.used[j]]--;
            deleted[i] = changed = true;
        }
    }
    lower_delete(lowering, deleted);
}

void lower_remove_dead(struct lowering *lowering) {
    remove_unreachable(lowering);
    remove_unread(lowering);
}
