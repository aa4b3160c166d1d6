/* Byte products, bit searches and extensions of every type, moves of every name, and addresses turned generic and back. */
#include "instruction/machine.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

TestSuite(vgpu_bits, .init = machine_open, .fini = machine_close);

/* The types of a and b: 'u' or 's'. */
static char type_a, type_b;
static bool is_upper;

static int64_t part(uint64_t word, unsigned k, unsigned bits, char type) {
    int64_t x = (int64_t)(word >> k * bits & ((1u << bits) - 1));
    return type == 's' && x >> (bits - 1) ? x - (1 << bits) : x;
}
static uint64_t four_bytes(uint64_t a, uint64_t b, uint64_t c) {
    int64_t sum = (int64_t)c;
    for (unsigned k = 0; k < 4; k++)
        sum += part(a, k, 8, type_a) * part(b, k, 8, type_b);
    return (uint64_t)sum;
}
static uint64_t two_halves(uint64_t a, uint64_t b, uint64_t c) {
    int64_t sum = (int64_t)c;
    for (unsigned k = 0; k < 2; k++)
        sum += part(a, k, 16, type_a) * part(b, k + (is_upper ? 2 : 0), 8, type_b);
    return (uint64_t)sum;
}

Test(vgpu_bits, dot_products) {
    for (unsigned signs = 0; signs < 4; signs++) {
        char text[64];
        type_a = "us"[signs & 1], type_b = "us"[signs >> 1];
        snprintf(text, sizeof text, "dp4a.%c32.%c32 d, a, b, c;", type_a, type_b);
        instruction_check("b32 b32 b32 b32", text, four_bytes);
        for (int upper = 0; upper < 2; upper++) {
            is_upper = upper;
            snprintf(text, sizeof text, "dp2a.%s.%c32.%c32 d, a, b, c;", upper ? "hi" : "lo", type_a, type_b);
            instruction_check("b32 b32 b32 b32", text, two_halves);
        }
    }
}

static unsigned width;
static bool is_signed, as_shift, wraps;

/* The highest bit that is not the sign's; as the shift that brings it to the top. */
static uint64_t found(uint64_t a, uint64_t b, uint64_t c) {
    (void)b, (void)c;
    unsigned sign = is_signed && a >> (width - 1) & 1;
    for (unsigned i = width; i-- > 0;)
        if ((a >> i & 1) != sign)
            return as_shift ? width - 1 - i : i;
    return ~0u;
}
/* The low b bits, extended; .wrap takes b modulo 32, .clamp stops at 32. */
static uint64_t extended(uint64_t a, uint64_t b, uint64_t c) {
    (void)c;
    uint64_t kept = wraps ? b & 31 : b < 32 ? b : 32, low = a & ((1ull << kept) - 1);
    return is_signed && kept && low >> (kept - 1) ? low | ~0ull << kept : low;
}
/* Bit by bit: the low bits of a put into b; position and length have 8 bits, and what lies beyond the top is lost. */
static uint64_t inserted(uint64_t a, uint64_t b, unsigned position, unsigned length) {
    for (unsigned i = 0; i < (length & 255) && (position & 255) + i < width; i++)
        b = (b & ~(1ull << ((position & 255) + i))) | (a >> i & 1) << ((position & 255) + i);
    return b;
}

Test(vgpu_bits, searches_and_extensions) {
    for (unsigned k = 0; k < 8; k++) {
        char list[32], text[64];
        width = k & 1 ? 64 : 32, is_signed = k & 2, as_shift = k & 4;
        snprintf(list, sizeof list, "u32 %c%u", is_signed ? 's' : 'u', width);
        snprintf(text, sizeof text, "bfind%s.%c%u d, a;", as_shift ? ".shiftamt" : "", is_signed ? 's' : 'u',
                 width);
        instruction_check(list, text, found);
    }
    for (unsigned k = 0; k < 4; k++) {
        char text[64];
        is_signed = k & 1, wraps = k & 2;
        snprintf(text, sizeof text, "szext.%s.%c32 d, a, b;", wraps ? "wrap" : "clamp",
                 is_signed ? 's' : 'u');
        instruction_check("b32 b32 b32", text, extended);
    }
    for (width = 32; width <= 64; width += 32) {
        char list[32], text[64];
        uint64_t from_three(uint64_t a, uint64_t b, uint64_t c) { return inserted(a, b, 3, (unsigned)c); }
        uint64_t ten_bits(uint64_t a, uint64_t b, uint64_t c) { return inserted(a, b, (unsigned)c, 10); }
        snprintf(list, sizeof list, "b%u b%u b%u b32", width, width, width);
        snprintf(text, sizeof text, "bfi.b%u d, a, b, 3, c;", width);
        instruction_check(list, text, from_three);
        snprintf(text, sizeof text, "bfi.b%u d, a, b, c, 10;", width);
        instruction_check(list, text, ten_bits);
    }
}

/* The registers have no type; the name's does nothing. */
Test(vgpu_bits, moves) {
    INSTRUCTION("b16 b16", "mov.f16 d, a;", a);
    INSTRUCTION("b16 b16", "mov.bf16 d, a;", a);
    INSTRUCTION("b32 b32", "mov.f32 d, a;", a);
    INSTRUCTION("b32 b32", "mov.f16x2 d, a;", a);
    INSTRUCTION("b32 b32", "mov.bf16x2 d, a;", a);
    INSTRUCTION("b64 b64", "mov.f64 d, a;", a);
    INSTRUCTION("b64 b64 b64", "{ .reg .b128 q, r; mov.b128 q, {a, b}; mov.b128 r, q; mov.b128 {t, d}, r; }",
                b);
    /* Lanes with an odd a keep the first pair. */
    INSTRUCTION(
        "b64 b64 b64",
        "{ .reg .b128 q, r; mov.b128 q, {a, b}; mov.b128 r, {b, a}; and.b64 t, a, 1; setp.eq.u64 p, t, 0;"
        " @p mov.b128 q, r; mov.b128 {d, t}, q; @!p mov.b128 {t, d}, r; }",
        a & 1 ? a : b);
}

/* A generic address and back; where it lies. Offsets of spaces have 32 bits, constants lie in global memory. */
Test(vgpu_bits, generic_addresses) {
    INSTRUCTION("b64 b32",
                "{ .reg .b64 g; cvt.u64.u32 t, a; cvta.shared.u64 g, t; cvta.to.shared.u64 d, g; }", a);
    INSTRUCTION("b64 b32", "{ .reg .b64 g; cvt.u64.u32 t, a; cvta.local.u64 g, t; cvta.to.local.u64 d, g; }",
                a);
    INSTRUCTION("b64 b32", "{ .reg .b64 g; cvt.u64.u32 t, a; cvta.param.u64 g, t; cvta.to.param.u64 d, g; }",
                a);
    INSTRUCTION("b64 b64", "{ .reg .b64 g; cvta.global.u64 g, in; ld.u64 d, [g]; }", a);
    INSTRUCTION("b64 b64",
                "{ .reg .b64 g; cvta.const.u64 g, in; cvta.to.const.u64 g, g; ld.const.u64 d, [g]; }", a);
    INSTRUCTION(
        "pred b32",
        "{ .reg .b64 g; .reg .pred s, l, m; cvt.u64.u32 t, a; cvta.param.u64 g, t; isspacep.param d, g;"
        " isspacep.shared s, g; isspacep.local l, g; isspacep.global m, g; or.pred s, s, l; or.pred s, s, m;"
        " not.pred s, s; and.pred d, d, s; }",
        1);
    INSTRUCTION("pred b64",
                "{ .reg .pred s, l, m; isspacep.global d, in; isspacep.shared s, in; isspacep.local l, in;"
                " isspacep.param m, in; or.pred s, s, l; or.pred s, s, m; not.pred s, s; and.pred d, d, s; }",
                1);
    /* 16 blocks a cluster at most. */
    INSTRUCTION("b32 b32 b32",
                "{ .reg .b64 g; cvt.u64.u32 t, a; and.b64 t, t, 0xffff; mapa.shared::cluster.u64 g, t, b;"
                " getctarank.shared::cluster.u64 d, g; }",
                b < 16 ? b : UNSPECIFIED);
}
