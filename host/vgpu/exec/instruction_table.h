/*
 * What the executor can do: one row an instruction name.
 *
 * A name is the opcode after opcode.c has taken away what has its own field (state space, combining operator) or no meaning
 * here (cache hints, ordering), with '_' for '.': "add_u32", "ld_v2_u32", "setp_lt_s32".
 * The signature has one letter an operand, in the order written, vectors flattened; upper case is written, lower case read:
 *   h w d q   16, 32, 64, 128 bits a lane          p  predicate
 *   x         16, 32 or 64 bits, the register's     m  address
 *   |P        a second destination that may be absent (p of d|p)
 *   ?w        an operand that may be absent (reads as zero; ?p reads as true)
 *   i         an integer immediate, kept in bound.offset     L  a label     T  a list of labels
 *   a         an address of a bulk copy, kept in the address list in bound.side
 *   n b       of an asynchronous copy: the second address; its bytes, kept in bound.width
 */
#ifndef LOTTO_VGPU_INSTRUCTION_TABLE_H
#define LOTTO_VGPU_INSTRUCTION_TABLE_H

#include "warp.h"

struct instruction {
    const char *name;
    const char *signature;
    handler *run;
};

/* All there are: tables that end with a row without a name, and behind the last NULL. */
const struct instruction *const *instruction_families(void);

/* NULL when no row has that name. */
const struct instruction *instruction_find(const char *name);

#endif
