#include "gpus.h"

#include "record.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* The same arguments and, behind the other options, which they outweigh, the GPU and the format. */
static char **arguments_for(const struct bench_options *options, char *gpu) {
    char **arguments = calloc((size_t)options->argument_count + 4, sizeof *arguments);
    char *further[] = {"--gpu", gpu, "--json"};
    int from = 0, to = 0;
    if (arguments == NULL)
        return NULL;
    while (from < options->argument_count && strcmp(options->arguments[from], "--") != 0)
        arguments[to++] = options->arguments[from++];
    for (int i = 0; i < 3; i++)
        arguments[to++] = further[i];
    while (from < options->argument_count)
        arguments[to++] = options->arguments[from++];
    return arguments;
}

/* The process; its standard output comes back in *records. */
static pid_t start(const struct bench_options *options, char *gpu, FILE **records, struct error *error) {
    char **arguments = arguments_for(options, gpu);
    int ends[2];
    if (arguments == NULL || pipe(ends) != 0) {
        free(arguments);
        return failure(error, "starting a process for %s: %s", gpu, strerror(errno)), -1;
    }
    pid_t process = fork();
    if (process == 0) {
        dup2(ends[1], STDOUT_FILENO);
        close(ends[0]);
        close(ends[1]);
        execv("/proc/self/exe", arguments);
        _exit(EXIT_FAILED);
    }
    free(arguments);
    close(ends[1]);
    *records = fdopen(ends[0], "r");
    if (process < 0)
        failure(error, "starting a process for %s: %s", gpu, strerror(errno));
    return process;
}

static bool print_records(FILE *records, enum format format, struct error *error) {
    json_t *record;
    json_error_t reason;
    char *line = NULL;
    size_t bytes = 0;
    bool good = true;
    while (good && getline(&line, &bytes, records) > 0) {
        record = json_loads(line, 0, &reason);
        good = record != NULL || failure(error, "a GPU's process printed no record: %s", reason.text);
        if (good)
            record_print(record, format);
        json_decref(record);
    }
    free(line);
    return good;
}

bool gpus_run(struct bench_options *options, int *exit_status, struct error *error) {
    bool good = true;
    *exit_status = EXIT_DONE;
    for (int i = 0; i < options->gpu_count && good && *exit_status == EXIT_DONE; i++) {
        FILE *records = NULL;
        int status = 0;
        pid_t process = start(options, options->gpus[i], &records, error);
        if (process < 0)
            return false;
        good = print_records(records, options->format, error);
        fclose(records);
        waitpid(process, &status, 0);
        *exit_status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    }
    return good;
}
