/* What the steps of lowering share; lower.c calls them in this order. */
#ifndef LOTTO_VGPU_LOWERING_H
#define LOTTO_VGPU_LOWERING_H

#include "arena.h"
#include "names.h"
#include "program.h"

#include <setjmp.h>

/* One copy of a function's body in the program; the entry is instance 0. Its local bytes begin where its caller's end. */
struct instance {
    uint32_t caller;
    struct program_variable *variables; /* its own, in local or param space */
    uint64_t local_end;
};

/* The program's own copy of a local, shared or call-parameter variable. */
struct program_variable {
    struct ptx_variable variable; /* ordinal: its place in lowering.variables */
    struct program_variable *next;
    const struct ptx_variable *declared; /* the module's */
};

struct lowering {
    struct ptx_module *module;
    const struct ptx_function *entry;
    struct ptx_arena *arena;   /* the program's */
    struct ptx_arena *scratch; /* freed when lowering ends */
    struct ptx_error *error;
    jmp_buf failed;

    struct ptx_instruction *instructions;
    struct ptx_register *registers;
    struct instance *instances;
    struct program_variable **variables; /* those of instances: local and call parameters */
    struct program_variable *shared;
    uint32_t instruction_count, register_count, instance_count, variable_count;
    uint32_t instruction_capacity, register_capacity, instance_capacity, variable_capacity;

    uint32_t static_shared_bytes, dynamic_shared_offset, local_bytes, register_file_bytes,
        registers_per_thread;
};

_Noreturn void lower_fail(struct lowering *lowering, uint32_t line, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
void *lower_grow(struct lowering *lowering, void *array, uint32_t count, uint32_t *capacity,
                 size_t element_bytes);
void *lower_scratch(struct lowering *lowering, size_t bytes); /* zeroed */
const char *lower_intern(struct lowering *lowering, const char *name);
uint32_t lower_add_register(struct lowering *lowering, const struct ptx_register *reg);
void lower_emit(struct lowering *lowering, const struct ptx_instruction *instruction);

/* moved[i] is where instruction i went, moved[count] the new count: labels follow. */
void lower_relabel(struct ptx_operand *operands, uint32_t count, const uint32_t *moved);
void lower_relabel_all(struct lowering *lowering, const uint32_t *moved);
void lower_delete(struct lowering *lowering, const bool *deleted);
void lower_inline(struct lowering *lowering);          /* inline.c */
void lower_call_parameters(struct lowering *lowering); /* call_parameters.c */
void lower_lay_out_local(struct lowering *lowering);   /* call_parameters.c */
void lower_remove_dead(struct lowering *lowering);     /* dead.c */
void lower_assign_slots(struct lowering *lowering);    /* slots.c */

/* Opcodes: "st" of "st.global.u32"; whether a dotted part is in it. */
bool opcode_is(const char *opcode, const char *base);
bool opcode_has(const char *opcode, const char *part);

/* definitions.c: the registers that an instruction writes and reads (guard included), in any order, repeats possible. */
struct accesses {
    uint32_t *defined, *used;
    uint32_t defined_count, used_count, defined_capacity, used_capacity;
};
void accesses_of(struct lowering *lowering, const struct ptx_instruction *instruction,
                 struct accesses *accesses);

/* flow.c: basic blocks. */
struct block {
    uint32_t begin, end; /* instructions */
    uint32_t *successors;
    uint32_t successor_count;
};
struct flow {
    struct block *blocks;
    uint32_t block_count;
};
struct flow flow_of(struct lowering *lowering);

#endif
