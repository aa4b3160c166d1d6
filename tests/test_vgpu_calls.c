/* Calls that are not inlined: what they keep, where lanes go and meet, stacks and their ends. */
#include "instruction/machine.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

TestSuite(vgpu_calls, .init = machine_open, .fini = machine_close);

#define HEAD                                                                                                 \
    PTX_KERNEL "{\n.reg .b64 o, t, g, h; .reg .b32 x, y, z, w, n; .reg .pred p, q;\n"                        \
               "ld.param.u64 o, [p0]; mov.u32 x, %tid.x; mul.wide.u32 t, x, 4; add.u64 t, o, t;\n"

static uint32_t *run(struct machine_launch *launch, enum launch_outcome expected) {
    uint32_t *out;
    launch->parameters[0] = machine_array(4 * 1024, &out);
    enum launch_outcome outcome = machine_run(launch);
    cr_assert_eq(outcome, expected, "outcome %d of %s", outcome, launch->ptx);
    return out;
}

/* 1 + 2 + ... + n */
#define SUM                                                                                                  \
    ".func (.param .b32 z) sum(.param .b32 n) {\n.reg .b32 a, b, r; .reg .pred p;\n"                         \
    "ld.param.b32 a, [n]; mov.u32 r, 0; setp.eq.u32 p, a, 0; @p bra END;\nsub.u32 b, a, 1;\n"                \
    "{ .param .b32 in; .param .b32 res; st.param.b32 [in], b; call (res), sum, (in); ld.param.b32 r, "       \
    "[res]; }\n"                                                                                             \
    "add.u32 r, r, a;\nEND: st.param.b32 [z], r; ret; }\n"

static const char *with(const char *functions, const char *body) {
    static char text[8192];
    static const char head[] = HEAD;
    snprintf(text, sizeof text, "%s%s%s%s}\n", PTX_MODULE, functions, head + strlen(PTX_MODULE), body);
    return text;
}

/* Each lane as deep as its number, several warps. */
Test(vgpu_calls, lanes_are_of_different_depth) {
    struct machine_launch launch = {
        .ptx = with(SUM, "{ .param .b32 in; .param .b32 res; st.param.b32 [in], x; call (res), sum, (in); "
                         "ld.param.b32 y, [res]; st.global.u32 [t], y; } ret;"),
        .threads = 96,
        .stack_bytes = 8192};
    uint32_t *out = run(&launch, LAUNCH_DONE);
    for (unsigned l = 0; l < 96; l++)
        cr_assert_eq(out[l], l * (l + 1) / 2, "lane %u: %u", l, out[l]);
}

/* Half the lanes call one function, half another: one after the other, and behind the call all store together. */
#define PAIR                                                                                                 \
    ".func (.param .b32 z) one(.param .b32 n) { .reg .b32 a; ld.param.b32 a, [n]; add.u32 a, a, 1; "         \
    "st.param.b32 [z], a; ret; }\n"                                                                          \
    ".func (.param .b32 z) two(.param .b32 n) { .reg .b32 a; ld.param.b32 a, [n]; mul.lo.u32 a, a, 2;\n"     \
    "mul.lo.u32 a, a, 3; mul.lo.u32 a, a, 5; st.param.b32 [z], a; ret; }\n"                                  \
    ".func other(.param .b64 n) { ret; }\n.func (.param .b32 z) wide(.param .b64 n) { ret; }\n.global .u64 " \
    "table[3] = {one, two, other};\n"
#define CALL_F                                                                                               \
    "{ .param .b32 in; .param .b32 res; st.param.b32 [in], x;\n"                                             \
    "shape: .callprototype (.param .b32 _) _ (.param .b32 _);\n"                                             \
    "call (res), h, (in), shape;\nld.param.b32 y, [res]; st.global.u32 [t], y; }\n"
#define CHOOSE "and.b32 y, x, 1; setp.eq.u32 p, y, 0; mov.u64 h, one; mov.u64 g, two; selp.b64 h, h, g, p;\n"

Test(vgpu_calls, lanes_meet_behind_the_call) {
    struct machine_launch launch = {.ptx = with(PAIR, CHOOSE CALL_F "ret;")};
    uint32_t *out = run(&launch, LAUNCH_DONE);
    for (unsigned l = 0; l < 32; l++)
        cr_assert_eq(out[l], l % 2 ? 30 * l : l + 1, "lane %u: %u", l, out[l]);
    cr_assert_eq(launch.counts.global_store_sectors, 4);
    /* 4 and 6 instructions by half a warp each: what all 32 lanes do and what they do apart. */
    cr_assert_eq(32 * launch.counts.warp_instructions - launch.counts.thread_instructions, 10 * 16);
}

/* Lanes that do not call wait for none, but those that return come to where they are. */
Test(vgpu_calls, guarded_call) {
    struct machine_launch launch = {
        .ptx = with(SUM,
                    "setp.lt.u32 p, x, 7; mov.u32 y, 50; .param .b32 s; .param .b32 r; st.param.b32 [s], x;\n"
                    "@p call (r), sum, (s); @p ld.param.b32 y, [r]; st.global.u32 [t], y; ret;"),
        .stack_bytes = 1024};
    uint32_t *out = run(&launch, LAUNCH_DONE);
    for (unsigned l = 0; l < 32; l++)
        cr_assert_eq(out[l], l < 7 ? l * (l + 1) / 2 : 50, "lane %u: %u", l, out[l]);
    cr_assert_eq(launch.counts.global_store_sectors, 4);
}

/* A register of every width is kept, while the function calls itself with other values in them. */
Test(vgpu_calls, every_width_is_kept) {
    struct machine_launch launch = {
        .ptx = with(
            ".func (.param .b64 z) f(.param .b32 n) {\n.reg .b32 a, b; .reg .b64 d, h, r; .reg .b16 s; .reg "
            ".b8 c; "
            ".reg .b128 wide; .reg .pred p, odd;\n"
            "ld.param.b32 a, [n]; mov.u64 r, 0; setp.eq.u32 p, a, 0; @p bra END;\n"
            "and.b32 b, a, 1; setp.eq.u32 odd, b, 1; cvt.u64.u32 d, a; shl.b64 d, d, 33; cvt.u16.u32 s, a; "
            "cvt.u64.u32 h, a; shl.b64 h, h, 40; mov.b128 wide, {d, h}; cvt.u8.u32 c, a; sub.u32 b, a, 1;\n"
            "{ .param .b32 in; .param .b64 res; st.param.b32 [in], b; call (res), f, (in); ld.param.b64 r, "
            "[res]; }\n"
            "add.u64 r, r, d; cvt.u64.u16 d, s; add.u64 r, r, d; mov.b128 {d, h}, wide; add.u64 r, r, d; "
            "add.u64 r, r, h; cvt.u64.u8 d, c; add.u64 r, r, d;\n@odd add.u64 r, r, 1000;\n"
            "END: st.param.b64 [z], r; ret; }\n",
            "mul.wide.u32 t, x, 8; add.u64 t, o, t; { .param .b32 in; .param .b64 res; st.param.b32 [in], x; "
            "call (res), "
            "f, (in); ld.param.b64 g, [res]; st.global.u64 [t], g; } ret;"),
        .stack_bytes = 8192};
    uint64_t *out = (uint64_t *)(void *)run(&launch, LAUNCH_DONE);
    for (uint64_t l = 0; l < 32; l++) {
        uint64_t sum = l * (l + 1) / 2;
        cr_assert_eq(out[l], (sum << 34) + (sum << 40) + 2 * sum + 1000 * ((l + 1) / 2), "lane %lu: %lx",
                     (unsigned long)l, (unsigned long)out[l]);
    }
}

/* A parameter of 11 bytes, taken by its address; a result of 6; variables whose addresses go down and come back. */
Test(vgpu_calls, frames) {
    struct machine_launch launch = {
        .ptx = with(
            ".func (.param .align 2 .b8 z[6]) f(.param .align 1 .b8 s[11], .param .b64 place, .param .b32 n) "
            "{\n"
            ".reg .b32 a, b; .reg .b64 d, e; .reg .b16 h; .reg .pred p; .local .align 4 .b32 own[3];\n"
            "mov.b64 d, s; ld.param.u8 a, [d+10]; ld.param.u8 b, [s+3]; shl.b32 b, b, 8; or.b32 a, a, b;\n"
            "mov.u64 d, own; mov.u32 b, own; cvt.u64.u32 e, b; st.local.u32 [d+8], a; ld.param.u32 b, [n];\n"
            "setp.eq.u32 p, b, 0; @p bra END; sub.u32 b, b, 1; cvta.local.u64 d, e; add.u64 d, d, 8;\n"
            "{ .param .align 1 .b8 c[11]; .param .b64 in; .param .b32 m; .param .align 2 .b8 res[6];\n"
            "st.param.b8 [c+10], 7; st.param.b8 [c+3], 9; st.param.b64 [in], d; st.param.b32 [m], b;\n"
            "call (res), f, (c, in, m); ld.param.b16 h, [res+4]; }\n"
            "END: ld.param.b64 d, [place]; ld.local.u32 a, [own+8]; ld.u32 b, [d]; add.u32 b, b, a; st.u32 "
            "[d], "
            "b; cvt.u16.u32 h, b; st.param.b16 [z+4], h; ret; }\n",
            ".local .b32 total; st.local.u32 [total], 1; mov.b64 g, total; cvta.local.u64 g, g;\n"
            "{ .param .align 1 .b8 c[11]; .param .b64 in; .param .b32 m; .param .align 2 .b8 res[6];\n"
            "st.param.b8 [c+10], 5; st.param.b8 [c+3], 1; st.param.b64 [in], g; st.param.b32 [m], x;\n"
            "call (res), f, (c, in, m); ld.param.u16 y, [res+4]; }\n"
            "ld.local.u32 z, [total]; add.u32 y, y, z; st.global.u32 [t], y; ret;"),
        .threads = 8,
        .stack_bytes = 4096};
    uint32_t *out = run(&launch, LAUNCH_DONE);
    for (unsigned l = 0; l < 8; l++) {
        /* The innermost adds what it was given to its caller's own[2], and so on up to the kernel's total. */
        unsigned own = 1 + 0x105 + (l ? l * 0x907 : 0);
        cr_assert_eq(out[l], 2 * own, "lane %u: %u, not %u", l, out[l], 2 * own);
    }
}

Test(vgpu_calls, exit_in_a_function) {
    struct machine_launch launch = {
        .ptx =
            with(".func f(.param .b32 n) { .reg .b32 a; .reg .pred p; ld.param.b32 a, [n]; setp.gt.u32 p, a, "
                 "90; @p "
                 "exit;\nadd.u32 a, a, 30; { .param .b32 in; st.param.b32 [in], a; call f, (in); } ret; }\n",
                 "st.global.u32 [t], 1; setp.eq.u32 p, x, 4; @p bra STAY;\n{ .param .b32 in; st.param.b32 "
                 "[in], x; call "
                 "f, (in); } st.global.u32 [t], 2;\nSTAY: activemask.b32 y; st.global.u32 [t], y; ret;"),
        .stack_bytes = 512};
    uint32_t *out = run(&launch, LAUNCH_DONE);
    for (unsigned l = 0; l < 32; l++)
        cr_assert_eq(out[l], l == 4 ? 1 << 4 : 1, "lane %u: %u", l, out[l]);
}

/* A shuffle that lanes reach at different depths, and a barrier. */
Test(vgpu_calls, lanes_meet_across_depths) {
    struct machine_launch launch = {
        .ptx = with(
            ".shared .b32 count;\n.func (.param .b32 z) f(.param .b32 n) { .reg .b32 a, b, x; .reg .pred p;\n"
            "ld.param.b32 a, [n]; setp.eq.u32 p, a, 0; @p bra END;\nsub.u32 a, a, 1;\n"
            "{ .param .b32 in; .param .b32 res; st.param.b32 [in], a; call (res), f, (in); ld.param.b32 b, "
            "[res]; } bra OUT;\n"
            "END: mov.u32 x, %tid.x; shfl.sync.bfly.b32 b, x, 31, 31, 0xffffffff; bar.sync 0;\n"
            "OUT: st.param.b32 [z], b; ret; }\n",
            "and.b32 y, x, 7; { .param .b32 in; .param .b32 r; st.param.b32 [in], y; call (r), f, (in); "
            "ld.param.b32 "
            "y, [r]; st.global.u32 [t], y; } ret;"),
        .threads = 64,
        .stack_bytes = 1024};
    uint32_t *out = run(&launch, LAUNCH_DONE);
    for (unsigned l = 0; l < 64; l++)
        cr_assert_eq(out[l], (l & 32) + 31 - l % 32, "lane %u: %u", l, out[l]);
    cr_assert_eq(launch.counts.barriers, 1);
}

/* Targets that are listed, and a list that a register may leave. */
Test(vgpu_calls, listed_targets) {
    struct machine_launch launch = {
        .ptx = with(PAIR, CHOOSE
                    "{ .param .b32 in; .param .b32 res; st.param.b32 [in], x;\nlist: .calltargets one, two;\n"
                    "call (res), h, (in), list;\nld.param.b32 y, [res]; st.global.u32 [t], y; } ret;")};
    uint32_t *out = run(&launch, LAUNCH_DONE);
    cr_assert_eq(out[6], 7);
    cr_assert_eq(out[7], 210);
}

/* Space that grows and shrinks with lanes of their own, and is given back by the return. */
Test(vgpu_calls, stack_memory) {
    struct machine_launch launch = {
        .ptx = with(
            ".func (.param .b64 z) f(.param .b32 n) { .reg .b32 a, b, m; .reg .b64 d, e, s; .reg .pred p;\n"
            "ld.param.b32 a, [n]; stacksave.u64 s; stacksave.u32 m; cvt.u64.u32 d, a; alloca.u32 b, a;\n"
            "alloca.u64 e, d, 64; st.local.u32 [e], a; st.local.u32 [b], a; ld.local.u32 a, [e]; sub.u64 d, "
            "e, "
            "s;\nand.b64 e, e, 63; mad.lo.u64 d, e, 1000, d;\n"
            "stackrestore.u64 s; stackrestore.u32 m; st.param.b64 [z], d; setp.lt.u32 p, a, 5; @p bra OUT;\n"
            "sub.u32 a, a, 5; { .param .b32 in; .param .b64 res; st.param.b32 [in], a; call (res), f, (in); "
            "}\nOUT: ret; }\n",
            "add.u32 y, x, 4; stacksave.u64 h; { .param .b32 in; .param .b64 r; st.param.b32 [in], y; call "
            "(r), f, "
            "(in); ld.param.b64 g, [r]; } cvt.u32.u64 y, g; stacksave.u64 g; sub.u64 g, g, h; cvt.u32.u64 z, "
            "g;\n"
            "mad.lo.u32 y, z, 1000, y; st.global.u32 [t], y; ret;"),
        .stack_bytes = 2048};
    uint32_t *out = run(&launch, LAUNCH_DONE);
    for (unsigned l = 0; l < 32; l++)
        cr_assert_lt(out[l], 128, "lane %u: its space of 64-byte alignment begins %u bytes up", l, out[l]);
}

/* What ends a launch, and what is said of it. */
Test(vgpu_calls, faults) {
    static const struct {
        const char *functions, *body, *says;
        enum launch_outcome outcome;
    } cases[] = {
        {SUM, "{ .param .b32 in; .param .b32 res; st.param.b32 [in], 100; call (res), sum, (in); } ret;",
         "stack overflow: a call, 33 calls deep, needs 1088 bytes of stack, the thread has 1056 "
         "(cudaLimitStackSize)",
         LAUNCH_STACK_OVERFLOW},
        {PAIR, "mov.u64 h, 0;" CALL_F "ret;", "a call through a null pointer", LAUNCH_INVALID_PC},
        {PAIR, "mov.u64 h, 4660;" CALL_F "ret;", "a call to 0x1234, which is no function", LAUNCH_INVALID_PC},
        {PAIR, "mov.u64 h, other;" CALL_F "ret;",
         "a call to the function other, which has other parameters or results than the call",
         LAUNCH_INVALID_PC},
        {PAIR, "mov.u64 h, wide;" CALL_F "ret;", "a call to the function wide, which has other parameters",
         LAUNCH_INVALID_PC},
        {PAIR, "mov.u64 h, one; add.u64 h, h, 8;" CALL_F "ret;", ", which is no function", LAUNCH_INVALID_PC},
        {"", "alloca.u64 h, 4096; ret;", "stack overflow: alloca, 0 calls deep, needs 4096 bytes",
         LAUNCH_STACK_OVERFLOW},
        {"", "mov.u64 h, -1; alloca.u64 h, h; ret;", "stack overflow: alloca", LAUNCH_STACK_OVERFLOW},
        {"", "stacksave.u64 h; add.u64 h, h, 16; stackrestore.u64 h; ret;",
         "which is no place that stacksave gave", LAUNCH_STACK_OVERFLOW},
        {"", "stacksave.u64 h; sub.u64 h, h, 16; stackrestore.u64 h; ret;",
         "which is no place that stacksave gave", LAUNCH_STACK_OVERFLOW},
    };
    for (unsigned k = 0; k < sizeof cases / sizeof *cases; k++) {
        struct machine_launch launch = {.ptx = with(cases[k].functions, cases[k].body), .stack_bytes = 1024};
        unsigned long before = finding_count();
        run(&launch, cases[k].outcome);
        cr_assert_eq(finding_count(), before + 1);
        cr_assert(strstr(finding_kept(before)->message, cases[k].says), "'%s' is not in: %s", cases[k].says,
                  finding_kept(before)->message);
    }
}

/* Calls without recursion need no stack that the launch asks for, however large their frames are. */
Test(vgpu_calls, frames_without_recursion_fit) {
    struct machine_launch launch = {
        .ptx =
            with(".func far(.param .b64 n) { .local .b32 many[5000]; st.local.u32 [many+19996], 5; ret; }\n"
                 ".global .u64 table = far;\n",
                 "mov.u64 h, far; shape: .callprototype _ (.param .b64 _); .param .b64 in; call h, (in), "
                 "shape; ret;")};
    run(&launch, LAUNCH_DONE);
}
