/* Loads and stores of every type, vector and space, into registers of their width and wider ones; each modifier. */
#include "instruction/machine.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

TestSuite(vgpu_load_store, .init = machine_open, .fini = machine_close);

static const struct type {
    const char *name;
    unsigned bytes;
    bool is_signed;
} types[] = {{"b8", 1, false},  {"u8", 1, false},  {"s8", 1, true},   {"b16", 2, false}, {"u16", 2, false},
             {"s16", 2, true},  {"f16", 2, false}, {"b32", 4, false}, {"u32", 4, false}, {"s32", 4, true},
             {"f32", 4, false}, {"b64", 8, false}, {"u64", 8, false}, {"s64", 8, true},  {"f64", 8, false}};
enum { TYPES = sizeof types / sizeof *types };

/* What the expected functions work on: element k of a vector of 1, 2, 4 or 8, in a register of so many bytes. */
static const struct type *type;
static unsigned vector, element, register_bytes;

static uint64_t low_bytes(uint64_t a, unsigned bytes) {
    return bytes == 8 ? a : a & ((1ull << 8 * bytes) - 1);
}

/* a, b and c lie in memory one after the other, then eight bytes of zero. */
static uint64_t loaded(uint64_t a, uint64_t b, uint64_t c) {
    const uint64_t memory[4] = {a, b, c, 0};
    uint64_t x = 0;
    for (unsigned k = 0; k < type->bytes; k++) {
        unsigned at = element * type->bytes + k;
        x |= (memory[at / 8] >> at % 8 * 8 & 255) << 8 * k;
    }
    bool negative = type->is_signed && x >> (8 * type->bytes - 1);
    return negative ? x | ~low_bytes(~0ull, type->bytes) : x;
}

/* "{x0, x1, d, x3}" with d in the element's place, or plain d. */
static const char *list_of(char *list, const char *mark) {
    size_t used = 0;
    for (unsigned k = 0; k < vector; k++)
        used += (size_t)(k == element ? sprintf(list + used, "%s%s", k ? ", " : "{", mark)
                                      : sprintf(list + used, "%sx%u", k ? ", " : "{", k));
    strcpy(list + used, "}");
    return vector == 1 ? mark : list;
}
static unsigned register_bits(void) { return 8 * (register_bytes < 2 ? 2 : register_bytes); }

/* A place of 32 bytes for each thread, aligned as the widest vector. */
static const struct space {
    const char *name, *prepare, *at;
} spaces[] = {
    {".shared", "mov.u32 e, %tid.x; mul.lo.u32 e, e, 32; mov.u32 w, s; add.u32 e, e, w;", "e"},
    {"", "mov.u32 e, %tid.x; mul.wide.u32 g, e, 32; mov.u64 t, s; cvta.shared.u64 t, t; add.u64 g, g, t;",
     "g"},
    {".local", "", "l"},
    {"", "mov.u64 t, l; cvta.local.u64 g, t;", "g"},
};
enum { SPACES = sizeof spaces / sizeof *spaces };
#define PLACES ".shared .align 32 .b8 s[4096]; .local .align 32 .b8 l[32]; .reg .b64 g;"

static void check_load(const char *modifiers, const struct space *space) {
    char list[64], text[1024], vectors[64], suffix[16] = "";
    if (vector > 1)
        snprintf(suffix, sizeof suffix, ".v%u", vector);
    snprintf(list, sizeof list, "b%u b64 b64 b64", 8 * register_bytes);
    if (space)
        snprintf(text, sizeof text,
                 "{ " PLACES
                 " .reg .b%u x<8>; %s st%s.v2.b64 [%s], {a, b}; st%s.b64 [%s+16], c; st%s.b64 [%s+24], 0;"
                 " ld%s%s%s.%s %s, [%s]; }",
                 register_bits(), space->prepare, space->name, space->at, space->name, space->at, space->name,
                 space->at, modifiers, space->name, suffix, type->name, list_of(vectors, "d"), space->at);
    else
        snprintf(text, sizeof text, "{ .reg .b%u x<8>; ld%s%s.%s %s, [in]; }", register_bits(), modifiers,
                 suffix, type->name, list_of(vectors, "d"));
    instruction_check(list, text, loaded);
}

static bool has_vector(unsigned count) {
    return count < 8 || strcmp(type->name, "b32") == 0 || strcmp(type->name, "f32") == 0;
}
#define FOR_EVERY_ELEMENT                                                                                    \
    for (type = types; type < types + TYPES; type++)                                                         \
        for (vector = 1; vector <= 8; vector *= 2)                                                           \
            for (element = 0; element < vector && has_vector(vector); element++)                             \
                for (register_bytes = type->bytes; register_bytes <= 8; register_bytes *= 2)

Test(vgpu_load_store, loads) {
    FOR_EVERY_ELEMENT {
        check_load(".global", NULL);
        if (element == vector - 1)
            for (unsigned k = 0; k < SPACES; k++)
                check_load("", &spaces[k]);
    }
}

/* Vectors are stored over zeros: d is the word of memory that holds the element, or its first. */
static uint64_t stored(uint64_t a, uint64_t b, uint64_t c) {
    (void)b, (void)c;
    unsigned at = element * type->bytes % 8;
    return low_bytes(a, type->bytes) << 8 * at;
}

static void check_store(const char *modifiers, const char *space, const char *prepare, const char *at) {
    char list[64], text[1024], vectors[64], suffix[16] = "";
    if (vector > 1)
        snprintf(suffix, sizeof suffix, ".v%u", vector);
    snprintf(list, sizeof list, "b64 b%u", 8 * register_bytes);
    size_t used =
        (size_t)snprintf(text, sizeof text, "{ " PLACES " .reg .b%u x<8>; %s", register_bits(), prepare);
    for (unsigned k = 0; k < vector; k++)
        used += (size_t)snprintf(text + used, sizeof text - used, " mov.b%u x%u, 0;", register_bits(), k);
    for (unsigned k = 0; k < 4; k++)
        used += (size_t)snprintf(text + used, sizeof text - used, " st%s.b64 [%s+%u], 0;", space, at, 8 * k);
    snprintf(text + used, sizeof text - used, " st%s%s%s.%s [%s], %s; ld%s.b64 d, [%s+%u]; }", modifiers,
             space, suffix, type->name, at, list_of(vectors, "a"), space, at, element * type->bytes / 8 * 8);
    instruction_check(list, text, stored);
}

Test(vgpu_load_store, stores) {
    FOR_EVERY_ELEMENT {
        check_store("", ".global", "", "out");
        if (element == vector - 1)
            for (unsigned k = 0; k < SPACES; k++)
                check_store("", spaces[k].name, spaces[k].prepare, spaces[k].at);
    }
}

Test(vgpu_load_store, modifiers) {
    static const char *const loads[] = {".weak.global",
                                        ".volatile.global",
                                        ".relaxed.cta.global",
                                        ".relaxed.gpu.global",
                                        ".acquire.sys.global",
                                        ".mmio.relaxed.sys.global",
                                        ".global.ca",
                                        ".global.cg",
                                        ".global.cs",
                                        ".global.lu",
                                        ".global.cv",
                                        ".global.nc",
                                        ".global.nc.L1::no_allocate",
                                        ".global.L1::evict_last",
                                        ".global.L2::128B",
                                        ".global.nc.L1::evict_first.L2::256B",
                                        "",
                                        ".volatile",
                                        ".relaxed.cluster",
                                        ".acquire.gpu"};
    static const char *const stores[] = {".weak",        ".volatile",        ".relaxed.gpu",
                                         ".release.sys", ".release.cluster", ".mmio.relaxed.sys"};
    static const char *const late[] = {".wb", ".cg", ".cs", ".wt", ".L1::no_allocate"};
    type = &types[8];
    register_bytes = 4;
    for (vector = 1; vector <= 2; vector++) {
        element = vector - 1;
        for (unsigned k = 0; k < sizeof loads / sizeof *loads; k++)
            check_load(loads[k], NULL);
        for (unsigned k = 0; k < sizeof stores / sizeof *stores; k++) {
            check_store(stores[k], ".global", "", "out");
            check_store(stores[k], spaces[0].name, spaces[0].prepare, spaces[0].at);
        }
    }
    for (unsigned k = 0; k < sizeof late / sizeof *late; k++) {
        char text[128];
        snprintf(text, sizeof text, "st.global%s.u32 [out+8], a; ld.global.u32 d, [out+8];", late[k]);
        INSTRUCTION("b32 b32", text, a);
    }
    INSTRUCTION("b32 b32", "mov.b64 t, 0x12f0000000000000; ld.global.L2::cache_hint.u32 d, [in], t;", a);
    INSTRUCTION("b32 b32", "ldu.global.u32 d, [in];", a);
}

/* Lanes side by side, as programs mostly have them: what is loaded goes through shared memory to where it is stored. */
Test(vgpu_load_store, neighbours) {
    enum { THREADS = 64, MAX_BYTES = 32 };
    uint8_t *in, *out;
    uint64_t in_array = machine_array(THREADS * MAX_BYTES, &in),
             out_array = machine_array(THREADS * MAX_BYTES, &out);
    for (unsigned k = 0; k < THREADS * MAX_BYTES; k++)
        in[k] = (uint8_t)(k * 37 + k / 256);
    for (type = types; type < types + TYPES; type++) {
        for (vector = 1; vector <= 8 && has_vector(vector); vector *= 2) {
            unsigned bytes = vector * type->bytes;
            char ptx[2048], vectors[64], suffix[16] = "";
            if (vector > 1)
                snprintf(suffix, sizeof suffix, ".v%u", vector);
            element = 0;
            register_bytes = type->bytes;
            const char *list = list_of(vectors, "x0");
            snprintf(ptx, sizeof ptx,
                     PTX_KERNEL
                     "{ .shared .align 32 .b8 s[%u]; .reg .b64 i, o, t; .reg .b32 n, w; .reg .b%u x<8>;"
                     " ld.param.u64 i, [p0]; ld.param.u64 o, [p1]; mov.u32 n, %%tid.x; mul.lo.u32 n, n, %u; "
                     "cvt.u64.u32 t, n;"
                     " add.u64 i, i, t; add.u64 o, o, t; mov.u32 w, s; add.u32 w, w, n;\n"
                     "ld.global%s.%s %s, [i]; st.shared%s.%s [w], %s; ld.shared%s.%s %s, [w]; st.global%s.%s "
                     "[o], %s; ret; }",
                     THREADS * MAX_BYTES, register_bits(), bytes, suffix, type->name, list, suffix,
                     type->name, list, suffix, type->name, list, suffix, type->name, list);
            memset(out, 0, THREADS * MAX_BYTES);
            struct machine_launch launch = {
                .ptx = ptx, .threads = THREADS, .parameters = {in_array, out_array}};
            cr_assert_eq(machine_run(&launch), LAUNCH_DONE);
            cr_assert_arr_eq(out, in, THREADS * bytes, "%s", ptx);
            for (unsigned k = THREADS * bytes; k < THREADS * MAX_BYTES; k++)
                cr_assert_eq(out[k], 0, "byte %u: %s", k, ptx);
        }
    }
}

/* Parameters by name, part and generic address; the module's constants. */
Test(vgpu_load_store, parameters_and_constants) {
    INSTRUCTION("b64 b64", "ld.param.u64 t, [p0]; ld.param.b64 d, [p0]; sub.u64 d, d, t;", 0);
    INSTRUCTION("b64 b64",
                "{ .reg .b32 x, y; ld.param.b32 x, [p0]; ld.param.b32 y, [p0+4]; mov.b64 t, {x, y};"
                " ld.param.u64 d, [p0]; xor.b64 d, d, t; }",
                0);
    INSTRUCTION("b64 b64",
                "{ .reg .b32 x, y; ld.param.v2.u32 {x, y}, [p1]; mov.b64 t, {x, y}; ld.param.u64 d, [p1]; "
                "xor.b64 d, d, t; }",
                0);
    INSTRUCTION(
        "b64 b64",
        "{ .reg .b64 g; cvta.param.u64 g, p1; ld.u64 t, [g]; ld.param::entry.u64 d, [p1]; xor.b64 d, d, t; }",
        0);
}

/* What changes nothing that a thread can see. */
Test(vgpu_load_store, without_effect) {
    static const char *const texts[] = {"membar.cta;",
                                        "membar.gl;",
                                        "membar.sys;",
                                        "fence.acq_rel.gpu;",
                                        "fence.sc.cta;",
                                        "fence.proxy.async;",
                                        "fence.mbarrier_init.release.cluster;",
                                        "prefetch.global.L1 [in];",
                                        "prefetch.global.L2 [in];",
                                        "prefetchu.L1 [in];",
                                        "prefetch.global.L2::evict_last [in];",
                                        "nanosleep.u32 20;",
                                        "griddepcontrol.wait;",
                                        "griddepcontrol.launch_dependents;",
                                        "pmevent 3;"};
    for (unsigned k = 0; k < sizeof texts / sizeof *texts; k++) {
        char text[128];
        snprintf(text, sizeof text, "mov.b32 d, a; %s", texts[k]);
        INSTRUCTION("b32 b32", text, a);
    }
}
