/* lotto sample: one token a row and draw. */
#include "command.h"
#include "explain.h"
#include "job.h"
#include "print_json.h"
#include "print_text.h"

#include <stdio.h>
#include <string.h>

/* Tokens drawn before any are printed. */
#define MOST_DRAWS (1 << 16)

struct columns {
    int row, context, position, token, greedy; /* 0: not printed */
};

struct sampling {
    struct job *job;
    struct request sample, argmax;
    struct results samples; /* [draws at once, rows] */
    struct results greedy;  /* [rows]; text only */
    struct columns columns;
};

static int digits(int64_t number) { return snprintf(NULL, 0, "%lld", (long long)number); }

static struct columns choose_columns(const struct job *job) {
    struct columns columns = {.row = digits(job->end - 1), .token = 8, .greedy = 8};
    if (columns.row < 3)
        columns.row = 3;
    const struct row_settings *settings = &job->settings;
    if (settings->draws > 1 || settings->most_position > 0) {
        columns.position = digits((int64_t)(settings->most_position + settings->draws - 1));
        if (columns.position < 8)
            columns.position = 8;
    }
    if (job->vocabulary.texts != NULL)
        columns.token = columns.greedy = 15;
    if (job->vocabulary.rows != NULL) {
        int others =
            columns.row + columns.token + columns.greedy + 23 + (columns.position ? columns.position + 2 : 0);
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
    printf("  %-*s     prob    kept  greedy\n", columns->token, "token");
}

static void print_line(const struct sampling *sampling, int64_t row, int64_t position, int64_t at) {
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
        printf("  %*lld", columns->position, (long long)position);
    printf("  ");
    print_token_padded(vocabulary, *results_integers(&sampling->samples, SAMPLE_TOKEN, at), columns->token);
    printf("  ");
    print_prob(*results_reals(&sampling->samples, SAMPLE_PROB, at));
    printf("  %6d  ", (int)*results_integers(&sampling->samples, SAMPLE_KEPT, at));
    print_token(vocabulary, *results_integers(&sampling->greedy, ARGMAX_TOKEN, row), columns->greedy);
    print_status(results_status(&sampling->samples, at));
    printf("\n");
}

static bool print_object(const struct sampling *sampling, int64_t row, int64_t position, int64_t at,
                         struct error *error) {
    const struct results *samples = &sampling->samples;
    int32_t token = *results_integers(samples, SAMPLE_TOKEN, at);
    return print_json(json_pack("{sI sI si so so so so si so si so}", "row",
                                (json_int_t)(sampling->job->first + row), "position", (json_int_t)position,
                                "token", (int)token, "text",
                                json_of_text(vocabulary_text(&sampling->job->vocabulary, token)), "prob",
                                json_of_real(*results_reals(samples, SAMPLE_PROB, at)), "logprob",
                                json_of_real(*results_reals(samples, SAMPLE_LOGPROB, at)), "model_logprob",
                                json_of_real(*results_reals(samples, SAMPLE_MODEL_LOGPROB, at)), "kept",
                                (int)*results_integers(samples, SAMPLE_KEPT, at), "kept_mass",
                                json_of_real(*results_reals(samples, SAMPLE_KEPT_MASS, at)), "rank",
                                (int)*results_integers(samples, SAMPLE_RANK, at), "status",
                                json_of_status(results_status(samples, at))),
                      error);
}

/* The rows of the part at hand, the draws of each together. */
static bool print_part(const struct sampling *sampling, int64_t first_draw, int64_t draws,
                       struct error *error) {
    const struct options *options = sampling->job->options;
    int64_t rows = sampling->job->rows;
    bool is_beginning = sampling->job->first == sampling->job->begin && first_draw == 0;
    if (is_beginning && !options->json)
        print_heading(&sampling->columns);
    for (int64_t row = 0; row < rows; row++) {
        for (int64_t draw = 0; draw < draws; draw++) {
            int64_t at = draw * rows + row;
            int64_t position = (int64_t)sampling->job->controls.positions[row] + first_draw + draw;
            if (!options->json)
                print_line(sampling, row, position, at);
            else if (!print_object(sampling, row, position, at, error))
                return false;
        }
    }
    return terminal_flush(error);
}

static int64_t least(int64_t a, int64_t b) { return a < b ? a : b; }

static bool sample_part(struct sampling *sampling, struct progress *progress, struct error *error) {
    struct job *job = sampling->job;
    int64_t all_draws = (int64_t)job->settings.draws;
    job_take_controls(job, &sampling->sample);
    if (!job->options->json && !job_run(job, &sampling->argmax, 0, &sampling->greedy, 0, error))
        return false;
    for (int64_t done = 0; done < all_draws;) {
        /* More than one round only where a part is a single row, so rows keep their draws together. */
        int64_t draws = least(all_draws - done, MOST_DRAWS);
        for (int64_t draw = 0; draw < draws; draw++) {
            if (!job_run(job, &sampling->sample, (uint64_t)(done + draw), &sampling->samples,
                         draw * job->rows, error))
                return false;
            int64_t drawn_before = (job->first - job->begin) * all_draws;
            progress_show(progress, drawn_before + (done + draw + 1) * job->rows);
        }
        progress_clear(progress);
        if (!print_part(sampling, done, draws, error))
            return false;
        done += draws;
    }
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
    progress_start(&progress, "tokens", (job->end - job->begin) * (int64_t)job->settings.draws);
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

bool sample_command(const struct options *options, struct error *error) {
    struct job job;
    if (!job_open(&job, options, error))
        return false;
    if (options->explain) {
        bool good = explain_row(&job, error);
        job_close(&job);
        return good;
    }
    struct sampling sampling = {.job = &job,
                                .sample = {.operation = OPERATION_SAMPLE},
                                .argmax = {OPERATION_ARGMAX, LOTTO_CONTROLS_INIT, 0},
                                .columns = choose_columns(&job)};
    int64_t draws = least((int64_t)job.settings.draws, MOST_DRAWS);
    bool good =
        job_divide(&job, draws * request_row_elements(&sampling.sample, job.vocab), MOST_DRAWS / draws,
                   error) &&
        results_allocate(&sampling.samples, &sampling.sample, job.vocab, job.part_rows * draws, error) &&
        results_allocate(&sampling.greedy, &sampling.argmax, job.vocab, job.part_rows, error) &&
        sample_all(&sampling, error);
    results_free(&sampling.samples);
    results_free(&sampling.greedy);
    job_close(&job);
    return good;
}
