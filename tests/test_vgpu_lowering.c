/* Lowering keeps the effects of what nvcc compiled and of random programs. */
#include "lowering/effects.h"
#include "lowering/texts.h"

#include <criterion/criterion.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

/* What nvcc makes of calls.cu: structs by value, nested calls, loops, printf, malloc, inline assembly. */
Test(vgpu_lowering, keeps_the_effects_of_compiled_code) {
    char *text = load_text("calls.ptx");
    struct ptx_module *module = read_text(text);
    unsigned long least = 0, compared = 0;
    for (uint32_t i = 0; i < module->function_count; i++) {
        if (!module->functions[i]->is_entry)
            continue;
        struct program *program = lower_kernel(module, module->functions[i]->name);
        expect_sound_slots(program);
        for (symbol seed = 1; seed <= 200; seed++)
            compared += expect_same_effects(program, seed, "");
        least += 200;
        program_free(program);
    }
    cr_assert_gt(least, 0);
    cr_assert_gt(compared, 20 * least, "the walks ended before anything happened");
    ptx_free(module);
    free(text);
}

/* Random code: blocks that jump anywhere, guarded writes, chains of moves, pairs, vectors, calls. */
struct maker {
    char text[40000];
    size_t length;
    symbol state;
    unsigned names;
};

static unsigned pick(struct maker *maker, unsigned below) {
    maker->state = symbol_mix(maker->state, 5);
    return (unsigned)(maker->state >> 20) % below;
}

__attribute__((format(printf, 2, 3))) static void say(struct maker *maker, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    maker->length +=
        (size_t)vsnprintf(maker->text + maker->length, sizeof maker->text - maker->length, format, arguments);
    va_end(arguments);
    cr_assert_lt(maker->length, sizeof maker->text);
}

enum { REGISTERS = 9, PREDICATES = 4, BLOCKS = 7 };

static void make_statement(struct maker *maker, unsigned *once, unsigned first_once) {
    unsigned d = pick(maker, REGISTERS), a = pick(maker, REGISTERS), b = pick(maker, REGISTERS);
    unsigned p = pick(maker, PREDICATES), q = pick(maker, PREDICATES);
    /* A register that is written once, in this block, and read behind: what propagation looks for. */
    unsigned known = *once > first_once ? first_once + pick(maker, *once - first_once) : 0;
    unsigned kind = pick(maker, 16);
    bool writes_once = kind == 12 || kind == 13; /* not under a guard: it would be read undefined */
    if (!writes_once && pick(maker, 5) == 0)
        say(maker, "@%s%%p%u ", pick(maker, 2) ? "!" : "", pick(maker, PREDICATES));
    switch (kind) {
    case 0:
    case 1:
        say(maker, "add.s32 %%r%u, %%r%u, %%r%u;\n", d, a, b);
        break;
    case 2:
    case 3:
        say(maker, "mov.b32 %%r%u, %%r%u;\n", d, a);
        break;
    case 4:
        say(maker, "mov.u32 %%r%u, %u;\n", d, a);
        break;
    case 5:
        say(maker, "mov.u64 %%rd%u, %%rd%u;\n", d, a);
        break;
    case 6:
        say(maker, "mul.wide.u32 %%rd%u, %%r%u, %%r%u;\n", d, a, b);
        break;
    case 7:
        say(maker, "mov.b64 {%%r%u, %%r%u}, %%rd%u;\n", d, (d + 1) % REGISTERS, b);
        break;
    case 8:
        say(maker, "st.global.u32 [%%rd%u], %%r%u;\n", a, b);
        break;
    case 9:
        say(maker, "ld.global.v2.u32 {%%r%u, %%r%u}, [%%rd%u+4];\n", d, (d + 1) % REGISTERS, a);
        break;
    case 10:
        say(maker, "setp.lt.and.s32 %%p%u|%%p%u, %%r%u, %%r%u, !%%p%u;\n", p, (p + 1) % PREDICATES, a, b, q);
        break;
    case 11:
        say(maker, "mov.pred %%p%u, %%p%u;\n", p, q);
        break;
    case 12:
        say(maker, "mov.b32 %%s%u, %%r%u;\n", (*once)++, a);
        break;
    case 13:
        if (known)
            say(maker, "mov.b32 %%s%u, %%s%u;\n", (*once)++, known);
        else
            say(maker, "mov.u32 %%s%u, %u;\n", (*once)++, a);
        break;
    case 14:
        if (known)
            say(maker, "st.shared.u32 [%%r%u], %%s%u;\n", a, known);
        else
            say(maker, "ld.shared.u32 %%r%u, [%%s0];\n", d);
        break;
    default:
        if (known)
            say(maker, "call (%%r%u), twist, (%%s%u, %%r%u);\n", d, known, a);
        else
            say(maker, "call (%%r%u), twist, (%%r%u, %u);\n", d, a, b);
    }
}

static void make_program(struct maker *maker, symbol seed) {
    maker->length = 0;
    maker->state = symbol_mix(seed, 99);
    say(maker,
        "%s.func (.param .b32 z) twist(.param .b32 x, .param .b32 y) {\n.reg .pred p; .reg .b32 a<4>;\n"
        "ld.param.u32 a0, [x]; ld.param.u32 a1, [y]; mov.b32 a2, a0; setp.lt.u32 p, a0, a1;\n"
        "st.param.b32 [z], a1; @p ret; @!p mov.b32 a2, a1; st.shared.u32 [a0], a1; xor.b32 a3, a2, a0; "
        "st.param.b32 [z], a3;\n}\n",
        ".version 8.0\n.target sm_80\n.address_size 64\n");
    say(maker,
        ".entry k(.param .u64 out) {\n.reg .pred %%p<%u>; .reg .b32 %%r<%u>, %%s<999>; .reg .b64 %%rd<%u>;\n",
        PREDICATES, REGISTERS, REGISTERS);
    for (unsigned i = 0; i < REGISTERS; i++)
        say(maker, "ld.global.u32 %%r%u, [%u]; ld.param.u64 %%rd%u, [out];\n", i, 4 * i, i);
    for (unsigned i = 0; i < PREDICATES; i++)
        say(maker, "setp.eq.u32 %%p%u, %%r%u, 7;\n", i, i);
    say(maker, "ld.global.u32 %%s0, [64];\n");
    unsigned once = 1;
    for (unsigned block = 0; block < BLOCKS; block++) {
        say(maker, "L%u:\n", block);
        unsigned first_once = once;
        for (unsigned statements = 2 + pick(maker, 14); statements; statements--)
            make_statement(maker, &once, first_once);
        if (pick(maker, 6) == 0)
            say(maker, "brx.idx %%r%u, {L%u, L%u, L%u};\n", pick(maker, REGISTERS), pick(maker, BLOCKS),
                pick(maker, BLOCKS), BLOCKS - 1);
        else
            say(maker, "@%%p%u bra L%u;\n", pick(maker, PREDICATES), pick(maker, BLOCKS));
    }
    for (unsigned i = 0; i < REGISTERS; i++)
        say(maker, "st.global.u32 [%%rd%u], %%r%u;\n", i, i);
    say(maker, "}\n");
}

Test(vgpu_lowering, keeps_the_effects_of_random_code) {
    static struct maker maker;
    unsigned long given = 0, left = 0, compared = 0;
    for (symbol seed = 1; seed <= 600; seed++) {
        make_program(&maker, seed);
        struct ptx_module *module = read_text(maker.text);
        struct program *program = lower_kernel(module, "k");
        expect_sound_slots(program);
        for (symbol walk_seed = 1; walk_seed <= 4; walk_seed++)
            compared += expect_same_effects(program, symbol_mix(seed, walk_seed), maker.text);
        given += ptx_find_function(module, "k")->instruction_count;
        left += program->instruction_count;
        program_free(program);
        ptx_free(module);
    }
    cr_assert_gt(compared, 100000);
    cr_log_info("%lu effects compared; %lu instructions became %lu, calls inlined", compared, given, left);
}
