/*
 * What the virtual GPU found wrong with a program, and why it could not go on. Findings are printed to standard error as
 * they are made, one line each, kept for the report, and make the process end with status 86; a failure of the virtual GPU
 * itself (unknown instruction, directive, call, architecture) ends it with status 87.
 */
#ifndef LOTTO_VGPU_FINDING_H
#define LOTTO_VGPU_FINDING_H

#include <stdbool.h>
#include <stdint.h>

enum check { CHECK_MEM = 1, CHECK_INIT = 2, CHECK_RACE = 4, CHECK_SYNC = 8, CHECK_LEAK = 16 };
extern unsigned checks_enabled; /* from LOTTO_VGPU_CHECK; default CHECK_MEM | CHECK_SYNC */

const char *check_name(enum check check); /* "mem", "init", "race", "sync", "leak" */

struct finding {
    enum check check;
    const char *kernel;      /* NULL outside a kernel */
    uint32_t ptx_line;       /* 0 if none */
    const char *source_file; /* NULL without -lineinfo */
    uint32_t source_line;
    uint32_t block[3], thread[3];
    uint64_t address;    /* 0 if none */
    const char *message; /* one sentence */
};

/* Records and prints; at most 100 are printed in full, the rest counted. */
void finding_report(const struct finding *finding);
unsigned long finding_count(void);

/* The findings kept in full, oldest first; NULL past the last. */
const struct finding *finding_kept(unsigned long index);

/* The virtual GPU cannot do its work: prints "vgpu: <sentence>", writes the report, ends the process with status 87. */
extern void (*vgpu_before_failure)(
    void); /* the runtime's: writes the report; NULL when nothing is to be done */
_Noreturn void vgpu_fail(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
