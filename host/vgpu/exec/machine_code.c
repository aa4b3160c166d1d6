/*
 * How many machine instructions an assembler makes of one PTX instruction: counted with nvdisasm in micro-kernels of 36 and of 12 of
 * them in a row (sm_90, ptxas 13.0), where what stands round them is the same. Never part of execution.
 */
#include "opcode.h"

#include <stdio.h>
#include <string.h>

/* The first row that fits. A type: the last in the name; "i64" any integer or untyped one of 64 bits; NULL any. */
static const struct {
    const char *base, *modifier, *type;
    unsigned count;
} rows[] = {
    /* A register's renaming, an operand's place or sign. */
    {"mov", NULL, NULL, 0},        {"cvta", NULL, NULL, 0},     {"abs", NULL, "f32", 0},
    {"neg", NULL, "f32", 0},       {"ld", "param", NULL, 0},    {"mul", "hi", "i64", 7},
    {"mul", "lo", "i64", 4},       {"mad", "lo", "i64", 4},     {"min", NULL, "i64", 4},
    {"max", NULL, "i64", 4},       {"div", NULL, "i64", 70},    {"rem", NULL, "i64", 70},
    {"popc", NULL, "i64", 3},      {"clz", NULL, "i64", 6},     {"add", NULL, "i64", 2},
    {"sub", NULL, "i64", 2},       {"neg", NULL, "i64", 2},     {"and", NULL, "i64", 2},
    {"or", NULL, "i64", 2},        {"xor", NULL, "i64", 2},     {"not", NULL, "i64", 2},
    {"shl", NULL, "i64", 2},       {"shr", NULL, "i64", 2},     {"setp", NULL, "i64", 2},
    {"selp", NULL, "i64", 2},      {"div", "rn", "f32", 12},    {"div", "full", "f32", 5},
    {"div", "approx", "f32", 2},   {"div", "rn", "f64", 18},    {"div", NULL, NULL, 12}, /* 32-bit integers */
    {"rem", NULL, NULL, 12},       {"rcp", "rn", "f32", 11},    {"sqrt", "rn", "f32", 11},
    {"rcp", "ftz", NULL, 1},       {"rcp", "approx", "f32", 7}, {"lg2", "ftz", NULL, 1},
    {"lg2", NULL, NULL, 4},        {"sin", NULL, NULL, 2},      {"cos", NULL, NULL, 2},
    {"vabsdiff2", NULL, NULL, 10}, {"bfe", NULL, NULL, 4},      {"bfi", NULL, NULL, 2},
    {"membar", "cta", NULL, 1},    {"membar", NULL, NULL, 4},   {"fence", "acq_rel", NULL, 4},
    {"fence", "sc", NULL, 4},
};

static bool has(const char *dotted, const char *token) {
    size_t length = strlen(token);
    for (const char *at = strchr(dotted, '.'); at; at = strchr(at + 1, '.'))
        if (strncmp(at + 1, token, length) == 0 && (at[1 + length] == '.' || at[1 + length] == '\0'))
            return true;
    return false;
}

static bool is_type(const char *dotted, const char *type) {
    const char *last = strrchr(dotted, '.');
    if (!type)
        return true;
    if (!last)
        return false;
    if (strcmp(type, "i64") == 0)
        return strchr("bsu", last[1]) && strcmp(last + 2, "64") == 0;
    return strcmp(last + 1, type) == 0;
}

unsigned machine_instructions(const char *dotted, const struct opcode *opcode) {
    size_t base = strcspn(dotted, ".");
    if (strncmp(dotted, "cvt.", 4) == 0)
        return opcode->conversion; /* between integers a register, or half of one, is taken as it is */
    for (size_t k = 0; k < sizeof rows / sizeof *rows; k++)
        if (strlen(rows[k].base) == base && memcmp(dotted, rows[k].base, base) == 0 &&
            (!rows[k].modifier || has(dotted, rows[k].modifier)) && is_type(dotted, rows[k].type))
            return rows[k].count;
    return 1;
}
