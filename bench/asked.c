#include "asked.h"

#include "distribution.h"
#include "extra.h"

#include "host/cli/dtype.h"

#include <stdlib.h>
#include <string.h>

/* Lists of a nucleus longer than this are cut, as a user's would be. */
enum { NUCLEUS_PLACES = 1024 };
enum { BANNED = 32, BIASED = 32, STOPS = 4 };
/* An id is the likeliest of so many random ones: what is banned or was said before is mostly likely. */
enum { PICKED_FROM = 32 };
/* Streams of random bits, one for each array of a row. */
enum stream {
    STREAM_MASK,
    STREAM_BANNED,
    STREAM_BIASED,
    STREAM_STOPS,
    STREAM_HISTORY,
    STREAM_TOKENS,
    STREAMS
};

/* The rows that are asked for. */
struct part {
    const struct point *point;
    const struct input *input;
    int64_t first, rows;
    struct error *error;
};

static int64_t lesser(int64_t a, int64_t b) { return a < b ? a : b; }

static const struct extra *extra_of(const struct point *point) {
    return extra_at((int)point->value[AXIS_EXTRA]);
}

int64_t asked_logits_row(const struct point *point, int64_t row) {
    int64_t sharers = extra_of(point)->row_sharers;
    return sharers > 1 ? row / sharers : row;
}

static uint64_t bits_of(const struct part *part, int64_t row, enum stream stream, int64_t index) {
    return distribution_bits((uint64_t)(part->first + row) * STREAMS + stream, (uint64_t)index);
}

static int32_t pick_id(const struct part *part, int64_t row, enum stream stream, int64_t place) {
    const struct input *input = part->input;
    int64_t from = asked_logits_row(part->point, part->first + row) * input->vocab, best = 0;
    float largest = -__builtin_inff();
    for (int64_t i = 0; i < PICKED_FROM; i++) {
        int64_t id = (int64_t)(bits_of(part, row, stream, place * PICKED_FROM + i) % (uint64_t)input->vocab);
        float value = dtype_value(input->values, input->dtype, from + id);
        if (value > largest) {
            largest = value;
            best = id;
        }
    }
    return (int32_t)best;
}

/* [rows, width], freed by asked_close(). */
static void *make_array(struct asked *asked, const struct part *part, int64_t width) {
    uint64_t bytes = (uint64_t)(part->rows * width) * sizeof(int32_t);
    void *array = allocate(part->error, bytes);
    if (array != NULL)
        asked->arrays[asked->array_count++] = array;
    return array;
}

static int32_t *make_ids(struct asked *asked, const struct part *part, enum stream stream, int64_t width) {
    int32_t *ids = make_array(asked, part, width);
    for (int64_t i = 0; ids != NULL && i < part->rows * width; i++)
        ids[i] = pick_id(part, i / width, stream, i % width);
    return ids;
}

static int32_t *make_numbers(struct asked *asked, const struct part *part, int64_t number) {
    int32_t *numbers = make_array(asked, part, 1);
    for (int64_t i = 0; numbers != NULL && i < part->rows; i++)
        numbers[i] = (int32_t)number;
    return numbers;
}

/* A control array: its bytes count. */
static const void *counted(struct asked *asked, const struct part *part, const void *array, int64_t width) {
    asked->control_bytes += part->rows * width * (int64_t)sizeof(int32_t);
    return array;
}

static lotto_id_lists make_lists(struct asked *asked, const struct part *part, enum stream stream,
                                 int64_t width) {
    return (lotto_id_lists){counted(asked, part, make_ids(asked, part, stream, width), width), width,
                            counted(asked, part, make_numbers(asked, part, width), 1)};
}

/* Half of the ids. */
static const uint32_t *make_mask(struct asked *asked, const struct part *part, int64_t words) {
    uint32_t *mask = make_array(asked, part, words);
    for (int64_t i = 0; mask != NULL && i < part->rows * words; i++)
        mask[i] = (uint32_t)bits_of(part, i / words, STREAM_MASK, i % words);
    return counted(asked, part, mask, words);
}

static const float *make_biases(struct asked *asked, const struct part *part) {
    float *biases = make_array(asked, part, BIASED);
    for (int64_t i = 0; biases != NULL && i < part->rows * BIASED; i++)
        biases[i] = i % 2 == 0 ? 1.5f : -1.5f;
    return counted(asked, part, biases, BIASED);
}

static void ask_controls(struct asked *asked, const struct part *part) {
    const struct extra *extra = extra_of(part->point);
    lotto_adjustments *adjustments = &asked->adjustments;
    *adjustments = (lotto_adjustments)LOTTO_ADJUSTMENTS_INIT;
    asked->request.controls.default_temperature_last = (extra->controls & CONTROL_TEMPERATURE_LAST) != 0;
    if (extra->controls & ~CONTROL_TEMPERATURE_LAST)
        asked->request.controls.adjustments = adjustments;
    if (extra->controls & CONTROL_MASK) {
        adjustments->allowed_stride = (part->input->vocab + 31) / 32;
        adjustments->allowed = make_mask(asked, part, adjustments->allowed_stride);
    }
    if (extra->controls & CONTROL_BANNED)
        adjustments->banned = make_lists(asked, part, STREAM_BANNED, BANNED);
    if (extra->controls & CONTROL_BIASED) {
        adjustments->biased = make_lists(asked, part, STREAM_BIASED, BIASED);
        adjustments->biases = make_biases(asked, part);
    }
    if (extra->history > 0) /* all of it output */
        adjustments->history = make_lists(asked, part, STREAM_HISTORY, extra->history);
    if (extra->controls & CONTROL_STOPS) {
        adjustments->stops = make_lists(asked, part, STREAM_STOPS, STOPS);
        adjustments->min_lengths = counted(asked, part, make_numbers(asked, part, extra->history + 1), 1);
    }
    if (extra->controls & CONTROL_REPETITION)
        adjustments->default_repetition_penalty = 1.1f;
    if (extra->controls & CONTROL_FREQUENCY_PRESENCE) {
        adjustments->default_frequency_penalty = 0.2f;
        adjustments->default_presence_penalty = 0.1f;
    }
}

static void ask_results(struct asked *asked, const struct part *part) {
    const struct extra *extra = extra_of(part->point);
    struct request *request = &asked->request;
    request->without &= ~extra->results;
    request->places = extra->places;
    request->top_of = extra->top_of;
    request->draws = extra->draws > 1 ? extra->draws : 1;
    if (extra->row_sharers <= 1)
        return;
    int32_t *logits_rows = make_array(asked, part, 1);
    for (int64_t i = 0; logits_rows != NULL && i < part->rows; i++) /* the part's first row of logits is 0 */
        logits_rows[i] = (int32_t)(asked_logits_row(part->point, part->first + i) -
                                   asked_logits_row(part->point, part->first));
    request->logits_rows = counted(asked, part, logits_rows, 1);
}

/* With what every caller wants, and no optional result. */
static struct request plain_request(const struct point *point) {
    static const unsigned wanted[] = {
        [OPERATION_SAMPLE] = 1u << SAMPLE_TOKEN,
        [OPERATION_ARGMAX] = 1u << ARGMAX_TOKEN,
        [OPERATION_SOFTMAX] = 1u << DISTRIBUTION_PROBS,
        [OPERATION_PROBS] = 1u << DISTRIBUTION_PROBS,
        [OPERATION_TOP_K] = 1u << LIST_IDS | 1u << LIST_VALUES,
        [OPERATION_TOP_P] = 1u << LIST_IDS | 1u << LIST_KEPT,
        [OPERATION_LOGPROBS] = 1u << LOGPROBS_LOGPROB,
    };
    const double *value = point->value;
    struct request request = {.operation = (enum operation)value[AXIS_OPERATION],
                              .controls = LOTTO_CONTROLS_INIT};
    int64_t k = (int64_t)value[AXIS_TOP_K], vocab = (int64_t)value[AXIS_VOCAB];
    request.without = ~wanted[request.operation];
    request.controls.default_temperature = (float)value[AXIS_TEMPERATURE];
    request.controls.default_top_k = (int32_t)k;
    request.controls.default_top_p = (float)value[AXIS_TOP_P];
    request.controls.default_min_p = (float)value[AXIS_MIN_P];
    if (request.operation == OPERATION_TOP_K)
        request.places = k > 0 ? lesser(k, vocab) : vocab;
    else if (request.operation == OPERATION_TOP_P)
        request.places = lesser(NUCLEUS_PLACES, vocab);
    return request;
}

bool asked_open(struct asked *asked, const struct point *point, const struct input *input, int64_t first,
                int64_t rows, struct error *error) {
    struct part part = {point, input, first, rows, error};
    *asked = (struct asked){.request = plain_request(point)};
    error->exit_status = EXIT_DONE;
    if (asked->request.operation == OPERATION_SAMPLE) {
        ask_controls(asked, &part);
        ask_results(asked, &part);
    }
    if (asked->request.operation == OPERATION_LOGPROBS)
        asked->request.tokens = make_ids(asked, &part, STREAM_TOKENS, 1);
    if (error->exit_status == EXIT_DONE)
        return true;
    asked_close(asked);
    return false;
}

void asked_close(struct asked *asked) {
    while (asked->array_count > 0)
        free(asked->arrays[--asked->array_count]);
}
