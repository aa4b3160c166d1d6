/*
 * Runs one kernel launch to its end on the calling thread.
 *
 * binding_create turns a lowered program into the executor's form once (every opcode looked up in the instruction table,
 * operands resolved to byte offsets, immediates made lane arrays); grid_run executes it for one launch.
 */
#ifndef LOTTO_VGPU_GRID_H
#define LOTTO_VGPU_GRID_H

#include "../cost/l2.h"
#include "../ptx/program.h"

/* What the executor must know of the virtual device; profiles are in runtime/. */
struct device_limits {
    unsigned architecture; /* 75, 80, 86, 89, 90, 100, 120 */
    unsigned sm_count;
    unsigned max_threads_per_block, max_threads_per_sm, max_blocks_per_sm, registers_per_sm,
        max_registers_per_thread;
    unsigned shared_per_sm, shared_per_block, shared_per_block_optin, reserved_shared_per_block;
};

struct binding;

/* NULL with *error naming the instruction and its line when the table does not hold it. The program must outlive the binding. */
struct binding *binding_create(const struct program *program, const struct device_limits *device,
                               struct ptx_error *error);
void binding_free(struct binding *binding);

struct launch {
    const struct binding *binding;
    uint32_t grid[3], block[3];
    uint32_t cluster[3]; /* blocks; zeros when launched without clusters: then each block is one of its own */
    uint32_t dynamic_shared_bytes;
    const uint8_t *parameters; /* program->parameter_bytes, laid out as the ABI does */
    bool cooperative;
    uint64_t grid_workspace; /* cooperative: device address of the grid barrier (%envreg1, 2) */
    unsigned
        resident_blocks; /* blocks resident at once on the whole device, from occupancy; at least one cluster */
    uint64_t stack_bytes; /* of a thread, for recursion (call.h) */
    struct l2 *l2;        /* NULL: traffic is not counted */
    const char *aside;    /* to be said when warps spin for ever; NULL: nothing */
    bool delays_copies;   /* asynchronous copies are made as late as they may be, not when they are issued */
};

struct launch_counts {
    uint64_t warp_instructions, thread_instructions; /* issued; active lanes */
    uint64_t issue_slots; /* warp_instructions x 32, waiting polls of barriers left out */
    uint64_t
        machine_instructions; /* about as many as an assembler makes of those in issue_slots (machine_code.c) */
    uint64_t
        conversions_and_mufu; /* warp instructions: cvt to, from and between floats, and the .approx functions */
    uint64_t global_load_sectors, global_store_sectors; /* 32-byte sectors asked for, counted per request */
    uint64_t
        shared_wavefronts; /* passes over the 32 four-byte banks; 8- and 16-byte accesses go by half and quarter warps, bulk copies by 128 bytes */
    uint64_t remote_shared_wavefronts; /* those in the memory of another block than the one that asks */
    uint64_t atomics;                  /* atomic operations of single lanes, any space */
    uint64_t barriers;                 /* block barriers completed */
    uint64_t cluster_barriers;         /* completed, each once a cluster */
    uint64_t
        cluster_waits; /* of a block for others: cluster barriers and phases of mbarriers (round_trip.h) */
    /* Counted with an L2 only. */
    struct l2_traffic l2;
    uint64_t dram_round_trips; /* of all blocks, those of one block that follow one another (round_trip.h) */
};

void launch_counts_add(struct launch_counts *sum, const struct launch_counts *counts);

enum launch_outcome {
    LAUNCH_DONE,
    /* What a device answers with a sticky error, by kind; a finding has been reported if its check is on. */
    LAUNCH_FAULT,      /* an address */
    LAUNCH_MISALIGNED, /* an address that is not a multiple of the access's bytes */
    LAUNCH_ASSERTION,  /* a device assertion failed */
    LAUNCH_FAILURE,    /* trap, outside shared memory, misuse of a barrier */
    LAUNCH_DEADLOCK,
    LAUNCH_STACK_OVERFLOW,
    LAUNCH_INVALID_PC, /* a call to what is no function */
};

/* Adds to *counts. */
enum launch_outcome grid_run(const struct launch *launch, struct launch_counts *counts);

#endif
