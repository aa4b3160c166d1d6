#include "terminal.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

int terminal_columns(void) {
    struct winsize size;
    return ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : 80;
}

bool terminal_flush(struct error *error) {
    bool failed_before = ferror(stdout);
    if (fflush(stdout) == 0 && !failed_before)
        return true;
    return failure(error, "standard output: %s", failed_before ? "it could not be written" : strerror(errno));
}

static double now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec * 1e-9;
}

bool progress_is_possible(void) { return isatty(STDERR_FILENO); }

void progress_start(struct progress *progress, const char *unit, int64_t total) {
    *progress = (struct progress){unit, total, now(), 0};
}

void progress_show(struct progress *progress, int64_t done) {
    double time = now();
    if (!progress_is_possible() || time - progress->started < 1 || time - progress->shown < 0.1)
        return;
    progress->shown = time;
    fprintf(stderr, "\r%lld of %lld %s\033[K", (long long)done, (long long)progress->total, progress->unit);
}

void progress_clear(struct progress *progress) {
    if (progress->shown > 0)
        fprintf(stderr, "\r\033[K");
    progress->shown = 0;
}
