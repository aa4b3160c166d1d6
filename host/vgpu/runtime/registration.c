/* What nvcc's start-up code calls for every object file with device code. Nothing is loaded here. */
#include "../check/finding.h"
#include "ending.h"
#include "fatbin.h"
#include "module.h"
#include "queue.h"
#include "runtime.h"

#pragma GCC visibility push(default)
void **__cudaRegisterFatBinary(void *wrapper);
void __cudaRegisterFatBinaryEnd(void **handle);
void __cudaUnregisterFatBinary(void **handle);
void __cudaRegisterFunction(void **handle, const char *host, char *device, const char *name, int thread_limit,
                            uint3 *tid, uint3 *bid, dim3 *block, dim3 *grid, int *warp_size);
void __cudaRegisterVar(void **handle, char *host, char *device, const char *name, int is_extern, size_t bytes,
                       int is_constant, int is_global);
void __cudaRegisterManagedVar(void **handle, void **pointer, char *device, const char *name, int is_extern,
                              size_t bytes, int is_constant, int is_global);
char __cudaInitModule(void **handle);
#pragma GCC visibility pop

#define WRAPPER_MAGIC 0x466243b1

/* As fatbinary_section.h of the toolkit declares it. */
struct wrapper {
    int magic, version;
    const void *image;
    void *prelinked; /* version 2: relocatable device code */
};

void **__cudaRegisterFatBinary(void *address) {
    const struct wrapper *wrapper = address;
    ending_reached();
    if (wrapper->magic != WRAPPER_MAGIC || fatbin_bytes(wrapper->image) == 0)
        vgpu_fail("the program registers something that is not a fat binary");
    if (wrapper->version != 1)
        vgpu_fail("the program was built with relocatable device code (-rdc=true), which is not provided");
    runtime_lock();
    struct module *module = module_register(wrapper->image);
    runtime_unlock();
    return (void **)module;
}

void __cudaRegisterFatBinaryEnd(void **handle) { (void)handle; }

/* Called before each use of a managed variable by the host, through the pointer that it was registered with. */
char __cudaInitModule(void **handle) {
    runtime_enter();
    module_place_managed((struct module *)handle);
    runtime_leave(cudaSuccess);
    return handle != NULL;
}

void __cudaUnregisterFatBinary(void **handle) {
    runtime_lock();
    queue_finish();
    module_unregister((struct module *)handle);
    runtime_unlock();
}

void __cudaRegisterFunction(void **handle, const char *host, char *device, const char *name, int thread_limit,
                            uint3 *tid, uint3 *bid, dim3 *block, dim3 *grid, int *warp_size) {
    (void)device, (void)thread_limit, (void)tid, (void)bid, (void)block, (void)grid, (void)warp_size;
    runtime_lock();
    module_add_kernel((struct module *)handle, host, name);
    runtime_unlock();
}

void __cudaRegisterVar(void **handle, char *host, char *device, const char *name, int is_extern, size_t bytes,
                       int is_constant, int is_global) {
    (void)device, (void)is_extern, (void)is_constant, (void)is_global;
    runtime_lock();
    module_add_symbol((struct module *)handle, host, name, bytes);
    runtime_unlock();
}

void __cudaRegisterManagedVar(void **handle, void **pointer, char *device, const char *name, int is_extern,
                              size_t bytes, int is_constant, int is_global) {
    (void)device, (void)is_extern, (void)is_constant, (void)is_global;
    runtime_lock();
    module_add_managed((struct module *)handle, pointer, name, bytes);
    runtime_unlock();
}
