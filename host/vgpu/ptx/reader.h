/* What the files of the reader share: reader.c (directives of a module), variable.c, function.c (bodies), operand.c. */
#ifndef LOTTO_VGPU_READER_H
#define LOTTO_VGPU_READER_H

#include "lexer.h"
#include "names.h"
#include "ptx.h"

#include <setjmp.h>

struct reader {
    struct ptx_module *module;
    struct ptx_arena *arena;
    struct ptx_names *names;
    struct lexer lexer;
    struct token token; /* the one to be read next */
    struct ptx_error *error;
    jmp_buf failed;

    /* Growing arrays, kept from one function to the next; what is finished is copied into the arena. */
    struct ptx_register *registers;
    struct ptx_instruction *instructions;
    struct ptx_operand *operands; /* a stack: lists inside lists */
    struct pending_label {
        struct ptx_operand *operand;
        uint32_t line;
    } * pending; /* used before their scope ended */
    struct ptx_variable **parameters, **locals;
    struct ptx_relocation *relocations;
    uint32_t register_count, instruction_count, operand_count, pending_count;
    uint32_t parameter_count, local_count;
    uint32_t register_capacity, instruction_capacity, operand_capacity, pending_capacity;
    uint32_t parameter_capacity, local_capacity, relocation_capacity;
    uint8_t *values; /* of an initialiser, as far as it has been read */
    uint64_t value_capacity;
    uint32_t variable_capacity, function_capacity, file_capacity; /* of the module's own lists */

    struct ptx_function *function;     /* whose header or body is being read, or NULL */
    uint32_t source_file, source_line; /* of the last .loc */
    uint32_t used_bytes;               /* of a .pragma for the next instruction */
    uint64_t family_members;           /* of all families `%r<10>` of the module */
};

/* Gives the reading up with one sentence about the line of the current token, or about another line. */
_Noreturn void reader_fail(struct reader *reader, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
_Noreturn void reader_fail_at(struct reader *reader, uint32_t line, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
_Noreturn void reader_expected(struct reader *reader, const char *what); /* "expected WHAT, found ..." */

void reader_advance(struct reader *reader);
bool reader_at(const struct reader *reader, char sign);
bool reader_accept(struct reader *reader, char sign);
void reader_expect(struct reader *reader, char sign, const char *where);
bool reader_accept_directive(struct reader *reader, const char *directive);
struct token reader_take_name(struct reader *reader, const char *what);
const char *reader_intern(struct reader *reader, const struct token *token);
void reader_skip_line(struct reader *reader);
void reader_skip_statement(struct reader *reader); /* to and over the next ';' */
uint64_t reader_integer(struct reader *reader, const char *what, uint64_t most);

/* Makes room for one more element; returns the (possibly moved) array. */
void *reader_grow(struct reader *reader, void *array, uint32_t count, uint32_t *capacity,
                  size_t element_bytes);

/* .b32 and so on; false leaves the token alone. */
bool reader_accept_type(struct reader *reader, enum ptx_type *type);

/* variable.c */
enum linkage { LINKAGE_NONE, LINKAGE_EXTERN, LINKAGE_DEFINED }; /* .visible, .weak and .common define */
void read_variables(struct reader *reader, enum ptx_space space,
                    enum linkage linkage);                  /* after the space, over ';' */
struct ptx_variable *read_parameter(struct reader *reader); /* after .param; its name is not bound */

/* function.c: after .func or .entry */
void read_function(struct reader *reader, bool is_entry, enum linkage linkage);

/* operand.c */
struct ptx_operand read_operand(struct reader *reader, bool names_are_labels);
void read_operand_list(struct reader *reader, char close, bool names_are_labels, struct ptx_operand **list,
                       uint32_t *count); /* to and over close; the list is in the arena */
struct ptx_operand read_number(struct reader *reader, bool negative);
uint32_t read_register(struct reader *reader); /* for a guard */
uint32_t reader_add_register(struct reader *reader, const char *name, size_t length, enum ptx_type type);
void reader_push_operand(struct reader *reader, struct ptx_operand operand);

#endif
