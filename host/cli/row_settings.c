#include "row_settings.h"

#include "json_file.h"
#include "number.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* The sentence for a value that is not allowed; `what` is the key, or a place in its list. */
static bool refuse_value(const char *what, const json_t *value, const char *allowed, struct error *error) {
    char *text = json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY | JSON_REAL_PRECISION(15));
    failure(error, "%s is %.40s%s; must be %s", what, text != NULL ? text : "too large",
            text != NULL && strlen(text) > 40 ? "..." : "", allowed);
    free(text);
    return false;
}

static bool is_real(const json_t *value, const struct setting_key *key, float *real) {
    double number = json_number_value(value);
    *real = (float)number;
    return json_is_number(value) && number >= key->real.least && number <= key->real.most;
}

static bool is_whole(const json_t *value, uint64_t least, uint64_t most, uint64_t *whole) {
    json_int_t number = json_integer_value(value);
    *whole = (uint64_t)number;
    return json_is_integer(value) && number >= 0 && *whole >= least && *whole <= most;
}

static bool is_order(const json_t *value, lotto_order *order) {
    return json_is_string(value) && strlen(json_string_value(value)) == json_string_length(value) &&
           settings_order_of_name(json_string_value(value), order);
}

static bool check_count(const struct setting_key *key, size_t count, struct error *error) {
    return count <= MAX_IDS ||
           failure(error, "%s has %zu ids; must be at most %d", key->name, count, MAX_IDS);
}

static bool take_ids(struct settings *settings, enum setting setting, const json_t *array,
                     struct error *error) {
    const struct setting_key *key = settings_key(setting);
    size_t count = json_array_size(array);
    if (!json_is_array(array))
        return refuse_value(key->name, array, "an array of token ids", error);
    if (!check_count(key, count, error) || !settings_make_list(settings, setting, (int64_t)count, error))
        return false;
    const struct id_list *list = settings_value(settings, setting);
    for (size_t i = 0; i < count; i++) {
        uint64_t id;
        char what[64];
        if (!is_whole(json_array_get(array, i), 0, INT32_MAX, &id)) {
            snprintf(what, sizeof what, "%s[%zu]", key->name, i);
            return refuse_value(what, json_array_get(array, i), "a token id from 0 to 2147483647", error);
        }
        list->ids[i] = (int32_t)id;
    }
    return true;
}

static bool take_biases(struct settings *settings, enum setting setting, json_t *object,
                        struct error *error) {
    const struct setting_key *key = settings_key(setting);
    size_t count = json_object_size(object), i = 0;
    if (!json_is_object(object))
        return refuse_value(key->name, object, "an object of token ids, each with a number", error);
    if (!check_count(key, count, error) || !settings_make_list(settings, setting, (int64_t)count, error))
        return false;
    const struct id_list *list = settings_value(settings, setting);
    const char *name;
    json_t *bias;
    json_object_foreach(object, name, bias) {
        uint64_t id;
        char what[64];
        if (!number_parse_whole(name, 0, INT32_MAX, &id))
            return failure(error, "%s has the key '%.40s'; must be a token id from 0 to 2147483647",
                           key->name, name);
        if (!is_real(bias, key, &list->biases[i])) {
            snprintf(what, sizeof what, "%s[%llu]", key->name, (unsigned long long)id);
            return refuse_value(what, bias, "a finite number", error);
        }
        list->ids[i++] = (int32_t)id;
    }
    return true;
}

static bool take_value(struct settings *settings, enum setting setting, json_t *value, struct error *error) {
    const struct setting_key *key = settings_key(setting);
    void *to = settings_value(settings, setting);
    bool good = true;
    settings->given |= 1u << setting;
    switch (key->kind) {
    case KIND_REAL:
        good = is_real(value, key, to);
        break;
    case KIND_WHOLE:
        good = is_whole(value, key->whole.least, key->whole.most, to);
        break;
    case KIND_FLAG:
        *(bool *)to = json_is_true(value);
        good = json_is_boolean(value);
        break;
    case KIND_ORDER:
        good = is_order(value, to);
        break;
    case KIND_IDS:
        return take_ids(settings, setting, value, error);
    case KIND_BIASES:
        return take_biases(settings, setting, value, error);
    }
    return good || refuse_value(key->name, value, key->allowed, error);
}

static bool refuse_key(const char *name, struct error *error) {
    char known[512] = "";
    for (int i = 0; i < SETTINGS; i++)
        strcat(strcat(known, i == 0 ? "" : i + 1 < SETTINGS ? ", " : " or "), settings_key(i)->name);
    return failure(error, "'%.40s' is not a setting; must be %s", name, known);
}

static bool take_object(struct settings *settings, json_t *object, struct error *error) {
    if (!json_is_object(object))
        return refuse_value("it", object, "an object of settings", error);
    const char *name;
    json_t *value;
    json_object_foreach(object, name, value) {
        int setting = 0;
        while (setting < SETTINGS && strcmp(name, settings_key(setting)->name) != 0)
            setting++;
        if (setting == SETTINGS)
            return refuse_key(name, error);
        if (!take_value(settings, setting, value, error))
            return false;
    }
    return true;
}

static bool failure_in_row(const struct row_settings *all, int64_t index, struct error *error) {
    char row[32];
    snprintf(row, sizeof row, "row %lld", (long long)index);
    return all->is_one_a_row ? failure_in(error, row) : false;
}

static bool take_root(struct row_settings *all, json_t *root, int64_t rows, struct error *error) {
    all->is_one_a_row = json_is_array(root);
    if (all->is_one_a_row && json_array_size(root) != (size_t)rows)
        return failure(error, "its array has %zu elements; must have %lld, one for each row",
                       json_array_size(root), (long long)rows);
    int64_t count = all->is_one_a_row ? rows : 1;
    all->each = allocate(error, (uint64_t)count * sizeof *all->each);
    if (all->each == NULL)
        return false;
    for (; all->count < count; all->count++) {
        json_t *object = all->is_one_a_row ? json_array_get(root, (size_t)all->count) : root;
        all->each[all->count] = (struct settings)SETTINGS_INIT;
        if (!take_object(&all->each[all->count], object, error)) {
            failure_in_row(all, all->count, error);
            settings_free(&all->each[all->count]);
            return false;
        }
    }
    return true;
}

static bool check_allowed(const struct settings *settings, int64_t vocab, struct error *error) {
    for (int64_t i = 0; i < settings->allowed.count; i++)
        if (settings->allowed.ids[i] >= vocab)
            return failure(error, "the allowed id %d is none of the vocabulary; must be from 0 to %lld",
                           (int)settings->allowed.ids[i], (long long)vocab - 1);
    return true;
}

/* What one call has once for all its rows. */
static bool check_same(const struct settings *first, const struct settings *settings, struct error *error) {
    return settings->order == first->order ||
           failure(error, "its order is not that of row 0; must be the same for every row");
}

static void measure(int64_t *most, int64_t count) {
    if (count > *most)
        *most = count;
}

static void measure_whole(uint64_t *most, uint64_t whole) {
    if (whole > *most)
        *most = whole;
}

static bool check_rows(struct row_settings *all, int64_t vocab, struct error *error) {
    struct settings first = row_settings_of(all, 0);
    for (int64_t row = 0; row < all->count || row == 0; row++) {
        struct settings settings = row_settings_of(all, row);
        all->given |= settings.given;
        measure_whole(&all->most_position, settings.position);
        measure_whole(&all->most_draws, settings.draws);
        measure_whole(&all->most_top_logprobs, settings.top_logprobs);
        measure(&all->most_banned, settings.banned.count);
        measure(&all->most_biased, settings.logit_bias.count);
        measure(&all->most_stops, settings.stop.count);
        measure(&all->most_history, settings.prompt.count + settings.output.count);
        if (!settings_check(&settings, error) || !check_allowed(&settings, vocab, error) ||
            !check_same(&first, &settings, error))
            return failure_in_row(all, row, error);
    }
    return true;
}

bool row_settings_open(struct row_settings *all, const struct settings *options, const char *path,
                       int64_t rows, int64_t vocab, struct error *error) {
    *all = (struct row_settings){.options = options};
    if (path == NULL) {
        if (check_rows(all, vocab, error))
            return true;
        error->exit_status = EXIT_USAGE;
        return false;
    }
    json_t *root = json_file_load(path, error);
    if (root == NULL)
        return false;
    bool good = take_root(all, root, rows, error) && check_rows(all, vocab, error);
    json_decref(root);
    return good || failure_in(error, path);
}

void row_settings_close(struct row_settings *all) {
    for (int64_t i = 0; i < all->count; i++)
        settings_free(&all->each[i]);
    free(all->each);
    *all = (struct row_settings){0};
}

struct settings row_settings_of(const struct row_settings *all, int64_t row) {
    if (all->each == NULL)
        return *all->options;
    return settings_over(&all->each[all->is_one_a_row ? row : 0], all->options);
}

bool row_settings_give(const struct row_settings *all, enum setting setting) {
    return all->given >> setting & 1;
}

bool row_settings_shares_seed(const struct row_settings *all) {
    return !all->is_one_a_row || !row_settings_give(all, SETTING_SEED) ||
           settings_give(all->options, SETTING_SEED);
}

uint64_t row_settings_seed(const struct row_settings *all, int64_t row) {
    struct settings settings = row_settings_of(all, row);
    bool is_own = !row_settings_shares_seed(all) && settings_give(&settings, SETTING_SEED);
    return is_own ? settings.seed : settings.seed + (uint64_t)row;
}
