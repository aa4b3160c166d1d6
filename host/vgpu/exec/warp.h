/*
 * A warp while it runs: bound instructions, fragments of divergence, blocks, clusters, barriers. Internal to the executor.
 *
 * A handler executes one bound instruction for the lanes in mask and returns the instruction to go on with, or NULL after
 * it has put every active lane somewhere else (a fragment, an end). Operands are byte offsets into one of two banks: the
 * warp's registers (top bit 0) or the binding's constants (top bit 1), always whole lane arrays, so handlers only read arrays.
 */
#ifndef LOTTO_VGPU_WARP_H
#define LOTTO_VGPU_WARP_H

#include "../check/finding.h"
#include "../memory/memory.h"
#include "grid.h"
#include "schedule.h"

#define WARP_LANES 32
#define ALL_LANES 0xffffffffu

enum { MAX_BOUND_OPERANDS = 8, BLOCK_BARRIERS = 16, CLUSTER_BARRIER = BLOCK_BARRIERS };
/* The system's part of a block's shared memory: 1 KiB, CUDA C++ Programming Guide, compute capability 8.x. */
enum { RESERVED_SHARED_BYTES = 1024 };
#define CONSTANT_BANK 0x80000000u
enum { TALLY_MACHINE = 16 }; /* bits; a stretch is shorter than 2^16 instructions */

struct warp;
struct bound;
typedef const struct bound *handler(struct warp *warp, const struct bound *i, uint32_t mask);

struct bound {
    handler *run;
    uint32_t guard;      /* predicate operand; all ones without a guard */
    uint32_t guard_flip; /* ~0 for @!p */
    uint32_t o[MAX_BOUND_OPERANDS];
    uint32_t address; /* lane array of base addresses */
    uint32_t window;  /* this memory instruction's slot in grid->windows */
    uint32_t second_window;
    int64_t offset;        /* added to the base address; the immediate of instructions that have one */
    int64_t second_offset; /* of the second address of an asynchronous copy; its base is an operand */
    const struct bound *target;
    const void *side; /* what few instructions need: branch tables, fitted operands, address lists, texts */
    uint32_t tally;   /* what it adds: 1 to the conversions, above TALLY_MACHINE its machine instructions */
    uint32_t origin;  /* index in program->instructions */
    uint8_t negated;  /* bit k: predicate operand k is !p */
    uint8_t space;    /* enum ptx_space of a memory access */
    uint8_t width;    /* bytes a lane of an operand whose signature letter is x */
    uint8_t combine;  /* enum combine: setp.lt.and */
    bool base_is_32;  /* the base address register is 32 bits wide */
    bool strong;      /* volatile, relaxed or acquire: may be a wait for another block */
    uint8_t approximation; /* while approximations are perturbed (ulp.h): run is then not plain */
    /* While accesses are observed (observe.h): run is then run_observed. */
    uint8_t observed;    /* enum observed */
    uint8_t lane_bytes;  /* of an access */
    uint8_t elements;    /* of its vector */
    uint8_t order;       /* enum race_order */
    uint32_t used_bytes; /* those of a load that matter, a bit each */
    bool copies_whole;   /* of an asynchronous copy: it has no count of source bytes */
    handler *plain;
};

/* The addresses of a bulk copy. */
struct address_list {
    unsigned count;
    struct listed_address {
        uint32_t base; /* operand */
        int64_t offset;
        bool base_is_32;
    } at[3];
};

enum combine { COMBINE_NONE, COMBINE_AND, COMBINE_OR, COMBINE_XOR };

enum fragment_state { FRAGMENT_READY, FRAGMENT_AT_SYNC, FRAGMENT_AT_BARRIER, FRAGMENT_AT_MBARRIER };

/* Lanes of one warp that stand at the same instruction, as many calls deep. */
struct fragment {
    const struct bound *at;
    uint32_t mask;
    enum fragment_state state;
    unsigned barrier; /* FRAGMENT_AT_BARRIER: which of the block, or CLUSTER_BARRIER */
    unsigned depth;   /* calls that its lanes are in */
};

/* The search for a state that a warp comes back to (progress.c). */
struct recurrence {
    uint64_t changes; /* grid->changes when hash was taken; nothing is known of a warp for which it differs */
    uint64_t hash;
    unsigned steps, renewal;
};

/* cp.async, cp.async.bulk: each waits for groups of its own. */
enum copy_kind { COPY_ASYNC, COPY_BULK, COPY_KINDS };

struct warp {
    uint8_t *bank[2];
    uint32_t active;           /* lanes of the fragment that runs */
    uint32_t live;             /* lanes that have not exited */
    uint32_t carry;            /* condition code, one bit a lane */
    uint32_t cluster_arrived;  /* lanes that arrived at the cluster barrier, which others still keep open */
    uint32_t cluster_passed;   /* lanes that may pass their barrier.cluster.wait */
    bool passes;               /* the running fragment does not stop where it would meet others */
    const struct bound *limit; /* the running fragment stops here: another fragment stands there */
    struct block *block;
    struct grid *grid;
    uint8_t *local;             /* 32 times grid->local_bytes */
    uint8_t *kept;              /* as many, of calls (call.h); NULL if there are none */
    uint32_t depth[WARP_LANES]; /* calls that each lane is in */
    unsigned index;             /* in the block */
    unsigned fragment_count;
    struct fragment fragments
        [WARP_LANES]; /* the deepest first, in the order of their instructions; the running one is not among them */
    unsigned issued;               /* instructions of the running stretch, not yet in the counts */
    unsigned impatience;           /* instructions issued while another fragment was ready */
    unsigned turn_lane;            /* rotation: the fragment that had the last turn */
    uint32_t awaited[WARP_LANES];  /* the member mask of each lane in a fragment that is FRAGMENT_AT_SYNC */
    uint32_t come[BLOCK_BARRIERS]; /* lanes that arrived at a barrier with a count, which is still open */
    uint32_t committed[COPY_KINDS][WARP_LANES]; /* groups of each lane's copies */
    struct recurrence recurrence;
    /* Its clock and when its loads, its cp.async copies and their latest groups have come (round_trip.h). */
    unsigned trips, awaited_trips, copy_trips, group_count, group_trips[8];
};

enum barrier_reduction { BARRIER_PLAIN, BARRIER_POPULATION, BARRIER_EVERY, BARRIER_ANY };

struct barrier {
    unsigned arrived;  /* threads; towards a count, a warp of which every live lane has come is 32 */
    unsigned expected; /* 0: every live thread of the block */
    unsigned population;
    bool every, any; /* of the predicates of barrier.red */
    bool in_use;
    enum barrier_reduction reduction;
    unsigned trips; /* the latest clock of those that arrived */
};

struct block {
    struct grid *grid;
    struct cluster *cluster;
    uint64_t index; /* in the grid */
    unsigned rank;  /* in the cluster */
    uint32_t id[3], id_in_cluster[3];
    uint8_t *shared;
    struct warp *warps;
    unsigned warp_count;
    uint32_t ready; /* warps with a ready fragment */
    unsigned next_warp;
    struct block_schedule schedule;
    unsigned live_threads;
    unsigned polls; /* strong loads and sleeps in this turn of the block */
    /* round_trip.h */
    struct phase_trips *phases; /* of mbarriers in its memory */
    unsigned phase_count;
    bool absence_told; /* a finding has told that others use its shared memory while it may not be there */
    uint32_t stuck;    /* warps that go round for ever unless memory changes; said at stuck_changes */
    uint64_t stuck_changes; /* grid->changes then */
    uint8_t *written;       /* written.h; NULL while CHECK_INIT is off */
    struct block_race *race;
    struct barrier barriers[BLOCK_BARRIERS];
};

/* Blocks that run at once and can reach each other's shared memory, which lives until the last of them has ended. */
struct cluster {
    struct grid *grid;
    uint32_t id[3];
    struct block *blocks; /* by rank */
    unsigned block_count;
    uint8_t *shared; /* of all blocks, grid->shared_stride apart */
    unsigned live_threads, arrived;
    bool has_begun;      /* all blocks: its barrier has been met */
    unsigned trips;      /* the latest clock of those that arrived at its barrier */
    unsigned idle_turns; /* turns at whose end all threads waited, since one could last go on */
    struct cluster_race *race;
    struct put_off_copies {
        struct put_off_copy *copies;
        unsigned count, room;
    } put_off; /* copy.h */
};

struct grid {
    const struct launch *launch;
    const struct binding *binding;
    struct memory_window *windows;
    struct launch_counts counts;
    enum launch_outcome outcome;
    uint32_t shared_bytes; /* static + dynamic, of one block */
    uint32_t shared_stride;
    uint32_t local_bytes;      /* of a thread */
    uint32_t cluster[3];       /* blocks; ones for a launch without clusters */
    uint64_t failed_waits;     /* executions of an mbarrier wait that did not go on */
    struct observer *observer; /* NULL unless accesses are observed */
    struct race *race;         /* NULL unless races are looked for */
    /* NULL without a seed, and while watching, when a warp's next step must follow from its state. */
    struct schedule *schedule;
    bool watching;      /* a round ended without progress: changes are counted, warps tried for recurrence */
    bool writes_differ; /* watching or under a schedule */
    uint64_t changes;   /* of memory, barriers and clocks, and what else a warp's next step may depend on */
};

/* A special register a program reads, as a lane array in the warp's register bank. */
struct bound_special {
    const struct special_register *what;
    uint32_t slot;
};

struct binding {
    const struct program *program;
    struct device_limits device;
    struct bound *code;
    uint8_t *constants;
    uint32_t bank_bytes; /* a warp's registers, special registers and scratch */
    uint32_t frame, top; /* operands: where each lane's frame begins and ends (call.h) */
    uint32_t largest_record, largest_arguments; /* of its calls */
    uint32_t window_count;
    struct bound_special *specials;
    uint32_t special_count;
    bool
        reserves_shared; /* reads %reserved_smem_offset_*: each block has RESERVED_SHARED_BYTES behind its own */
    bool
        is_of_clusters; /* has instructions for clusters, mbarriers or bulk copies: a schedule's turns are long then */
};

/* The bytes of an operand. */
static inline void *warp_operand(const struct warp *warp, uint32_t operand) {
    return warp->bank[operand >> 31] + (operand & ~CONSTANT_BANK);
}

/* divergence.c */
void warp_add_fragment(struct warp *warp, const struct bound *at, uint32_t mask, enum fragment_state state,
                       unsigned barrier);
void warp_remove_fragment(struct warp *warp, unsigned k);
/* Runs until budget instructions are issued, or nothing in the warp can move, or the launch faults. Returns the number issued. */
unsigned warp_run(struct warp *warp, unsigned budget);
bool warp_is_ready(const struct warp *warp);
/* Ends lanes; those that waited for them are tried again. */
void warp_exit(struct warp *warp, uint32_t mask);
/*
 * For shfl and its kind: which lanes of mask have every live lane of their member mask here? The others leave the active mask and
 * become a waiting fragment, until the rest of their member mask comes here or to other instructions of the kind.
 */
uint32_t warp_gather(struct warp *warp, const struct bound *i, uint32_t mask, const uint32_t *members);
/* meeting.c: does as one the instructions of i's kind at which these lanes wait; they are then ready behind their own. */
void warp_meet(struct warp *warp, const struct bound *i, uint32_t lanes);
/*
 * For bar.warp.sync, whose lanes may stand at different instructions: every active lane becomes a fragment. Only lanes that
 * wait with the same member mask meet.
 */
void warp_gather_anywhere(struct warp *warp, const struct bound *i, uint32_t mask);

/* A branch some active lanes take: both ways become fragments, the nearer one runs on. */
const struct bound *warp_branch(struct warp *warp, const struct bound *i, uint32_t taken);
struct branch_list {
    uint32_t count;
    const struct bound *targets[];
};

/* block.c */
struct barrier_arrival {
    unsigned barrier, count; /* count 0: every live thread */
    bool wait;
    enum barrier_reduction reduction;
    uint32_t predicate;
};
/*
 * Lanes of mask arrive. Those that wait become a fragment, and are ready again behind i once the barrier is complete.
 * False when the arrival was refused (a finding has been made).
 */
bool block_arrive(struct warp *warp, const struct bound *i, uint32_t mask, struct barrier_arrival arrival);
/* Lanes have ended: barriers that waited only for them complete. */
void block_after_exit(struct warp *warp, uint32_t mask);
/* Every warp at the program's first instruction. The block's place in the grid is set. */
void block_start(struct block *block);
/*
 * Runs the warps in turn until budget instructions are issued, the block polls for others, or nothing in it can move. Returns
 * the number issued.
 */
uint64_t block_run(struct block *block, uint64_t budget);
/* Takes the warp's fragments that wait at a barrier out of its list. Returns their number. */
unsigned warp_take_waiting(struct warp *warp, unsigned barrier, struct fragment *waiting);

/* cluster.c */
struct cluster *cluster_create(struct grid *grid);
void cluster_free(struct cluster *cluster);
/* Makes cluster the index-th of the grid. */
void cluster_start(struct cluster *cluster, uint64_t index);
/* One turn of all its blocks. Finds deadlocks. False when the last thread has ended. */
bool cluster_run(struct cluster *cluster, uint64_t budget);
/* Whether a warp of it can run and, while grid->watching, is not stuck. */
bool cluster_runnable(const struct cluster *cluster);
/* Lanes of mask arrive at the cluster barrier. False when the arrival was refused (a finding has been made). */
bool cluster_arrive(struct warp *warp, const struct bound *i, uint32_t mask);
/* Lanes have ended: a barrier that waited only for them completes. */
void cluster_after_exit(struct warp *warp, uint32_t mask);
/*
 * Turns shared::cluster addresses of the lanes in mask into offsets from the pointer returned. NULL when one is misaligned, outside
 * its block's memory or, in PTX_SPACE_SHARED, not the own block's: at is as it was then.
 */
uint8_t *cluster_shared(struct warp *warp, const struct bound *i, uint32_t mask, uint64_t *at, unsigned bytes,
                        enum ptx_space space);
/* A range of shared memory by a shared::cluster address; NULL when it is not wholly inside one block's. */
uint8_t *cluster_range(struct warp *warp, const struct bound *i, unsigned lane, uint32_t address,
                       uint32_t bytes);

/* progress.c */
/* Ready warps, but for those that are stuck while grid->watching. */
uint32_t block_runnable(struct block *block);
/* After a slice of the warp, or a wait that it gave up, while grid->watching. */
void progress_note(struct warp *warp);
/* Lists who waits and spins where, and makes the outcome LAUNCH_DEADLOCK. not_started: clusters. */
void report_spinning(struct cluster *const *clusters, unsigned count, uint64_t not_started);

/* special.c */
enum { SPECIAL_PREDICATE = 0 };
struct special_register {
    const char *name;
    unsigned bytes; /* 4, 8 or SPECIAL_PREDICATE */
    /* Fills a lane array when a warp starts; NULL for clocks, which are read when executed. */
    void (*fill)(const struct warp *warp, void *lanes);
};
const struct special_register *special_find(const char *name);

/* A finding that leaves the launch running (fault.c). */
void finding_at(struct warp *warp, const struct bound *i, unsigned lane, enum check check, uint64_t address,
                const char *message);
/* fault.c: each reports a finding and sets the launch's outcome, by what kind of fault it is. */
void fault_address(struct warp *warp, const struct bound *i, unsigned lane, uint64_t address, unsigned bytes,
                   const char *access);
/* The first lane of mask whose bytes are misaligned or outside its block's shared memory, frame or parameters. */
void fault_space(struct warp *warp, const struct bound *i, uint32_t mask, const uint64_t *at, unsigned bytes,
                 const char *access, enum ptx_space space);
/* A store or an atomic through a generic address into the parameters. */
void fault_read_only(struct warp *warp, const struct bound *i, unsigned lane, uint64_t at, unsigned bytes,
                     const char *access);
/* outcome: the kind of fault. */
void fault_memory(struct warp *warp, const struct bound *i, unsigned lane, uint64_t address,
                  enum launch_outcome outcome, const char *message);
/* LAUNCH_FAILURE, what no other function here reports. */
void fault_message(struct warp *warp, const struct bound *i, unsigned lane, enum check check,
                   uint64_t address, const char *message);
/* A failed device assertion; message, file and function are addresses of texts. */
void fault_assertion(struct warp *warp, const struct bound *i, unsigned lane, uint64_t message, uint64_t file,
                     uint32_t line, uint64_t function);
/* Finds, without stopping the launch, that a lane uses shared memory of a block that may not be there; when says why. */
void report_absent(struct warp *warp, const struct bound *i, unsigned lane, struct block *absent,
                   const char *when);
/*
 * Lists who waits where in a cluster of which no warp can move, or in one block of it that no other can help, and makes the
 * outcome LAUNCH_DEADLOCK.
 */
void report_deadlock(struct cluster *cluster, struct block *stuck);

#endif
