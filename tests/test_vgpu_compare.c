/* setp, set, selp, slct and testp of every type. */
#include "instruction/exact.h"
#include "instruction/machine.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

TestSuite(vgpu_compare, .init = machine_open, .fini = machine_close);

/* A type that is compared: b as bits, u and s as integers, f as a float. */
static const struct compared {
    const char *name;
    unsigned bits;
    char kind;
    const struct float_format *format;
} types[] = {{"b16", 16, 'b', NULL},        {"b32", 32, 'b', NULL},          {"b64", 64, 'b', NULL},
             {"u16", 16, 'u', NULL},        {"u32", 32, 'u', NULL},          {"u64", 64, 'u', NULL},
             {"s16", 16, 's', NULL},        {"s32", 32, 's', NULL},          {"s64", 64, 's', NULL},
             {"f16", 16, 'f', &format_f16}, {"bf16", 16, 'f', &format_bf16}, {"f32", 32, 'f', &format_f32},
             {"f64", 64, 'f', &format_f64}};
enum { TYPES = sizeof types / sizeof *types };

/* Which outcomes -1, 0, 1, and 2 (unordered) are true; whose types have the operator. */
static const struct operator{
    const char *name;
    bool below, equal, above, unordered;
    const char *kinds;
}
operators[] = {{"eq", false, true, false, false, "busf"}, {"ne", true, false, true, false, "busf"},
               {"lt", true, false, false, false, "usf"},  {"le", true, true, false, false, "usf"},
               {"gt", false, false, true, false, "usf"},  {"ge", false, true, true, false, "usf"},
               {"lo", true, false, false, false, "u"},    {"ls", true, true, false, false, "u"},
               {"hi", false, false, true, false, "u"},    {"hs", false, true, true, false, "u"},
               {"equ", false, true, false, true, "f"},    {"neu", true, false, true, true, "f"},
               {"ltu", true, false, false, true, "f"},    {"leu", true, true, false, true, "f"},
               {"gtu", false, false, true, true, "f"},    {"geu", false, true, true, true, "f"},
               {"num", true, true, true, false, "f"},     {"nan", false, false, false, true, "f"}};
enum { OPERATORS = sizeof operators / sizeof *operators };

/* What the expected functions work on. */
static const struct compared *type;
static const struct operator* relation;
static bool ftz, negated_result, negated_operand;
static char combine; /* 0 for none, else and, or, xor by their first letter */
static uint64_t yes;

static int order(uint64_t a, uint64_t b) {
    uint64_t mask = type->bits == 64 ? ~0ull : (1ull << type->bits) - 1, top = 1ull << (type->bits - 1);
    a &= mask, b &= mask;
    if (type->kind == 'f' && ftz)
        a = flush_bits(type->format, a), b = flush_bits(type->format, b);
    if (type->kind == 'f')
        return compare_bits(type->format, a, b);
    if (type->kind == 's')
        a ^= top, b ^= top;
    return a < b ? -1 : a > b;
}
static bool holds(uint64_t a, uint64_t b, uint64_t c) {
    int outcome = order(a, b);
    bool result = outcome < 0    ? relation->below
                  : outcome == 0 ? relation->equal
                  : outcome == 1 ? relation->above
                                 : relation->unordered;
    bool other = (bool)c != negated_operand;
    result = result != negated_result;
    return combine == 'a'   ? result && other
           : combine == 'o' ? result || other
           : combine == 'x' ? result != other
                            : result;
}
static uint64_t predicate(uint64_t a, uint64_t b, uint64_t c) { return holds(a, b, c); }
static uint64_t predicate_low(uint64_t a, uint64_t b, uint64_t c) { return holds(a & 0xffff, b & 0xffff, c); }
static uint64_t predicate_high(uint64_t a, uint64_t b, uint64_t c) { return holds(a >> 16, b >> 16, c); }
static uint64_t number(uint64_t a, uint64_t b, uint64_t c) { return holds(a, b, c) ? yes : 0; }

static const char *const combinations[] = {"", ".and", ".or", ".xor"};

static void check_setp(const char *destinations, unsigned k, bool pair, expected_function *expected) {
    char list[64], text[96];
    combine = combinations[k][0] ? combinations[k][1] : 0;
    snprintf(list, sizeof list, "pred %s%s %s%s%s", type->name, pair ? "x2" : "", type->name,
             pair ? "x2" : "", k ? " pred" : "");
    snprintf(text, sizeof text, "setp.%s%s%s.%s%s %s, a, b%s%s;", relation->name, combinations[k],
             ftz ? ".ftz" : "", type->name, pair ? "x2" : "", destinations, k ? ", " : "",
             k ? negated_operand ? "!c" : "c" : "");
    instruction_check(list, text, expected);
}

/* For every operator of every type, with and without .ftz. */
#define FOR_EVERY_COMPARISON                                                                                 \
    for (type = types; type < types + TYPES; type++)                                                         \
        for (relation = operators; relation < operators + OPERATORS; relation++)                             \
            for (int flushes = 0; flushes < 2; flushes++)                                                    \
                if (strchr(relation->kinds, type->kind) &&                                                   \
                    (ftz = flushes, !ftz || type->format == &format_f16 || type->format == &format_f32))

Test(vgpu_compare, setp) {
    FOR_EVERY_COMPARISON {
        for (unsigned k = 0; k < 4; k++) {
            negated_operand = k == 2, negated_result = false;
            check_setp("d", k, false, predicate);
            negated_result = true;
            check_setp("p|d", k, false, predicate);
        }
    }
}

Test(vgpu_compare, setp_of_pairs) {
    negated_result = negated_operand = false;
    FOR_EVERY_COMPARISON {
        if (type->bits != 16 || type->kind != 'f')
            continue;
        for (unsigned k = 0; k < 4; k++) {
            check_setp("d|p", k, true, predicate_low);
            check_setp("p|d", k, true, predicate_high);
        }
    }
}

Test(vgpu_compare, set) {
    static const struct {
        const char *name;
        uint64_t yes;
    } results[] = {{"u32", 0xffffffff}, {"s32", 0xffffffff}, {"f32", 0x3f800000}};
    negated_result = negated_operand = false;
    FOR_EVERY_COMPARISON {
        if (type->bits == 16 && type->kind == 'f')
            continue;
        for (unsigned k = 0; k < 4; k++) {
            for (unsigned r = 0; r < 3; r++) {
                char list[64], text[96];
                combine = combinations[k][0] ? combinations[k][1] : 0;
                yes = results[r].yes;
                snprintf(list, sizeof list, "%s %s %s%s", results[r].name, type->name, type->name,
                         k ? " pred" : "");
                snprintf(text, sizeof text, "set.%s%s%s.%s.%s d, a, b%s;", relation->name, combinations[k],
                         ftz ? ".ftz" : "", results[r].name, type->name, k ? ", c" : "");
                instruction_check(list, text, number);
            }
        }
    }
}

static uint64_t number_of_pair(uint64_t a, uint64_t b, uint64_t c) {
    return number(a & 0xffff, b & 0xffff, c) | number(a >> 16, b >> 16, c) << 16;
}

/* To a number of the compared type, or ones in every bit of an integer or of its half. */
Test(vgpu_compare, set_of_sixteen_bits) {
    static const char *const results[] = {"", "u16", "s16", "u32", "s32"};
    negated_result = negated_operand = false;
    FOR_EVERY_COMPARISON {
        if (type->bits != 16 || type->kind != 'f')
            continue;
        for (unsigned way = 0; way < 4 * 5 * 2; way++) {
            char list[64], own[16], text[96];
            const char *result = results[way / 4 % 5];
            bool is_pair = way >= 4 * 5;
            unsigned k = way % 4;
            if (is_pair && strstr(result, "16"))
                continue;
            snprintf(own, sizeof own, "%s%s", type->name, is_pair ? "x2" : "");
            combine = combinations[k][0] ? combinations[k][1] : 0;
            yes = *result                       ? strstr(result, "16") || is_pair ? 0xffff : 0xffffffff
                  : type->format == &format_f16 ? 0x3c00
                                                : 0x3f80;
            result = *result ? result : own;
            snprintf(list, sizeof list, "%s %s %s%s", result, own, own, k ? " pred" : "");
            snprintf(text, sizeof text, "set.%s%s%s.%s.%s d, a, b%s;", relation->name, combinations[k],
                     ftz ? ".ftz" : "", result, own, k ? ", c" : "");
            instruction_check(list, text, is_pair ? number_of_pair : number);
        }
    }
}

static uint64_t selected(uint64_t a, uint64_t b, uint64_t c) { return c ? a : b; }
static uint64_t by_sign(uint64_t a, uint64_t b, uint64_t c) { return (int32_t)c >= 0 ? a : b; }
/* A NaN chooses b, a zero of either sign a. */
static uint64_t by_float_sign(uint64_t a, uint64_t b, uint64_t c) {
    if (ftz)
        c = flush_bits(&format_f32, c);
    int outcome = compare_bits(&format_f32, c, 0);
    return outcome == 0 || outcome == 1 ? a : b;
}

Test(vgpu_compare, selection) {
    for (type = types; type < types + TYPES; type++) {
        char list[64], text[96];
        snprintf(list, sizeof list, "%s %s %s pred", type->name, type->name, type->name);
        snprintf(text, sizeof text, "selp.%s d, a, b, c;", type->name);
        instruction_check(list, text, selected);
        if (type->kind == 'f' && type->bits == 16)
            continue;
        snprintf(list, sizeof list, "%s %s %s s32", type->name, type->name, type->name);
        snprintf(text, sizeof text, "slct.%s.s32 d, a, b, c;", type->name);
        instruction_check(list, text, by_sign);
        for (int flushes = 0; flushes < 2; flushes++) {
            ftz = flushes;
            snprintf(list, sizeof list, "%s %s %s f32", type->name, type->name, type->name);
            snprintf(text, sizeof text, "slct%s.%s.f32 d, a, b, c;", ftz ? ".ftz" : "", type->name);
            instruction_check(list, text, by_float_sign);
        }
    }
}

/* A float's class from its exponent and fraction. */
#define EXPONENT(a) ((a) >> type->format->fraction & ((1u << (type->bits - 1 - type->format->fraction)) - 1))
#define FRACTION(a) ((a) & ((1ull << type->format->fraction) - 1))
#define ALL_ONES ((1u << (type->bits - 1 - type->format->fraction)) - 1)
static uint64_t is_finite(uint64_t a, uint64_t b, uint64_t c) {
    return (void)b, (void)c, EXPONENT(a) != ALL_ONES;
}
static uint64_t is_infinite(uint64_t a, uint64_t b, uint64_t c) {
    return (void)b, (void)c, EXPONENT(a) == ALL_ONES && FRACTION(a) == 0;
}
static uint64_t is_number(uint64_t a, uint64_t b, uint64_t c) {
    return (void)b, (void)c, EXPONENT(a) != ALL_ONES || FRACTION(a) == 0;
}
static uint64_t is_not_a_number(uint64_t a, uint64_t b, uint64_t c) { return !is_number(a, b, c); }
static uint64_t is_subnormal(uint64_t a, uint64_t b, uint64_t c) {
    return (void)b, (void)c, EXPONENT(a) == 0 && FRACTION(a) != 0;
}
/* A zero is normal here: "neither subnormal nor infinity nor NaN". */
static uint64_t is_normal(uint64_t a, uint64_t b, uint64_t c) {
    return is_finite(a, b, c) && !is_subnormal(a, b, c);
}

Test(vgpu_compare, testp) {
    static const struct {
        const char *name;
        expected_function *expected;
    } properties[] = {{"finite", is_finite}, {"infinite", is_infinite},
                      {"number", is_number}, {"notanumber", is_not_a_number},
                      {"normal", is_normal}, {"subnormal", is_subnormal}};
    for (type = types; type < types + TYPES; type++) {
        for (unsigned k = 0; k < 6 && type->bits > 16 && type->kind == 'f'; k++) {
            char list[32], text[64];
            snprintf(list, sizeof list, "pred %s", type->name);
            snprintf(text, sizeof text, "testp.%s.%s d, a;", properties[k].name, type->name);
            instruction_check(list, text, properties[k].expected);
        }
    }
}
