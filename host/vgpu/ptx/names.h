/* Names of a module: each spelled once in memory (interned), and what they mean in the scope being read. */
#ifndef LOTTO_VGPU_NAMES_H
#define LOTTO_VGPU_NAMES_H

#include "arena.h"
#include "ptx.h"

struct ptx_names;

struct ptx_names *names_create(struct ptx_arena *arena);
const char *names_intern(struct ptx_names *names, const char *start, size_t length);

enum binding_kind {
    BINDING_REGISTER,
    BINDING_FAMILY, /* .reg .b32 %r<10> */
    BINDING_VARIABLE,
    BINDING_FUNCTION,
    BINDING_LABEL,
    BINDING_TARGETS,   /* .branchtargets */
    BINDING_PROTOTYPE, /* .callprototype, .calltargets */
};

struct binding {
    struct binding *next;     /* of the same bucket; inner scopes come first */
    struct binding *previous; /* bound before this one */
    const char *name;
    size_t length;
    uint32_t hash, depth;
    enum binding_kind kind;
    union {
        uint32_t reg;
        uint32_t label;
        struct ptx_variable *variable;
        struct ptx_function *function;
        struct ptx_operand targets; /* also of a prototype */
        struct {
            enum ptx_type type;
            uint32_t count;
            uint32_t *registers; /* index + 1 of those used so far */
        } family;
    };
};

/* Scope 0 is the module's. Leaving a scope forgets what was bound in it. */
void names_enter(struct ptx_names *names);
void names_leave(struct ptx_names *names);

/* NULL if the name is already bound in the current scope. */
struct binding *names_bind(struct ptx_names *names, const char *start, size_t length, enum binding_kind kind);
struct binding *names_find(const struct ptx_names *names, const char *start,
                           size_t length); /* innermost, or NULL */

#endif
