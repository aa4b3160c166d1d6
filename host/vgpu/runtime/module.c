#include "module.h"
#include "../check/finding.h"
#include "../memory/defined.h"
#include "../memory/memory.h"
#include "device.h"
#include "fatbin.h"
#include "runtime.h"

#include <search.h>
#include <stdlib.h>
#include <string.h>

struct registration {
    const void *host;
    char *name;
    struct module *module;
    struct kernel *on[DEVICES_MAX]; /* NULL until it is used there */
    struct registration *next;      /* of the module */
};

struct module {
    const void *image;
    struct instance {
        char *text;
        struct ptx_module *ptx; /* NULL until something in it is used on the device */
    } on[DEVICES_MAX];
    struct registration *kernels;
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
    return order((uint64_t)((const struct registration *)a)->host,
                 (uint64_t)((const struct registration *)b)->host);
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

static void free_registration(struct registration *kernel) {
    for (int device = 0; device < DEVICES_MAX; device++) {
        if (!kernel->on[device])
            continue;
        binding_free(kernel->on[device]->binding);
        program_free(kernel->on[device]->program);
        free(kernel->on[device]);
    }
    free(kernel->name);
    free(kernel);
}

/* A template's kernel may be registered by several modules under one host address: the first one stays. */
void module_add_kernel(struct module *module, const void *host, const char *name) {
    struct registration *kernel = checked(calloc(1, sizeof *kernel));
    *kernel = (struct registration){.host = host, .name = checked(strdup(name)), .module = module};
    struct registration **found = checked(tsearch(kernel, &kernels_by_host, compare_kernel_hosts));
    if (*found == kernel) {
        checked(tsearch(kernel, &kernels_by_self, compare_addresses));
        kernel->next = module->kernels;
        module->kernels = kernel;
    } else {
        free_registration(kernel);
    }
}

static void add_symbol(struct symbol with) {
    struct symbol *symbol = checked(calloc(1, sizeof *symbol));
    *symbol = with;
    symbol->name = checked(strdup(with.name));
    struct symbol **found = checked(tsearch(symbol, &symbols_by_host, compare_symbol_hosts));
    if (*found == symbol) {
        symbol->next = symbol->module->symbols;
        symbol->module->symbols = symbol;
    } else {
        free(symbol->name);
        free(symbol);
    }
}

void module_add_symbol(struct module *module, const void *host, const char *name, size_t bytes) {
    add_symbol((struct symbol){.host = host, .name = (char *)name, .module = module, .bytes = bytes});
}

void module_add_managed(struct module *module, void **pointer, const char *name, size_t bytes) {
    add_symbol((struct symbol){
        .host = pointer, .name = (char *)name, .module = module, .bytes = bytes, .managed = pointer});
}

struct kernel *kernel_find(const void *host) {
    const struct registration key = {.host = host};
    struct registration **found = tfind(&key, &kernels_by_host, compare_kernel_hosts);
    if (!found)
        found = tfind(host, &kernels_by_self, compare_addresses);
    if (!found)
        return NULL;
    int device = device_current()->ordinal;
    struct kernel **kernel = &(*found)->on[device];
    if (!*kernel) {
        *kernel = checked(calloc(1, sizeof **kernel));
        **kernel = (struct kernel){.registration = *found,
                                   .host = (*found)->host,
                                   .name = (*found)->name,
                                   .module = (*found)->module,
                                   .device = (unsigned)device,
                                   .carveout = -1};
    }
    return *kernel;
}

cudaKernel_t kernel_handle(const struct kernel *kernel) { return (cudaKernel_t)kernel->registration; }

/* A program names a managed variable by its address. */
static struct symbol *managed_at(uint64_t address) {
    for (struct module *module = modules; module; module = module->next)
        for (struct symbol *symbol = module->symbols; symbol; symbol = symbol->next)
            if (symbol->managed && symbol->address == address)
                return symbol;
    return NULL;
}

struct symbol *symbol_find(const void *host) {
    const struct symbol key = {.host = host};
    struct symbol **found = tfind(&key, &symbols_by_host, compare_symbol_hosts);
    return found ? *found : managed_at((uint64_t)host);
}

static struct symbol *managed_symbol(const struct module *module, const char *name) {
    struct symbol *symbol = module->symbols;
    while (symbol && (!symbol->managed || strcmp(symbol->name, name) != 0))
        symbol = symbol->next;
    return symbol;
}

static bool lives_in_device_memory(const struct ptx_variable *variable) {
    return variable->space == PTX_SPACE_GLOBAL || variable->space == PTX_SPACE_CONST;
}

static void initialise(struct ptx_module *ptx, const struct ptx_variable *variable) {
    uint8_t *bytes = memory_view(variable->address, variable->bytes);
    if (!bytes)
        return;
    memset(bytes, 0, variable->bytes);
    if (variable->initial)
        memcpy(bytes, variable->initial, variable->initial_bytes);
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

static void initialise_all(struct ptx_module *ptx, bool with_managed) {
    for (uint32_t i = 0; i < ptx->variable_count; i++)
        if (lives_in_device_memory(ptx->variables[i]) && (with_managed || !ptx->variables[i]->is_managed))
            initialise(ptx, ptx->variables[i]);
}

/* The first device that loads the module makes it, for all. */
static uint64_t place_managed(const struct module *module, const struct ptx_variable *variable) {
    struct symbol *symbol = managed_symbol(module, variable->name);
    if (!symbol)
        vgpu_fail("the managed variable %s of the PTX is not registered", variable->name);
    if (!symbol->address) {
        symbol->address = memory_allocate_managed(variable->bytes, symbol->name);
        *symbol->managed = (void *)symbol->address;
    }
    return symbol->address;
}

static void allocate_variables(const struct module *module, struct ptx_module *ptx) {
    for (uint32_t i = 0; i < ptx->variable_count; i++) {
        struct ptx_variable *variable = ptx->variables[i];
        if (!lives_in_device_memory(variable))
            continue;
        if (variable->is_extern)
            vgpu_fail("%s is declared extern in the PTX and defined nowhere (relocatable device code is not "
                      "provided)",
                      variable->name);
        variable->address = variable->is_managed ? place_managed(module, variable)
                                                 : memory_allocate(variable->bytes, variable->name);
        if (!variable->address)
            vgpu_fail("the %llu bytes of %s do not fit into device memory",
                      (unsigned long long)variable->bytes, variable->name);
    }
}

static struct instance *load(struct module *module, unsigned device) {
    struct instance *instance = &module->on[device];
    if (instance->ptx)
        return instance;
    unsigned architecture = runtime_profile()->limits.architecture;
    struct fatbin_ptx found;
    char why[400];
    if (!fatbin_ptx(module->image, fatbin_bytes(module->image), architecture, &found, why, sizeof why))
        vgpu_fail("a module of this program has no usable PTX: %s", why);
    struct ptx_error error = {0};
    instance->text = found.text;
    instance->ptx = ptx_read(found.text, &error);
    if (!instance->ptx)
        vgpu_fail("cannot read the PTX for %u, line %u: %s", found.architecture, (unsigned)error.line,
                  error.message);
    bool is_first = true;
    for (int other = 0; other < DEVICES_MAX; other++)
        is_first &= other == (int)device || !module->on[other].ptx;
    allocate_variables(module, instance->ptx);
    initialise_all(instance->ptx, is_first);
    return instance;
}

void module_place_managed(struct module *module) {
    struct symbol *symbol = module->symbols;
    while (symbol && !symbol->managed)
        symbol = symbol->next;
    if (symbol && !symbol->address)
        load(module, (unsigned)device_current()->ordinal);
}

void kernel_prepare(struct kernel *kernel) {
    if (kernel->binding)
        return;
    struct ptx_module *ptx = load(kernel->module, kernel->device)->ptx;
    struct ptx_function *entry = ptx_find_function(ptx, kernel->name);
    if (!entry || !entry->is_entry || !entry->is_defined)
        vgpu_fail("kernel %s is registered, but the PTX holds no such entry", kernel->name);
    struct ptx_error error = {0};
    unsigned shared = runtime_profile()->limits.shared_per_block;
    kernel->program = program_lower(ptx, entry, &error);
    if (kernel->program && kernel->program->static_shared_bytes > shared)
        vgpu_fail("kernel %s has %u bytes of static shared memory; a block may have at most %u", kernel->name,
                  (unsigned)kernel->program->static_shared_bytes, shared);
    if (kernel->program)
        kernel->binding = binding_create(kernel->program, &runtime_profile()->limits, &error);
    if (!kernel->binding)
        vgpu_fail("kernel %s, PTX line %u: %s", kernel->name, (unsigned)error.line, error.message);
    kernel->needs_cluster = entry->explicit_cluster;
    memcpy(kernel->required_cluster, entry->required_cluster, sizeof kernel->required_cluster);
    kernel->max_dynamic_shared = (int)(shared - kernel->program->static_shared_bytes);
}

uint64_t symbol_address(const struct symbol *symbol) {
    struct ptx_module *ptx = load(symbol->module, (unsigned)device_current()->ordinal)->ptx;
    const struct ptx_variable *variable = ptx_find_variable(ptx, symbol->name);
    if (!variable)
        vgpu_fail("variable %s is registered, but the PTX does not hold it", symbol->name);
    return variable->address;
}

void modules_reset(void) {
    int device = device_current()->ordinal;
    for (struct module *module = modules; module; module = module->next)
        if (module->on[device].ptx)
            initialise_all(module->on[device].ptx, false);
}

static void unload(struct instance *instance) {
    for (uint32_t i = 0; i < instance->ptx->variable_count; i++)
        if (lives_in_device_memory(instance->ptx->variables[i]) && !instance->ptx->variables[i]->is_managed)
            memory_free(instance->ptx->variables[i]->address);
    ptx_free(instance->ptx);
    free(instance->text);
}

void module_unregister(struct module *module) {
    while (module->kernels) {
        struct registration *kernel = module->kernels;
        module->kernels = kernel->next;
        tdelete(kernel, &kernels_by_host, compare_kernel_hosts);
        tdelete(kernel, &kernels_by_self, compare_addresses);
        free_registration(kernel);
    }
    while (module->symbols) {
        struct symbol *symbol = module->symbols;
        module->symbols = symbol->next;
        tdelete(symbol, &symbols_by_host, compare_symbol_hosts);
        if (symbol->address)
            memory_free(symbol->address);
        free(symbol->name);
        free(symbol);
    }
    for (int device = 0; device < DEVICES_MAX; device++)
        if (module->on[device].ptx)
            unload(&module->on[device]);
    struct module **link = &modules;
    while (*link != module)
        link = &(*link)->next;
    *link = module->next;
    free(module);
}
