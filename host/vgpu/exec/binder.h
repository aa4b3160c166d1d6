/* A kernel while it is bound (binding.c), for those that bind parts of it. */
#ifndef LOTTO_VGPU_BINDER_H
#define LOTTO_VGPU_BINDER_H

#include "constant_pool.h"
#include "fitted.h"
#include "opcode.h"

enum { LARGEST_ARRAY = 512, MAX_FLAT = 12, SCRATCH_ARRAYS = MAX_BOUND_OPERANDS + 1 };

/* What is being built, and where. */
struct binder {
    struct binding *binding;
    const struct program *program;
    struct ptx_error *error;
    const struct ptx_instruction *instruction;
    struct bound *bound;
    struct opcode opcode;
    struct constant_pool constants;
    uint32_t sink, scratch; /* operands: where unwanted results go; arrays of fitted instructions */
    /* Of the instruction: its operands in one row, and the registers it reads and writes. */
    const struct ptx_operand *flat[MAX_FLAT];
    unsigned flat_count;
    struct range {
        uint32_t operand, bytes;
        bool is_predicate;
    } written[MAX_FLAT], read[MAX_FLAT];
    unsigned written_count, read_count;
    uint32_t *read_place[MAX_FLAT]; /* the field that holds the operand */
    struct fitting fittings[SCRATCH_ARRAYS];
    unsigned fitting_count;
    struct fitting result;
};

/* Says why, with the instruction's line. Returns false. */
__attribute__((format(printf, 2, 3))) bool binder_refuse(struct binder *binder, const char *format, ...);

/* Zeroed, and aligned as lane arrays are. */
void *binder_allocate(size_t bytes);

/* Predicate constants are whole words of ones or zeros; a lane array of 32-bit values starts with one. */
uint32_t constant_predicate(struct binder *binder, bool value);

/* 8-bit registers are held in 16 bits. */
unsigned register_lane_bytes(enum ptx_type type);

/* A variable of a function that is called. */
bool operand_is_in_frame(const struct ptx_operand *operand);

/* operand_binding.c: the k-th, as its letter in the signature has it; NULL: it is absent. False after a refusal. */
bool bind_operand(struct binder *binder, const struct ptx_operand *operand, char letter, unsigned k);

#endif
