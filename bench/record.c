#include "record.h"

#include "extra.h"
#include "host/cli/dtype.h"

#include <stdio.h>
#include <string.h>

/* Of which measurements a figure is. */
enum kind { ALWAYS, COUNTED, TIMED };
/* Instead of decimals: as many as it takes; a text that is cut at the width. */
enum { AS_IT_IS = -1, CUT = -2 };

/* Every figure, in the order of a CSV line. width: in the table, negative: at the left; 0: not in the table. */
static const struct column {
    const char *key, *title;
    int width, decimals;
    enum kind kind;
} columns[] = {
    {"device", "device", 0, 0, ALWAYS},
    {"peer", "peer", -10, 0, ALWAYS},
    {"mode", "mode", -30, 0, ALWAYS},
    {"operation", "operation", 0, 0, ALWAYS},
    {"temperature", "temperature", 0, AS_IT_IS, ALWAYS},
    {"top_k", "top_k", 0, 0, ALWAYS},
    {"top_p", "top_p", 0, AS_IT_IS, ALWAYS},
    {"min_p", "min_p", 0, AS_IT_IS, ALWAYS},
    {"extra", "extra", 0, 0, ALWAYS},
    {"with", "with", 0, 0, ALWAYS},
    {"rows", "rows", 5, 0, ALWAYS},
    {"vocab", "vocab", 7, 0, ALWAYS},
    {"dtype", "dtype", -5, 0, ALWAYS},
    {"input", "input", -16, CUT, ALWAYS},
    {"l2", "L2", -4, 0, ALWAYS},
    {"checked_rows", "checked", 7, 0, ALWAYS},
    {"launches", "launches", 8, 0, COUNTED},
    {"reads_per_logit", "reads", 7, 3, COUNTED},
    {"writes_per_logit", "writes", 7, 3, COUNTED},
    {"dram_reads_per_logit", "DRAM rd", 7, 3, COUNTED},
    {"dram_writes_per_logit", "DRAM wr", 7, 3, COUNTED},
    {"slots_per_logit", "slots", 7, 2, COUNTED},
    {"conversions_per_logit", "conv", 6, 2, COUNTED},
    {"wavefronts_per_32_logits", "waves", 6, 2, COUNTED},
    {"blocks_per_row", "blocks", 6, AS_IT_IS, COUNTED},
    {"instructions_per_thread", "instr/thr", 9, 0, COUNTED},
    {"estimated_us", "est. us", 9, 2, COUNTED},
    {"floor_us", "floor us", 9, 2, ALWAYS},
    {"over_floor", "x floor", 7, 2, COUNTED},
    {"bound_by", "bound by", -8, 0, COUNTED},
    {"issue_slots", "issue_slots", 0, 0, COUNTED},
    {"threads", "threads", 0, 0, COUNTED},
    {"logits_bytes", "logits_bytes", 0, 0, ALWAYS},
    {"control_bytes", "control_bytes", 0, 0, ALWAYS},
    {"graph_us", "graph us", 9, 2, TIMED},
    {"stream_us", "stream us", 9, 2, TIMED},
    {"percent_of_copy", "% of copy", 9, 1, TIMED},
    {"copy_gb_per_second", "copy GB/s", 9, 0, TIMED},
};
enum { COLUMNS = sizeof columns / sizeof *columns };

json_t *record_create(const char *device, const struct peer *peer, const struct point *point,
                      const char *input, int64_t checked_rows) {
    char mode[128];
    const double *value = point->value;
    const struct extra *extra = extra_at((int)value[AXIS_EXTRA]);
    point_describe(point, mode, sizeof mode);
    return json_pack("{s:s, s:s, s:s, s:s, s:f, s:I, s:f, s:f, s:s, s:s, s:I, s:I, s:s, s:s, s:s, s:I}",
                     "device", device, "peer", peer->name, "mode", mode, "operation",
                     operation_name((enum operation)value[AXIS_OPERATION]), "temperature",
                     value[AXIS_TEMPERATURE], "top_k", (json_int_t)value[AXIS_TOP_K], "top_p",
                     value[AXIS_TOP_P], "min_p", value[AXIS_MIN_P], "extra", extra->name, "with", extra->what,
                     "rows", (json_int_t)value[AXIS_ROWS], "vocab", (json_int_t)value[AXIS_VOCAB], "dtype",
                     dtype_name((lotto_dtype)value[AXIS_DTYPE]), "input", input, "l2",
                     value[AXIS_L2] == 0 ? "cold" : "warm", "checked_rows", (json_int_t)checked_rows);
}

static void put(json_t *record, const char *key, double value) {
    json_object_set_new(record, key, json_real(value));
}
static void put_whole(json_t *record, const char *key, int64_t value) {
    json_object_set_new(record, key, json_integer(value));
}

enum { SECTOR_BYTES = 32, LANES = 32 };

void record_add_counts(json_t *record, const struct counts *counts, int64_t rows, struct amount amount) {
    double logits = (double)amount.logits, bytes = (double)amount.logits_bytes;
    double floor_us = (double)amount.moved_bytes / counts->dram_bytes_per_second * 1e6 + counts->launch_us;
    put_whole(record, "launches", counts->launches);
    put(record, "reads_per_logit", (double)counts->load_sectors * SECTOR_BYTES / bytes);
    put(record, "writes_per_logit", (double)counts->store_sectors * SECTOR_BYTES / bytes);
    put(record, "dram_reads_per_logit", (double)counts->dram_read_bytes / bytes);
    put(record, "dram_writes_per_logit", (double)counts->dram_write_bytes / bytes);
    put(record, "slots_per_logit", (double)counts->issue_slots / logits);
    put(record, "conversions_per_logit", (double)counts->conversions * LANES / logits);
    put(record, "wavefronts_per_32_logits", (double)counts->shared_wavefronts * 32 / logits);
    put(record, "blocks_per_row", (double)counts->most_blocks / (double)rows);
    put(record, "instructions_per_thread", (double)counts->thread_instructions / (double)counts->threads);
    put(record, "estimated_us", counts->estimated_us);
    put(record, "floor_us", floor_us);
    put(record, "over_floor", counts->estimated_us / floor_us);
    json_object_set_new(record, "bound_by", json_string(counts->bound_by));
    put_whole(record, "issue_slots", counts->issue_slots);
    put_whole(record, "threads", counts->threads);
    put_whole(record, "logits_bytes", amount.logits_bytes);
    put_whole(record, "control_bytes", amount.control_bytes);
}

void record_add_timing(json_t *record, const struct timing *timing, struct amount amount) {
    double floor_us = (double)amount.moved_bytes / timing->copy_bytes_per_second * 1e6;
    put_whole(record, "logits_bytes", amount.logits_bytes);
    put_whole(record, "control_bytes", amount.control_bytes);
    put(record, "graph_us", timing->graph_us);
    put(record, "stream_us", timing->stream_us);
    put(record, "floor_us", floor_us);
    put(record, "percent_of_copy", 100 * floor_us / timing->graph_us);
    put(record, "copy_gb_per_second", timing->copy_bytes_per_second / 1e9);
}

static void write_value(char *text, size_t bytes, const struct column *column, const json_t *value) {
    if (json_is_string(value))
        snprintf(text, bytes, "%s", json_string_value(value));
    else if (json_is_integer(value))
        snprintf(text, bytes, "%lld", (long long)json_integer_value(value));
    else if (json_is_real(value) && column->decimals == AS_IT_IS)
        snprintf(text, bytes, "%g", json_real_value(value));
    else if (json_is_real(value))
        snprintf(text, bytes, "%.*f", column->decimals, json_real_value(value));
    else
        text[0] = '\0';
}

static bool is_counted(const json_t *record) { return json_object_get(record, "launches") != NULL; }

static bool in_table(const struct column *column, const json_t *record) {
    return column->width != 0 && (column->kind == ALWAYS || (column->kind == COUNTED) == is_counted(record));
}

static void print_table_line(const json_t *record) {
    static char device[128];
    const char *now = json_string_value(json_object_get(record, "device"));
    char text[300];
    if (strcmp(device, now) != 0) {
        printf("%s%s\n", device[0] ? "\n" : "", now);
        if (is_counted(record))
            printf("est. us: a model's estimate, not a measurement\n");
        for (int i = 0; i < COLUMNS; i++)
            if (in_table(&columns[i], record))
                printf("%*s  ", columns[i].width, columns[i].title);
        printf("\n");
        snprintf(device, sizeof device, "%s", now);
    }
    for (int i = 0; i < COLUMNS; i++) {
        if (!in_table(&columns[i], record))
            continue;
        write_value(text, sizeof text, &columns[i], json_object_get(record, columns[i].key));
        printf("%*.*s  ", columns[i].width, columns[i].decimals == CUT ? -columns[i].width : -1, text);
    }
    printf("\n");
}

/* RFC 4180: quotes where a value needs them. */
static void print_csv_value(const char *text) {
    if (strpbrk(text, ",\"\r\n") == NULL) {
        printf("%s", text);
        return;
    }
    putchar('"');
    for (; *text != '\0'; text++)
        printf("%s%c", *text == '"' ? "\"" : "", *text);
    putchar('"');
}

static void print_csv_line(const json_t *record) {
    static bool is_headed;
    char text[300];
    for (int i = 0; i < COLUMNS && !is_headed; i++)
        printf("%s%s", columns[i].key, i + 1 < COLUMNS ? "," : "\n");
    is_headed = true;
    for (int i = 0; i < COLUMNS; i++) {
        const json_t *value = json_object_get(record, columns[i].key);
        write_value(text, sizeof text, &(struct column){.decimals = AS_IT_IS}, value);
        if (json_is_real(value))
            snprintf(text, sizeof text, "%.9g", json_real_value(value));
        print_csv_value(text);
        putchar(i + 1 < COLUMNS ? ',' : '\n');
    }
}

void record_print(const json_t *record, enum format format) {
    if (format == FORMAT_TABLE) {
        print_table_line(record);
    } else if (format == FORMAT_CSV) {
        print_csv_line(record);
    } else {
        json_dumpf(record, stdout, JSON_COMPACT | JSON_REAL_PRECISION(9));
        printf("\n");
    }
    fflush(stdout);
}
