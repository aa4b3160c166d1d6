#include "machine.h"

#include "host/vgpu/exec/instruction_table.h"

#include <criterion/criterion.h>
#include <criterion/hooks.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct device_limits device = {.architecture = 90,
                                            .sm_count = 132,
                                            .max_threads_per_block = 1024,
                                            .max_threads_per_sm = 2048,
                                            .max_blocks_per_sm = 32,
                                            .registers_per_sm = 65536,
                                            .max_registers_per_thread = 255,
                                            .shared_per_sm = 233472,
                                            .shared_per_block = 49152,
                                            .shared_per_block_optin = 232448,
                                            .reserved_shared_per_block = 1024};

void machine_open(void) { cr_assert(memory_open((uint64_t)1 << 32)); }
void machine_close(void) { memory_close(); }

uint64_t machine_array(uint64_t bytes, void *host) {
    uint64_t address = memory_allocate(bytes, NULL);
    cr_assert(address);
    *(void **)host = memory_view(address, bytes);
    memset(*(void **)host, 0, bytes);
    return address;
}

/*
 * What has been executed. The linker gives binding's calls of instruction_find to the function here (--wrap), which remembers
 * the rows a kernel is bound to; when it is launched they are appended to the file that LOTTO_INSTRUCTION_LOG names.
 */
enum { ROW_SET = 8192, MAX_ROWS = 4096 };
static const struct instruction *rows[MAX_ROWS], *row_set[ROW_SET];
static unsigned row_count, rows_logged;
static bool is_launched; /* not only looked at for a refusal */

const struct instruction *__real_instruction_find(const char *name);
const struct instruction *__wrap_instruction_find(const char *name);

const struct instruction *__wrap_instruction_find(const char *name) {
    const struct instruction *row = __real_instruction_find(name);
    unsigned k = (unsigned)((uintptr_t)row / sizeof *row) % ROW_SET;
    while (row_set[k] && row_set[k] != row)
        k = (k + 1) % ROW_SET;
    if (is_launched && row && row_set[k] == NULL && row_count < MAX_ROWS)
        rows[row_count++] = row_set[k] = row;
    return row;
}

static void log_rows(void) {
    const char *path = getenv("LOTTO_INSTRUCTION_LOG");
    FILE *log = path && rows_logged < row_count ? fopen(path, "a") : NULL;
    if (log == NULL)
        return;
    for (; rows_logged < row_count; rows_logged++)
        fprintf(log, "%s\n", rows[rows_logged]->name);
    fclose(log);
}

/* LOTTO_INSTRUCTION_LEVEL=v3: the handlers for processors without the vectors of x86-64-v4, wherever this runs. */
bool __real_processor_is_v4(void);
bool __wrap_processor_is_v4(void);

bool __wrap_processor_is_v4(void) {
    const char *level = getenv("LOTTO_INSTRUCTION_LEVEL");
    return __real_processor_is_v4() && (level == NULL || strcmp(level, "v3") != 0);
}

/* Each test is a process of its own; the one that starts them all begins the log anew. */
ReportHook(PRE_ALL)(struct criterion_test_set *tests) {
    (void)tests;
    if (getenv("LOTTO_INSTRUCTION_LOG"))
        remove(getenv("LOTTO_INSTRUCTION_LOG"));
}

struct loaded {
    struct ptx_module *module;
    struct program *program;
    struct binding *binding;
};

static void unload(struct loaded *loaded) {
    binding_free(loaded->binding);
    if (loaded->program)
        program_free(loaded->program);
    if (loaded->module)
        ptx_free(loaded->module);
}

static bool load(const char *ptx, struct loaded *loaded, struct ptx_error *error) {
    *loaded = (struct loaded){0};
    loaded->module = ptx_read(ptx, error);
    if (loaded->module == NULL)
        return false;
    for (uint32_t k = 0; k < loaded->module->variable_count; k++) {
        struct ptx_variable *variable = loaded->module->variables[k];
        if (variable->space != PTX_SPACE_GLOBAL && variable->space != PTX_SPACE_CONST)
            continue;
        variable->address = memory_allocate(variable->bytes, variable->name);
        void *bytes = memory_view(variable->address, variable->bytes);
        memset(bytes, 0, variable->bytes);
        if (variable->initial)
            memcpy(bytes, variable->initial, variable->initial_bytes);
    }
    struct ptx_function *entry = ptx_find_function(loaded->module, "kernel");
    cr_assert(entry, "the module has no entry `kernel`");
    loaded->program = program_lower(loaded->module, entry, error);
    if (loaded->program)
        loaded->binding = binding_create(loaded->program, &device, error);
    return loaded->binding != NULL;
}

const char *machine_refusal(const char *ptx) {
    static struct ptx_error error;
    struct loaded loaded;
    error.message[0] = '\0';
    load(ptx, &loaded, &error);
    unload(&loaded);
    return error.message;
}

#define EXTENTS(yz) (yz)[0] ? (yz)[0] : 1, (yz)[1] ? (yz)[1] : 1

enum launch_outcome machine_run(struct machine_launch *launch) {
    struct loaded loaded;
    struct ptx_error error;
    is_launched = true;
    if (!load(launch->ptx, &loaded, &error))
        cr_assert(false, "line %u: %s\n%s", error.line, error.message, launch->ptx);
    is_launched = false;
    log_rows();
    struct launch grid = {.binding = loaded.binding,
                          .grid = {launch->blocks ? launch->blocks : 1, EXTENTS(launch->blocks_yz)},
                          .block = {launch->threads ? launch->threads : 32, EXTENTS(launch->threads_yz)},
                          .cluster = {launch->cluster, EXTENTS(launch->cluster_yz)},
                          .dynamic_shared_bytes = launch->dynamic_shared,
                          .parameters = (const uint8_t *)launch->parameters,
                          .resident_blocks = launch->resident ? launch->resident : UINT32_MAX,
                          .delays_copies = launch->delays_copies,
                          .stack_bytes = launch->stack_bytes};
    if (launch->cluster == 0)
        memset(grid.cluster, 0, sizeof grid.cluster);
    launch->counts = (struct launch_counts){0};
    enum launch_outcome outcome = grid_run(&grid, &launch->counts);
    unload(&loaded);
    return outcome;
}
