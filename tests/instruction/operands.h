/* The values that instructions are tried on. */
#ifndef LOTTO_TESTS_INSTRUCTION_OPERANDS_H
#define LOTTO_TESTS_INSTRUCTION_OPERANDS_H

#include <stdint.h>

enum { MAX_EDGES = 24 };

struct operand_type {
    char name[8];
    unsigned bytes; /* in memory; 0 for a predicate */
    char kind;      /* 'f' float, 'i' integer, 'p' predicate */
};

/* From a name as PTX spells it, "s32", "bf16x2", or "pred". */
struct operand_type operand_type_of(const char *name);
uint64_t operand_mask(const struct operand_type *type);

/* Values at which something changes: ends, signs, powers of two, small counts; for floats every class and ties. Returns how many. */
unsigned operand_edges(const struct operand_type *type, uint64_t values[MAX_EDGES]);
uint64_t operand_random(const struct operand_type *type);

#endif
