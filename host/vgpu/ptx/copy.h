/* Copies of functions in the program: what inline.c, copies.c, passing.c and calls.c share. */
#ifndef LOTTO_VGPU_COPY_H
#define LOTTO_VGPU_COPY_H

#include "lowering.h"

struct copy {
    const struct ptx_function *function;
    const struct copy *caller; /* NULL: of the entry and of a routine's own body */
    uint32_t instance, first_register, depth;
    struct ptx_variable **variables; /* by ordinal; NULL until first used */
};

/* copies.c: what a function's operands become in a copy of it. */
struct ptx_operand copy_map_operand(struct lowering *lowering, const struct copy *copy,
                                    const struct ptx_operand *operand, uint32_t line);
struct ptx_variable *copy_map_variable(struct lowering *lowering, const struct copy *copy,
                                       struct ptx_variable *variable, uint32_t line);
/* A new variable of the instance, shaped like the declared one. */
struct ptx_variable *copy_variable(struct lowering *lowering, uint32_t instance,
                                   const struct ptx_variable *declared);
/* `ld.param` of a call's parameter that lies in local memory: `ld.local`. */
const char *copy_localise(struct lowering *lowering, const char *opcode);
uint32_t copy_add_instance(struct lowering *lowering, struct instance instance);

/* passing.c: the variables of the caller that stand for the callee's results and parameters, results first. */
struct ptx_variable **pass_arguments(struct lowering *lowering, const struct copy *caller,
                                     const struct ptx_instruction *call, const struct ptx_function *shape);
/* Results that the call gives to registers. */
void pass_results(struct lowering *lowering, const struct copy *caller, const struct ptx_instruction *call,
                  const struct ptx_function *shape, struct ptx_variable *const *actuals);
/* A call that stays one. */
void pass_kept_call(struct lowering *lowering, const struct copy *caller, const struct ptx_instruction *call);

/* calls.c */
/* Looks for functions that call themselves, among those that this one reaches by direct calls. */
void calls_find_recursion(struct lowering *lowering, const struct ptx_function *function);
/* Whether it cannot be inlined; whom it calls are then routines. */
bool calls_keep(struct lowering *lowering, const struct ptx_instruction *call);

#endif
