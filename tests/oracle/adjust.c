#include "tests/oracle/adjust.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>

static int64_t length_of(const lotto_id_lists *lists) { return lists->ids ? lists->lengths[0] : 0; }

static bool is_within(int64_t value, int64_t most) { return value >= 0 && value <= most; }

static bool lengths_are_good(const lotto_adjustments *of_row) {
    const lotto_id_lists *const lists[] = {&of_row->banned, &of_row->stops, &of_row->biased,
                                           &of_row->history};
    for (int i = 0; i < 4; i++)
        if (lists[i]->ids && !is_within(lists[i]->lengths[0], lists[i]->stride))
            return false;
    return !of_row->prompt_lengths || is_within(of_row->prompt_lengths[0], length_of(&of_row->history));
}

struct penalties {
    double repetition, frequency, presence;
};

static struct penalties penalties_of(const lotto_adjustments *of_row) {
    struct penalties penalties = {(double)of_row->default_repetition_penalty,
                                  (double)of_row->default_frequency_penalty,
                                  (double)of_row->default_presence_penalty};
    if (of_row->repetition_penalty)
        penalties.repetition = (double)of_row->repetition_penalty[0];
    if (of_row->frequency_penalty)
        penalties.frequency = (double)of_row->frequency_penalty[0];
    if (of_row->presence_penalty)
        penalties.presence = (double)of_row->presence_penalty[0];
    return penalties;
}

/* ids[begin] to ids[end - 1]. */
struct span {
    const int32_t *ids;
    int64_t begin, end;
};

static int64_t occurrences(struct span span, int32_t id) {
    int64_t count = 0;
    for (int64_t i = span.begin; i < span.end; i++)
        count += span.ids[i] == id;
    return count;
}

static float moved(float x, double change) { return x == -INFINITY ? x : (float)((double)x + change); }

/* One token that stands in the biased ids or the history, masks aside. */
static float adjusted(float x, int32_t id, struct span biased, const float *biases, struct span history,
                      struct span output, struct penalties penalties) {
    for (int64_t i = biased.begin; i < biased.end; i++)
        if (biased.ids[i] == id)
            x = moved(x, (double)biases[i]);
    if (occurrences(history, id))
        x = (float)(x > 0 ? (double)x / penalties.repetition : (double)x * penalties.repetition);
    int64_t count = occurrences(output, id);
    if (count > 0) {
        float frequency = (float)(penalties.frequency * (double)count);
        x = moved(moved(x, -(double)frequency), -penalties.presence);
    }
    return x;
}

/* Adds the span's tokens that are not yet marked, and marks them; tells of what is none. */
static uint32_t collect(struct span span, int64_t vocab, bool *marked, int32_t *collected, int64_t *count) {
    uint32_t status = 0;
    for (int64_t i = span.begin; i < span.end; i++) {
        int32_t id = span.ids[i];
        if (!is_within(id, vocab - 1))
            status = LOTTO_ROW_BAD_ID;
        else if (!marked[id]) {
            marked[id] = true;
            collected[(*count)++] = id;
        }
    }
    return status;
}

uint32_t oracle_adjust(const lotto_adjustments *of_row, float *x, int64_t vocab) {
    struct penalties penalties = penalties_of(of_row);
    if (!lengths_are_good(of_row) || !(penalties.repetition > 0) || isinf(penalties.repetition) ||
        !isfinite(penalties.frequency) || !isfinite(penalties.presence))
        return LOTTO_ROW_BAD_CONTROL;
    int64_t history_length = length_of(&of_row->history),
            prompt_length = of_row->prompt_lengths ? of_row->prompt_lengths[0] : 0;
    bool stops = of_row->stops.ids && history_length - prompt_length < of_row->min_lengths[0],
         repetition = penalties.repetition != 1,
         output_alone = penalties.frequency != 0 || penalties.presence != 0;
    struct span banned = {of_row->banned.ids, 0, length_of(&of_row->banned)},
                stopped = {of_row->stops.ids, 0, stops ? length_of(&of_row->stops) : 0},
                biased = {of_row->biased.ids, 0, length_of(&of_row->biased)},
                history = {of_row->history.ids, 0, repetition ? history_length : 0},
                output = {of_row->history.ids, prompt_length, history_length};
    if (!repetition && !output_alone)
        output.end = output.begin;

    bool *masked = calloc((size_t)vocab, sizeof *masked), *touched = calloc((size_t)vocab, sizeof *touched);
    int32_t *ids = malloc((size_t)vocab * sizeof *ids);
    if (masked == NULL || touched == NULL || ids == NULL)
        abort();
    int64_t count = 0;
    uint32_t status =
        collect(banned, vocab, masked, ids, &count) | collect(stopped, vocab, masked, ids, &count);
    for (int64_t id = 0; id < vocab && of_row->allowed; id++)
        if ((of_row->allowed[id / 32] & (uint32_t)1 << id % 32) == 0)
            masked[id] = true;
    count = 0;
    status |= collect(biased, vocab, touched, ids, &count) | collect(history, vocab, touched, ids, &count) |
              collect(output, vocab, touched, ids, &count);
    for (int64_t i = 0; i < count; i++)
        if (!masked[ids[i]] && !isnan(x[ids[i]]))
            x[ids[i]] = adjusted(x[ids[i]], ids[i], biased, of_row->biases, history, output, penalties);
    for (int64_t id = 0; id < vocab; id++)
        if (masked[id] && !isnan(x[id]))
            x[id] = -INFINITY;
    free(masked);
    free(touched);
    free(ids);
    return status;
}
