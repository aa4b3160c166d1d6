/* atom and red: every operation, type and space; what lanes that share a word get back. */
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
} types[] = {{"b16", 16, NULL}, {"b32", 32, NULL},        {"u32", 32, NULL},
             {"s32", 32, NULL}, {"b64", 64, NULL},        {"u64", 64, NULL},
             {"s64", 64, NULL}, {"f32", 32, &format_f32}, {"f64", 64, &format_f64}};
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
                  {"min", "u32 s32 u64 s64", true, least},
                  {"max", "u32 s32 u64 s64", true, most},
                  {"and", "b32 b64", true, both},
                  {"or", "b32 b64", true, either},
                  {"xor", "b32 b64", true, one_of},
                  {"exch", "b32 b64", false, exchanged},
                  {"cas", "b16 b32 b64", false, exchanged_if_equal},
                  {"inc", "u32", true, incremented},
                  {"dec", "u32", true, decremented}};
#define FOR_EVERY_OPERATION                                                                                  \
    for (operation = operations; operation < operations + sizeof operations / sizeof *operations;            \
         operation++)                                                                                        \
        for (type = types; type < types + TYPES; type++)                                                     \
            if (strstr(operation->types, type->name))

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
