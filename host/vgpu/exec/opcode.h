/*
 * An opcode taken apart: what decides which row of the table executes it, and what has a field of its own.
 *
 * In a warp that executes in order, and with one order of memory for all, these modifiers have no effect and are dropped:
 * .relaxed .acquire .release .acq_rel .volatile .weak .mmio and the scopes .cta .cluster .gpu .sys of memory accesses,
 * those of mbarrier and barrier.cluster, .nc, cache operators and hints (.ca .cg .cs .lu .cv .wb .wt, .L1:: and .L2::), .uni, .aligned, the default .rn, and everything
 * after membar, fence, prefetch, applypriority and discard, and the priorities of createpolicy. Nothing else is ever dropped.
 */
#ifndef LOTTO_VGPU_OPCODE_H
#define LOTTO_VGPU_OPCODE_H

#include "warp.h"

struct opcode {
    char name[96]; /* as the instruction table spells it */
    enum ptx_space space;
    enum combine combine;
    bool strong;         /* volatile, relaxed or acquire */
    bool releases;       /* release, acq_rel or sc */
    bool fences_proxy;   /* fence.proxy */
    bool has_cache_hint; /* the last operand is a cache policy */
    bool conversion;     /* counted in conversions_and_mufu */
    unsigned type_bytes; /* of the last type in the name; 0 if none */
    bool result_signed;  /* the first type in the name is s8, s16, s32 or s64 */
};

/* False when the name is longer than any that is known. */
bool opcode_read(const char *dotted, struct opcode *opcode);

/* machine_code.c */
unsigned machine_instructions(const char *dotted, const struct opcode *opcode);

#endif
