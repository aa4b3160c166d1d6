/* PTX text: read as a module, and all its kernels made ready to run. */
#include "fuzz.h"
#include "host/vgpu/exec/grid.h"

#include <stdlib.h>
#include <string.h>

static const struct device_limits device = {
    .architecture = 90,
    .sm_count = 132,
    .max_threads_per_block = 1024,
    .max_threads_per_sm = 2048,
    .max_blocks_per_sm = 32,
    .registers_per_sm = 65536,
    .max_registers_per_thread = 255,
    .shared_per_sm = 233472,
    .shared_per_block = 49152,
    .shared_per_block_optin = 232448,
    .reserved_shared_per_block = 1024,
};

static void prepare(struct ptx_module *module, const struct ptx_function *entry) {
    struct ptx_error error;
    struct program *program = program_lower(module, entry, &error);
    struct binding *binding = program ? binding_create(program, &device, &error) : NULL;
    if (binding == NULL)
        fuzz_check_sentence(error.message, sizeof error.message);
    binding_free(binding);
    program_free(program);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count) {
    char *text = malloc(count + 1);
    memcpy(text, bytes, count);
    text[count] = '\0';
    struct ptx_error error;
    struct ptx_module *module = ptx_read(text, &error);
    if (module == NULL)
        fuzz_check_sentence(error.message, sizeof error.message);
    for (uint32_t i = 0; module && i < module->function_count; i++)
        if (module->functions[i]->is_entry && module->functions[i]->is_defined)
            prepare(module, module->functions[i]);
    ptx_free(module);
    free(text);
    return 0;
}
