/*
 * Gives registers their slots. Two registers of one width interfere when one is written while the other is live; the
 * exception is a move from one to the other, after which both hold the same value. Registers take, in the order of their
 * first appearance, the slot of a move's other side if that is free, else the lowest free one. A move inside one slot is
 * then no work and goes. lower.c says why widths never mix.
 */
#include "lowering.h"

#include <stdlib.h>
#include <string.h>

enum { WIDTHS = 5 };
static const uint32_t slot_bytes[WIDTHS] = {512, 256, 128, 64, 4};
static const uint32_t slot_registers[WIDTHS] = {4, 2, 1, 1, 0}; /* 32-bit registers a thread */

static unsigned width_of(enum ptx_type type) {
    switch (ptx_type_bytes(type)) {
    case 16:
        return 0;
    case 8:
        return 1;
    case 4:
        return 2;
    case 0:
        return 4;
    default:
        return 3;
    }
}

/* The registers that appear, numbered so that those of one width are neighbours: a live set is one bit string. */
struct numbering {
    uint32_t *number;           /* by register; UINT32_MAX if it does not appear */
    uint32_t *reg;              /* by number */
    uint32_t first[WIDTHS + 1]; /* begins of the widths, multiples of 64 */
    uint32_t count;
};

typedef uint64_t word;

static void insert(word *set, uint32_t n) { set[n / 64] |= (word)1 << n % 64; }
static void erase(word *set, uint32_t n) { set[n / 64] &= ~((word)1 << n % 64); }

static struct numbering number_registers(struct lowering *lowering) {
    struct numbering numbering = {0};
    uint32_t *number = lower_scratch(lowering, (lowering->register_count + 1) * sizeof *number);
    uint32_t *appeared = lower_scratch(lowering, (lowering->register_count + 1) * sizeof *appeared);
    uint32_t appeared_count = 0, of_width[WIDTHS] = {0};
    bool *seen = lower_scratch(lowering, lowering->register_count + 1);
    struct accesses accesses = {0};
    for (uint32_t i = 0; i < lowering->instruction_count; i++) {
        accesses_of(lowering, &lowering->instructions[i], &accesses);
        for (uint32_t j = 0; j < accesses.used_count + accesses.defined_count; j++) {
            uint32_t reg =
                j < accesses.used_count ? accesses.used[j] : accesses.defined[j - accesses.used_count];
            if (seen[reg])
                continue;
            seen[reg] = true;
            appeared[appeared_count++] = reg;
            of_width[width_of(lowering->registers[reg].type)]++;
        }
    }
    for (unsigned w = 0; w < WIDTHS; w++)
        numbering.first[w + 1] = numbering.first[w] + ((of_width[w] + 63) & ~63u);
    numbering.count = numbering.first[WIDTHS];
    numbering.number = number;
    numbering.reg = lower_scratch(lowering, (numbering.count + 1) * sizeof *numbering.reg);
    memset(number, 0xff, (lowering->register_count + 1) * sizeof *number);
    memset(numbering.reg, 0xff, (numbering.count + 1) * sizeof *numbering.reg);
    uint32_t next[WIDTHS];
    memcpy(next, numbering.first, sizeof next);
    for (uint32_t i = 0; i < appeared_count; i++) {
        uint32_t n = next[width_of(lowering->registers[appeared[i]].type)]++;
        number[appeared[i]] = n;
        numbering.reg[n] = appeared[i];
    }
    return numbering;
}

/* Registers live at the end of each block, `words` words a block. */
static word *live_out(struct lowering *lowering, const struct flow *flow, const struct numbering *numbering,
                      size_t words) {
    size_t bytes = (flow->block_count + 1) * words * sizeof(word);
    word *in = lower_scratch(lowering, bytes), *out = lower_scratch(lowering, bytes);
    word *killed = lower_scratch(lowering, bytes);
    struct accesses accesses = {0};
    for (uint32_t b = 0; b < flow->block_count; b++)
        for (uint32_t i = flow->blocks[b].end; i-- > flow->blocks[b].begin;) {
            const struct ptx_instruction *instruction = &lowering->instructions[i];
            accesses_of(lowering, instruction, &accesses);
            for (uint32_t j = 0; j < accesses.defined_count && instruction->guard == PTX_NO_GUARD; j++) {
                insert(killed + b * words, numbering->number[accesses.defined[j]]);
                erase(in + b * words, numbering->number[accesses.defined[j]]);
            }
            for (uint32_t j = 0; j < accesses.used_count; j++)
                insert(in + b * words, numbering->number[accesses.used[j]]);
        }
    for (bool changed = true; changed;) {
        changed = false;
        for (uint32_t b = flow->block_count; b-- > 0;) {
            const struct block *block = &flow->blocks[b];
            for (uint32_t s = 0; s < block->successor_count; s++)
                for (size_t w = 0; w < words; w++) {
                    word fresh = in[block->successors[s] * words + w] & ~out[b * words + w];
                    if (!fresh)
                        continue;
                    out[b * words + w] |= fresh;
                    word through = fresh & ~killed[b * words + w] & ~in[b * words + w];
                    in[b * words + w] |= through;
                    changed |= through != 0;
                }
        }
    }
    return out;
}

struct edge {
    uint32_t a, b;
};

struct edges {
    struct edge *list;
    uint32_t count, capacity;
};

static void add_edge(struct lowering *lowering, struct edges *edges, uint32_t a, uint32_t b) {
    edges->list = lower_grow(lowering, edges->list, edges->count, &edges->capacity, sizeof *edges->list);
    edges->list[edges->count++] = (struct edge){a, b};
}

/* mov between registers of one width: the source, else UINT32_MAX. */
static uint32_t copied_register(const struct lowering *lowering, const struct ptx_instruction *instruction) {
    if (!opcode_is(instruction->opcode, "mov") || instruction->operand_count != 2)
        return UINT32_MAX;
    const struct ptx_operand *operands = instruction->operands;
    if (operands[0].kind != PTX_OPERAND_REGISTER || operands[1].kind != PTX_OPERAND_REGISTER ||
        operands[1].negated)
        return UINT32_MAX;
    enum ptx_type to = lowering->registers[operands[0].reg].type,
                  from = lowering->registers[operands[1].reg].type;
    return ptx_type_bytes(to) == ptx_type_bytes(from) ? operands[1].reg : UINT32_MAX;
}

struct graph {
    struct edges interferences, copies;
};

static uint32_t count_live(const word *live, const struct numbering *numbering) {
    uint32_t registers = 0;
    for (unsigned width = 0; width < WIDTHS; width++)
        for (uint32_t w = numbering->first[width] / 64;
             w < numbering->first[width + 1] / 64 && slot_registers[width]; w++)
            registers += slot_registers[width] * (uint32_t)__builtin_popcountll(live[w]);
    return registers;
}

/* Every register of a definition's width that is live behind it interferes, but for a move's source. */
static void add_interferences(struct lowering *lowering, const struct numbering *numbering, const word *live,
                              uint32_t defined, uint32_t copied, struct edges *edges) {
    unsigned width = width_of(lowering->registers[defined].type);
    uint32_t n = numbering->number[defined];
    for (uint32_t w = numbering->first[width] / 64; w < numbering->first[width + 1] / 64; w++)
        for (word left = live[w]; left; left &= left - 1) {
            uint32_t other = w * 64 + (uint32_t)__builtin_ctzll(left);
            if (other != n && numbering->reg[other] != copied)
                add_edge(lowering, edges, n, other);
        }
}

static struct graph build_graph(struct lowering *lowering, const struct flow *flow,
                                const struct numbering *numbering) {
    size_t words = numbering->count / 64 + 1;
    const word *out = live_out(lowering, flow, numbering, words);
    word *live = lower_scratch(lowering, words * sizeof *live);
    struct graph graph = {0};
    struct accesses accesses = {0};
    for (uint32_t b = 0; b < flow->block_count; b++) {
        memcpy(live, out + b * words, words * sizeof *live);
        for (uint32_t i = flow->blocks[b].end; i-- > flow->blocks[b].begin;) {
            const struct ptx_instruction *instruction = &lowering->instructions[i];
            accesses_of(lowering, instruction, &accesses);
            uint32_t copied = copied_register(lowering, instruction);
            if (copied != UINT32_MAX)
                add_edge(lowering, &graph.copies, numbering->number[accesses.defined[0]],
                         numbering->number[copied]);
            /* Destinations of one instruction interfere with each other even where nobody reads them. */
            for (uint32_t j = 0; j < accesses.defined_count; j++)
                insert(live, numbering->number[accesses.defined[j]]);
            for (uint32_t j = 0; j < accesses.defined_count; j++)
                add_interferences(lowering, numbering, live, accesses.defined[j], copied,
                                  &graph.interferences);
            uint32_t registers = count_live(live, numbering);
            if (registers > lowering->registers_per_thread)
                lowering->registers_per_thread = registers;
            for (uint32_t j = 0; j < accesses.defined_count && instruction->guard == PTX_NO_GUARD; j++)
                erase(live, numbering->number[accesses.defined[j]]);
            for (uint32_t j = 0; j < accesses.used_count; j++)
                insert(live, numbering->number[accesses.used[j]]);
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

/* Slot numbers within each width; how many each width needs. */
static uint32_t *color(struct lowering *lowering, const struct graph *graph,
                       const struct numbering *numbering, uint32_t needed[WIDTHS]) {
    struct neighbours interfering = neighbours_of(lowering, &graph->interferences, numbering->count);
    struct neighbours copies = neighbours_of(lowering, &graph->copies, numbering->count);
    uint32_t *colors = lower_scratch(lowering, (numbering->count + 1) * sizeof *colors);
    uint32_t *taken_by =
        lower_scratch(lowering, (numbering->count + 1) * sizeof *taken_by); /* color -> number + 1 */
    memset(colors, 0xff, (numbering->count + 1) * sizeof *colors);
    for (unsigned width = 0; width < WIDTHS; width++) {
        memset(taken_by, 0, (numbering->count + 1) * sizeof *taken_by);
        for (uint32_t n = numbering->first[width]; n < numbering->first[width + 1]; n++) {
            if (numbering->reg[n] == UINT32_MAX)
                break;
            for (uint32_t i = interfering.begin[n]; i < interfering.begin[n + 1]; i++)
                if (colors[interfering.list[i]] != UINT32_MAX)
                    taken_by[colors[interfering.list[i]]] = n + 1;
            uint32_t chosen = UINT32_MAX;
            for (uint32_t i = copies.begin[n]; i < copies.begin[n + 1] && chosen == UINT32_MAX; i++) {
                uint32_t wished = colors[copies.list[i]];
                if (wished != UINT32_MAX && taken_by[wished] != n + 1)
                    chosen = wished;
            }
            for (uint32_t free = 0; chosen == UINT32_MAX; free++)
                if (taken_by[free] != n + 1)
                    chosen = free;
            colors[n] = chosen;
            if (chosen >= needed[width])
                needed[width] = chosen + 1;
        }
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
    struct numbering numbering = number_registers(lowering);
    struct flow flow = flow_of(lowering);
    struct graph graph = build_graph(lowering, &flow, &numbering);
    uint32_t needed[WIDTHS] = {0}, base[WIDTHS], bytes = 0;
    const uint32_t *colors = color(lowering, &graph, &numbering, needed);
    for (unsigned width = 0; width < WIDTHS; width++) {
        base[width] = bytes;
        bytes += (needed[width] * slot_bytes[width] + 63) & ~63u;
    }
    for (uint32_t n = 0; n < numbering.count; n++)
        if (numbering.reg[n] != UINT32_MAX) {
            struct ptx_register *reg = &lowering->registers[numbering.reg[n]];
            unsigned width = width_of(reg->type);
            reg->slot = base[width] + colors[n] * slot_bytes[width];
        }
    lowering->register_file_bytes = bytes;
    remove_moves_within_slots(lowering);
}
