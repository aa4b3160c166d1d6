/*
 * What a program registered: fat binaries, the kernels and variables in them, found by their host addresses.
 *
 * A fat binary becomes a module of a device when something in it is first used there: its PTX is chosen and read, its variables are
 * allocated and initialised. A kernel is lowered and bound when it is first used. A module that cannot be used ends the process with a
 * sentence (vgpu_fail).
 */
#ifndef LOTTO_VGPU_MODULE_H
#define LOTTO_VGPU_MODULE_H

#include "../exec/grid.h"
#include "api.h"

struct module;

/* A kernel on one device. */
struct kernel {
    const struct registration *registration;
    const void *host; /* the address programs call it by */
    const char *name;
    struct module *module;
    unsigned device;
    struct program *program; /* NULL until kernel_prepare */
    struct binding *binding;
    int max_dynamic_shared; /* cudaFuncSetAttribute */
    int carveout;
    bool large_clusters; /* cudaFuncAttributeNonPortableClusterSizeAllowed */
    bool needs_cluster;  /* cudaFuncAttributeClusterDimMustBeSet, or .explicitcluster */
    uint32_t required_cluster
        [3]; /* cudaFuncAttributeRequiredCluster..., or what it was compiled for; zeros: none */
};

struct symbol {
    const void *host; /* of a managed variable: the program's pointer to it */
    char *name;
    struct module *module;
    size_t bytes;
    void **managed;      /* the same pointer; NULL of others */
    uint64_t address;    /* of a managed variable, one for all devices; 0 until it is used */
    struct symbol *next; /* of the module */
};

struct module *module_register(const void *image);
void module_unregister(struct module *module);
void module_add_kernel(struct module *module, const void *host, const char *name);
void module_add_symbol(struct module *module, const void *host, const char *name, size_t bytes);
void module_add_managed(struct module *module, void **pointer, const char *name, size_t bytes);
void module_place_managed(struct module *module); /* afterwards its managed variables are there */

/* On the current device, by host address or by handle (a cudaKernel_t); NULL when nothing is registered there. */
struct kernel *kernel_find(const void *host);
cudaKernel_t kernel_handle(const struct kernel *kernel); /* the same on every device */
void kernel_prepare(struct kernel *kernel);              /* afterwards program and binding are there */

struct symbol *symbol_find(const void *host);
uint64_t symbol_address(const struct symbol *symbol); /* on the current device */

/* Gives every variable of the current device its initial value again (cudaDeviceReset). */
void modules_reset(void);

#endif
