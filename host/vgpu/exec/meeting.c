/*
 * shfl, vote, match, redux and elect whose lanes stand at different instructions: the PTX ISA has them meet when qualifiers and
 * member mask are the same, so one handler does the work of all. It runs once, on registers put together here: each lane's
 * operands are those of its own instruction, and its results go where that instruction wants them.
 */
#include "instruction_table.h"
#include "opcode.h"

#include <string.h>

enum { LARGEST_LANES = WARP_LANES * 8 };

struct meeting {
    uint8_t registers[MAX_BOUND_OPERANDS][LARGEST_LANES] __attribute__((aligned(64)));
    struct bound joint;
    struct fragment parts[WARP_LANES];
    unsigned part_count;
};

/* The waiting fragments' lanes, each at its own instruction; they leave the warp's list. */
static void take_parts(struct warp *warp, handler *run, uint32_t lanes, struct meeting *meeting) {
    for (unsigned k = 0; k < warp->fragment_count;) {
        struct fragment *fragment = &warp->fragments[k];
        uint32_t taken = fragment->mask & lanes;
        if (fragment->state != FRAGMENT_AT_SYNC || fragment->at->run != run || !taken) {
            k++;
            continue;
        }
        meeting->parts[meeting->part_count++] = (struct fragment){.at = fragment->at, .mask = taken};
        fragment->mask &= ~taken;
        if (fragment->mask)
            k++;
        else
            warp_remove_fragment(warp, k);
    }
}

static const char *signature_of(const struct warp *warp, const struct bound *i) {
    struct opcode opcode;
    opcode_read(warp->grid->binding->program->instructions[i->origin].opcode, &opcode);
    return instruction_find(opcode.name)->signature;
}

/* Lanes of mask, from one lane array to another; a predicate is one word. */
static void copy_lanes(uint8_t *to, const uint8_t *from, char letter, uint32_t mask) {
    size_t bytes = letter == 'd' ? 8 : 4;
    for (uint32_t left = mask; left; left &= left - 1) {
        size_t at = (size_t)__builtin_ctz(left) * bytes;
        memcpy(to + at, from + at, bytes);
    }
}
static void copy_bits(uint8_t *to, uint32_t from, uint32_t mask) {
    uint32_t *word = (uint32_t *)(void *)to;
    *word = (*word & ~mask) | (from & mask);
}

/* The operands of one part: sources into the meeting's registers, or results out of them. */
static void pass_operands(struct warp *warp, struct meeting *meeting, const struct fragment *part,
                          const char *signature, bool results) {
    unsigned k = 0;
    for (const char *letter = signature; *letter; letter++) {
        if (*letter == '|')
            continue;
        uint8_t *own = warp_operand(warp, part->at->o[k]), *joint = meeting->registers[k];
        bool is_result = *letter == 'W' || *letter == 'P', is_predicate = *letter == 'p' || *letter == 'P';
        uint32_t flip = 0u - (part->at->negated >> k & 1u);
        k++;
        if (is_result != results)
            continue;
        if (is_predicate)
            copy_bits(results ? own : joint, *(uint32_t *)(void *)(results ? joint : own) ^ flip, part->mask);
        else
            copy_lanes(results ? own : joint, results ? joint : own, *letter, part->mask);
    }
}

void warp_meet(struct warp *warp, const struct bound *i, uint32_t lanes) {
    struct meeting meeting = {.joint = {.run = i->run, .origin = i->origin}};
    take_parts(warp, i->run, lanes, &meeting);
    const char *signature = signature_of(warp, i);
    for (unsigned k = 0; k < meeting.part_count; k++)
        pass_operands(warp, &meeting, &meeting.parts[k], signature, false);
    for (unsigned k = 0; k < MAX_BOUND_OPERANDS; k++)
        meeting.joint.o[k] = k * LARGEST_LANES;
    uint8_t *own = warp->bank[0];
    warp->bank[0] = meeting.registers[0];
    i->run(warp, &meeting.joint, lanes);
    warp->bank[0] = own;
    for (unsigned k = 0; k < meeting.part_count; k++) {
        const struct fragment *part = &meeting.parts[k];
        pass_operands(warp, &meeting, part, signature, true);
        warp_add_fragment(warp, part->at + 1, part->mask, FRAGMENT_READY, 0);
    }
}
