#include "input.h"

#include "distribution.h"
#include "host/cli/dtype.h"

#include <stdlib.h>
#include <string.h>

static void set_axis(struct bench_options *options, enum axis_name name, double value) {
    options->axes.axis[name] = (struct axis){1, {value}};
}

bool input_open(struct input *input, struct bench_options *options, struct error *error) {
    *input = (struct input){.options = options};
    if (options->file == NULL)
        return true;
    struct logits_hint hint = {options->tensor, options->is_raw, options->raw_dtype, options->raw_vocab,
                               "--raw DTYPE:V"};
    if (!logits_file_open(&input->file, options->file, &hint, error)) {
        input->file.name = NULL;
        return false;
    }
    const struct logits_layout *layout = &input->file.layout;
    set_axis(options, AXIS_VOCAB, (double)layout->vocab);
    if (!options->given[AXIS_ROWS])
        set_axis(options, AXIS_ROWS, (double)layout->rows);
    if (!options->given[AXIS_DTYPE])
        set_axis(options, AXIS_DTYPE, layout->dtype);
    return true;
}

void input_close(struct input *input) {
    free(input->values);
    free(input->seeds);
    if (input->file.name != NULL)
        logits_file_close(&input->file);
}

const char *input_name(const struct input *input, const struct point *point) {
    if (input->file.name == NULL)
        return distribution_name((enum distribution)point->value[AXIS_DISTRIBUTION]);
    const char *slash = strrchr(input->file.name, '/');
    return slash != NULL ? slash + 1 : input->file.name;
}

static bool read_row(const struct input *input, int64_t row, void *file_row, void *to, struct error *error) {
    const struct logits_layout *layout = &input->file.layout;
    if (!logits_file_read(&input->file, row % layout->rows, 1, file_row, error))
        return false;
    dtype_convert(file_row, layout->dtype, to, input->dtype, input->vocab);
    return true;
}

static bool fill(struct input *input, struct error *error) {
    size_t row_bytes = (size_t)input->vocab * dtype_bytes(input->dtype);
    void *made = allocate(error, (uint64_t)input->vocab * sizeof(float)); /* no type is larger */
    bool good = made != NULL;
    for (int64_t row = 0; row < input->rows && good; row++) {
        void *to = (char *)input->values + (size_t)row * row_bytes;
        input->seeds[row] = input->options->seed + (uint64_t)row;
        if (input->file.name != NULL) {
            good = read_row(input, row, made, to, error);
        } else {
            distribution_fill((enum distribution)input->distribution, input->options->seed, row, input->vocab,
                              made);
            dtype_convert(made, LOTTO_F32, to, input->dtype, input->vocab);
        }
    }
    free(made);
    return good;
}

bool input_load(struct input *input, const struct point *point, bool *changed, struct error *error) {
    const double *value = point->value;
    *changed = input->values == NULL || input->rows != (int64_t)value[AXIS_ROWS] ||
               input->vocab != (int64_t)value[AXIS_VOCAB] || input->dtype != (lotto_dtype)value[AXIS_DTYPE] ||
               input->distribution != value[AXIS_DISTRIBUTION];
    if (!*changed)
        return true;
    free(input->values);
    free(input->seeds);
    input->rows = (int64_t)value[AXIS_ROWS];
    input->vocab = (int64_t)value[AXIS_VOCAB];
    input->dtype = (lotto_dtype)value[AXIS_DTYPE];
    input->distribution = value[AXIS_DISTRIBUTION];
    input->seeds = allocate(error, (uint64_t)input->rows * sizeof *input->seeds);
    input->values = allocate(error, (uint64_t)(input->rows * input->vocab) * dtype_bytes(input->dtype));
    return input->seeds != NULL && input->values != NULL && fill(input, error);
}
