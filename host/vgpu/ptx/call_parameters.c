/*
 * Parameters and results of calls, once everything is inlined. A variable in param space that is only ever loaded and
 * stored in the same 32- or 64-bit pieces becomes a register for each piece, its loads and stores moves. Any other (bytes,
 * overlapping pieces, its address taken, an array given to a function without a body) lives in local memory.
 */
#include "lowering.h"

#include <stdio.h>
#include <string.h>

struct piece {
    struct piece *next;
    uint64_t offset;
    uint32_t bytes, reg;
};

struct storage {
    struct piece *pieces;
    bool in_memory;
};

static bool is_call_parameter(const struct lowering *lowering, const struct ptx_variable *variable) {
    /* The entry's own parameters are the module's variables; everything else here is the program's. */
    return variable && variable->space == PTX_SPACE_PARAM && variable->ordinal < lowering->variable_count &&
           &lowering->variables[variable->ordinal]->variable == variable;
}

/* ld.param or st.param of a call's parameter: which operand is its value. */
static bool is_passing(const struct lowering *lowering, const struct ptx_instruction *instruction,
                       uint32_t *value) {
    bool loads = opcode_is(instruction->opcode, "ld"), stores = opcode_is(instruction->opcode, "st");
    if ((!loads && !stores) || !opcode_has(instruction->opcode, "param") || instruction->operand_count != 2)
        return false;
    *value = stores;
    const struct ptx_operand *address = &instruction->operands[!stores ? 1 : 0];
    return address->kind == PTX_OPERAND_ADDRESS && !address->base_is_register &&
           is_call_parameter(lowering, address->variable);
}

/* The bytes of one element of `ld.param.v2.b32`: its last part names the type. */
static unsigned element_bytes(const char *opcode) {
    const char *type = strrchr(opcode, '.') + 1;
    unsigned bits = 0;
    sscanf(type + strcspn(type, "0123456789"), "%3u", &bits);
    return bits / 8;
}

static const struct ptx_operand *elements_of(const struct ptx_operand *value, uint32_t *count) {
    bool is_vector = value->kind == PTX_OPERAND_VECTOR;
    *count = is_vector ? value->element_count : 1;
    return is_vector ? value->elements : value;
}

static void note_piece(struct lowering *lowering, struct storage *storage, uint64_t offset, unsigned bytes,
                       const struct ptx_operand *value) {
    bool fits = bytes == 4 || bytes == 8;
    if (value->kind == PTX_OPERAND_REGISTER)
        fits &= ptx_type_bytes(lowering->registers[value->reg].type) == bytes;
    else
        fits &= value->kind == PTX_OPERAND_IMMEDIATE || value->kind == PTX_OPERAND_SINK;
    for (struct piece *piece = storage->pieces; piece && fits; piece = piece->next) {
        if (piece->offset == offset && piece->bytes == bytes)
            return;
        fits &= piece->offset >= offset + bytes || offset >= piece->offset + piece->bytes;
    }
    if (!fits) {
        storage->in_memory = true;
        return;
    }
    struct piece *piece = lower_scratch(lowering, sizeof *piece);
    *piece = (struct piece){.next = storage->pieces, .offset = offset, .bytes = bytes, .reg = UINT32_MAX};
    storage->pieces = piece;
}

static void note_operand(struct lowering *lowering, struct storage *storages,
                         const struct ptx_operand *operand, bool is_of_call) {
    if (operand->kind == PTX_OPERAND_VECTOR)
        for (uint32_t i = 0; i < operand->element_count; i++)
            note_operand(lowering, storages, &operand->elements[i], is_of_call);
    bool names_variable = operand->kind == PTX_OPERAND_VARIABLE ||
                          (operand->kind == PTX_OPERAND_ADDRESS && !operand->base_is_register);
    if (!names_variable || !is_call_parameter(lowering, operand->variable))
        return;
    struct storage *storage = &storages[operand->variable->ordinal];
    if (is_of_call && operand->variable->bytes == ptx_type_bytes(operand->variable->type))
        note_piece(lowering, storage, 0, (unsigned)operand->variable->bytes,
                   &(struct ptx_operand){.kind = PTX_OPERAND_SINK});
    else
        storage->in_memory = true;
}

static void note_instruction(struct lowering *lowering, struct storage *storages,
                             const struct ptx_instruction *instruction) {
    uint32_t value, count;
    if (!is_passing(lowering, instruction, &value)) {
        bool is_call = opcode_is(instruction->opcode, "call");
        for (uint32_t i = 0; i < instruction->operand_count; i++)
            note_operand(lowering, storages, &instruction->operands[i], is_call);
        return;
    }
    const struct ptx_operand *address = &instruction->operands[!value];
    const struct ptx_operand *elements = elements_of(&instruction->operands[value], &count);
    unsigned bytes = element_bytes(instruction->opcode);
    if (address->offset < 0 || (uint64_t)address->offset + (uint64_t)bytes * count > address->variable->bytes)
        lower_fail(lowering, instruction->line,
                   "the access reaches beyond the %llu bytes of the parameter '%s'",
                   (unsigned long long)address->variable->bytes, address->variable->name);
    for (uint32_t i = 0; i < count; i++)
        note_piece(lowering, &storages[address->variable->ordinal], (uint64_t)address->offset + i * bytes,
                   bytes, &elements[i]);
}

static uint32_t register_of(struct lowering *lowering, struct storage *storage,
                            const struct ptx_variable *variable, uint64_t offset) {
    struct piece *piece = storage->pieces;
    while (piece->offset != offset)
        piece = piece->next;
    if (piece->reg == UINT32_MAX)
        piece->reg = lower_add_register(
            lowering,
            &(struct ptx_register){.name = variable->name, .type = piece->bytes == 4 ? PTX_B32 : PTX_B64});
    return piece->reg;
}

/* One move for each element of a load or store. */
static void emit_moves(struct lowering *lowering, struct storage *storages,
                       const struct ptx_instruction *passing, uint32_t value) {
    uint32_t count;
    const struct ptx_operand *address = &passing->operands[!value];
    const struct ptx_operand *elements = elements_of(&passing->operands[value], &count);
    struct storage *storage = &storages[address->variable->ordinal];
    unsigned bytes = element_bytes(passing->opcode);
    for (uint32_t i = 0; i < count; i++) {
        if (elements[i].kind == PTX_OPERAND_SINK)
            continue;
        struct ptx_operand piece = {.kind = PTX_OPERAND_REGISTER};
        piece.reg = register_of(lowering, storage, address->variable, (uint64_t)address->offset + i * bytes);
        struct ptx_operand operands[2] = {value ? piece : elements[i], value ? elements[i] : piece};
        struct ptx_instruction move = *passing;
        move.opcode = lower_intern(lowering, bytes == 4 ? "mov.b32" : "mov.b64");
        move.operands = arena_copy(lowering->arena, operands, sizeof operands);
        lower_emit(lowering, &move);
    }
}

static void replace_call_operands(struct lowering *lowering, struct storage *storages,
                                  struct ptx_operand *list) {
    for (uint32_t i = 0; i < list->element_count; i++) {
        struct ptx_operand *operand = &list->elements[i];
        if (operand->kind != PTX_OPERAND_VARIABLE || !is_call_parameter(lowering, operand->variable))
            continue;
        struct storage *storage = &storages[operand->variable->ordinal];
        if (storage->in_memory)
            continue;
        struct ptx_operand piece = {.kind = PTX_OPERAND_REGISTER};
        piece.reg = register_of(lowering, storage, operand->variable, 0);
        *operand = piece;
    }
}

/* ld.param.b32 -> ld.local.b32, also ld.param::func.b32 */
static const char *in_local(struct lowering *lowering, const char *opcode) {
    const char *space = strstr(opcode, ".param");
    const char *rest = strchr(space + 1, '.');
    char name[128];
    snprintf(name, sizeof name, "%.*s.local%s", (int)(space - opcode), opcode, rest ? rest : "");
    return lower_intern(lowering, name);
}

void lower_call_parameters(struct lowering *lowering) {
    struct storage *storages = lower_scratch(lowering, (lowering->variable_count + 1) * sizeof *storages);
    const struct ptx_instruction *before = lowering->instructions;
    uint32_t count = lowering->instruction_count;
    for (uint32_t i = 0; i < lowering->variable_count; i++)
        storages[i].in_memory = lowering->variables[i]->is_placed;
    for (uint32_t i = 0; i < count; i++)
        note_instruction(lowering, storages, &before[i]);

    uint32_t *moved = lower_scratch(lowering, (count + 1) * sizeof *moved);
    lowering->instructions = NULL;
    lowering->instruction_count = lowering->instruction_capacity = 0;
    for (uint32_t i = 0; i < count; i++) {
        struct ptx_instruction instruction = before[i];
        uint32_t value;
        moved[i] = lowering->instruction_count;
        if (is_passing(lowering, &instruction, &value)) {
            if (!storages[instruction.operands[!value].variable->ordinal].in_memory) {
                emit_moves(lowering, storages, &instruction, value);
                continue;
            }
            instruction.opcode = in_local(lowering, instruction.opcode);
        } else if (opcode_is(instruction.opcode, "call") && !lower_is_kept_call(&instruction)) {
            replace_call_operands(lowering, storages, &instruction.operands[1]);
            replace_call_operands(lowering, storages, &instruction.operands[2]);
        }
        lower_emit(lowering, &instruction);
    }
    moved[count] = lowering->instruction_count;
    lower_relabel_all(lowering, moved);
    for (uint32_t i = 0; i < lowering->variable_count; i++) {
        struct ptx_variable *variable = &lowering->variables[i]->variable;
        if (variable->space == PTX_SPACE_PARAM && storages[i].in_memory)
            variable->space = PTX_SPACE_LOCAL;
    }
}

/*
 * Copies made by one caller one after the other use the same bytes, as on a stack. A routine's formals come first in its
 * frame.
 */
void lower_lay_out_local(struct lowering *lowering) {
    lowering->frame_alignment = 16;
    for (uint32_t i = 0; i < lowering->instance_count; i++) {
        struct instance *instance = &lowering->instances[i];
        struct lowered_routine *routine = &lowering->routines[instance->routine];
        bool is_body = routine->instance == i;
        uint64_t at = !is_body            ? lowering->instances[instance->caller].local_end
                      : instance->routine ? routine->function->call_bytes
                                          : 0;
        for (struct program_variable *local = instance->variables; local; local = local->next) {
            uint32_t align = local->variable.align;
            if (align > lowering->frame_alignment)
                lowering->frame_alignment = align;
            if (local->variable.space != PTX_SPACE_LOCAL || local->is_placed)
                continue;
            at = (at + align - 1) & -(uint64_t)align;
            local->variable.address = at;
            at += local->variable.bytes;
            if (at > INT32_MAX)
                lower_fail(lowering, 0, "the kernel's local variables have more than 2^31 bytes a thread");
        }
        instance->local_end = at;
        routine->frame_bytes = at > routine->frame_bytes ? at : routine->frame_bytes;
    }
}
