#define _GNU_SOURCE
#include "report.h"
#include "../check/finding.h"
#include "cost_table.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static const struct profile *profile;
static char *path;       /* NULL: no report */
static json_t *launches; /* NULL: none is kept */
static size_t measured_from;
static struct cost_sum totals;
static bool is_warm, is_printed, has_devices;

void report_open(const struct options *options) {
    profile = options->profile;
    is_warm = options->warm_l2;
    has_devices = options->devices > 1;
    if (!options->report)
        return;
    path = strdup(options->report);
    int file = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    if (file < 0 && errno == EEXIST) {
        free(path);
        if (asprintf(&path, "%s.%ld", options->report, (long)getpid()) < 0)
            vgpu_fail("no memory for the report's name");
        file = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    }
    if (file < 0) {
        const char *refused = path;
        path = NULL;
        vgpu_fail("cannot write the report %s: %s", refused, strerror(errno));
    }
    close(file);
    launches = json_array();
}

void report_measure(void) {
    if (!launches)
        launches = json_array();
    measured_from = json_array_size(launches);
}

static json_t *triple(const uint32_t value[3]) {
    return json_pack("[I, I, I]", (json_int_t)value[0], (json_int_t)value[1], (json_int_t)value[2]);
}

static void put_counts(json_t *object, const struct launch_counts *counts, double us, enum cost_bound bound) {
    const struct {
        const char *key;
        uint64_t value;
    } figures[] = {
        {"warp_instructions", counts->warp_instructions},
        {"thread_instructions", counts->thread_instructions},
        {"issue_slots", counts->issue_slots},
        {"machine_instructions", counts->machine_instructions},
        {"conversions_and_mufu", counts->conversions_and_mufu},
        {"global_load_sectors", counts->global_load_sectors},
        {"global_store_sectors", counts->global_store_sectors},
        {"l2_hits", counts->l2.hits},
        {"dram_read_bytes", counts->l2.dram_read_bytes},
        {"dram_write_bytes", counts->l2.dram_write_bytes},
        {"shared_wavefronts", counts->shared_wavefronts},
        {"remote_shared_wavefronts", counts->remote_shared_wavefronts},
        {"atomics", counts->atomics},
        {"barriers", counts->barriers},
        {"cluster_barriers", counts->cluster_barriers},
        {"cluster_waits", counts->cluster_waits},
        {"dram_round_trips", counts->dram_round_trips},
    };
    for (size_t i = 0; i < sizeof figures / sizeof *figures; i++)
        json_object_set_new(object, figures[i].key, json_integer((json_int_t)figures[i].value));
    json_object_set_new(object, "estimated_us", json_real(us));
    json_object_set_new(object, "bound_by", json_string(cost_bound_name(bound)));
}

void report_launch(const struct launch *launch, const struct kernel *kernel,
                   const struct launch_counts *counts) {
    if (!launches)
        return;
    static const uint32_t no_cluster[3] = {1, 1, 1};
    const uint32_t *cluster = launch->cluster[0] ? launch->cluster : no_cluster;
    json_t *object = json_pack("{s:s, s:o, s:o, s:o, s:I}", "kernel", kernel->name, "grid",
                               triple(launch->grid), "block", triple(launch->block), "cluster",
                               triple(cluster), "dynamic_smem", (json_int_t)launch->dynamic_shared_bytes);
    if (has_devices)
        json_object_set_new(object, "device", json_integer((json_int_t)kernel->device));
    struct device_rates rates = profile_rates(profile);
    struct estimate estimate = estimate_launch(&rates, launch, counts);
    put_counts(object, counts, estimate.us, estimate.bound);
    json_array_append_new(launches, object);
    cost_add(&totals, counts, estimate);
    cost_table_add(kernel->name, counts, estimate);
}

static json_t *finding_object(const struct finding *finding) {
    json_t *object = json_pack("{s:s, s:s?, s:s}", "check", check_name(finding->check), "kernel",
                               finding->kernel, "message", finding->message);
    if (finding->kernel) {
        json_object_set_new(object, "block", triple(finding->block));
        json_object_set_new(object, "thread", triple(finding->thread));
    }
    if (finding->ptx_line)
        json_object_set_new(object, "ptx_line", json_integer(finding->ptx_line));
    if (finding->source_file)
        json_object_set_new(object, "source",
                            json_sprintf("%s:%u", finding->source_file, (unsigned)finding->source_line));
    if (finding->address)
        json_object_set_new(object, "address", json_sprintf("0x%llx", (unsigned long long)finding->address));
    return object;
}

static json_t *device_object(void) {
    const struct device_limits *limits = &profile->limits;
    return json_pack("{s:s, s:s, s:i, s:i, s:I, s:I, s:i}", "name", profile->name, "device_name",
                     profile->device_name, "arch", (int)limits->architecture, "sms", (int)limits->sm_count,
                     "memory_bytes", (json_int_t)profile->memory_bytes, "l2_bytes",
                     (json_int_t)profile->l2_bytes, "clock_khz", (int)profile->clock_khz);
}

/* The assumptions, beside the numbers. */
static json_t *cost_model_object(void) {
    struct device_rates rates = profile_rates(profile);
    const struct {
        const char *key;
        double value;
    } figures[] = {
        {"clock_hz", rates.clock_hz},
        {"dram_bytes_per_second", rates.dram_bytes_per_second},
        {"l2_bytes_per_clock", rates.l2_bytes_per_clock},
        {"schedulers", rates.schedulers},
        {"dependent_issue_clocks", rates.dependent_issue_clocks},
        {"l2_port_bytes_per_clock", rates.l2_port_bytes_per_clock},
        {"shared_wavefronts_per_clock", rates.shared_wavefronts_per_clock},
        {"conversions_per_clock", rates.conversions_per_clock},
        {"atomics_per_clock", rates.atomics_per_clock},
        {"atomics_of_one_word_per_clock", rates.atomics_of_one_word_per_clock},
        {"launch_us", rates.launch_us},
        {"dram_first_byte_us", rates.dram_first_byte_us},
        {"block_barrier_us", rates.block_barrier_us},
        {"cluster_barrier_us", rates.cluster_barrier_us},
    };
    json_t *object = json_pack("{s:s, s:s, s:i, s:i, s:i}", "note",
                               "estimated_us and bound_by are a model's estimate, not a measurement", "l2",
                               is_warm ? "warm" : "cold", "l2_ways", L2_WAYS, "l2_line_bytes", L2_LINE_BYTES,
                               "l2_sector_bytes", L2_SECTOR_BYTES);
    for (size_t i = 0; i < sizeof figures / sizeof *figures; i++)
        json_object_set_new(object, figures[i].key, json_real(figures[i].value));
    return object;
}

char *report_measured(void) {
    json_t *measured = json_array();
    for (size_t i = measured_from; i < json_array_size(launches); i++)
        json_array_append(measured, json_array_get(launches, i));
    json_t *cost_model = cost_model_object();
    json_object_del(cost_model, "l2"); /* what the program asked for, not the options */
    json_t *report = json_pack("{s:o, s:o, s:o}", "device", device_object(), "cost_model", cost_model,
                               "launches", measured);
    char *text = json_dumps(report, JSON_COMPACT);
    json_decref(report);
    return text;
}

static void print_table(void) {
    char title[200];
    snprintf(title, sizeof title,
             "vgpu: counted figures, and a model's estimate (not a measurement) of the time on %s, L2 %s",
             profile->device_name, is_warm ? "warm" : "cold");
    if (!is_printed)
        cost_table_print(stderr, title);
    is_printed = true;
}

void report_write(void) {
    if (!path)
        return;
    json_t *findings = json_array();
    const struct finding *finding;
    for (unsigned long i = 0; (finding = finding_kept(i)); i++)
        json_array_append_new(findings, finding_object(finding));
    json_t *sum = json_object();
    put_counts(sum, &totals.counts, totals.us, cost_sum_bound(&totals));
    json_t *report = json_pack("{s:o, s:o, s:O, s:o, s:I, s:o}", "device", device_object(), "cost_model",
                               cost_model_object(), "launches", launches, "findings", findings,
                               "findings_total", (json_int_t)finding_count(), "totals", sum);
    if (!report || json_dump_file(report, path, JSON_INDENT(1)) != 0)
        fprintf(stderr, "vgpu: cannot write the report %s\n", path);
    json_decref(report);
    print_table();
}
