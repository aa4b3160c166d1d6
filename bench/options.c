#include "options.h"

#include "host/cli/dtype.h"
#include "host/cli/logits_file.h"
#include "host/cli/number.h"
#include "peer.h"

#include <getopt.h>
#include <stdio.h>
#include <string.h>

/* An option that is no axis. */
struct row {
    const char *name, *argument;
    bool (*take)(struct bench_options *options, const char *value);
    const char *allowed, *help;
};

/* Copies the list's next word and goes behind it and its comma; *list is NULL after the last. False where it is empty or too long. */
static bool next_word(const char **list, char *word, size_t bytes) {
    size_t length = strcspn(*list, ",");
    if (length == 0 || length >= bytes)
        return false;
    memcpy(word, *list, length);
    word[length] = '\0';
    *list = (*list)[length] == ',' ? *list + length + 1 : NULL;
    return true;
}

static unsigned peer_by_name(const char *name) {
    if (strcmp(name, "all") == 0)
        return (1u << PEERS) - 1;
    for (int i = 0; i < PEERS; i++)
        if (strcmp(name, peers[i]->name) == 0)
            return 1u << i;
    return 0;
}

static bool take_peers(struct bench_options *options, const char *value) {
    char word[32];
    options->peers = 0;
    do {
        unsigned peer = next_word(&value, word, sizeof word) ? peer_by_name(word) : 0;
        if (peer == 0)
            return false;
        options->peers |= peer;
    } while (value != NULL);
    return true;
}

static bool take_gpus(struct bench_options *options, const char *value) {
    options->gpu_count = 0;
    do {
        if (options->gpu_count == MAX_GPUS ||
            !next_word(&value, options->gpus[options->gpu_count++], sizeof *options->gpus))
            return false;
    } while (value != NULL);
    return true;
}

static bool take_device(struct bench_options *options, const char *value) {
    return device_choice_of_name(value, &options->device) && options->device != DEVICE_REFERENCE;
}

static bool take_tensor(struct bench_options *options, const char *value) {
    options->tensor = value;
    return *value != '\0';
}

static bool take_raw(struct bench_options *options, const char *value) {
    char dtype[8];
    uint64_t vocab;
    const char *colon = strchr(value, ':');
    if (colon == NULL || (size_t)(colon - value) >= sizeof dtype)
        return false;
    memcpy(dtype, value, (size_t)(colon - value));
    dtype[colon - value] = '\0';
    if (!dtype_of_name(dtype, &options->raw_dtype) || !number_parse_whole(colon + 1, 1, MAX_VOCAB, &vocab))
        return false;
    options->is_raw = true;
    options->raw_vocab = (int64_t)vocab;
    return true;
}

static bool take_seed(struct bench_options *options, const char *value) {
    return number_parse_whole(value, 0, UINT64_MAX, &options->seed);
}

static bool take_count(const char *value, int64_t *count) {
    uint64_t number;
    bool good = number_parse_whole(value, 1, INT32_MAX, &number);
    *count = (int64_t)number;
    return good;
}

static bool take_check(struct bench_options *options, const char *value) {
    if (strcmp(value, "all") != 0)
        return take_count(value, &options->checked_rows);
    options->checked_rows = INT64_MAX;
    return true;
}

static bool take_repeat(struct bench_options *options, const char *value) {
    return take_count(value, &options->repeats);
}

static bool take_time(struct bench_options *options, const char *value) {
    (void)value;
    return options->time = true;
}
static bool take_csv(struct bench_options *options, const char *value) {
    (void)value;
    options->format = FORMAT_CSV;
    return true;
}
static bool take_json(struct bench_options *options, const char *value) {
    (void)value;
    options->format = FORMAT_JSON;
    return true;
}
static bool take_help(struct bench_options *options, const char *value) {
    (void)value;
    return options->help = true;
}
static bool take_version(struct bench_options *options, const char *value) {
    (void)value;
    return options->version = true;
}

#define WHOLE_OR "a whole number from 1 to 2147483647"

static const struct row rows[] = {
    {"seed", "S", take_seed, "a whole number from 0 to 18446744073709551615",
     "of the made-up logits; row r draws with S + r (default 0)"},
    {"tensor", "NAME", take_tensor, "a tensor's name", "which tensor of a .safetensors FILE"},
    {"raw", "DTYPE:V", take_raw, "a dtype and a vocabulary, such as f32:32000",
     "FILE is raw: rows of V values of that type"},
    {"peer", "NAMES", take_peers, "lotto, sort, separate, flashinfer or all",
     "whose kernels: lotto, sort, separate, flashinfer, all (default lotto)"},
    {"device", "DEVICE", take_device, "auto, cuda or virtual",
     "cuda: a GPU; virtual: the virtual GPU; auto: cuda if there is one (default)"},
    {"gpu", "NAMES", take_gpus, "names of virtual GPUs, 8 at most",
     "virtual GPUs to run on, h100, a100 and so on, as scripts/vgpu takes them"},
    {"check", "N", take_check, WHOLE_OR ", or all",
     "rows compared with the reference (default: all up to 2^24 logits, else 64, evenly spread)"},
    {"repeat", "N", take_repeat, WHOLE_OR, "timed calls on a GPU, of which the median counts (default 200)"},
    {"time", NULL, take_time, NULL, "run what times also on the virtual GPU, which prints no time"},
    {"csv", NULL, take_csv, NULL, "print comma-separated values, every column"},
    {"json", NULL, take_json, NULL, "print JSON Lines, an object for each measurement"},
    {"help", NULL, take_help, NULL, "print this help"},
    {"version", NULL, take_version, NULL, "print the version"},
};
enum { ROWS = sizeof rows / sizeof *rows };

/* getopt_long answers with the place in both tables, one after the other, from here on. */
enum { FIRST_PLACE = 1000 };

static bool take(struct bench_options *options, int place, const char *value, struct error *error) {
    const char *name, *allowed;
    bool good;
    if (place < AXES) {
        const struct axis_words *words = axis_words((enum axis_name)place);
        name = words->option;
        allowed = words->allowed;
        good = axis_take(&options->axes, (enum axis_name)place, value);
        options->given[place] = true;
    } else {
        const struct row *row = &rows[place - AXES];
        name = row->name;
        allowed = row->allowed;
        good = row->take(options, value);
    }
    if (good)
        return true;
    return usage_error(error, "--%s is '%s'; must be %s%s", name, value, allowed,
                       place < AXES ? ", or a list of 32 at most with commas" : "");
}

/* What no single option can know. */
static bool check_together(const struct bench_options *options, struct error *error) {
    if (options->file == NULL && (options->is_raw || options->tensor != NULL))
        return usage_error(error, "--%s is for a FILE, and none is given",
                           options->is_raw ? "raw" : "tensor");
    if (options->is_raw && options->tensor != NULL)
        return usage_error(error, "--tensor is for .safetensors and --raw for raw files; give one");
    for (int name = 0; name < AXES; name++)
        if (options->file != NULL && options->given[name] &&
            (name == AXIS_VOCAB || name == AXIS_DISTRIBUTION))
            return usage_error(error, "--%s is for made-up logits; FILE has its own",
                               axis_words((enum axis_name)name)->option);
    if (options->gpu_count > 0 && options->device == DEVICE_CUDA)
        return usage_error(error, "--gpu is for the virtual GPU, so --device must not be cuda");
    if (options->peers & ~1u)
        for (int i = 0; i < options->axes.axis[AXIS_OPERATION].count; i++)
            if (options->axes.axis[AXIS_OPERATION].values[i] != OPERATION_SAMPLE)
                return usage_error(
                    error, "only lotto has the operation %s; the other peers sample",
                    operation_name((enum operation)options->axes.axis[AXIS_OPERATION].values[i]));
    return true;
}

bool options_parse_bench(struct bench_options *options, int count, char **arguments, struct error *error) {
    struct option known[AXES + ROWS + 1] = {0};
    for (int i = 0; i < AXES; i++)
        known[i] =
            (struct option){axis_words((enum axis_name)i)->option, required_argument, NULL, FIRST_PLACE + i};
    for (int i = 0; i < ROWS; i++)
        known[AXES + i] = (struct option){rows[i].name, rows[i].argument ? required_argument : no_argument,
                                          NULL, FIRST_PLACE + AXES + i};

    *options = (struct bench_options){
        .argument_count = count, .arguments = arguments, .peers = 1u << PEER_LOTTO, .repeats = 200};
    axes_reset(&options->axes);
    opterr = 0;
    int answer;
    while ((answer = getopt_long(count, arguments, ":h", known, NULL)) != -1) {
        if (answer == ':')
            return usage_error(error, "%s needs a value", arguments[optind - 1]);
        if (answer == 'h')
            options->help = true;
        else if (answer < FIRST_PLACE)
            return usage_error(
                error,
                "%s is not an option, may stand for several, or takes no value (see lotto bench --help)",
                arguments[optind - 1]);
        else if (!take(options, answer - FIRST_PLACE, optarg, error))
            return false;
        if (options->help || options->version)
            return true;
    }
    if (optind < count)
        options->file = arguments[optind++];
    if (optind < count)
        return usage_error(error, "one FILE at a time: '%s' is one too many", arguments[optind]);
    return check_together(options, error);
}

static void print_option(const char *name, const char *argument, const char *help) {
    char head[64];
    snprintf(head, sizeof head, "--%s%s%s", name, argument ? " " : "", argument ? argument : "");
    printf("  %-22s%s\n", head, help);
}

void options_print_bench_help(void) {
    printf("Axes, each a list such as 1,8,64; every combination is measured:\n");
    for (int i = 0; i < AXES; i++) {
        const struct axis_words *words = axis_words((enum axis_name)i);
        print_option(words->option, words->argument, words->help);
    }
    printf("\nOptions:\n");
    for (int i = 0; i < ROWS; i++)
        print_option(rows[i].name, rows[i].argument, rows[i].help);
}
