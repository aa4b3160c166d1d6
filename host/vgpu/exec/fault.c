/* What went wrong where: findings of the executor, each with kernel, line, block and thread. */
#include "address.h"
#include "warp.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

void finding_at(struct warp *warp, const struct bound *i, unsigned lane, enum check check, uint64_t address,
                const char *message) {
    const struct program *program = warp->grid->binding->program;
    const struct ptx_instruction *instruction = &program->instructions[i->origin];
    const uint32_t *shape = warp->grid->launch->block;
    unsigned thread = warp->index * WARP_LANES + lane;
    bool has_source = instruction->source_file > 0 && instruction->source_file < program->module->file_count;
    struct finding finding = {
        .check = check,
        .kernel = program->name,
        .ptx_line = instruction->line,
        .source_file = has_source ? program->module->files[instruction->source_file] : NULL,
        .source_line = has_source ? instruction->source_line : 0,
        .block = {warp->block->id[0], warp->block->id[1], warp->block->id[2]},
        .thread = {thread % shape[0], thread / shape[0] % shape[1], thread / shape[0] / shape[1]},
        .address = address,
        .message = message,
    };
    if (checks_enabled & check)
        finding_report(&finding);
}

void fault_message(struct warp *warp, const struct bound *i, unsigned lane, enum check check,
                   uint64_t address, const char *message) {
    finding_at(warp, i, lane, check, address, message);
    warp->grid->outcome = LAUNCH_FAILURE;
}

void fault_memory(struct warp *warp, const struct bound *i, unsigned lane, uint64_t address,
                  enum launch_outcome outcome, const char *message) {
    finding_at(warp, i, lane, CHECK_MEM, address, message);
    warp->grid->outcome = outcome;
}

void fault_address(struct warp *warp, const struct bound *i, unsigned lane, uint64_t address, unsigned bytes,
                   const char *access) {
    char place[300], message[400];
    bool misaligned = address & (bytes - 1);
    if (address < 4096)
        snprintf(message, sizeof message, "global %s of %u bytes through a null pointer (0x%" PRIx64 ")",
                 access, bytes, address);
    else if (!memory_is_device(address))
        snprintf(message, sizeof message, "%s of %u bytes at 0x%" PRIx64 ", which is not device memory",
                 access, bytes, address);
    else
        snprintf(message, sizeof message, "%sglobal %s of %u bytes at 0x%" PRIx64 ", %s",
                 misaligned ? "misaligned " : "", access, bytes, address,
                 memory_describe(address, bytes, place, sizeof place));
    fault_memory(warp, i, lane, address, misaligned ? LAUNCH_MISALIGNED : LAUNCH_FAULT, message);
}

void fault_read_only(struct warp *warp, const struct bound *i, unsigned lane, uint64_t at, unsigned bytes,
                     const char *access) {
    char message[200];
    snprintf(message, sizeof message,
             "%s of %u bytes at offset %" PRIu64 " of the kernel's parameters, which are read-only", access,
             bytes, at);
    fault_memory(warp, i, lane, at, LAUNCH_FAULT, message);
}

/* What cluster_shared refused, told by rank and offset. */
static void fault_cluster(struct warp *warp, const struct bound *i, uint32_t mask, const uint64_t *at,
                          unsigned bytes, const char *access, enum ptx_space space) {
    const struct block *block = warp->block;
    unsigned count = block->cluster->block_count;
    for (unsigned l = 0; l < WARP_LANES; l++) {
        uint32_t rank = cluster_rank((uint32_t)at[l], block->rank), offset = at[l] & CLUSTER_OFFSET_MASK;
        bool misaligned = at[l] & (bytes - 1), outside = (uint64_t)offset + bytes > warp->grid->shared_bytes;
        bool foreign = space == PTX_SPACE_SHARED && rank != block->rank;
        if (!(mask >> l & 1) || (!misaligned && !outside && !foreign && rank < count))
            continue;
        char message[300];
        if (rank >= count)
            snprintf(message, sizeof message,
                     "shared %s of %u bytes at 0x%" PRIx64 ", outside the %" PRIu32
                     " bytes of the block's shared memory and of any block of the cluster",
                     access, bytes, at[l], warp->grid->shared_bytes);
        else if (misaligned)
            snprintf(message, sizeof message, "misaligned shared %s of %u bytes at offset 0x%" PRIx32, access,
                     bytes, offset);
        else if (outside)
            snprintf(message, sizeof message,
                     "shared %s of %u bytes at offset %" PRIu32 ", outside the %" PRIu32
                     " bytes of the shared memory of the block with rank %" PRIu32 " of its cluster",
                     access, bytes, offset, warp->grid->shared_bytes, rank);
        else
            snprintf(message, sizeof message,
                     "shared %s of %u bytes at offset %" PRIu32 " of the block with rank %" PRIu32
                     ": the instruction is for the own block's memory alone, not .shared::cluster",
                     access, bytes, offset, rank);
        fault_memory(warp, i, l, at[l], misaligned ? LAUNCH_MISALIGNED : LAUNCH_FAILURE, message);
        return;
    }
}

void report_absent(struct warp *warp, const struct bound *i, unsigned lane, struct block *absent,
                   const char *when) {
    if (absent->absence_told)
        return;
    absent->absence_told = true;
    char message[250];
    snprintf(message, sizeof message, "shared memory of block %" PRIu32 ",%" PRIu32 ",%" PRIu32 " is used %s",
             absent->id[0], absent->id[1], absent->id[2], when);
    finding_at(warp, i, lane, CHECK_SYNC, 0, message);
}

void fault_space(struct warp *warp, const struct bound *i, uint32_t mask, const uint64_t *at, unsigned bytes,
                 const char *access, enum ptx_space space) {
    bool is_shared = space == PTX_SPACE_SHARED || space == PTX_SPACE_CLUSTER;
    if (is_shared && warp->block->cluster->block_count > 1) {
        fault_cluster(warp, i, mask, at, bytes, access, space);
        return;
    }
    const struct program *program = warp->grid->binding->program;
    const char *name = is_shared ? "shared" : space == PTX_SPACE_LOCAL ? "local" : "parameter";
    const char *owner = is_shared                  ? "block's shared memory"
                        : space == PTX_SPACE_LOCAL ? "thread's local memory"
                                                   : "parameters";
    uint64_t size = is_shared                  ? warp->grid->shared_bytes
                    : space == PTX_SPACE_LOCAL ? warp->grid->local_bytes
                                               : program->parameter_bytes;
    for (unsigned l = 0; l < WARP_LANES; l++) {
        bool misaligned = at[l] & (bytes - 1);
        if (!(mask >> l & 1) || (!misaligned && at[l] + bytes <= size))
            continue;
        char message[300];
        if (misaligned)
            snprintf(message, sizeof message, "misaligned %s %s of %u bytes at offset 0x%" PRIx64, name,
                     access, bytes, at[l]);
        else
            snprintf(message, sizeof message,
                     "%s %s of %u bytes at offset %" PRIu64 ", outside the %" PRIu64 " bytes of the %s", name,
                     access, bytes, at[l], size, owner);
        fault_memory(warp, i, l, at[l],
                     misaligned  ? LAUNCH_MISALIGNED
                     : is_shared ? LAUNCH_FAILURE
                                 : LAUNCH_FAULT,
                     message);
        return;
    }
}

/* A text in device memory, cut to size. */
static void read_text(uint64_t address, char *text, size_t size) {
    size_t k = 0;
    for (; k + 1 < size; k++) {
        const char *byte = memory_view(address + k, 1);
        if (byte == NULL || *byte == '\0')
            break;
        text[k] = *byte;
    }
    text[k] = '\0';
}

void fault_assertion(struct warp *warp, const struct bound *i, unsigned lane, uint64_t message, uint64_t file,
                     uint32_t line, uint64_t function) {
    char condition[200], where[200], in[160], text[640];
    read_text(message, condition, sizeof condition);
    read_text(file, where, sizeof where);
    read_text(function, in, sizeof in);
    snprintf(text, sizeof text, "assertion `%s' failed at %s:%" PRIu32 " in %s", condition, where, line, in);
    fault_memory(warp, i, lane, 0, LAUNCH_ASSERTION, text);
}

static void append(char *text, size_t size, const char *piece) {
    strncat(text, piece, size - strlen(text) - 1);
}

/* "warps 0-2 (96 threads) wait at bar.sync, PTX line 33" for warps in [first, last] that wait at one place. */
static void describe_waiting(const struct block *block, const struct fragment *fragment, unsigned first,
                             unsigned last, char *text, size_t size) {
    const struct program *program = block->grid->binding->program;
    const struct ptx_instruction *instruction = &program->instructions[fragment->at->origin];
    char who[64], which[96] = "";
    if (first == last)
        snprintf(who, sizeof who, "warp %u lanes 0x%08" PRIx32, first, fragment->mask);
    else
        snprintf(who, sizeof who, "warps %u to %u", first, last);
    const struct cluster *cluster = block->cluster;
    if (fragment->state == FRAGMENT_AT_MBARRIER) {
        snprintf(which, sizeof which, " for a phase of an mbarrier that does not complete");
    } else if (fragment->state == FRAGMENT_AT_BARRIER && fragment->barrier == CLUSTER_BARRIER) {
        snprintf(which, sizeof which, " for the cluster barrier (%u of %u threads arrived)", cluster->arrived,
                 cluster->live_threads);
    } else if (fragment->state == FRAGMENT_AT_BARRIER) {
        const struct barrier *barrier = &block->barriers[fragment->barrier];
        snprintf(which, sizeof which, " for barrier %u (%u of %u threads arrived)", fragment->barrier,
                 barrier->arrived, barrier->expected ? barrier->expected : block->live_threads);
    } else {
        snprintf(which, sizeof which, " for lanes that do not come");
    }
    snprintf(text, size, "; %s wait%s at %.40s, PTX line %" PRIu32 ",%s", who, first == last ? "s" : "",
             instruction->opcode, instruction->line, which);
}

/* Adds who waits where in the block. The first warp that waits is the witness, if there was none. */
static void describe_block(const struct block *block, char *message, size_t size, struct warp **witness) {
    for (unsigned k = 0; k < block->warp_count; k++) {
        const struct warp *warp = &block->warps[k];
        if (warp->fragment_count > 0 && *witness == NULL)
            *witness = &block->warps[k];
        for (unsigned j = 0; j < warp->fragment_count; j++) {
            char piece[300];
            unsigned last = k;
            /* Whole warps that wait at one place are told together. */
            while (warp->fragment_count == 1 && last + 1 < block->warp_count &&
                   block->warps[last + 1].fragment_count == 1 &&
                   block->warps[last + 1].fragments[0].at == warp->fragments[0].at)
                last++;
            describe_waiting(block, &warp->fragments[j], k, last, piece, sizeof piece);
            append(message, size, piece);
            k = last;
        }
    }
}

void report_deadlock(struct cluster *cluster, struct block *stuck) {
    char message[2400];
    struct warp *witness = NULL;
    if (stuck == NULL && cluster->block_count == 1)
        stuck = cluster->blocks;
    const uint32_t *id = stuck ? stuck->id : cluster->id;
    snprintf(message, sizeof message,
             "deadlock: no thread of %s %" PRIu32 ",%" PRIu32 ",%" PRIu32 " can go on",
             stuck ? "block" : "cluster", id[0], id[1], id[2]);
    for (unsigned rank = 0; rank < cluster->block_count; rank++) {
        const struct block *block = &cluster->blocks[rank];
        if (block->live_threads == 0 || (stuck && block != stuck))
            continue;
        if (stuck == NULL) {
            char which[64];
            snprintf(which, sizeof which, "; in block %" PRIu32 ",%" PRIu32 ",%" PRIu32, block->id[0],
                     block->id[1], block->id[2]);
            append(message, sizeof message, which);
        }
        describe_block(block, message, sizeof message, &witness);
    }
    const struct fragment *first = &witness->fragments[0];
    finding_at(witness, first->at, (unsigned)__builtin_ctz(first->mask), CHECK_SYNC, 0, message);
    cluster->grid->outcome = LAUNCH_DEADLOCK;
}
