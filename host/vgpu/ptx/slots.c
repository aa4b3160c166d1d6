/*
 * Gives registers their slots. Two registers of one width interfere when one is written while the other is live; the
 * exception is a move from one to the other, after which both hold the same value. Registers that moves join are put into
 * one slot wherever none of them interferes; such moves are then no work and go. The others take the lowest slot that is
 * free, in the order of their first appearance. lower.c says why widths never mix.
 */
#include "lowering.h"

#include <string.h>

static const uint32_t slot_bytes[WIDTHS] = {512, 256, 128, 64, 4};
static const uint32_t slot_registers[WIDTHS] = {4, 2, 1, 1, 0}; /* 32-bit registers a thread */

struct edge {
    uint32_t a, b;
};

struct edges {
    struct edge *list;
    uint32_t count, capacity;
};

/* 200000 definitions with 200 registers alive at each are a third of them. */
enum { MOST_EDGES = 1 << 27 };

static void add_edge(struct lowering *lowering, struct edges *edges, uint32_t a, uint32_t b) {
    if (edges->count == MOST_EDGES)
        lower_fail(lowering, 0, "the kernel has too many registers alive at once");
    edges->list = lower_grow(lowering, edges->list, edges->count, &edges->capacity, sizeof *edges->list);
    edges->list[edges->count++] = (struct edge){a, b};
}

struct graph {
    struct edges interferences, copies;
};

static uint32_t count_live(const uint64_t *live, const struct liveness *liveness) {
    uint32_t registers = 0;
    for (unsigned width = 0; width < WIDTHS; width++)
        for (uint32_t w = liveness->first[width] / 64;
             w < liveness->first[width + 1] / 64 && slot_registers[width]; w++)
            registers += slot_registers[width] * (uint32_t)__builtin_popcountll(live[w]);
    return registers;
}

/* Every register of a definition's width that is live behind it interferes, but for a move's source. */
static void add_interferences(struct lowering *lowering, const struct liveness *liveness,
                              const uint64_t *live, uint32_t defined, uint32_t copied, struct edges *edges) {
    unsigned width = width_of(lowering->registers[defined].type);
    uint32_t n = liveness->number[defined];
    for (uint32_t w = liveness->first[width] / 64; w < liveness->first[width + 1] / 64; w++)
        for (uint64_t left = live[w]; left; left &= left - 1) {
            uint32_t other = w * 64 + (uint32_t)__builtin_ctzll(left);
            if (other != n && liveness->reg[other] != copied)
                add_edge(lowering, edges, n, other);
        }
}

/* A kept call's list of what it must keep, in place of its arguments. */
static void keep_live(struct lowering *lowering, const struct liveness *liveness, const uint64_t *live,
                      struct ptx_instruction *call) {
    uint32_t count = 0;
    for (size_t w = 0; w < liveness->words; w++)
        count += (uint32_t)__builtin_popcountll(live[w]);
    struct ptx_operand *kept = arena_allocate(lowering->arena, (count + 1) * sizeof *kept);
    call->operands[2].elements = kept;
    call->operands[2].element_count = count;
    for (uint32_t n = 0; n < liveness->first[WIDTHS]; n++)
        if (live_in(live, n)) {
            *kept = (struct ptx_operand){.kind = PTX_OPERAND_REGISTER};
            kept++->reg = liveness->reg[n];
        }
}

static struct graph build_graph(struct lowering *lowering, const struct liveness *liveness) {
    size_t words = liveness->words;
    const struct flow *flow = &liveness->flow;
    uint64_t *live = lower_scratch(lowering, words * sizeof *live);
    struct graph graph = {0};
    struct accesses accesses = {0};
    for (uint32_t b = 0; b < flow->block_count; b++) {
        memcpy(live, liveness->out + b * words, words * sizeof *live);
        for (uint32_t i = flow->blocks[b].end; i-- > flow->blocks[b].begin;) {
            struct ptx_instruction *instruction = &lowering->instructions[i];
            accesses_of(lowering, instruction, &accesses);
            if (lower_is_kept_call(instruction))
                keep_live(lowering, liveness, live, instruction);
            uint32_t copied = copied_register(lowering, instruction);
            if (copied != UINT32_MAX)
                add_edge(lowering, &graph.copies, liveness->number[accesses.defined[0]],
                         liveness->number[copied]);
            /* Destinations of one instruction interfere with each other even where nobody reads them. */
            for (uint32_t j = 0; j < accesses.defined_count; j++)
                live_insert(live, liveness->number[accesses.defined[j]]);
            for (uint32_t j = 0; j < accesses.defined_count; j++)
                add_interferences(lowering, liveness, live, accesses.defined[j], copied,
                                  &graph.interferences);
            uint32_t registers = count_live(live, liveness);
            if (registers > lowering->registers_per_thread)
                lowering->registers_per_thread = registers;
            for (uint32_t j = 0; j < accesses.defined_count && instruction->guard == PTX_NO_GUARD; j++)
                live_erase(live, liveness->number[accesses.defined[j]]);
            for (uint32_t j = 0; j < accesses.used_count; j++)
                live_insert(live, liveness->number[accesses.used[j]]);
        }
    }
    return graph;
}

/* Neighbours of each number, from both ends of the edges. */
struct neighbours {
    uint32_t *begin, *list;
};

static struct neighbours neighbours_of(struct lowering *lowering, const struct edges *edges, uint32_t count) {
    struct neighbours neighbours = {
        .begin = lower_scratch(lowering, (count + 2) * sizeof(uint32_t)),
        .list = lower_scratch(lowering, ((size_t)edges->count * 2 + 1) * sizeof(uint32_t)),
    };
    uint32_t *at =
        neighbours.begin + 1; /* begin[n + 1] runs from where n's neighbours begin to where they end */
    for (uint32_t e = 0; e < edges->count; e++) {
        neighbours.begin[edges->list[e].a + 1]++;
        neighbours.begin[edges->list[e].b + 1]++;
    }
    uint32_t sum = 0;
    for (uint32_t n = 0; n < count; n++) {
        uint32_t degree = at[n];
        at[n] = sum;
        sum += degree;
    }
    for (uint32_t e = 0; e < edges->count; e++) {
        neighbours.list[at[edges->list[e].a]++] = edges->list[e].b;
        neighbours.list[at[edges->list[e].b]++] = edges->list[e].a;
    }
    return neighbours;
}

/* Registers that share a slot because moves join them: a ring of members and the name of the group. */
struct groups {
    uint32_t *of;   /* the group of a number, itself a number of it */
    uint32_t *next; /* the ring */
};

static bool groups_interfere(const struct groups *groups, const struct neighbours *interfering, uint32_t a,
                             uint32_t b) {
    uint32_t member = a;
    do {
        for (uint32_t i = interfering->begin[member]; i < interfering->begin[member + 1]; i++)
            if (groups->of[interfering->list[i]] == groups->of[b])
                return true;
        member = groups->next[member];
    } while (member != a);
    return false;
}

static void join_groups(struct groups *groups, uint32_t a, uint32_t b) {
    uint32_t member = b;
    do {
        groups->of[member] = groups->of[a];
        member = groups->next[member];
    } while (member != b);
    uint32_t after = groups->next[a];
    groups->next[a] = groups->next[b];
    groups->next[b] = after;
}

static struct groups join_copies(struct lowering *lowering, const struct edges *copies,
                                 const struct neighbours *interfering, uint32_t count) {
    struct groups groups = {
        .of = lower_scratch(lowering, (count + 1) * sizeof(uint32_t)),
        .next = lower_scratch(lowering, (count + 1) * sizeof(uint32_t)),
    };
    for (uint32_t n = 0; n < count; n++)
        groups.of[n] = groups.next[n] = n;
    for (uint32_t c = 0; c < copies->count; c++) {
        uint32_t a = copies->list[c].a, b = copies->list[c].b;
        if (groups.of[a] != groups.of[b] && !groups_interfere(&groups, interfering, a, b))
            join_groups(&groups, a, b);
    }
    return groups;
}

/* Slot numbers within each width; how many each width needs. */
static uint32_t *color(struct lowering *lowering, const struct graph *graph, const struct liveness *liveness,
                       uint32_t needed[WIDTHS]) {
    struct neighbours interfering = neighbours_of(lowering, &graph->interferences, liveness->first[WIDTHS]);
    struct groups groups = join_copies(lowering, &graph->copies, &interfering, liveness->first[WIDTHS]);
    uint32_t *colors = lower_scratch(lowering, (liveness->first[WIDTHS] + 1) * sizeof *colors);
    uint32_t *taken_by =
        lower_scratch(lowering, (liveness->first[WIDTHS] + 1) * sizeof *taken_by); /* color -> number + 1 */
    memset(colors, 0xff, (liveness->first[WIDTHS] + 1) * sizeof *colors);
    for (unsigned width = 0; width < WIDTHS; width++)
        for (uint32_t n = liveness->first[width]; n < liveness->first[width + 1]; n++) {
            if (liveness->reg[n] == UINT32_MAX || colors[n] != UINT32_MAX)
                continue;
            uint32_t member = n;
            do {
                for (uint32_t i = interfering.begin[member]; i < interfering.begin[member + 1]; i++)
                    if (colors[interfering.list[i]] != UINT32_MAX)
                        taken_by[colors[interfering.list[i]]] = n + 1;
                member = groups.next[member];
            } while (member != n);
            uint32_t free = 0;
            while (taken_by[free] == n + 1)
                free++;
            do {
                colors[member] = free;
                member = groups.next[member];
            } while (member != n);
            if (free >= needed[width])
                needed[width] = free + 1;
        }
    return colors;
}

static void remove_moves_within_slots(struct lowering *lowering) {
    bool *deleted = lower_scratch(lowering, lowering->instruction_count);
    for (uint32_t i = 0; i < lowering->instruction_count; i++) {
        uint32_t copied = copied_register(lowering, &lowering->instructions[i]);
        deleted[i] =
            copied != UINT32_MAX && lowering->registers[copied].slot ==
                                        lowering->registers[lowering->instructions[i].operands[0].reg].slot;
    }
    lower_delete(lowering, deleted);
}

void lower_assign_slots(struct lowering *lowering) {
    struct liveness liveness = liveness_of(lowering);
    struct graph graph = build_graph(lowering, &liveness);
    uint32_t needed[WIDTHS] = {0}, base[WIDTHS], bytes = 0;
    const uint32_t *colors = color(lowering, &graph, &liveness, needed);
    for (unsigned width = 0; width < WIDTHS; width++) {
        base[width] = bytes;
        bytes += (needed[width] * slot_bytes[width] + 63) & ~63u;
    }
    for (uint32_t n = 0; n < liveness.first[WIDTHS]; n++)
        if (liveness.reg[n] != UINT32_MAX) {
            struct ptx_register *reg = &lowering->registers[liveness.reg[n]];
            unsigned width = width_of(reg->type);
            reg->slot = base[width] + colors[n] * slot_bytes[width];
        }
    lowering->register_file_bytes = bytes;
    remove_moves_within_slots(lowering);
}
