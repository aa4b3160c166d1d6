/* What the steps of lowering share; lower.c calls them in this order. */
#ifndef LOTTO_VGPU_LOWERING_H
#define LOTTO_VGPU_LOWERING_H

#include "arena.h"
#include "names.h"
#include "program.h"

#include <setjmp.h>

/* One copy of a function's body in the program. Its local bytes begin where its caller's end, or behind a routine's formals. */
struct instance {
    uint32_t caller, routine;
    struct program_variable *variables; /* its own, in local or param space */
    uint64_t local_end;
};

/* The program's own copy of a local, shared or call-parameter variable. */
struct program_variable {
    struct ptx_variable variable; /* ordinal: its place in lowering.variables */
    struct program_variable *next;
    const struct ptx_variable *declared; /* the module's */
    bool is_placed;                      /* a formal, at its place in a frame */
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
    struct lowered_routine {
        const struct ptx_function *function;
        uint32_t begin, instance;
        uint64_t frame_bytes;
    } * routines; /* the entry, then the functions that are called */
    uint32_t instruction_count, register_count, instance_count, variable_count, routine_count;
    uint32_t instruction_capacity, register_capacity, instance_capacity, variable_capacity, routine_capacity;
    struct call_graph *calls; /* calls.c */
    bool uses_stack;

    uint32_t static_shared_bytes, dynamic_shared_offset, frame_alignment, register_file_bytes,
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

void lower_add_routine(struct lowering *lowering, const struct ptx_function *function); /* once each */
/* A call of a function that has a body, after inlining: one that stays. */
bool lower_is_kept_call(const struct ptx_instruction *instruction);

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

/* definitions.c: which operand an instruction writes, UINT32_MAX if none. */
uint32_t destination_of(const struct ptx_instruction *instruction);

/* The registers that an instruction writes and reads (guard included), in any order, repeats possible. */
struct accesses {
    uint32_t *defined, *used;
    uint32_t defined_count, used_count, defined_capacity, used_capacity;
};
void accesses_of(struct lowering *lowering, const struct ptx_instruction *instruction,
                 struct accesses *accesses);

/* The source of a move between two registers of one width, else UINT32_MAX. */
uint32_t copied_register(const struct lowering *lowering, const struct ptx_instruction *instruction);

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
bool begins_routine(const struct lowering *lowering, const struct block *block);

/* Which registers a thread may still read. */
enum { WIDTHS = 5 }; /* 128, 64, 32 and 16 bits, predicates */
unsigned width_of(enum ptx_type type);

struct liveness {
    struct flow flow;
    /* The registers that appear are numbered, those of one width next to each other: a set of them is a bit string. */
    uint32_t *number;           /* by register; UINT32_MAX if it does not appear */
    uint32_t *reg;              /* by number; UINT32_MAX in the gaps */
    uint32_t first[WIDTHS + 1]; /* where the widths begin, multiples of 64 */
    size_t words;               /* of a bit string */
    uint64_t *in, *out;         /* a bit string for each block */
};
struct liveness liveness_of(struct lowering *lowering);

static inline void live_insert(uint64_t *set, uint32_t number) {
    set[number / 64] |= UINT64_C(1) << number % 64;
}
static inline void live_erase(uint64_t *set, uint32_t number) {
    set[number / 64] &= ~(UINT64_C(1) << number % 64);
}
static inline bool live_in(const uint64_t *set, uint32_t number) {
    return set[number / 64] >> number % 64 & 1;
}

#endif
