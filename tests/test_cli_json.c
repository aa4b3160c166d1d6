/* --json prints one JSON object a line, with the keys and types that are promised, whatever the vocabulary's texts hold. */
#include <criterion/criterion.h>
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define VOCAB 6
#define ROWS 4

/* What a value must be: an integer, a number or null where infinite, a text or null, a list of one of these, or of names. */
struct key {
    const char *name;
    char kind; /* i, r, t; I, R, T for lists; s for status names */
};

static int is_kind(const json_t *value, char kind) {
    switch (kind) {
    case 'i':
        return json_is_integer(value);
    case 'r':
        return json_is_real(value) || json_is_null(value);
    case 't':
        return json_is_string(value) || json_is_null(value);
    default: {
        size_t index;
        json_t *element;
        if (!json_is_array(value))
            return 0;
        json_array_foreach(value, index,
                           element) if (!is_kind(element, kind == 's' ? 't' : (char)(kind + 32))) return 0;
        return 1;
    }
    }
}

static char folder[] = "/tmp/lotto-json-XXXXXX";

static void remove_inputs(void) {
    static const char *const names[] = {"logits.bin", "words.json", "out.npy"};
    char path[64];
    for (int i = 0; i < 3; i++) {
        snprintf(path, sizeof path, "%s/%s", folder, names[i]);
        unlink(path);
    }
    rmdir(folder);
}

static void write_inputs(void) {
    static const float logits[ROWS][VOCAB] = {
        {1, 2, 3, 4, 5, 6},
        {0, NAN, 1, 0, 0, 0},
        {0, INFINITY, 0, 0, 0, 0},
        {-INFINITY, -INFINITY, -INFINITY, -INFINITY, -INFINITY, -INFINITY}};
    char path[64];
    cr_assert(mkdtemp(folder) != NULL);
    snprintf(path, sizeof path, "%s/logits.bin", folder);
    FILE *file = fopen(path, "wb");
    cr_assert(fwrite(logits, sizeof logits, 1, file) == 1 && fclose(file) == 0);
    snprintf(path, sizeof path, "%s/words.json", folder);
    file = fopen(path, "w");
    cr_assert(fputs("[\"\\\"\", \"\\\\\", \"\\n\", \"\\u0000x\", \"\\ud83d\\ude00\", \"\\ufffd\"]", file) >=
              0);
    cr_assert(fclose(file) == 0);
}

/* Runs lotto on the inputs and checks every line; returns how many there were. last receives the last object. */
static int check_lines(const char *command, const struct key *keys, size_t key_count, json_t **last) {
    char line[1 << 12];
    int lines = 0;
    snprintf(line, sizeof line, "'%s' %s --dtype f32 --vocab-size %d --device reference --json %s/logits.bin",
             LOTTO_COMMAND, command, VOCAB, folder);
    FILE *pipe = popen(line, "r");
    *last = NULL;
    for (; fgets(line, sizeof line, pipe) != NULL; lines++) {
        json_error_t error;
        json_decref(*last);
        *last = json_loads(line, JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL, &error);
        cr_assert(json_is_object(*last), "%s: %s: %s", command, error.text, line);
        cr_assert(json_object_size(*last) == key_count, "%s: %s", command, line);
        for (size_t i = 0; i < key_count; i++)
            cr_assert(is_kind(json_object_get(*last, keys[i].name), keys[i].kind), "%s: %s: %s", command,
                      keys[i].name, line);
    }
    cr_assert(pclose(pipe) == 0, "%s failed", command);
    return lines;
}

TestSuite(cli_json, .init = write_inputs, .fini = remove_inputs);

/* Those of the likeliest tokens come last, and of them those that a vocabulary adds. */
static const struct key sample_keys[] = {
    {"row", 'i'},    {"position", 'i'},  {"draw", 'i'},         {"token", 'i'},
    {"text", 't'},   {"prob", 'r'},      {"logprob", 'r'},      {"model_logprob", 'r'},
    {"kept", 'i'},   {"kept_mass", 'r'}, {"rank", 'i'},         {"entropy", 'r'},
    {"status", 's'}, {"top_ids", 'I'},   {"top_logprobs", 'R'}, {"top_texts", 'T'}};
enum { SAMPLE_KEYS = 13, TOP_KEYS = 15, TOP_TEXT_KEYS = 16 };
static const struct key logprobs_keys[] = {{"row", 'i'},     {"token", 'i'}, {"text", 't'},
                                           {"logprob", 'r'}, {"rank", 'i'},  {"status", 's'}};
static const struct key top_k_keys[] = {
    {"row", 'i'}, {"ids", 'I'}, {"values", 'R'}, {"kept", 'i'}, {"status", 's'}};
static const struct key top_p_keys[] = {{"row", 'i'},  {"ids", 'I'},  {"texts", 'T'}, {"values", 'R'},
                                        {"kept", 'i'}, {"mass", 'r'}, {"status", 's'}};
static const struct key show_keys[] = {{"row", 'i'},    {"temperature", 'r'}, {"ids", 'I'},   {"texts", 'T'},
                                       {"logits", 'R'}, {"probs", 'R'},       {"status", 's'}};
static const struct key probs_keys[] = {{"row", 'i'}, {"kept", 'i'}, {"status", 's'}};
static const struct key softmax_keys[] = {{"row", 'i'}, {"status", 's'}};
#define KEYS(keys) keys, sizeof keys / sizeof *keys

Test(cli_json, every_command_prints_what_is_promised) {
    char with_text[128], with_output[128];
    json_t *last;
    cr_assert(check_lines("sample", sample_keys, SAMPLE_KEYS, &last) == ROWS);
    cr_assert(json_integer_value(json_object_get(last, "token")) == -1);
    cr_assert(json_is_null(json_object_get(last, "logprob")));
    cr_assert_str_eq(json_string_value(json_array_get(json_object_get(last, "status"), 0)), "EMPTY");
    json_decref(last);
    cr_assert(check_lines("sample --banned 6 --allowed 1 --rows 1:2", sample_keys, SAMPLE_KEYS, &last) == 1);
    json_t *status = json_object_get(last, "status");
    cr_assert(json_array_size(status) == 3);
    for (size_t i = 0; i < 3; i++)
        cr_assert_str_eq(json_string_value(json_array_get(status, i)),
                         ((const char *[]){"HAD_NAN", "EMPTY", "BAD_ID"})[i]);
    json_decref(last);

    cr_assert(check_lines("sample --draws 3 --top-logprobs 2", sample_keys, TOP_KEYS, &last) == 3 * ROWS);
    cr_assert(json_integer_value(json_object_get(last, "draw")) == 2);
    cr_assert(json_array_size(json_object_get(last, "top_ids")) == 0);
    json_decref(last);
    snprintf(with_text, sizeof with_text,
             "sample --top-logprobs 64 --top-logprobs-of model --rows 0:1 --text %s/words.json", folder);
    cr_assert(check_lines(with_text, sample_keys, TOP_TEXT_KEYS, &last) == 1);
    cr_assert(json_array_size(json_object_get(last, "top_texts")) == VOCAB);
    json_decref(last);
    cr_assert(check_lines("logprobs --tokens 6", KEYS(logprobs_keys), &last) == ROWS);
    cr_assert(json_is_null(json_object_get(last, "logprob")));
    cr_assert_str_eq(json_string_value(json_array_get(json_object_get(last, "status"), 0)), "EMPTY");
    json_decref(last);

    cr_assert(check_lines("top-k -k 3", KEYS(top_k_keys), &last) == ROWS);
    json_decref(last);
    snprintf(with_text, sizeof with_text, "top-p -p 0.99 --text %s/words.json", folder);
    cr_assert(check_lines(with_text, KEYS(top_p_keys), &last) == ROWS);
    json_decref(last);
    snprintf(with_text, sizeof with_text,
             "show --rows 0:4 --temperature 1 --temperature 0 --text %s/words.json", folder);
    cr_assert(check_lines(with_text, KEYS(show_keys), &last) == 2 * ROWS);
    json_decref(last);
    snprintf(with_output, sizeof with_output, "probs --top-p 0.9 -o %s/out.npy", folder);
    cr_assert(check_lines(with_output, KEYS(probs_keys), &last) == ROWS);
    json_decref(last);
    snprintf(with_output, sizeof with_output, "softmax -o %s/out.npy", folder);
    cr_assert(check_lines(with_output, KEYS(softmax_keys), &last) == ROWS);
    json_decref(last);
}

/* Each text comes back as it is in the vocabulary. */
Test(cli_json, texts_survive) {
    static const struct {
        const char *bytes;
        size_t length;
    } texts[VOCAB] = {{"\"", 1},          {"\\", 1}, {"\n", 1}, {"\0x", 2}, {"\xf0\x9f\x98\x80", 4},
                      {"\xef\xbf\xbd", 3}};
    char command[128];
    json_t *last;
    snprintf(command, sizeof command, "top-p -p 1 --rows 0:1 --text %s/words.json", folder);
    cr_assert(check_lines(command, KEYS(top_p_keys), &last) == 1);
    json_t *ids = json_object_get(last, "ids"), *found = json_object_get(last, "texts");
    cr_assert(json_array_size(ids) == VOCAB && json_array_size(found) == VOCAB);
    for (size_t i = 0; i < VOCAB; i++) {
        json_int_t id = json_integer_value(json_array_get(ids, i));
        json_t *text = json_array_get(found, i);
        cr_assert(id == (json_int_t)(VOCAB - 1 - i));
        cr_assert(json_string_length(text) == texts[id].length);
        cr_assert(memcmp(json_string_value(text), texts[id].bytes, texts[id].length) == 0);
    }
    json_decref(last);
}

/* Reals come back as the binary32 they were. */
Test(cli_json, reals_survive) {
    json_t *last;
    cr_assert(check_lines("show --row 0 --temperature 0.7",
                          (const struct key[]){{"row", 'i'},
                                               {"temperature", 'r'},
                                               {"ids", 'I'},
                                               {"logits", 'R'},
                                               {"probs", 'R'},
                                               {"status", 's'}},
                          6, &last) == 1);
    cr_assert((float)json_real_value(json_object_get(last, "temperature")) == 0.7f);
    double sum = 0;
    for (size_t i = 0; i < VOCAB; i++)
        sum += json_real_value(json_array_get(json_object_get(last, "probs"), i));
    cr_assert(fabs(sum - 1) < 1e-6);
    json_decref(last);
}
