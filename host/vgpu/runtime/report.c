#define _GNU_SOURCE
#include "report.h"
#include "../check/finding.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static const struct profile *profile;
static char *path; /* NULL: no report */
static json_t *launches;
static struct launch_counts totals;

void report_open(const struct options *options) {
    profile = options->profile;
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

static json_t *triple(const uint32_t value[3]) {
    return json_pack("[I, I, I]", (json_int_t)value[0], (json_int_t)value[1], (json_int_t)value[2]);
}

/* What exec/ counts today; the rest of the cost model's figures are absent until they are counted. */
static void put_counts(json_t *object, const struct launch_counts *counts) {
    const struct {
        const char *key;
        uint64_t value;
    } figures[] = {
        {"warp_instructions", counts->warp_instructions},
        {"thread_instructions", counts->thread_instructions},
        {"issue_slots", counts->issue_slots},
        {"conversions_and_mufu", counts->conversions_and_mufu},
        {"global_load_sectors", counts->global_load_sectors},
        {"global_store_sectors", counts->global_store_sectors},
        {"shared_wavefronts", counts->shared_wavefronts},
        {"atomics", counts->atomics},
        {"barriers", counts->barriers},
    };
    for (size_t i = 0; i < sizeof figures / sizeof *figures; i++)
        json_object_set_new(object, figures[i].key, json_integer((json_int_t)figures[i].value));
}

static void add(struct launch_counts *sum, const struct launch_counts *counts) {
    sum->warp_instructions += counts->warp_instructions;
    sum->thread_instructions += counts->thread_instructions;
    sum->issue_slots += counts->issue_slots;
    sum->conversions_and_mufu += counts->conversions_and_mufu;
    sum->global_load_sectors += counts->global_load_sectors;
    sum->global_store_sectors += counts->global_store_sectors;
    sum->shared_wavefronts += counts->shared_wavefronts;
    sum->atomics += counts->atomics;
    sum->barriers += counts->barriers;
}

void report_launch(const struct launch *launch, const char *kernel, const struct launch_counts *counts) {
    if (!path)
        return;
    static const uint32_t no_cluster[3] = {1, 1, 1};
    json_t *object = json_pack("{s:s, s:o, s:o, s:o, s:I}", "kernel", kernel, "grid", triple(launch->grid),
                               "block", triple(launch->block), "cluster", triple(no_cluster), "dynamic_smem",
                               (json_int_t)launch->dynamic_shared_bytes);
    put_counts(object, counts);
    json_array_append_new(launches, object);
    add(&totals, counts);
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

void report_write(void) {
    if (!path)
        return;
    json_t *findings = json_array();
    const struct finding *finding;
    for (unsigned long i = 0; (finding = finding_kept(i)); i++)
        json_array_append_new(findings, finding_object(finding));
    json_t *sum = json_object();
    put_counts(sum, &totals);
    json_t *report =
        json_pack("{s:o, s:O, s:o, s:I, s:o}", "device", device_object(), "launches", launches, "findings",
                  findings, "findings_total", (json_int_t)finding_count(), "totals", sum);
    if (!report || json_dump_file(report, path, JSON_INDENT(1)) != 0)
        fprintf(stderr, "vgpu: cannot write the report %s\n", path);
    json_decref(report);
}
