#include "command.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define PROGRAM "lotto-bench"

bool bench_start(char **arguments, struct error *error) {
    char path[PATH_MAX];
    ssize_t length = readlink("/proc/self/exe", path, sizeof path - sizeof PROGRAM);
    if (length < 0)
        return failure(error, "/proc/self/exe: %s", strerror(errno));
    path[length] = '\0';
    strcpy(strrchr(path, '/') + 1, PROGRAM);
    execv(path, arguments);
    return failure(error, "%s: %s", path, strerror(errno));
}
