#include "npy_write.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* What a signal must remove. */
static const char *volatile unfinished;

static const int ending_signals[] = {SIGHUP, SIGINT, SIGPIPE, SIGTERM};
enum { ENDING_SIGNALS = sizeof ending_signals / sizeof *ending_signals };

static void remove_and_end(int signal_number) {
    const char *path = unfinished;
    if (path != NULL)
        unlink(path);
    signal(signal_number, SIG_DFL);
    raise(signal_number);
}

static void catch_signals(void) {
    struct sigaction action = {.sa_handler = remove_and_end};
    for (int i = 0; i < ENDING_SIGNALS; i++) {
        struct sigaction before;
        sigaction(ending_signals[i], NULL, &before);
        if (before.sa_handler == SIG_DFL)
            sigaction(ending_signals[i], &action, NULL);
    }
}

/* mkstemp, its result known to the signal handler from the first moment, and readable by whom new files are. */
static int create_temporary(char *path) {
    sigset_t ending, before;
    sigemptyset(&ending);
    for (int i = 0; i < ENDING_SIGNALS; i++)
        sigaddset(&ending, ending_signals[i]);
    sigprocmask(SIG_BLOCK, &ending, &before);
    int descriptor = mkostemp(path, O_CLOEXEC);
    if (descriptor >= 0)
        unfinished = path;
    sigprocmask(SIG_SETMASK, &before, NULL);
    if (descriptor >= 0) {
        mode_t mask = umask(0);
        umask(mask);
        fchmod(descriptor, 0666 & ~mask);
    }
    return descriptor;
}

static bool write_header(FILE *file, int64_t rows, int64_t vocab) {
    char dictionary[128];
    int length = snprintf(dictionary, sizeof dictionary,
                          "{'descr': '<f4', 'fortran_order': False, 'shape': (%lld, %lld), }",
                          (long long)rows, (long long)vocab);
    int padded = (10 + length + 1 + 63) / 64 * 64 - 10; /* so that the values begin at a multiple of 64 */
    unsigned char start[] = {
        0x93, 'N', 'U', 'M', 'P', 'Y', 1, 0, (unsigned char)padded, (unsigned char)(padded >> 8)};
    return fwrite(start, sizeof start, 1, file) == 1 &&
           fprintf(file, "%s%*s\n", dictionary, padded - length - 1, "") == padded;
}

bool npy_write_begin(struct npy_writer *writer, const char *path, int64_t rows, int64_t vocab,
                     struct error *error) {
    struct stat status;
    *writer = (struct npy_writer){.name = path};
    bool exists = stat(path, &status) == 0;
    if (exists && !S_ISREG(status.st_mode))
        return failure(error, "%s: it exists and is not a regular file", path);
    writer->path = exists ? realpath(path, NULL) : strdup(path);
    if (writer->path == NULL || asprintf(&writer->temporary, "%s.XXXXXX", writer->path) < 0) {
        writer->temporary = NULL;
        return failure(error, "%s: %s", path, strerror(errno));
    }
    catch_signals();
    int descriptor = create_temporary(writer->temporary);
    if (descriptor < 0) {
        failure(error, "%s: %s", path, strerror(errno));
        free(writer->temporary);
        writer->temporary = NULL;
        return false;
    }
    writer->file = fdopen(descriptor, "wb");
    if (writer->file == NULL || !write_header(writer->file, rows, vocab))
        return failure(error, "%s: %s", path, strerror(errno));
    return true;
}

bool npy_write_values(struct npy_writer *writer, const float *values, int64_t count, struct error *error) {
    return fwrite(values, sizeof *values, (size_t)count, writer->file) == (size_t)count ||
           failure(error, "%s: %s", writer->name, strerror(errno));
}

bool npy_write_commit(struct npy_writer *writer, struct error *error) {
    bool flushed = fflush(writer->file) == 0 && fsync(fileno(writer->file)) == 0;
    if (!flushed || rename(writer->temporary, writer->path) != 0)
        return failure(error, "%s: %s", writer->name, strerror(errno));
    unfinished = NULL;
    free(writer->temporary);
    writer->temporary = NULL;
    return true;
}

void npy_write_close(struct npy_writer *writer) {
    if (writer->temporary != NULL)
        unlink(writer->temporary);
    unfinished = NULL;
    if (writer->file != NULL)
        fclose(writer->file);
    free(writer->temporary);
    free(writer->path);
    *writer = (struct npy_writer){0};
}
