/* Sums, products, quotients and roots of every float format in every rounding, .ftz, .sat and .relu, by exact integers. */
#include "instruction/exact.h"
#include "instruction/machine.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

TestSuite(vgpu_rounding, .init = machine_open, .fini = machine_close);

static struct exact sum(struct exact a, struct exact b, struct exact c, enum rounding_mode mode) {
    (void)c;
    return exact_sum(a, b, mode);
}
static struct exact difference(struct exact a, struct exact b, struct exact c, enum rounding_mode mode) {
    (void)c;
    return exact_sum(a, exact_negative(b), mode);
}
static struct exact product(struct exact a, struct exact b, struct exact c, enum rounding_mode mode) {
    (void)c, (void)mode;
    return exact_product(a, b);
}
static struct exact fused(struct exact a, struct exact b, struct exact c, enum rounding_mode mode) {
    return exact_sum(exact_product(a, b), c, mode);
}
static struct exact quotient(struct exact a, struct exact b, struct exact c, enum rounding_mode mode) {
    (void)c, (void)mode;
    return exact_quotient(a, b);
}
static struct exact reciprocal(struct exact a, struct exact b, struct exact c, enum rounding_mode mode) {
    (void)b, (void)c, (void)mode;
    return exact_quotient(exact_integer(1), a);
}
static struct exact root(struct exact a, struct exact b, struct exact c, enum rounding_mode mode) {
    (void)b, (void)c, (void)mode;
    return exact_root(a);
}

struct operation {
    const char *name;
    unsigned operands;
    bool everywhere; /* in all formats, and with .sat */
    struct exact (*result)(struct exact a, struct exact b, struct exact c, enum rounding_mode mode);
};
static const struct operation operations[] = {
    {"add", 2, true, sum},    {"sub", 2, true, difference}, {"mul", 2, true, product},
    {"fma", 3, true, fused},  {"div", 2, false, quotient},  {"rcp", 1, false, reciprocal},
    {"sqrt", 1, false, root},
};
enum { OPERATIONS = sizeof operations / sizeof *operations };
static const char *const modes[] = {"rn", "rz", "rm", "rp"};

/* What the expected functions work on. */
static const struct operation *operation;
static const struct float_format *format;
static enum rounding_mode mode;
static bool ftz, sat, relu;

static uint64_t expected(uint64_t a, uint64_t b, uint64_t c) {
    if (ftz)
        a = flush_bits(format, a), b = flush_bits(format, b), c = flush_bits(format, c);
    struct exact x =
        operation->result(exact_read(format, a), exact_read(format, b), exact_read(format, c), mode);
    uint64_t bits = exact_write(format, x, mode);
    bits = ftz ? flush_bits(format, bits) : bits;
    if (relu && !is_nan_bits(format, bits) && bits >> (format->bits - 1))
        bits = 0;
    return sat ? saturate_bits(format, bits) : bits;
}
static uint64_t expected_pair(uint64_t a, uint64_t b, uint64_t c) {
    return expected(a & 0xffff, b & 0xffff, c & 0xffff) | expected(a >> 16, b >> 16, c >> 16) << 16;
}

static void check(const char *pair) {
    char type[16], types[64], text[64];
    snprintf(type, sizeof type, "%s%s", format->name, pair);
    size_t used = (size_t)snprintf(types, sizeof types, "%s", type);
    for (unsigned k = 0; k < operation->operands; k++)
        used += (size_t)snprintf(types + used, sizeof types - used, " %s", type);
    static const char *const operands[] = {"", "a", "a, b", "a, b, c"};
    snprintf(text, sizeof text, "%s.%s%s%s%s.%s d, %s;", operation->name, modes[mode], ftz ? ".ftz" : "",
             sat ? ".sat" : "", relu ? ".relu" : "", type, operands[operation->operands]);
    instruction_check(types, text, *pair ? expected_pair : expected);
}

Test(vgpu_rounding, binary32) {
    format = &format_f32;
    for (operation = operations; operation < operations + OPERATIONS; operation++)
        for (mode = NEAREST; mode <= UP; mode++)
            for (unsigned modifiers = 0; modifiers < (operation->everywhere ? 4 : 2); modifiers++) {
                ftz = modifiers & 1, sat = modifiers & 2;
                check("");
            }
}

Test(vgpu_rounding, binary64) {
    format = &format_f64;
    for (operation = operations; operation < operations + OPERATIONS; operation++)
        for (mode = NEAREST; mode <= UP; mode++)
            check("");
}

Test(vgpu_rounding, sixteen_bits) {
    static const struct {
        const struct float_format *format;
        bool ftz, sat, relu;
    } kinds[] = {{&format_f16, false, false, false}, {&format_f16, true, false, false},
                 {&format_f16, false, true, false},  {&format_bf16, false, false, false},
                 {&format_f16, false, false, true},  {&format_bf16, false, false, true}};
    mode = NEAREST;
    for (unsigned k = 0; k < sizeof kinds / sizeof *kinds; k++) {
        format = kinds[k].format, ftz = kinds[k].ftz, sat = kinds[k].sat, relu = kinds[k].relu;
        for (operation = operations; operation < operations + OPERATIONS; operation++) {
            if (!operation->everywhere || (relu && operation->operands < 3))
                continue;
            check("");
            check("x2");
        }
    }
}

/* The processor's rounding mode is nearest again afterwards; mad of floats is fma. */
Test(vgpu_rounding, beside) {
    operation = &operations[0], mode = NEAREST, format = &format_f32;
    instruction_check("f32 f32 f32", "add.rp.f32 d, a, b; add.f32 d, a, b;", expected);
    operation = &operations[3];
    instruction_check("f32 f32 f32 f32", "mad.rn.f32 d, a, b, c;", expected);
    mode = DOWN;
    instruction_check("f32 f32 f32 f32", "mad.rm.f32 d, a, b, c;", expected);
}
