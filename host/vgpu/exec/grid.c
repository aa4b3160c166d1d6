/* One launch: clusters are started in order, as many resident at once as the device allows, and take turns. */
#include "call.h"
#include "observe.h"
#include "race.h"

#include <stdlib.h>

/* A turn is long: most clusters end within theirs, and the next one uses their memory again while it is warm. */
enum { CLUSTER_TURN = 1 << 20, SCHEDULE_PATIENCE = 1 << 22, SHARED_ALIGNMENT = 128 };

void launch_counts_add(struct launch_counts *sum, const struct launch_counts *counts) {
    sum->warp_instructions += counts->warp_instructions;
    sum->thread_instructions += counts->thread_instructions;
    sum->issue_slots += counts->issue_slots;
    sum->machine_instructions += counts->machine_instructions;
    sum->conversions_and_mufu += counts->conversions_and_mufu;
    sum->global_load_sectors += counts->global_load_sectors;
    sum->global_store_sectors += counts->global_store_sectors;
    sum->shared_wavefronts += counts->shared_wavefronts;
    sum->remote_shared_wavefronts += counts->remote_shared_wavefronts;
    sum->atomics += counts->atomics;
    sum->barriers += counts->barriers;
    sum->cluster_barriers += counts->cluster_barriers;
    sum->cluster_waits += counts->cluster_waits;
    sum->l2.sectors += counts->l2.sectors;
    sum->l2.hits += counts->l2.hits;
    sum->l2.dram_read_bytes += counts->l2.dram_read_bytes;
    sum->l2.dram_write_bytes += counts->l2.dram_write_bytes;
    sum->l2.atomics_of_one_word += counts->l2.atomics_of_one_word;
    sum->dram_round_trips += counts->dram_round_trips;
}

/* Clusters of the grid that are resident, and which comes next. */
struct residents {
    struct cluster **clusters;
    unsigned count;
    uint64_t next, total;
    struct schedule *schedule; /* NULL without a seed */
    uint64_t ended_at;         /* warp instructions issued when a cluster last ended or started */
};

static void start_next(struct residents *residents, struct cluster *cluster) {
    uint64_t next = residents->next++;
    cluster_start(cluster, residents->schedule ? schedule_cluster(residents->schedule, next) : next);
}

static void admit(struct grid *grid, struct residents *residents) {
    struct cluster *cluster = cluster_create(grid);
    start_next(residents, cluster);
    residents->clusters[residents->count++] = cluster;
}

static void follow(struct grid *grid, struct schedule *schedule, bool watching) {
    grid->schedule = schedule;
    grid->watching = watching;
    grid->writes_differ = schedule || watching;
}

/* One that has been idle gets a turn in which all its threads can come to wait again, so that a deadlock is found. */
static uint64_t next_turn(const struct cluster *cluster) {
    struct schedule *schedule = cluster->grid->schedule;
    return schedule && !cluster->idle_turns ? schedule_turn(schedule) : CLUSTER_TURN;
}

/* One turn of a resident cluster; when it ends, the next of the grid takes its place. False when the place is empty now. */
static bool take_turn(struct residents *residents, struct cluster *cluster) {
    struct grid *grid = cluster->grid;
    while (!cluster_run(cluster, next_turn(cluster))) {
        follow(grid, residents->schedule, false);
        if (residents->next == residents->total)
            return false;
        start_next(residents, cluster);
    }
    return true;
}

/*
 * After a round in which no cluster ended and none came: is every warp stuck? The first such round only begins to watch. Under a schedule
 * turns are so short that many such rounds are no sign of it.
 */
static void look_for_progress(struct grid *grid, const struct residents *residents) {
    if (grid->schedule && grid->counts.warp_instructions - residents->ended_at < SCHEDULE_PATIENCE)
        return;
    uint32_t runnable = !grid->watching;
    for (unsigned k = 0; k < residents->count; k++)
        runnable |= cluster_runnable(residents->clusters[k]);
    follow(grid, NULL, true);
    if (!runnable)
        report_spinning(residents->clusters, residents->count, residents->total - residents->next);
}

enum launch_outcome grid_run(const struct launch *launch, struct launch_counts *counts) {
    const struct binding *binding = launch->binding;
    struct grid grid = {.launch = launch, .binding = binding, .outcome = LAUNCH_DONE};
    grid.shared_bytes = launch->dynamic_shared_bytes
                            ? binding->program->dynamic_shared_offset + launch->dynamic_shared_bytes
                            : binding->program->static_shared_bytes;
    if (binding->reserves_shared)
        grid.shared_bytes = (grid.shared_bytes + SHARED_ALIGNMENT - 1) / SHARED_ALIGNMENT * SHARED_ALIGNMENT +
                            RESERVED_SHARED_BYTES;
    grid.shared_stride = (grid.shared_bytes + SHARED_ALIGNMENT - 1) / SHARED_ALIGNMENT * SHARED_ALIGNMENT;
    grid.local_bytes = call_local_bytes(binding, launch->stack_bytes);
    struct residents residents = {.total = 1};
    uint64_t blocks = (uint64_t)launch->grid[0] * launch->grid[1] * launch->grid[2];
    uint64_t limit = launch->resident_blocks;
    for (unsigned axis = 0; axis < 3; axis++) {
        grid.cluster[axis] = launch->cluster[axis] ? launch->cluster[axis] : 1;
        residents.total *= launch->grid[axis] / grid.cluster[axis];
        limit /= grid.cluster[axis];
    }
    if (limit > residents.total)
        limit = residents.total;
    if (limit == 0)
        return LAUNCH_DONE;
    residents.clusters = calloc(limit, sizeof *residents.clusters);
    grid.windows = calloc(binding->window_count + 1, sizeof *grid.windows);
    if (!residents.clusters || !grid.windows)
        vgpu_fail("not enough host memory for a launch of %llu resident clusters", (unsigned long long)limit);
    grid.observer = observer_create(&grid);
    if (checks_enabled & CHECK_RACE)
        grid.race = race_create(blocks);
    bool of_clusters = binding->is_of_clusters || residents.total != blocks;
    residents.schedule = schedule_create(residents.total, limit, of_clusters);
    follow(&grid, residents.schedule, false);
    uint64_t at_first = grid.schedule ? schedule_first_residents(grid.schedule) : 1;
    while (residents.count < at_first)
        admit(&grid, &residents);
    while (residents.count > 0 && grid.outcome == LAUNCH_DONE) {
        unsigned kept = 0;
        uint64_t started = residents.next;
        unsigned resident = residents.count;
        if (grid.schedule)
            schedule_turns(grid.schedule, residents.clusters, residents.count);
        for (unsigned k = 0; k < residents.count; k++) {
            struct cluster *cluster = residents.clusters[k];
            if (grid.outcome != LAUNCH_DONE || take_turn(&residents, cluster))
                residents.clusters[kept++] = cluster;
            else
                cluster_free(cluster);
        }
        residents.count = kept;
        /* Clusters that did not end in their turn may wait for others: admit more, doubling, up to the limit. */
        for (unsigned more = kept; more > 0 && residents.count < limit && residents.next < residents.total;
             more--)
            admit(&grid, &residents);
        if (residents.next != started || kept != resident)
            residents.ended_at = grid.counts.warp_instructions;
        else if (grid.outcome == LAUNCH_DONE)
            look_for_progress(&grid, &residents);
    }
    for (unsigned k = 0; k < residents.count; k++)
        cluster_free(residents.clusters[k]);
    free(residents.clusters);
    schedule_free(residents.schedule);
    observer_free(grid.observer);
    if (grid.race)
        race_free(grid.race);
    free(grid.windows);
    if (launch->l2)
        l2_end_launch(launch->l2, &grid.counts.l2);
    grid.counts.machine_instructions -= grid.failed_waits;
    grid.counts.issue_slots = (grid.counts.warp_instructions - grid.failed_waits) * WARP_LANES;
    launch_counts_add(counts, &grid.counts);
    return grid.outcome;
}
