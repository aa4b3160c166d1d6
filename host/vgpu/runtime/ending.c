#define _GNU_SOURCE
#include "ending.h"
#include "../check/finding.h"
#include "../exec/print.h"
#include "../memory/memory.h"
#include "allocation.h"
#include "report.h"

#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { STATUS_FINDINGS = 86, STATUS_FAILED = 87 };

static const int watched[] = {SIGSEGV, SIGABRT};
enum { WATCHED = sizeof watched / sizeof *watched };
static struct sigaction before[WATCHED];

static pid_t owner; /* a forked child that uses no CUDA of its own ends as it likes */
static bool failed;

/* Tells scripts/vgpu, which may have started a whole tree of processes. */
static void mark(const char *word) {
    const char *path = getenv("LOTTO_VGPU_MARK");
    if (!path || !*path)
        return;
    int file = open(path, O_WRONLY | O_APPEND | O_CLOEXEC);
    if (file < 0)
        return;
    if (write(file, word, strlen(word)) < 0)
        fprintf(stderr, "vgpu: cannot write to %s\n", path);
    close(file);
}

void ending_reached(void) {
    if (owner == getpid())
        return;
    owner = getpid();
    mark("reached\n");
}

void ending_failed(void) { failed = true; }

static void finish(void) {
    print_flush();
    report_write();
    if (finding_count())
        mark("finding\n");
    if (failed)
        mark("failed\n");
}

static void finish_failed(void) {
    failed = true;
    finish();
}

static void report_host_access(uint64_t address) {
    char where[200], message[300];
    snprintf(message, sizeof message, "the host touched device memory at 0x%" PRIx64 ", %s", address,
             memory_describe(address, 1, where, sizeof where));
    finding_report(&(struct finding){.check = CHECK_MEM, .address = address, .message = message});
}

/* Writes the report, then lets the signal take the course it would have taken. */
static void on_crash(int number, siginfo_t *info, void *context) {
    (void)context;
    for (int i = 0; i < WATCHED; i++)
        sigaction(watched[i], &before[i], NULL);
    bool from_instruction = number == SIGSEGV && info->si_code > 0;
    if (from_instruction && (checks_enabled & CHECK_MEM) && memory_is_device((uint64_t)info->si_addr))
        report_host_access((uint64_t)info->si_addr);
    finish();
    if (!from_instruction) /* else the instruction runs, and faults, again */
        raise(number);
}

void ending_watch(const struct options *options) {
    vgpu_before_failure = finish_failed;
    report_open(options);
    struct sigaction action = {.sa_sigaction = on_crash, .sa_flags = SA_SIGINFO | SA_ONSTACK};
    sigemptyset(&action.sa_mask);
    for (int i = 0; i < WATCHED; i++)
        sigaction(watched[i], &action, &before[i]);
}

__attribute__((destructor)) static void end(void) {
    if (owner != getpid())
        return;
    if (checks_enabled & CHECK_LEAK)
        allocations_report_leaks();
    finish();
    int status = failed ? STATUS_FAILED : finding_count() ? STATUS_FINDINGS : 0;
    if (status) {
        fflush(NULL);
        _exit(status);
    }
}
