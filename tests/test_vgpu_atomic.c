/*
 * atom and red: every operation, type and space; what lanes that share a word get back; the vectors of sums; the same operations by
 * red.async and cp.reduce.async.bulk.
 */
#include "instruction/exact.h"
#include "instruction/machine.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

TestSuite(vgpu_atomic, .init = machine_open, .fini = machine_close);

static const struct type {
    const char *name;
    unsigned bits;
    const struct float_format *format;
} types[] = {{"b16", 16, NULL},           {"b32", 32, NULL},          {"u32", 32, NULL},
             {"s32", 32, NULL},           {"b64", 64, NULL},          {"u64", 64, NULL},
             {"s64", 64, NULL},           {"f32", 32, &format_f32},   {"f64", 64, &format_f64},
             {"f16", 16, &format_f16},    {"bf16", 16, &format_bf16}, {"f16x2", 32, &format_f16},
             {"bf16x2", 32, &format_bf16}};
enum { TYPES = sizeof types / sizeof *types };

/* What the expected functions work on. */
static const struct type *type;
static const struct operation *operation;
static bool flushes;

static uint64_t cut(uint64_t a) { return type->bits == 64 ? a : a & ((1ull << type->bits) - 1); }
static bool less(uint64_t a, uint64_t b) {
    uint64_t top = type->name[0] == 's' ? 1ull << (type->bits - 1) : 0;
    return (cut(a) ^ top) < (cut(b) ^ top);
}
static uint64_t sum(uint64_t old, uint64_t a, uint64_t b) {
    (void)b;
    if (type->format == NULL)
        return old + a;
    if (flushes)
        old = flush_bits(type->format, old), a = flush_bits(type->format, a);
    struct exact x = exact_sum(exact_read(type->format, old), exact_read(type->format, a), NEAREST);
    uint64_t bits = exact_write(type->format, x, NEAREST);
    return flushes ? flush_bits(type->format, bits) : bits;
}
#define UPDATE(name, result)                                                                                 \
    static uint64_t name(uint64_t old, uint64_t a, uint64_t b) {                                             \
        (void)old, (void)a, (void)b;                                                                         \
        return (result);                                                                                     \
    }
UPDATE(sums, sum(old & 0xffff, a & 0xffff, b) | sum(old >> 16 & 0xffff, a >> 16 & 0xffff, b) << 16)
UPDATE(least, less(a, old) ? a : old)
UPDATE(most, less(old, a) ? a : old)
UPDATE(both, old &a)
UPDATE(either, old | a)
UPDATE(one_of, old ^ a)
UPDATE(exchanged, a)
UPDATE(exchanged_if_equal, cut(old) == cut(a) ? b : old)
UPDATE(incremented, cut(old) >= cut(a) ? 0 : old + 1)
UPDATE(decremented, cut(old) == 0 || cut(old) > cut(a) ? a : old - 1)

/* Types with the operation, and whether red has it too. */
static const struct operation {
    const char *name, *types;
    bool is_red;
    uint64_t (*update)(uint64_t old, uint64_t a, uint64_t b);
} operations[] = {{"add", "u32 s32 u64 s64 f32 f64", true, sum},
                  {"add.noftz", "f16 bf16", true, sum},
                  {"add.noftz", "f16x2 bf16x2", true, sums},
                  {"min", "u32 s32 u64 s64", true, least},
                  {"max", "u32 s32 u64 s64", true, most},
                  {"and", "b32 b64", true, both},
                  {"or", "b32 b64", true, either},
                  {"xor", "b32 b64", true, one_of},
                  {"exch", "b32 b64", false, exchanged},
                  {"cas", "b16 b32 b64", false, exchanged_if_equal},
                  {"inc", "u32", true, incremented},
                  {"dec", "u32", true, decremented}};
static bool is_among(const char *names, const char *name) {
    size_t length = strlen(name);
    for (const char *at = names; (at = strstr(at, name)); at += length)
        if ((at == names || at[-1] == ' ') && (at[length] == ' ' || at[length] == '\0'))
            return true;
    return false;
}
#define FOR_EVERY_OPERATION                                                                                  \
    for (operation = operations; operation < operations + sizeof operations / sizeof *operations;            \
         operation++)                                                                                        \
        for (type = types; type < types + TYPES; type++)                                                     \
            if (is_among(operation->types, type->name))

/* A thread's word by an address register, and the space its accesses name. */
static const struct space {
    const char *name, *address, *at;
    bool is_global;
} spaces[] = {
    {".global", "", "out", true},
    {"", "", "out", true},
    {".shared", "mov.u32 e, %tid.x; mul.lo.u32 e, e, 8; mov.u32 w, s; add.u32 e, e, w;", "e", false},
    {".shared::cta", "mov.u32 e, %tid.x; mul.lo.u32 e, e, 8; mov.u32 w, s; add.u32 e, e, w;", "e", false},
    {".shared::cluster", "mov.u32 e, %tid.x; mul.lo.u32 e, e, 8; mov.u32 w, s; add.u32 e, e, w;", "e", false},
    {"", "mov.u32 e, %tid.x; mul.wide.u32 g, e, 8; mov.u64 t, s; cvta.shared.u64 t, t; add.u64 g, g, t;", "g",
     false},
};

static uint64_t expected_old(uint64_t a, uint64_t b, uint64_t c) { return (void)a, (void)b, c; }
static uint64_t expected_new(uint64_t a, uint64_t b, uint64_t c) { return operation->update(c, a, b); }

/* The word starts as c; the instruction gets a, and cas b too. */
static void check(const struct space *space, const char *instruction, const char *result, bool wants_old) {
    char list[64], text[1024];
    unsigned bits = type->bits;
    flushes = space->is_global && type->format == &format_f32;
    snprintf(list, sizeof list, "%s %s %s %s", type->name, type->name, type->name, type->name);
    snprintf(text, sizeof text,
             "{ .shared .align 8 .b8 s[1024]; .reg .b64 g; .reg .b%u old; %s st%s.b%u [%s], c; %s%s.%s.%s "
             "%s[%s], a%s; %s }",
             bits, space->address, space->name, bits, space->at, instruction, space->name, operation->name,
             type->name,
             strncmp(instruction, "red", 3) == 0 ? ""
             : wants_old                         ? "d, "
                                                 : "old, ",
             space->at, operation->update == exchanged_if_equal ? ", b" : "", result);
    instruction_check(list, text, wants_old ? expected_old : expected_new);
}

Test(vgpu_atomic, own_words) {
    FOR_EVERY_OPERATION {
        for (unsigned k = 0; k < sizeof spaces / sizeof *spaces; k++) {
            char load[64];
            snprintf(load, sizeof load, "ld%s.b%u d, [%s];", spaces[k].name, type->bits, spaces[k].at);
            check(&spaces[k], "atom", "", true);
            check(&spaces[k], "atom.relaxed.gpu", load, false);
            if (operation->is_red)
                check(&spaces[k], "red", load, false);
        }
    }
}

/*
 * 64 threads, some off, on one word: what they get back must be explained by some order. Those that changed nothing come first
 * where several could be next, as they are possible at any time the word holds what they saw.
 */
enum { THREADS = 64 };
static void explain(const uint64_t *in, const uint64_t *old, uint64_t first, uint64_t last,
                    const char *text) {
    bool done[THREADS] = {false};
    for (;;) {
        unsigned next = THREADS;
        for (unsigned k = 0; k < THREADS; k++) {
            if (done[k] || k % 5 == 3 || cut(old[k]) != cut(first))
                continue;
            next = k;
            if (cut(operation->update(first, in[2 * k], in[2 * k + 1])) == cut(first))
                break;
        }
        if (next == THREADS)
            break;
        done[next] = true;
        first = operation->update(first, in[2 * next], in[2 * next + 1]);
    }
    for (unsigned k = 0; k < THREADS; k++)
        cr_assert(done[k] || k % 5 == 3, "%s: thread %u got 0x%llx, which no order explains", text, k,
                  (unsigned long long)old[k]);
    cr_assert_eq(cut(first), cut(last), "%s: 0x%llx is left", text, (unsigned long long)last);
}

Test(vgpu_atomic, shared_words) {
    static const char *const kinds[] = {".global", "", ".shared"};
    FOR_EVERY_OPERATION {
        for (unsigned k = 0; k < 3; k++) {
            uint64_t *in, *out, in_array = machine_array(16 * THREADS, &in),
                                out_array = machine_array(8 * THREADS + 16, &out);
            char ptx[2048];
            unsigned bits = type->bits;
            const char *place = k == 2 ? "word" : "o";
            flushes = k < 2 && type->format == &format_f32;
            snprintf(
                ptx, sizeof ptx,
                PTX_KERNEL
                "{ .shared .b64 word; .reg .b64 i, o, t; .reg .b32 x, y; .reg .b%u a, b, d; .reg .pred p;\n"
                "ld.param.u64 i, [p0]; ld.param.u64 o, [p1]; mov.u32 x, %%tid.x; mul.wide.u32 t, x, 16; "
                "add.u64 i, i, t;\n"
                "mul.wide.u32 t, x, 8; add.u64 t, o, t; ld.global.b%u a, [i]; ld.global.b%u b, [i+8];\n"
                "st%s.b%u [%s], 5; bar.sync 0; rem.u32 y, x, 5; setp.eq.u32 p, y, 3;\n"
                "@!p atom%s.%s.%s d, [%s], a%s; bar.sync 0;\n@!p st.global.b%u [t+16], d; ld%s.b%u d, [%s]; "
                "st.global.b%u [o+8], d; ret; }",
                bits, bits, bits, kinds[k], bits, place, kinds[k], operation->name, type->name, place,
                operation->update == exchanged_if_equal ? ", b" : "", bits, kinds[k], bits, place, bits);
            for (unsigned j = 0; j < THREADS; j++) {
                /* Values that differ, so that few orders are possible; cas goes from one to the next. */
                in[2 * j] = type->format ? exact_write(type->format, exact_integer(j + 1), NEAREST)
                                         : j * 0x9e3779b97f4a7c15u >> 7;
                if (operation->update == sums)
                    in[2 * j] |= in[2 * j] << 16;
                if (operation->update == exchanged_if_equal)
                    in[2 * j] = 5 + j / 3, in[2 * j + 1] = 6 + j / 3;
                if (operation->update == incremented || operation->update == decremented)
                    in[2 * j] = 100;
            }
            struct machine_launch launch = {
                .ptx = ptx, .threads = THREADS, .parameters = {in_array, out_array}};
            cr_assert_eq(machine_run(&launch), LAUNCH_DONE);
            explain(in, out + 2, 5, out[1], ptx);
            memory_free(in_array), memory_free(out_array);
        }
    }
}

/* Element k adds a, or b if k is odd, to c. */
static uint64_t expected_of_odd(uint64_t a, uint64_t b, uint64_t c) {
    return (void)a, operation->update(c, b, b);
}

Test(vgpu_atomic, vectors) {
    static const char *const lists[] = {"{r0, r1}", "{r0, r1, r2, r3}"}, *const values[] = {"{a, b}",
                                                                                            "{a, b, a, b}"};
    for (operation = operations; operation < operations + 3; operation++) {
        for (type = types; type < types + TYPES; type++) {
            if (!is_among(operation->types, type->name) || type->bits != 32 || !type->format)
                continue;
            flushes = type->format == &format_f32;
            for (unsigned way = 0; way < 16; way++) {
                unsigned wide = way & 1, is_red = way >> 1 & 1, k = (way >> 2) % (wide ? 4 : 2);
                char list[64], text[1024], results[32] = "";
                snprintf(list, sizeof list, "%s %s %s %s", type->name, type->name, type->name, type->name);
                if (!is_red)
                    snprintf(results, sizeof results, "%s, ", lists[wide]);
                snprintf(text, sizeof text,
                         "{ .reg .b32 r0, r1, r2, r3; st.global.v4.b32 [out], {c, c, c, c}; mov.b32 r%u, c; "
                         "%s.global.%s.v%u.%s %s[out], %s; ld.global.b32 d, [out+%u]; setp.ne.b32 p, r%u, c; "
                         "@p mov.b32 d, 0x12345; }",
                         k, is_red ? "red" : "atom", operation->name, wide ? 4 : 2, type->name, results,
                         values[wide], 4 * k, k);
                instruction_check(list, text, k % 2 ? expected_of_odd : expected_new);
            }
        }
    }
}

/*
 * Own bytes of shared memory at e, of which the last element is looked at, and an mbarrier behind them, told of how many: the operation
 * finds c, and gets a by a register or at [e+16].
 */
static void check_asynchronous(const char *instruction, unsigned bytes, bool is_global) {
    char list[64], text[1024], wait[256] = "";
    unsigned bits = type->bits, last = bytes - bits / 8;
    const char *at = is_global ? "out" : "e", *space = is_global ? ".global" : ".shared";
    flushes = type->format == &format_f32;
    snprintf(list, sizeof list, "%s %s %s %s", type->name, type->name, type->name, type->name);
    if (!is_global)
        snprintf(wait, sizeof wait, "mbarrier.try_wait.shared.b64 p, [e+32], t; @!p trap;");
    snprintf(text, sizeof text,
             "{ .shared .align 16 .b8 s[6144]; mov.u32 w, %%tid.x; mov.u32 e, s; mad.lo.u32 e, w, 48, e; "
             "mbarrier.init.shared.b64 [e+32], 1; mbarrier.arrive.expect_tx.shared.b64 t, [e+32], %u; "
             "st%s.b%u [%s+%u], c; st.shared.b%u [e+%u], a; fence.proxy.async; %s %s ld%s.b%u d, [%s+%u]; "
             "mbarrier.inval.shared.b64 [e+32]; }",
             bytes, space, bits, at, last, bits, 16 + last, instruction, wait, space, bits, at, last);
    instruction_check(list, text, expected_new);
}

Test(vgpu_atomic, asynchronous) {
    static const char *const of_shared[] = {"add u32 s32 u64", "min u32 s32", "max u32 s32", "inc u32",
                                            "dec u32",         "and b32",     "or b32",      "xor b32"};
    FOR_EVERY_OPERATION {
        char text[256], row[64];
        bool is_of_shared = false;
        for (unsigned k = 0; k < sizeof of_shared / sizeof *of_shared; k++) {
            snprintf(row, sizeof row, "%.*s", (int)strcspn(of_shared[k], " "), of_shared[k]);
            is_of_shared |= !strcmp(row, operation->name) && is_among(of_shared[k], type->name);
        }
        if (is_of_shared) {
            snprintf(text, sizeof text,
                     "red.async.relaxed.cluster.shared::cluster.mbarrier::complete_tx::bytes.%s.%s [e], a, "
                     "[e+32];",
                     operation->name, type->name);
            check_asynchronous(text, type->bits / 8, false);
            snprintf(
                text, sizeof text,
                "cp.reduce.async.bulk.shared::cluster.shared::cta.mbarrier::complete_tx::bytes.%s.%s [e], "
                "[e+16], 16, [e+32];",
                operation->name, type->name);
            check_asynchronous(text, 16, false);
        }
        bool is_pair = operation->update == sums,
             adds_s64 = operation->update == sum && !strcmp(type->name, "s64");
        if (!operation->is_red || is_pair || adds_s64)
            continue;
        snprintf(text, sizeof text,
                 "cp.reduce.async.bulk.global.shared::cta.bulk_group.%s.%s [out], [e+16], 16; "
                 "cp.async.bulk.commit_group; cp.async.bulk.wait_group 0;",
                 operation->name, type->name);
        check_asynchronous(text, 16, true);
    }
}
