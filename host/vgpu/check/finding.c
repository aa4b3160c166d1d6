#include "finding.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { KEPT_MAX = 100, STATUS_FAILED = 87 };

unsigned checks_enabled = CHECK_MEM | CHECK_SYNC;
void (*vgpu_before_failure)(void);

static struct finding kept[KEPT_MAX];
static unsigned long count;

const char *check_name(enum check check) {
    switch (check) {
    case CHECK_MEM:
        return "mem";
    case CHECK_INIT:
        return "init";
    case CHECK_RACE:
        return "race";
    case CHECK_SYNC:
        return "sync";
    case CHECK_LEAK:
        return "leak";
    }
    return "unknown";
}

static void print(const struct finding *finding) {
    fprintf(stderr, "vgpu: %s: %s", check_name(finding->check), finding->message);
    if (finding->kernel) {
        fprintf(stderr, " [kernel %s", finding->kernel);
        if (finding->ptx_line)
            fprintf(stderr, ", PTX line %" PRIu32, finding->ptx_line);
        if (finding->source_file)
            fprintf(stderr, ", %s:%" PRIu32, finding->source_file, finding->source_line);
        fprintf(stderr,
                ", block %" PRIu32 ",%" PRIu32 ",%" PRIu32 ", thread %" PRIu32 ",%" PRIu32 ",%" PRIu32 "]",
                finding->block[0], finding->block[1], finding->block[2], finding->thread[0],
                finding->thread[1], finding->thread[2]);
    }
    fputc('\n', stderr);
}

static const char *copy_of(const char *text) { return text ? strdup(text) : NULL; }

void finding_report(const struct finding *finding) {
    count++;
    if (count > KEPT_MAX) {
        if (count == KEPT_MAX + 1)
            fprintf(stderr, "vgpu: more than %d findings; the rest are only counted\n", KEPT_MAX);
        return;
    }
    print(finding);
    struct finding *copy = &kept[count - 1];
    *copy = *finding;
    copy->kernel = copy_of(finding->kernel);
    copy->source_file = copy_of(finding->source_file);
    copy->message = copy_of(finding->message);
}

unsigned long finding_count(void) { return count; }

const struct finding *finding_kept(unsigned long index) {
    return index < count && index < KEPT_MAX ? &kept[index] : NULL;
}

void vgpu_fail(const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    fputs("vgpu: ", stderr);
    vfprintf(stderr, format, arguments);
    fputc('\n', stderr);
    va_end(arguments);
    if (vgpu_before_failure)
        vgpu_before_failure();
    fflush(NULL);
    _exit(STATUS_FAILED);
}
