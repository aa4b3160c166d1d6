/* Logic of predicates and lop3, funnel shifts, bit fields, bytes and packed moves, by their definitions in scalar C. */
#include "instruction/machine.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

TestSuite(vgpu_integer, .init = machine_open, .fini = machine_close);

#define S32(x) ((int32_t)(x))
#define S64(x) ((int64_t)(x))

static unsigned lop3_table;
static uint64_t lop3(uint64_t a, uint64_t b, uint64_t c) {
    uint64_t r = 0;
    for (unsigned bit = 0; bit < 32; bit++)
        r |= (uint64_t)(lop3_table >> ((a >> bit & 1) << 2 | (b >> bit & 1) << 1 | (c >> bit & 1)) & 1)
             << bit;
    return r;
}

Test(vgpu_integer, logic) {
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

Test(vgpu_integer, funnel_shifts) {
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
static uint64_t leading_zeros(uint64_t a, unsigned width) {
    unsigned count = 0;
    for (; count < width && !(a >> (width - 1 - count) & 1); count++)
        ;
    return count;
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
    INSTRUCTION("b32 b32", "brev.b32 d, a;", reverse(a, 32));
    INSTRUCTION("b64 b64", "brev.b64 d, a;", reverse(a, 64));
    INSTRUCTION("b32 b32", "popc.b32 d, a;", bit_count(a));
    INSTRUCTION("b32 b64", "popc.b64 d, a;", bit_count(a));
    INSTRUCTION("b32 b32", "clz.b32 d, a;", leading_zeros(a, 32));
    INSTRUCTION("b32 b64", "clz.b64 d, a;", leading_zeros(a, 64));
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
}

/* An immediate has the width of the operand, and its sign. */
Test(vgpu_integer, immediates) {
    INSTRUCTION("s32 s32", "add.s32 d, a, -5;", a - 5);
    INSTRUCTION("s64 s64", "mad.lo.s64 d, a, -3, 0x7fffffffffffffff;", a * -3 + 0x7fffffffffffffff);
    INSTRUCTION("u16 u16", "sub.u16 d, 0xffff, a;", 0xffff - a);
    INSTRUCTION("b64 b64", "and.b64 d, a, -8;", a & ~7ull);
}

Test(vgpu_integer, moves) {
    INSTRUCTION("b32 b32", "{ .reg .b16 x, y; mov.b32 {x, y}, a; mov.b32 d, {y, x}; }", a >> 16 | a << 16);
    INSTRUCTION("b64 b64", "{ .reg .b32 x, y; mov.b64 {x, y}, a; mov.b64 d, {y, x}; }", a >> 32 | a << 32);
    INSTRUCTION("b64 b64", "{ .reg .b16 x, y, z, u; mov.b64 {x, y, z, u}, a; mov.b64 d, {u, z, y, x}; }",
                a >> 48 | (a >> 16 & 0xffff0000) | (a & 0xffff0000) << 16 | a << 48);
    INSTRUCTION("b32 b64", "{ .reg .b32 x; mov.b64 {_, x}, a; mov.b32 d, x; }", a >> 32);
    INSTRUCTION("b64 b64 b64", "{ .reg .b128 q; .reg .b64 x; mov.b128 q, {a, b}; mov.b128 {x, d}, q; }", b);
    INSTRUCTION("b64 b64 b64 pred", "selp.b64 d, a, b, !c;", c ? b : a);
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
