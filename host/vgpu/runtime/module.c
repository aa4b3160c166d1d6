#include "module.h"
#include "../check/finding.h"
#include "../memory/defined.h"
#include "../memory/memory.h"
#include "fatbin.h"
#include "runtime.h"

#include <search.h>
#include <stdlib.h>
#include <string.h>

struct module {
    const void *image;
    char *text;
    struct ptx_module *ptx; /* NULL until something in it is used */
    struct kernel *kernels;
    struct symbol *symbols;
    struct module *next;
};

static struct module *modules;
static void *kernels_by_host, *kernels_by_self, *symbols_by_host; /* tsearch trees */

static void *checked(void *memory) {
    if (!memory)
        vgpu_fail("no memory for what the program registers");
    return memory;
}

static int order(uint64_t a, uint64_t b) { return (a > b) - (a < b); }

static int compare_kernel_hosts(const void *a, const void *b) {
    return order((uint64_t)((const struct kernel *)a)->host, (uint64_t)((const struct kernel *)b)->host);
}

static int compare_symbol_hosts(const void *a, const void *b) {
    return order((uint64_t)((const struct symbol *)a)->host, (uint64_t)((const struct symbol *)b)->host);
}

static int compare_addresses(const void *a, const void *b) { return order((uint64_t)a, (uint64_t)b); }

struct module *module_register(const void *image) {
    struct module *module = checked(calloc(1, sizeof *module));
    module->image = image;
    module->next = modules;
    modules = module;
    return module;
}

/* A template's kernel may be registered by several modules under one host address: the first one stays. */
void module_add_kernel(struct module *module, const void *host, const char *name) {
    struct kernel *kernel = checked(calloc(1, sizeof *kernel));
    *kernel = (struct kernel){.host = host, .name = checked(strdup(name)), .module = module, .carveout = -1};
    struct kernel **found = checked(tsearch(kernel, &kernels_by_host, compare_kernel_hosts));
    if (*found == kernel) {
        checked(tsearch(kernel, &kernels_by_self, compare_addresses));
        kernel->next = module->kernels;
        module->kernels = kernel;
    } else {
        free(kernel->name);
        free(kernel);
    }
}

void module_add_symbol(struct module *module, const void *host, const char *name, size_t bytes) {
    struct symbol *symbol = checked(calloc(1, sizeof *symbol));
    *symbol = (struct symbol){.host = host, .name = checked(strdup(name)), .module = module, .bytes = bytes};
    struct symbol **found = checked(tsearch(symbol, &symbols_by_host, compare_symbol_hosts));
    if (*found == symbol) {
        symbol->next = module->symbols;
        module->symbols = symbol;
    } else {
        free(symbol->name);
        free(symbol);
    }
}

struct kernel *kernel_find(const void *host) {
    const struct kernel key = {.host = host};
    struct kernel **found = tfind(&key, &kernels_by_host, compare_kernel_hosts);
    if (!found)
        found = tfind(host, &kernels_by_self, compare_addresses);
    return found ? *found : NULL;
}

struct symbol *symbol_find(const void *host) {
    const struct symbol key = {.host = host};
    struct symbol **found = tfind(&key, &symbols_by_host, compare_symbol_hosts);
    return found ? *found : NULL;
}

static bool lives_in_device_memory(const struct ptx_variable *variable) {
    return variable->space == PTX_SPACE_GLOBAL || variable->space == PTX_SPACE_CONST;
}

static void initialise(struct ptx_module *ptx, const struct ptx_variable *variable) {
    uint8_t *bytes = memory_view(variable->address, variable->bytes);
    if (!bytes)
        return;
    if (variable->initial)
        memcpy(bytes, variable->initial, variable->bytes);
    else
        memset(bytes, 0, variable->bytes);
    defined_set(variable->address, variable->bytes);
    for (uint32_t i = 0; i < variable->relocation_count; i++) {
        const struct ptx_relocation *relocation = &variable->relocations[i];
        const struct ptx_variable *target = ptx_find_variable(ptx, relocation->symbol);
        const struct ptx_function *function = ptx_find_function(ptx, relocation->symbol);
        if (!function && (!target || !lives_in_device_memory(target)))
            vgpu_fail("the initialiser of %s takes the address of %s, which is neither a function nor a "
                      "variable in device memory",
                      variable->name, relocation->symbol);
        /* A function's address can be told from others; who calls it is refused. */
        uint64_t address = (function ? (uint64_t)function : target->address) + (uint64_t)relocation->addend;
        unsigned width = ptx_type_bytes(variable->type);
        if (width < 4 || relocation->offset + width > variable->bytes)
            vgpu_fail("the initialiser of %s holds an address in %u bytes", variable->name, width);
        memcpy(bytes + relocation->offset, &address, width < sizeof address ? width : sizeof address);
    }
}

static void initialise_all(struct ptx_module *ptx) {
    for (uint32_t i = 0; i < ptx->variable_count; i++)
        if (lives_in_device_memory(ptx->variables[i]))
            initialise(ptx, ptx->variables[i]);
}

static void allocate_variables(struct ptx_module *ptx) {
    for (uint32_t i = 0; i < ptx->variable_count; i++) {
        struct ptx_variable *variable = ptx->variables[i];
        if (!lives_in_device_memory(variable))
            continue;
        if (variable->is_extern)
            vgpu_fail("%s is declared extern in the PTX and defined nowhere (relocatable device code is not "
                      "provided)",
                      variable->name);
        variable->address = memory_allocate(variable->bytes, variable->name);
        if (!variable->address)
            vgpu_fail("the %llu bytes of %s do not fit into device memory",
                      (unsigned long long)variable->bytes, variable->name);
    }
}

static void load(struct module *module) {
    if (module->ptx)
        return;
    unsigned architecture = runtime_profile()->limits.architecture;
    struct fatbin_ptx found;
    char why[400];
    if (!fatbin_ptx(module->image, fatbin_bytes(module->image), architecture, &found, why, sizeof why))
        vgpu_fail("a module of this program has no usable PTX: %s", why);
    struct ptx_error error = {0};
    module->text = found.text;
    module->ptx = ptx_read(found.text, &error);
    if (!module->ptx)
        vgpu_fail("cannot read the PTX for %u, line %u: %s", found.architecture, (unsigned)error.line,
                  error.message);
    allocate_variables(module->ptx);
    initialise_all(module->ptx);
}

void kernel_prepare(struct kernel *kernel) {
    if (kernel->binding)
        return;
    load(kernel->module);
    struct ptx_function *entry = ptx_find_function(kernel->module->ptx, kernel->name);
    if (!entry || !entry->is_entry || !entry->is_defined)
        vgpu_fail("kernel %s is registered, but the PTX holds no such entry", kernel->name);
    struct ptx_error error = {0};
    unsigned shared = runtime_profile()->limits.shared_per_block;
    kernel->program = program_lower(kernel->module->ptx, entry, &error);
    if (kernel->program && kernel->program->static_shared_bytes > shared)
        vgpu_fail("kernel %s has %u bytes of static shared memory; a block may have at most %u", kernel->name,
                  (unsigned)kernel->program->static_shared_bytes, shared);
    if (kernel->program)
        kernel->binding = binding_create(kernel->program, &runtime_profile()->limits, &error);
    if (!kernel->binding)
        vgpu_fail("kernel %s, PTX line %u: %s", kernel->name, (unsigned)error.line, error.message);
    kernel->max_dynamic_shared = (int)(shared - kernel->program->static_shared_bytes);
}

uint64_t symbol_address(const struct symbol *symbol) {
    load(symbol->module);
    const struct ptx_variable *variable = ptx_find_variable(symbol->module->ptx, symbol->name);
    if (!variable)
        vgpu_fail("variable %s is registered, but the PTX does not hold it", symbol->name);
    return variable->address;
}

void modules_reset(void) {
    for (struct module *module = modules; module; module = module->next)
        if (module->ptx)
            initialise_all(module->ptx);
}

void module_unregister(struct module *module) {
    while (module->kernels) {
        struct kernel *kernel = module->kernels;
        module->kernels = kernel->next;
        tdelete(kernel, &kernels_by_host, compare_kernel_hosts);
        tdelete(kernel, &kernels_by_self, compare_addresses);
        binding_free(kernel->binding);
        program_free(kernel->program);
        free(kernel->name);
        free(kernel);
    }
    while (module->symbols) {
        struct symbol *symbol = module->symbols;
        module->symbols = symbol->next;
        tdelete(symbol, &symbols_by_host, compare_symbol_hosts);
        free(symbol->name);
        free(symbol);
    }
    if (module->ptx) {
        for (uint32_t i = 0; i < module->ptx->variable_count; i++)
            if (lives_in_device_memory(module->ptx->variables[i]))
                memory_free(module->ptx->variables[i]->address);
        ptx_free(module->ptx);
        free(module->text);
    }
    struct module **link = &modules;
    while (*link != module)
        link = &(*link)->next;
    *link = module->next;
    free(module);
}
