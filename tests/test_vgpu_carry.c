/* Sums and products with carry, each with carry in and carry out, of every width and sign. */
#include "instruction/machine.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

TestSuite(vgpu_carry, .init = machine_open, .fini = machine_close);

typedef __int128 whole;
typedef unsigned __int128 wide_bits;

static const struct integer {
    const char *name;
    unsigned bits;
    bool is_signed;
} types[] = {{"u32", 32, false}, {"s32", 32, true}, {"u64", 64, false}, {"s64", 64, true}};
enum { TYPES = sizeof types / sizeof *types };

/* What the expected functions work on. */
static const struct integer *type;
static const struct instruction_kind *kind;
static unsigned carry_in;

static uint64_t cut(uint64_t a) { return type->bits == 64 ? a : a & 0xffffffff; }
static whole value(uint64_t a) {
    whole x = cut(a);
    return type->is_signed && x >> (type->bits - 1) ? x - ((whole)1 << type->bits) : x;
}
static uint64_t low(uint64_t a, uint64_t b) { return cut(a * b); }
static uint64_t high(uint64_t a, uint64_t b) {
    return cut((uint64_t)((wide_bits)value(a) * (wide_bits)value(b) >> type->bits));
}

/*
 * The sum as unsigned numbers without a width; what lies above the width is the carry. A difference is a + ~b + 1, so it carries when
 * nothing is borrowed.
 */
#define SUM(name, result)                                                                                    \
    static whole name(uint64_t a, uint64_t b, uint64_t c, unsigned carry) {                                  \
        (void)b, (void)c;                                                                                    \
        return (result);                                                                                     \
    }
SUM(sum, (whole)cut(a) + cut(b) + carry)
SUM(difference, (whole)cut(a) + cut(~b) + carry)
SUM(product_low, (whole)low(a, b) + cut(c) + carry)
SUM(product_high, (whole)high(a, b) + cut(c) + carry)

static const struct instruction_kind {
    const char *name;
    bool reads, writes;
    unsigned operands;
    whole (*sum)(uint64_t a, uint64_t b, uint64_t c, unsigned carry);
} kinds[] = {
    {"add.cc", false, true, 2, sum},
    {"addc", true, false, 2, sum},
    {"addc.cc", true, true, 2, sum},
    {"sub.cc", false, true, 2, difference},
    {"subc", true, false, 2, difference},
    {"subc.cc", true, true, 2, difference},
    {"mad.lo.cc", false, true, 3, product_low},
    {"madc.lo", true, false, 3, product_low},
    {"madc.lo.cc", true, true, 3, product_low},
    {"mad.hi.cc", false, true, 3, product_high},
    {"madc.hi", true, false, 3, product_high},
    {"madc.hi.cc", true, true, 3, product_high},
};

static whole result(uint64_t a, uint64_t b, uint64_t c) {
    return kind->sum(a, b, c, kind->reads ? carry_in : kind->sum == difference);
}
static uint64_t expected(uint64_t a, uint64_t b, uint64_t c) { return (uint64_t)result(a, b, c); }
/* An instruction without .cc leaves the carry. */
static uint64_t expected_carry(uint64_t a, uint64_t b, uint64_t c) {
    return kind->writes ? result(a, b, c) >> type->bits != 0 : carry_in;
}
/* Lanes in which a is odd keep the carry they had. */
static uint64_t expected_of_even(uint64_t a, uint64_t b, uint64_t c) {
    return a & 1 ? carry_in : expected_carry(a, b, c);
}

Test(vgpu_carry, every_form) {
    for (type = types; type < types + TYPES; type++) {
        for (kind = kinds; kind < kinds + sizeof kinds / sizeof *kinds; kind++) {
            for (carry_in = 0; carry_in < 2; carry_in++) {
                char list[64], set[64], text[512];
                const char *t = type->name, *operands = kind->operands == 3 ? "a, b, c" : "a, b";
                snprintf(list, sizeof list, "%s %s %s%s%s", t, t, t, kind->operands == 3 ? " " : "",
                         kind->operands == 3 ? t : "");
                snprintf(set, sizeof set, ".reg .b%u u; add.cc.u%u u, -1, %u;", type->bits, type->bits,
                         carry_in);
                snprintf(text, sizeof text, "{ %s %s.%s d, %s; }", set, kind->name, t, operands);
                instruction_check(list, text, expected);
                snprintf(text, sizeof text, "{ %s %s.%s u, %s; addc.%s d, 0, 0; }", set, kind->name, t,
                         operands, t);
                instruction_check(list, text, expected_carry);
                snprintf(text, sizeof text,
                         "{ %s and.b%u u, a, 1; setp.eq.u%u p, u, 0; @p %s.%s u, %s; addc.%s d, 0, 0; }", set,
                         type->bits, type->bits, kind->name, t, operands, t);
                instruction_check(list, text, expected_of_even);
            }
        }
    }
}

/* Numbers of 128 bits made of 32-bit ones. */
Test(vgpu_carry, chains) {
    uint64_t sum_high(uint64_t a, uint64_t b, uint64_t c) {
        return (uint64_t)((((wide_bits)c << 64 | a) + ((wide_bits)a << 64 | b)) >> 64);
    }
    uint64_t difference_high(uint64_t a, uint64_t b, uint64_t c) {
        return (uint64_t)((((wide_bits)c << 64 | a) - ((wide_bits)a << 64 | b)) >> 64);
    }
    static const char *const chain = "{ .reg .b32 a0, a1, b0, b1, c0, c1, r0, r1; mov.b64 {a0, a1}, a; "
                                     "mov.b64 {b0, b1}, b; mov.b64 {c0, c1}, c;"
                                     " %s.cc.u32 r0, a0, b0; %sc.cc.u32 r0, a1, b1; %sc.cc.u32 r0, c0, a0; "
                                     "%sc.u32 r1, c1, a1; mov.b64 d, {r0, r1}; }";
    char text[512];
    snprintf(text, sizeof text, chain, "add", "add", "add", "add");
    instruction_check("u64 u64 u64 u64", text, sum_high);
    snprintf(text, sizeof text, chain, "sub", "sub", "sub", "sub");
    instruction_check("u64 u64 u64 u64", text, difference_high);
}

/* What adds can go on with what subtracts: nvcc's 128-bit division does. */
Test(vgpu_carry, mixed_chains) {
    INSTRUCTION("u32 u32 u32", "sub.cc.u32 e, a, b; addc.u32 d, 0, 0;", (uint32_t)a >= (uint32_t)b);
    INSTRUCTION("u64 u64 u64", "sub.cc.u64 t, a, b; addc.u64 d, 0, 0;", a >= b);
    INSTRUCTION("u32 u32 u32 u32", "sub.cc.u32 e, a, b; subc.cc.u32 e, a, c; addc.u32 d, 0, 0;",
                (int64_t)(uint32_t)a - (uint32_t)c - ((uint32_t)a < (uint32_t)b) >= 0);
    INSTRUCTION("u32 u32 u32", "add.cc.u32 e, a, b; subc.u32 d, a, b;",
                (uint32_t)a - (uint32_t)b - !(((uint64_t)(uint32_t)a + (uint32_t)b) >> 32));
}
