/* lotto: the command. Its commands, its help, and what becomes of an error. */
#include "command.h"
#include "terminal.h"
#include "text.h"

#include <locale.h>
#include <stdio.h>
#include <string.h>

#define SHIPPED "tests/data/smollm2-135m-instruct.f16.safetensors"

static const struct command commands[] = {
    {COMMAND_SAMPLE, "sample", "FILE [OPTION...]", "draw a token for each row of logits",
     "Draws one token for each row of logits in FILE and prints it with its\n"
     "probability, how many tokens the filters kept, and beside it the likeliest\n"
     "(greedy) token of the logits as they are.",
     "lotto sample " SHIPPED " \\\n"
     "    --temperature 0.8 --top-k 50 --top-p 0.95",
     sample_command},
    {COMMAND_PROBS, "probs", "FILE -o OUT.npy [OPTION...]", "write the probabilities that sample draws from",
     "Writes the distribution that lotto sample draws from: filtered, renormalised\n"
     "over what is kept, 0 for every other token.",
     "lotto probs " SHIPPED " --top-p 0.9 \\\n"
     "    -o probs.npy",
     distribution_command},
    {COMMAND_SOFTMAX, "softmax", "FILE -o OUT.npy [OPTION...]", "write the probabilities of every token",
     "Writes the probability of every token of each row at a temperature.",
     "lotto softmax " SHIPPED " \\\n"
     "    --temperature 0.7 -o softmax.npy",
     distribution_command},
    {COMMAND_TOP_K, "top-k", "FILE -k K [OPTION...]", "list the K likeliest tokens of each row",
     "Lists the K likeliest tokens of each row with their logits, likeliest first.",
     "lotto top-k " SHIPPED " -k 5", list_command},
    {COMMAND_TOP_P, "top-p", "FILE -p P [OPTION...]", "list each row's nucleus of mass P",
     "Lists the fewest likeliest tokens of each row whose probabilities reach P,\n"
     "with their logits, likeliest first.",
     "lotto top-p " SHIPPED " -p 0.9", list_command},
    {COMMAND_LOGPROBS, "logprobs", "FILE --tokens IDS [OPTION...]", "say how likely given tokens are",
     "Says how likely a given token of each row is: its logprob under the row's\n"
     "logits at temperature 1, and its rank among them.",
     "lotto logprobs " SHIPPED " \\\n"
     "    --rows 0:3 --tokens 7042",
     logprobs_command},
    {COMMAND_SHOW, "show", "FILE [OPTION...]", "draw the likeliest tokens as bars",
     "Draws the likeliest tokens of a row as bars: their logits, and their\n"
     "probabilities at each temperature.",
     "lotto show " SHIPPED " --row 2 \\\n"
     "    --temperature 0.5 --temperature 1.5",
     show_command},
    {COMMAND_DEVICES, "devices", "", "say what lotto can run on here, and why not on the rest",
     "Says what lotto can run on here, and why not on the rest.", "lotto devices", devices_command},
};
enum { COMMANDS = sizeof commands / sizeof *commands };

static void print_general_help(void) {
    printf("Usage: lotto COMMAND ...\n\n"
           "Turns batches of LLM logits into tokens: on a GPU, on a virtual GPU or on the\n"
           "CPU reference, with the same result.\n\n"
           "Commands:\n");
    for (int i = 0; i < COMMANDS; i++)
        printf("  %-9s %s\n", commands[i].name, commands[i].summary);
    printf("  %-9s %s\n", "bench", "measure what the operations cost (see lotto bench --help)");
    printf("\nFILE is .npy (float32 or float16), .safetensors (F32, F16 or BF16), raw with\n"
           "--dtype and --vocab-size, or - for standard input.\n\n"
           "Options:\n"
           "  -h, --help  print this help; after a command, that command's\n"
           "  --version   print the version\n\n"
           "Example:\n"
           "  %s\n\n"
           "Exit status: 0 done, 1 failed, 2 wrong usage, 86 the virtual GPU found a fault,\n"
           "87 it could not do its work.\n",
           commands[0].example);
}

static void print_help(const struct command *command) {
    printf("Usage: lotto %s%s%s\n\n%s\n\nOptions:\n", command->name, *command->synopsis != '\0' ? " " : "",
           command->synopsis, command->description);
    options_print_help(command);
    printf("\nExample:\n  %s\n", command->example);
}

static const struct command *find_command(const char *name) {
    for (int i = 0; i < COMMANDS; i++)
        if (strcmp(commands[i].name, name) == 0)
            return &commands[i];
    return NULL;
}

static bool run_command(const struct command *command, int count, char **arguments, struct error *error) {
    struct options options;
    bool good = options_parse(&options, command, count - 1, arguments + 1, error);
    options.program_arguments = arguments;
    if (good && !options.help && !options.version) {
        good = command->run(&options, error);
    } else if (good) {
        if (options.help)
            print_help(command);
        else
            printf("lotto %s\n", lotto_version());
        good = terminal_flush(error);
    }
    options_free(&options);
    return good;
}

static bool run(int count, char **arguments, struct error *error) {
    if (count < 2)
        return usage_error(error, "no command given (see lotto --help)");
    const char *first = arguments[1];
    bool wants_help = strcmp(first, "--help") == 0 || strcmp(first, "-h") == 0;
    if (!wants_help && strcmp(first, "--version") != 0) {
        if (strcmp(first, "bench") == 0)
            return bench_start(arguments + 1, error);
        const struct command *command = find_command(first);
        if (command == NULL)
            return usage_error(error, "'%s' is not a command of lotto (see lotto --help)", first);
        return run_command(command, count, arguments, error);
    }
    if (wants_help)
        print_general_help();
    else
        printf("lotto %s\n", lotto_version());
    return terminal_flush(error);
}

int main(int count, char **arguments) {
    struct error error = {EXIT_DONE, ""};
    setlocale(LC_CTYPE, "");
    if (run(count, arguments, &error))
        return EXIT_DONE;
    fprintf(stderr, "lotto: ");
    text_print_safe(stderr, error.text);
    fprintf(stderr, "\n");
    return error.exit_status;
}
