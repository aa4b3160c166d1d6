#include "options.h"

#include "command.h"
#include "dtype.h"
#include "logits_file.h"
#include "number.h"

#include <float.h>
#include <getopt.h>
#include <stdio.h>
#include <string.h>

/* One option: how it is written, who takes it, what it says, how its value gets into `options`. */
struct row {
    const char *name;
    char letter; /* 0: none */
    const char *argument;
    unsigned commands;
    bool (*take)(struct options *options, const char *value); /* NULL: it is a setting */
    const char *allowed;                                      /* after "must be"; a setting knows its own */
    const char *help;
};

/* Each returns false where the value is not allowed. */
static bool take_temperature(struct options *options, const char *value) {
    int at = options->temperature_count;
    return options->temperature_count++ < MAX_TEMPERATURES &&
           number_parse_real(value, 0, FLT_MAX, &options->temperatures[at]);
}

static bool take_settings(struct options *options, const char *value) {
    options->settings_path = value;
    return *value != '\0';
}
static bool take_seed_file(struct options *options, const char *value) {
    options->seed_file = value;
    return *value != '\0';
}

static bool take_top_of(struct options *options, const char *value) {
    options->has_top_of = true;
    options->top_of = strcmp(value, "model") == 0 ? LOTTO_LOGPROBS_MODEL : LOTTO_LOGPROBS_KEPT;
    return options->top_of == LOTTO_LOGPROBS_MODEL || strcmp(value, "kept") == 0;
}
static bool take_tokens(struct options *options, const char *value) {
    options->tokens = value;
    return *value != '\0';
}

static bool take_signed(const char *value, uint64_t least, uint64_t most, int64_t *number) {
    uint64_t whole;
    if (!number_parse_whole(value, least, most, &whole))
        return false;
    *number = (int64_t)whole;
    return true;
}

static bool take_top(struct options *options, const char *value) {
    return take_signed(value, 1, MAX_VOCAB, &options->top);
}
static bool take_raw_vocab(struct options *options, const char *value) {
    options->has_raw_vocab = true;
    return take_signed(value, 1, MAX_VOCAB, &options->raw_vocab);
}

static bool take_raw_dtype(struct options *options, const char *value) {
    options->has_raw_dtype = true;
    return dtype_of_name(value, &options->raw_dtype);
}
static bool take_as(struct options *options, const char *value) {
    options->has_as = true;
    return dtype_of_name(value, &options->as);
}

static bool take_rows(struct options *options, const char *value) {
    char begin[24];
    const char *colon = strchr(value, ':');
    if (colon == NULL || (size_t)(colon - value) >= sizeof begin)
        return false;
    memcpy(begin, value, (size_t)(colon - value));
    begin[colon - value] = '\0';
    options->has_rows = true;
    return take_signed(begin, 0, INT64_MAX - 1, &options->rows_begin) &&
           take_signed(colon + 1, (uint64_t)options->rows_begin + 1, INT64_MAX, &options->rows_end);
}

static bool take_row(struct options *options, const char *value) {
    options->has_row = true;
    if (!take_signed(value, 0, INT64_MAX - 1, &options->rows_begin))
        return false;
    options->rows_end = options->rows_begin + 1;
    return true;
}

static bool take_text(struct options *options, const char *value) {
    options->text_path = value;
    return *value != '\0';
}
static bool take_output(struct options *options, const char *value) {
    options->output_path = value;
    return *value != '\0';
}
static bool take_tensor(struct options *options, const char *value) {
    options->tensor = value;
    return *value != '\0';
}

static bool take_device(struct options *options, const char *value) {
    return device_choice_of_name(value, &options->device);
}

static bool take_verify(struct options *options, const char *value) {
    (void)value;
    options->verify = true;
    return true;
}
static bool take_explain(struct options *options, const char *value) {
    (void)value;
    options->explain = true;
    return true;
}
static bool take_json(struct options *options, const char *value) {
    (void)value;
    options->json = true;
    return true;
}
static bool take_help(struct options *options, const char *value) {
    (void)value;
    options->help = true;
    return true;
}
static bool take_version(struct options *options, const char *value) {
    (void)value;
    options->version = true;
    return true;
}

#define DRAWING (COMMAND_SAMPLE | COMMAND_PROBS)
#define WITH_TEXT (COMMAND_SAMPLE | COMMAND_TOP_K | COMMAND_TOP_P | COMMAND_LOGPROBS | COMMAND_SHOW)

static const struct row rows[] = {
    {"temperature", 0, "T", DRAWING | COMMAND_SOFTMAX | COMMAND_TOP_P, NULL, NULL,
     "divide the logits by T (default 1); below 0.000001: greedy"},
    {"temperature", 0, "T", COMMAND_SHOW, take_temperature,
     "a finite number, 0 or more, given at most 16 times",
     "a temperature to show; may be repeated (default 0.5, 1 and 2)"},
    {"temperature-last", 0, NULL, DRAWING, NULL, NULL,
     "let the filters judge the logits as if T were 1; T is for the draw alone"},
    {"top-k", 0, "K", DRAWING, NULL, NULL, "keep the K likeliest tokens (default 0, off)"},
    {"top-k", 'k', "K", COMMAND_TOP_K, NULL, NULL,
     "how many tokens of each row; 0 or beyond the vocabulary: every one"},
    {"top-p", 0, "P", DRAWING, NULL, NULL,
     "keep the shortest list of likeliest tokens that reaches the mass P (default 1, off)"},
    {"top-p", 'p', "P", COMMAND_TOP_P, NULL, NULL, "the mass that the nucleus must reach"},
    {"min-p", 0, "M", DRAWING, NULL, NULL,
     "keep tokens at least M times as likely as the likeliest (default 0, off)"},
    {"order", 0, "ORDER", DRAWING, NULL, NULL,
     "sequential: min-p, then top-k, then top-p over what is left (default);\n"
     "min-p-last: top-k, then top-p, then min-p;\n"
     "joint: each judged on the full row, the shortest list wins"},
    {"allowed", 0, "IDS", DRAWING, NULL, NULL, "only these tokens, as 5,7,9"},
    {"banned", 0, "IDS", DRAWING, NULL, NULL, "without these tokens"},
    {"stop", 0, "IDS", DRAWING, NULL, NULL,
     "without these while there are fewer than --min-length output ids"},
    {"min-length", 0, "N", DRAWING, NULL, NULL, "how many tokens of output --stop waits for"},
    {"logit-bias", 0, "ID:B,...", DRAWING, NULL, NULL, "add B to the logit of ID, as 5:-2.5,7:1"},
    {"prompt-ids", 0, "IDS", DRAWING, NULL, NULL, "the prompt's tokens, for the repetition penalty"},
    {"output-ids", 0, "IDS", DRAWING, NULL, NULL,
     "the tokens generated so far, for the penalties and --stop"},
    {"repetition-penalty", 0, "R", DRAWING, NULL, NULL,
     "divide the logit of each token of prompt and output by R where it is above 0, multiply it elsewhere "
     "(default 1, off)"},
    {"frequency-penalty", 0, "F", DRAWING, NULL, NULL,
     "take F from a token's logit each time that it stands in the output (default 0, off)"},
    {"presence-penalty", 0, "Q", DRAWING, NULL, NULL,
     "take Q from it once if it stands in the output (default 0, off)"},
    {"settings", 0, "FILE", DRAWING, take_settings, "the name of a file",
     "JSON: an object of settings for all rows, or an array with one for each row of the logits' file; an "
     "option beside it wins, for every row. Keys: temperature, temperature_last, top_k, top_p, min_p, order, "
     "seed, position, draws, top_logprobs, allowed, banned, logit_bias ({\"5\": -2.5}), "
     "repetition_penalty, frequency_penalty, presence_penalty, prompt, output, stop, min_length. The order "
     "must be the same for every row; a seed in an array is the row's own, at most 9223372036854775807"},
    {"seed", 0, "S", COMMAND_SAMPLE, NULL, NULL,
     "row r of the file draws with the seed S + r, modulo 2^64 (default 0)"},
    {"seed-file", 0, "FILE", COMMAND_SAMPLE, take_seed_file, "the name of a file",
     "a seed a line instead, as many as the file has rows"},
    {"position", 0, "N", COMMAND_SAMPLE, NULL, NULL,
     "the place in the sequence that the draw is for (default 0)"},
    {"draws", 0, "D", COMMAND_SAMPLE, NULL, NULL,
     "draw D tokens, independently, from the one distribution; the first is what 1 gives (default 1)"},
    {"top-logprobs", 0, "N", COMMAND_SAMPLE, NULL, NULL,
     "list each row's N likeliest tokens, 64 at most, with their logprobs (default 0, off)"},
    {"top-logprobs-of", 0, "WHICH", COMMAND_SAMPLE, take_top_of, "kept or model",
     "kept: by the distribution that is drawn from (default);\n"
     "model: by the logits as they are, at temperature 1"},
    {"tokens", 0, "IDS", COMMAND_LOGPROBS, take_tokens, "token ids, as in 5,7,9",
     "the token that is asked about, one for all rows or one for each row of the logits' file, as 5,7,9"},
    {"explain", 0, NULL, COMMAND_SAMPLE, take_explain, NULL,
     "say of one row, picked by --rows, what each step left, removed and changed, and why"},
    {"text", 0, "FILE", WITH_TEXT, take_text, "the name of a file",
     "the tokens' text, a JSON array of strings; X.vocab.json beside X.safetensors "
     "is found by itself"},
    {"output", 'o', "OUT.npy", COMMAND_PROBS | COMMAND_SOFTMAX, take_output, "the name of a file",
     "where to write the probabilities: float32 [rows, vocabulary]"},
    {"row", 0, "R", COMMAND_SHOW, take_row, "a whole number, 0 or more",
     "the row to show, the first being 0 (default 0)"},
    {"top", 0, "N", COMMAND_SHOW, take_top, "a whole number from 1 to 1048576",
     "how many tokens to show (default 10)"},
    {"device", 0, "DEVICE", COMMANDS_READING, take_device, "auto, cuda, virtual or reference",
     "cuda: a GPU; virtual: the virtual GPU; reference: the CPU reference;\n"
     "auto: cuda if there is a GPU, else virtual (default)"},
    {"rows", 0, "A:B", COMMANDS_READING, take_rows, "A:B with whole numbers A < B",
     "only the rows from A up to, and without, B"},
    {"dtype", 0, "DTYPE", COMMANDS_READING, take_raw_dtype, "f32, f16 or bf16",
     "FILE is raw: nothing but values of this type, f32, f16 or bf16"},
    {"vocab-size", 0, "V", COMMANDS_READING, take_raw_vocab, "a whole number from 1 to 1048576",
     "FILE is raw: rows of V values"},
    {"tensor", 0, "NAME", COMMANDS_READING, take_tensor, "a tensor's name",
     "which tensor of a .safetensors file (default: logits, else the only one "
     "of two dimensions)"},
    {"as", 0, "DTYPE", COMMANDS_READING, take_as, "f32, f16 or bf16",
     "round the logits to this type first, to nearest, ties to even"},
    {"verify", 0, NULL, COMMANDS_READING, take_verify, NULL,
     "compare every output with the CPU reference, bit for bit; fail on a difference"},
    {"json", 0, NULL, COMMANDS_READING, take_json, NULL,
     "print JSON Lines; a number that is infinite is null"},
    {"help", 'h', NULL, COMMANDS_ALL, take_help, NULL, "print this help"},
    {"version", 0, NULL, COMMANDS_ALL, take_version, NULL, "print the version"},
};
enum { ROWS = sizeof rows / sizeof *rows };

/* getopt_long answers with the row's index, above every letter. */
enum { FIRST_INDEX = 1000 };

static const struct row *row_of_letter(const struct command *command, int letter) {
    for (int i = 0; i < ROWS; i++)
        if (rows[i].commands & command->id && rows[i].letter == letter)
            return &rows[i];
    return NULL;
}

static bool known_elsewhere(const char *argument) {
    if (strncmp(argument, "--", 2) != 0)
        return false;
    size_t length = strcspn(argument + 2, "=");
    for (int i = 0; i < ROWS; i++)
        if (strlen(rows[i].name) == length && strncmp(rows[i].name, argument + 2, length) == 0)
            return true;
    return false;
}

/* What getopt_long did not take: argument is the word it stood at, option what it says of it. */
static bool refuse(const struct command *command, const char *argument, int option, struct error *error) {
    const char *name = command->name;
    if (option >= FIRST_INDEX)
        return usage_error(error, "--%s takes no value", rows[option - FIRST_INDEX].name);
    if (option != 0)
        return usage_error(error, "-%c is not an option of lotto %s (see lotto %s --help)", option, name,
                           name);
    int length = (int)strcspn(argument, "=");
    if (known_elsewhere(argument))
        return usage_error(error, "%.*s is not an option of lotto %s (see lotto %s --help)", length, argument,
                           name, name);
    return usage_error(error, "%.*s is not an option, or may stand for several (see lotto %s --help)", length,
                       argument, name);
}

static bool take(struct options *options, const struct row *row, const char *value, struct error *error) {
    if (row->take == NULL)
        return settings_take_text(&options->settings, settings_of_option(row->name), value, error);
    if (row->take(options, value))
        return true;
    return usage_error(error, "--%s is '%s'; must be %s", row->name, value, row->allowed);
}

/* What no single option can know. */
static bool check_together(const struct options *options, struct error *error) {
    if (options->command->id == COMMAND_DEVICES)
        return true;
    if (options->file == NULL)
        return usage_error(error, "no FILE given (see lotto %s --help)", options->command->name);
    if (options->command->id == COMMAND_TOP_K && !settings_give(&options->settings, SETTING_TOP_K))
        return usage_error(error, "-k K is missing");
    if (options->command->id == COMMAND_TOP_P && !settings_give(&options->settings, SETTING_TOP_P))
        return usage_error(error, "-p P is missing");
    if (options->command->id & (COMMAND_PROBS | COMMAND_SOFTMAX) && options->output_path == NULL)
        return usage_error(error, "-o OUT.npy is missing");
    if (options->command->id == COMMAND_LOGPROBS && options->tokens == NULL)
        return usage_error(error, "--tokens IDS is missing");
    if (options->has_raw_dtype != options->has_raw_vocab)
        return usage_error(error, "a raw file needs both --dtype and --vocab-size; --%s is missing",
                           options->has_raw_dtype ? "vocab-size" : "dtype");
    if (options->has_raw_dtype && options->tensor != NULL)
        return usage_error(error, "--tensor is for .safetensors and --dtype for raw files; give one");
    if (options->verify && options->device == DEVICE_REFERENCE)
        return usage_error(error, "--verify compares with the reference, so --device must not be reference");
    if (settings_give(&options->settings, SETTING_SEED) && options->seed_file != NULL)
        return usage_error(error, "give --seed or --seed-file, not both");
    if (options->has_row && options->has_rows)
        return usage_error(error, "give --row or --rows, not both");
    if (options->explain && options->json)
        return usage_error(error, "--explain is for people to read; leave --json off");
    if (options->explain && settings_give(&options->settings, SETTING_TOP_LOGPROBS))
        return usage_error(error, "--explain lists what is kept itself; leave --top-logprobs off");
    if (options->settings_path == NULL && !settings_check(&options->settings, error)) {
        error->exit_status = EXIT_USAGE;
        return false;
    }
    return true;
}

bool options_parse(struct options *options, const struct command *command, int count, char **arguments,
                   struct error *error) {
    struct option known[ROWS + 1] = {0};
    char letters[2 * ROWS + 2] = ":";
    int known_count = 0;
    for (int i = 0; i < ROWS; i++) {
        if (!(rows[i].commands & command->id))
            continue;
        known[known_count++] = (struct option){
            rows[i].name, rows[i].argument ? required_argument : no_argument, NULL, FIRST_INDEX + i};
        if (rows[i].letter != 0)
            strcat(strncat(letters, &rows[i].letter, 1), rows[i].argument ? ":" : "");
    }

    *options = (struct options){.command = command, .settings = SETTINGS_INIT, .top = 10};
    opterr = 0;
    optind = 1;
    int answer;
    while ((answer = getopt_long(count, arguments, letters, known, NULL)) != -1) {
        if (answer == ':')
            return usage_error(error, "%s needs a value", arguments[optind - 1]);
        if (answer == '?')
            return refuse(command, arguments[optind - 1], optopt, error);
        const struct row *row =
            answer >= FIRST_INDEX ? &rows[answer - FIRST_INDEX] : row_of_letter(command, answer);
        if (!take(options, row, optarg, error))
            return false;
        if (options->help || options->version)
            return true;
    }
    if (optind < count && command->id == COMMAND_DEVICES)
        return usage_error(error, "lotto devices takes no FILE, and '%s' was given", arguments[optind]);
    if (optind < count)
        options->file = arguments[optind++];
    if (optind < count)
        return usage_error(error, "one FILE at a time: '%s' is one too many", arguments[optind]);
    return check_together(options, error);
}

void options_free(struct options *options) { settings_free(&options->settings); }

enum { HELP_INDENT = 24, HELP_COLUMNS = 80 - HELP_INDENT };

/* How much of the text goes on one line: up to its own line break, else to the last word that fits. */
static int line_length(const char *text) {
    int length = (int)strcspn(text, "\n");
    if (length <= HELP_COLUMNS)
        return length;
    for (length = HELP_COLUMNS; text[length] != ' ';)
        length--;
    return length;
}

static void print_option(const struct row *row) {
    char head[64];
    char letter[] = {'-', row->letter, ',', ' ', '\0'};
    int length = snprintf(head, sizeof head, "%s--%s%s%s", row->letter != 0 ? letter : "", row->name,
                          row->argument ? " " : "", row->argument ? row->argument : "");
    printf("  %-*s", HELP_INDENT - 2, head);
    if (length > HELP_INDENT - 3)
        printf("\n%*s", HELP_INDENT, "");
    for (const char *line = row->help; *line != '\0';) {
        int columns = line_length(line);
        printf("%*s%.*s\n", line == row->help ? 0 : HELP_INDENT, "", columns, line);
        line += columns;
        if (*line != '\0')
            line++;
    }
}

void options_print_help(const struct command *command) {
    for (int i = 0; i < ROWS; i++)
        if (rows[i].commands & command->id)
            print_option(&rows[i]);
}
