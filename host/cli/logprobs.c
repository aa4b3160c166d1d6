/* lotto logprobs: how likely given tokens are. */
#include "command.h"
#include "job.h"
#include "number.h"
#include "print_json.h"
#include "print_text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct judging {
    struct job *job;
    int32_t *given; /* one for all rows, or one for each row of the file */
    int64_t given_count;
    int32_t *tokens; /* of the part at hand */
    struct request request;
    struct results results;
};

/* "5,7,9"; to be freed, as *count is told. NULL with an error where it is none. */
static int32_t *read_tokens(const char *text, int64_t *count, struct error *error) {
    size_t bytes = strlen(text) + 1;
    char *copy = allocate(error, bytes);
    int32_t *tokens =
        copy != NULL ? allocate(error, bytes * sizeof *tokens) : NULL; /* a character each at least */
    bool good = tokens != NULL;
    char *rest = good ? memcpy(copy, text, bytes) : NULL, *word;
    for (*count = 0; good && (word = strsep(&rest, ",")) != NULL; ++*count) {
        uint64_t token;
        good = number_parse_whole(word, 0, INT32_MAX, &token);
        tokens[*count] = (int32_t)token;
    }
    free(copy);
    if (good)
        return tokens;
    if (tokens != NULL)
        usage_error(error, "--tokens is '%s'; must be token ids from 0 to 2147483647, as in 5,7,9", text);
    free(tokens);
    return NULL;
}

static void print_heading(const struct job *job) {
    printf("%8s  %8s  %*s%12s  %7s\n", "row", "token", job->vocabulary.texts != NULL ? 26 : 0, "", "logprob",
           "rank");
}

static void print_line(const struct judging *judging, int64_t row) {
    const struct job *job = judging->job;
    printf("%8lld  ", (long long)(job->first + row));
    print_entry(&job->vocabulary, judging->tokens[row]);
    printf("%12.6g  %7d", (double)*results_reals(&judging->results, LOGPROBS_LOGPROB, row),
           (int)*results_integers(&judging->results, LOGPROBS_RANK, row));
    print_status(results_status(&judging->results, row));
    printf("\n");
}

static bool print_object(const struct judging *judging, int64_t row, struct error *error) {
    const struct job *job = judging->job;
    const struct results *results = &judging->results;
    int32_t token = judging->tokens[row];
    return print_json(json_pack("{sI si so so si so}", "row", (json_int_t)(job->first + row), "token",
                                (int)token, "text", json_of_text(vocabulary_text(&job->vocabulary, token)),
                                "logprob", json_of_real(*results_reals(results, LOGPROBS_LOGPROB, row)),
                                "rank", (int)*results_integers(results, LOGPROBS_RANK, row), "status",
                                json_of_status(results_status(results, row))),
                      error);
}

static bool print_part(const struct judging *judging, struct error *error) {
    const struct job *job = judging->job;
    if (job->first == job->begin && !job->options->json)
        print_heading(job);
    for (int64_t row = 0; row < job->rows; row++) {
        if (!job->options->json)
            print_line(judging, row);
        else if (!print_object(judging, row, error))
            return false;
    }
    return terminal_flush(error);
}

static bool judge_all(struct judging *judging, struct error *error) {
    struct job *job = judging->job;
    struct progress progress;
    progress_start(&progress, "rows", job->end - job->begin);
    while (job_next(job, error)) {
        for (int64_t row = 0; row < job->rows; row++)
            judging->tokens[row] = judging->given[judging->given_count > 1 ? job->first + row : 0];
        if (!job_run(job, &judging->request, &judging->results, error))
            break;
        progress_clear(&progress);
        if (!print_part(judging, error))
            break;
        progress_show(&progress, job->first + job->rows - job->begin);
    }
    progress_clear(&progress);
    if (error->exit_status != EXIT_DONE)
        return false;
    if (!job->options->json)
        job_print_summary(job, "");
    return terminal_flush(error);
}

static bool judge(struct judging *judging, struct error *error) {
    struct job *job = judging->job;
    int64_t rows = job->file.layout.rows;
    if (judging->given_count != 1 && judging->given_count != rows)
        return usage_error(error, "--tokens has %lld; must have 1 or %lld, one for each row",
                           (long long)judging->given_count, (long long)rows);
    /* The token too has an element a row. */
    if (!job_divide(job, request_row_elements(&judging->request, job->vocab) + 1, job->end - job->begin,
                    error))
        return false;
    judging->tokens = allocate(error, (uint64_t)job->part_rows * sizeof *judging->tokens);
    judging->request.tokens = judging->tokens;
    return judging->tokens != NULL &&
           results_allocate(&judging->results, &judging->request, job->vocab, job->part_rows, error) &&
           judge_all(judging, error);
}

bool logprobs_command(const struct options *options, struct error *error) {
    struct job job;
    struct judging judging = {.job = &job, .request = {.operation = OPERATION_LOGPROBS}};
    judging.given = read_tokens(options->tokens, &judging.given_count, error);
    if (judging.given == NULL || !job_open(&job, options, error)) {
        free(judging.given);
        return false;
    }
    bool good = judge(&judging, error);
    results_free(&judging.results);
    free(judging.tokens);
    free(judging.given);
    job_close(&job);
    return good;
}
