#include "options.h"
#include "../check/finding.h"
#include "device.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Unset and empty are the same. */
static const char *variable(const char *name) {
    const char *value = getenv(name);
    return value && *value ? value : NULL;
}

static const struct profile *choose_profile(void) {
    const char *gpu = variable("LOTTO_VGPU_GPU"), *architecture = variable("LOTTO_VGPU_ARCH");
    if (gpu && architecture)
        vgpu_fail("--gpu %s and --arch %s exclude each other: an architecture alone picks its GPU", gpu,
                  architecture);
    if (gpu) {
        const struct profile *profile = profile_by_name(gpu);
        if (!profile)
            vgpu_fail("--gpu is \"%s\"; must be one of %s", gpu, profile_names);
        return profile;
    }
    if (architecture) {
        const struct profile *profile = profile_by_architecture(architecture);
        if (!profile)
            vgpu_fail("--arch is \"%s\"; must be one of %s", architecture, profile_architectures);
        return profile;
    }
    return profile_default();
}

/* "all" leaves out leak: a program that ends is not wrong to leave its memory to the system. */
static unsigned check_by_name(const char *name, size_t length) {
    static const enum check every[] = {CHECK_MEM, CHECK_INIT, CHECK_RACE, CHECK_SYNC, CHECK_LEAK};
    for (size_t i = 0; i < sizeof every / sizeof *every; i++)
        if (strlen(check_name(every[i])) == length && strncmp(check_name(every[i]), name, length) == 0)
            return every[i];
    if (length == 3 && strncmp(name, "all", 3) == 0)
        return CHECK_MEM | CHECK_INIT | CHECK_RACE | CHECK_SYNC;
    vgpu_fail("--check is \"%.*s\"; must be a list of mem, init, race, sync, leak and all, or none",
              (int)length, name);
}

static unsigned choose_checks(void) {
    const char *list = variable("LOTTO_VGPU_CHECK");
    if (!list)
        return CHECK_MEM | CHECK_SYNC;
    if (strcmp(list, "none") == 0)
        return 0;
    unsigned checks = 0;
    for (const char *name = list;; name++) {
        size_t length = strcspn(name, ",");
        checks |= check_by_name(name, length);
        name += length;
        if (!*name)
            return checks;
    }
}

static int choose_devices(void) {
    const char *text = variable("LOTTO_VGPU_DEVICES");
    if (!text)
        return 1;
    char *end;
    long count = strtol(text, &end, 10);
    if (*end || count < 1 || count > DEVICES_MAX)
        vgpu_fail("--devices is \"%s\"; must be a number from 1 to %d", text, DEVICES_MAX);
    return (int)count;
}

static bool choose_warm_l2(void) {
    const char *state = variable("LOTTO_VGPU_L2");
    if (!state || strcmp(state, "cold") == 0)
        return false;
    if (strcmp(state, "warm") == 0)
        return true;
    vgpu_fail("--l2 is \"%s\"; must be cold or warm", state);
}

/* False when it is not given. */
static bool read_seed(const char *name, const char *option, uint64_t *seed) {
    const char *text = variable(name);
    if (!text)
        return false;
    char *end;
    errno = 0;
    *seed = strtoull(text, &end, 10);
    if (*text < '0' || *text > '9' || *end || errno)
        vgpu_fail("%s is \"%s\"; must be a whole number from 0 to %llu", option, text,
                  (unsigned long long)UINT64_MAX);
    return true;
}

void options_read(struct options *options) {
    options->has_schedule = read_seed("LOTTO_VGPU_SCHEDULE", "--schedule", &options->schedule);
    options->has_ulp = read_seed("LOTTO_VGPU_ULP", "--ulp", &options->ulp);
    options->profile = choose_profile();
    options->devices = choose_devices();
    options->checks = choose_checks();
    options->report = variable("LOTTO_VGPU_REPORT");
    options->warm_l2 = choose_warm_l2();
}
