/* Packed integers, 8-bit floats and selections by 16-bit floats of the virtual GPU, by the PTX ISA's definitions. */
#include "instruction/machine.h"

#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

TestSuite(vgpu_packed, .init = machine_open, .fini = machine_close);

#define LOW(x) ((x)&0xffff)
#define HIGH(x) ((x) >> 16 & 0xffff)
#define SIGNED(x) ((int16_t)(x))
#define PAIR(low, high) ((uint64_t)LOW(low) | (uint64_t)LOW(high) << 16)
static int64_t least(int64_t x, int64_t y) { return x < y ? x : y; }
static int64_t most(int64_t x, int64_t y) { return x > y ? x : y; }
struct distances {
    uint64_t packed, sum;
};
static struct distances distances(uint64_t a, uint64_t b, unsigned bits) {
    struct distances all = {0, 0};
    for (unsigned k = 0; k < 32; k += bits) {
        uint64_t mask = (1u << bits) - 1, x = a >> k & mask, y = b >> k & mask,
                 distance = x < y ? y - x : x - y;
        all.packed |= distance << k;
        all.sum += distance;
    }
    return all;
}

Test(vgpu_packed, integers) {
    INSTRUCTION("u32 u32 u32", "add.u16x2 d, a, b;", PAIR(LOW(a) + LOW(b), HIGH(a) + HIGH(b)));
    INSTRUCTION("u32 u32 u32", "add.s16x2 d, a, b;", PAIR(LOW(a) + LOW(b), HIGH(a) + HIGH(b)));
    INSTRUCTION("u32 u32 u32", "min.u16x2 d, a, b;",
                PAIR(least((int64_t)LOW(a), (int64_t)LOW(b)), least((int64_t)HIGH(a), (int64_t)HIGH(b))));
    INSTRUCTION("u32 u32 u32", "max.u16x2 d, a, b;",
                PAIR(most((int64_t)LOW(a), (int64_t)LOW(b)), most((int64_t)HIGH(a), (int64_t)HIGH(b))));
    INSTRUCTION("u32 u32 u32", "min.s16x2 d, a, b;",
                PAIR(least(SIGNED(a), SIGNED(b)), least(SIGNED(a >> 16), SIGNED(b >> 16))));
    INSTRUCTION("u32 u32 u32", "max.s16x2 d, a, b;",
                PAIR(most(SIGNED(a), SIGNED(b)), most(SIGNED(a >> 16), SIGNED(b >> 16))));
    INSTRUCTION("u32 u32 u32", "min.s16x2.relu d, a, b;",
                PAIR(most(0, least(SIGNED(a), SIGNED(b))), most(0, least(SIGNED(a >> 16), SIGNED(b >> 16)))));
    INSTRUCTION("u32 u32 u32", "max.s16x2.relu d, a, b;",
                PAIR(most(0, most(SIGNED(a), SIGNED(b))), most(0, most(SIGNED(a >> 16), SIGNED(b >> 16)))));
    INSTRUCTION("s32 s32 s32", "min.s32.relu d, a, b;", (uint32_t)most(0, least((int32_t)a, (int32_t)b)));
    INSTRUCTION("s32 s32 s32", "max.s32.relu d, a, b;", (uint32_t)most(0, most((int32_t)a, (int32_t)b)));
    INSTRUCTION("u32 u32 u32", "vabsdiff4.u32.u32.u32 d, a, b, 0;", distances(a, b, 8).packed);
    INSTRUCTION("u32 u32 u32", "vabsdiff2.u32.u32.u32 d, a, b, 0;", distances(a, b, 16).packed);
    INSTRUCTION("u32 u32 u32 u32", "vabsdiff4.u32.u32.u32.add d, a, b, c;", c + distances(a, b, 8).sum);
    INSTRUCTION("u32 u32 u32 u32", "vabsdiff2.u32.u32.u32.add d, a, b, c;", c + distances(a, b, 16).sum);
}

Test(vgpu_packed, bytes_in_a_halfword) {
    INSTRUCTION("u16 u16 u16", "{ .reg .b8 x, y; cvt.u8.u16 x, a; cvt.u8.u16 y, b; mov.b16 d, {x, y}; }",
                (a & 0xff) | (b & 0xff) << 8);
    INSTRUCTION("u16 u16", "{ .reg .b8 x, y; mov.b16 {x, y}, a; cvt.u16.u8 d, y; }", a >> 8 & 0xff);
}

/* e4m3: bias 7, no infinity, all ones is NaN. e5m2: bias 15, as a short binary16. */
static double value_of(unsigned code, bool is_e4m3) {
    unsigned fraction = is_e4m3 ? 3 : 2, exponent = (code & 0x7f) >> fraction,
             digits = code & ((1u << fraction) - 1);
    int bias = is_e4m3 ? 7 : 15;
    double size = exponent ? ldexp((1u << fraction) + digits, (int)exponent - bias - (int)fraction)
                           : ldexp(digits, 1 - bias - (int)fraction);
    if (is_e4m3 ? (code & 0x7f) == 0x7f : (code & 0x7f) > 0x7c)
        size = NAN;
    else if (!is_e4m3 && (code & 0x7f) == 0x7c)
        size = INFINITY;
    return code & 0x80 ? -size : size;
}
/* The nearest finite number, the even one of two. */
static uint64_t code_of(double x, bool is_e4m3, bool relu) {
    if (isnan(x))
        return 0x7f;
    if (relu && signbit(x))
        return 0;
    unsigned best = 0, last = is_e4m3 ? 0x7e : 0x7b;
    double size = fmin(fabs(x), value_of(last, is_e4m3));
    for (unsigned code = 0; code <= last; code++) {
        double distance = fabs(size - value_of(code, is_e4m3)),
               shortest = fabs(size - value_of(best, is_e4m3));
        if (distance < shortest || (distance == shortest && !(code & 1)))
            best = code;
    }
    return best | (signbit(x) ? 0x80 : 0);
}
static double f16_value(uint64_t bits) {
    uint16_t half = (uint16_t)bits;
    _Float16 value;
    memcpy(&value, &half, sizeof value);
    return (double)value;
}
static uint64_t f16_bits(double x) {
    _Float16 value = (_Float16)x;
    uint16_t bits;
    memcpy(&bits, &value, sizeof bits);
    return isnan(x) ? 0x7fff : bits;
}
static double rectified(double x) { return signbit(x) && !isnan(x) ? 0 : x; }

Test(vgpu_packed, eight_bit_floats) {
    INSTRUCTION("u16 f32 f32", "cvt.rn.satfinite.e4m3x2.f32 d, a, b;",
                code_of(f32_of(a), true, false) << 8 | code_of(f32_of(b), true, false));
    INSTRUCTION("u16 f32 f32", "cvt.rn.satfinite.e5m2x2.f32 d, a, b;",
                code_of(f32_of(a), false, false) << 8 | code_of(f32_of(b), false, false));
    INSTRUCTION("u16 f32 f32", "cvt.rn.satfinite.relu.e4m3x2.f32 d, a, b;",
                code_of(f32_of(a), true, true) << 8 | code_of(f32_of(b), true, true));
    INSTRUCTION("u16 f16x2", "cvt.rn.satfinite.e4m3x2.f16x2 d, a;",
                code_of(f16_value(a >> 16), true, false) << 8 | code_of(f16_value(a), true, false));
    INSTRUCTION("u16 f16x2", "cvt.rn.satfinite.relu.e5m2x2.f16x2 d, a;",
                code_of(f16_value(a >> 16), false, true) << 8 | code_of(f16_value(a), false, true));
    INSTRUCTION("u32 u16", "cvt.rn.f16x2.e4m3x2 d, a;",
                f16_bits(value_of(a >> 8 & 0xff, true)) << 16 | f16_bits(value_of(a & 0xff, true)));
    INSTRUCTION("u32 u16", "cvt.rn.f16x2.e5m2x2 d, a;",
                f16_bits(value_of(a >> 8 & 0xff, false)) << 16 | f16_bits(value_of(a & 0xff, false)));
    INSTRUCTION("u16 f32 f32", "cvt.rn.satfinite.relu.e5m2x2.f32 d, a, b;",
                code_of(f32_of(a), false, true) << 8 | code_of(f32_of(b), false, true));
    INSTRUCTION("u16 f16x2", "cvt.rn.satfinite.relu.e4m3x2.f16x2 d, a;",
                code_of(f16_value(a >> 16), true, true) << 8 | code_of(f16_value(a), true, true));
    INSTRUCTION("u16 f16x2", "cvt.rn.satfinite.e5m2x2.f16x2 d, a;",
                code_of(f16_value(a >> 16), false, false) << 8 | code_of(f16_value(a), false, false));
    INSTRUCTION("u32 u16", "cvt.rn.relu.f16x2.e4m3x2 d, a;",
                f16_bits(rectified(value_of(a >> 8 & 0xff, true))) << 16 |
                    f16_bits(rectified(value_of(a & 0xff, true))));
    INSTRUCTION("u32 u16", "cvt.rn.relu.f16x2.e5m2x2 d, a;",
                f16_bits(rectified(value_of(a >> 8 & 0xff, false))) << 16 |
                    f16_bits(rectified(value_of(a & 0xff, false))));
}

#define F16(x) f16_value(x)
#define BF16(x) f32_of(LOW(x) << 16)
Test(vgpu_packed, selections_by_sixteen_bit_floats) {
    INSTRUCTION("u16 f16 f16", "set.lt.f16.f16 d, a, b;", F16(a) < F16(b) ? 0x3c00 : 0);
    INSTRUCTION("u16 bf16 bf16", "set.neu.bf16.bf16 d, a, b;", BF16(a) != BF16(b) ? 0x3f80 : 0);
    INSTRUCTION("u16 f16 f16", "set.nan.u16.f16 d, a, b;", isunordered(F16(a), F16(b)) ? 0xffff : 0);
    INSTRUCTION("u32 f16 f16", "set.ge.u32.f16 d, a, b;", F16(a) >= F16(b) ? ~0u : 0);
    INSTRUCTION("u32 f16x2 f16x2", "set.gtu.f16x2.f16x2 d, a, b;",
                PAIR(!(F16(a) <= F16(b)) ? 0x3c00 : 0, !(F16(a >> 16) <= F16(b >> 16)) ? 0x3c00 : 0));
    INSTRUCTION("u32 bf16x2 bf16x2", "set.le.u32.bf16x2 d, a, b;",
                PAIR(BF16(a) <= BF16(b) ? 0xffff : 0, BF16(a >> 16) <= BF16(b >> 16) ? 0xffff : 0));
    INSTRUCTION("u32 f16x2 f16x2 u32", "setp.ne.u32 p, c, 0; set.eq.xor.s32.f16x2 d, a, b, p;",
                PAIR((F16(a) == F16(b)) != (c != 0) ? 0xffff : 0,
                     (F16(a >> 16) == F16(b >> 16)) != (c != 0) ? 0xffff : 0));
}

static uint64_t half_sum(uint64_t x, uint64_t y) { return f16_bits(F16(x) + F16(y)); }
/* w, [e]: a word of shared memory that holds c. */
#define OWN                                                                                                  \
    "{ .shared .b32 memory[32]; .reg .b32 f, e, w; mov.u32 f, %laneid; mov.u32 e, memory; mad.lo.u32 e, f, " \
    "4, e; st.shared.u32 [e], c; "
Test(vgpu_packed, sums_in_memory) {
    INSTRUCTION("f16x2 f16x2 f16x2 f16x2",
                OWN "atom.shared.add.noftz.f16x2 w, [e], a; ld.shared.b32 d, [e]; }",
                PAIR(half_sum(a, c), half_sum(a >> 16, c >> 16)));
    INSTRUCTION("f16x2 f16x2 f16x2 f16x2", OWN "atom.shared.add.noftz.f16x2 d, [e], a; }", c);
    INSTRUCTION("f16x2 f16x2 f16x2 f16x2",
                OWN "{ .reg .b16 l, h; mov.b32 {l, h}, a; red.shared.add.noftz.f16 [e+2], h; }"
                    " ld.shared.b32 d, [e]; }",
                PAIR(c, half_sum(a >> 16, c >> 16)));
}
