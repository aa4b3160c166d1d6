/* lotto show: the likeliest tokens of a row as bars, their logits and their probabilities at several temperatures. */
#include "command.h"
#include "job.h"
#include "print_json.h"
#include "print_text.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const float default_temperatures[] = {0.5f, 1.0f, 2.0f};

#define TOKEN_COLUMNS 16
#define NUMBER_COLUMNS 7
#define LEAST_PANEL_COLUMNS 16 /* two spaces, a number, a space, a short bar */

/* A column of numbers with bars. */
struct panel {
    char title[32];
    const float *values; /* one a token */
    float empty, full;   /* where a bar is nothing and where it fills the panel */
    bool is_percent;
};

/* What is shown of one row. */
struct view {
    int64_t row;
    const int32_t *ids;
    int64_t length;
    struct panel panels[1 + MAX_TEMPERATURES];
    int panel_count;
};

/* Eighths of a character where the locale has blocks. Returns the columns used. */
static int print_bar(float share, int columns) {
    static const char *const eighths[] = {"", "▏", "▎", "▍", "▌", "▋", "▊", "▉"};
    int steps = text_is_utf8() ? 8 : 1;
    int filled = share > 0 ? (int)lrintf(share * (float)(columns * steps)) : 0;
    int whole = filled / steps, part = filled % steps;
    for (int i = 0; i < whole; i++)
        printf("%s", steps == 8 ? "█" : "#");
    if (part > 0)
        printf("%s", eighths[part]);
    return whole + (part > 0);
}

static float share_of(const struct panel *panel, float value) {
    if (value >= panel->full)
        return 1;
    return value > panel->empty ? (value - panel->empty) / (panel->full - panel->empty) : 0;
}

static void print_number(const struct panel *panel, float value) {
    if (!panel->is_percent)
        printf("%*.4g", NUMBER_COLUMNS, (double)value);
    else
        printf("%*.2f%%", NUMBER_COLUMNS - 1, 100 * (double)value);
}

/* The panels that fit side by side, from `first` on. */
static void print_panels(const struct view *view, const struct vocabulary *vocabulary, int first, int count,
                         int columns) {
    print_spaces(TOKEN_COLUMNS);
    for (int p = first; p < first + count; p++)
        printf("  %-*s", p + 1 < first + count ? columns - 2 : 0, view->panels[p].title);
    printf("\n");
    for (int64_t i = 0; i < view->length; i++) {
        print_token_padded(vocabulary, view->ids[i], TOKEN_COLUMNS);
        for (int p = first; p < first + count; p++) {
            const struct panel *panel = &view->panels[p];
            printf("  ");
            print_number(panel, panel->values[i]);
            printf(" ");
            int bar_columns = columns - NUMBER_COLUMNS - 3;
            int used = print_bar(share_of(panel, panel->values[i]), bar_columns);
            if (p + 1 < first + count)
                print_spaces(bar_columns - used);
        }
        printf("\n");
    }
}

static void print_view(const struct view *view, const struct vocabulary *vocabulary, uint32_t status) {
    int width = terminal_columns();
    int side_by_side = (width - TOKEN_COLUMNS) / LEAST_PANEL_COLUMNS;
    if (side_by_side < 1)
        side_by_side = 1;
    if (side_by_side > view->panel_count)
        side_by_side = view->panel_count;
    int columns = (width - TOKEN_COLUMNS) / side_by_side;
    if (columns < LEAST_PANEL_COLUMNS)
        columns = LEAST_PANEL_COLUMNS;
    if (columns > 40)
        columns = 40;

    struct text end = vocabulary_context_end(vocabulary, view->row);
    printf("row %lld", (long long)view->row);
    if (end.bytes != NULL) {
        printf("  ");
        text_print_quoted(stdout, end, width < 120 ? width - 20 : 100, TEXT_END, false);
    }
    print_status(status);
    printf("\n");
    for (int first = 0; first < view->panel_count; first += side_by_side) {
        int left = view->panel_count - first;
        print_panels(view, vocabulary, first, left < side_by_side ? left : side_by_side, columns);
    }
}

static bool print_objects(const struct view *view, const struct vocabulary *vocabulary,
                          const float *temperatures, uint32_t status, struct error *error) {
    for (int p = 1; p < view->panel_count; p++) {
        json_t *object =
            json_pack("{sI so so}", "row", (json_int_t)view->row, "temperature",
                      json_of_real(temperatures[p - 1]), "ids", json_of_ids(view->ids, view->length));
        if (vocabulary->texts != NULL)
            json_object_set_new(object, "texts", json_of_texts(vocabulary, view->ids, view->length));
        json_object_set_new(object, "logits", json_of_reals(view->panels[0].values, view->length));
        json_object_set_new(object, "probs", json_of_reals(view->panels[p].values, view->length));
        json_object_set_new(object, "status", json_of_status(status));
        if (!print_json(object, error))
            return false;
    }
    return true;
}

/* Everything that a row's view is made of, for one row at a time. */
struct showing {
    struct job *job;
    struct request list, softmax;
    struct results listed, probs;
    const float *temperatures;
    int temperature_count;
    float *panel_probs; /* [temperature_count, places] */
};

/* A bar of logits spans twice the range shown, so that the last token still has one. */
static struct panel logit_panel(const float *values, int64_t length) {
    struct panel panel = {.title = "logit", .values = values};
    if (length > 0) {
        float range = values[0] - values[length - 1];
        panel.full = values[0];
        panel.empty = isfinite(range) && range > 0 ? values[0] - 2 * range : values[0] - 1;
    }
    return panel;
}

static bool add_temperature(struct showing *showing, struct view *view, int index, struct error *error) {
    float temperature = showing->temperatures[index];
    float *probs = showing->panel_probs + index * showing->list.places;
    showing->softmax.controls.default_temperature = temperature;
    if (!job_run(showing->job, &showing->softmax, &showing->probs, error))
        return false;
    for (int64_t i = 0; i < view->length; i++)
        probs[i] = results_reals(&showing->probs, DISTRIBUTION_PROBS, 0)[view->ids[i]];
    struct panel *panel = &view->panels[view->panel_count++];
    *panel = (struct panel){.values = probs, .is_percent = true};
    snprintf(panel->title, sizeof panel->title, "T = %g", (double)temperature);
    return true;
}

/* One scale for all temperatures, so that their bars compare. */
static void scale_probs(struct view *view) {
    float largest = 0;
    for (int p = 1; p < view->panel_count; p++)
        if (view->length > 0 && view->panels[p].values[0] > largest)
            largest = view->panels[p].values[0];
    for (int p = 1; p < view->panel_count; p++)
        view->panels[p].full = largest;
}

static bool show_row(struct showing *showing, struct error *error) {
    struct job *job = showing->job;
    if (!job_run(job, &showing->list, &showing->listed, error))
        return false;
    int32_t kept = *results_integers(&showing->listed, LIST_KEPT, 0);
    struct view view = {.row = job->first, .ids = results_integers(&showing->listed, LIST_IDS, 0)};
    view.length = kept < showing->list.places ? kept : showing->list.places;
    view.panels[view.panel_count++] =
        logit_panel(results_reals(&showing->listed, LIST_VALUES, 0), view.length);
    for (int i = 0; i < showing->temperature_count; i++)
        if (!add_temperature(showing, &view, i, error))
            return false;
    scale_probs(&view);
    uint32_t status = results_status(&showing->listed, 0);
    if (job->options->json)
        return print_objects(&view, &job->vocabulary, showing->temperatures, status, error);
    print_view(&view, &job->vocabulary, status);
    return true;
}

static bool show_all(struct showing *showing, struct error *error) {
    struct job *job = showing->job;
    while (job_next(job, error))
        if (!show_row(showing, error) || !terminal_flush(error))
            return false;
    if (error->exit_status != EXIT_DONE)
        return false;
    if (!job->options->json)
        job_print_summary(job, "");
    return terminal_flush(error);
}

bool show_command(const struct options *options, struct error *error) {
    struct job job;
    if (!job_open(&job, options, error))
        return false;
    bool is_default = options->temperature_count == 0;
    int64_t places = options->top < job.vocab ? options->top : job.vocab;
    struct showing showing = {
        .job = &job,
        .list = {OPERATION_TOP_K, LOTTO_CONTROLS_INIT, places},
        .softmax = {OPERATION_SOFTMAX, LOTTO_CONTROLS_INIT, 0},
        .temperatures = is_default ? default_temperatures : options->temperatures,
        .temperature_count = is_default ? 3 : options->temperature_count,
    };
    showing.list.controls.default_top_k = (int32_t)places;
    showing.panel_probs =
        allocate(error, (uint64_t)showing.temperature_count * (uint64_t)places * sizeof *showing.panel_probs);
    bool good = showing.panel_probs != NULL && job_divide(&job, 0, 1, error) &&
                results_allocate(&showing.listed, &showing.list, job.vocab, 1, error) &&
                results_allocate(&showing.probs, &showing.softmax, job.vocab, 1, error) &&
                show_all(&showing, error);
    results_free(&showing.listed);
    results_free(&showing.probs);
    free(showing.panel_probs);
    job_close(&job);
    return good;
}
