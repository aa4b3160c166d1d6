/* Memory pools: what stream-ordered allocations are taken from. They are accounts; the memory is the device's. */
#ifndef LOTTO_VGPU_POOL_H
#define LOTTO_VGPU_POOL_H

#include "device.h"

/* The device's current one. */
struct CUmemPoolHandle_st *pool_of(struct device *device);
/* NULL when the handle names no pool. */
struct CUmemPoolHandle_st *pool_find(cudaMemPool_t handle);
struct device *pool_device(const struct CUmemPoolHandle_st *pool);

/* Bytes at address are taken from the pool; false without memory to note it. */
bool pool_take(struct CUmemPoolHandle_st *pool, uint64_t address, size_t bytes);
/* They are free again; of what no pool gave nothing is noted. */
void pool_give_back(uint64_t address);

#endif
