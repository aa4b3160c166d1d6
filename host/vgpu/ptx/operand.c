/* Operands: registers, immediates, addresses, vectors, pairs, labels. */
#define _POSIX_C_SOURCE 200809L /* newlocale */
#include "reader.h"

#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static unsigned digit_value(char c) {
    if (c >= '0' && c <= '9')
        return (unsigned)(c - '0');
    if (c >= 'a' && c <= 'f')
        return (unsigned)(c - 'a') + 10;
    if (c >= 'A' && c <= 'F')
        return (unsigned)(c - 'A') + 10;
    return 99;
}

/* False unless [at, end) is all digits of the base and fits. */
static bool parse_digits(const char *at, const char *end, unsigned base, uint64_t *value) {
    if (at == end)
        return false;
    *value = 0;
    for (; at < end; at++) {
        unsigned digit = digit_value(*at);
        if (digit >= base || __builtin_mul_overflow(*value, base, value) ||
            __builtin_add_overflow(*value, digit, value))
            return false;
    }
    return true;
}

/* 1.5, 1e-3: in the C locale, whatever the program has set. */
static bool parse_decimal(const char *start, size_t length, double *value) {
    char text[64], *end;
    if (length >= sizeof text)
        return false;
    memcpy(text, start, length);
    text[length] = '\0';
    locale_t plain = newlocale(LC_ALL_MASK, "C", (locale_t)0);
    if (!plain)
        return false;
    locale_t before = uselocale(plain);
    *value = strtod(text, &end);
    uselocale(before);
    freelocale(plain);
    return *end == '\0';
}

static bool has_point_or_exponent(const struct token *token) {
    for (uint32_t i = 0; i < token->length; i++)
        if (strchr(".eE", token->start[i]))
            return true;
    return false;
}

struct ptx_operand read_number(struct reader *reader, bool negative) {
    struct token token = reader->token;
    const char *at = token.start, *end = at + token.length;
    struct ptx_operand operand = {.kind = PTX_OPERAND_IMMEDIATE};
    char prefix = token.length > 1 && at[0] == '0' ? at[1] : '\0';
    bool good, is_float = true;
    if ((prefix == 'f' || prefix == 'F') && token.length == 10) {
        operand.immediate = PTX_IMMEDIATE_F32;
        good = parse_digits(at + 2, end, 16, &operand.bits);
        operand.bits ^= (uint64_t)negative << 31;
    } else if ((prefix == 'd' || prefix == 'D') && token.length == 18) {
        operand.immediate = PTX_IMMEDIATE_F64;
        good = parse_digits(at + 2, end, 16, &operand.bits);
        operand.bits ^= (uint64_t)negative << 63;
    } else if (prefix != 'x' && prefix != 'X' && has_point_or_exponent(&token)) {
        double value = 0;
        operand.immediate = PTX_IMMEDIATE_F64;
        good = parse_decimal(at, token.length, &value);
        value = negative ? -value : value;
        memcpy(&operand.bits, &value, sizeof value);
    } else {
        is_float = false;
        if (end[-1] == 'U' && token.length > 1)
            end--;
        if (prefix == 'x' || prefix == 'X')
            good = parse_digits(at + 2, end, 16, &operand.bits);
        else if (prefix == 'b' || prefix == 'B')
            good = parse_digits(at + 2, end, 2, &operand.bits);
        else if (prefix && prefix != 'U')
            good = parse_digits(at + 1, end, 8, &operand.bits);
        else
            good = parse_digits(at, end, 10, &operand.bits);
        operand.bits = negative ? -operand.bits : operand.bits;
    }
    if (!good)
        reader_fail(reader, "'%.*s' is not a number%s", token.length < 80 ? (int)token.length : 80,
                    token.start, is_float ? "" : " that fits in 64 bits");
    reader_advance(reader);
    return operand;
}

static bool is_special_register(const struct token *token) {
    static const char *const names[] = {
        "%laneid",
        "%warpid",
        "%nwarpid",
        "%smid",
        "%nsmid",
        "%gridid",
        "%lanemask_eq",
        "%lanemask_le",
        "%lanemask_lt",
        "%lanemask_ge",
        "%lanemask_gt",
        "%clock",
        "%clock_hi",
        "%clock64",
        "%globaltimer",
        "%globaltimer_lo",
        "%globaltimer_hi",
        "%cluster_ctarank",
        "%cluster_nctarank",
        "%is_explicit_cluster",
        "%total_smem_size",
        "%aggr_smem_size",
        "%dynamic_smem_size",
        "%current_graph_exec",
        "%reserved_smem_offset_begin",
        "%reserved_smem_offset_end",
        "%reserved_smem_offset_cap",
        "%reserved_smem_offset_0",
        "%reserved_smem_offset_1",
    };
    static const char *const vectors[] = {"%tid",       "%ntid",       "%ctaid",         "%nctaid",
                                          "%clusterid", "%nclusterid", "%cluster_ctaid", "%cluster_nctaid"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (token_is(token, names[i]))
            return true;
    for (size_t i = 0; i < sizeof vectors / sizeof *vectors; i++) {
        size_t length = strlen(vectors[i]);
        if (token->length == length + 2 && strncmp(token->start, vectors[i], length) == 0 &&
            token->start[length] == '.' && strchr("xyz", token->start[length + 1]))
            return true;
    }
    uint64_t number;
    const char *end = token->start + token->length;
    if (token->length > 7 && strncmp(token->start, "%envreg", 7) == 0)
        return parse_digits(token->start + 7, end, 10, &number) && number < 32;
    if (token->length > 3 && strncmp(token->start, "%pm", 3) == 0)
        return parse_digits(token->start + 3, end, 10, &number) && number < 8;
    return false;
}

uint32_t reader_add_register(struct reader *reader, const char *name, size_t length, enum ptx_type type) {
    reader->registers = reader_grow(reader, reader->registers, reader->register_count,
                                    &reader->register_capacity, sizeof *reader->registers);
    reader->registers[reader->register_count] = (struct ptx_register){
        .name = names_intern(reader->names, name, length), .type = type, .slot = PTX_NO_SLOT};
    return reader->register_count++;
}

/* No family has more members than seven digits count (function.c). */
enum { MOST_FAMILY_DIGITS = 7 };

/* The register that a name means as a member of a family `%r<10>`, or false. Members come into being when first used. */
static bool find_member(struct reader *reader, const struct token *name, uint32_t least_depth,
                        uint32_t *reg) {
    const char *end = name->start + name->length;
    /* "%r12" may be %r<..> 12 or %r1<..> 2: the shortest prefix that is declared wins. */
    const char *digits = end;
    while (digits > name->start && end - digits < MOST_FAMILY_DIGITS && digit_value(digits[-1]) < 10)
        digits--;
    for (; digits < end; digits++) {
        if (digits[0] == '0' && end - digits > 1)
            continue;
        struct binding *family = names_find(reader->names, name->start, (size_t)(digits - name->start));
        uint64_t number;
        if (!family || family->kind != BINDING_FAMILY || family->depth < least_depth ||
            !parse_digits(digits, end, 10, &number) || number >= family->family.count)
            continue;
        uint32_t *known = &family->family.registers[number];
        if (!*known)
            *known = reader_add_register(reader, name->start, name->length, family->family.type) + 1;
        *reg = *known - 1;
        return true;
    }
    return false;
}

/* What a name means: a binding's operand, a family's member, a special register. */
static struct ptx_operand resolve(struct reader *reader, const struct token *name) {
    struct ptx_operand operand = {0};
    const struct binding *binding = names_find(reader->names, name->start, name->length);
    uint32_t reg;
    if (find_member(reader, name, binding ? binding->depth + 1 : 0, &reg)) {
        operand.kind = PTX_OPERAND_REGISTER;
        operand.reg = reg;
        return operand;
    }
    if (!binding || binding->kind == BINDING_FAMILY) {
        if (token_is(name, "WARP_SZ")) {
            operand.kind = PTX_OPERAND_IMMEDIATE;
            operand.bits = 32;
        } else if (is_special_register(name)) {
            operand.kind = PTX_OPERAND_SPECIAL;
            operand.special = reader_intern(reader, name);
        } else {
            reader_fail_at(reader, name->line, "'%.*s' is not declared", (int)name->length, name->start);
        }
        return operand;
    }
    switch (binding->kind) {
    case BINDING_REGISTER:
        operand.kind = PTX_OPERAND_REGISTER;
        operand.reg = binding->reg;
        break;
    case BINDING_VARIABLE:
        operand.kind = PTX_OPERAND_VARIABLE;
        operand.variable = binding->variable;
        break;
    case BINDING_FUNCTION:
        operand.kind = PTX_OPERAND_FUNCTION;
        operand.callee = binding->function;
        break;
    case BINDING_TARGETS:
        return binding->targets;
    case BINDING_LABEL:
    case BINDING_PROTOTYPE:
    case BINDING_FAMILY:
        reader_fail_at(reader, name->line, "'%.*s' cannot be an operand here", (int)name->length,
                       name->start);
    }
    return operand;
}

static struct ptx_operand read_name(struct reader *reader, bool is_label) {
    struct token name = reader_take_name(reader, "an operand");
    if (token_is(&name, "_"))
        return (struct ptx_operand){.kind = PTX_OPERAND_SINK};
    if (is_label) {
        const struct binding *known = names_find(reader->names, name.start, name.length);
        uint32_t reg;
        if ((!known || known->kind == BINDING_LABEL) &&
            !find_member(reader, &name, known ? known->depth + 1 : 0, &reg))
            return (struct ptx_operand){.kind = PTX_OPERAND_LABEL, .special = reader_intern(reader, &name)};
    }
    return resolve(reader, &name);
}

uint32_t read_register(struct reader *reader) {
    struct token name = reader_take_name(reader, "a register");
    struct ptx_operand operand = resolve(reader, &name);
    if (operand.kind != PTX_OPERAND_REGISTER)
        reader_fail_at(reader, name.line, "'%.*s' is not a register", (int)name.length, name.start);
    return operand.reg;
}

/* +8, -8, +-8 */
static int64_t read_offset(struct reader *reader) {
    bool negative = false;
    if (!reader_at(reader, '+') && !reader_at(reader, '-'))
        return 0;
    if (reader_accept(reader, '-'))
        negative = true;
    else
        reader_advance(reader);
    if (reader_accept(reader, '-'))
        negative = !negative;
    if (reader->token.kind != TOKEN_NUMBER)
        reader_expected(reader, "an offset in bytes");
    struct ptx_operand number = read_number(reader, negative);
    if (number.immediate != PTX_IMMEDIATE_INTEGER)
        reader_fail(reader, "the offset of an address must be an integer");
    return (int64_t)number.bits;
}

/* After '[' */
static struct ptx_operand read_address(struct reader *reader) {
    struct ptx_operand address = {.kind = PTX_OPERAND_ADDRESS};
    if (reader->token.kind == TOKEN_NAME) {
        struct token name = reader->token;
        struct ptx_operand base = read_name(reader, false);
        if (base.kind == PTX_OPERAND_REGISTER) {
            address.base_is_register = true;
            address.reg = base.reg;
        } else if (base.kind == PTX_OPERAND_VARIABLE) {
            address.variable = base.variable;
        } else {
            reader_fail_at(reader, name.line,
                           "'%.*s' is neither a register nor a variable, so it is no address",
                           (int)name.length, name.start);
        }
        address.offset = read_offset(reader);
    } else {
        bool negative = reader_accept(reader, '-');
        if (reader->token.kind != TOKEN_NUMBER)
            reader_expected(reader, "a register, a variable or a number as the address");
        struct ptx_operand number = read_number(reader, negative);
        if (number.immediate != PTX_IMMEDIATE_INTEGER)
            reader_fail(reader, "an address must be an integer");
        address.offset = (int64_t)number.bits;
    }
    if (reader_accept(reader, ',')) {
        if (reader_at(reader, '['))
            reader_expected(reader, "coordinates in an address");
        read_operand(reader, false);
        address.kind = PTX_OPERAND_TENSOR;
    }
    reader_expect(reader, ']', "after an address");
    return address;
}

void reader_push_operand(struct reader *reader, struct ptx_operand operand) {
    reader->operands = reader_grow(reader, reader->operands, reader->operand_count, &reader->operand_capacity,
                                   sizeof *reader->operands);
    reader->operands[reader->operand_count++] = operand;
}

void read_operand_list(struct reader *reader, char close, bool names_are_labels, struct ptx_operand **list,
                       uint32_t *count) {
    uint32_t first = reader->operand_count;
    while (!reader_accept(reader, close)) {
        if (reader->operand_count > first)
            reader_expect(reader, ',', "between operands");
        if (reader_at(reader, '{') || reader_at(reader, '['))
            reader_expected(reader, "a register or an immediate in the list");
        reader_push_operand(reader, read_operand(reader, names_are_labels));
    }
    *count = reader->operand_count - first;
    *list = arena_copy(reader->arena, reader->operands + first, *count * sizeof **list);
    reader->operand_count = first;
}

struct ptx_operand read_operand(struct reader *reader, bool names_are_labels) {
    if (reader_accept(reader, '['))
        return read_address(reader);
    if (reader_accept(reader, '{')) {
        struct ptx_operand vector = {.kind = PTX_OPERAND_VECTOR}, *elements;
        uint32_t count;
        read_operand_list(reader, '}', names_are_labels, &elements, &count);
        vector.elements = elements;
        vector.element_count = count;
        return vector;
    }
    if (reader_accept(reader, '!')) {
        struct ptx_operand operand = {.kind = PTX_OPERAND_REGISTER, .negated = true};
        operand.reg = read_register(reader);
        return operand;
    }
    bool negative = reader_accept(reader, '-');
    if (reader->token.kind == TOKEN_NUMBER)
        return read_number(reader, negative);
    if (negative || reader->token.kind != TOKEN_NAME)
        reader_expected(reader, negative ? "a number after '-'" : "an operand");

    struct ptx_operand operand = read_name(reader, names_are_labels);
    if (reader_accept(reader, '|')) {
        struct ptx_operand pair[2] = {operand, read_name(reader, false)};
        for (int i = 0; i < 2; i++)
            if (pair[i].kind != PTX_OPERAND_REGISTER && pair[i].kind != PTX_OPERAND_SINK)
                reader_fail(reader, "both sides of '|' must be registers");
        struct ptx_operand both = {.kind = PTX_OPERAND_VECTOR, .is_pair = true, .element_count = 2};
        both.elements = arena_copy(reader->arena, pair, sizeof pair);
        return both;
    }
    if (operand.kind == PTX_OPERAND_VARIABLE)
        operand.offset = read_offset(reader);
    return operand;
}
