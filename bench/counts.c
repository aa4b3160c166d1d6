#include "counts.h"

#include "host/vgpu/runtime/measure.h"

#include <dlfcn.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

/* The stand-in's own functions, which a real runtime lacks. */
static void *stand_in(const char *name) {
    void *function = dlsym(RTLD_DEFAULT, name);
    if (function == NULL)
        abort(); /* asked only where virtual_is_loaded() */
    return function;
}

void counts_begin(bool warm_l2) {
    void (*measure)(int);
    *(void **)&measure = stand_in("lotto_vgpu_measure");
    measure(warm_l2);
}

static int64_t whole(const json_t *launch, const char *key) {
    return json_integer_value(json_object_get(launch, key));
}

static int64_t product(const json_t *launch, const char *key) {
    int64_t product = 1;
    size_t i;
    json_t *size;
    json_array_foreach(json_object_get(launch, key), i, size) product *= json_integer_value(size);
    return product;
}

static void add(struct counts *counts, const json_t *launch, double *most_us) {
    int64_t blocks = product(launch, "grid");
    double us = json_real_value(json_object_get(launch, "estimated_us"));
    counts->launches++;
    counts->threads += blocks * product(launch, "block");
    counts->most_blocks = blocks > counts->most_blocks ? blocks : counts->most_blocks;
    counts->load_sectors += whole(launch, "global_load_sectors");
    counts->store_sectors += whole(launch, "global_store_sectors");
    counts->dram_read_bytes += whole(launch, "dram_read_bytes");
    counts->dram_write_bytes += whole(launch, "dram_write_bytes");
    counts->issue_slots += whole(launch, "issue_slots");
    counts->thread_instructions += whole(launch, "thread_instructions");
    counts->conversions += whole(launch, "conversions_and_mufu");
    counts->shared_wavefronts += whole(launch, "shared_wavefronts");
    counts->estimated_us += us;
    if (us > *most_us) {
        *most_us = us;
        strncpy(counts->bound_by, json_string_value(json_object_get(launch, "bound_by")),
                sizeof counts->bound_by - 1);
    }
}

bool counts_end(struct counts *counts, struct error *error) {
    char *(*measured)(void);
    *(void **)&measured = stand_in("lotto_vgpu_measured");
    char *text = measured();
    json_t *report = text ? json_loads(text, 0, NULL) : NULL, *launch;
    free(text);
    if (report == NULL)
        return failure(error, "not enough memory for what the virtual GPU counted");
    *counts = (struct counts){0};
    double most_us = 0;
    size_t i;
    json_array_foreach(json_object_get(report, "launches"), i, launch) add(counts, launch, &most_us);
    const json_t *model = json_object_get(report, "cost_model");
    counts->dram_bytes_per_second = json_real_value(json_object_get(model, "dram_bytes_per_second"));
    counts->launch_us = json_real_value(json_object_get(model, "launch_us"));
    json_decref(report);
    return true;
}
