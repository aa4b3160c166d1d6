/*
 * Random programs, run by the virtual GPU and by a naive interpreter (differential/program.h), which must agree on every register
 * and byte. LOTTO_DIFFERENTIAL_PROGRAMS sets how many are run, LOTTO_DIFFERENTIAL_SEED the seed of the first; that of each
 * following one is one more. A failure prints the seed, the program and the first thread that differs; alone it is run by
 *   LOTTO_DIFFERENTIAL_SEED=N LOTTO_DIFFERENTIAL_PROGRAMS=1 build/tests/test_vgpu_differential
 */
#include "differential/program.h"
#include "instruction/machine.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

TestSuite(vgpu_differential, .init = machine_open, .fini = machine_close);

enum { MAX_TEXT = 1 << 17, WORDS_IN_RECORD = RECORD_BYTES / 8 };

static uint64_t setting(const char *name, uint64_t otherwise) {
    const char *text = getenv(name);
    return text ? strtoull(text, NULL, 0) : otherwise;
}

/* Values at which something changes, and any. */
static uint64_t random_value(uint64_t *state) {
    static const uint64_t edges[] = {0,
                                     1,
                                     2,
                                     31,
                                     32,
                                     0x7f,
                                     0x80,
                                     0x7fff,
                                     0x8000,
                                     0xffff,
                                     0x7fffffff,
                                     0x80000000,
                                     0xffffffff,
                                     0x3f800000,
                                     0xff800000,
                                     0x00000001bf800001,
                                     0x3ff0000000000000,
                                     0x7fffffffffffffff,
                                     0x8000000000000000,
                                     0xffffffffffffffff,
                                     0x3c003c00,
                                     0x40490fdb};
    *state = *state * 6364136223846793005u + 1442695040888963407u;
    uint64_t x = *state ^ *state >> 29;
    return x >> 60 < 7   ? edges[(x >> 20) % (sizeof edges / sizeof *edges)]
           : x >> 60 < 9 ? x >> 45 & 63
                         : x * 0x9e3779b97f4a7c15u;
}

static uint64_t cut(enum register_class class, uint64_t value) {
    static const uint64_t masks[CLASSES] = {0xffff, 0xffffffff, ~0ull, 1};
    return value & masks[class];
}

/* The same registers and memory to both. */
static void fill(const struct random_program *program, struct thread *threads, uint64_t *records,
                 uint8_t *slices) {
    uint64_t state = program->seed ^ 0x5851f42d4c957f2d;
    memset(threads, 0, sizeof *threads * program->threads);
    for (unsigned l = 0; l < program->threads; l++) {
        uint64_t *record = records + l * WORDS_IN_RECORD;
        for (enum register_class class = H; class < CLASSES; class ++)
            for (unsigned k = 0; k < free_registers(class); k++)
                *record++ = threads[l].registers[class][k] = cut(class, random_value(&state));
        for (unsigned k = 0; k < SLICE_BYTES; k++)
            slices[l * SLICE_BYTES + k] = threads[l].slices[GLOBAL][k] = (uint8_t)random_value(&state);
    }
}

/* The first difference as a sentence; false when there is none. A thread that ended early left its record as it was. */
static bool differs(const struct random_program *program, const struct thread *threads,
                    const uint64_t *records, const uint8_t *slices, const uint64_t *words,
                    const uint64_t *expected_words, char *text, size_t size) {
    for (unsigned l = 0; l < program->threads; l++) {
        const uint64_t *record = records + l * WORDS_IN_RECORD;
        for (enum register_class class = H; class < CLASSES && !threads[l].has_exited; class ++)
            for (unsigned k = 0; k < free_registers(class); k++, record++)
                if (*record != threads[l].registers[class][k]) {
                    snprintf(text, size, "thread %u: %c%u is 0x%llx, expected 0x%llx", l, "hrdp"[class], k,
                             (unsigned long long)*record, (unsigned long long)threads[l].registers[class][k]);
                    return true;
                }
        for (enum space space = GLOBAL; space < SPACES; space++) {
            const uint8_t *bytes = space == GLOBAL
                                       ? slices + l * SLICE_BYTES
                                       : (const uint8_t *)record + (space == LOCAL ? SLICE_BYTES : 0);
            for (unsigned k = 0; k < SLICE_BYTES && (space == GLOBAL || !threads[l].has_exited); k++)
                if (bytes[k] != threads[l].slices[space][k]) {
                    snprintf(text, size, "thread %u: byte %u of its %s slice is 0x%x, expected 0x%x", l, k,
                             space == GLOBAL   ? "global"
                             : space == SHARED ? "shared"
                                               : "local",
                             bytes[k], threads[l].slices[space][k]);
                    return true;
                }
        }
    }
    for (unsigned k = 0; k < COUNTERS; k++)
        if (words[k] != expected_words[k]) {
            snprintf(text, size, "word %u of all threads is 0x%llx, expected 0x%llx", k,
                     (unsigned long long)words[k], (unsigned long long)expected_words[k]);
            return true;
        }
    return false;
}

/* False when the program does not end soon; such a one is passed over. */
static bool run(uint64_t seed) {
    static struct random_program program;
    static struct thread threads[MAX_THREADS];
    static char text[MAX_TEXT];
    uint64_t *records, *words, expected[COUNTERS] = {0}, addresses[3];
    uint8_t *slices;
    char difference[128];
    program_generate(&program, seed);
    addresses[0] = machine_array((uint64_t)MAX_THREADS * RECORD_BYTES, &records);
    addresses[1] = machine_array(MAX_THREADS * SLICE_BYTES, &slices);
    addresses[2] = machine_array(8 * COUNTERS, &words);
    fill(&program, threads, records, slices);
    bool ends = program_interpret(&program, threads, expected);
    if (ends) {
        program_write(&program, text, sizeof text);
        struct machine_launch launch = {.ptx = text,
                                        .stack_bytes = 2048,
                                        .threads = program.threads,
                                        .parameters = {addresses[0], addresses[1], addresses[2]}};
        enum launch_outcome outcome = machine_run(&launch);
        if (outcome != LAUNCH_DONE ||
            differs(&program, threads, records, slices, words, expected, difference, sizeof difference))
            cr_assert(false, "seed %llu: %s\n%s", (unsigned long long)seed,
                      outcome != LAUNCH_DONE ? "the launch failed" : difference, text);
    }
    for (unsigned k = 0; k < 3; k++)
        memory_free(addresses[k]);
    return ends;
}

static void run_programs(uint64_t default_count) {
    uint64_t first = setting("LOTTO_DIFFERENTIAL_SEED", 1), endless = 0,
             count = setting("LOTTO_DIFFERENTIAL_PROGRAMS", default_count);
    for (uint64_t seed = first; seed < first + count; seed++)
        endless += !run(seed);
    printf("%llu programs agree, seeds %llu to %llu; %llu more do not end soon\n",
           (unsigned long long)(count - endless), (unsigned long long)first,
           (unsigned long long)(first + count - 1), (unsigned long long)endless);
    cr_assert(endless * 20 <= count, "most programs must end");
}

Test(vgpu_differential, programs) { run_programs(6000); }

/* They have no races, and nothing changes while accesses are watched. */
Test(vgpu_differential, watched_for_races) {
    checks_enabled |= CHECK_RACE;
    run_programs(500);
    cr_assert_eq(finding_count(), 0);
}
