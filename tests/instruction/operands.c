#include "operands.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct operand_type operand_type_of(const char *name) {
    struct operand_type type = {.kind = 'i'};
    snprintf(type.name, sizeof type.name, "%s", name);
    if (strcmp(name, "pred") == 0)
        return (struct operand_type){"pred", 0, 'p'};
    bool is_float = strchr(name, 'f') != NULL;
    type.kind = is_float ? 'f' : 'i';
    unsigned bits = (unsigned)atoi(name + strcspn(name, "0123456789"));
    type.bytes = strstr(name, "x2") ? 4 : bits / 8;
    return type;
}

unsigned operand_edges(const struct operand_type *type, uint64_t values[MAX_EDGES]) {
    static const uint64_t integers[] = {0,  1,  2,  3,  5,  7,   8,   15,  16, 24,
                                        31, 32, 33, 63, 64, 127, 128, 255, 256};
    static const uint64_t f32s[] = {0x00000000, 0x80000000, 0x3f800000, 0xbf800000, 0x00000001, 0x807fffff,
                                    0x00800000, 0x80800001, 0x7f7fffff, 0xff7fffff, 0x7f800000, 0xff800000,
                                    0x7fc00000, 0xff800001, 0x3f000000, 0x3fc00000, 0xc0200000, 0x40490fdb,
                                    0x4b800001, 0x3f7fffff, 0x4f000000, 0xcf000001, 0x5f800000, 0x3eaaaaab};
    static const uint64_t f64s[] = {0,
                                    0x8000000000000000,
                                    0x3ff0000000000000,
                                    0xbff0000000000000,
                                    1,
                                    0x800fffffffffffff,
                                    0x0010000000000000,
                                    0x7fefffffffffffff,
                                    0x7ff0000000000000,
                                    0xfff0000000000000,
                                    0x7ff8000000000000,
                                    0x3fe0000000000000,
                                    0x3ff8000000000000,
                                    0xc004000000000000,
                                    0x400921fb54442d18,
                                    0x4340000000000001,
                                    0x3fefffffffffffff,
                                    0x41dfffffffc00000,
                                    0xc1e0000000200000,
                                    0x43e0000000000000,
                                    0x36a0000000000000,
                                    0x47efffffe0000000,
                                    0x47effffff0000000,
                                    0x3810000000000001};
    static const uint64_t f16s[] = {0x0000, 0x8000, 0x3c00, 0xbc00, 0x0001, 0x83ff, 0x0400, 0x8401,
                                    0x7bff, 0xfbff, 0x7c00, 0xfc00, 0x7e00, 0xfc01, 0x3800, 0x3e00,
                                    0xc100, 0x4248, 0x6800, 0x3bff, 0x7800, 0x5c00, 0x3555, 0x0200};
    static const uint64_t bf16s[] = {0x0000, 0x8000, 0x3f80, 0xbf80, 0x0001, 0x807f, 0x0080, 0x8081,
                                     0x7f7f, 0xff7f, 0x7f80, 0xff80, 0x7fc0, 0xff81, 0x3f00, 0x3fc0,
                                     0xc020, 0x4049, 0x4b80, 0x3f7f, 0x4f00, 0xcf01, 0x5f80, 0x3eab};
    unsigned count = 0;
    if (type->kind == 'p') {
        values[0] = 0, values[1] = 1;
        return 2;
    }
    if (type->kind == 'f') {
        const uint64_t *floats = strncmp(type->name, "bf16", 4) == 0  ? bf16s
                                 : strncmp(type->name, "f16", 3) == 0 ? f16s
                                 : type->bytes == 4                   ? f32s
                                                                      : f64s;
        bool pair = strstr(type->name, "x2") != NULL;
        for (; count < MAX_EDGES; count++)
            values[count] = pair ? floats[count] | floats[(count * 7 + 3) % MAX_EDGES] << 16 : floats[count];
        return count;
    }
    for (; count < sizeof integers / sizeof *integers; count++)
        values[count] = integers[count];
    uint64_t top = 1ull << (8 * type->bytes - 1);
    values[count++] = top;
    values[count++] = top - 1;
    values[count++] = 2 * top - 1;
    values[count++] = 2 * top - 2;
    values[count++] = 0x123456789abcdef5 & (2 * top - 1);
    return count;
}

uint64_t operand_mask(const struct operand_type *type) {
    return type->kind == 'p' ? 1 : type->bytes == 8 ? ~0ull : (1ull << 8 * type->bytes) - 1;
}

static uint64_t random_bits(void) {
    static uint64_t state = 88172645463325252ull;
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return state * 0x2545f4914f6cdd1dull;
}

/* A float near one, with few digits: sums cancel, products and quotients come to lie on ties. */
static uint64_t ordinary_float(unsigned bits, unsigned fraction) {
    uint64_t random = random_bits(), digits = random & ((1ull << fraction) - 1);
    uint64_t bias = (1ull << (bits - 2 - fraction)) - 1, span = bits == 16 ? 16 : 60;
    if (random >> 63)
        digits = digits >> random_bits() % fraction << random_bits() % fraction & ((1ull << fraction) - 1);
    uint64_t exponent = bias + random_bits() % span - span / 2;
    return (random >> 62 & 1) << (bits - 1) | exponent << fraction | digits;
}

uint64_t operand_random(const struct operand_type *type) {
    if (type->kind != 'f' || random_bits() % 4 == 0)
        return random_bits() & operand_mask(type);
    bool is_bf16 = strncmp(type->name, "bf16", 4) == 0;
    if (type->bytes == 2 || strstr(type->name, "x2")) {
        unsigned fraction = is_bf16 ? 7 : 10;
        uint64_t low = ordinary_float(16, fraction);
        return type->bytes == 2 ? low : low | ordinary_float(16, fraction) << 16;
    }
    return type->bytes == 4 ? ordinary_float(32, 23) : ordinary_float(64, 52);
}
