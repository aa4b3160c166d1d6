/* Loads, stores, atomics and asynchronous copies of the virtual GPU; accesses that must be found. */
#include "instruction/machine.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

TestSuite(vgpu_memory_access, .init = machine_open, .fini = machine_close);

#define S64(x) ((int64_t)(x))

/* A register to memory and back, through each space. */
Test(vgpu_memory_access, spaces) {
    INSTRUCTION("b32 b32",
                "{ .shared .b32 s[128]; mov.u32 e, %tid.x; mul.lo.u32 e, e, 4; mov.u32 w, s; add.u32 e, e, w;"
                " st.shared.u32 [e], a; ld.shared.u32 d, [e]; }",
                a);
    INSTRUCTION("b64 b64", "{ .local .b64 s[3]; st.local.u64 [s+8], a; ld.local.u64 d, [s+8]; }", a);
    INSTRUCTION("b64 b64",
                "{ .local .b64 s[3]; .reg .b64 g; mov.u64 t, s; cvta.local.u64 g, t; st.u64 [g+16], a; "
                "ld.local.u64 d, [s+16]; }",
                a);
    INSTRUCTION("b32 b32",
                "{ .shared .b32 s[128]; .reg .b64 g; mov.u64 t, s; cvta.shared.u64 g, t; mov.u32 e, %tid.x;"
                " mul.wide.u32 t, e, 4; add.u64 g, g, t; st.u32 [g], a; ld.u32 d, [g]; }",
                a);
    INSTRUCTION("b64 b64", "{ .reg .b64 g; cvta.to.global.u64 g, in; ld.global.u64 d, [g]; }", a);
    INSTRUCTION("b64 b64", "ld.u64 d, [in];", a);
    INSTRUCTION("pred b64", "isspacep.global d, in;", 1);
    INSTRUCTION("pred b64", "isspacep.shared d, in;", 0);
    INSTRUCTION("pred b64",
                "{ .shared .b32 s; .reg .b64 g; mov.u64 t, s; cvta.shared.u64 g, t; isspacep.shared d, g; }",
                1);
    INSTRUCTION("pred b64",
                "{ .local .b32 s; .reg .b64 g; mov.u64 t, s; cvta.local.u64 g, t; isspacep.local d, g; }", 1);
}

/* Narrow values are extended into wider registers by their type; wide registers are cut when stored. */
Test(vgpu_memory_access, widths) {
    INSTRUCTION("u32 b64", "ld.global.u8 d, [in+1];", a >> 8 & 0xff);
    INSTRUCTION("s32 b64", "ld.global.s8 d, [in+1];", (int8_t)(a >> 8));
    INSTRUCTION("u16 b64", "ld.global.u8 d, [in+7];", a >> 56);
    INSTRUCTION("s16 b64", "ld.global.s8 d, [in+7];", (int8_t)(a >> 56));
    INSTRUCTION("s64 b64", "ld.global.s16 d, [in+2];", (int16_t)(a >> 16));
    INSTRUCTION("s64 b64", "ld.global.s32 d, [in+4];", (int32_t)(a >> 32));
    INSTRUCTION("u64 b64", "ld.global.u32 d, [in+4];", a >> 32);
    INSTRUCTION("b64 b64",
                "{ .local .b64 s; st.local.u64 [s], 0; st.local.u8 [s+3], a; ld.local.u64 d, [s]; }",
                (a & 0xff) << 24);
    INSTRUCTION("b64 b64",
                "{ .local .b64 s; st.local.u64 [s], 0; st.local.u16 [s+2], a; ld.local.u64 d, [s]; }",
                (a & 0xffff) << 16);
    INSTRUCTION("b64 b64",
                "{ .local .b64 s; st.local.u64 [s], 0; st.local.u32 [s+4], a; ld.local.u64 d, [s]; }",
                a << 32);
}

Test(vgpu_memory_access, vectors) {
    INSTRUCTION("b64 b64 b64", "{ .reg .b64 x, y; ld.global.v2.u64 {x, y}, [in]; sub.s64 d, y, x; }", b - a);
    INSTRUCTION("b32 b64 b64", "{ .reg .b32 x, y, z; ld.global.v4.u32 {x, y, z, d}, [in]; }", b >> 32);
    INSTRUCTION("b32 b64 b64",
                "{ .reg .b32 x, y, z; ld.global.nc.L1::no_allocate.v4.u32 {x, d, y, z}, [in]; }", a >> 32);
    INSTRUCTION("b16 b64 b64", "{ .reg .b16 x, y, z; ld.global.v4.u16 {x, y, d, z}, [in]; }",
                a >> 32 & 0xffff);
    INSTRUCTION("b16 b64 b64", "{ .reg .b16 x; ld.global.v2.u8 {x, d}, [in+2]; }", a >> 24 & 0xff);
    INSTRUCTION("b64 b32 b32",
                "{ .local .align 8 .b64 s; st.local.v2.u32 [s], {a, b}; ld.local.u64 d, [s]; }", b << 32 | a);
    INSTRUCTION("b64 b32 b32",
                "{ .local .align 16 .b64 s[2]; st.local.v4.f32 [s], {b, b, b, a}; ld.local.u64 d, [s+8]; }",
                a << 32 | b);
}

/* The memory word a thread owns starts as c; d is what the instruction returns, or with red and st what is there afterwards. */
#define OWN32                                                                                                \
    "{ .shared .b32 s[128]; mov.u32 e, %tid.x; mul.lo.u32 e, e, 4; mov.u32 w, s; add.u32 e, e, w; "          \
    "st.shared.u32 [e], c; "
#define OWN64                                                                                                \
    "{ .shared .b64 s[128]; mov.u32 e, %tid.x; mul.lo.u32 e, e, 8; mov.u32 w, s; add.u32 e, e, w; "          \
    "st.shared.u64 [e], c; "
#define AFTER32 " ld.shared.u32 d, [e]; }"
#define AFTER64 " ld.shared.u64 d, [e]; }"

Test(vgpu_memory_access, atomics) {
    INSTRUCTION("u32 u32 u32 u32", OWN32 "atom.shared.add.u32 d, [e], a; }", c);
    INSTRUCTION("u32 u32 u32 u32", OWN32 "atom.shared.add.u32 w, [e], a;" AFTER32, c + a);
    INSTRUCTION("u32 u32 u32 u32", OWN32 "red.shared.add.u32 [e], a;" AFTER32, c + a);
    INSTRUCTION("u32 u32 u32 u32", OWN32 "atom.relaxed.cta.shared.min.u32 w, [e], a;" AFTER32, c < a ? c : a);
    INSTRUCTION("s32 s32 s32 s32", OWN32 "atom.shared.min.s32 w, [e], a;" AFTER32,
                (int32_t)c < (int32_t)a ? c : a);
    INSTRUCTION("s32 s32 s32 s32", OWN32 "red.shared.max.s32 [e], a;" AFTER32,
                (int32_t)c > (int32_t)a ? c : a);
    INSTRUCTION("u32 u32 u32 u32", OWN32 "red.shared.max.u32 [e], a;" AFTER32, c > a ? c : a);
    INSTRUCTION("u32 u32 u32 u32", OWN32 "red.shared.and.b32 [e], a;" AFTER32, c & a);
    INSTRUCTION("u32 u32 u32 u32", OWN32 "atom.shared.or.b32 w, [e], a;" AFTER32, c | a);
    INSTRUCTION("u32 u32 u32 u32", OWN32 "atom.shared.xor.b32 w, [e], a;" AFTER32, c ^ a);
    INSTRUCTION("u32 u32 u32 u32", OWN32 "atom.shared.exch.b32 w, [e], a;" AFTER32, a);
    INSTRUCTION("u32 u32 u32 u32", OWN32 "atom.shared.cas.b32 w, [e], a, b;" AFTER32, c == a ? b : c);
    INSTRUCTION("u32 u32 u32 u32", OWN32 "atom.shared.cas.b32 d, [e], a, b; }", c);
    INSTRUCTION("u32 u32 u32 u32", OWN32 "atom.shared.inc.u32 w, [e], a;" AFTER32, c >= a ? 0 : c + 1);
    INSTRUCTION("u32 u32 u32 u32", OWN32 "atom.shared.dec.u32 w, [e], a;" AFTER32,
                c == 0 || c > a ? a : c - 1);
    INSTRUCTION("f32 f32 f32 f32", OWN32 "atom.shared.add.f32 w, [e], a;" AFTER32,
                bits_f32(f32_of(c) + f32_of(a)));
    INSTRUCTION("u64 u64 u64 u64", OWN64 "atom.shared.add.u64 t, [e], a;" AFTER64, c + a);
    INSTRUCTION("u64 u64 u64 u64", OWN64 "atom.shared.max.u64 t, [e], a;" AFTER64, c > a ? c : a);
    INSTRUCTION("s64 s64 s64 s64", OWN64 "atom.shared.min.s64 t, [e], a;" AFTER64, S64(c) < S64(a) ? c : a);
    INSTRUCTION("u64 u64 u64 u64", OWN64 "atom.shared.exch.b64 d, [e], a; }", c);
    INSTRUCTION("u64 u64 u64 u64", OWN64 "atom.shared.cas.b64 t, [e], a, b;" AFTER64, c == a ? b : c);
    INSTRUCTION("f64 f64 f64 f64", OWN64 "red.shared.add.f64 [e], a;" AFTER64, ({
                    double sum = f64_of(c) + f64_of(a);
                    sum != sum ? UNSPECIFIED : bits_f64(sum);
                }));
}

/* Lanes of one instruction on one address: every one counts, in any case. */
Test(vgpu_memory_access, atomics_on_one_address) {
    uint32_t *words;
    uint64_t array = machine_array(8, &words);
    struct machine_launch launch = {
        .ptx =
            PTX_KERNEL "{ .reg .b64 t; .reg .b32 x, y; ld.param.u64 t, [p0]; atom.global.add.u32 x, [t], 1;"
                       " red.global.max.u32 [t+4], x; ret; }",
        .blocks = 7,
        .threads = 96,
        .parameters = {array}};
    cr_assert_eq(machine_run(&launch), LAUNCH_DONE);
    cr_assert_eq(words[0], 7 * 96);
    cr_assert_eq(words[1], 7 * 96 - 1);
    cr_assert_eq(launch.counts.atomics, 2 * 7 * 96);
}

/* Bytes copied and bytes the source has; d is a word of what was 0x11... before: copied, filled with zeros, or left. */
static unsigned copied, word;
static uint64_t copied_word(uint64_t a, uint64_t b, uint64_t c) {
    uint64_t d = 0;
    for (unsigned k = 0; k < 8; k++) {
        unsigned at = 8 * word + k, source = (unsigned)c % (copied + 1);
        uint64_t byte = at >= copied  ? 0x11
                        : at < source ? (at < 8 ? a >> 8 * at : b >> 8 * (at - 8)) & 255
                                      : 0;
        d |= byte << 8 * k;
    }
    return d;
}

Test(vgpu_memory_access, asynchronous_copies) {
    static const struct {
        const char *kind;
        unsigned bytes;
    } copies[] = {{"ca.shared.global", 4},
                  {"ca.shared::cta.global", 8},
                  {"ca.shared.global.L2::64B", 16},
                  {"cg.shared.global", 16},
                  {"cg.shared::cta.global.L2::128B", 16}};
    for (unsigned k = 0; k < sizeof copies / sizeof *copies; k++) {
        copied = copies[k].bytes;
        for (word = 0; word < 2; word++) {
            static const char *const ends[] = {"cp.async.commit_group; cp.async.wait_group 0;",
                                               "cp.async.wait_all;"};
            char text[1024];
            for (int part = 0; part < 2; part++) {
                snprintf(text, sizeof text,
                         "{ .shared .align 16 .b64 s[256]; mov.u32 e, %%tid.x; mul.lo.u32 e, e, 16; mov.u32 "
                         "w, s; add.u32 e, e, w;"
                         " mov.b64 t, 0x1111111111111111; st.shared.v2.b64 [e], {t, t}; rem.u32 w, c, %u;"
                         " cp.async.%s [e], [in], %u%s; %s ld.shared.u64 d, [e+%u]; }",
                         copied + 1, copies[k].kind, copied, part ? ", w" : "", ends[word], 8 * word);
                uint64_t whole(uint64_t a, uint64_t b, uint64_t c) {
                    return (void)c, copied_word(a, b, copied);
                }
                instruction_check("b64 b64 b64 u32", text, part ? copied_word : whole);
            }
        }
    }
}

/* Constants and initialised variables of the module; the address of one in a register. */
Test(vgpu_memory_access, variables) {
    uint32_t *out;
    uint64_t array = machine_array(32 * 4, &out);
    struct machine_launch launch = {
        .ptx = PTX_MODULE
        ".const .align 4 .u32 table[4] = {10, 20, 30, 40};\n.global .u32 counter = 7;\n"
        ".visible .entry kernel(.param .u64 p0) { .reg .b64 t, g; .reg .b32 x, y, z; ld.param.u64 t, [p0];"
        " mov.u32 x, %tid.x; and.b32 y, x, 3; mul.wide.u32 g, y, 4; mov.u64 t, table; add.u64 g, g, t;"
        " ld.const.u32 y, [g]; ld.global.u32 z, [counter]; add.u32 y, y, z; ld.const.u32 z, [table+4]; "
        "add.u32 y, y, z;"
        " ld.param.u64 t, [p0]; mul.wide.u32 g, x, 4; add.u64 g, g, t; st.global.u32 [g], y; ret; }",
        .parameters = {array}};
    cr_assert_eq(machine_run(&launch), LAUNCH_DONE);
    for (unsigned k = 0; k < 32; k++)
        cr_assert_eq(out[k], (k % 4 + 1) * 10 + 7 + 20);
}

Test(vgpu_memory_access, counts) {
    static const struct {
        const char *index; /* of a thread's word */
        uint64_t sectors;
    } cases[] = {{"mov.u32 x, %tid.x;", 4},
                 {"mul.lo.u32 x, x, 2;", 8},
                 {"mul.lo.u32 x, x, 8;", 32},
                 {"mov.u32 x, 5;", 1},
                 {"xor.b32 x, x, 31;", 4}};
    uint32_t *words;
    uint64_t array = machine_array(4096, &words);
    for (unsigned k = 0; k < sizeof cases / sizeof *cases; k++) {
        char ptx[1024];
        snprintf(ptx, sizeof ptx,
                 PTX_KERNEL
                 "{ .reg .b64 t, g; .reg .b32 x, y; ld.param.u64 t, [p0]; mov.u32 x, %%tid.x; %s"
                 " mul.wide.u32 g, x, 4; add.u64 g, g, t; ld.global.u32 y, [g]; st.global.u32 [g], y; ret; }",
                 cases[k].index);
        struct machine_launch launch = {.ptx = ptx, .parameters = {array}};
        cr_assert_eq(machine_run(&launch), LAUNCH_DONE);
        cr_assert_eq(launch.counts.global_load_sectors, cases[k].sectors, "%s", cases[k].index);
        cr_assert_eq(launch.counts.global_store_sectors, cases[k].sectors, "%s", cases[k].index);
        cr_assert_eq(launch.counts.thread_instructions, 32 * launch.counts.warp_instructions);
        cr_assert_eq(launch.counts.issue_slots, 32 * launch.counts.warp_instructions);
    }
}

/* A ladder of strides in shared memory: the number of lanes that meet in one bank. */
Test(vgpu_memory_access, shared_wavefronts) {
    for (unsigned stride = 1; stride <= 32; stride *= 2) {
        char ptx[1024];
        snprintf(ptx, sizeof ptx,
                 PTX_KERNEL "{ .shared .b32 s[1024]; .reg .b32 x, y; mov.u32 x, %%tid.x; mul.lo.u32 x, x, %u;"
                            " mov.u32 y, s; add.u32 x, x, y; st.shared.u32 [x], y; ret; }",
                 4 * stride);
        struct machine_launch launch = {.ptx = ptx};
        cr_assert_eq(machine_run(&launch), LAUNCH_DONE);
        cr_assert_eq(launch.counts.shared_wavefronts, stride, "stride %u: %lu", stride,
                     launch.counts.shared_wavefronts);
    }
}

/* Accesses that a device would answer with an error; each must fault and be reported in words that name it. */
struct fault {
    const char *body;
    const char *says[3];
    enum launch_outcome outcome;
};
static const struct fault faults[] = {
    {"ld.global.u32 x, [t+4096];",
     {"global load of 4 bytes", "0 bytes past the end of the 4096-byte allocation #1"},
     LAUNCH_FAULT},
    {"ld.global.u32 x, [t+4112];",
     {"global load of 4 bytes", "16 bytes past the end of the 4096-byte allocation #1"},
     LAUNCH_FAULT},
    {"st.global.u64 [t+-8], t;",
     {"global store of 8 bytes", "8 bytes before the 4096-byte allocation #1"},
     LAUNCH_FAULT},
    {"ld.global.v2.u32 {x, y}, [t+4092];",
     {"misaligned global load of 8 bytes", "its last 4 bytes past the end of the 4096-byte allocation #1"},
     LAUNCH_MISALIGNED},
    {"ld.global.u32 x, [t+2];", {"misaligned global load of 4 bytes"}, LAUNCH_MISALIGNED},
    {"mov.u64 t, 0; st.global.u32 [t], x;", {"global store of 4 bytes through a null pointer"}, LAUNCH_FAULT},
    {"mov.u64 t, 0x123456789abc; ld.u32 x, [t];",
     {"load of 4 bytes at 0x123456789abc, which is not device memory"},
     LAUNCH_FAULT},
    {"atom.global.add.u32 x, [t+8192], 1;",
     {"global atomic of 4 bytes", "past the end of the 4096-byte allocation #1"},
     LAUNCH_FAULT},
    {"ld.shared.u32 x, [s+64];",
     {"shared load of 4 bytes at offset 64, outside the 64 bytes of the block's shared memory"},
     LAUNCH_FAILURE},
    {"mov.u32 y, s; ld.shared.u32 x, [y+-4];",
     {"shared load of 4 bytes at offset 4294967292"},
     LAUNCH_FAILURE},
    {"st.shared.u32 [s+1], x;", {"misaligned shared store of 4 bytes at offset 0x1"}, LAUNCH_MISALIGNED},
    {"mov.u32 y, q; st.local.u32 [y+16], x;",
     {"local store of 4 bytes at offset 16, outside the 16 bytes of the thread's local memory"},
     LAUNCH_FAULT},
    {"trap;", {"trap was executed"}, LAUNCH_FAILURE},
    {"cvta.param.u64 t, p0; st.u32 [t], x;",
     {"store of 4 bytes at offset 0 of the kernel's parameters, which are read-only"},
     LAUNCH_FAULT},
    {"cvta.param.u64 t, p0; red.add.u32 [t+4], x;",
     {"atomic of 4 bytes at offset 4 of the kernel's parameters, which are read-only"},
     LAUNCH_FAULT},
};

static enum launch_outcome run_fault(const char *body, uint64_t array) {
    char ptx[2048];
    snprintf(ptx, sizeof ptx,
             PTX_KERNEL "{\n.shared .b32 s[16];\n.local .b32 q[4];\n.reg .b64 t; .reg .b32 x, y; .reg .pred "
                        "p;\nld.param.u64 t, [p0];\n"
                        "mov.u32 x, %%tid.x;\nsetp.ne.u32 p, x, 5;\n@p bra END;\n%s\nst.global.u32 [t], "
                        "x;\nst.local.u32 [q], x;\nEND: ret;\n}\n",
             body);
    struct machine_launch launch = {.ptx = ptx, .blocks = 2, .threads = 64, .parameters = {array}};
    return machine_run(&launch);
}

Test(vgpu_memory_access, faults) {
    for (unsigned k = 0; k < sizeof faults / sizeof *faults; k++) {
        uint32_t *words;
        if (k > 0)
            machine_close(), machine_open();
        uint64_t array = machine_array(4096, &words);
        unsigned long before = finding_count();
        cr_assert_eq(run_fault(faults[k].body, array), faults[k].outcome, "%s", faults[k].body);
        cr_assert_eq(finding_count(), before + 1, "%s", faults[k].body);
        const struct finding *finding = finding_kept(before);
        for (unsigned j = 0; j < 3 && faults[k].says[j]; j++)
            cr_assert(strstr(finding->message, faults[k].says[j]), "%s: %s", faults[k].body,
                      finding->message);
        cr_assert_str_eq(finding->kernel, "kernel");
        cr_assert_eq(finding->ptx_line, 13, "%s: line %u", faults[k].body, finding->ptx_line);
        cr_assert_eq(finding->block[0], 0);
        cr_assert_eq(finding->thread[0], 5);
    }
}

/* Without the memory check the launch stops all the same, and says nothing. */
Test(vgpu_memory_access, faults_unchecked) {
    uint32_t *words;
    uint64_t array = machine_array(4096, &words);
    checks_enabled = 0;
    cr_assert_eq(run_fault("ld.global.u32 x, [t+65536];", array), LAUNCH_FAULT);
    cr_assert_eq(finding_count(), 0);
}

Test(vgpu_memory_access, fresh_shared_memory_is_poisoned) {
    INSTRUCTION("b32 b32", "{ .shared .b32 s[4]; ld.shared.u32 d, [s+8]; }", 0xcdcdcdcd);
}

/* Nothing unknown is passed over. */
Test(vgpu_memory_access, refusals) {
    static const struct {
        const char *body, *says;
    } cases[] = {
        {"wmma.load.a.sync.aligned.row.m16n16k16.global.f16 {x, x, x, x, x, x, x, x}, [t];", "wmma"},
        {"ld.global.u32.sideways x, [t];", "ld.global.u32.sideways"},
        {"red.global.exch.b32 [t], x;", "red.global.exch.b32"},
        {"red.shared.cas.b32 [x], x, x;", "red.shared.cas.b32"},
        {"multimem.red.relaxed.gpu.global.add.u32 [t], x;", "multimem.red"},
        {"st.async.weak.shared::cluster.mbarrier::complete_tx::bytes.u16 [x], x, [x];", "st.async.weak"},
        {"add.s32 x, t, 1;", "64 bits"},
        {"st.global.u64 [t], x;", "x does not fit 'st.global.u64'"},
        {"mov.u32 x, %pm0;", "%pm0"},
    };
    for (unsigned k = 0; k < sizeof cases / sizeof *cases; k++) {
        char ptx[1024];
        snprintf(ptx, sizeof ptx,
                 PTX_KERNEL
                 "{ .reg .b64 t; .reg .b32 x; ld.param.u64 t, [p0];\n%s\n st.global.u32 [t], x; ret; }",
                 cases[k].body);
        const char *refusal = machine_refusal(ptx);
        cr_assert(strstr(refusal, cases[k].says), "%s: '%s'", cases[k].body, refusal);
    }
}

/* Beyond its own memory of a space, or misaligned: the sentence says which memory and how large it is. */
Test(vgpu_memory_access, outside_a_space) {
    static const struct {
        const char *body, *says;
        enum launch_outcome outcome;
    } cases[] = {
        {".local .b32 own[4]; ld.local.u32 x, [own+16];",
         "local load of 4 bytes at offset 16, outside the 16 bytes of the thread's local memory",
         LAUNCH_FAULT},
        {".local .b32 own[4]; st.local.u64 [own+12], t;", "misaligned local store of 8 bytes at offset 0xc",
         LAUNCH_MISALIGNED},
        {".shared .b32 own[4]; st.shared.u32 [own+16], x;",
         "shared store of 4 bytes at offset 16, outside the 16 bytes of the block's shared memory",
         LAUNCH_FAILURE},
        {"mov.b64 t, 24; ld.param.u64 t, [t];",
         "parameter load of 8 bytes at offset 24, outside the 24 bytes of the parameters", LAUNCH_FAULT},
    };
    uint32_t *out;
    uint64_t address = machine_array(4, &out);
    for (unsigned k = 0; k < sizeof cases / sizeof *cases; k++) {
        char ptx[1024];
        snprintf(ptx, sizeof ptx,
                 PTX_KERNEL
                 "{ .reg .b64 t, o; .reg .b32 x; ld.param.u64 o, [p0]; mov.b32 x, 0; mov.b64 t, 0;\n"
                 "{ %s }\n st.global.u32 [o], x; cvt.u32.u64 x, t; st.global.u32 [o], x; ret; }",
                 cases[k].body);
        unsigned long before = finding_count();
        struct machine_launch launch = {.ptx = ptx, .threads = 1, .parameters = {address}};
        cr_expect_eq(machine_run(&launch), cases[k].outcome, "%s", cases[k].body);
        const struct finding *finding = finding_kept(before);
        cr_expect(finding && strstr(finding->message, cases[k].says), "%s: '%s'", cases[k].body,
                  finding ? finding->message : "no finding");
    }
}
