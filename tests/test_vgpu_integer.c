/* Integer arithmetic, logic, shifts and bit manipulation of the virtual GPU, against their definitions in scalar C. */
#include "instruction/machine.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

TestSuite(vgpu_integer, .init = machine_open, .fini = machine_close);

typedef __int128 wide;
typedef unsigned __int128 uwide;
#define S16(x) ((int16_t)(x))
#define S32(x) ((int32_t)(x))
#define S64(x) ((int64_t)(x))
#define U32(x) ((uint32_t)(x))

Test(vgpu_integer, sums) {
    INSTRUCTION("u16 u16 u16", "add.u16 d, a, b;", a + b);
    INSTRUCTION("u32 u32 u32", "add.u32 d, a, b;", a + b);
    INSTRUCTION("s32 s32 s32", "add.s32 d, a, b;", a + b);
    INSTRUCTION("s64 s64 s64", "add.s64 d, a, b;", a + b);
    INSTRUCTION("s32 s32", "add.s32 d, a, -5;", a - 5);
    INSTRUCTION("s16 s16 s16", "sub.s16 d, a, b;", a - b);
    INSTRUCTION("u32 u32 u32", "sub.u32 d, a, b;", a - b);
    INSTRUCTION("u64 u64 u64", "sub.u64 d, a, b;", a - b);
    INSTRUCTION("s32 s32 s32", "add.sat.s32 d, a, b;", ({
                    wide sum = (wide)S32(a) + S32(b);
                    sum > INT32_MAX ? INT32_MAX : sum < INT32_MIN ? INT32_MIN : sum;
                }));
    INSTRUCTION("s32 s32 s32", "sub.sat.s32 d, a, b;", ({
                    wide sum = (wide)S32(a) - S32(b);
                    sum > INT32_MAX ? INT32_MAX : sum < INT32_MIN ? INT32_MIN : sum;
                }));
    INSTRUCTION("u32 u32 u32 u32", "sad.u32 d, a, b, c;", c + (a > b ? a - b : b - a));
    INSTRUCTION("s32 s32 s32 s32", "sad.s32 d, a, b, c;", c + (S32(a) > S32(b) ? a - b : b - a));
    INSTRUCTION("s16 s16 s16 s16", "sad.s16 d, a, b, c;", c + (S16(a) > S16(b) ? a - b : b - a));
}

Test(vgpu_integer, products) {
    INSTRUCTION("u16 u16 u16", "mul.lo.u16 d, a, b;", a * b);
    INSTRUCTION("u16 u16 u16", "mul.hi.u16 d, a, b;", a * b >> 16);
    INSTRUCTION("s16 s16 s16", "mul.hi.s16 d, a, b;", S16(a) * S16(b) >> 16);
    INSTRUCTION("u32 u16 u16", "mul.wide.u16 d, a, b;", a * b);
    INSTRUCTION("s32 s16 s16", "mul.wide.s16 d, a, b;", S16(a) * S16(b));
    INSTRUCTION("s32 s32 s32", "mul.lo.s32 d, a, b;", a * b);
    INSTRUCTION("u32 u32 u32", "mul.hi.u32 d, a, b;", a * b >> 32);
    INSTRUCTION("s32 s32 s32", "mul.hi.s32 d, a, b;", (S64(S32(a)) * S32(b)) >> 32);
    INSTRUCTION("u64 u32 u32", "mul.wide.u32 d, a, b;", a * b);
    INSTRUCTION("s64 s32 s32", "mul.wide.s32 d, a, b;", S64(S32(a)) * S32(b));
    INSTRUCTION("u64 u64 u64", "mul.lo.u64 d, a, b;", a * b);
    INSTRUCTION("u64 u64 u64", "mul.hi.u64 d, a, b;", (uwide)a * b >> 64);
    INSTRUCTION("s64 s64 s64", "mul.hi.s64 d, a, b;", (wide)S64(a) * S64(b) >> 64);
    INSTRUCTION("u32 u32 u32 u32", "mad.lo.u32 d, a, b, c;", a * b + c);
    INSTRUCTION("s32 s32 s32 s32", "mad.hi.s32 d, a, b, c;", ((S64(S32(a)) * S32(b)) >> 32) + c);
    INSTRUCTION("u64 u32 u32 u64", "mad.wide.u32 d, a, b, c;", a * b + c);
    INSTRUCTION("s64 s32 s32 s64", "mad.wide.s32 d, a, b, c;", S64(S32(a)) * S32(b) + c);
    INSTRUCTION("u64 u64 u64 u64", "mad.lo.u64 d, a, b, c;", a * b + c);
    INSTRUCTION("u64 u64 u64 u64", "mad.hi.u64 d, a, b, c;", ((uwide)a * b >> 64) + c);
    INSTRUCTION("s32 s32 s32 s32", "mad.hi.sat.s32 d, a, b, c;", ({
                    wide sum = ((wide)S32(a) * S32(b) >> 32) + S32(c);
                    sum > INT32_MAX ? INT32_MAX : sum < INT32_MIN ? INT32_MIN : sum;
                }));
    INSTRUCTION("u32 u32 u32", "mul24.lo.u32 d, a, b;", (a & 0xffffff) * (b & 0xffffff));
    INSTRUCTION("u32 u32 u32", "mul24.hi.u32 d, a, b;", (a & 0xffffff) * (b & 0xffffff) >> 16);
    INSTRUCTION("s32 s32 s32", "mul24.lo.s32 d, a, b;", S64(S32(a << 8) >> 8) * (S32(b << 8) >> 8));
    INSTRUCTION("s32 s32 s32", "mul24.hi.s32 d, a, b;", (S64(S32(a << 8) >> 8) * (S32(b << 8) >> 8)) >> 16);
    INSTRUCTION("s32 s32 s32 s32", "mad24.lo.s32 d, a, b, c;",
                S64(S32(a << 8) >> 8) * (S32(b << 8) >> 8) + S32(c));
}

Test(vgpu_integer, carries) {
    INSTRUCTION("u32 u32 u32", "add.cc.u32 e, a, b; addc.u32 d, 0, 0;", (a + b) >> 32);
    INSTRUCTION("u32 u32 u32", "sub.cc.u32 e, a, b; subc.u32 d, 0, 0;", a < b ? ~0u : 0);
    /* A difference carries when nothing is borrowed, and what adds can go on with what subtracts. */
    INSTRUCTION("u32 u32 u32", "sub.cc.u32 e, a, b; addc.u32 d, 0, 0;", U32(a) >= U32(b));
    INSTRUCTION("u64 u64 u64", "sub.cc.u64 t, a, b; addc.u64 d, 0, 0;", a >= b);
    INSTRUCTION("u32 u32 u32 u32", "sub.cc.u32 e, a, b; subc.cc.u32 e, a, c; addc.u32 d, 0, 0;",
                S64(U32(a)) - S64(U32(c)) - (U32(a) < U32(b)) >= 0);
    INSTRUCTION("u32 u32 u32", "add.cc.u32 e, a, b; subc.u32 d, a, b;",
                U32(a) - U32(b) - !((U32(a) + (uint64_t)U32(b)) >> 32));
    INSTRUCTION("u64 u64 u64", "add.cc.u64 t, a, b; addc.u64 d, 0, 0;", ((uwide)a + b) >> 64);
    INSTRUCTION("u32 u32 u32 u32", "add.cc.u32 e, a, b; addc.cc.u32 e, a, c; addc.u32 d, 0, 0;",
                (a + c + ((a + b) >> 32)) >> 32);
    INSTRUCTION("u32 u32 u32 u32", "sub.cc.u32 e, a, b; subc.cc.u32 e, a, c; subc.u32 d, 0, 0;",
                S64(a) - S64(c) - (a < b) < 0 ? ~0u : 0);
    INSTRUCTION("u32 u32 u32 u32", "mad.lo.cc.u32 e, a, b, c; madc.hi.u32 d, a, b, c;", ({
                    uint64_t carry = ((uint64_t)U32(a * b) + c) >> 32;
                    (a * b >> 32) + c + carry;
                }));
    INSTRUCTION("s32 s32 s32 s32", "mad.hi.cc.s32 e, a, b, c; addc.u32 d, 0, 0;",
                ((uint64_t)U32((S64(S32(a)) * S32(b)) >> 32) + c) >> 32);
    INSTRUCTION("u64 u64 u64 u64", "mad.lo.cc.u64 t, a, b, c; madc.hi.u64 d, a, b, c;", ({
                    uwide product = (uwide)a * b;
                    (uint64_t)(product >> 64) + c + (uint64_t)(((uwide)(uint64_t)product + c) >> 64);
                }));
    /* The condition code belongs to a lane. */
    INSTRUCTION("u32 u32 u32",
                "add.cc.u32 e, a, b; setp.eq.u32 p, a, b; @p add.cc.u32 e, 0, 0; addc.u32 d, 0, 0;",
                a == b ? 0 : (a + b) >> 32);
}

Test(vgpu_integer, quotients) {
    INSTRUCTION("u32 u32 u32", "div.u32 d, a, b;", b ? a / b : UNSPECIFIED);
    INSTRUCTION("u32 u32 u32", "rem.u32 d, a, b;", b ? a % b : UNSPECIFIED);
    INSTRUCTION("s32 s32 s32", "div.s32 d, a, b;", b ? S64(S32(a)) / S32(b) : (int64_t)UNSPECIFIED);
    INSTRUCTION("s32 s32 s32", "rem.s32 d, a, b;", b ? S64(S32(a)) % S32(b) : (int64_t)UNSPECIFIED);
    INSTRUCTION("u16 u16 u16", "div.u16 d, a, b;", b ? a / b : UNSPECIFIED);
    INSTRUCTION("s16 s16 s16", "rem.s16 d, a, b;", b ? S16(a) % S16(b) : (int)UNSPECIFIED);
    INSTRUCTION("u64 u64 u64", "div.u64 d, a, b;", b ? a / b : UNSPECIFIED);
    INSTRUCTION("u64 u64 u64", "rem.u64 d, a, b;", b ? a % b : UNSPECIFIED);
    INSTRUCTION("s64 s64 s64", "div.s64 d, a, b;", b ? (uint64_t)((wide)S64(a) / S64(b)) : UNSPECIFIED);
    INSTRUCTION("s64 s64 s64", "rem.s64 d, a, b;", b ? (uint64_t)((wide)S64(a) % S64(b)) : UNSPECIFIED);
}

Test(vgpu_integer, extrema_and_signs) {
    INSTRUCTION("u16 u16 u16", "min.u16 d, a, b;", a < b ? a : b);
    INSTRUCTION("s16 s16 s16", "max.s16 d, a, b;", S16(a) > S16(b) ? a : b);
    INSTRUCTION("u32 u32 u32", "min.u32 d, a, b;", a < b ? a : b);
    INSTRUCTION("s32 s32 s32", "min.s32 d, a, b;", S32(a) < S32(b) ? a : b);
    INSTRUCTION("u32 u32 u32", "max.u32 d, a, b;", a > b ? a : b);
    INSTRUCTION("s32 s32 s32", "max.s32 d, a, b;", S32(a) > S32(b) ? a : b);
    INSTRUCTION("u64 u64 u64", "max.u64 d, a, b;", a > b ? a : b);
    INSTRUCTION("s64 s64 s64", "min.s64 d, a, b;", S64(a) < S64(b) ? a : b);
    INSTRUCTION("s16 s16", "abs.s16 d, a;", S16(a) < 0 ? -a : a);
    INSTRUCTION("s32 s32", "abs.s32 d, a;", S32(a) < 0 ? -a : a);
    INSTRUCTION("s64 s64", "abs.s64 d, a;", S64(a) < 0 ? -a : a);
    INSTRUCTION("s32 s32", "neg.s32 d, a;", -a);
    INSTRUCTION("s64 s64", "neg.s64 d, a;", -a);
}

static unsigned lop3_table;
static uint64_t lop3(uint64_t a, uint64_t b, uint64_t c) {
    uint64_t r = 0;
    for (unsigned bit = 0; bit < 32; bit++)
        r |= (uint64_t)(lop3_table >> ((a >> bit & 1) << 2 | (b >> bit & 1) << 1 | (c >> bit & 1)) & 1)
             << bit;
    return r;
}

Test(vgpu_integer, logic) {
    INSTRUCTION("b16 b16 b16", "and.b16 d, a, b;", a & b);
    INSTRUCTION("b32 b32 b32", "or.b32 d, a, b;", a | b);
    INSTRUCTION("b64 b64 b64", "xor.b64 d, a, b;", a ^ b);
    INSTRUCTION("b32 b32", "not.b32 d, a;", ~a);
    INSTRUCTION("b64 b64", "cnot.b64 d, a;", a == 0);
    INSTRUCTION("pred pred pred", "and.pred d, a, b;", a & b);
    INSTRUCTION("pred pred pred", "or.pred d, a, !b;", a | !b);
    INSTRUCTION("pred pred pred", "xor.pred d, a, b;", a ^ b);
    INSTRUCTION("pred pred", "not.pred d, a;", !a);
    INSTRUCTION("pred pred", "mov.pred d, a;", a);
    for (lop3_table = 0; lop3_table < 256; lop3_table++) {
        char text[64];
        snprintf(text, sizeof text, "lop3.b32 d, a, b, c, 0x%x;", lop3_table);
        instruction_check("b32 b32 b32 b32", text, lop3);
    }
}

Test(vgpu_integer, shifts) {
    INSTRUCTION("b16 b16 b32", "shl.b16 d, a, b;", b < 16 ? a << b : 0);
    INSTRUCTION("b32 b32 b32", "shl.b32 d, a, b;", b < 32 ? a << b : 0);
    INSTRUCTION("b64 b64 b32", "shl.b64 d, a, b;", b < 64 ? a << b : 0);
    INSTRUCTION("u16 u16 b32", "shr.u16 d, a, b;", b < 16 ? a >> b : 0);
    INSTRUCTION("s16 s16 b32", "shr.s16 d, a, b;", S16(a) >> (b < 15 ? b : 15));
    INSTRUCTION("u32 u32 b32", "shr.u32 d, a, b;", b < 32 ? a >> b : 0);
    INSTRUCTION("b32 b32 b32", "shr.b32 d, a, b;", b < 32 ? a >> b : 0);
    INSTRUCTION("s32 s32 b32", "shr.s32 d, a, b;", S32(a) >> (b < 31 ? b : 31));
    INSTRUCTION("u64 u64 b32", "shr.u64 d, a, b;", b < 64 ? a >> b : 0);
    INSTRUCTION("s64 s64 b32", "shr.s64 d, a, b;", S64(a) >> (b < 63 ? b : 63));
    INSTRUCTION("b32 b32 b32 b32", "shf.l.wrap.b32 d, a, b, c;", (b << 32 | a) << (c & 31) >> 32);
    INSTRUCTION("b32 b32 b32 b32", "shf.r.wrap.b32 d, a, b, c;", (b << 32 | a) >> (c & 31));
    INSTRUCTION("b32 b32 b32 b32", "shf.l.clamp.b32 d, a, b, c;", c >= 32 ? a : (b << 32 | a) << c >> 32);
    INSTRUCTION("b32 b32 b32 b32", "shf.r.clamp.b32 d, a, b, c;", c >= 32 ? b : (b << 32 | a) >> c);
}

static uint64_t permute(uint64_t a, uint64_t b, uint64_t selector) {
    uint8_t bytes[8];
    for (unsigned k = 0; k < 4; k++)
        bytes[k] = (uint8_t)(a >> 8 * k), bytes[k + 4] = (uint8_t)(b >> 8 * k);
    uint64_t r = 0;
    for (unsigned k = 0; k < 4; k++) {
        unsigned s = selector >> 4 * k & 15;
        uint8_t byte = bytes[s & 7];
        r |= (uint64_t)(s & 8 ? (byte & 0x80 ? 0xff : 0) : byte) << 8 * k;
    }
    return r;
}

/* The pseudocode of bfe in the PTX ISA, bit by bit. */
static uint64_t extract(uint64_t a, uint64_t b, uint64_t c, unsigned width, bool is_signed) {
    unsigned position = b & 255, length = c & 255, top = width - 1;
    unsigned last = position + length - 1 < top ? position + length - 1 : top;
    unsigned sign = is_signed && length ? a >> last & 1 : 0;
    uint64_t d = 0;
    for (unsigned i = 0; i <= top; i++)
        d |= (i < length && position + i <= top ? a >> (position + i) & 1 : (uint64_t)sign) << i;
    return d;
}
static uint64_t find(uint64_t a, unsigned width, bool is_signed, bool as_shift) {
    if (is_signed && a >> (width - 1) & 1)
        a = ~a;
    for (unsigned i = width; i-- > 0;)
        if (a >> i & 1)
            return as_shift ? width - 1 - i : i;
    return ~0u;
}
static uint64_t reverse(uint64_t a, unsigned width) {
    uint64_t d = 0;
    for (unsigned i = 0; i < width; i++)
        d |= (a >> i & 1) << (width - 1 - i);
    return d;
}
static unsigned bit_count(uint64_t a) {
    unsigned count = 0;
    for (; a; a >>= 1)
        count += a & 1;
    return count;
}

Test(vgpu_integer, bit_fields) {
    INSTRUCTION("u32 u32 u32 u32", "bfe.u32 d, a, b, c;", extract(a, b, c, 32, false));
    INSTRUCTION("s32 s32 u32 u32", "bfe.s32 d, a, b, c;", extract(a, b, c, 32, true));
    INSTRUCTION("u64 u64 u32 u32", "bfe.u64 d, a, b, c;", extract(a, b, c, 64, false));
    INSTRUCTION("s64 s64 u32 u32", "bfe.s64 d, a, b, c;", extract(a, b, c, 64, true));
    INSTRUCTION("b32 b32 b32 b32", "bfi.b32 d, a, b, c, 7;", ({
                    uint64_t d = b;
                    for (unsigned i = 0; i < 7 && (c & 255) + i < 32; i++)
                        d = (d & ~(1ull << ((c & 255) + i))) | (a >> i & 1) << ((c & 255) + i);
                    d;
                }));
    INSTRUCTION("b64 b64 b64 b32", "bfi.b64 d, a, b, 5, c;", ({
                    uint64_t d = b;
                    for (unsigned i = 0; i < (c & 255) && 5 + i < 64; i++)
                        d = (d & ~(1ull << (5 + i))) | (a >> i & 1) << (5 + i);
                    d;
                }));
    INSTRUCTION("u32 u32", "bfind.u32 d, a;", find(a, 32, false, false));
    INSTRUCTION("u32 s32", "bfind.s32 d, a;", find(a, 32, true, false));
    INSTRUCTION("u32 u64", "bfind.u64 d, a;", find(a, 64, false, false));
    INSTRUCTION("u32 s64", "bfind.s64 d, a;", find(a, 64, true, false));
    INSTRUCTION("u32 u32", "bfind.shiftamt.u32 d, a;", find(a, 32, false, true));
    INSTRUCTION("u32 s64", "bfind.shiftamt.s64 d, a;", find(a, 64, true, true));
    INSTRUCTION("b32 b32", "brev.b32 d, a;", reverse(a, 32));
    INSTRUCTION("b64 b64", "brev.b64 d, a;", reverse(a, 64));
    INSTRUCTION("b32 b32", "popc.b32 d, a;", bit_count(a));
    INSTRUCTION("b32 b64", "popc.b64 d, a;", bit_count(a));
    INSTRUCTION("b32 b32", "clz.b32 d, a;", a ? find(a, 32, false, true) : 32);
    INSTRUCTION("b32 b64", "clz.b64 d, a;", a ? find(a, 64, false, true) : 64);
    INSTRUCTION("b32 b32 b32", "bmsk.clamp.b32 d, a, b;", ({
                    uint64_t d = 0;
                    for (uint64_t i = a; i < 32 && i - a < b; i++)
                        d |= 1ull << i;
                    d;
                }));
    INSTRUCTION("b32 b32 b32", "bmsk.wrap.b32 d, a, b;", ({
                    uint64_t d = 0;
                    for (uint64_t i = a & 31; i < 32 && i - (a & 31) < (b & 31); i++)
                        d |= 1ull << i;
                    d;
                }));
    INSTRUCTION("u32 u32 u32", "szext.clamp.u32 d, a, b;", b >= 32 ? a : a & ((1ull << b) - 1));
    INSTRUCTION("s32 s32 u32", "szext.wrap.s32 d, a, b;", (b & 31) ? extract(a, 0, b & 31, 32, true) : 0);
    INSTRUCTION("b32 b32 b32 s32", "fns.b32 d, a, b, c;", ({
                    uint64_t d = ~0u;
                    int64_t position = S64(b), left = S32(c) < 0 ? -S64(S32(c)) : S32(c);
                    if (left == 0 && b < 32 && (a >> b & 1))
                        d = b;
                    for (; left && position >= 0 && position<32; position += S32(c)> 0 ? 1 : -1)
                        if ((a >> position & 1) && --left == 0)
                            d = (uint64_t)position;
                    d;
                }));
}

Test(vgpu_integer, bytes) {
    INSTRUCTION("b32 b32 b32 b32", "prmt.b32 d, a, b, c;", permute(a, b, c));
    INSTRUCTION("b32 b32 b32 b32", "prmt.b32.f4e d, a, b, c;", (b << 32 | a) >> 8 * (c & 3));
    INSTRUCTION("b32 b32 b32 b32", "prmt.b32.b4e d, a, b, c;", ({
                    uint64_t r = 0;
                    for (unsigned k = 0; k < 4; k++)
                        r |= ((b << 32 | a) >> 8 * (((c & 3) - k) & 7) & 255) << 8 * k;
                    r;
                }));
    INSTRUCTION("b32 b32 b32 b32", "prmt.b32.rc8 d, a, b, c;", (a >> 8 * (c & 3) & 255) * 0x01010101);
    INSTRUCTION("b32 b32 b32 b32", "prmt.b32.rc16 d, a, b, c;", (a >> 16 * (c & 1) & 0xffff) * 0x00010001);
    INSTRUCTION("b32 b32 b32 b32", "prmt.b32.ecl d, a, b, c;", ({
                    uint64_t r = 0;
                    for (unsigned k = 0; k < 4; k++)
                        r |= (a >> 8 * (k > (c & 3) ? k : (c & 3)) & 255) << 8 * k;
                    r;
                }));
    INSTRUCTION("b32 b32 b32 b32", "prmt.b32.ecr d, a, b, c;", ({
                    uint64_t r = 0;
                    for (unsigned k = 0; k < 4; k++)
                        r |= (a >> 8 * (k < (c & 3) ? k : (c & 3)) & 255) << 8 * k;
                    r;
                }));
    INSTRUCTION("u32 u32 u32 u32", "dp4a.u32.u32 d, a, b, c;", ({
                    uint64_t r = c;
                    for (unsigned k = 0; k < 32; k += 8)
                        r += (uint64_t)(uint8_t)(a >> k) * (uint8_t)(b >> k);
                    r;
                }));
    INSTRUCTION("s32 s32 s32 s32", "dp4a.s32.s32 d, a, b, c;", ({
                    int64_t r = S32(c);
                    for (unsigned k = 0; k < 32; k += 8)
                        r += (int8_t)(a >> k) * (int8_t)(b >> k);
                    r;
                }));
    INSTRUCTION("s32 u32 s32 s32", "dp4a.u32.s32 d, a, b, c;", ({
                    int64_t r = S32(c);
                    for (unsigned k = 0; k < 32; k += 8)
                        r += (uint8_t)(a >> k) * (int8_t)(b >> k);
                    r;
                }));
    INSTRUCTION("s32 s32 u32 s32", "dp2a.hi.s32.u32 d, a, b, c;",
                S32(c) + S64((int16_t)a) * (uint8_t)(b >> 16) + S64((int16_t)(a >> 16)) * (uint8_t)(b >> 24));
    INSTRUCTION("u32 u32 u32 u32", "dp2a.lo.u32.u32 d, a, b, c;",
                c + (a & 0xffff) * (b & 255) + (a >> 16) * (b >> 8 & 255));
}

Test(vgpu_integer, moves) {
    INSTRUCTION("b32 b32", "{ .reg .b16 x, y; mov.b32 {x, y}, a; mov.b32 d, {y, x}; }", a >> 16 | a << 16);
    INSTRUCTION("b64 b64", "{ .reg .b32 x, y; mov.b64 {x, y}, a; mov.b64 d, {y, x}; }", a >> 32 | a << 32);
    INSTRUCTION("b64 b64", "{ .reg .b16 x, y, z, u; mov.b64 {x, y, z, u}, a; mov.b64 d, {u, z, y, x}; }",
                a >> 48 | (a >> 16 & 0xffff0000) | (a & 0xffff0000) << 16 | a << 48);
    INSTRUCTION("b32 b64", "{ .reg .b32 x; mov.b64 {_, x}, a; mov.b32 d, x; }", a >> 32);
    INSTRUCTION("b64 b64 b64", "{ .reg .b128 q; .reg .b64 x; mov.b128 q, {a, b}; mov.b128 {x, d}, q; }", b);
    INSTRUCTION("b32 b32 b32 pred", "selp.b32 d, a, b, c;", c ? a : b);
    INSTRUCTION("b64 b64 b64 pred", "selp.b64 d, a, b, !c;", c ? b : a);
    INSTRUCTION("b16 b16 b16 pred", "selp.b16 d, a, b, c;", c ? a : b);
    INSTRUCTION("s32 s32 s32 s32", "slct.s32.s32 d, a, b, c;", S32(c) >= 0 ? a : b);
    INSTRUCTION("u64 u64 u64 f32", "slct.u64.f32 d, a, b, c;", f32_of(c) >= 0 ? a : b);
}

Test(vgpu_integer, comparisons) {
    INSTRUCTION("pred u32 u32", "setp.eq.u32 d, a, b;", a == b);
    INSTRUCTION("pred u32 u32", "setp.ne.u32 d, a, b;", a != b);
    INSTRUCTION("pred u32 u32", "setp.lt.u32 d, a, b;", a < b);
    INSTRUCTION("pred u32 u32", "setp.ls.u32 d, a, b;", a <= b);
    INSTRUCTION("pred u32 u32", "setp.hi.u32 d, a, b;", a > b);
    INSTRUCTION("pred u32 u32", "setp.hs.u32 d, a, b;", a >= b);
    INSTRUCTION("pred s32 s32", "setp.lt.s32 d, a, b;", S32(a) < S32(b));
    INSTRUCTION("pred s32 s32", "setp.le.s32 d, a, b;", S32(a) <= S32(b));
    INSTRUCTION("pred s32 s32", "setp.gt.s32 d, a, b;", S32(a) > S32(b));
    INSTRUCTION("pred s32 s32", "setp.ge.s32 d, a, b;", S32(a) >= S32(b));
    INSTRUCTION("pred s16 s16", "setp.lt.s16 d, a, b;", S16(a) < S16(b));
    INSTRUCTION("pred u16 u16", "setp.gt.u16 d, a, b;", a > b);
    INSTRUCTION("pred s64 s64", "setp.ge.s64 d, a, b;", S64(a) >= S64(b));
    INSTRUCTION("pred u64 u64", "setp.lo.u64 d, a, b;", a < b);
    INSTRUCTION("pred s32 s32 pred", "setp.lt.and.s32 d, a, b, c;", S32(a) < S32(b) && c);
    INSTRUCTION("pred s32 s32 pred", "setp.lt.or.s32 d, a, b, !c;", S32(a) < S32(b) || !c);
    INSTRUCTION("pred s32 s32 pred", "setp.lt.xor.s32 d, a, b, c;", (S32(a) < S32(b)) ^ c);
    INSTRUCTION("pred s32 s32", "setp.lt.s32 p|d, a, b;", S32(a) >= S32(b));
    INSTRUCTION("pred s32 s32 pred", "setp.lt.and.s32 p|d, a, b, c;", S32(a) >= S32(b) && c);
    INSTRUCTION("u32 s32 s32", "set.lt.u32.s32 d, a, b;", S32(a) < S32(b) ? ~0u : 0);
    INSTRUCTION("f32 u32 u32", "set.ge.f32.u32 d, a, b;", a >= b ? 0x3f800000 : 0);
    INSTRUCTION("s32 s32 s32 pred", "set.eq.and.s32.s32 d, a, b, c;", a == b && c ? ~0u : 0);
}

/*
 * Lowering may give a result the bytes of a source that dies, of another width: here both sources of a widening product lie inside
 * its result, and so does a conversion's.
 */
Test(vgpu_integer, results_over_their_sources) {
    struct ptx_error error;
    struct ptx_module *module =
        ptx_read(PTX_KERNEL
                 "{ .reg .b64 i, o, t, d, f; .reg .b32 a, b, n; ld.param.u64 i, [p0]; ld.param.u64 o, [p1];"
                 " mov.u32 n, %tid.x; mul.wide.u32 t, n, 8; add.u64 i, i, t; add.u64 o, o, t; "
                 "ld.global.v2.u32 {a, b}, [i];"
                 " mad.wide.u32 d, a, b, t; cvt.u64.u32 f, n; add.u64 d, d, f; st.global.u64 [o], d; ret; }",
                 &error);
    cr_assert(module);
    struct program *program = program_lower(module, ptx_find_function(module, "kernel"), &error);
    cr_assert(program);
    /* Every register far from the others, then a and b inside d, and n inside f. */
    uint32_t d = 0, f = 0;
    for (uint32_t k = 0; k < program->register_count; k++) {
        struct ptx_register *reg = &program->registers[k];
        reg->slot = 512 * k;
        if (strcmp(reg->name, "d") == 0)
            d = reg->slot;
        if (strcmp(reg->name, "f") == 0)
            f = reg->slot;
    }
    program->register_file_bytes = 512 * program->register_count;
    unsigned moved = 0;
    for (uint32_t k = 0; k < program->register_count; k++) {
        static const char *const sources[] = {"a", "b", "n"};
        const uint32_t slots[] = {d, d + 128, f};
        for (unsigned j = 0; j < 3; j++)
            if (strcmp(program->registers[k].name, sources[j]) == 0)
                program->registers[k].slot = slots[j], moved++;
    }
    cr_assert_eq(moved, 3);
    struct device_limits device = {.architecture = 90, .sm_count = 1, .max_threads_per_sm = 2048};
    struct binding *binding = binding_create(program, &device, &error);
    cr_assert(binding, "%s", error.message);
    uint32_t *in;
    uint64_t *out, parameters[3] = {machine_array(256, &in), machine_array(256, &out), 0};
    for (unsigned l = 0; l < 64; l++)
        in[l] = l * 2654435761u;
    struct launch launch = {.binding = binding,
                            .grid = {1, 1, 1},
                            .block = {32, 1, 1},
                            .parameters = (const uint8_t *)parameters,
                            .resident_blocks = 1};
    struct launch_counts counts = {0};
    cr_assert_eq(grid_run(&launch, &counts), LAUNCH_DONE);
    for (unsigned l = 0; l < 32; l++)
        cr_assert_eq(out[l], (uint64_t)in[2 * l] * in[2 * l + 1] + 8 * l + l, "lane %u", l);
    binding_free(binding);
    program_free(program);
    ptx_free(module);
}
