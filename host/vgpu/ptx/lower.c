/*
 * Lowering: from an entry of a module to a program (program.h).
 *
 * Why slots are shared only among registers of one lane width. The lanes of a warp may stand at different places of the
 * code. Liveness is computed for one thread: it says of a thread at an instruction which registers it may still read. A
 * write touches only the writing lanes' elements of a slot, so what one lane does at its place cannot disturb a value
 * that another lane still needs, as long as lane l's element lies at the same bytes in every register of the slot. That
 * holds among registers of one width: element l of one is element l of the other. It would not hold across widths: lane 3
 * of a 64-bit register covers lanes 6 and 7 of a 32-bit one. Hence one region of the register file for each width
 * (predicates, of one bit a lane, are such a width), and slots shared inside a region only. A guarded definition writes some
 * lanes and leaves the others: it does not end the life of the old value.
 */
#include "lowering.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void lower_fail(struct lowering *lowering, uint32_t line, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    ptx_refuse(lowering->error, line, format, arguments);
    va_end(arguments);
    longjmp(lowering->failed, 1);
}

void *lower_grow(struct lowering *lowering, void *array, uint32_t count, uint32_t *capacity,
                 size_t element_bytes) {
    if (count < *capacity)
        return array;
    uint32_t wanted = *capacity ? *capacity * 2 : 64;
    void *grown = arena_allocate(lowering->scratch, wanted * element_bytes);
    if (count)
        memcpy(grown, array, count * element_bytes);
    *capacity = wanted;
    return grown;
}

void *lower_scratch(struct lowering *lowering, size_t bytes) {
    return arena_allocate(lowering->scratch, bytes);
}

const char *lower_intern(struct lowering *lowering, const char *name) {
    return names_intern(lowering->module->names, name, strlen(name));
}

uint32_t lower_add_register(struct lowering *lowering, const struct ptx_register *reg) {
    lowering->registers = lower_grow(lowering, lowering->registers, lowering->register_count,
                                     &lowering->register_capacity, sizeof *lowering->registers);
    lowering->registers[lowering->register_count] = *reg;
    lowering->registers[lowering->register_count].slot = PTX_NO_SLOT;
    return lowering->register_count++;
}

void lower_emit(struct lowering *lowering, const struct ptx_instruction *instruction) {
    lowering->instructions = lower_grow(lowering, lowering->instructions, lowering->instruction_count,
                                        &lowering->instruction_capacity, sizeof *lowering->instructions);
    lowering->instructions[lowering->instruction_count++] = *instruction;
}

void lower_relabel(struct ptx_operand *operands, uint32_t count, const uint32_t *moved) {
    for (uint32_t i = 0; i < count; i++) {
        if (operands[i].kind == PTX_OPERAND_LABEL)
            operands[i].label = moved[operands[i].label];
        else if (operands[i].kind == PTX_OPERAND_VECTOR)
            lower_relabel(operands[i].elements, operands[i].element_count, moved);
    }
}

void lower_relabel_all(struct lowering *lowering, const uint32_t *moved) {
    for (uint32_t i = 0; i < lowering->instruction_count; i++)
        lower_relabel(lowering->instructions[i].operands, lowering->instructions[i].operand_count, moved);
    for (uint32_t r = 0; r < lowering->routine_count; r++)
        lowering->routines[r].begin = moved[lowering->routines[r].begin];
}

void lower_delete(struct lowering *lowering, const bool *deleted) {
    uint32_t count = 0;
    uint32_t *moved = lower_scratch(lowering, (lowering->instruction_count + 1) * sizeof *moved);
    for (uint32_t i = 0; i < lowering->instruction_count; i++) {
        moved[i] = count;
        if (!deleted[i])
            lowering->instructions[count++] = lowering->instructions[i];
    }
    moved[lowering->instruction_count] = count;
    lowering->instruction_count = count;
    lower_relabel_all(lowering, moved);
}

bool opcode_is(const char *opcode, const char *base) {
    size_t length = strlen(base);
    return opcode[0] == base[0] && strncmp(opcode, base, length) == 0 &&
           (opcode[length] == '\0' || opcode[length] == '.');
}

bool opcode_has(const char *opcode, const char *part) {
    size_t length = strlen(part);
    for (const char *dot = strchr(opcode, '.'); dot; dot = strchr(dot + 1, '.'))
        if (strncmp(dot + 1, part, length) == 0 && strchr(".:", dot[1 + length]))
            return true;
    return false;
}

static void lower(struct lowering *lowering) {
    lower_inline(lowering);
    lower_call_parameters(lowering);
    lower_lay_out_local(lowering);
    lower_remove_dead(lowering);
    lower_assign_slots(lowering);
}

static struct program *finish(const struct lowering *lowering) {
    struct ptx_arena *arena = lowering->arena;
    struct program *program = arena_allocate(arena, sizeof *program);
    struct routine *routines = arena_allocate(arena, lowering->routine_count * sizeof *routines);
    for (uint32_t r = 0; r < lowering->routine_count; r++) {
        const struct lowered_routine *routine = &lowering->routines[r];
        routines[r] = (struct routine){routine->function, routine->begin, (uint32_t)routine->frame_bytes};
    }
    *program = (struct program){
        .name = lowering->entry->name,
        .module = lowering->module,
        .entry = lowering->entry,
        .registers =
            arena_copy(arena, lowering->registers, lowering->register_count * sizeof *lowering->registers),
        .register_count = lowering->register_count,
        .instructions = arena_copy(arena, lowering->instructions,
                                   lowering->instruction_count * sizeof *lowering->instructions),
        .instruction_count = lowering->instruction_count,
        .register_file_bytes = lowering->register_file_bytes,
        .registers_per_thread = lowering->registers_per_thread,
        .parameter_bytes = lowering->entry->parameter_bytes,
        .static_shared_bytes = lowering->static_shared_bytes,
        .dynamic_shared_offset = lowering->dynamic_shared_offset,
        .routines = routines,
        .routine_count = lowering->routine_count,
        .uses_stack = lowering->uses_stack,
        .frame_alignment = lowering->frame_alignment,
        .local_bytes = (routines[0].frame_bytes + 15) & ~15u,
        .arena = arena,
    };
    return program;
}

struct program *program_lower(struct ptx_module *module, const struct ptx_function *entry,
                              struct ptx_error *error) {
    *error = (struct ptx_error){0};
    struct lowering *lowering = calloc(1, sizeof *lowering);
    if (!lowering || !entry->is_entry || !entry->is_defined) {
        snprintf(error->message, sizeof error->message,
                 lowering ? "'%.300s' is not a kernel with a body"
                          : "the host has no memory left for the kernel '%.300s'",
                 entry->name);
        free(lowering);
        return NULL;
    }
    lowering->module = module;
    lowering->entry = entry;
    lowering->error = error;
    lowering->arena = arena_create();
    lowering->scratch = arena_create();
    struct program *program = NULL;
    if (setjmp(lowering->failed) == 0) {
        lower(lowering);
        program = finish(lowering);
    } else {
        arena_free(lowering->arena);
    }
    arena_free(lowering->scratch);
    free(lowering);
    return program;
}

void program_free(struct program *program) {
    if (program)
        arena_free(program->arena);
}
