/*
 * Integer arithmetic, logic and shifts of every width and sign: each result is made as a whole number, without a width, and cut
 * to the destination.
 */
#include "instruction/machine.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

TestSuite(vgpu_arithmetic, .init = machine_open, .fini = machine_close);

typedef __int128 whole;
typedef unsigned __int128 wide_bits;

static const struct integer {
    const char *name;
    unsigned bits;
    bool is_signed;
} types[] = {{"u16", 16, false}, {"s16", 16, true},  {"u32", 32, false},
             {"s32", 32, true},  {"u64", 64, false}, {"s64", 64, true},
             {"b16", 16, false}, {"b32", 32, false}, {"b64", 64, false}};
enum { TYPES = sizeof types / sizeof *types };

/* What the expected functions work on. */
static const struct integer *type;

static whole least(void) { return type->is_signed ? -((whole)1 << (type->bits - 1)) : 0; }
static whole most(void) { return ((whole)1 << (type->bits - type->is_signed)) - 1; }
/* The number that bits of this type stand for. */
static whole value_of(uint64_t bits, unsigned width, bool is_signed) {
    whole x = width == 64 ? bits : bits & ((1ull << width) - 1);
    return is_signed && x >> (width - 1) ? x - ((whole)1 << width) : x;
}
static whole value(uint64_t bits) { return value_of(bits, type->bits, type->is_signed); }
static whole clamped(whole x) { return x < least() ? least() : x > most() ? most() : x; }

/* The low 128 bits of a product are the same for both signs; its upper half needs them all. */
static uint64_t upper_half(uint64_t a, uint64_t b) {
    return (uint64_t)((wide_bits)value(a) * (wide_bits)value(b) >> type->bits);
}

#define MEANING(name, result)                                                                                \
    static uint64_t name(uint64_t a, uint64_t b, uint64_t c) {                                               \
        (void)a, (void)b, (void)c;                                                                           \
        return (uint64_t)(result);                                                                           \
    }
MEANING(sum, value(a) + value(b))
MEANING(difference, value(a) - value(b))
MEANING(sum_clamped, clamped(value(a) + value(b)))
MEANING(difference_clamped, clamped(value(a) - value(b)))
MEANING(product, (wide_bits)value(a) * (wide_bits)value(b))
MEANING(product_high, upper_half(a, b))
MEANING(product_sum, (wide_bits)value(a) * (wide_bits)value(b) + (wide_bits)value(c))
MEANING(product_sum_high, upper_half(a, b) + c)
/* Here the product's upper half is a number of its own. */
MEANING(product_sum_high_clamped, clamped((value(a) * value(b) >> type->bits) + value(c)))
MEANING(distance_sum, value(c) + (value(a) < value(b) ? value(b) - value(a) : value(a) - value(b)))
MEANING(quotient, value(b) ? value(a) / value(b) : (whole)UNSPECIFIED)
MEANING(remainder_of, value(b) ? value(a) % value(b) : (whole)UNSPECIFIED)
MEANING(lesser, value(a) < value(b) ? a : b)
MEANING(greater, value(a) > value(b) ? a : b)
MEANING(magnitude, value(a) < 0 ? -value(a) : value(a))
MEANING(negative, -value(a))
MEANING(both, a &b)
MEANING(either, a | b)
MEANING(one_of, a ^ b)
MEANING(complement, ~a)
MEANING(is_zero, value(a) == 0)
MEANING(moved, a)
/* A shift by the width or more leaves nothing, or the sign. */
MEANING(shifted_left, (uint32_t)b >= type->bits ? 0 : a << b)
MEANING(shifted_right, value(a) >> ((uint32_t)b >= type->bits ? type->bits : b))

/* The low 24 bits, as a signed number for s32. */
static whole low24(uint64_t a) { return value_of(a & 0xffffff, 24, type->is_signed); }
MEANING(product24, low24(a) * low24(b))
MEANING(product24_high, low24(a) * low24(b) >> 16)
MEANING(product24_sum, low24(a) * low24(b) + value(c))
MEANING(product24_sum_high, (low24(a) * low24(b) >> 16) + value(c))

/* One row: the name before the type; types that have it; operands: . of the type, w twice as wide, s a shift count. */
static const struct {
    const char *name, *types, *operands;
    expected_function *expected;
} instructions[] = {
    {"add", "u16 s16 u32 s32 u64 s64", "...", sum},
    {"sub", "u16 s16 u32 s32 u64 s64", "...", difference},
    {"add.sat", "s32", "...", sum_clamped},
    {"sub.sat", "s32", "...", difference_clamped},
    {"mul.lo", "u16 s16 u32 s32 u64 s64", "...", product},
    {"mul.hi", "u16 s16 u32 s32 u64 s64", "...", product_high},
    {"mul.wide", "u16 s16 u32 s32", "w..", product},
    {"mad.lo", "u16 s16 u32 s32 u64 s64", "....", product_sum},
    {"mad.hi", "u16 s16 u32 s32 u64 s64", "....", product_sum_high},
    {"mad.hi.sat", "s32", "....", product_sum_high_clamped},
    {"mul24.lo", "u32 s32", "...", product24},
    {"mul24.hi", "u32 s32", "...", product24_high},
    {"mad24.lo", "u32 s32", "....", product24_sum},
    {"mad24.hi", "u32 s32", "....", product24_sum_high},
    {"sad", "u16 s16 u32 s32 u64 s64", "....", distance_sum},
    {"div", "u16 s16 u32 s32 u64 s64", "...", quotient},
    {"rem", "u16 s16 u32 s32 u64 s64", "...", remainder_of},
    {"min", "u16 s16 u32 s32 u64 s64", "...", lesser},
    {"max", "u16 s16 u32 s32 u64 s64", "...", greater},
    {"abs", "s16 s32 s64", "..", magnitude},
    {"neg", "s16 s32 s64", "..", negative},
    {"and", "b16 b32 b64", "...", both},
    {"or", "b16 b32 b64", "...", either},
    {"xor", "b16 b32 b64", "...", one_of},
    {"not", "b16 b32 b64", "..", complement},
    {"cnot", "b16 b32 b64", "..", is_zero},
    {"shl", "b16 b32 b64", "..s", shifted_left},
    {"shr", "b16 b32 b64 u16 s16 u32 s32 u64 s64", "..s", shifted_right},
    {"mov", "b16 b32 b64 u16 s16 u32 s32 u64 s64", "..", moved},
};

Test(vgpu_arithmetic, every_width_and_sign) {
    for (unsigned k = 0; k < sizeof instructions / sizeof *instructions; k++) {
        for (type = types; type < types + TYPES; type++) {
            if (!strstr(instructions[k].types, type->name))
                continue;
            char list[64] = "", text[96];
            static const char *const operands[] = {"", "a", "a, b", "a, b, c"};
            for (const char *at = instructions[k].operands; *at; at++) {
                size_t used = strlen(list);
                if (*at == 's')
                    snprintf(list + used, sizeof list - used, "b32 ");
                else
                    snprintf(list + used, sizeof list - used, "%c%u ", type->name[0],
                             *at == 'w' ? 2 * type->bits : type->bits);
            }
            snprintf(text, sizeof text, "%s.%s d, %s;", instructions[k].name, type->name,
                     operands[strlen(instructions[k].operands) - 1]);
            instruction_check(list, text, instructions[k].expected);
        }
    }
}

/* c is of the result's width here. */
Test(vgpu_arithmetic, wide_sums) {
    static const char *const names[][2] = {{"u16", "u32"}, {"s16", "s32"}, {"u32", "u64"}, {"s32", "s64"}};
    for (unsigned k = 0; k < 4; k++) {
        char list[64], text[96];
        for (type = types; strcmp(type->name, names[k][0]) != 0; type++)
            ;
        uint64_t expected(uint64_t a, uint64_t b, uint64_t c) {
            return (uint64_t)(value(a) * value(b) + value_of(c, 2 * type->bits, type->is_signed));
        }
        snprintf(list, sizeof list, "%s %s %s %s", names[k][1], names[k][0], names[k][0], names[k][1]);
        snprintf(text, sizeof text, "mad.wide.%s d, a, b, c;", names[k][0]);
        instruction_check(list, text, expected);
    }
}
