/* Binding: each instruction's row of the table, its operands as offsets of lane arrays, its immediates as constant lanes. */
#include "call.h"
#include "constant_pool.h"
#include "fitted.h"
#include "instruction_table.h"
#include "observe.h"
#include "opcode.h"
#include "refusal.h"
#include "ulp.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LARGEST_ARRAY = 512, MAX_FLAT = 12, SCRATCH_ARRAYS = MAX_BOUND_OPERANDS + 1 };

/* What is being built, and where. */
struct binder {
    struct binding *binding;
    const struct program *program;
    struct ptx_error *error;
    const struct ptx_instruction *instruction;
    struct bound *bound;
    struct opcode opcode;
    struct constant_pool constants;
    uint32_t sink, scratch; /* operands: where unwanted results go; arrays of fitted instructions */
    /* Of the instruction: its operands in one row, and the registers it reads and writes. */
    const struct ptx_operand *flat[MAX_FLAT];
    unsigned flat_count;
    struct range {
        uint32_t operand, bytes;
        bool is_predicate;
    } written[MAX_FLAT], read[MAX_FLAT];
    unsigned written_count, read_count;
    uint32_t *read_place[MAX_FLAT]; /* the field that holds the operand */
    struct fitting fittings[SCRATCH_ARRAYS];
    unsigned fitting_count;
    struct fitting result;
};

__attribute__((format(printf, 2, 3))) static bool refuse(struct binder *binder, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    ptx_refuse(binder->error, binder->instruction ? binder->instruction->line : 0, format, arguments);
    va_end(arguments);
    return false;
}

static void *allocate(size_t bytes) {
    void *memory = aligned_alloc(64, (bytes + 64) / 64 * 64);
    if (memory == NULL)
        vgpu_fail("not enough host memory to bind a kernel (%zu bytes)", bytes);
    return memset(memory, 0, (bytes + 64) / 64 * 64);
}

/* Predicate constants are whole words of ones or zeros; a lane array of 32-bit values starts with one. */
static uint32_t constant_predicate(struct binder *binder, bool value) {
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
/* 8-bit registers are held in 16 bits. */
static unsigned register_lane_bytes(enum ptx_type type) {
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
        return refuse(binder, "the virtual GPU cannot use the special register %s in '%s'", name,
                      binder->instruction->opcode);
    if (special->bytes != lane_bytes)
        return refuse(binder, "%s has %u bits, '%s' reads %u", name, 8 * special->bytes,
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
        return refuse(binder, "a destination of '%s' is not a register", binder->instruction->opcode);
    const struct ptx_register *reg = &binder->program->registers[operand->reg];
    unsigned bytes = register_lane_bytes(reg->type), wanted = lane_bytes_of_letter(letter);
    if (letter == 'P') {
        if (reg->type != PTX_PRED)
            return refuse(binder, "%s is not a predicate, '%s' writes one", reg->name,
                          binder->instruction->opcode);
        if (reg->slot != PTX_NO_SLOT)
            *place = reg->slot;
        binder->written[binder->written_count++] = (struct range){*place, 4, true};
        return true;
    }
    if (letter == 'X') {
        if (bytes < binder->opcode.type_bytes || (binder->bound->width && binder->bound->width != bytes))
            return refuse(binder, "%s does not fit '%s'", reg->name, binder->instruction->opcode);
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
        return refuse(binder, "%s has %u bits, '%s' writes %u", reg->name, 8 * bytes,
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
        return refuse(binder, "'%s' reads a predicate, and operand %u is none", binder->instruction->opcode,
                      k + 1);
    bound->o[k] = reg->slot != PTX_NO_SLOT ? reg->slot : binder->sink;
    bound->negated |= (uint8_t)(operand->negated << k);
    note_read(binder, &bound->o[k], 4, true);
    return true;
}

static bool is_in_frame(const struct ptx_operand *operand) {
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
    if (is_in_frame(operand))
        return refuse(binder, "'%s' takes the address of %s, which lies in the frame of a call",
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
        return refuse(binder, "the virtual GPU cannot read this kind of operand in '%s'",
                      binder->instruction->opcode);
    }
    const struct ptx_register *reg = &binder->program->registers[operand->reg];
    unsigned bytes = register_lane_bytes(reg->type);
    if (letter == 'x' && bytes < binder->opcode.type_bytes)
        return refuse(binder, "%s does not fit '%s'", reg->name, binder->instruction->opcode);
    *place = reg->slot != PTX_NO_SLOT ? reg->slot : binder->sink;
    if (bytes > wanted && strncmp(binder->opcode.name, "cvt_", 4) == 0) {
        struct fitting fitting = {*place, binder->scratch + LARGEST_ARRAY * binder->fitting_count, bytes,
                                  wanted};
        binder->fittings[binder->fitting_count++] = fitting;
        *place = fitting.to;
        return true;
    }
    if (bytes != wanted || bytes == 0)
        return refuse(binder, "%s has %u bits, '%s' reads %u", reg->name, 8 * bytes,
                      binder->instruction->opcode, 8 * wanted);
    note_read(binder, place, bytes * WARP_LANES, false);
    return true;
}

/* The base goes to *place, the rest to *offset. */
static bool bind_address(struct binder *binder, const struct ptx_operand *operand, uint32_t *place,
                         int64_t *offset, bool *base_is_32) {
    bool in_frame = is_in_frame(operand);
    if (operand->kind != PTX_OPERAND_ADDRESS && !in_frame)
        return refuse(binder, "'%s' needs an address in brackets", binder->instruction->opcode);
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
        return refuse(binder, "%s has %u bits, an address has 32 or 64", reg->name, 8 * bytes);
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
        return refuse(binder, "'%s' needs a list of labels", binder->instruction->opcode);
    struct branch_list *list = allocate(sizeof *list + operand->element_count * sizeof *list->targets);
    list->count = operand->element_count;
    for (uint32_t k = 0; k < list->count; k++)
        list->targets[k] = binder->binding->code + operand->elements[k].label;
    binder->bound->side = list;
    return true;
}

static bool bind_operand(struct binder *binder, const struct ptx_operand *operand, char letter, unsigned k) {
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
                refuse(binder, "'%s' needs a 64-bit global address", binder->instruction->opcode));
    }
    case 'a': {
        struct address_list *list = (struct address_list *)(uintptr_t)bound->side;
        if (list == NULL)
            bound->side = list = allocate(sizeof *list);
        struct listed_address *address = &list->at[list->count++];
        return bind_address(binder, operand, &address->base, &address->offset, &address->base_is_32);
    }
    case 'i':
        if (operand->kind != PTX_OPERAND_IMMEDIATE)
            return refuse(binder, "'%s' needs an immediate as its last operand", binder->instruction->opcode);
        bound->offset = (int64_t)operand->bits;
        return true;
    case 'b':
        if (operand->kind != PTX_OPERAND_IMMEDIATE ||
            (operand->bits != 4 && operand->bits != 8 && operand->bits != 16))
            return refuse(binder, "'%s' copies 4, 8 or 16 bytes", binder->instruction->opcode);
        bound->width = (uint8_t)operand->bits;
        return true;
    case 'L':
        if (operand->kind != PTX_OPERAND_LABEL)
            return refuse(binder, "'%s' needs a label", binder->instruction->opcode);
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

static bool is_call(const struct ptx_instruction *instruction) {
    return strncmp(instruction->opcode, "call", 4) == 0 && strchr(".", instruction->opcode[4]);
}
/* Not of a function without a body. */
static bool is_kept_call(const struct ptx_instruction *instruction) {
    return is_call(instruction) && (instruction->operands[0].kind == PTX_OPERAND_REGISTER ||
                                    instruction->operands[0].callee->is_defined);
}

/* Operands in one row: vectors and pairs taken apart, a cache policy left out. */
static bool flatten(struct binder *binder) {
    const struct ptx_instruction *instruction = binder->instruction;
    if (instruction->operand_count < binder->opcode.has_cache_hint)
        return refuse(binder, "'%s' has no cache policy", instruction->opcode);
    unsigned count = instruction->operand_count - binder->opcode.has_cache_hint;
    bool keeps_lists = strncmp(binder->opcode.name, "brx_", 4) == 0;
    binder->flat_count = 0;
    if (is_kept_call(instruction)) {
        binder->flat[0] = &instruction->operands[0];
        binder->flat_count = instruction->operands[0].kind == PTX_OPERAND_REGISTER;
        return true;
    }
    for (unsigned k = 0; k < count; k++) {
        const struct ptx_operand *operand = &instruction->operands[k];
        bool is_list = operand->kind == PTX_OPERAND_VECTOR && !keeps_lists;
        unsigned elements = is_list ? operand->element_count : 1;
        if (k == 0 && is_call(instruction))
            continue;
        if (binder->flat_count + elements > MAX_FLAT)
            return refuse(binder, "'%s' has more operands than the virtual GPU knows", instruction->opcode);
        for (unsigned e = 0; e < elements; e++)
            binder->flat[binder->flat_count++] = is_list ? &operand->elements[e] : operand;
    }
    return true;
}

/* The instruction belongs to a function that is called, not to the entry. */
static bool is_of_routine(const struct binder *binder) {
    const struct program *program = binder->program;
    return program->routine_count > 1 &&
           binder->instruction >= program->instructions + program->routines[1].begin;
}

/*
 * mov between a vector and a wide register, of an address in a frame, a copy of a part, counted arrivals, a call, a routine's
 * return, and a clock have rows of their own.
 */
static void complete_name(struct binder *binder) {
    const struct ptx_instruction *instruction = binder->instruction;
    char *name = binder->opcode.name;
    size_t used = strlen(name), size = sizeof binder->opcode.name;
    if (strncmp(name, "mov_", 4) == 0 && instruction->operand_count == 2) {
        const struct ptx_operand *to = &instruction->operands[0], *from = &instruction->operands[1];
        const struct special_register *special =
            from->kind == PTX_OPERAND_SPECIAL ? special_find(from->special) : NULL;
        if (to->kind == PTX_OPERAND_VECTOR)
            snprintf(name + used, size - used, "_unpack%u", to->element_count);
        else if (from->kind == PTX_OPERAND_VECTOR)
            snprintf(name + used, size - used, "_pack%u", from->element_count);
        else if (special && special->fill == NULL) {
            bool is_high = strstr(special->name, "_hi") != NULL;
            snprintf(name, size, is_high ? "clock_hi" : "clock_%u", 8 * special->bytes);
            binder->flat_count = 1;
        } else if (is_in_frame(from))
            snprintf(name, size, "mov_frame_u%u", 8 * binder->opcode.type_bytes);
    } else if (strncmp(name, "cp_async_c", 10) == 0 && binder->flat_count == 4) {
        snprintf(name + used, size - used, "_part");
    } else if ((strcmp(name, "mbarrier_arrive") == 0 || strcmp(name, "mbarrier_arrive_drop") == 0) &&
               binder->flat_count == 3) {
        snprintf(name + used, size - used, "_count");
    } else if (is_kept_call(instruction)) {
        snprintf(name, size, binder->flat_count ? "call_by_address" : "call");
    } else if (strcmp(name, "ret") == 0 && is_of_routine(binder)) {
        snprintf(name, size, "ret_routine");
    } else if (is_call(instruction)) {
        snprintf(name, size, "call_%s", instruction->operands[0].callee->name);
    }
}

/* The width of x operands: that of their registers, else the instruction's own. */
static void find_width(struct binder *binder) {
    binder->bound->width = 0;
    for (unsigned k = 0; k < binder->flat_count; k++)
        if (binder->flat[k]->kind == PTX_OPERAND_REGISTER)
            binder->bound->width =
                (uint8_t)register_lane_bytes(binder->program->registers[binder->flat[k]->reg].type);
    if (binder->bound->width == 0)
        binder->bound->width = (uint8_t)(binder->opcode.type_bytes < 2 ? 2 : binder->opcode.type_bytes);
}

static bool bind_operands(struct binder *binder, const char *signature) {
    const struct ptx_instruction *instruction = binder->instruction;
    bool has_pair = instruction->operand_count > 0 && instruction->operands[0].kind == PTX_OPERAND_VECTOR &&
                    instruction->operands[0].is_pair;
    unsigned letters = 0, optional = 0, given = 0, k = 0;
    for (const char *at = signature; *at; at++) {
        letters += *at != '?' && *at != '|';
        optional += *at == '?' || (*at == '|' && !has_pair);
    }
    /* An absent half of d|p is not among the operands. */
    unsigned absent_pair = strchr(signature, '|') && !has_pair ? 1 : 0;
    if (binder->flat_count > letters - absent_pair || binder->flat_count + optional < letters)
        return refuse(binder, "'%s' has %u operands here, which the virtual GPU does not know",
                      instruction->opcode, binder->flat_count);
    unsigned missing = letters - absent_pair - binder->flat_count;
    if (strpbrk(signature, "xX"))
        find_width(binder);
    for (const char *at = signature; *at; at++) {
        bool absent = (*at == '|' && !has_pair) || (*at == '?' && missing > 0);
        if (*at == '?' && missing > 0)
            missing--;
        if (*at == '?' || *at == '|')
            at++;
        const struct ptx_operand *operand = absent ? NULL : binder->flat[given++];
        if (!bind_operand(binder, operand, *at, k))
            return false;
        k += strchr("mabiLT", *at) == NULL;
    }
    return true;
}

/* Handlers of these read all their sources before they write. */
static bool reads_first(const char *name) {
    static const char *const families[] = {
        "ld_",    "st_",      "mov_b32_", "mov_b64_", "shfl_",    "vote_",    "match_",
        "redux_", "elect_",   "setp_",    "set_",     "testp_",   "selp_",    "isspacep_",
        "bar_",   "not_pred", "and_pred", "or_pred",  "xor_pred", "mov_pred", "mbarrier_"};
    for (size_t k = 0; k < sizeof families / sizeof *families; k++)
        if (strncmp(name, families[k], strlen(families[k])) == 0)
            return true;
    return false;
}

/* A source that shares some bytes with a destination, but not lane by lane, is copied to scratch before the instruction runs. */
static void part_overlaps(struct binder *binder) {
    for (unsigned r = 0; r < binder->read_count; r++) {
        struct range read = binder->read[r];
        bool overlaps = false;
        for (unsigned k = 0; k < binder->written_count; k++) {
            struct range written = binder->written[k];
            bool same = read.operand == written.operand && read.bytes == written.bytes;
            overlaps |= !same && read.operand < written.operand + written.bytes &&
                        written.operand < read.operand + read.bytes;
        }
        if (!overlaps)
            continue;
        unsigned lane_bytes = read.is_predicate ? 4 : read.bytes / WARP_LANES;
        struct fitting fitting = {read.operand, binder->scratch + LARGEST_ARRAY * binder->fitting_count,
                                  lane_bytes, lane_bytes};
        binder->fittings[binder->fitting_count++] = fitting;
        *binder->read_place[r] = fitting.to;
    }
}

static void fit(struct binder *binder) {
    if (!reads_first(binder->opcode.name))
        part_overlaps(binder);
    if (binder->fitting_count == 0 && binder->result.to_bytes == 0)
        return;
    struct fitted *fitted = allocate(sizeof *fitted);
    fitted->inner = *binder->bound;
    fitted->source_count = binder->fitting_count;
    memcpy(fitted->sources, binder->fittings, sizeof fitted->sources);
    fitted->result = binder->result;
    fitted->result_signed = binder->opcode.result_signed;
    binder->bound->side = fitted;
    binder->bound->run = run_fitted;
}

static bool bind_guard(struct binder *binder) {
    const struct ptx_instruction *instruction = binder->instruction;
    binder->bound->guard = constant_predicate(binder, true);
    if (instruction->guard == PTX_NO_GUARD)
        return true;
    const struct ptx_register *reg = &binder->program->registers[instruction->guard];
    if (reg->type != PTX_PRED)
        return refuse(binder, "the guard %s is not a predicate", reg->name);
    binder->bound->guard = reg->slot != PTX_NO_SLOT ? reg->slot : binder->sink;
    binder->bound->guard_flip = instruction->guard_negated ? ~0u : 0;
    return true;
}

static bool is_of_clusters(const char *opcode) {
    static const char *const kinds[] = {"mbarrier.",       "cp.async.bulk", "cp.async.mbarrier",
                                        "barrier.cluster", "mapa",          "cp.reduce.async.bulk",
                                        "st.async",        "red.async"};
    for (unsigned k = 0; k < sizeof kinds / sizeof *kinds; k++)
        if (strncmp(opcode, kinds[k], strlen(kinds[k])) == 0)
            return true;
    return false;
}

static bool refuse_instruction(struct binder *binder) {
    const struct ptx_instruction *instruction = binder->instruction;
    const char *opcode = instruction->opcode, *kind = refused_kind(opcode);
    if (is_call(instruction))
        return refuse(binder, "the kernel calls %s, a function that the virtual GPU does not provide",
                      instruction->operands[0].callee->name);
    if (kind)
        return refuse(binder, "'%s' %s, which the virtual GPU does not have", opcode, kind);
    return refuse(binder, "the virtual GPU does not know the instruction '%s'", opcode);
}

static void bind_call(struct binder *binder) {
    struct binding *binding = binder->binding;
    struct call_site *site = call_site_create(binding, binder->instruction);
    if (site == NULL)
        vgpu_fail("not enough host memory to bind a call");
    binder->bound->side = site;
    if (site->record_bytes > binding->largest_record)
        binding->largest_record = site->record_bytes;
    if (site->argument_bytes > binding->largest_arguments)
        binding->largest_arguments = site->argument_bytes;
}

/* A routine that is never called, such as a virtual function, may hold what is refused: it is when it is executed. */
static bool put_off_refusal(struct binder *binder) {
    if (!is_of_routine(binder))
        return false;
    struct bound *bound = binder->bound;
    char *sentence = strdup(binder->error->message);
    free((void *)(uintptr_t)bound->side);
    *bound = (struct bound){.run = run_refused, .origin = bound->origin, .side = sentence};
    return sentence != NULL && bind_guard(binder);
}

static bool bind_instruction(struct binder *binder, uint32_t index) {
    const struct ptx_instruction *instruction = binder->instruction = &binder->program->instructions[index];
    struct bound *bound = binder->bound = &binder->binding->code[index];
    binder->written_count = binder->read_count = binder->fitting_count = 0;
    binder->result = (struct fitting){0};
    bound->origin = index;
    const struct instruction *row = NULL;
    if (!refused_kind(instruction->opcode) && opcode_read(instruction->opcode, &binder->opcode)) {
        if (!flatten(binder))
            return false;
        complete_name(binder);
        row = instruction_find(binder->opcode.name);
    }
    if (row == NULL)
        return refuse_instruction(binder);
    bound->run = row->run;
    bound->space = (uint8_t)binder->opcode.space;
    bound->combine = (uint8_t)binder->opcode.combine;
    bound->strong = binder->opcode.strong;
    bound->tally = machine_instructions(instruction->opcode, &binder->opcode) << TALLY_MACHINE |
                   binder->opcode.conversion;
    if (!bind_guard(binder) || !bind_operands(binder, row->signature))
        return false;
    if (is_kept_call(instruction))
        bind_call(binder);
    binder->binding->is_of_clusters |= is_of_clusters(instruction->opcode);
    observe_bind(bound, &binder->opcode, instruction->used_bytes);
    ulp_bind(bound, binder->opcode.name);
    fit(binder);
    return true;
}

/* Running past the last instruction ends the thread. */
static bool bind_end(struct binder *binder) {
    uint32_t count = binder->program->instruction_count;
    struct bound *end = &binder->binding->code[count];
    *end = (struct bound){.run = instruction_find("exit")->run,
                          .guard = constant_predicate(binder, true),
                          .origin = count ? count - 1 : 0};
    return true;
}

struct binding *binding_create(const struct program *program, const struct device_limits *device,
                               struct ptx_error *error) {
    struct binding *binding = allocate(sizeof *binding);
    struct binder *binder = allocate(sizeof *binder);
    binding->program = program;
    binding->device = *device;
    binding->code = allocate((program->instruction_count + 1) * sizeof *binding->code);
    binder->binding = binding;
    binder->program = program;
    binder->error = error;
    binder->sink = (program->register_file_bytes + 63) / 64 * 64;
    binder->scratch = binder->sink + LARGEST_ARRAY;
    binding->frame = binder->scratch + SCRATCH_ARRAYS * LARGEST_ARRAY;
    binding->top = binding->frame + WARP_LANES * sizeof(uint64_t);
    binding->bank_bytes = binding->top + WARP_LANES * sizeof(uint64_t);
    bool good = true;
    for (uint32_t k = 0; good && k < program->instruction_count; k++)
        good = bind_instruction(binder, k) || put_off_refusal(binder);
    for (uint32_t k = 0; k < binding->special_count; k++)
        binding->reserves_shared |= strncmp(binding->specials[k].what->name, "%reserved_smem", 14) == 0;
    good = good && bind_end(binder);
    if (good) {
        binding->constants = allocate(binder->constants.bytes);
        memcpy(binding->constants, binder->constants.lanes, binder->constants.bytes);
        binding->bank_bytes = (binding->bank_bytes + 63) / 64 * 64;
    } else {
        binding_free(binding);
        binding = NULL;
    }
    free(binder->constants.lanes);
    free(binder);
    return binding;
}

void binding_free(struct binding *binding) {
    if (binding == NULL)
        return;
    for (uint32_t k = 0; k < binding->program->instruction_count; k++)
        free((void *)(uintptr_t)binding->code[k].side);
    free(binding->specials);
    free(binding->constants);
    free(binding->code);
    free(binding);
}
