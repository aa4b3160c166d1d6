#include "controls.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

lotto_controls controls_of(const struct settings *settings) {
    lotto_controls controls = LOTTO_CONTROLS_INIT;
    controls.default_temperature = settings->temperature;
    controls.default_temperature_last = settings->temperature_last;
    controls.default_top_k = (int32_t)settings->top_k;
    controls.default_top_p = settings->top_p;
    controls.default_min_p = settings->min_p;
    controls.order = settings->order;
    return controls;
}

/* The rows whose controls are loaded. */
struct source {
    const struct row_settings *settings;
    int64_t first, rows, vocab;
    struct error *error;
};

/* An array that controls_free() frees; NULL, with an error, where there is no memory. */
static void *make_array(struct row_controls *loaded, const struct source *source, int64_t row_elements) {
    void *array = allocate(source->error, (uint64_t)(source->rows * row_elements) * sizeof(uint32_t));
    if (array != NULL)
        loaded->arrays[loaded->array_count++] = array;
    return array;
}

/* NULL where every row has the default; also, with an error, where there is no memory. */
static float *reals_of(struct row_controls *loaded, const struct source *source, enum setting setting) {
    if (!source->settings->is_one_a_row || !row_settings_give(source->settings, setting))
        return NULL;
    float *array = make_array(loaded, source, 1);
    for (int64_t row = 0; array != NULL && row < source->rows; row++) {
        struct settings settings = row_settings_of(source->settings, source->first + row);
        array[row] = *(float *)settings_value(&settings, setting);
    }
    return array;
}

static int32_t integer_of(struct settings *settings, enum setting setting) {
    void *value = settings_value(settings, setting);
    return settings_key(setting)->kind == KIND_FLAG ? *(bool *)value : (int32_t) * (uint64_t *)value;
}

static int32_t *integers_of(struct row_controls *loaded, const struct source *source, enum setting setting) {
    int32_t *array = make_array(loaded, source, 1);
    for (int64_t row = 0; array != NULL && row < source->rows; row++) {
        struct settings settings = row_settings_of(source->settings, source->first + row);
        array[row] = integer_of(&settings, setting);
    }
    return array;
}

static int32_t *integers_if_given(struct row_controls *loaded, const struct source *source,
                                  enum setting setting) {
    bool differ = source->settings->is_one_a_row && row_settings_give(source->settings, setting);
    return differ ? integers_of(loaded, source, setting) : NULL;
}

/* Lists of at most `longest` ids, all empty, to be filled; ids are there even if no list has any. */
struct lists {
    int32_t *ids, *lengths;
    int64_t stride;
};

static bool make_lists(struct row_controls *loaded, const struct source *source, int64_t longest,
                       struct lists *lists) {
    lists->stride = longest > 0 ? longest : 1;
    lists->ids = make_array(loaded, source, lists->stride);
    lists->lengths = make_array(loaded, source, 1);
    if (lists->ids == NULL || lists->lengths == NULL)
        return false;
    memset(lists->ids, 0, (size_t)(source->rows * lists->stride) * sizeof *lists->ids);
    memset(lists->lengths, 0, (size_t)source->rows * sizeof *lists->lengths);
    return true;
}

static void append(struct lists *lists, int64_t row, const struct id_list *list) {
    for (int64_t i = 0; i < list->count; i++)
        lists->ids[row * lists->stride + lists->lengths[row]++] = list->ids[i];
}

static lotto_id_lists lists_as_taken(const struct lists *lists) {
    return (lotto_id_lists){lists->ids, lists->stride, lists->lengths};
}

static bool load_lists(struct row_controls *loaded, const struct source *source, enum setting setting,
                       int64_t longest, lotto_id_lists *taken) {
    struct lists lists;
    if (!row_settings_give(source->settings, setting))
        return true;
    if (!make_lists(loaded, source, longest, &lists))
        return false;
    for (int64_t row = 0; row < source->rows; row++) {
        struct settings settings = row_settings_of(source->settings, source->first + row);
        append(&lists, row, settings_value(&settings, setting));
    }
    *taken = lists_as_taken(&lists);
    return true;
}

static int64_t mask_words(int64_t vocab) { return (vocab + 31) / 32; }

static bool load_allowed(struct row_controls *loaded, const struct source *source) {
    int64_t words = mask_words(source->vocab);
    if (!row_settings_give(source->settings, SETTING_ALLOWED))
        return true;
    uint32_t *mask = make_array(loaded, source, words);
    if (mask == NULL)
        return false;
    for (int64_t row = 0; row < source->rows; row++) {
        struct settings settings = row_settings_of(source->settings, source->first + row);
        bool is_given = settings_give(&settings, SETTING_ALLOWED);
        memset(mask + row * words, is_given ? 0 : 0xff, (size_t)words * sizeof *mask);
        for (int64_t i = 0; i < settings.allowed.count; i++) {
            int32_t id = settings.allowed.ids[i];
            mask[row * words + id / 32] |= 1u << id % 32;
        }
    }
    loaded->adjustments.allowed = mask;
    loaded->adjustments.allowed_stride = words;
    return true;
}

static bool load_biases(struct row_controls *loaded, const struct source *source) {
    lotto_adjustments *adjustments = &loaded->adjustments;
    if (!row_settings_give(source->settings, SETTING_LOGIT_BIAS))
        return true;
    if (!load_lists(loaded, source, SETTING_LOGIT_BIAS, source->settings->most_biased, &adjustments->biased))
        return false;
    int64_t stride = adjustments->biased.stride;
    float *biases = make_array(loaded, source, stride);
    if (biases == NULL)
        return false;
    memset(biases, 0, (size_t)(source->rows * stride) * sizeof *biases);
    for (int64_t row = 0; row < source->rows; row++) {
        struct settings settings = row_settings_of(source->settings, source->first + row);
        for (int64_t i = 0; i < settings.logit_bias.count; i++)
            biases[row * stride + i] = settings.logit_bias.biases[i];
    }
    adjustments->biases = biases;
    return true;
}

static bool gives_any(const struct row_settings *all, const enum setting *settings, size_t count) {
    for (size_t i = 0; i < count; i++)
        if (row_settings_give(all, settings[i]))
            return true;
    return false;
}

/* Each row's prompt, then its output, for what looks at it. */
static bool load_history(struct row_controls *loaded, const struct source *source) {
    static const enum setting looking[] = {SETTING_STOP, SETTING_REPETITION_PENALTY,
                                           SETTING_FREQUENCY_PENALTY, SETTING_PRESENCE_PENALTY};
    struct lists history;
    const struct row_settings *all = source->settings;
    if (!gives_any(all, looking, sizeof looking / sizeof *looking))
        return true;
    int32_t *prompt_lengths = make_array(loaded, source, 1);
    if (prompt_lengths == NULL || !make_lists(loaded, source, all->most_history, &history))
        return false;
    for (int64_t row = 0; row < source->rows; row++) {
        struct settings settings = row_settings_of(all, source->first + row);
        append(&history, row, &settings.prompt);
        append(&history, row, &settings.output);
        prompt_lengths[row] = (int32_t)settings.prompt.count;
    }
    loaded->adjustments.history = lists_as_taken(&history);
    loaded->adjustments.prompt_lengths = prompt_lengths;
    return true;
}

static bool load_stops(struct row_controls *loaded, const struct source *source) {
    lotto_adjustments *adjustments = &loaded->adjustments;
    if (!row_settings_give(source->settings, SETTING_STOP))
        return true;
    adjustments->min_lengths = integers_of(loaded, source, SETTING_MIN_LENGTH);
    return adjustments->min_lengths != NULL &&
           load_lists(loaded, source, SETTING_STOP, source->settings->most_stops, &adjustments->stops);
}

static bool load_adjustments(struct row_controls *loaded, const struct source *source) {
    static const enum setting adjusting[] = {
        SETTING_ALLOWED,           SETTING_BANNED,           SETTING_LOGIT_BIAS, SETTING_REPETITION_PENALTY,
        SETTING_FREQUENCY_PENALTY, SETTING_PRESENCE_PENALTY, SETTING_STOP};
    lotto_adjustments *adjustments = &loaded->adjustments;
    struct settings first = row_settings_of(source->settings, source->first);
    *adjustments = (lotto_adjustments)LOTTO_ADJUSTMENTS_INIT;
    if (!gives_any(source->settings, adjusting, sizeof adjusting / sizeof *adjusting))
        return true;
    loaded->controls.adjustments = adjustments;
    adjustments->repetition_penalty = reals_of(loaded, source, SETTING_REPETITION_PENALTY);
    adjustments->frequency_penalty = reals_of(loaded, source, SETTING_FREQUENCY_PENALTY);
    adjustments->presence_penalty = reals_of(loaded, source, SETTING_PRESENCE_PENALTY);
    adjustments->default_repetition_penalty = first.repetition_penalty;
    adjustments->default_frequency_penalty = first.frequency_penalty;
    adjustments->default_presence_penalty = first.presence_penalty;
    return load_allowed(loaded, source) &&
           load_lists(loaded, source, SETTING_BANNED, source->settings->most_banned, &adjustments->banned) &&
           load_stops(loaded, source) && load_biases(loaded, source) && load_history(loaded, source);
}

static bool load_positions(struct row_controls *loaded, const struct source *source) {
    loaded->positions = make_array(loaded, source, 2);
    if (loaded->positions == NULL)
        return false;
    for (int64_t row = 0; row < source->rows; row++)
        loaded->positions[row] = row_settings_of(source->settings, source->first + row).position;
    return true;
}

bool controls_load(struct row_controls *loaded, const struct row_settings *settings, int64_t first,
                   int64_t rows, int64_t vocab, struct error *error) {
    struct source source = {settings, first, rows, vocab, error};
    struct settings row = row_settings_of(settings, first);
    lotto_controls *controls = &loaded->controls;
    controls_free(loaded);
    *controls = controls_of(&row);
    controls->temperature = reals_of(loaded, &source, SETTING_TEMPERATURE);
    controls->top_k = integers_if_given(loaded, &source, SETTING_TOP_K);
    controls->top_p = reals_of(loaded, &source, SETTING_TOP_P);
    controls->min_p = reals_of(loaded, &source, SETTING_MIN_P);
    controls->temperature_last = integers_if_given(loaded, &source, SETTING_TEMPERATURE_LAST);
    bool good = load_positions(loaded, &source) && load_adjustments(loaded, &source);
    /* An array that is missing for want of memory looks as one that is not needed. */
    return good && error->exit_status == EXIT_DONE;
}

void controls_free(struct row_controls *loaded) {
    while (loaded->array_count > 0)
        free(loaded->arrays[--loaded->array_count]);
    loaded->positions = NULL;
}

int64_t controls_row_elements(const struct row_settings *all, int64_t vocab) {
    enum { SCALARS = 16 }; /* lengths and positions among them */
    int64_t mask = row_settings_give(all, SETTING_ALLOWED) ? mask_words(vocab) : 0;
    return SCALARS + mask + all->most_banned + 2 * all->most_biased + all->most_stops + all->most_history;
}

/* Text that grows, cut where it is full. */
struct description {
    char *text;
    size_t bytes, used;
};

__attribute__((format(printf, 2, 3))) static void add(struct description *description, const char *format,
                                                      ...) {
    va_list arguments;
    va_start(arguments, format);
    size_t left = description->bytes - description->used;
    int length = vsnprintf(description->text + description->used, left, format, arguments);
    va_end(arguments);
    description->used += (size_t)length < left ? (size_t)length : left - 1;
}

static void add_real(struct description *description, const char *name, float value, bool is_off) {
    if (!is_off)
        add(description, " %s %g", name, (double)value);
}

static void add_count(struct description *description, const char *name, const struct settings *settings,
                      enum setting setting) {
    struct settings copy = *settings;
    if (settings_give(settings, setting))
        add(description, " %s %lld", name,
            (long long)((const struct id_list *)settings_value(&copy, setting))->count);
}

void controls_describe(char *text, size_t bytes, const struct row_settings *all) {
    static const char *const orders[] = {"", " order min-p-last", " order joint"};
    struct description about = {text, bytes, 0};
    struct settings settings = row_settings_of(all, 0);
    if (all->is_one_a_row) {
        add(&about, "settings a row");
        return;
    }
    add(&about, "temperature %g%s", (double)settings.temperature, settings.temperature_last ? " last" : "");
    if (settings.top_k > 0)
        add(&about, " top-k %d", (int)settings.top_k);
    add_real(&about, "top-p", settings.top_p, settings.top_p >= 1);
    add_real(&about, "min-p", settings.min_p, settings.min_p <= 0);
    add(&about, "%s", orders[settings.order]);
    add_count(&about, "allowed", &settings, SETTING_ALLOWED);
    add_count(&about, "banned", &settings, SETTING_BANNED);
    add_count(&about, "stop", &settings, SETTING_STOP);
    if (settings_give(&settings, SETTING_MIN_LENGTH))
        add(&about, " min-length %d", (int)settings.min_length);
    add_count(&about, "logit-bias", &settings, SETTING_LOGIT_BIAS);
    add_real(&about, "repetition-penalty", settings.repetition_penalty, settings.repetition_penalty == 1);
    add_real(&about, "frequency-penalty", settings.frequency_penalty, settings.frequency_penalty == 0);
    add_real(&about, "presence-penalty", settings.presence_penalty, settings.presence_penalty == 0);
}
