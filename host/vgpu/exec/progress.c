/*
 * Whether warps that run can ever do anything else: the deadlock of those that spin on memory nobody will write.
 *
 * While memory stays as it is, what a warp does next follows from its own state alone (its lanes' places, registers and local
 * memory). So one that comes back to a state it had, with no memory changed in between, goes round for ever, in whatever order
 * warps run. States are compared by a hash, with one kept state that is renewed after 1, 2, 4... slices (Brent).
 */
#include "call.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static uint64_t mixed(uint64_t hash, uint64_t value) {
    hash = (hash ^ value) * 0x9e3779b97f4a7c15ull;
    return hash ^ hash >> 29;
}

static uint64_t mixed_bytes(uint64_t hash, const uint8_t *bytes, size_t count) {
    for (; count > 0; bytes += sizeof hash) {
        uint64_t value = 0;
        size_t part = count < sizeof value ? count : sizeof value;
        memcpy(&value, bytes, part);
        hash = mixed(hash, value);
        count -= part;
    }
    return hash;
}

static uint64_t hash_of(const struct warp *warp) {
    const struct program *program = warp->grid->binding->program;
    uint64_t hash =
        mixed((uint64_t)warp->live << 32 | warp->carry, (uint64_t)warp->impatience << 32 | warp->turn_lane);
    hash = mixed(hash, (uint64_t)warp->cluster_arrived << 32 | warp->cluster_passed);
    for (unsigned k = 0; k < warp->fragment_count; k++) {
        const struct fragment *fragment = &warp->fragments[k];
        hash = mixed(hash, (uint64_t)fragment->at);
        hash = mixed(hash, (uint64_t)fragment->mask << 32 | fragment->state << 8 | fragment->barrier);
    }
    hash = mixed_bytes(hash, (const uint8_t *)warp->awaited, sizeof warp->awaited);
    hash = mixed_bytes(hash, warp->bank[0], program->register_file_bytes);
    if (!warp->kept)
        return mixed_bytes(hash, warp->local, (size_t)WARP_LANES * program->local_bytes);
    for (unsigned l = 0; l < WARP_LANES; l++) {
        size_t begin = (size_t)l * warp->grid->local_bytes, bytes = call_top(warp, l);
        hash = mixed(hash, (uint64_t)warp->depth[l] << 32 | bytes);
        hash = mixed_bytes(mixed_bytes(hash, warp->local + begin, bytes), warp->kept + begin, bytes);
    }
    return hash;
}

uint32_t block_runnable(struct block *block) {
    if (!block->grid->watching)
        return block->ready;
    if (block->stuck_changes != block->grid->changes) {
        block->stuck = 0;
        block->stuck_changes = block->grid->changes;
    }
    return block->ready & ~block->stuck;
}

void progress_note(struct warp *warp) {
    struct recurrence *recurrence = &warp->recurrence;
    uint64_t hash = hash_of(warp);
    if (recurrence->changes != warp->grid->changes) {
        *recurrence = (struct recurrence){.changes = warp->grid->changes, .hash = hash, .renewal = 1};
    } else if (recurrence->hash == hash) {
        warp->block->stuck |= 1u << warp->index;
        warp->block->stuck_changes = warp->grid->changes;
    } else if (++recurrence->steps == recurrence->renewal) {
        *recurrence = (struct recurrence){
            .changes = recurrence->changes, .hash = hash, .renewal = 2 * recurrence->renewal};
    }
}

static bool reads_memory(const struct warp *warp, const struct bound *i) {
    const char *opcode = warp->grid->binding->program->instructions[i->origin].opcode;
    return strncmp(opcode, "ld.", 3) == 0 ? strncmp(opcode, "ld.param", 8) != 0
                                          : strncmp(opcode, "atom.", 5) == 0;
}

/* Goes on to where a spinning warp reads memory or waits, the place to name. False when it waits. */
static bool go_to_read(struct warp *warp) {
    enum { STEPS = 10000 };
    for (unsigned step = 0; step < STEPS && warp_is_ready(warp); step++) {
        for (unsigned k = 0; k < warp->fragment_count; k++)
            if (warp->fragments[k].state == FRAGMENT_READY && reads_memory(warp, warp->fragments[k].at))
                return true;
        warp_run(warp, 1);
    }
    return warp_is_ready(warp);
}

/* Whether a warp of the cluster spins on memory: all have come to where they do, or wait. */
static bool spins(struct cluster *cluster) {
    struct launch_counts counts = cluster->grid->counts;
    bool any = false;
    for (unsigned rank = 0; rank < cluster->block_count; rank++)
        for (unsigned k = 0; k < cluster->blocks[rank].warp_count; k++)
            any |= go_to_read(&cluster->blocks[rank].warps[k]);
    cluster->grid->counts = counts;
    return any;
}

/* Warps that stand at one place, told together. */
struct place {
    const struct bound *at;
    enum fragment_state state;
    const struct warp *first;
    uint32_t mask; /* lanes of the first */
    uint64_t warps;
};
enum { PLACES = 12 };

static unsigned add_places(struct place *places, unsigned count, struct warp *warp) {
    for (unsigned k = 0; k < warp->fragment_count; k++) {
        const struct fragment *fragment = &warp->fragments[k];
        unsigned p = 0;
        while (p < count && (places[p].at != fragment->at || places[p].state != fragment->state))
            p++;
        if (p == PLACES)
            continue;
        if (p == count)
            places[count++] = (struct place){fragment->at, fragment->state, warp, fragment->mask, 0};
        places[p].warps++;
    }
    return count;
}

static void append_place(char *text, size_t size, const struct place *place) {
    const struct program *program = place->first->grid->binding->program;
    const struct ptx_instruction *instruction = &program->instructions[place->at->origin];
    const uint32_t *block = place->first->block->id;
    size_t used = strlen(text);
    char others[40] = "";
    if (place->warps > 1)
        snprintf(others, sizeof others, " and %" PRIu64 " more", place->warps - 1);
    snprintf(text + used, size - used,
             "; block %" PRIu32 ",%" PRIu32 ",%" PRIu32 " warp %u lanes 0x%08" PRIx32
             "%s %s at %.40s, PTX line %" PRIu32,
             block[0], block[1], block[2], place->first->index, place->mask, others,
             place->state == FRAGMENT_READY ? "spin" : "wait", instruction->opcode, instruction->line);
}

void report_spinning(struct cluster *const *clusters, unsigned count, uint64_t not_started) {
    struct place places[PLACES];
    unsigned place_count = 0, size = clusters[0]->block_count;
    for (unsigned c = 0; c < count; c++)
        if (!spins(clusters[c])) {
            report_deadlock(clusters[c], NULL);
            return;
        }
    for (unsigned k = 0; k < count * size; k++) {
        const struct block *block = &clusters[k / size]->blocks[k % size];
        for (unsigned j = 0; j < block->warp_count; j++)
            place_count = add_places(places, place_count, &block->warps[j]);
    }
    char message[2400];
    snprintf(message, sizeof message,
             "deadlock: every warp of the %u resident blocks waits or spins on memory that nobody will "
             "change, %" PRIu64 " blocks have not started",
             count * size, not_started * size);
    const struct place *witness = places;
    for (unsigned p = 0; p < place_count; p++) {
        append_place(message, sizeof message, &places[p]);
        if (witness->state != FRAGMENT_READY && places[p].state == FRAGMENT_READY)
            witness = &places[p];
    }
    if (witness->first->grid->launch->aside)
        snprintf(message + strlen(message), sizeof message - strlen(message), "; %s",
                 witness->first->grid->launch->aside);
    struct warp *warp = &witness->first->block->warps[witness->first->index];
    fault_message(warp, witness->at, (unsigned)__builtin_ctz(witness->mask), CHECK_SYNC, 0, message);
    warp->grid->outcome = LAUNCH_DEADLOCK;
}
