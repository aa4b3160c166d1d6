/* What lowering makes of small texts: what is shared, dropped, inlined, kept as a call or refused. */
#include "lowering/texts.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MODULE(text) ".version 8.0\n.target sm_80\n.address_size 64\n" text
#define KERNEL(body)                                                                                         \
    MODULE(".entry k(.param .u64 out) { .reg .pred p, q; .reg .b32 a, b, c, d, r; .reg .b64 x, y;\n" body    \
           "\n}\n")

static struct ptx_module *module;
static struct program *program;

static void lower_text(const char *text) {
    module = read_text(text);
    program = lower_kernel(module, "k");
    expect_sound_slots(program);
}

static void release(void) {
    program_free(program);
    ptx_free(module);
}

TestSuite(vgpu_lowered, .fini = release);

static const struct ptx_instruction *find(const char *opcode, int occurrence) {
    for (uint32_t i = 0; i < program->instruction_count; i++)
        if (strcmp(program->instructions[i].opcode, opcode) == 0 && occurrence-- == 0)
            return &program->instructions[i];
    return NULL;
}

static uint32_t slot_of(const struct ptx_operand *operand) { return program->registers[operand->reg].slot; }

/* d holds the last round's value when it is read, s this round's: s must not stand in for d. */
Test(vgpu_lowered, copies_of_another_round_stay) {
    lower_text(KERNEL(
        "ld.param.u64 x, [out]; ld.global.u32 b, [x]; setp.eq.u32 p, b, 0;\n"
        "again: ld.volatile.global.u32 a, [x]; @p st.global.u32 [x], d; mov.b32 d, a; setp.eq.u32 p, d, 3;\n"
        "@p bra again; ret;"));
    cr_expect_neq(slot_of(&find("st.global.u32", 0)->operands[1]),
                  slot_of(&find("ld.volatile.global.u32", 0)->operands[0]));
}

Test(vgpu_lowered, two_results_never_share) {
    lower_text(KERNEL("ld.volatile.global.v2.u32 {a, b}, [64]; bar.sync 0; ld.global.u32 c, [64];"));
    const struct ptx_operand *unread = &find("ld.volatile.global.v2.u32", 0)->operands[0];
    cr_expect_neq(slot_of(&unread->elements[0]), slot_of(&unread->elements[1]),
                  "nobody reads them, yet they are written");
    cr_expect_eq(program->register_file_bytes, 2 * 128);
}

Test(vgpu_lowered, registers_share_slots) {
    lower_text(MODULE(
        ".entry k() { .reg .b32 r<100>;\nld.global.u32 r0, [64];\n"
        "add.u32 r1, r0, 1; add.u32 r2, r1, r0; add.u32 r3, r2, 3; add.u32 r4, r3, r2; add.u32 r5, r4, 5;\n"
        "st.global.u32 [64], r5; }"));
    cr_expect_eq(program->register_file_bytes, 2 * 128);
    cr_expect_eq(program->registers_per_thread, 2);
}

Test(vgpu_lowered, moves_disappear) {
    lower_text(KERNEL(
        "ld.const.u32 r, [64]; ld.global.u32 a, [64]; mov.b32 b, a; mov.u32 c, 5; st.global.u32 [68], b;\n"
        "st.global.u32 [72], c; setp.eq.u32 p, r, 1; mov.b32 d, a; @p bra done; mov.b32 d, 9;\n"
        "done: st.global.u32 [76], d; ret;"));
    cr_expect_eq(find("st.global.u32", 0)->operands[1].reg, find("ld.global.u32", 0)->operands[0].reg);
    cr_expect_eq(find("st.global.u32", 1)->operands[1].kind, PTX_OPERAND_IMMEDIATE);
    cr_expect_eq(find("st.global.u32", 1)->operands[1].bits, 5);
    cr_expect_null(find("mov.u32", 0));
    cr_expect_eq(find("mov.b32", 0)->operands[1].bits, 9,
                 "a and d share a slot: only the other value is moved");
    cr_expect_null(find("mov.b32", 1));
}

Test(vgpu_lowered, numbers_only_where_width_and_kind_fit) {
    lower_text(KERNEL("mov.u32 a, 5; mov.b32 b, 0f3F800000; cvt.u64.u32 x, a; st.global.u64 [64], x; "
                      "st.global.b32 [72], b;\n"
                      "mov.u64 y, 7; st.global.u32 [80], y; ret;"));
    cr_expect_eq(find("cvt.u64.u32", 0)->operands[1].kind, PTX_OPERAND_REGISTER);
    cr_expect_eq(find("st.global.b32", 0)->operands[1].kind, PTX_OPERAND_REGISTER, "a float is no .b32");
    cr_expect_eq(find("st.global.u32", 0)->operands[1].kind, PTX_OPERAND_REGISTER,
                 "a 64-bit register is no .u32");
}

Test(vgpu_lowered, dead_and_unreachable_code_goes) {
    lower_text(KERNEL("ld.param.u64 x, [out]; add.u64 y, x, 1; ld.global.u32 a, [64]; add.cc.u32 b, a, a;\n"
                      "bra over; st.global.u32 [64], a; over: bar.sync 0;"));
    cr_expect_null(find("ld.param.u64", 0));
    cr_expect_null(find("add.u64", 0));
    cr_expect_null(find("st.global.u32", 0));
    cr_expect_not_null(find("ld.global.u32", 0), "a load may fault");
    cr_expect_not_null(find("add.cc.u32", 0), "it writes the condition code");
    cr_expect_str_eq(program->instructions[program->instruction_count - 1].opcode, "ret");
    cr_expect_eq(find("bra", 0)->operands[0].label, (uint32_t)(find("bar.sync", 0) - program->instructions));
}

static const char *const two_calls =
    MODULE(".shared .align 4 .b8 unused[4000]; .extern .shared .align 16 .b8 dynamic[];\n"
           ".func inner(.param .b32 n) { .shared .align 8 .b8 once[24]; .local .align 4 .b8 own[40]; .reg "
           ".b32 r; .reg .b64 d;\n"
           "ld.param.u32 r, [n]; st.shared.u32 [once+4], r; st.local.u32 [own+8], r; mov.u64 d, dynamic; "
           "st.shared.u32 [d], r; }\n"
           ".func outer(.param .b32 n) { .local .align 8 .b8 big[100]; .reg .b32 r; ld.param.u32 r, [n]; "
           "st.local.u32 [big], r;\n"
           "{ .param .b32 p; st.param.b32 [p], r; call inner, (p); } }\n"
           ".entry k() { .reg .b32 r; ld.global.u32 r, [64];\n"
           "{ .param .b32 p; st.param.b32 [p], r; call outer, (p); }\n{ .param .b32 p; st.param.b32 [p], 7; "
           "call outer, (p); } }\n");

Test(vgpu_lowered, shared_once_and_local_as_on_a_stack) {
    lower_text(two_calls);
    const struct ptx_variable *first = find("st.shared.u32", 0)->operands[0].variable;
    const struct ptx_variable *second = find("st.shared.u32", 2)->operands[0].variable;
    cr_expect_eq(first, second, "one static variable for both copies of the function");
    cr_expect_eq(program->static_shared_bytes, 24, "what nobody names takes no room");
    cr_expect_eq(program->dynamic_shared_offset, 128);
    cr_expect_eq(find("mov.u64", 0)->operands[1].variable->address, 128);
    cr_expect_eq(find("st.local.u32", 0)->operands[0].variable->address, 0);   /* big */
    cr_expect_eq(find("st.local.u32", 1)->operands[0].variable->address, 100); /* own */
    cr_expect_eq(find("st.local.u32", 2)->operands[0].variable->address, 0);
    cr_expect_eq(find("st.local.u32", 3)->operands[0].variable->address, 100);
    cr_expect_eq(program->local_bytes, 144);
    cr_expect_null(find("call", 0));
    cr_expect_null(find("ld.param.u32", 0), "parameters of calls are registers or numbers");
    cr_expect_eq(find("st.shared.u32", 2)->operands[1].bits, 7);
}

Test(vgpu_lowered, bytes_of_calls_lie_in_local_memory) {
    lower_text(MODULE(
        ".func (.param .b32 z) f(.param .align 4 .b8 s[8]) { .reg .b32 r; .reg .b16 h; .reg .b64 a, b;\n"
        "ld.param.u8 h, [s+1]; cvt.u32.u16 r, h; mov.b64 a, s; cvta.param.u64 b, a; st.global.u64 [64], b;\n"
        "ld.param.u32 r, [a+4]; st.param.b32 [z], r; }\n"
        ".entry k() { .reg .b32 r; { .param .align 4 .b8 p[8]; .param .b32 q; st.param.b32 [p], 1;\n"
        "st.param.b32 [p+4], 2; call (q), f, (p); ld.param.b32 r, [q]; } st.global.u32 [64], r; }\n"));
    cr_expect_eq(find("st.local.b32", 1)->operands[0].variable->space, PTX_SPACE_LOCAL);
    cr_expect_eq(find("st.local.b32", 1)->operands[0].offset, 4);
    cr_expect(find("ld.local.u32", 0)->operands[1].base_is_register);
    cr_expect_not_null(find("cvta.local.u64", 0));
    cr_expect_null(find("st.param.b32", 0));
    cr_expect_eq(program->local_bytes, 16);
}

Test(vgpu_lowered, parameters_of_another_width_lie_in_local_memory) {
    lower_text(MODULE(".func f(.param .b32 n) { .reg .b32 r; ld.param.u32 r, [n]; st.global.u32 [64], r; }\n"
                      ".entry k() { .reg .b64 x; ld.global.u64 x, [64]; { .param .b32 p; st.param.b32 [p], "
                      "x; call f, (p); } }\n"));
    cr_expect_not_null(find("st.local.b32", 0));
    cr_expect_not_null(find("ld.local.u32", 0));
}

Test(vgpu_lowered, calls_without_a_body_stay) {
    lower_text(
        MODULE(".extern .func (.param .b32 r) vprintf(.param .b64 f, .param .b64 a);\n"
               ".extern .func take(.param .align 4 .b8 s[8], .param .b32 n);\n"
               ".entry k() { .reg .b32 r; .reg .b64 x; ld.global.u64 x, [64];\n"
               "{ .param .b64 p; .param .b64 q; .param .b32 z; st.param.b64 [p], x; st.param.b64 [q], 0;\n"
               "call.uni (z), vprintf, (p, q); ld.param.b32 r, [z]; } st.global.u32 [64], r;\n"
               "{ .param .align 4 .b8 s[8]; st.param.b32 [s+4], r; call take, (s, 5); } }\n"));
    const struct ptx_operand *call = find("call.uni", 0)->operands;
    cr_expect_str_eq(call[0].callee->name, "vprintf");
    cr_assert_eq(call[1].element_count, 1);
    cr_expect_eq(slot_of(&call[1].elements[0]), slot_of(&find("st.global.u32", 0)->operands[1]));
    cr_assert_eq(call[2].element_count, 2);
    cr_expect_eq(call[2].elements[0].kind, PTX_OPERAND_REGISTER);
    call = find("call", 0)->operands;
    cr_expect_eq(call[2].elements[0].kind, PTX_OPERAND_VARIABLE);
    cr_expect_eq(call[2].elements[0].variable->space, PTX_SPACE_LOCAL);
    cr_expect_eq(call[2].elements[1].bits, 5);
    cr_expect_not_null(find("st.local.b32", 0));
}

/* Of functions that call each other only as many stay as cut every circle. */
Test(vgpu_lowered, recursive_calls_stay) {
    lower_text(MODULE(".func f();\n.func g() { bar.sync 1; call f; }\n.func f() { bar.sync 2; call g; }\n"
                      ".func h() { bar.sync 3; }\n.entry k() { call g; call h; bar.sync 0; }\n"));
    cr_assert_eq(program->routine_count, 2);
    cr_expect_str_eq(program->routines[1].function->name, "g");
    cr_expect(program->uses_stack);
    unsigned calls = 0, barriers = 0;
    for (uint32_t i = 0; i < program->instruction_count; i++) {
        calls += strcmp(program->instructions[i].opcode, "call") == 0;
        barriers += strcmp(program->instructions[i].opcode, "bar.sync") == 0;
    }
    cr_expect_eq(calls, 2);    /* the kernel's of g and, in g, the inlined f's */
    cr_expect_eq(barriers, 4); /* each once */
}

/* What a call keeps: the registers that are live behind it. */
Test(vgpu_lowered, calls_keep_what_is_live) {
    lower_text(MODULE(
        ".func (.param .b32 z) f(.param .b32 n) { .reg .b32 a, b, c; .reg .pred p; ld.param.b32 a, [n];\n"
        "setp.gt.u32 p, a, 5; add.u32 b, a, 1; add.u32 c, b, 2;\n"
        "{ .param .b32 q; .param .b32 y; st.param.b32 [q], b; call (y), f, (q); ld.param.b32 b, [y]; }\n"
        "@p add.u32 b, b, c; st.param.b32 [z], b; ret; }\n"
        ".entry k() { { .param .b32 q; .param .b32 y; st.param.b32 [q], 5; call (y), f, (q); } }\n"));
    cr_assert_eq(program->routine_count, 2);
    cr_expect_eq(find("call", 0)->operands[2].element_count, 0);
    const struct ptx_operand *kept = &find("call", 1)->operands[2];
    cr_assert_eq(kept->element_count, 2);
    cr_expect_str_eq(program->registers[kept->elements[0].reg].name, "c");
    cr_expect_str_eq(program->registers[kept->elements[1].reg].name, "p");
    cr_expect_eq(program->routines[1].frame_bytes, 8); /* n and z */
}

/* Only functions whose address is taken, and whose formals lie where the call's do. */
Test(vgpu_lowered, indirect_calls_have_targets) {
    lower_text(MODULE(".func taken(.param .b32 n) { ret; }\n.func other(.param .b64 n) { ret; }\n"
                      ".func named(.param .b32 n) { ret; }\n.func listed(.param .b32 n) { ret; }\n"
                      ".global .u64 table[2] = {listed, other};\n"
                      ".entry k() { .reg .b64 x; ld.global.u64 x, [table]; .param .b32 q; call named, (q);\n"
                      "proto: .callprototype _ (.param .b32 _);\ncall x, (q), proto; mov.u64 x, taken; "
                      "st.global.u64 [table], x; }\n"));
    cr_assert_eq(program->routine_count, 3);
    cr_expect_str_eq(program->routines[1].function->name, "taken");
    cr_expect_str_eq(program->routines[2].function->name, "listed");
}

static const struct refusal {
    const char *text;
    uint32_t line;
    const char *says;
} refusals[] = {
    {KERNEL("mov.u64 x, 5;\nproto: .callprototype _ (.param .b32 _);\ncall x, (), proto;"), 7,
     "'proto' has 0 results and 1 parameters"},
    {MODULE(".func f(.param .b8 s[40000]) { .param .b8 t[40000]; call f, (t); }\n.entry k() { .param .b8 "
            "t[40000]; call f, (t); }\n"),
     5,
     "the parameters and results of 'f' have 40000 bytes; a call that is not inlined passes at most 32764"},
    {KERNEL("proto: .callprototype _ (.param .b32 _);\n{ .param .b64 p; call x, (p), proto; }"), 6,
     "'p' of 8 bytes is passed for the parameter '_' of 4"},
    {MODULE(".func f(.param .b32 n) { ret; }\n.entry k() { call f; }\n"), 5,
     "'f' has 0 results and 1 parameters"},
    {MODULE(".func f(.param .b32 n) { ret; }\n.entry k() { .param .b64 p; call f, (p); }\n"), 5,
     "'p' of 8 bytes"},
    {MODULE(".func f(.param .b64 n) { ret; }\n.entry k(.param .b64 p) { call f, (p); }\n"), 5,
     "the kernel's parameter 'p' is passed on"},
    {MODULE(".func (.param .b32 z) f(.param .b32 n) { ret; }\n.entry k() { .param .b32 p; call (p), f, (p); "
            "}\n"),
     5, "'p' is both a result and an argument"},
    {MODULE(".entry j() { ret; }\n.entry k() { call j; }\n"), 5, "'j' is a kernel"},
    {MODULE(".extern .global .u32 far;\n.entry k() { .reg .b32 r; ld.global.u32 r, [far]; }\n"), 5,
     "'far' is .extern and this module does not define it"},
    {KERNEL("{ .param .b32 p;\nst.param.b64 [p], 5; }"), 6, "beyond the 4 bytes of the parameter 'p'"},
    {MODULE(".func f0() { ret; }\n.func f1() { call f0; call f0; }\n.func f2() { call f1; call f1; }\n.entry "
            "k() { call f2; }\n"
            ".entry m();\n"),
     0, NULL},
    {MODULE(".func k() { ret; }\n"), 0, "'k' is not a kernel with a body"},
};

Test(vgpu_lowering, refuses_in_words) {
    for (size_t i = 0; i < sizeof refusals / sizeof *refusals; i++) {
        struct ptx_error error;
        struct ptx_module *given = read_text(refusals[i].text);
        struct program *made = program_lower(given, ptx_find_function(given, "k"), &error);
        cr_expect_eq(made != NULL, refusals[i].says == NULL, "%s", refusals[i].text);
        if (refusals[i].says)
            cr_expect_not_null(strstr(error.message, refusals[i].says), "'%s' should say '%s'", error.message,
                               refusals[i].says);
        cr_expect_eq(error.line, refusals[i].line, "'%s' is about line %u, not %u", error.message,
                     refusals[i].line, error.line);
        program_free(made);
        ptx_free(given);
    }
}

/* Code that runs from the end of the text to its beginning: blocks whose successors all stand before them, and sums that nobody reads. */
Test(vgpu_lowering, long_chains_backwards, .timeout = 30) {
    enum { JUMPS = 30000, BYTES = 64 };
    char *text = malloc((JUMPS + 10) * BYTES), *at = text;
    at += sprintf(at,
                  MODULE(".entry k() {\n.reg .b32 %%r<%d>;\nbra L%d;\nL0: st.global.u32 [0], %%r0;\nret;\n"),
                  JUMPS + 1, JUMPS - 1);
    for (int i = 1; i < JUMPS; i++)
        at += sprintf(at, "L%d: add.u32 %%r%d, %%r%d, 1; bra L%d;\n", i, JUMPS - i, JUMPS - i + 1, i - 1);
    strcpy(at, "}\n");
    struct ptx_error error;
    struct ptx_module *given = read_text(text);
    struct program *made = program_lower(given, ptx_find_function(given, "k"), &error);
    cr_assert_not_null(made, "%s", error.message);
    cr_expect_eq(made->instruction_count, JUMPS + 2, "the sums are gone, the jumps stay");
    program_free(made);
    ptx_free(given);
    free(text);
}
