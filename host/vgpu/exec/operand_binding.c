/* Binding of operands: registers, constants, special registers, addresses and labels as offsets of lane arrays. */
#include "binder.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

bool binder_refuse(struct binder *binder, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    ptx_refuse(binder->error, binder->instruction ? binder->instruction->line : 0, format, arguments);
    va_end(arguments);
    return false;
}

void *binder_allocate(size_t bytes) {
    void *memory = aligned_alloc(64, (bytes + 64) / 64 * 64);
    if (memory == NULL)
        vgpu_fail("not enough host memory to bind a kernel (%zu bytes)", bytes);
    return memset(memory, 0, (bytes + 64) / 64 * 64);
}

uint32_t constant_predicate(struct binder *binder, bool value) {
    return constant_lanes(&binder->constants, value ? ~0u : 0, 4);
}

static unsigned lane_bytes_of_letter(char letter) {
    switch (letter | 32) {
    case 'h':
        return 2;
    case 'w':
        return 4;
    case 'd':
        return 8;
    case 'q':
        return 16;
    default:
        return 0;
    }
}
unsigned register_lane_bytes(enum ptx_type type) {
    unsigned bytes = ptx_type_bytes(type);
    return bytes == 1 ? 2 : bytes;
}

static uint64_t immediate_value(const struct ptx_operand *operand, unsigned lane_bytes) {
    uint64_t bits = operand->bits;
    if (operand->immediate == PTX_IMMEDIATE_F64 && lane_bytes == 4) {
        double wide;
        memcpy(&wide, &bits, sizeof wide);
        float narrow = (float)wide;
        bits = 0;
        memcpy(&bits, &narrow, sizeof narrow);
    } else if (operand->immediate == PTX_IMMEDIATE_F32 && lane_bytes == 8) {
        float narrow;
        memcpy(&narrow, &bits, sizeof narrow);
        double wide = narrow;
        memcpy(&bits, &wide, sizeof wide);
    }
    return lane_bytes >= 8 ? bits : bits & ((1ull << 8 * lane_bytes) - 1);
}

static bool special_lanes(struct binder *binder, const char *name, unsigned lane_bytes, uint32_t *place) {
    struct binding *binding = binder->binding;
    const struct special_register *special = special_find(name);
    if (special == NULL || special->fill == NULL)
        return binder_refuse(binder, "the virtual GPU cannot use the special register %s in '%s'", name,
                             binder->instruction->opcode);
    if (special->bytes != lane_bytes)
        return binder_refuse(binder, "%s has %u bits, '%s' reads %u", name, 8 * special->bytes,
                             binder->instruction->opcode, 8 * lane_bytes);
    for (uint32_t k = 0; k < binding->special_count; k++) {
        if (binding->specials[k].what == special) {
            *place = binding->specials[k].slot;
            return true;
        }
    }
    *place = binding->bank_bytes;
    binding->bank_bytes += (special->bytes == SPECIAL_PREDICATE ? 4 : special->bytes) * WARP_LANES;
    binding->specials = realloc(binding->specials, (binding->special_count + 1) * sizeof *binding->specials);
    if (binding->specials == NULL)
        vgpu_fail("not enough host memory for special registers");
    binding->specials[binding->special_count++] = (struct bound_special){special, *place};
    return true;
}

static void note_read(struct binder *binder, uint32_t *place, unsigned bytes, bool is_predicate) {
    binder->read[binder->read_count] = (struct range){*place, bytes, is_predicate};
    binder->read_place[binder->read_count++] = place;
}

/* A destination; its letter is upper case. */
static bool bind_destination(struct binder *binder, const struct ptx_operand *operand, char letter,
                             uint32_t *place) {
    *place = binder->sink;
    if (operand == NULL || operand->kind == PTX_OPERAND_SINK)
        return true;
    if (operand->kind != PTX_OPERAND_REGISTER)
        return binder_refuse(binder, "a destination of '%s' is not a register", binder->instruction->opcode);
    const struct ptx_register *reg = &binder->program->registers[operand->reg];
    unsigned bytes = register_lane_bytes(reg->type), wanted = lane_bytes_of_letter(letter);
    if (letter == 'P') {
        if (reg->type != PTX_PRED)
            return binder_refuse(binder, "%s is not a predicate, '%s' writes one", reg->name,
                                 binder->instruction->opcode);
        if (reg->slot != PTX_NO_SLOT)
            *place = reg->slot;
        binder->written[binder->written_count++] = (struct range){*place, 4, true};
        return true;
    }
    if (letter == 'X') {
        if (bytes < binder->opcode.type_bytes || (binder->bound->width && binder->bound->width != bytes))
            return binder_refuse(binder, "%s does not fit '%s'", reg->name, binder->instruction->opcode);
        binder->bound->width = (uint8_t)bytes;
        wanted = bytes;
    }
    if (reg->slot != PTX_NO_SLOT)
        *place = reg->slot;
    if (bytes > wanted && strncmp(binder->opcode.name, "cvt_", 4) == 0) {
        binder->result =
            (struct fitting){binder->scratch + LARGEST_ARRAY * (SCRATCH_ARRAYS - 1), *place, wanted, bytes};
        *place = binder->result.from;
        return true;
    }
    if (bytes != wanted)
        return binder_refuse(binder, "%s has %u bits, '%s' writes %u", reg->name, 8 * bytes,
                             binder->instruction->opcode, 8 * wanted);
    binder->written[binder->written_count++] = (struct range){*place, bytes * WARP_LANES, false};
    return true;
}

static bool bind_predicate_source(struct binder *binder, const struct ptx_operand *operand, unsigned k) {
    struct bound *bound = binder->bound;
    if (operand == NULL || operand->kind == PTX_OPERAND_IMMEDIATE) {
        bound->o[k] = constant_predicate(binder, operand == NULL || operand->bits != 0);
        return true;
    }
    if (operand->kind == PTX_OPERAND_SPECIAL)
        return special_lanes(binder, operand->special, SPECIAL_PREDICATE, &bound->o[k]);
    const struct ptx_register *reg =
        operand->kind == PTX_OPERAND_REGISTER ? &binder->program->registers[operand->reg] : NULL;
    if (reg == NULL || reg->type != PTX_PRED)
        return binder_refuse(binder, "'%s' reads a predicate, and operand %u is none",
                             binder->instruction->opcode, k + 1);
    bound->o[k] = reg->slot != PTX_NO_SLOT ? reg->slot : binder->sink;
    bound->negated |= (uint8_t)(operand->negated << k);
    note_read(binder, &bound->o[k], 4, true);
    return true;
}

bool operand_is_in_frame(const struct ptx_operand *operand) {
    bool names_variable = operand->kind == PTX_OPERAND_VARIABLE ||
                          (operand->kind == PTX_OPERAND_ADDRESS && !operand->base_is_register);
    return names_variable && operand->variable && operand->variable->base != PTX_BASE_ZERO;
}

static bool bind_source(struct binder *binder, const struct ptx_operand *operand, char letter,
                        uint32_t *place) {
    unsigned wanted = lane_bytes_of_letter(letter);
    if (letter == 'x')
        wanted = binder->bound->width;
    if (operand == NULL) {
        *place = constant_lanes(&binder->constants, 0, wanted);
        return true;
    }
    if (operand_is_in_frame(operand))
        return binder_refuse(binder, "'%s' takes the address of %s, which lies in the frame of a call",
                             binder->instruction->opcode, operand->variable->name);
    switch (operand->kind) {
    case PTX_OPERAND_IMMEDIATE:
        *place = constant_lanes(&binder->constants, immediate_value(operand, wanted), wanted);
        return true;
    case PTX_OPERAND_VARIABLE:
        *place = constant_lanes(&binder->constants, operand->variable->address + (uint64_t)operand->offset,
                                wanted);
        return true;
    case PTX_OPERAND_FUNCTION:
        *place = constant_lanes(&binder->constants, (uint64_t)operand->callee, wanted);
        return true;
    case PTX_OPERAND_SPECIAL:
        return special_lanes(binder, operand->special, wanted, place);
    case PTX_OPERAND_REGISTER:
        break;
    default:
        return binder_refuse(binder, "the virtual GPU cannot read this kind of operand in '%s'",
                             binder->instruction->opcode);
    }
    const struct ptx_register *reg = &binder->program->registers[operand->reg];
    unsigned bytes = register_lane_bytes(reg->type);
    if (letter == 'x' && bytes < binder->opcode.type_bytes)
        return binder_refuse(binder, "%s does not fit '%s'", reg->name, binder->instruction->opcode);
    *place = reg->slot != PTX_NO_SLOT ? reg->slot : binder->sink;
    if (bytes > wanted && strncmp(binder->opcode.name, "cvt_", 4) == 0) {
        struct fitting fitting = {*place, binder->scratch + LARGEST_ARRAY * binder->fitting_count, bytes,
                                  wanted};
        binder->fittings[binder->fitting_count++] = fitting;
        *place = fitting.to;
        return true;
    }
    if (bytes != wanted || bytes == 0)
        return binder_refuse(binder, "%s has %u bits, '%s' reads %u", reg->name, 8 * bytes,
                             binder->instruction->opcode, 8 * wanted);
    note_read(binder, place, bytes * WARP_LANES, false);
    return true;
}

/* The base goes to *place, the rest to *offset. */
static bool bind_address(struct binder *binder, const struct ptx_operand *operand, uint32_t *place,
                         int64_t *offset, bool *base_is_32) {
    bool in_frame = operand_is_in_frame(operand);
    if (operand->kind != PTX_OPERAND_ADDRESS && !in_frame)
        return binder_refuse(binder, "'%s' needs an address in brackets", binder->instruction->opcode);
    *offset = operand->offset;
    *base_is_32 = false;
    if (in_frame) {
        const struct binding *binding = binder->binding;
        *place = operand->variable->base == PTX_BASE_FRAME ? binding->frame : binding->top;
        *offset += (int64_t)operand->variable->address;
        return true;
    }
    if (!operand->base_is_register) {
        *place = constant_lanes(&binder->constants, operand->variable ? operand->variable->address : 0, 8);
        return true;
    }
    const struct ptx_register *reg = &binder->program->registers[operand->reg];
    unsigned bytes = register_lane_bytes(reg->type);
    if (bytes != 4 && bytes != 8)
        return binder_refuse(binder, "%s has %u bits, an address has 32 or 64", reg->name, 8 * bytes);
    *base_is_32 = bytes == 4;
    *place = reg->slot != PTX_NO_SLOT ? reg->slot : binder->sink;
    note_read(binder, place, bytes * WARP_LANES, false);
    return true;
}

static bool bind_branch_list(struct binder *binder, const struct ptx_operand *operand) {
    bool good = operand->kind == PTX_OPERAND_VECTOR;
    for (uint32_t k = 0; good && k < operand->element_count; k++)
        good = operand->elements[k].kind == PTX_OPERAND_LABEL;
    if (!good)
        return binder_refuse(binder, "'%s' needs a list of labels", binder->instruction->opcode);
    struct branch_list *list = binder_allocate(sizeof *list + operand->element_count * sizeof *list->targets);
    list->count = operand->element_count;
    for (uint32_t k = 0; k < list->count; k++)
        list->targets[k] = binder->binding->code + operand->elements[k].label;
    binder->bound->side = list;
    return true;
}

bool bind_operand(struct binder *binder, const struct ptx_operand *operand, char letter, unsigned k) {
    struct bound *bound = binder->bound;
    switch (letter) {
    case 'm':
        bound->window = binder->binding->window_count++;
        return bind_address(binder, operand, &bound->address, &bound->offset, &bound->base_is_32);
    case 'n': {
        bool base_is_32;
        bound->second_window = binder->binding->window_count++;
        return bind_address(binder, operand, &bound->o[k], &bound->second_offset, &base_is_32) &&
               (!base_is_32 ||
                binder_refuse(binder, "'%s' needs a 64-bit global address", binder->instruction->opcode));
    }
    case 'a': {
        struct address_list *list = (struct address_list *)(uintptr_t)bound->side;
        if (list == NULL)
            bound->side = list = binder_allocate(sizeof *list);
        struct listed_address *address = &list->at[list->count++];
        return bind_address(binder, operand, &address->base, &address->offset, &address->base_is_32);
    }
    case 'i':
        if (operand->kind != PTX_OPERAND_IMMEDIATE)
            return binder_refuse(binder, "'%s' needs an immediate as its last operand",
                                 binder->instruction->opcode);
        bound->offset = (int64_t)operand->bits;
        return true;
    case 'b':
        if (operand->kind != PTX_OPERAND_IMMEDIATE ||
            (operand->bits != 4 && operand->bits != 8 && operand->bits != 16))
            return binder_refuse(binder, "'%s' copies 4, 8 or 16 bytes", binder->instruction->opcode);
        bound->width = (uint8_t)operand->bits;
        return true;
    case 'L':
        if (operand->kind != PTX_OPERAND_LABEL)
            return binder_refuse(binder, "'%s' needs a label", binder->instruction->opcode);
        bound->target = binder->binding->code + operand->label;
        return true;
    case 'T':
        return bind_branch_list(binder, operand);
    case 'p':
        return bind_predicate_source(binder, operand, k);
    case 'P':
    case 'H':
    case 'W':
    case 'D':
    case 'Q':
    case 'X':
        return bind_destination(binder, operand, letter, &bound->o[k]);
    default:
        return bind_source(binder, operand, letter, &bound->o[k]);
    }
}
