/*
 * A PTX module as its text says it: what the reader (reader.c) produces and lowering (lower.c) turns into a program.
 *
 * Everything lives in one arena owned by the module. Names point into the module's text. Nothing is interpreted here
 * beyond syntax: an unknown directive is an error, an unknown opcode is left for the executor's table to refuse.
 */
#ifndef LOTTO_VGPU_PTX_H
#define LOTTO_VGPU_PTX_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum ptx_type {
    PTX_NONE,
    PTX_B8,
    PTX_U8,
    PTX_S8,
    PTX_B16,
    PTX_U16,
    PTX_S16,
    PTX_F16,
    PTX_BF16,
    PTX_B32,
    PTX_U32,
    PTX_S32,
    PTX_F32,
    PTX_F16X2,
    PTX_BF16X2,
    PTX_B64,
    PTX_U64,
    PTX_S64,
    PTX_F64,
    PTX_B128,
    PTX_PRED,
};
unsigned ptx_type_bytes(enum ptx_type type); /* 1, 2, 4, 8, 16; PTX_PRED and PTX_NONE: 0 */

enum ptx_space {
    PTX_SPACE_GENERIC,
    PTX_SPACE_REG,
    PTX_SPACE_SREG,
    PTX_SPACE_PARAM,
    PTX_SPACE_GLOBAL,
    PTX_SPACE_CONST,
    PTX_SPACE_SHARED,
    PTX_SPACE_LOCAL,
    PTX_SPACE_CLUSTER, /* of an access: the shared memory of any block of the cluster */
};

/* What the address of a variable in local space counts from: the thread's local memory, or the frame of a call (program.h). */
enum ptx_base { PTX_BASE_ZERO, PTX_BASE_FRAME, PTX_BASE_TOP };

/* A .global, .const, .shared, .local or .param variable. */
struct ptx_variable {
    const char *name;
    enum ptx_space space;
    enum ptx_type type;
    uint64_t bytes; /* 0 for `extern .shared .align A .b8 name[]` */
    uint32_t align;
    bool is_extern, is_managed;
    uint8_t *initial;       /* NULL without an initialiser */
    uint64_t initial_bytes; /* at most `bytes`; the others are zero */
    struct ptx_relocation { /* addresses inside the initialiser */
        uint64_t offset;
        const char *symbol;
        int64_t addend;
        bool generic;
    } * relocations;
    uint32_t relocation_count;
    uint64_t
        address; /* global, const: set when the module is loaded. shared, local: offset, set by lowering in the program's own copy. Parameter, result: offset */
    enum ptx_base base; /* of a local variable, set by lowering */
    const struct ptx_function
        *owner; /* the function it was declared in (also as parameter or result); NULL at module scope */
    uint32_t ordinal; /* among the variables of its owner */
};

struct ptx_register {
    const char *name; /* "%r12" */
    enum ptx_type type;
    uint32_t
        slot; /* byte offset in the warp's register file, or PTX_NO_SLOT if unused: set by lowering (see program.h) */
};

enum ptx_operand_kind {
    PTX_OPERAND_REGISTER,  /* reg */
    PTX_OPERAND_IMMEDIATE, /* bits: integers as written (two's complement), 0f as binary32 bits, 0d and decimal floats as binary64 bits */
    PTX_OPERAND_VARIABLE,  /* variable + offset: its address (mov, cvta) */
    PTX_OPERAND_SPECIAL,   /* special: "%tid.x" and so on, by name */
    PTX_OPERAND_LABEL,     /* label: index into the function's instructions */
    PTX_OPERAND_FUNCTION,  /* callee; also the prototype of an indirect call */
    PTX_OPERAND_ADDRESS,   /* [register or variable or immediate, + offset] */
    PTX_OPERAND_VECTOR,    /* {element, ...}; element_count of them */
    PTX_OPERAND_SINK,      /* _ */
    PTX_OPERAND_TENSOR,    /* [tensor or texture, coordinates]: what is in it is not kept */
};

/*
 * Special registers appear by their whole name, "%tid.x", "%laneid", "%clock64", "%lanemask_lt", "%envreg1"; the reader
 * refuses names that the ISA does not list. WARP_SZ is the immediate 32.
 */
struct ptx_operand {
    enum ptx_operand_kind kind;
    bool negated; /* !p */
    bool
        base_is_register; /* ADDRESS: its base is reg; else variable; with variable NULL the address is offset alone */
    bool is_pair; /* VECTOR written `p|q` */
    enum ptx_immediate { PTX_IMMEDIATE_INTEGER, PTX_IMMEDIATE_F32, PTX_IMMEDIATE_F64 } immediate;
    union {
        uint32_t reg;           /* REGISTER; ADDRESS with base_is_register */
        uint32_t label;         /* LABEL; may be one past the last instruction */
        uint32_t element_count; /* VECTOR */
    };
    union {
        int64_t offset; /* ADDRESS, VARIABLE */
        uint64_t bits;  /* IMMEDIATE */
    };
    union {
        struct ptx_variable *variable; /* VARIABLE; ADDRESS whose base is a variable */
        const char *special;           /* SPECIAL */
        struct ptx_function *callee;   /* FUNCTION */
        struct ptx_operand *elements;  /* VECTOR: registers, immediates, sinks; labels (brx.idx) */
    };
};

/*
 * Operands stand in the order written, with these shapes:
 *   brx.idx      index register, VECTOR of labels (from .branchtargets or written in place)
 *   call         callee (FUNCTION; REGISTER for an indirect call), VECTOR of results, VECTOR of arguments; either may
 *                have no elements. Then, of an indirect call, whom it may call: a FUNCTION (.callprototype) or a VECTOR
 *                of FUNCTIONs (.calltargets). The reader leaves `.param` names as VARIABLE operands. In a lowered program
 *                a call of a function without a body ("vprintf") has as result or argument of 32 or 64 bits a REGISTER (or as
 *                written: an IMMEDIATE, a SINK), anything else is a VARIABLE in local space that holds its bytes; a call of
 *                another has no results and, in place of arguments, the REGISTERs whose values it must keep.
 */
struct ptx_instruction {
    const char *
        opcode; /* "ld.global.v4.f32": the whole dotted name, interned: equal names have equal pointers within a module */
    uint32_t line;        /* in the PTX text */
    uint32_t source_file; /* .loc: index into module->files, 0 if none */
    uint32_t source_line;
    uint32_t used_bytes; /* .pragma "used_bytes_mask" of a load: which of its bytes matter; 0 without one */
    uint32_t guard;      /* register index, or PTX_NO_GUARD */
    bool guard_negated;
    uint8_t operand_count;
    struct ptx_operand *operands;
};
#define PTX_NO_GUARD UINT32_MAX
#define PTX_NO_SLOT UINT32_MAX

struct ptx_function {
    const char *name;
    uint32_t index; /* in module->functions */
    bool is_entry, is_defined;
    struct ptx_variable **parameters; /* .param, with offsets in `address` as the ABI lays them out */
    uint32_t parameter_count;
    uint32_t parameter_bytes;
    struct ptx_variable **results; /* behind the parameters */
    uint32_t result_count;
    uint32_t call_bytes;             /* parameters and results together */
    struct ptx_variable **variables; /* .shared, .local and .param declared in the body */
    uint32_t variable_count;
    uint32_t ordinal_count; /* parameters, results and variables together */
    struct ptx_register *registers;
    uint32_t register_count;
    struct ptx_instruction *instructions;
    uint32_t instruction_count;
    uint32_t max_threads, required_threads[3],
        min_blocks_per_sm;        /* .maxntid (product), .reqntid, .minnctapersm; 0 if absent */
    uint32_t required_cluster[3]; /* .reqnctapercluster; 0 if absent */
    bool explicit_cluster;
};

struct ptx_module {
    const char *text;
    unsigned version; /* 90 for .version 9.0 */
    unsigned target;  /* 80 for sm_80; sm_90a: 90 with target_suffix 'a' */
    char target_suffix;
    const char **files; /* .file N "name" */
    uint32_t file_count;
    struct ptx_variable **variables; /* module scope: global, const, shared */
    uint32_t variable_count;
    struct ptx_function **functions;
    uint32_t function_count;
    struct ptx_arena *arena;
    struct ptx_names *names; /* the interned names (names.h) */
};

/* Why something was refused; one sentence. line is 0 where no line applies. */
struct ptx_error {
    uint32_t line;
    char message[400];
};

/* Says why. A sentence that is too long, by a name of a thousand characters, loses its middle; what is not text becomes '?'. */
void ptx_refuse(struct ptx_error *error, uint32_t line, const char *format, va_list arguments);

/* Reads a whole module. text must stay valid and is NUL-terminated. NULL on error, with *error filled. */
struct ptx_module *ptx_read(const char *text, struct ptx_error *error);
void ptx_free(struct ptx_module *module);

struct ptx_function *ptx_find_function(const struct ptx_module *module, const char *name);
struct ptx_variable *ptx_find_variable(const struct ptx_module *module, const char *name);
/* Whether their parameters and results lie at the same places: who calls one may call the other. */
bool ptx_same_shape(const struct ptx_function *a, const struct ptx_function *b);
/* Whose parameters and results a call has: its callee's, its prototype's, or those of the first of its targets. */
const struct ptx_function *ptx_call_shape(const struct ptx_instruction *call);

#endif
