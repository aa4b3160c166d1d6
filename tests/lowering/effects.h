/*
 * Lowering must not change what a kernel does. The check is independent of it: a walker follows one thread through the
 * module's own functions (calls, scopes, virtual registers) and through the lowered program (one list, slots), with
 * symbols for values: a result is a hash of its opcode and sources, a branch is taken by a bit of its predicate's symbol.
 * Both must have the same effects in the same order: loads, stores, barriers, calls of functions without a body, exits.
 */
#ifndef LOTTO_TESTS_LOWERING_EFFECTS_H
#define LOTTO_TESTS_LOWERING_EFFECTS_H

#include "host/vgpu/ptx/program.h"

typedef uint64_t symbol;

symbol symbol_mix(symbol a, symbol b);

/* Fails the test at a difference, with the program's text. Returns how many effects were compared. */
unsigned expect_same_effects(const struct program *program, symbol seed, const char *text);

#endif
