/* Variables and parameters: attributes, dimensions, initialisers. */
#include "reader.h"

#include <stdlib.h>
#include <string.h>

/* Larger than any device memory: a size beyond it is a mistake in the text, not a large array. */
static const uint64_t MOST_BYTES = UINT64_C(1) << 40;

/* [4][2] after a name: how many elements; 0 for [] */
static uint64_t read_dimensions(struct reader *reader, bool *open) {
    uint64_t elements = 1;
    *open = false;
    while (reader_accept(reader, '[')) {
        if (reader_accept(reader, ']')) {
            *open = true;
            continue;
        }
        uint64_t size = reader_integer(reader, "the size of an array", MOST_BYTES);
        if (size && elements > MOST_BYTES / size)
            reader_fail(reader, "the array is larger than any memory");
        elements *= size;
        reader_expect(reader, ']', "after the size of an array");
    }
    return elements;
}

struct attributes {
    enum ptx_type type;
    uint32_t align, lanes; /* .align; 2 or 4 with .v2 or .v4 */
    bool managed;
};

/* .align 8 .v2 .f32 .ptr .global .align 4: everything between the state space and the name. */
static struct attributes read_attributes(struct reader *reader) {
    struct attributes attributes = {.lanes = 1};
    while (reader->token.kind == TOKEN_DIRECTIVE) {
        if (reader_accept_directive(reader, ".align")) {
            attributes.align = (uint32_t)reader_integer(reader, "an alignment", 1 << 20);
            if (!attributes.align || (attributes.align & (attributes.align - 1)))
                reader_fail(reader, "the alignment is %u; it must be a power of two", attributes.align);
        } else if (reader_accept_directive(reader, ".v2")) {
            attributes.lanes = 2;
        } else if (reader_accept_directive(reader, ".v4")) {
            attributes.lanes = 4;
        } else if (reader_accept_directive(reader, ".ptr")) {
            /* Says something about what a pointer points to: a space, an alignment. */
            while (token_is(&reader->token, ".global") || token_is(&reader->token, ".const") ||
                   token_is(&reader->token, ".local") || token_is(&reader->token, ".shared"))
                reader_advance(reader);
            if (reader_accept_directive(reader, ".align"))
                reader_integer(reader, "an alignment", 1 << 20);
        } else if (reader_accept_directive(reader, ".attribute")) {
            reader_expect(reader, '(', "after .attribute");
            if (!reader_accept_directive(reader, ".managed"))
                reader_fail(reader, "the attribute '%.*s' is not supported; only .managed is",
                            (int)reader->token.length, reader->token.start);
            reader_expect(reader, ')', "after an attribute");
            attributes.managed = true;
        } else if (attributes.type == PTX_NONE && reader_accept_type(reader, &attributes.type)) {
            continue;
        } else {
            reader_expected(reader,
                            "the type of a variable (.b8 to .b128, .u8 to .u64, .s8 to .s64, .f16 to .f64)");
        }
    }
    if (ptx_type_bytes(attributes.type) == 0)
        reader_expected(reader, "the type of a variable in memory");
    uint32_t natural = ptx_type_bytes(attributes.type) * attributes.lanes;
    if (!attributes.align)
        attributes.align = natural;
    return attributes;
}

/* An immediate as the bits of a variable's type: numbers are converted when one side is a float. */
static uint64_t bits_for_type(struct reader *reader, const struct ptx_operand *number, enum ptx_type type) {
    if (type != PTX_F32 && type != PTX_F64)
        return number->bits;
    if (type == PTX_F32 && number->immediate == PTX_IMMEDIATE_F32)
        return number->bits;
    double value;
    if (number->immediate == PTX_IMMEDIATE_INTEGER) {
        value = (double)(int64_t)number->bits;
    } else if (number->immediate == PTX_IMMEDIATE_F64) {
        memcpy(&value, &number->bits, sizeof value);
    } else {
        reader_fail(reader, "a binary32 value cannot initialise a variable of another type");
    }
    float narrow = (float)value;
    uint64_t bits = 0;
    if (type == PTX_F64)
        memcpy(&bits, &value, sizeof value);
    else
        memcpy(&bits, &narrow, sizeof narrow);
    return bits;
}

/* Where an initialiser goes. */
struct filling {
    struct ptx_variable *variable;
    uint64_t at, limit; /* bytes */
};

/* Where the next bytes go: only what is written takes memory, however large the array is. */
static uint8_t *next_values(struct reader *reader, const struct filling *filling, uint64_t bytes) {
    uint64_t wanted = filling->at + bytes;
    if (wanted > reader->value_capacity) {
        uint8_t *grown = realloc(reader->values, wanted * 2);
        if (!grown)
            reader_fail(reader, "the host has no memory left for this module");
        reader->values = grown;
        reader->value_capacity = wanted * 2;
    }
    return reader->values + filling->at;
}

static uint8_t *room(struct reader *reader, struct filling *filling, unsigned bytes) {
    if (filling->limit - filling->at < bytes)
        reader_fail(reader, "the initialiser of '%s' is longer than its %llu bytes", filling->variable->name,
                    (unsigned long long)filling->limit);
    uint8_t *place = memset(next_values(reader, filling, bytes), 0, bytes);
    filling->at += bytes;
    return place;
}

/* Tables of 100 KB stand in lists of bytes. */
static void take_bytes(struct reader *reader, struct filling *filling) {
    enum { PIECE = 4096 };
    uint64_t taken, wanted;
    do {
        wanted = filling->limit - filling->at < PIECE ? filling->limit - filling->at : PIECE;
        taken = lexer_bytes(&reader->lexer, next_values(reader, filling, wanted), wanted);
        filling->at += taken;
    } while (taken == PIECE);
}

/* sym, sym+8, generic(sym)+8 */
static void read_address(struct reader *reader, struct filling *filling) {
    struct ptx_variable *variable = filling->variable;
    if (ptx_type_bytes(variable->type) != 8)
        reader_fail(reader, "an address initialises '%s', which is not an array of 64-bit values",
                    variable->name);
    struct ptx_relocation relocation = {.offset = filling->at};
    struct token name = reader_take_name(reader, "a variable's name");
    if (token_is(&name, "generic") && reader_accept(reader, '(')) {
        relocation.generic = true;
        name = reader_take_name(reader, "a variable's name");
        reader_expect(reader, ')', "after generic(");
    }
    relocation.symbol = reader_intern(reader, &name);
    bool minus = reader_at(reader, '-');
    if (minus || reader_at(reader, '+')) {
        reader_advance(reader);
        int64_t addend = (int64_t)reader_integer(reader, "an offset", INT64_MAX);
        relocation.addend = minus ? -addend : addend;
    }
    room(reader, filling, 8);
    reader->relocations = reader_grow(reader, reader->relocations, variable->relocation_count,
                                      &reader->relocation_capacity, sizeof relocation);
    reader->relocations[variable->relocation_count++] = relocation;
}

/* "text": its bytes, without a final zero */
static void read_string(struct reader *reader, struct filling *filling) {
    const char *at = reader->token.start, *end = at + reader->token.length;
    if (ptx_type_bytes(filling->variable->type) != 1)
        reader_fail(reader, "a string initialises '%s', which is not an array of bytes",
                    filling->variable->name);
    while (at < end) {
        char c = *at++;
        if (c == '\\') {
            static const char escapes[] = "n\nt\tr\r0\0\\\\\"\"";
            const char *escape = NULL;
            for (size_t i = 0; i + 1 < sizeof escapes; i += 2)
                if (escapes[i] == *at)
                    escape = &escapes[i + 1];
            if (!escape)
                reader_fail(reader, "the string has the unknown escape '\\%c'", *at);
            c = *escape;
            at++;
        }
        *room(reader, filling, 1) = (uint8_t)c;
    }
    reader_advance(reader);
}

enum { MOST_NESTED_LISTS = 8 };

static void read_value(struct reader *reader, struct filling *filling, unsigned depth) {
    struct ptx_variable *variable = filling->variable;
    if (reader_at(reader, '{')) {
        if (depth == MOST_NESTED_LISTS)
            reader_fail(reader, "the initialiser of '%s' has more than %d lists in lists", variable->name,
                        MOST_NESTED_LISTS);
        if (ptx_type_bytes(variable->type) == 1)
            take_bytes(reader, filling);
        reader_advance(reader);
        reader_accept(reader, ',');
        while (!reader_accept(reader, '}')) {
            read_value(reader, filling, depth + 1);
            if (!reader_at(reader, '}'))
                reader_expect(reader, ',', "between the values of an initialiser");
        }
    } else if (reader->token.kind == TOKEN_STRING) {
        read_string(reader, filling);
    } else if (reader->token.kind == TOKEN_NAME) {
        read_address(reader, filling);
    } else {
        bool negative = reader_accept(reader, '-');
        if (reader->token.kind != TOKEN_NUMBER)
            reader_expected(reader, "a number, an address or a list in the initialiser");
        struct ptx_operand number = read_number(reader, negative);
        unsigned bytes = ptx_type_bytes(variable->type);
        uint64_t bits = bits_for_type(reader, &number, variable->type);
        uint8_t *place = room(reader, filling, bytes);
        for (unsigned i = 0; i < bytes && i < 8; i++)
            place[i] = (uint8_t)(bits >> 8 * i);
    }
}

static void read_initialiser(struct reader *reader, struct ptx_variable *variable, bool open) {
    /* An open array takes its size from the values. */
    struct filling filling = {.variable = variable, .limit = open ? MOST_BYTES : variable->bytes};
    variable->relocation_count = 0;
    read_value(reader, &filling, 0);
    variable->initial = arena_copy(reader->arena, reader->values, filling.at);
    variable->initial_bytes = filling.at;
    if (open)
        variable->bytes = filling.at;
    variable->relocations = arena_copy(reader->arena, reader->relocations,
                                       variable->relocation_count * sizeof *variable->relocations);
}

/* Binds the name in the current scope; a second declaration completes an .extern one. */
static struct ptx_variable *declare(struct reader *reader, const struct token *name, enum ptx_space space,
                                    enum linkage linkage) {
    struct binding *binding = names_bind(reader->names, name->start, name->length, BINDING_VARIABLE);
    if (!binding) {
        binding = names_find(reader->names, name->start, name->length);
        bool completes =
            binding->kind == BINDING_VARIABLE && (binding->variable->is_extern || linkage == LINKAGE_EXTERN);
        if (!completes)
            reader_fail_at(reader, name->line, "'%.*s' is already declared in this scope", (int)name->length,
                           name->start);
        if (binding->variable->space != space)
            reader_fail_at(reader, name->line, "'%.*s' is already declared in another state space",
                           (int)name->length, name->start);
        return binding->variable;
    }
    binding->variable = arena_allocate(reader->arena, sizeof *binding->variable);
    binding->variable->name = reader_intern(reader, name);
    binding->variable->is_extern = true;
    return binding->variable;
}

static void keep(struct reader *reader, struct ptx_variable *variable) {
    struct ptx_module *module = reader->module;
    bool of_function =
        reader->function && variable->space != PTX_SPACE_GLOBAL && variable->space != PTX_SPACE_CONST;
    if (of_function) {
        variable->owner = reader->function;
        variable->ordinal = reader->function->ordinal_count++;
        reader->locals = reader_grow(reader, reader->locals, reader->local_count, &reader->local_capacity,
                                     sizeof *reader->locals);
        reader->locals[reader->local_count++] = variable;
    } else {
        module->variables = reader_grow(reader, module->variables, module->variable_count,
                                        &reader->variable_capacity, sizeof *module->variables);
        module->variables[module->variable_count++] = variable;
    }
}

void read_variables(struct reader *reader, enum ptx_space space, enum linkage linkage) {
    struct attributes attributes = read_attributes(reader);
    do {
        struct token name = reader_take_name(reader, "a variable's name");
        bool open;
        uint64_t elements = read_dimensions(reader, &open);
        struct ptx_variable *variable = declare(reader, &name, space, linkage);
        bool is_new = variable->space == PTX_SPACE_GENERIC;
        if (!is_new && linkage == LINKAGE_EXTERN)
            continue; /* already known, perhaps defined */
        variable->space = space;
        variable->type = attributes.type;
        variable->align = attributes.align;
        variable->bytes = open ? 0 : elements * attributes.lanes * ptx_type_bytes(attributes.type);
        variable->is_extern = linkage == LINKAGE_EXTERN;
        variable->is_managed = attributes.managed;
        if (is_new)
            keep(reader, variable);
        if (reader_accept(reader, '=')) {
            if (space != PTX_SPACE_GLOBAL && space != PTX_SPACE_CONST)
                reader_fail(reader, "'%s' is initialised; only .global and .const variables can be",
                            variable->name);
            read_initialiser(reader, variable, open);
        } else if (open && linkage != LINKAGE_EXTERN) {
            reader_fail(reader, "the size of '%s' is missing; only .extern variables may leave it out",
                        variable->name);
        }
    } while (reader_accept(reader, ','));
    reader_expect(reader, ';', "after a variable");
}

struct ptx_variable *read_parameter(struct reader *reader) {
    struct attributes attributes = read_attributes(reader);
    struct token name = reader_take_name(reader, "a parameter's name");
    bool open;
    uint64_t elements = read_dimensions(reader, &open);
    uint64_t bytes = open ? 0 : elements * attributes.lanes * ptx_type_bytes(attributes.type);
    if (open || bytes > UINT32_MAX / 4)
        reader_fail_at(reader, name.line, "the parameter '%.*s' has no size or too large a one",
                       (int)name.length, name.start);
    struct ptx_variable *variable = arena_allocate(reader->arena, sizeof *variable);
    *variable = (struct ptx_variable){.name = reader_intern(reader, &name),
                                      .space = PTX_SPACE_PARAM,
                                      .type = attributes.type,
                                      .align = attributes.align,
                                      .bytes = bytes};
    return variable;
}
