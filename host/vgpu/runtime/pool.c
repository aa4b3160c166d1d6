#include "pool.h"
#include "runtime.h"

#include <stdlib.h>
#include <string.h>

enum { REUSE_ATTRIBUTES = 3 };

struct CUmemPoolHandle_st {
    struct device *device;
    bool is_default, is_destroyed;
    int reuse
        [REUSE_ATTRIBUTES]; /* kept, and without effect: memory that was freed is not given out again at once */
    uint64_t release_threshold;
    uint64_t used, used_high;
    struct taken {
        uint64_t address;
        size_t bytes;
        struct taken *next;
    } * taken;
    struct CUmemPoolHandle_st *next;
};

static struct CUmemPoolHandle_st *pools;
static struct CUmemPoolHandle_st *current[DEVICES_MAX];

static struct CUmemPoolHandle_st *create(struct device *device, bool is_default) {
    struct CUmemPoolHandle_st *pool = calloc(1, sizeof *pool);
    if (!pool)
        return NULL;
    *pool = (struct CUmemPoolHandle_st){
        .device = device, .is_default = is_default, .reuse = {1, 1, 1}, .next = pools};
    return pools = pool;
}

static struct CUmemPoolHandle_st *default_of(struct device *device) {
    for (struct CUmemPoolHandle_st *pool = pools; pool; pool = pool->next)
        if (pool->is_default && pool->device == device)
            return pool;
    return create(device, true);
}

struct CUmemPoolHandle_st *pool_of(struct device *device) {
    struct CUmemPoolHandle_st *pool = current[device->ordinal];
    return pool ? pool : default_of(device);
}

struct CUmemPoolHandle_st *pool_find(cudaMemPool_t handle) {
    for (struct CUmemPoolHandle_st *pool = pools; pool; pool = pool->next)
        if (pool == handle && !pool->is_destroyed)
            return pool;
    return NULL;
}

struct device *pool_device(const struct CUmemPoolHandle_st *pool) {
    return pool->device;
}

bool pool_take(struct CUmemPoolHandle_st *pool, uint64_t address, size_t bytes) {
    struct taken *taken = malloc(sizeof *taken);
    if (!taken)
        return false;
    *taken = (struct taken){address, bytes, pool->taken};
    pool->taken = taken;
    pool->used += bytes;
    if (pool->used_high < pool->used)
        pool->used_high = pool->used;
    return true;
}

/* A pool that was destroyed goes with its last allocation. */
static void end_if_unused(struct CUmemPoolHandle_st *pool) {
    if (!pool->is_destroyed || pool->taken)
        return;
    struct CUmemPoolHandle_st **link = &pools;
    while (*link != pool)
        link = &(*link)->next;
    *link = pool->next;
    free(pool);
}

void pool_give_back(uint64_t address) {
    for (struct CUmemPoolHandle_st *pool = pools; pool; pool = pool->next)
        for (struct taken **link = &pool->taken; *link; link = &(*link)->next)
            if ((*link)->address == address) {
                struct taken *taken = *link;
                *link = taken->next;
                pool->used -= taken->bytes;
                free(taken);
                end_if_unused(pool);
                return;
            }
}

/* place: where a call puts the device's default or current pool. */
static cudaError_t give(cudaMemPool_t *place, int ordinal,
                        struct CUmemPoolHandle_st *(*which)(struct device *)) {
    cudaError_t error = runtime_enter();
    if (error == cudaSuccess)
        error = !place ? cudaErrorInvalidValue : !device_at(ordinal) ? cudaErrorInvalidDevice : cudaSuccess;
    if (error == cudaSuccess && !(*place = which(device_at(ordinal))))
        error = cudaErrorMemoryAllocation;
    return runtime_leave(error);
}

cudaError_t cudaDeviceGetDefaultMemPool(cudaMemPool_t *pool, int device) {
    return give(pool, device, default_of);
}

cudaError_t cudaDeviceGetMemPool(cudaMemPool_t *pool, int device) { return give(pool, device, pool_of); }

cudaError_t cudaDeviceSetMemPool(int device, cudaMemPool_t handle) {
    cudaError_t error = runtime_enter();
    struct CUmemPoolHandle_st *pool = pool_find(handle);
    if (error == cudaSuccess && !device_at(device))
        error = cudaErrorInvalidDevice;
    if (error == cudaSuccess)
        error = pool && pool->device->ordinal == device ? cudaSuccess : cudaErrorInvalidValue;
    if (error == cudaSuccess)
        current[device] = pool;
    return runtime_leave(error);
}

static cudaError_t create_as(cudaMemPool_t *handle, const struct cudaMemPoolProps *properties) {
    if (!handle || !properties || properties->allocType != cudaMemAllocationTypePinned)
        return cudaErrorInvalidValue;
    if (properties->location.type != cudaMemLocationTypeDevice)
        return runtime_not_provided("a memory pool that is not in device memory");
    if (properties->handleTypes != cudaMemHandleTypeNone)
        return runtime_not_provided("a memory pool that other processes may share");
    if (!device_at(properties->location.id))
        return cudaErrorInvalidValue;
    *handle = create(device_at(properties->location.id), false);
    return *handle ? cudaSuccess : cudaErrorMemoryAllocation;
}

cudaError_t cudaMemPoolCreate(cudaMemPool_t *pool, const struct cudaMemPoolProps *properties) {
    cudaError_t error = runtime_enter();
    if (error == cudaSuccess)
        error = create_as(pool, properties);
    return runtime_leave(error);
}

/* What it gave stays until it is freed. */
cudaError_t cudaMemPoolDestroy(cudaMemPool_t handle) {
    cudaError_t error = runtime_enter();
    struct CUmemPoolHandle_st *pool = pool_find(handle);
    if (error == cudaSuccess && (!pool || pool->is_default))
        error = cudaErrorInvalidValue;
    if (error == cudaSuccess) {
        if (current[pool->device->ordinal] == pool)
            current[pool->device->ordinal] = NULL;
        pool->is_destroyed = true;
        end_if_unused(pool);
    }
    return runtime_leave(error);
}

cudaError_t cudaMemPoolTrimTo(cudaMemPool_t pool, size_t bytes_kept) {
    (void)bytes_kept;
    cudaError_t error = runtime_enter();
    if (error == cudaSuccess && !pool_find(pool))
        error = cudaErrorInvalidValue;
    return runtime_leave(error);
}

/* Where a 64-bit attribute stands; a pool keeps nothing in reserve. */
static uint64_t *wide_attribute(struct CUmemPoolHandle_st *pool, enum cudaMemPoolAttr attribute) {
    switch (attribute) {
    case cudaMemPoolAttrReleaseThreshold:
        return &pool->release_threshold;
    case cudaMemPoolAttrReservedMemCurrent:
    case cudaMemPoolAttrUsedMemCurrent:
        return &pool->used;
    case cudaMemPoolAttrReservedMemHigh:
    case cudaMemPoolAttrUsedMemHigh:
        return &pool->used_high;
    default:
        return NULL;
    }
}

static bool is_reuse(enum cudaMemPoolAttr attribute) {
    return attribute >= cudaMemPoolReuseFollowEventDependencies &&
           attribute <= cudaMemPoolReuseAllowInternalDependencies;
}

static cudaError_t get(struct CUmemPoolHandle_st *pool, enum cudaMemPoolAttr attribute, void *value) {
    uint64_t *wide = pool && value ? wide_attribute(pool, attribute) : NULL;
    if (wide)
        memcpy(value, wide, sizeof *wide);
    else if (pool && value && is_reuse(attribute))
        *(int *)value = pool->reuse[attribute - cudaMemPoolReuseFollowEventDependencies];
    else
        return cudaErrorInvalidValue;
    return cudaSuccess;
}

/* High marks can only be set back, to 0. */
static cudaError_t set(struct CUmemPoolHandle_st *pool, enum cudaMemPoolAttr attribute, const void *value) {
    if (!pool || !value)
        return cudaErrorInvalidValue;
    if (is_reuse(attribute)) {
        pool->reuse[attribute - cudaMemPoolReuseFollowEventDependencies] = *(const int *)value;
        return cudaSuccess;
    }
    uint64_t wide;
    switch (attribute) {
    case cudaMemPoolAttrReleaseThreshold:
        memcpy(&pool->release_threshold, value, sizeof pool->release_threshold);
        return cudaSuccess;
    case cudaMemPoolAttrReservedMemHigh:
    case cudaMemPoolAttrUsedMemHigh:
        memcpy(&wide, value, sizeof wide);
        if (wide != 0)
            return cudaErrorInvalidValue;
        pool->used_high = pool->used;
        return cudaSuccess;
    default:
        return cudaErrorInvalidValue;
    }
}

cudaError_t cudaMemPoolGetAttribute(cudaMemPool_t pool, enum cudaMemPoolAttr attribute, void *value) {
    cudaError_t error = runtime_enter();
    if (error == cudaSuccess)
        error = get(pool_find(pool), attribute, value);
    return runtime_leave(error);
}

cudaError_t cudaMemPoolSetAttribute(cudaMemPool_t pool, enum cudaMemPoolAttr attribute, void *value) {
    cudaError_t error = runtime_enter();
    if (error == cudaSuccess)
        error = set(pool_find(pool), attribute, value);
    return runtime_leave(error);
}
