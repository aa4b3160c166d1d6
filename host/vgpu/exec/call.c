#include "call.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What begins a record; the kept registers follow. */
struct record {
    uint32_t site; /* the call, in binding->code */
    uint32_t frame;
    uint32_t end; /* of the frame: its top, before any alloca */
};

static uint64_t *frames(const struct warp *warp) { return warp_operand(warp, warp->grid->binding->frame); }
static uint64_t *tops(const struct warp *warp) { return warp_operand(warp, warp->grid->binding->top); }
uint64_t call_top(const struct warp *warp, unsigned lane) { return tops(warp)[lane]; }

static uint8_t *record_at(const struct warp *warp, unsigned lane, uint64_t at) {
    return warp->kept + (size_t)lane * warp->grid->local_bytes + at;
}

static uint64_t rounded(uint64_t bytes, uint64_t alignment) { return (bytes + alignment - 1) & -alignment; }

/* The entry has a record too. */
static uint64_t entry_bytes(const struct program *program) {
    return rounded(program->local_bytes + sizeof(struct record), program->frame_alignment);
}

static uint32_t kept_bytes(const struct kept_register *kept) {
    return kept->lane_bytes ? kept->lane_bytes : 1;
}

/* A register may be as wide as two that are kept. */
static unsigned keep(const struct binding *binding, uint32_t reg, struct kept_register *kept) {
    const struct ptx_register *what = &binding->program->registers[reg];
    unsigned bytes = ptx_type_bytes(what->type);
    if (what->slot == PTX_NO_SLOT)
        return 0;
    if (bytes < 16) {
        *kept = (struct kept_register){what->slot, bytes == 1 ? 2 : bytes};
        return 1;
    }
    kept[0] = (struct kept_register){what->slot, 8};
    kept[1] = (struct kept_register){what->slot + 8 * WARP_LANES, 8};
    return 2;
}

static bool is_target(const struct ptx_instruction *call, const struct ptx_function *function) {
    const struct ptx_operand *callee = &call->operands[0], *named = &call->operands[3];
    if (callee->kind == PTX_OPERAND_FUNCTION)
        return function == callee->callee;
    if (named->kind == PTX_OPERAND_FUNCTION)
        return ptx_same_shape(function, named->callee);
    for (uint32_t k = 0; k < named->element_count; k++)
        if (function == named->elements[k].callee)
            return true;
    return false;
}

struct call_site *call_site_create(const struct binding *binding, const struct ptx_instruction *call) {
    const struct program *program = binding->program;
    uint32_t count = call->operands[2].element_count;
    uint32_t target_count = 0;
    for (uint32_t r = 1; r < program->routine_count; r++)
        target_count += is_target(call, program->routines[r].function);
    size_t targets = target_count * sizeof(struct call_target);
    struct call_site *site = calloc(1, sizeof *site + targets + 2 * count * sizeof *site->kept);
    if (!site)
        return NULL;
    struct kept_register *kept = (struct kept_register *)(void *)(site->targets + target_count);
    site->kept = kept;
    site->argument_bytes = ptx_call_shape(call)->call_bytes;
    site->record_bytes = sizeof(struct record);
    for (uint32_t k = 0; k < count; k++)
        site->kept_count += keep(binding, call->operands[2].elements[k].reg, kept + site->kept_count);
    for (uint32_t k = 0; k < site->kept_count; k++)
        site->record_bytes += kept_bytes(&kept[k]);
    for (uint32_t r = 1; r < program->routine_count; r++) {
        const struct routine *routine = &program->routines[r];
        if (is_target(call, routine->function))
            site->targets[site->target_count++] =
                (struct call_target){routine->function, binding->code + routine->begin, routine->frame_bytes};
    }
    return site;
}

/* Behind the stack: arguments are written before the call finds that there is no place for its frame. */
static uint64_t argument_room(const struct binding *binding) {
    return rounded(binding->largest_arguments, binding->program->frame_alignment);
}

uint32_t call_local_bytes(const struct binding *binding, uint64_t stack_bytes) {
    const struct program *program = binding->program;
    if (!program->uses_stack)
        return program->local_bytes;
    uint64_t bytes = entry_bytes(program) + rounded(stack_bytes, program->frame_alignment);
    for (uint32_t r = 1; r < program->routine_count; r++)
        bytes +=
            rounded(program->routines[r].frame_bytes + binding->largest_record, program->frame_alignment);
    bytes += argument_room(binding);
    if (bytes > INT32_MAX)
        vgpu_fail("the kernel %s needs %" PRIu64 " bytes of stack a thread", program->name, bytes);
    return (uint32_t)bytes;
}

void call_start(struct warp *warp) {
    uint32_t end = (uint32_t)entry_bytes(warp->grid->binding->program);
    struct record bottom = {.end = end};
    memset(warp->depth, 0, sizeof warp->depth);
    for (unsigned l = 0; l < WARP_LANES; l++) {
        frames(warp)[l] = 0;
        tops(warp)[l] = end;
        memcpy(record_at(warp, l, 0), &bottom, sizeof bottom);
    }
}

/* The bytes of one lane, between its register and its record. */
static uint8_t *pass(const struct warp *warp, const struct kept_register *kept, unsigned lane, uint8_t *at,
                     bool restores) {
    uint8_t *place = warp_operand(warp, kept->place);
    if (kept->lane_bytes) {
        place += (size_t)lane * kept->lane_bytes;
        memcpy(restores ? place : at, restores ? at : place, kept->lane_bytes);
    } else {
        uint32_t word;
        memcpy(&word, place, sizeof word);
        if (restores)
            word = (word & ~(1u << lane)) | (uint32_t)*at << lane;
        else
            *at = word >> lane & 1;
        memcpy(place, &word, sizeof word);
    }
    return at + kept_bytes(kept);
}

/* The stack would end beyond the thread's local memory. */
static bool overflows(struct warp *warp, const struct bound *i, unsigned lane, uint64_t end,
                      const char *what) {
    const struct binding *binding = warp->grid->binding;
    uint64_t first = entry_bytes(binding->program), has = warp->grid->local_bytes - argument_room(binding);
    if (end <= has)
        return false;
    char message[300];
    snprintf(message, sizeof message,
             "stack overflow: %s, %" PRIu32 " calls deep, needs %" PRIu64
             " bytes of stack, the thread has %" PRIu64 " (cudaLimitStackSize)",
             what, warp->depth[lane], end - first, has - first);
    fault_memory(warp, i, lane, 0, LAUNCH_STACK_OVERFLOW, message);
    return true;
}

static bool push(struct warp *warp, const struct bound *i, unsigned lane, const struct call_target *target) {
    const struct call_site *site = i->side;
    const struct binding *binding = warp->grid->binding;
    uint64_t *frame = &frames(warp)[lane], *top = &tops(warp)[lane];
    uint64_t end =
        rounded(*top + target->frame_bytes + site->record_bytes, binding->program->frame_alignment);
    if (overflows(warp, i, lane, end, "a call"))
        return false;
    struct record record = {(uint32_t)(i - binding->code), (uint32_t)*frame, (uint32_t)end};
    uint8_t *at = record_at(warp, lane, *top);
    memcpy(at, &record, sizeof record);
    at += sizeof record;
    for (uint32_t k = 0; k < site->kept_count; k++)
        at = pass(warp, &site->kept[k], lane, at, false);
    *frame = *top;
    *top = end;
    warp->depth[lane]++;
    return true;
}

static const struct call_target *find_target(struct warp *warp, const struct bound *i, unsigned lane,
                                             uint64_t address) {
    const struct call_site *site = i->side;
    for (uint32_t k = 0; k < site->target_count; k++)
        if ((uint64_t)site->targets[k].function == address)
            return &site->targets[k];
    const struct ptx_module *module = warp->grid->binding->program->module;
    char message[300];
    snprintf(message, sizeof message,
             address ? "a call to 0x%" PRIx64 ", which is no function" : "a call through a null pointer",
             address);
    for (uint32_t f = 0; f < module->function_count; f++)
        if ((uint64_t)module->functions[f] == address)
            snprintf(message, sizeof message,
                     "a call to the function %.200s, which has other parameters or results than the call",
                     module->functions[f]->name);
    fault_memory(warp, i, lane, address, LAUNCH_INVALID_PC, message);
    return NULL;
}

void call_enter(struct warp *warp, const struct bound *i, uint32_t mask, const uint64_t *addresses) {
    const struct call_site *site = i->side;
    if (warp->active & ~mask)
        warp_add_fragment(warp, i + 1, warp->active & ~mask, FRAGMENT_READY, 0);
    for (uint32_t left = mask; left; left &= left - 1) {
        unsigned lane = (unsigned)__builtin_ctz(left);
        const struct call_target *target =
            addresses ? find_target(warp, i, lane, addresses[lane]) : site->targets;
        if (!target || !push(warp, i, lane, target))
            return;
        warp_add_fragment(warp, target->begin, 1u << lane, FRAGMENT_READY, 0);
    }
}

void call_leave(struct warp *warp, const struct bound *i, uint32_t mask) {
    const struct bound *code = warp->grid->binding->code;
    if (warp->active & ~mask)
        warp_add_fragment(warp, i + 1, warp->active & ~mask, FRAGMENT_READY, 0);
    for (uint32_t left = mask; left; left &= left - 1) {
        unsigned lane = (unsigned)__builtin_ctz(left);
        uint64_t *frame = &frames(warp)[lane];
        struct record record;
        uint8_t *at = record_at(warp, lane, *frame);
        memcpy(&record, at, sizeof record);
        at += sizeof record;
        const struct bound *call = code + record.site;
        const struct call_site *site = call->side;
        for (uint32_t k = 0; k < site->kept_count; k++)
            at = pass(warp, &site->kept[k], lane, at, true);
        tops(warp)[lane] = *frame;
        *frame = record.frame;
        warp->depth[lane]--;
        warp_add_fragment(warp, call + 1, 1u << lane, FRAGMENT_READY, 0);
    }
}

bool call_allocate(struct warp *warp, const struct bound *i, unsigned lane, uint64_t bytes,
                   uint64_t alignment, uint64_t *address) {
    uint64_t *top = &tops(warp)[lane], frame_alignment = warp->grid->binding->program->frame_alignment;
    if (alignment == 0)
        alignment = 8; /* PTX ISA, alloca: when it is not given */
    uint64_t begin = rounded(*top, alignment);
    uint64_t end = rounded(begin + (bytes < UINT32_MAX ? bytes : UINT32_MAX), frame_alignment);
    if (overflows(warp, i, lane, end, "alloca"))
        return false;
    *address = begin;
    *top = end;
    return true;
}

bool call_restore(struct warp *warp, const struct bound *i, unsigned lane, uint64_t top) {
    struct record record;
    memcpy(&record, record_at(warp, lane, frames(warp)[lane]), sizeof record);
    if (top < record.end || top > tops(warp)[lane] || top % warp->grid->binding->program->frame_alignment) {
        char message[200];
        snprintf(message, sizeof message,
                 "stackrestore to 0x%" PRIx64 ", which is no place that stacksave gave", top);
        fault_memory(warp, i, lane, top, LAUNCH_STACK_OVERFLOW, message);
        return false;
    }
    tops(warp)[lane] = top;
    return true;
}
