#include "machine.h"
#include "operands.h"

#include <criterion/criterion.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

bool instruction_unspecified;

enum { RANDOM_ROWS = 1024, MAX_OPERANDS = 4, MAX_KERNEL = 8192 };
#define KEPT 0x5a5a5a5a5a5a5a5aull

/*
 * Lanes off must keep what d held. With all on, d holds nothing before, so that lowering may give it the place of an operand. A text
 * of several instructions is not guarded.
 */
enum lanes { ALL_ON, SOME_OFF_BY_BRANCH, SOME_OFF_BY_GUARD, LANE_KINDS };
static bool is_off(enum lanes lanes, unsigned lane) { return lanes != ALL_ON && (lane & 5) == 1; }
static bool is_one_instruction(const char *text) {
    const char *end = strchr(text, ';');
    return strchr(text, '@') == NULL && *text != '{' && end && end[1] == '\0';
}

struct text {
    char bytes[MAX_KERNEL];
    size_t used;
};
__attribute__((format(printf, 2, 3))) static void add(struct text *text, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    text->used +=
        (size_t)vsnprintf(text->bytes + text->used, sizeof text->bytes - text->used, format, arguments);
    va_end(arguments);
    cr_assert_lt(text->used, sizeof text->bytes);
}

static unsigned register_bits(const struct operand_type *type) {
    return type->bytes < 2 ? 16 : 8 * type->bytes;
}

static void load_operands(struct text *text, const struct operand_type *types, unsigned count) {
    static const char names[] = "dabc";
    for (unsigned k = 0; k < count; k++) {
        if (types[k].kind == 'p')
            add(text, ".reg .pred %c;\n", names[k]);
        else
            add(text, ".reg .b%u %c;\n", register_bits(&types[k]), names[k]);
    }
    add(text, "mov.u32 n, %%ctaid.x;\nmov.u32 w, %%ntid.x;\nmov.u32 e, %%tid.x;\nmad.lo.s32 n, n, w, e;\n"
              "ld.param.u64 in, [p0];\nld.param.u64 out, [p1];\nmul.wide.u32 t, n, 32;\nadd.s64 in, in, t;\n"
              "add.s64 out, out, t;\nand.b32 e, e, 5;\nsetp.eq.u32 off, e, 1;\n");
    for (unsigned k = 1; k < count; k++) {
        if (types[k].kind == 'p')
            add(text, "ld.global.u32 w, [in+%u];\nsetp.ne.u32 %c, w, 0;\n", 8 * (k - 1), names[k]);
        else
            add(text, "ld.global.%c%u %c, [in+%u];\n", types[k].name[0] == 's' ? 's' : 'b',
                8 * types[k].bytes, names[k], 8 * (k - 1));
    }
}

static void write_kernel(struct text *text, const struct operand_type *types, unsigned count,
                         const char *instruction, enum lanes lanes) {
    const struct operand_type *result = &types[0];
    text->used = 0;
    add(text, PTX_KERNEL "{\n.reg .pred p, off;\n.reg .b16 h;\n.reg .b32 n, w, e;\n.reg .b64 t, in, out;\n");
    load_operands(text, types, count);
    if (lanes != ALL_ON && result->kind == 'p')
        add(text, "setp.eq.u32 d, 0, 0;\n");
    else if (lanes != ALL_ON)
        add(text, "mov.b%u d, 0x%llx;\n", register_bits(result), KEPT >> (64 - register_bits(result)));
    if (lanes == SOME_OFF_BY_BRANCH)
        add(text, "@off bra STORE;\n");
    add(text, "%s%s\nSTORE:\n", lanes == SOME_OFF_BY_GUARD ? "@!off " : "", instruction);
    if (result->kind == 'p')
        add(text, "selp.b32 w, 1, 0, d;\nst.global.u32 [out], w;\nret;\n}\n");
    else
        add(text, "st.global.b%u [out], d;\nret;\n}\n", 8 * result->bytes);
}

/* A NaN of binary64 keeps no particular payload: any is as good as another. */
static bool is_same(const struct operand_type *type, uint64_t want, uint64_t got) {
    want &= operand_mask(type);
    got &= operand_mask(type);
    return want == got ||
           (strcmp(type->name, "f64") == 0 && f64_of(want) != f64_of(want) && f64_of(got) != f64_of(got));
}

/* One of the two is given. */
struct meaning {
    expected_function *expected;
    accepting_function *accepts;
};

static void compare(const struct operand_type *types, const char *text, struct meaning meaning,
                    const uint64_t *rows, const uint64_t *results, unsigned count, enum lanes lanes) {
    uint64_t mask = operand_mask(&types[0]);
    for (unsigned k = 0; k < count; k++) {
        const uint64_t *row = rows + 4 * k;
        bool off = is_off(lanes, k % 32);
        uint64_t got = results[4 * k] & mask, want = types[0].kind == 'p' ? 1 : KEPT;
        if (!off && meaning.accepts) {
            cr_assert(meaning.accepts(got, row[0], row[1]), "%s with a = 0x%llx, b = 0x%llx: 0x%llx", text,
                      (unsigned long long)row[0], (unsigned long long)row[1], (unsigned long long)got);
            continue;
        }
        instruction_unspecified = false;
        if (!off)
            want = meaning.expected(row[0], row[1], row[2]);
        if (instruction_unspecified || is_same(&types[0], want, got))
            continue;
        cr_assert(false, "%s with a = 0x%llx, b = 0x%llx, c = 0x%llx, lane %s: 0x%llx, expected 0x%llx", text,
                  (unsigned long long)row[0], (unsigned long long)row[1], (unsigned long long)row[2],
                  off ? "off" : "on", (unsigned long long)got, (unsigned long long)(want & mask));
    }
}

/* Every edge value with every other, then random values; whole blocks of 128 threads. Returns the number of rows. */
static unsigned fill_operands(const struct operand_type *types, unsigned count, uint64_t **operands,
                              uint64_t *address) {
    uint64_t values[MAX_OPERANDS][MAX_EDGES];
    unsigned value_counts[MAX_OPERANDS], edges = 1;
    for (unsigned k = 1; k < count; k++) {
        value_counts[k] = operand_edges(&types[k], values[k]);
        edges *= value_counts[k];
    }
    unsigned total = (edges + RANDOM_ROWS + 127) / 128 * 128;
    *address = machine_array((uint64_t)total * 32, operands);
    for (unsigned r = 0; r < total; r++) {
        unsigned at = r;
        for (unsigned k = 1; k < count; k++) {
            (*operands)[4 * r + k - 1] =
                r < edges ? values[k][at % value_counts[k]] : operand_random(&types[k]);
            at /= value_counts[k];
        }
    }
    return total;
}

static void check(const char *type_list, const char *text, struct meaning meaning) {
    static struct text kernel;
    struct operand_type types[MAX_OPERANDS];
    char list[64];
    unsigned count = 0;
    snprintf(list, sizeof list, "%s", type_list);
    for (char *name = strtok(list, " "); name; name = strtok(NULL, " "))
        types[count++] = operand_type_of(name);
    uint64_t *operands, *results, in;
    unsigned total = fill_operands(types, count, &operands, &in);
    uint64_t out = machine_array((uint64_t)total * 32, &results);
    for (enum lanes lanes = ALL_ON; lanes < LANE_KINDS; lanes++) {
        if (lanes == SOME_OFF_BY_GUARD && !is_one_instruction(text))
            continue;
        write_kernel(&kernel, types, count, text, lanes);
        struct machine_launch launch = {
            .ptx = kernel.bytes, .blocks = total / 128, .threads = 128, .parameters = {in, out}};
        cr_assert_eq(machine_run(&launch), LAUNCH_DONE, "%s", text);
        compare(types, text, meaning, operands, results, total, lanes);
    }
    memory_free(in);
    memory_free(out);
}

void instruction_check(const char *types, const char *text, expected_function *expected) {
    check(types, text, (struct meaning){.expected = expected});
}
void instruction_accept(const char *types, const char *text, accepting_function *accepts) {
    check(types, text, (struct meaning){.accepts = accepts});
}
