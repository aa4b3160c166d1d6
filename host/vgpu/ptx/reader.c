/*
 * Reads a module: its directives, variables and functions. The text is read once, front to back; names are looked up as
 * they are met, labels when their scope ends. Whatever is not understood ends the reading with a sentence and its line.
 */
#include "reader.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void reader_fail(struct reader *reader, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    ptx_refuse(reader->error, reader->token.line, format, arguments);
    va_end(arguments);
    longjmp(reader->failed, 1);
}

void reader_fail_at(struct reader *reader, uint32_t line, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    ptx_refuse(reader->error, line, format, arguments);
    va_end(arguments);
    longjmp(reader->failed, 1);
}

void reader_expected(struct reader *reader, const char *what) {
    if (reader->token.kind == TOKEN_END)
        reader_fail(reader, "expected %s, but the text ends here", what);
    int shown = reader->token.length < 60 ? (int)reader->token.length : 60;
    reader_fail(reader, "expected %s, found '%.*s'", what, shown, reader->token.start);
}

void reader_advance(struct reader *reader) {
    reader->token = lexer_next(&reader->lexer);
    if (reader->token.kind == TOKEN_BROKEN)
        reader_fail(reader, "a string or comment that begins here has no end");
}

bool reader_at(const struct reader *reader, char sign) {
    return reader->token.kind == TOKEN_SIGN && reader->token.sign == sign;
}

bool reader_accept(struct reader *reader, char sign) {
    if (!reader_at(reader, sign))
        return false;
    reader_advance(reader);
    return true;
}

void reader_expect(struct reader *reader, char sign, const char *where) {
    if (reader_accept(reader, sign))
        return;
    char what[100];
    snprintf(what, sizeof what, "'%c' %s", sign, where);
    reader_expected(reader, what);
}

bool reader_accept_directive(struct reader *reader, const char *directive) {
    if (reader->token.kind != TOKEN_DIRECTIVE || !token_is(&reader->token, directive))
        return false;
    reader_advance(reader);
    return true;
}

struct token reader_take_name(struct reader *reader, const char *what) {
    if (reader->token.kind != TOKEN_NAME)
        reader_expected(reader, what);
    struct token name = reader->token;
    reader_advance(reader);
    return name;
}

const char *reader_intern(struct reader *reader, const struct token *token) {
    return names_intern(reader->names, token->start, token->length);
}

void reader_skip_line(struct reader *reader) {
    for (uint32_t line = reader->token.line; reader->token.kind != TOKEN_END && reader->token.line == line;)
        reader_advance(reader);
}

void reader_skip_statement(struct reader *reader) {
    while (!reader_at(reader, ';')) {
        if (reader->token.kind == TOKEN_END)
            reader_expected(reader, "';' at the end of the statement");
        reader_advance(reader);
    }
    reader_advance(reader);
}

uint64_t reader_integer(struct reader *reader, const char *what, uint64_t most) {
    if (reader->token.kind != TOKEN_NUMBER)
        reader_expected(reader, what);
    uint32_t line = reader->token.line;
    struct ptx_operand number = read_number(reader, false);
    if (number.immediate != PTX_IMMEDIATE_INTEGER || number.bits > most)
        reader_fail_at(reader, line, "%s must be an integer of at most %llu", what, (unsigned long long)most);
    return number.bits;
}

void *reader_grow(struct reader *reader, void *array, uint32_t count, uint32_t *capacity,
                  size_t element_bytes) {
    if (count < *capacity)
        return array;
    uint32_t wanted = *capacity ? *capacity * 2 : 64;
    void *grown = wanted ? realloc(array, wanted * element_bytes) : NULL; /* 0: it wrapped */
    if (!grown)
        reader_fail(reader, "the host has no memory left for this module");
    *capacity = wanted;
    return grown;
}

bool reader_accept_type(struct reader *reader, enum ptx_type *type) {
    static const struct {
        const char *name;
        enum ptx_type type;
    } types[] = {
        {".b8", PTX_B8},       {".u8", PTX_U8},     {".s8", PTX_S8},     {".b16", PTX_B16},
        {".u16", PTX_U16},     {".s16", PTX_S16},   {".f16", PTX_F16},   {".bf16", PTX_BF16},
        {".b32", PTX_B32},     {".u32", PTX_U32},   {".s32", PTX_S32},   {".f32", PTX_F32},
        {".f16x2", PTX_F16X2}, {".b64", PTX_B64},   {".u64", PTX_U64},   {".s64", PTX_S64},
        {".f64", PTX_F64},     {".b128", PTX_B128}, {".pred", PTX_PRED}, {".bf16x2", PTX_BF16X2},
    };
    for (size_t i = 0; i < sizeof types / sizeof *types; i++)
        if (reader_accept_directive(reader, types[i].name)) {
            *type = types[i].type;
            return true;
        }
    return false;
}

unsigned ptx_type_bytes(enum ptx_type type) {
    switch (type) {
    case PTX_NONE:
    case PTX_PRED:
        return 0;
    case PTX_B8:
    case PTX_U8:
    case PTX_S8:
        return 1;
    case PTX_B16:
    case PTX_U16:
    case PTX_S16:
    case PTX_F16:
    case PTX_BF16:
        return 2;
    case PTX_B32:
    case PTX_U32:
    case PTX_S32:
    case PTX_F32:
    case PTX_F16X2:
    case PTX_BF16X2:
        return 4;
    case PTX_B64:
    case PTX_U64:
    case PTX_S64:
    case PTX_F64:
        return 8;
    case PTX_B128:
        return 16;
    }
    return 0;
}

/* .version 9.0 */
static void read_version(struct reader *reader) {
    unsigned major, minor;
    int end = 0;
    char text[16];
    if (reader->token.kind != TOKEN_NUMBER || reader->token.length >= sizeof text)
        reader_expected(reader, "a version such as 9.0");
    memcpy(text, reader->token.start, reader->token.length);
    text[reader->token.length] = '\0';
    if (sscanf(text, "%2u.%1u%n", &major, &minor, &end) != 2 || text[end])
        reader_expected(reader, "a version such as 9.0");
    reader->module->version = major * 10 + minor;
    reader_advance(reader);
}

/* .target sm_90a, debug */
static void read_target(struct reader *reader) {
    struct token name = reader_take_name(reader, "a target such as sm_90");
    const char *at = name.start + 3, *end = name.start + name.length;
    if (name.length < 5 || strncmp(name.start, "sm_", 3) != 0)
        reader_fail_at(reader, name.line, "the target is '%.*s'; it must be sm_ and a number",
                       (int)name.length, name.start);
    unsigned target = 0;
    for (; at < end && *at >= '0' && *at <= '9' && target < 1000; at++)
        target = target * 10 + (unsigned)(*at - '0');
    char suffix = at < end ? *at++ : '\0';
    if (at != end || target == 0 || (suffix != '\0' && suffix != 'a' && suffix != 'f'))
        reader_fail_at(reader, name.line,
                       "the target is '%.*s'; it must be sm_, a number and perhaps the letter a or f",
                       (int)name.length, name.start);
    reader->module->target = target;
    reader->module->target_suffix = suffix;
    while (reader_accept(reader, ','))
        reader_take_name(reader, "an option of the target");
}

/* .file 1 "name" [, timestamp, size], to the end of the line */
static void read_file_name(struct reader *reader) {
    struct ptx_module *module = reader->module;
    uint32_t line = reader->token.line;
    uint32_t number = (uint32_t)reader_integer(reader, "the number of a source file", 1000000);
    if (reader->token.kind != TOKEN_STRING)
        reader_expected(reader, "the name of a source file in quotes");
    while (module->file_count <= number) {
        module->files = reader_grow(reader, module->files, module->file_count, &reader->file_capacity,
                                    sizeof *module->files);
        module->files[module->file_count++] = "";
    }
    module->files[number] = reader_intern(reader, &reader->token);
    reader_advance(reader);
    if (reader->token.line == line && reader->token.kind != TOKEN_END)
        reader_skip_line(reader);
}

/* .section .debug_str { ... } */
static void skip_section(struct reader *reader) {
    if (reader->token.kind != TOKEN_DIRECTIVE)
        reader_expected(reader, "the name of a section");
    reader_advance(reader);
    reader_expect(reader, '{', "after the name of a section");
    for (unsigned depth = 1; depth > 0; reader_advance(reader)) {
        if (reader->token.kind == TOKEN_END)
            reader_expected(reader, "'}' at the end of the section");
        depth += reader_at(reader, '{');
        depth -= reader_at(reader, '}');
    }
}

static bool read_definition(struct reader *reader, enum linkage linkage) {
    if (reader_accept_directive(reader, ".entry"))
        read_function(reader, true, linkage);
    else if (reader_accept_directive(reader, ".func"))
        read_function(reader, false, linkage);
    else if (reader_accept_directive(reader, ".global"))
        read_variables(reader, PTX_SPACE_GLOBAL, linkage);
    else if (reader_accept_directive(reader, ".const"))
        read_variables(reader, PTX_SPACE_CONST, linkage);
    else if (reader_accept_directive(reader, ".shared"))
        read_variables(reader, PTX_SPACE_SHARED, linkage);
    else
        return false;
    return true;
}

static void read_directive(struct reader *reader) {
    if (reader_accept_directive(reader, ".version")) {
        read_version(reader);
    } else if (reader_accept_directive(reader, ".target")) {
        read_target(reader);
    } else if (reader_accept_directive(reader, ".address_size")) {
        uint32_t line = reader->token.line;
        uint64_t bits = reader_integer(reader, "the size of an address", 1024);
        if (bits != 64)
            reader_fail_at(reader, line, "the size of an address is %llu; it must be 64",
                           (unsigned long long)bits);
    } else if (reader_accept_directive(reader, ".file")) {
        read_file_name(reader);
    } else if (reader_accept_directive(reader, ".section")) {
        skip_section(reader);
    } else if (reader_accept_directive(reader, ".pragma")) {
        reader_skip_statement(reader);
    } else if (token_is(&reader->token, ".alias")) {
        reader_fail(reader, ".alias is not supported: a function must have one name");
    } else if (reader_accept_directive(reader, ".extern")) {
        if (!read_definition(reader, LINKAGE_EXTERN))
            reader_expected(reader, "a function or variable after .extern");
    } else if (reader_accept_directive(reader, ".visible") || reader_accept_directive(reader, ".weak") ||
               reader_accept_directive(reader, ".common")) {
        if (!read_definition(reader, LINKAGE_DEFINED))
            reader_expected(reader, "a function or variable after .visible, .weak or .common");
    } else if (!read_definition(reader, LINKAGE_NONE)) {
        if (reader->token.kind == TOKEN_DIRECTIVE)
            reader_fail(reader, "the directive '%.*s' is unknown", (int)reader->token.length,
                        reader->token.start);
        reader_expected(reader, "a directive");
    }
}

static void read_module(struct reader *reader) {
    reader_advance(reader);
    while (reader->token.kind != TOKEN_END)
        read_directive(reader);
    if (!reader->module->version || !reader->module->target)
        reader_fail(reader, "the module has no .version or no .target");
}

/* The module's own lists grew on the heap; they end in its arena like all else. */
static void keep_lists(struct reader *reader) {
    struct ptx_module *module = reader->module;
    void *variables = module->variables, *functions = module->functions, *files = module->files;
    module->variables =
        arena_copy(reader->arena, variables, module->variable_count * sizeof *module->variables);
    module->functions =
        arena_copy(reader->arena, functions, module->function_count * sizeof *module->functions);
    module->files = arena_copy(reader->arena, files, module->file_count * sizeof *module->files);
    free(variables);
    free(functions);
    free(files);
}

static void reader_free(struct reader *reader) {
    free(reader->registers);
    free(reader->instructions);
    free(reader->operands);
    free(reader->pending);
    free(reader->parameters);
    free(reader->locals);
    free(reader->relocations);
    free(reader->values);
    free(reader);
}

struct ptx_module *ptx_read(const char *text, struct ptx_error *error) {
    struct ptx_arena *arena = arena_create();
    struct ptx_module *module = arena_allocate(arena, sizeof *module);
    struct reader *reader = calloc(1, sizeof *reader);
    *error = (struct ptx_error){0};
    if (!reader) {
        snprintf(error->message, sizeof error->message, "the host has no memory left for this module");
        arena_free(arena);
        return NULL;
    }
    *reader = (struct reader){
        .module = module,
        .arena = arena,
        .names = names_create(arena),
        .lexer = {.at = text, .line = 1},
        .error = error,
    };
    module->text = text;
    module->arena = arena;
    module->names = reader->names;
    if (setjmp(reader->failed) != 0) {
        keep_lists(reader);
        reader_free(reader);
        ptx_free(module);
        return NULL;
    }
    read_module(reader);
    keep_lists(reader);
    reader_free(reader);
    return module;
}

void ptx_free(struct ptx_module *module) {
    if (module)
        arena_free(module->arena);
}

struct ptx_function *ptx_find_function(const struct ptx_module *module, const char *name) {
    for (uint32_t i = 0; i < module->function_count; i++)
        if (strcmp(module->functions[i]->name, name) == 0)
            return module->functions[i];
    return NULL;
}

struct ptx_variable *ptx_find_variable(const struct ptx_module *module, const char *name) {
    for (uint32_t i = 0; i < module->variable_count; i++)
        if (strcmp(module->variables[i]->name, name) == 0)
            return module->variables[i];
    return NULL;
}
