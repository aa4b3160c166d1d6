/* Clusters: blocks that run at once, their barrier, and the way into each other's shared memory. */
#include "address.h"
#include "copy.h"
#include "race.h"
#include "round_trip.h"
#include "written.h"

#include <stdlib.h>
#include <string.h>

/*
 * A cluster is taken to be in deadlock when this many times in a row its mbarrier waits gave up and nothing came of it. Those that
 * come back to the state they had are found sooner (progress.c); this is for those that count, or look at a clock.
 */
enum { IDLE_TURNS = 1 << 16 };

static void *aligned(size_t bytes) {
    void *memory = aligned_alloc(64, (bytes + 64) / 64 * 64);
    if (memory == NULL)
        vgpu_fail("not enough host memory for %zu bytes of registers and shared memory of a block", bytes);
    /* What a program reads before it has written it must at least be the same in every run. */
    return memset(memory, 0, (bytes + 64) / 64 * 64);
}

/* The same of what is seldom used to its end, such as stacks. */
static void *sparse(size_t bytes) {
    void *memory = calloc(bytes + 1, 1);
    if (memory == NULL)
        vgpu_fail("not enough host memory for %zu bytes of local memory of a block", bytes);
    return memory;
}

static void create_block(struct cluster *cluster, unsigned rank) {
    struct grid *grid = cluster->grid;
    const struct binding *binding = grid->binding;
    const uint32_t *shape = grid->launch->block, *extent = grid->cluster;
    struct block *block = &cluster->blocks[rank];
    block->grid = grid;
    block->cluster = cluster;
    block->rank = rank;
    block->id_in_cluster[0] = rank % extent[0];
    block->id_in_cluster[1] = rank / extent[0] % extent[1];
    block->id_in_cluster[2] = rank / extent[0] / extent[1];
    block->warp_count = (shape[0] * shape[1] * shape[2] + WARP_LANES - 1) / WARP_LANES;
    block->warps = aligned(block->warp_count * sizeof *block->warps);
    block->shared = cluster->shared + (size_t)rank * grid->shared_stride;
    block->written = written_create(grid);
    if (grid->race)
        block->race = block_race_create(grid->race, block->warp_count, grid->shared_bytes);
    uint8_t *registers = aligned((size_t)block->warp_count * binding->bank_bytes);
    size_t local_bytes = (size_t)WARP_LANES * grid->local_bytes;
    bool calls = binding->program->uses_stack;
    uint8_t *local = sparse(block->warp_count * local_bytes);
    uint8_t *kept = calls ? sparse(block->warp_count * local_bytes) : NULL;
    for (unsigned k = 0; k < block->warp_count; k++) {
        struct warp *warp = &block->warps[k];
        warp->bank[0] = registers + (size_t)k * binding->bank_bytes;
        warp->bank[1] = binding->constants;
        warp->local = local + k * local_bytes;
        warp->kept = calls ? kept + k * local_bytes : NULL;
        warp->block = block;
        warp->grid = grid;
    }
}

struct cluster *cluster_create(struct grid *grid) {
    struct cluster *cluster = aligned(sizeof *cluster);
    cluster->grid = grid;
    cluster->block_count = grid->cluster[0] * grid->cluster[1] * grid->cluster[2];
    cluster->blocks = aligned(cluster->block_count * sizeof *cluster->blocks);
    cluster->shared = aligned((size_t)cluster->block_count * grid->shared_stride);
    if (grid->race)
        cluster->race = cluster_race_create(grid->race);
    for (unsigned rank = 0; rank < cluster->block_count; rank++)
        create_block(cluster, rank);
    return cluster;
}

void cluster_free(struct cluster *cluster) {
    for (unsigned rank = 0; rank < cluster->block_count; rank++) {
        struct block *block = &cluster->blocks[rank];
        free(block->written);
        if (block->race)
            block_race_free(block->race);
        free(block->phases);
        free(block->warps[0].local);
        free(block->warps[0].kept);
        free(block->warps[0].bank[0]);
        free(block->warps);
    }
    if (cluster->race)
        cluster_race_free(cluster->race);
    free(cluster->put_off.copies);
    free(cluster->shared);
    free(cluster->blocks);
    free(cluster);
}

void cluster_start(struct cluster *cluster, uint64_t index) {
    const struct grid *grid = cluster->grid;
    const uint32_t *size = grid->launch->grid, *extent = grid->cluster;
    uint32_t across = size[0] / extent[0], down = size[1] / extent[1];
    cluster->id[0] = (uint32_t)(index % across);
    cluster->id[1] = (uint32_t)(index / across % down);
    cluster->id[2] = (uint32_t)(index / across / down);
    cluster->live_threads = cluster->arrived = cluster->trips = cluster->idle_turns = 0;
    cluster->has_begun = false;
    if (cluster->race)
        race_cluster_start(cluster);
    for (unsigned rank = 0; rank < cluster->block_count; rank++) {
        struct block *block = &cluster->blocks[rank];
        for (unsigned axis = 0; axis < 3; axis++)
            block->id[axis] = cluster->id[axis] * extent[axis] + block->id_in_cluster[axis];
        block->index = block->id[0] + (uint64_t)size[0] * (block->id[1] + (uint64_t)size[1] * block->id[2]);
        block_start(block);
        cluster->live_threads += block->live_threads;
    }
}

/* The barrier is met by all threads that have not ended: those that wait go on, the others need not wait. */
static void complete(struct cluster *cluster) {
    cluster->arrived = 0;
    cluster->idle_turns = 0;
    cluster->has_begun = true;
    cluster->grid->counts.cluster_barriers++;
    cluster->grid->counts.cluster_waits += cluster->block_count;
    cluster->grid->changes++;
    if (cluster->race)
        race_cluster_complete(cluster);
    for (unsigned rank = 0; rank < cluster->block_count; rank++) {
        struct block *block = &cluster->blocks[rank];
        for (unsigned j = 0; j < block->warp_count; j++) {
            struct warp *warp = &block->warps[j];
            trips_by(warp, cluster->trips);
            warp->cluster_passed |= warp->cluster_arrived;
            warp->cluster_arrived = 0;
            struct fragment waiting[WARP_LANES];
            unsigned count = warp_take_waiting(warp, CLUSTER_BARRIER, waiting);
            for (unsigned k = 0; k < count; k++) {
                warp->cluster_passed &= ~waiting[k].mask;
                if (cluster->race)
                    race_cluster_depart(warp, waiting[k].mask);
                warp_add_fragment(warp, waiting[k].at + 1, waiting[k].mask, FRAGMENT_READY, 0);
                block->ready |= 1u << j;
            }
        }
    }
}

bool cluster_arrive(struct warp *warp, const struct bound *i, uint32_t mask) {
    struct cluster *cluster = warp->block->cluster;
    uint32_t again = mask & (warp->cluster_arrived | warp->cluster_passed);
    if (again) {
        fault_message(warp, i, (unsigned)__builtin_ctz(again), CHECK_SYNC, 0,
                      "barrier.cluster.arrive again, with no barrier.cluster.wait since the last one");
        return false;
    }
    if (cluster->race)
        race_cluster_arrive(warp, i->order);
    warp->cluster_arrived |= mask;
    unsigned trips = trips_at_barrier(warp);
    cluster->trips = trips > cluster->trips ? trips : cluster->trips;
    cluster->arrived += (unsigned)__builtin_popcount(mask);
    if (cluster->arrived == cluster->live_threads)
        complete(cluster);
    return true;
}

void cluster_after_exit(struct warp *warp, uint32_t mask) {
    struct cluster *cluster = warp->block->cluster;
    cluster->live_threads -= (unsigned)__builtin_popcount(mask);
    cluster->arrived -= (unsigned)__builtin_popcount(mask & warp->cluster_arrived);
    warp->cluster_arrived &= ~mask;
    cluster->idle_turns = 0;
    if (cluster->arrived > 0 && cluster->arrived == cluster->live_threads)
        complete(cluster);
}

/* The wait of an mbarrier is bounded: lanes that had theirs go on with a false predicate. True when there were any. */
static bool give_up_waiting(struct cluster *cluster) {
    bool any = false;
    for (unsigned rank = 0; rank < cluster->block_count; rank++) {
        struct block *block = &cluster->blocks[rank];
        for (unsigned j = 0; j < block->warp_count; j++) {
            struct warp *warp = &block->warps[j];
            bool gave_up = false;
            for (unsigned k = 0; k < warp->fragment_count;) {
                struct fragment fragment = warp->fragments[k];
                if (fragment.state != FRAGMENT_AT_MBARRIER) {
                    k++;
                    continue;
                }
                uint32_t *complete = warp_operand(warp, fragment.at->o[0]);
                *complete &= ~fragment.mask;
                warp_remove_fragment(warp, k);
                warp_add_fragment(warp, fragment.at + 1, fragment.mask, FRAGMENT_READY, 0);
                block->ready |= 1u << j;
                gave_up = true;
            }
            if (gave_up && cluster->grid->watching)
                progress_note(warp);
            any |= gave_up;
        }
    }
    return any;
}

/* Nothing in the block can move, and no other block can change that. */
static bool is_stuck(const struct block *block) {
    if (block->ready || block->live_threads == 0)
        return false;
    for (unsigned j = 0; j < block->warp_count; j++)
        for (unsigned k = 0; k < block->warps[j].fragment_count; k++) {
            const struct fragment *fragment = &block->warps[j].fragments[k];
            if (fragment->state == FRAGMENT_AT_MBARRIER ||
                (fragment->state == FRAGMENT_AT_BARRIER && fragment->barrier == CLUSTER_BARRIER))
                return false;
        }
    return true;
}

static bool any_ready(const struct cluster *cluster) {
    for (unsigned rank = 0; rank < cluster->block_count; rank++)
        if (cluster->blocks[rank].ready)
            return true;
    return false;
}

bool cluster_runnable(const struct cluster *cluster) {
    bool any = false;
    for (unsigned rank = 0; rank < cluster->block_count; rank++)
        any |= block_runnable(&cluster->blocks[rank]) != 0;
    return any;
}

bool cluster_run(struct cluster *cluster, uint64_t budget) {
    const struct grid *grid = cluster->grid;
    unsigned first = grid->schedule ? schedule_first_block(grid->schedule, cluster->block_count) : 0;
    bool moves = true; /* a block that waited can go on, as another has let it */
    for (uint64_t issued = 0; moves && issued < budget && grid->outcome == LAUNCH_DONE;) {
        uint32_t waited = 0;
        for (unsigned k = 0; k < cluster->block_count && grid->outcome == LAUNCH_DONE; k++) {
            unsigned rank = (first + k) % cluster->block_count;
            struct block *block = &cluster->blocks[rank];
            issued += block_run(block, budget);
            waited |= (uint32_t)!block->ready << rank;
            if (grid->outcome == LAUNCH_DONE && is_stuck(block))
                report_deadlock(cluster, block);
        }
        moves = false;
        for (unsigned rank = 0; rank < cluster->block_count; rank++)
            moves |= cluster->blocks[rank].ready && waited >> rank & 1;
    }
    copy_all_put_off(cluster);
    if (grid->outcome != LAUNCH_DONE)
        return true;
    if (cluster->live_threads == 0) {
        for (unsigned rank = 0; rank < cluster->block_count; rank++)
            trips_end_block(&cluster->blocks[rank]);
        return false;
    }
    bool was_idle = !any_ready(cluster);
    cluster->idle_turns = was_idle ? cluster->idle_turns + 1 : 0;
    if (was_idle && (cluster->idle_turns > IDLE_TURNS || !give_up_waiting(cluster)))
        report_deadlock(cluster, NULL);
    else if (!was_idle)
        give_up_waiting(cluster);
    return true;
}

/* The blocks of a cluster are scheduled together, but only its barrier tells that all have begun. */
static void expect_present(struct warp *warp, const struct bound *i, unsigned lane, uint32_t rank) {
    struct cluster *cluster = warp->block->cluster;
    struct block *block = &cluster->blocks[rank];
    if (block->live_threads == 0)
        report_absent(warp, i, lane, block,
                      "although all its threads have ended; a device may have given it away");
    else if (!cluster->has_begun && rank != warp->block->rank)
        report_absent(warp, i, lane, block,
                      "before a barrier of the cluster; on a device the block may not have begun");
}

uint8_t *cluster_shared(struct warp *warp, const struct bound *i, uint32_t mask, uint64_t *at, unsigned bytes,
                        enum ptx_space space) {
    struct block *block = warp->block;
    struct cluster *cluster = block->cluster;
    const struct grid *grid = warp->grid;
    uint64_t moved[WARP_LANES];
    for (unsigned l = 0; l < WARP_LANES; l++) {
        uint32_t rank = cluster_rank((uint32_t)at[l], block->rank), offset = at[l] & CLUSTER_OFFSET_MASK;
        moved[l] = (uint64_t)rank * grid->shared_stride + offset;
        if (!(mask >> l & 1))
            continue;
        if ((at[l] & (bytes - 1)) || rank >= cluster->block_count || offset + bytes > grid->shared_bytes ||
            (space == PTX_SPACE_SHARED && rank != block->rank))
            return NULL;
        expect_present(warp, i, l, rank);
    }
    memcpy(at, moved, sizeof moved);
    return cluster->shared;
}

uint8_t *cluster_range(struct warp *warp, const struct bound *i, unsigned lane, uint32_t address,
                       uint32_t bytes) {
    struct cluster *cluster = warp->block->cluster;
    uint32_t rank = cluster_rank(address, warp->block->rank), offset = address & CLUSTER_OFFSET_MASK;
    if (rank >= cluster->block_count || (uint64_t)offset + bytes > warp->grid->shared_bytes)
        return NULL;
    expect_present(warp, i, lane, rank);
    return cluster->blocks[rank].shared + offset;
}
