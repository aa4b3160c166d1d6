/*
 * Every step is what the CPU reference gives with the controls up to that step on and the rest off: lists of all candidates for
 * what adjusts the logits, kept counts for the filters. Only the last line is of the device.
 */
#include "explain.h"

#include "options.h"

#include "print_text.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#define TITLE_COLUMNS 24
#define TOKEN_COLUMNS 24
#define MOST_EXAMPLES 5
#define MOST_KEPT 20

/* All candidates of the row in their order, and their values by id. */
struct standing {
    struct results list;
    int64_t count;
    float *values; /* [vocab]; -inf: not a candidate */
};

struct explaining {
    struct job *job;
    struct settings settings;
    struct request list, probs;
    struct standing now, before;
    struct results shares; /* of probs */
    int64_t left;          /* of the candidates, once the filters are at work */
};

static const int32_t *ids_of(const struct standing *standing) {
    return results_integers(&standing->list, LIST_IDS, 0);
}

static bool standing_allocate(struct standing *standing, const struct request *list, int64_t vocab,
                              struct error *error) {
    standing->values = allocate(error, (uint64_t)vocab * sizeof *standing->values);
    return standing->values != NULL && results_allocate(&standing->list, list, vocab, 1, error);
}

static void standing_free(struct standing *standing) {
    free(standing->values);
    results_free(&standing->list);
}

/* The candidates under these adjustments; what was now becomes before. */
static bool stand(struct explaining *explaining, const lotto_adjustments *adjustments, struct error *error) {
    struct standing last = explaining->before;
    explaining->before = explaining->now;
    explaining->now = last;
    struct standing *now = &explaining->now;
    explaining->list.controls.adjustments = adjustments;
    if (!run_request(&explaining->job->reference, &explaining->list, &now->list, error))
        return false;
    now->count = *results_integers(&now->list, LIST_KEPT, 0);
    for (int64_t id = 0; id < explaining->job->vocab; id++)
        now->values[id] = -INFINITY;
    for (int64_t i = 0; i < now->count; i++)
        now->values[ids_of(now)[i]] = results_reals(&now->list, LIST_VALUES, 0)[i];
    return true;
}

/* ---- what is printed ------------------------------------------------------------------------------------------------ */

static void print_step(const char *title, int64_t left) {
    printf("%-*s %8lld", TITLE_COLUMNS, title, (long long)left);
}

/* "    7042  " Paris"", padded, where there are texts; the id alone where there are none. */
static void print_candidate(const struct explaining *explaining, int32_t id) {
    const struct vocabulary *vocabulary = &explaining->job->vocabulary;
    printf("    %8d  ", (int)id);
    if (vocabulary->texts != NULL) {
        print_token_padded(vocabulary, id, TOKEN_COLUMNS);
        printf(" ");
    }
}

static void print_more(int64_t count) {
    if (count > MOST_EXAMPLES)
        printf("%14sand %lld more\n", "", (long long)count - MOST_EXAMPLES);
}

/* " Paris" (7042), or 7042 where there are no texts. */
static void print_name(const struct explaining *explaining, int32_t id) {
    print_token(&explaining->job->vocabulary, id, TOKEN_COLUMNS);
    if (id >= 0 && explaining->job->vocabulary.texts != NULL)
        printf(" (%d)", (int)id);
}

/* ---- the adjustments ------------------------------------------------------------------------------------------------ */

enum change { CHANGE_OUT, CHANGE_VALUE, CHANGE_IN, CHANGES };

static enum change change_of(const struct explaining *explaining, int32_t id) {
    float before = explaining->before.values[id], now = explaining->now.values[id];
    return now == before         ? CHANGES
           : now == -INFINITY    ? CHANGE_OUT
           : before == -INFINITY ? CHANGE_IN
                                 : CHANGE_VALUE;
}

static int64_t count_changes(const struct explaining *explaining, enum change change) {
    int64_t count = 0;
    for (int64_t id = 0; id < explaining->job->vocab; id++)
        count += change_of(explaining, (int32_t)id) == change;
    return count;
}

/* The likeliest of those that changed so; what is a candidate only now is in the order of now. */
static void print_changes(const struct explaining *explaining, enum change change) {
    const struct standing *from = change == CHANGE_IN ? &explaining->now : &explaining->before;
    int64_t count = 0;
    for (int64_t i = 0; i < from->count; i++) {
        int32_t id = ids_of(from)[i];
        if (change_of(explaining, id) != change || count++ >= MOST_EXAMPLES)
            continue;
        print_candidate(explaining, id);
        if (change == CHANGE_IN)
            printf("%10.6g  is in, since no +inf is left\n", (double)explaining->now.values[id]);
        else if (change == CHANGE_OUT)
            printf("%10.6g  is out\n", (double)explaining->before.values[id]);
        else
            printf("%10.6g -> %.6g\n", (double)explaining->before.values[id],
                   (double)explaining->now.values[id]);
    }
    print_more(count);
}

/* A step's line after its count, and examples. `what` says more, where there is more to say. */
static void print_adjustment(const struct explaining *explaining, const char *title, const char *what) {
    int64_t out = count_changes(explaining, CHANGE_OUT), value = count_changes(explaining, CHANGE_VALUE);
    uint32_t news = results_status(&explaining->now.list, 0) & ~results_status(&explaining->before.list, 0);
    print_step(title, explaining->now.count);
    printf("  %lld out, %lld changed%s", (long long)out, (long long)value, what);
    print_status(news);
    printf("\n");
    for (int change = 0; change < CHANGES; change++)
        print_changes(explaining, (enum change)change);
}

/* Nothing but the history, which does nothing by itself. */
static lotto_adjustments without_steps(const lotto_adjustments *all) {
    lotto_adjustments none = LOTTO_ADJUSTMENTS_INIT;
    none.history = all->history;
    none.prompt_lengths = all->prompt_lengths;
    return none;
}

/* Turns a step on. */
static void add_step(lotto_adjustments *some, const lotto_adjustments *all, enum setting step) {
    switch (step) {
    case SETTING_ALLOWED:
        some->allowed = all->allowed;
        some->allowed_stride = all->allowed_stride;
        break;
    case SETTING_BANNED:
        some->banned = all->banned;
        break;
    case SETTING_STOP:
        some->stops = all->stops;
        some->min_lengths = all->min_lengths;
        break;
    case SETTING_LOGIT_BIAS:
        some->biased = all->biased;
        some->biases = all->biases;
        break;
    case SETTING_REPETITION_PENALTY:
        some->repetition_penalty = all->repetition_penalty;
        some->default_repetition_penalty = all->default_repetition_penalty;
        break;
    case SETTING_FREQUENCY_PENALTY:
        some->frequency_penalty = all->frequency_penalty;
        some->default_frequency_penalty = all->default_frequency_penalty;
        break;
    default:
        some->presence_penalty = all->presence_penalty;
        some->default_presence_penalty = all->default_presence_penalty;
        break;
    }
}

/* "banned, 3 ids" or "repetition penalty 1.1". */
static void name_step(char *text, size_t bytes, const struct settings *settings, enum setting step) {
    static const char *const names[SETTINGS] = {
        [SETTING_ALLOWED] = "allowed",
        [SETTING_BANNED] = "banned",
        [SETTING_STOP] = "stop",
        [SETTING_LOGIT_BIAS] = "logit bias",
        [SETTING_TOP_K] = "top-k",
        [SETTING_REPETITION_PENALTY] = "repetition penalty",
        [SETTING_TOP_P] = "top-p",
        [SETTING_FREQUENCY_PENALTY] = "frequency penalty",
        [SETTING_MIN_P] = "min-p",
        [SETTING_PRESENCE_PENALTY] = "presence penalty",
        [SETTING_TEMPERATURE] = "temperature",
    };
    struct settings copy = *settings;
    const void *value = settings_value(&copy, step);
    switch (settings_key(step)->kind) {
    case KIND_REAL:
        snprintf(text, bytes, "%s %g", names[step], (double)*(const float *)value);
        break;
    case KIND_WHOLE:
        snprintf(text, bytes, "%s %llu", names[step], (unsigned long long)*(const uint64_t *)value);
        break;
    default: {
        long long count = (long long)((const struct id_list *)value)->count;
        snprintf(text, bytes, "%s, %lld id%s", names[step], count, count == 1 ? "" : "s");
    }
    }
}

static bool explain_adjustments(struct explaining *explaining, struct error *error) {
    static const enum setting steps[] = {SETTING_ALLOWED,
                                         SETTING_BANNED,
                                         SETTING_STOP,
                                         SETTING_LOGIT_BIAS,
                                         SETTING_REPETITION_PENALTY,
                                         SETTING_FREQUENCY_PENALTY,
                                         SETTING_PRESENCE_PENALTY};
    const struct settings *settings = &explaining->settings;
    const lotto_adjustments *all = explaining->job->controls.controls.adjustments;
    lotto_adjustments some = all != NULL ? without_steps(all) : (lotto_adjustments)LOTTO_ADJUSTMENTS_INIT;
    for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
        char title[64], what[96] = "";
        if (!settings_give(settings, steps[i]))
            continue;
        add_step(&some, all, steps[i]);
        if (!stand(explaining, &some, error))
            return false;
        name_step(title, sizeof title, settings, steps[i]);
        if (steps[i] == SETTING_STOP)
            snprintf(what, sizeof what, ": the output has %lld of at least %llu tokens",
                     (long long)settings->output.count, (unsigned long long)settings->min_length);
        print_adjustment(explaining, title, what);
    }
    return true;
}

/* ---- the filters ---------------------------------------------------------------------------------------------------- */

/* The row's shares under these controls; returns how many are kept, -1 with an error on failure. */
static int64_t share(struct explaining *explaining, const lotto_controls *controls, struct error *error) {
    explaining->probs.controls = *controls;
    if (!run_request(&explaining->job->reference, &explaining->probs, &explaining->shares, error))
        return -1;
    return *results_integers(&explaining->shares, DISTRIBUTION_KEPT, 0);
}

/* Of the token at this rank. */
static double share_at(const struct explaining *explaining, int64_t rank) {
    return (double)results_reals(&explaining->shares, DISTRIBUTION_PROBS, 0)[ids_of(&explaining->now)[rank]];
}

static lotto_controls without_filters(const lotto_controls *all) {
    lotto_controls none = *all;
    none.top_k = NULL;
    none.top_p = none.min_p = NULL;
    none.default_top_k = 0;
    none.default_top_p = 1;
    none.default_min_p = 0;
    return none;
}

static void add_filter(lotto_controls *some, const lotto_controls *all, enum setting filter) {
    if (filter == SETTING_TOP_K) {
        some->top_k = all->top_k;
        some->default_top_k = all->default_top_k;
    } else if (filter == SETTING_TOP_P) {
        some->top_p = all->top_p;
        some->default_top_p = all->default_top_p;
    } else {
        some->min_p = all->min_p;
        some->default_min_p = all->default_min_p;
    }
}

/* Why the filter stops where it stops; the shares are those that it judges, of which it would keep the first `kept`. */
static void print_reason(const struct explaining *explaining, enum setting filter, int64_t kept) {
    double mass = 0;
    switch (filter) {
    case SETTING_TOP_K:
        if (kept == 1)
            printf("the first stays");
        else
            printf("the first %lld stay", (long long)kept);
        break;
    case SETTING_TOP_P:
        for (int64_t rank = 0; rank < kept; rank++)
            mass += share_at(explaining, rank);
        if (kept == 1)
            printf("the first has %.4g of the mass", mass);
        else
            printf("the first %lld have %.4g of the mass", (long long)kept, mass);
        break;
    default:
        if (kept < explaining->left)
            printf("the next is %.3g times as likely as the first",
                   share_at(explaining, kept) / share_at(explaining, 0));
        else
            printf("the last is %.3g times as likely as the first",
                   share_at(explaining, explaining->left - 1) / share_at(explaining, 0));
        break;
    }
}

/* judged: the controls whose result the filter looks at, with what comes before it on and the filter itself off. */
static bool explain_filter(struct explaining *explaining, enum setting filter, const lotto_controls *judged,
                           struct error *error) {
    char title[64];
    lotto_controls with = *judged, by = *judged;
    add_filter(&with, &explaining->job->controls.controls, filter);
    int64_t kept = share(explaining, &with, error);
    by.temperature = NULL;
    by.default_temperature = explaining->settings.temperature_last ? 1 : explaining->settings.temperature;
    if (kept < 0 || share(explaining, &by, error) < 0)
        return false;
    int64_t left = kept < explaining->left ? kept : explaining->left;
    name_step(title, sizeof title, &explaining->settings, filter);
    print_step(title, left);
    printf("  %lld out", (long long)(explaining->left - left));
    if (left < explaining->left) {
        int32_t next = ids_of(&explaining->now)[left];
        printf(", from ");
        print_name(explaining, next);
        printf(" at %.6g down", (double)explaining->now.values[next]);
    }
    printf("\n%*s%s", TITLE_COLUMNS + 11, "", kept > left ? "by itself, " : "");
    print_reason(explaining, filter, kept);
    printf("\n");
    explaining->left = left;
    return true;
}

static bool is_greedy(const struct settings *settings) { return settings->temperature < 1e-6f; }

static bool is_on(const struct explaining *explaining, enum setting filter) {
    const struct settings *settings = &explaining->settings;
    return filter == SETTING_TOP_K ? settings->top_k > 0 && (int64_t)settings->top_k < explaining->job->vocab
           : filter == SETTING_TOP_P ? settings->top_p < 1
                                     : settings->min_p > 0;
}

/* What becomes of the first token's share of all that is left. */
static bool explain_temperature(struct explaining *explaining, const lotto_controls *filtered,
                                struct error *error) {
    char title[64];
    const struct settings *settings = &explaining->settings;
    lotto_controls at_one = *filtered;
    at_one.temperature = NULL;
    at_one.default_temperature = 1;
    name_step(title, sizeof title, settings, SETTING_TEMPERATURE);
    print_step(title, is_greedy(settings) ? 1 : explaining->left);
    if (is_greedy(settings)) {
        printf("  %lld out: below 0.000001 only the first stays\n", (long long)explaining->left - 1);
        explaining->left = 1;
        return true;
    }
    if (share(explaining, &at_one, error) < 0)
        return false;
    double share_at_one = share_at(explaining, 0);
    if (share(explaining, filtered, error) < 0)
        return false;
    printf("  the first has %.4g of the mass, %.4g at temperature 1\n", share_at(explaining, 0),
           share_at_one);
    return true;
}

static bool explain_filters(struct explaining *explaining, struct error *error) {
    static const enum setting min_p_first[] = {SETTING_MIN_P, SETTING_TOP_K, SETTING_TOP_P},
                              min_p_last[] = {SETTING_TOP_K, SETTING_TOP_P, SETTING_MIN_P};
    const lotto_controls *all = &explaining->job->controls.controls;
    const struct settings *settings = &explaining->settings;
    const enum setting *filters = settings->order == LOTTO_ORDER_MIN_P_LAST ? min_p_last : min_p_first;
    lotto_controls none = without_filters(all), some = none;
    bool has_temperature = settings->temperature != 1, is_last = settings->temperature_last;
    explaining->left = explaining->now.count;
    if (has_temperature && (!is_last || is_greedy(settings)) &&
        !explain_temperature(explaining, &none, error))
        return false;
    if (is_greedy(settings))
        return true;
    for (int i = 0; i < 3; i++) {
        if (!is_on(explaining, filters[i]))
            continue;
        if (!explain_filter(explaining, filters[i], settings->order == LOTTO_ORDER_JOINT ? &none : &some,
                            error))
            return false;
        add_filter(&some, all, filters[i]);
    }
    return !has_temperature || !is_last || explain_temperature(explaining, all, error);
}

/* ---- the whole ------------------------------------------------------------------------------------------------------ */

static void print_kept(const struct explaining *explaining) {
    for (int64_t rank = 0; rank < explaining->left && rank < MOST_KEPT; rank++) {
        int32_t id = ids_of(&explaining->now)[rank];
        print_candidate(explaining, id);
        printf("%10.6g  ", (double)explaining->now.values[id]);
        print_prob((float)share_at(explaining, rank));
        printf("\n");
    }
    if (explaining->left > MOST_KEPT)
        printf("%14sand %lld more\n", "", (long long)explaining->left - MOST_KEPT);
}

static bool explain_draw(struct explaining *explaining, struct error *error) {
    struct job *job = explaining->job;
    struct request sample = {.operation = OPERATION_SAMPLE, .draws = 1};
    struct results drawn;
    job_take_controls(job, &sample);
    if (!results_allocate(&drawn, &sample, job->vocab, 1, error))
        return false;
    bool good = job_run(job, &sample, &drawn, error);
    if (good) {
        int32_t token = *results_integers(&drawn, SAMPLE_TOKEN, 0);
        printf("drawn  ");
        print_name(explaining, token);
        if (token >= 0)
            printf(", probability %.6g, with seed %llu at position %llu\n"
                   "       logprob %.6g, model logprob %.6g, rank %d of the logits as they are\n"
                   "       entropy %.6g of what is kept",
                   (double)*results_reals(&drawn, SAMPLE_PROB, 0), (unsigned long long)job->seeds[0],
                   (unsigned long long)job->controls.positions[0],
                   (double)*results_reals(&drawn, SAMPLE_LOGPROB, 0),
                   (double)*results_reals(&drawn, SAMPLE_MODEL_LOGPROB, 0),
                   (int)*results_integers(&drawn, SAMPLE_RANK, 0),
                   (double)*results_reals(&drawn, SAMPLE_ENTROPY, 0));
        print_status(results_status(&drawn, 0));
        printf("\n");
    }
    results_free(&drawn);
    return good;
}

static void print_beginning(const struct explaining *explaining) {
    const struct job *job = explaining->job;
    struct text end = vocabulary_context_end(&job->vocabulary, job->first);
    printf("row %lld", (long long)job->first);
    if (end.bytes != NULL) {
        printf("  ");
        text_print_quoted(stdout, end, 60, TEXT_END, false);
    }
    printf("\n%-*s %8s\n", TITLE_COLUMNS, "step", "left");
    print_step("logits", explaining->now.count);
    printf("  of %lld tokens", (long long)job->vocab);
    print_status(results_status(&explaining->now.list, 0));
    printf("\n");
}

static bool explain_steps(struct explaining *explaining, struct error *error) {
    if (!stand(explaining, NULL, error))
        return false;
    print_beginning(explaining);
    if (!explain_adjustments(explaining, error))
        return false;
    if (explaining->now.count > 0) {
        if (!explain_filters(explaining, error) ||
            share(explaining, &explaining->job->controls.controls, error) < 0)
            return false;
        printf("\n%s\n", explaining->left == 1 ? "kept, with its logit and probability"
                                               : "kept, with their logits and probabilities");
        print_kept(explaining);
    }
    printf("\n");
    return explain_draw(explaining, error);
}

bool explain_row(struct job *job, struct error *error) {
    if (job->end - job->begin != 1)
        return usage_error(error, "--explain is for one row; %s, so pick one with --rows %lld:%lld",
                           job->options->has_rows ? "--rows has more" : "the file has more",
                           (long long)job->begin, (long long)job->begin + 1);
    struct settings row = row_settings_of(&job->settings, job->begin);
    if (row.draws != 1)
        return usage_error(error, "--explain is for one draw, and %llu are asked for",
                           (unsigned long long)row.draws);
    struct explaining explaining = {.job = job,
                                    .settings = row,
                                    .list = {OPERATION_TOP_K, LOTTO_CONTROLS_INIT, job->vocab},
                                    .probs = {.operation = OPERATION_PROBS}};
    bool good = job_divide(job, request_row_elements(&explaining.list, job->vocab), 1, error) &&
                standing_allocate(&explaining.now, &explaining.list, job->vocab, error) &&
                standing_allocate(&explaining.before, &explaining.list, job->vocab, error) &&
                results_allocate(&explaining.shares, &explaining.probs, job->vocab, 1, error) &&
                job_next(job, error) && explain_steps(&explaining, error);
    standing_free(&explaining.now);
    standing_free(&explaining.before);
    results_free(&explaining.shares);
    if (!good)
        return false;
    char settings[512];
    controls_describe(settings, sizeof settings, &job->settings);
    job_print_summary(job, settings);
    return terminal_flush(error);
}
