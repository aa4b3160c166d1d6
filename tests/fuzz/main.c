/*
 * Where there is no libFuzzer: fuzz_NAME --runs N [--dictionary FILE] SEED... runs the target on each seed (a file, or the files of a
 * folder) as it stands, and then on N mutants of them, the same ones every time. An input that crashes the target, makes it end the
 * process, or takes 10 seconds of the processor or 4 GiB is written to build/tests/fuzz_NAME.input, which is then a SEED for --runs 0.
 */
#define _GNU_SOURCE
#include "fuzz.h"

#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/time.h>

enum { MOST_BYTES = 1 << 15, MOST_SEEDS = 1000, MOST_WORDS = 1000, MOST_SECONDS = 10 };

struct bytes {
    uint8_t *at;
    size_t count;
};

static struct bytes seeds[MOST_SEEDS], words[MOST_WORDS];
static size_t seed_count, word_count;
static struct bytes input; /* the one that runs; at is NULL between two */

/* Of the sanitizers: what they call before they end the process, and their options. */
void __sanitizer_set_death_callback(void (*callback)(void));
__attribute__((visibility("default"))) const char *__asan_default_options(void);
const char *__asan_default_options(void) {
    return "handle_abort=1:allocator_may_return_null=1:max_allocation_size_mb=2048:hard_rss_limit_mb=4096";
}

static void keep_input(void) {
    char path[4096];
    FILE *file;
    if (input.at == NULL)
        return;
    snprintf(path, sizeof path, "%s.input", program_invocation_name);
    if ((file = fopen(path, "wb")) != NULL && fwrite(input.at, 1, input.count, file) == input.count &&
        fclose(file) == 0)
        fprintf(stderr, "fuzz: the input is in %s\n", path);
    input.at = NULL;
}

/* Where a target has mutants of its own kind, they are used (tokens.c), and these are what they may call. */
size_t LLVMFuzzerCustomMutator(uint8_t *bytes, size_t count, size_t most, unsigned seed)
    __attribute__((weak));
size_t LLVMFuzzerMutate(uint8_t *bytes, size_t count, size_t most);

static void is_too_slow(int signal) {
    (void)signal;
    fuzz_fail("an input takes more than %d seconds", MOST_SECONDS);
}

static void has_ended(void) {
    if (input.at != NULL)
        fuzz_fail("the target ended the process");
}

/* Of the processor, so that a busy machine makes no difference; 0: no limit. */
static void limit_time(int seconds) {
    setitimer(ITIMER_PROF, &(struct itimerval){.it_value = {.tv_sec = seconds}}, NULL);
}

/* In a buffer of exactly its size, so that a byte read beyond it is seen. */
static void run(const uint8_t *bytes, size_t count) {
    struct bytes exact = {malloc(count + 1) /* of no bytes: still one */, count};
    memcpy(exact.at + 1, bytes, count);
    exact.at++;
    input = exact;
    limit_time(MOST_SECONDS);
    LLVMFuzzerTestOneInput(exact.at, exact.count);
    limit_time(0);
    input.at = NULL;
    free(exact.at - 1);
}

static void read_file(const char *path, struct bytes *bytes) {
    FILE *file = fopen(path, "rb");
    if (file == NULL)
        fuzz_fail("%s cannot be opened", path);
    bytes->at = malloc(MOST_BYTES);
    bytes->count = fread(bytes->at, 1, MOST_BYTES, file);
    fclose(file);
}

static int is_visible(const struct dirent *entry) { return entry->d_name[0] != '.'; }

static void add_seeds(const char *path) {
    struct stat status;
    struct dirent **entries;
    if (stat(path, &status) != 0)
        fuzz_fail("there is no %s", path);
    if (!S_ISDIR(status.st_mode)) {
        if (seed_count == MOST_SEEDS)
            fuzz_fail("more than %d seeds", MOST_SEEDS);
        read_file(path, &seeds[seed_count++]);
        return;
    }
    int count = scandir(path, &entries, is_visible, alphasort);
    for (int i = 0; i < count; i++) {
        char inside[4096];
        snprintf(inside, sizeof inside, "%s/%s", path, entries[i]->d_name);
        add_seeds(inside);
        free(entries[i]);
    }
    free(entries);
}

/* libFuzzer's form: "word" a line, with \\, \" and \xAB; # begins a comment. */
static void add_word(const char *line) {
    struct bytes *word = &words[word_count];
    const char *at = strchr(line, '"');
    if (line[0] == '#' || at == NULL || word_count == MOST_WORDS)
        return;
    word->at = malloc(strlen(line));
    for (at++; *at != '\0' && *at != '"'; at++) {
        unsigned value = (unsigned char)*at;
        if (*at == '\\' && at[1] == 'x' && sscanf(at + 2, "%2x", &value) == 1)
            at += 3;
        else if (*at == '\\')
            value = (unsigned char)*++at;
        word->at[word->count++] = (uint8_t)value;
    }
    word_count++;
}

static void read_dictionary(const char *path) {
    char line[256];
    FILE *file = fopen(path, "r");
    if (file == NULL)
        fuzz_fail("%s cannot be opened", path);
    while (fgets(line, sizeof line, file) != NULL)
        add_word(line);
    fclose(file);
}

static uint32_t below(uint32_t limit) {
    static uint64_t state = 0x9e3779b97f4a7c15;
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return limit ? (uint32_t)((state >> 32) * limit >> 32) : 0;
}

/* Replaces `removed` bytes of the mutant at a place by others; too long ones are left out. */
static void replace(struct bytes *mutant, size_t place, size_t removed, const uint8_t *by, size_t count) {
    if (mutant->count - removed + count > MOST_BYTES)
        return;
    memmove(mutant->at + place + count, mutant->at + place + removed, mutant->count - place - removed);
    if (count > 0)
        memcpy(mutant->at + place, by, count);
    mutant->count += count - removed;
}

static void mutate(struct bytes *mutant) {
    static const uint8_t telling[] = {0,   1,   0x7f, 0x80, 0xff, '0', '9', '-',
                                      '.', '"', '{',  '}',  '[',  ']', ',', ';'};
    static uint8_t part[MOST_BYTES];
    const struct bytes *other = &seeds[below((uint32_t)seed_count)];
    size_t place = below((uint32_t)mutant->count + 1);
    size_t run = below(below(4) ? 16 : (uint32_t)mutant->count) + 1;
    size_t removed = run < mutant->count - place ? run : mutant->count - place;
    size_t from = below((uint32_t)other->count + 1),
           taken = other->count - from < run ? other->count - from : run;
    switch (below(7)) {
    case 0:
        if (removed > 0)
            mutant->at[place] ^= (uint8_t)(1 << below(8));
        break;
    case 1:
        replace(mutant, place, removed ? 1 : 0, &telling[below(sizeof telling)], 1);
        break;
    case 2:
        replace(mutant, place, removed, NULL, 0);
        break;
    case 3: /* twice */
        memcpy(part, mutant->at + place, removed);
        replace(mutant, place, 0, part, removed);
        break;
    case 4:
        replace(mutant, place, below(2) ? removed : 0, other->at + from, taken);
        break;
    default:
        if (word_count > 0) {
            const struct bytes *word = &words[below((uint32_t)word_count)];
            replace(mutant, place,
                    below(2)                ? 0
                    : removed < word->count ? removed
                                            : word->count,
                    word->at, word->count);
        }
    }
}

/* most is MOST_BYTES, for which every mutant has room. */
size_t LLVMFuzzerMutate(uint8_t *bytes, size_t count, size_t most) {
    struct bytes mutant = {bytes, count};
    (void)most;
    mutate(&mutant);
    return mutant.count;
}

static size_t mutant_of(const struct bytes *seed, uint8_t mutant[MOST_BYTES]) {
    size_t count = seed->count;
    memcpy(mutant, seed->at, count);
    for (uint32_t mutations = 1 + below(8); mutations > 0; mutations--)
        count = LLVMFuzzerCustomMutator
                    ? LLVMFuzzerCustomMutator(mutant, count, MOST_BYTES, below(UINT32_MAX))
                    : LLVMFuzzerMutate(mutant, count, MOST_BYTES);
    return count;
}

int main(int count, char **arguments) {
    static uint8_t mutant[MOST_BYTES];
    uint64_t runs = 0;
    for (int i = 1; i < count; i++) {
        bool has_value = i + 1 < count;
        if (has_value && strcmp(arguments[i], "--runs") == 0)
            runs = strtoull(arguments[++i], NULL, 10);
        else if (has_value && strcmp(arguments[i], "--dictionary") == 0)
            read_dictionary(arguments[++i]);
        else
            add_seeds(arguments[i]);
    }
    if (seed_count == 0)
        fuzz_fail("no seeds are given");
    __sanitizer_set_death_callback(keep_input);
    signal(SIGPROF, is_too_slow);
    atexit(has_ended);
    for (size_t i = 0; i < seed_count; i++)
        run(seeds[i].at, seeds[i].count);
    for (uint64_t i = 0; i < runs; i++)
        run(mutant, mutant_of(&seeds[i % seed_count], mutant));
    printf("%zu seeds and %llu mutants: each was read or refused with a sentence\n", seed_count,
           (unsigned long long)runs);
}
