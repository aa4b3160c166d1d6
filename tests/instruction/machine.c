#include "machine.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct device_limits device = {.architecture = 90,
                                            .sm_count = 132,
                                            .max_threads_per_block = 1024,
                                            .max_threads_per_sm = 2048,
                                            .max_blocks_per_sm = 32,
                                            .registers_per_sm = 65536,
                                            .max_registers_per_thread = 255,
                                            .shared_per_sm = 233472,
                                            .shared_per_block = 49152,
                                            .shared_per_block_optin = 232448,
                                            .reserved_shared_per_block = 1024};

void machine_open(void) { cr_assert(memory_open((uint64_t)1 << 32)); }
void machine_close(void) { memory_close(); }

uint64_t machine_array(uint64_t bytes, void *host) {
    uint64_t address = memory_allocate(bytes, NULL);
    cr_assert(address);
    *(void **)host = memory_view(address, bytes);
    memset(*(void **)host, 0, bytes);
    return address;
}

struct loaded {
    struct ptx_module *module;
    struct program *program;
    struct binding *binding;
};

static void unload(struct loaded *loaded) {
    binding_free(loaded->binding);
    if (loaded->program)
        program_free(loaded->program);
    if (loaded->module)
        ptx_free(loaded->module);
}

static bool load(const char *ptx, struct loaded *loaded, struct ptx_error *error) {
    *loaded = (struct loaded){0};
    loaded->module = ptx_read(ptx, error);
    if (loaded->module == NULL)
        return false;
    for (uint32_t k = 0; k < loaded->module->variable_count; k++) {
        struct ptx_variable *variable = loaded->module->variables[k];
        if (variable->space != PTX_SPACE_GLOBAL && variable->space != PTX_SPACE_CONST)
            continue;
        variable->address = memory_allocate(variable->bytes, variable->name);
        void *bytes = memory_view(variable->address, variable->bytes);
        memset(bytes, 0, variable->bytes);
        if (variable->initial)
            memcpy(bytes, variable->initial, variable->bytes);
    }
    struct ptx_function *entry = ptx_find_function(loaded->module, "kernel");
    cr_assert(entry, "the module has no entry `kernel`");
    loaded->program = program_lower(loaded->module, entry, error);
    if (loaded->program)
        loaded->binding = binding_create(loaded->program, &device, error);
    return loaded->binding != NULL;
}

const char *machine_refusal(const char *ptx) {
    static struct ptx_error error;
    struct loaded loaded;
    error.message[0] = '\0';
    load(ptx, &loaded, &error);
    unload(&loaded);
    return error.message;
}

enum launch_outcome machine_run(struct machine_launch *launch) {
    struct loaded loaded;
    struct ptx_error error;
    if (!load(launch->ptx, &loaded, &error))
        cr_assert(false, "line %u: %s\n%s", error.line, error.message, launch->ptx);
    struct launch grid = {.binding = loaded.binding,
                          .grid = {launch->blocks ? launch->blocks : 1, 1, 1},
                          .block = {launch->threads ? launch->threads : 32, 1, 1},
                          .cluster = {launch->cluster, launch->cluster ? 1 : 0, launch->cluster ? 1 : 0},
                          .dynamic_shared_bytes = launch->dynamic_shared,
                          .parameters = (const uint8_t *)launch->parameters,
                          .resident_blocks = launch->resident ? launch->resident : UINT32_MAX,
                          .delays_copies = launch->delays_copies};
    launch->counts = (struct launch_counts){0};
    enum launch_outcome outcome = grid_run(&grid, &launch->counts);
    unload(&loaded);
    return outcome;
}

bool instruction_unspecified;

enum { MAX_VALUES = 24, RANDOM_ROWS = 1024, MAX_OPERANDS = 4 };
#define KEPT 0x5a5a5a5a5a5a5a5aull

struct operand_type {
    char name[8];
    unsigned bytes; /* in memory; 0 for a predicate */
    char kind;      /* 'f' float, 'i' integer, 'p' predicate */
};

static struct operand_type parse_type(const char *name) {
    struct operand_type type = {.kind = 'i'};
    snprintf(type.name, sizeof type.name, "%s", name);
    if (strcmp(name, "pred") == 0)
        return (struct operand_type){"pred", 0, 'p'};
    bool is_float = strchr(name, 'f') != NULL;
    type.kind = is_float ? 'f' : 'i';
    unsigned bits = (unsigned)atoi(name + strcspn(name, "0123456789"));
    type.bytes = strstr(name, "x2") ? 4 : bits / 8;
    return type;
}

/* Values at which something changes: ends, signs, powers of two, small counts; for floats every class and ties. */
static unsigned edge_values(const struct operand_type *type, uint64_t *values) {
    static const uint64_t integers[] = {0,  1,  2,  3,  5,  7,   8,   15,  16, 24,
                                        31, 32, 33, 63, 64, 127, 128, 255, 256};
    static const uint64_t f32s[] = {0x00000000, 0x80000000, 0x3f800000, 0xbf800000, 0x00000001, 0x807fffff,
                                    0x00800000, 0x80800001, 0x7f7fffff, 0xff7fffff, 0x7f800000, 0xff800000,
                                    0x7fc00000, 0xff800001, 0x3f000000, 0x3fc00000, 0xc0200000, 0x40490fdb,
                                    0x4b800001, 0x3f7fffff, 0x4f000000, 0xcf000001, 0x5f800000, 0x3eaaaaab};
    static const uint64_t f64s[] = {0,
                                    0x8000000000000000,
                                    0x3ff0000000000000,
                                    0xbff0000000000000,
                                    1,
                                    0x800fffffffffffff,
                                    0x0010000000000000,
                                    0x7fefffffffffffff,
                                    0x7ff0000000000000,
                                    0xfff0000000000000,
                                    0x7ff8000000000000,
                                    0x3fe0000000000000,
                                    0x3ff8000000000000,
                                    0xc004000000000000,
                                    0x400921fb54442d18,
                                    0x4340000000000001,
                                    0x3fefffffffffffff,
                                    0x41dfffffffc00000,
                                    0xc1e0000000200000,
                                    0x43e0000000000000,
                                    0x36a0000000000000,
                                    0x47efffffe0000000,
                                    0x47effffff0000000,
                                    0x3810000000000001};
    static const uint64_t f16s[] = {0x0000, 0x8000, 0x3c00, 0xbc00, 0x0001, 0x83ff, 0x0400, 0x8401,
                                    0x7bff, 0xfbff, 0x7c00, 0xfc00, 0x7e00, 0xfc01, 0x3800, 0x3e00,
                                    0xc100, 0x4248, 0x6800, 0x3bff, 0x7800, 0x5c00, 0x3555, 0x0200};
    static const uint64_t bf16s[] = {0x0000, 0x8000, 0x3f80, 0xbf80, 0x0001, 0x807f, 0x0080, 0x8081,
                                     0x7f7f, 0xff7f, 0x7f80, 0xff80, 0x7fc0, 0xff81, 0x3f00, 0x3fc0,
                                     0xc020, 0x4049, 0x4b80, 0x3f7f, 0x4f00, 0xcf01, 0x5f80, 0x3eab};
    unsigned count = 0;
    if (type->kind == 'p') {
        values[0] = 0, values[1] = 1;
        return 2;
    }
    if (type->kind == 'f') {
        const uint64_t *floats = strncmp(type->name, "bf16", 4) == 0  ? bf16s
                                 : strncmp(type->name, "f16", 3) == 0 ? f16s
                                 : type->bytes == 4                   ? f32s
                                                                      : f64s;
        bool pair = strstr(type->name, "x2") != NULL;
        for (; count < MAX_VALUES; count++)
            values[count] = pair ? floats[count] | floats[(count * 7 + 3) % MAX_VALUES] << 16 : floats[count];
        return count;
    }
    for (; count < sizeof integers / sizeof *integers; count++)
        values[count] = integers[count];
    uint64_t top = 1ull << (8 * type->bytes - 1);
    values[count++] = top;
    values[count++] = top - 1;
    values[count++] = 2 * top - 1;
    values[count++] = 2 * top - 2;
    values[count++] = 0x123456789abcdef5 & (2 * top - 1);
    return count;
}

static uint64_t random_bits(void) {
    static uint64_t state = 88172645463325252ull;
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return state * 0x2545f4914f6cdd1dull;
}

static uint64_t width_mask(const struct operand_type *type) {
    return type->kind == 'p' ? 1 : type->bytes == 8 ? ~0ull : (1ull << 8 * type->bytes) - 1;
}

static void write_kernel(char *text, size_t size, const struct operand_type *types, unsigned count,
                         const char *instruction) {
    static const char names[] = "dabc";
    size_t used = (size_t)snprintf(
        text, size,
        PTX_KERNEL "{\n.reg .pred p, off, some;\n.reg .b16 h;\n.reg .b32 n, w, e;\n.reg .b64 t, in, out;\n");
    for (unsigned k = 0; k < count; k++) {
        unsigned bits = 8 * types[k].bytes < 16 ? 16 : 8 * types[k].bytes;
        if (types[k].kind == 'p')
            used += (size_t)snprintf(text + used, size - used, ".reg .pred %c;\n", names[k]);
        else
            used += (size_t)snprintf(text + used, size - used, ".reg .b%u %c;\n", bits, names[k]);
    }
    used += (size_t)snprintf(
        text + used, size - used,
        "mov.u32 n, %%ctaid.x;\nmov.u32 w, %%ntid.x;\nmov.u32 e, %%tid.x;\nmad.lo.s32 n, n, w, e;\n"
        "ld.param.u64 in, [p0];\nld.param.u64 out, [p1];\nmul.wide.u32 t, n, 32;\nadd.s64 in, in, t;\n"
        "mul.wide.u32 t, n, 8;\nadd.s64 out, out, t;\n"
        "ld.param.u32 w, [p2];\nsetp.ne.u32 some, w, 0;\nand.b32 e, e, 5;\nsetp.eq.and.u32 off, e, 1, "
        "some;\n");
    for (unsigned k = 1; k < count; k++) {
        if (types[k].kind == 'p')
            used +=
                (size_t)snprintf(text + used, size - used,
                                 "ld.global.u32 w, [in+%u];\nsetp.ne.u32 %c, w, 0;\n", 8 * (k - 1), names[k]);
        else
            used += (size_t)snprintf(text + used, size - used, "ld.global.%c%u %c, [in+%u];\n",
                                     types[k].name[0] == 's' ? 's' : 'b', 8 * types[k].bytes, names[k],
                                     8 * (k - 1));
    }
    const struct operand_type *result = &types[0];
    if (result->kind == 'p')
        used += (size_t)snprintf(text + used, size - used, "setp.eq.u32 d, 0, 0;\n");
    else
        used += (size_t)snprintf(
            text + used, size - used, "mov.b%u d, 0x%llx;\n", 8 * result->bytes < 16 ? 16 : 8 * result->bytes,
            KEPT & (result->bytes == 8 ? ~0ull
                                       : (1ull << (8 * result->bytes < 16 ? 16 : 8 * result->bytes)) - 1));
    used += (size_t)snprintf(text + used, size - used, "@off bra STORE;\n%s\nSTORE:\n", instruction);
    if (result->kind == 'p')
        used += (size_t)snprintf(text + used, size - used, "selp.b32 w, 1, 0, d;\nst.global.u32 [out], w;\n");
    else
        used += (size_t)snprintf(text + used, size - used, "st.global.b%u [out], d;\n", 8 * result->bytes);
    used += (size_t)snprintf(text + used, size - used, "ret;\n}\n");
    cr_assert(used < size);
}

static void compare(const struct operand_type *types, const char *text, expected_function *expected,
                    const uint64_t *rows, const uint64_t *results, unsigned count, bool some_off) {
    uint64_t mask = width_mask(&types[0]);
    for (unsigned k = 0; k < count; k++) {
        const uint64_t *row = rows + 4 * k;
        bool off = some_off && (k % 32 & 5) == 1;
        instruction_unspecified = false;
        uint64_t want = off ? (types[0].kind == 'p' ? 1 : KEPT) : expected(row[0], row[1], row[2]);
        if (instruction_unspecified && !off)
            continue;
        if ((want & mask) != (results[k] & mask))
            cr_assert(false, "%s with a = 0x%llx, b = 0x%llx, c = 0x%llx, lane %s: 0x%llx, expected 0x%llx",
                      text, (unsigned long long)row[0], (unsigned long long)row[1],
                      (unsigned long long)row[2], off ? "off" : "on", (unsigned long long)(results[k] & mask),
                      (unsigned long long)(want & mask));
    }
}

void instruction_check(const char *type_list, const char *text, expected_function *expected) {
    struct operand_type types[MAX_OPERANDS];
    char list[64], kernel[8192];
    unsigned count = 0;
    snprintf(list, sizeof list, "%s", type_list);
    for (char *name = strtok(list, " "); name; name = strtok(NULL, " "))
        types[count++] = parse_type(name);
    uint64_t values[MAX_OPERANDS][MAX_VALUES];
    unsigned value_counts[MAX_OPERANDS] = {1, 1, 1, 1}, rows = 1;
    for (unsigned k = 1; k < count; k++) {
        value_counts[k] = edge_values(&types[k], values[k]);
        rows *= value_counts[k];
    }
    unsigned total = (rows + RANDOM_ROWS + 127) / 128 * 128;
    uint64_t *operands, *results;
    uint64_t in = machine_array((uint64_t)total * 32, &operands),
             out = machine_array((uint64_t)total * 8, &results);
    for (unsigned r = 0; r < total; r++) {
        unsigned at = r;
        for (unsigned k = 1; k < count; k++) {
            operands[4 * r + k - 1] =
                r < rows ? values[k][at % value_counts[k]] : random_bits() & width_mask(&types[k]);
            at /= value_counts[k];
        }
    }
    write_kernel(kernel, sizeof kernel, types, count, text);
    for (unsigned some_off = 0; some_off < 2; some_off++) {
        struct machine_launch launch = {
            .ptx = kernel, .blocks = total / 128, .threads = 128, .parameters = {in, out, some_off}};
        cr_assert_eq(machine_run(&launch), LAUNCH_DONE, "%s", text);
        compare(types, text, expected, operands, results, total, some_off);
    }
    memory_free(in);
    memory_free(out);
}
