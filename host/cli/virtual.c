#include "virtual.h"

#include <dlfcn.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define STAND_IN "libcudart.so.13"
#define REASON "LOTTO_VIRTUAL_REASON" /* set by a restart, empty if it was asked for */

bool virtual_is_loaded(void) { return dlsym(RTLD_DEFAULT, "lotto_vgpu_present") != NULL; }

/* The library folder is beside bin; its name is the installation's, `lib` where it was built. */
bool virtual_find(char path[PATH_MAX], struct error *error) {
    static const char *const folders[] = {"lib", LOTTO_LIBDIR};
    char program[PATH_MAX];
    ssize_t length = readlink("/proc/self/exe", program, sizeof program - 1);
    if (length < 0)
        return failure(error, "/proc/self/exe: %s", strerror(errno));
    program[length] = '\0';
    for (int up = 0; up < 2; up++) {
        char *slash = strrchr(program, '/');
        if (slash != NULL)
            *slash = '\0';
    }
    for (int i = 0; i < 2; i++) {
        int written = snprintf(path, PATH_MAX, "%s/%s/lotto/vgpu/" STAND_IN, program, folders[i]);
        if (written < PATH_MAX && access(path, R_OK) == 0)
            return true;
    }
    return failure(error, "the virtual GPU is not installed: no %s/lib/lotto/vgpu/" STAND_IN, program);
}

static bool put_first(const char *variable, const char *value) {
    const char *rest = getenv(variable);
    if (rest == NULL || *rest == '\0')
        return setenv(variable, value, 1) == 0;
    char *joined;
    if (asprintf(&joined, "%s:%s", value, rest) < 0)
        return false;
    bool good = setenv(variable, joined, 1) == 0;
    free(joined);
    return good;
}

bool virtual_restart(char **arguments, const char *reason, struct error *error) {
    char path[PATH_MAX];
    if (!virtual_find(path, error))
        return false;
    if (getenv(REASON) != NULL)
        return failure(error, "the virtual GPU could not be loaded from %s", path);
    *strrchr(path, '/') = '\0';
    /* Preloaded by its soname, which may hold no space or colon, and found in the folder, which may. */
    if (!put_first("LD_LIBRARY_PATH", path) || !put_first("LD_PRELOAD", STAND_IN) ||
        setenv(REASON, reason, 1) != 0)
        return failure(error, "not enough memory for the environment");
    execv("/proc/self/exe", arguments);
    return failure(error, "starting again under the virtual GPU: %s", strerror(errno));
}

const char *virtual_reason(void) {
    const char *reason = getenv(REASON);
    if (reason != NULL)
        return *reason != '\0' ? reason : NULL;
    const char *preloaded = getenv("LD_PRELOAD");
    return preloaded != NULL && strstr(preloaded, STAND_IN) != NULL ? NULL : "no CUDA runtime is installed";
}
