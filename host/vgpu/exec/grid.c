/* One launch: blocks are started in order, as many resident at once as the device allows, and take turns. */
#include "observe.h"
#include "race.h"

#include <stdlib.h>
#include <string.h>

/* A turn is long: most blocks end within theirs, and the next one uses their memory again while it is warm. */
enum { BLOCK_TURN = 1 << 20 };

static void *aligned(size_t bytes) {
    void *memory = aligned_alloc(64, (bytes + 64) / 64 * 64);
    if (memory == NULL)
        vgpu_fail("not enough host memory for %zu bytes of registers, shared and local memory of a block",
                  bytes);
    /* What a program reads before it has written it must at least be the same in every run. */
    return memset(memory, 0, (bytes + 64) / 64 * 64);
}

static struct block *create_block(struct grid *grid) {
    const struct binding *binding = grid->binding;
    const uint32_t *shape = grid->launch->block;
    struct block *block = aligned(sizeof *block);
    block->grid = grid;
    block->warp_count = (shape[0] * shape[1] * shape[2] + WARP_LANES - 1) / WARP_LANES;
    block->warps = aligned(block->warp_count * sizeof *block->warps);
    block->shared = aligned(grid->shared_bytes);
    block->observer = block_observer_create(block);
    if (grid->race)
        block->race = block_race_create(grid->race, block->warp_count, grid->shared_bytes);
    uint8_t *registers = aligned((size_t)block->warp_count * binding->bank_bytes);
    size_t frames = (size_t)WARP_LANES * binding->program->local_bytes;
    uint8_t *local = aligned(block->warp_count * frames);
    for (unsigned k = 0; k < block->warp_count; k++) {
        struct warp *warp = &block->warps[k];
        warp->bank[0] = registers + (size_t)k * binding->bank_bytes;
        warp->bank[1] = binding->constants;
        warp->local = local + k * frames;
        warp->block = block;
        warp->grid = grid;
    }
    return block;
}

static void free_block(struct block *block) {
    block_observer_free(block->observer);
    if (block->race)
        block_race_free(block->race);
    free(block->warps[0].local);
    free(block->warps[0].bank[0]);
    free(block->shared);
    free(block->warps);
    free(block);
}

void launch_counts_add(struct launch_counts *sum, const struct launch_counts *counts) {
    sum->warp_instructions += counts->warp_instructions;
    sum->thread_instructions += counts->thread_instructions;
    sum->issue_slots += counts->issue_slots;
    sum->conversions_and_mufu += counts->conversions_and_mufu;
    sum->global_load_sectors += counts->global_load_sectors;
    sum->global_store_sectors += counts->global_store_sectors;
    sum->shared_wavefronts += counts->shared_wavefronts;
    sum->atomics += counts->atomics;
    sum->barriers += counts->barriers;
    sum->l2.sectors += counts->l2.sectors;
    sum->l2.hits += counts->l2.hits;
    sum->l2.dram_read_bytes += counts->l2.dram_read_bytes;
    sum->l2.dram_write_bytes += counts->l2.dram_write_bytes;
    sum->l2.atomics_of_one_word += counts->l2.atomics_of_one_word;
    sum->dram_round_trips += counts->dram_round_trips;
}

/* Blocks of the grid that are resident, and which comes next. */
struct residents {
    struct block **blocks;
    unsigned count;
    uint64_t next, total;
};

static void admit(struct grid *grid, struct residents *residents) {
    struct block *block = create_block(grid);
    block_start(block, residents->next++);
    residents->blocks[residents->count++] = block;
}

/* One turn of a resident block; when it ends, the next block of the grid takes its place. False when the place is empty now. */
static bool take_turn(struct grid *grid, struct residents *residents, struct block *block) {
    for (;;) {
        block_run(block, BLOCK_TURN);
        if (grid->outcome != LAUNCH_DONE)
            return true;
        if (block->live_threads > 0) {
            if (!block->ready)
                report_deadlock(block);
            return true;
        }
        block_end_stretch(block);
        grid->watching = false;
        if (residents->next == residents->total)
            return false;
        block_start(block, residents->next++);
    }
}

/* After a round in which no block ended and none came: is every warp stuck? The first such round only begins to watch. */
static void look_for_progress(struct grid *grid, const struct residents *residents) {
    uint32_t runnable = !grid->watching;
    for (unsigned k = 0; k < residents->count; k++)
        runnable |= block_runnable(residents->blocks[k]);
    grid->watching = true;
    if (!runnable)
        report_spinning(residents->blocks, residents->count, residents->total - residents->next);
}

enum launch_outcome grid_run(const struct launch *launch, struct launch_counts *counts) {
    const struct binding *binding = launch->binding;
    struct grid grid = {.launch = launch, .binding = binding, .outcome = LAUNCH_DONE};
    grid.shared_bytes = launch->dynamic_shared_bytes
                            ? binding->program->dynamic_shared_offset + launch->dynamic_shared_bytes
                            : binding->program->static_shared_bytes;
    struct residents residents = {.total = (uint64_t)launch->grid[0] * launch->grid[1] * launch->grid[2]};
    uint64_t limit = launch->resident_blocks < residents.total ? launch->resident_blocks : residents.total;
    if (limit == 0)
        return LAUNCH_DONE;
    residents.blocks = calloc(limit, sizeof *residents.blocks);
    grid.windows = calloc(binding->window_count + 1, sizeof *grid.windows);
    if (!residents.blocks || !grid.windows)
        vgpu_fail("not enough host memory for a launch of %llu resident blocks", (unsigned long long)limit);
    grid.observer = observer_create(&grid);
    if (checks_enabled & CHECK_RACE)
        grid.race = race_create(residents.total);
    admit(&grid, &residents);
    while (residents.count > 0 && grid.outcome == LAUNCH_DONE) {
        unsigned kept = 0;
        uint64_t started = residents.next;
        unsigned resident = residents.count;
        for (unsigned k = 0; k < residents.count; k++) {
            struct block *block = residents.blocks[k];
            if (grid.outcome != LAUNCH_DONE || take_turn(&grid, &residents, block))
                residents.blocks[kept++] = block;
            else
                free_block(block);
        }
        residents.count = kept;
        /* Blocks that did not end in their turn may wait for others: admit more, doubling, up to the limit. */
        for (unsigned more = kept; more > 0 && residents.count < limit && residents.next < residents.total;
             more--)
            admit(&grid, &residents);
        if (grid.outcome == LAUNCH_DONE && residents.next == started && kept == resident)
            look_for_progress(&grid, &residents);
    }
    for (unsigned k = 0; k < residents.count; k++)
        free_block(residents.blocks[k]);
    free(residents.blocks);
    observer_free(grid.observer);
    if (grid.race)
        race_free(grid.race);
    free(grid.windows);
    if (launch->l2)
        l2_end_launch(launch->l2, &grid.counts.l2);
    grid.counts.issue_slots = grid.counts.warp_instructions * WARP_LANES;
    launch_counts_add(counts, &grid.counts);
    return grid.outcome;
}
