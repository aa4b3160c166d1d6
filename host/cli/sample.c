/* lotto sample: tokens for each row, and its likeliest ones. */
#include "command.h"
#include "explain.h"
#include "job.h"
#include "print_json.h"
#include "print_text.h"

#include <stdio.h>
#include <string.h>

/* Tokens drawn before any are printed; more only of a row alone. */
#define MOST_DRAWS (1 << 16)

struct columns {
    int row, context, position, draw, token, greedy; /* 0: not printed */
};

struct sampling {
    struct job *job;
    struct request sample, argmax;
    struct results samples;
    struct results greedy; /* text only */
    struct columns columns;
};

static int digits(int64_t number) { return snprintf(NULL, 0, "%lld", (long long)number); }

static struct columns choose_columns(const struct job *job) {
    struct columns columns = {.row = digits(job->end - 1), .token = 8, .greedy = 8};
    if (columns.row < 3)
        columns.row = 3;
    const struct row_settings *settings = &job->settings;
    if (settings->most_position > 0) {
        columns.position = digits((int64_t)settings->most_position);
        if (columns.position < 8)
            columns.position = 8;
    }
    if (settings->most_draws > 1) {
        columns.draw = digits((int64_t)settings->most_draws - 1);
        if (columns.draw < 4)
            columns.draw = 4;
    }
    if (job->vocabulary.texts != NULL)
        columns.token = columns.greedy = 15;
    if (job->vocabulary.rows != NULL) {
        int others = columns.row + columns.token + columns.greedy + 23 +
                     (columns.position ? columns.position + 2 : 0) + (columns.draw ? columns.draw + 2 : 0);
        columns.context = terminal_columns() - others;
        if (columns.context < 10)
            columns.context = 10;
        if (columns.context > 60)
            columns.context = 60;
    }
    return columns;
}

static void print_heading(const struct columns *columns) {
    printf("%*s", columns->row, "row");
    if (columns->context)
        printf("  %-*s", columns->context, "context ends");
    if (columns->position)
        printf("  %*s", columns->position, "position");
    if (columns->draw)
        printf("  %*s", columns->draw, "draw");
    printf("  %-*s     prob    kept  greedy\n", columns->token, "token");
}

static void print_line(const struct sampling *sampling, int64_t row, int64_t draw) {
    const struct columns *columns = &sampling->columns;
    const struct vocabulary *vocabulary = &sampling->job->vocabulary;
    printf("%*lld", columns->row, (long long)(sampling->job->first + row));
    if (columns->context) {
        struct text end = vocabulary_context_end(vocabulary, sampling->job->first + row);
        printf("  ");
        if (end.bytes == NULL)
            end = (struct text){"", 0};
        print_spaces(columns->context - text_print_quoted(stdout, end, columns->context, TEXT_END, false));
    }
    if (columns->position)
        printf("  %*llu", columns->position, (unsigned long long)sampling->job->controls.positions[row]);
    if (columns->draw)
        printf("  %*lld", columns->draw, (long long)draw);
    printf("  ");
    print_token_padded(vocabulary, results_integers(&sampling->samples, SAMPLE_TOKEN, row)[draw],
                       columns->token);
    printf("  ");
    print_prob(results_reals(&sampling->samples, SAMPLE_PROB, row)[draw]);
    printf("  %6d  ", (int)*results_integers(&sampling->samples, SAMPLE_KEPT, row));
    print_token(vocabulary, *results_integers(&sampling->greedy, ARGMAX_TOKEN, row), columns->greedy);
    print_status(results_status(&sampling->samples, row));
    printf("\n");
}

/* How many of the row's likeliest tokens are printed: as many as it asks for and has. */
static int64_t top_count(const struct sampling *sampling, int64_t row) {
    const struct job *job = sampling->job;
    int64_t asked = (int64_t)row_settings_of(&job->settings, job->first + row).top_logprobs, count = 0;
    while (count < asked && results_integers(&sampling->samples, SAMPLE_TOP_IDS, row)[count] >= 0)
        count++;
    return count;
}

static void print_top(const struct sampling *sampling, int64_t row) {
    for (int64_t i = 0; i < top_count(sampling, row); i++) {
        print_entry(&sampling->job->vocabulary, results_integers(&sampling->samples, SAMPLE_TOP_IDS, row)[i]);
        printf("%12.6g\n", (double)results_reals(&sampling->samples, SAMPLE_TOP_LOGPROBS, row)[i]);
    }
}

static void add_top(json_t *object, const struct sampling *sampling, int64_t row) {
    const struct vocabulary *vocabulary = &sampling->job->vocabulary;
    int64_t count = top_count(sampling, row);
    const int32_t *ids = results_integers(&sampling->samples, SAMPLE_TOP_IDS, row);
    const float *logprobs = results_reals(&sampling->samples, SAMPLE_TOP_LOGPROBS, row);
    json_object_set_new(object, "top_ids", json_of_ids(ids, count));
    if (vocabulary->texts != NULL)
        json_object_set_new(object, "top_texts", json_of_texts(vocabulary, ids, count));
    json_object_set_new(object, "top_logprobs", json_of_reals(logprobs, count));
}

static bool print_object(const struct sampling *sampling, int64_t row, int64_t draw, struct error *error) {
    const struct job *job = sampling->job;
    const struct results *samples = &sampling->samples;
    int32_t token = results_integers(samples, SAMPLE_TOKEN, row)[draw];
    json_t *object =
        json_pack("{sI sI sI si so so so so si so si so}", "row", (json_int_t)(job->first + row), "position",
                  (json_int_t)job->controls.positions[row], "draw", (json_int_t)draw, "token", (int)token,
                  "text", json_of_text(vocabulary_text(&job->vocabulary, token)), "prob",
                  json_of_real(results_reals(samples, SAMPLE_PROB, row)[draw]), "logprob",
                  json_of_real(results_reals(samples, SAMPLE_LOGPROB, row)[draw]), "model_logprob",
                  json_of_real(results_reals(samples, SAMPLE_MODEL_LOGPROB, row)[draw]), "kept",
                  (int)*results_integers(samples, SAMPLE_KEPT, row), "kept_mass",
                  json_of_real(*results_reals(samples, SAMPLE_KEPT_MASS, row)), "rank",
                  (int)results_integers(samples, SAMPLE_RANK, row)[draw], "entropy",
                  json_of_real(*results_reals(samples, SAMPLE_ENTROPY, row)));
    if (row_settings_of(&job->settings, job->first + row).top_logprobs > 0)
        add_top(object, sampling, row);
    json_object_set_new(object, "status", json_of_status(results_status(samples, row)));
    return print_json(object, error);
}

/* Of a row that asks for fewer draws than another, the first are what it would get alone. */
static bool print_row(const struct sampling *sampling, int64_t row, struct error *error) {
    const struct job *job = sampling->job;
    int64_t draws = (int64_t)row_settings_of(&job->settings, job->first + row).draws;
    for (int64_t draw = 0; draw < draws; draw++) {
        if (!job->options->json)
            print_line(sampling, row, draw);
        else if (!print_object(sampling, row, draw, error))
            return false;
    }
    if (!job->options->json)
        print_top(sampling, row);
    return true;
}

static bool print_part(const struct sampling *sampling, struct error *error) {
    const struct job *job = sampling->job;
    if (job->first == job->begin && !job->options->json)
        print_heading(&sampling->columns);
    for (int64_t row = 0; row < job->rows; row++)
        if (!print_row(sampling, row, error))
            return false;
    return terminal_flush(error);
}

static bool sample_part(struct sampling *sampling, struct progress *progress, struct error *error) {
    struct job *job = sampling->job;
    job_take_controls(job, &sampling->sample);
    if (!job->options->json && !job_run(job, &sampling->argmax, &sampling->greedy, error))
        return false;
    if (!job_run(job, &sampling->sample, &sampling->samples, error))
        return false;
    progress_clear(progress);
    if (!print_part(sampling, error))
        return false;
    progress_show(progress, (job->first + job->rows - job->begin) * sampling->sample.draws);
    return true;
}

static void print_summary(const struct sampling *sampling) {
    const struct job *job = sampling->job;
    char controls[512], seed[64] = "a seed a row", settings[640];
    controls_describe(controls, sizeof controls, &job->settings);
    if (job->options->seed_file == NULL && row_settings_shares_seed(&job->settings))
        snprintf(seed, sizeof seed, "seed %llu", (unsigned long long)row_settings_of(&job->settings, 0).seed);
    snprintf(settings, sizeof settings, "%s, %s", controls, seed);
    job_print_summary(job, settings);
}

static bool sample_all(struct sampling *sampling, struct error *error) {
    struct job *job = sampling->job;
    struct progress progress;
    bool is_text = !job->options->json;
    progress_start(&progress, "tokens", (job->end - job->begin) * sampling->sample.draws);
    while (job_next(job, error))
        if (!sample_part(sampling, &progress, error))
            break;
    progress_clear(&progress);
    if (error->exit_status != EXIT_DONE)
        return false;
    if (is_text)
        print_summary(sampling);
    return terminal_flush(error);
}

/* For the rows that ask for most; the others leave what is too much. */
static struct request sample_request(const struct job *job) {
    return (struct request){.operation = OPERATION_SAMPLE,
                            .places = (int64_t)job->settings.most_top_logprobs,
                            .draws = (int32_t)job->settings.most_draws,
                            .top_of = job->options->top_of};
}

static bool sample_job(struct job *job, struct error *error) {
    if (job->options->explain)
        return explain_row(job, error);
    if (job->options->has_top_of && job->settings.most_top_logprobs == 0)
        return usage_error(error,
                           "--top-logprobs-of says whose logprobs are listed; give --top-logprobs N with it");
    struct sampling sampling = {.job = job,
                                .sample = sample_request(job),
                                .argmax = {OPERATION_ARGMAX, LOTTO_CONTROLS_INIT, 0},
                                .columns = choose_columns(job)};
    bool good = job_divide(job, request_row_elements(&sampling.sample, job->vocab),
                           MOST_DRAWS / sampling.sample.draws, error) &&
                results_allocate(&sampling.samples, &sampling.sample, job->vocab, job->part_rows, error) &&
                results_allocate(&sampling.greedy, &sampling.argmax, job->vocab, job->part_rows, error) &&
                sample_all(&sampling, error);
    results_free(&sampling.samples);
    results_free(&sampling.greedy);
    return good;
}

bool sample_command(const struct options *options, struct error *error) {
    struct job job;
    if (!job_open(&job, options, error))
        return false;
    bool good = sample_job(&job, error);
    job_close(&job);
    return good;
}
