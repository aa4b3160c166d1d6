/* Binding: each instruction's row of the table, its operands (operand_binding.c), what else its handler needs. */
#include "binder.h"
#include "call.h"
#include "instruction_table.h"
#include "observe.h"
#include "refusal.h"
#include "ulp.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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
        return binder_refuse(binder, "'%s' has no cache policy", instruction->opcode);
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
            return binder_refuse(binder, "'%s' has more operands than the virtual GPU knows",
                                 instruction->opcode);
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
        } else if (operand_is_in_frame(from))
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
        return binder_refuse(binder, "'%s' has %u operands here, which the virtual GPU does not know",
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
    struct fitted *fitted = binder_allocate(sizeof *fitted);
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
        return binder_refuse(binder, "the guard %s is not a predicate", reg->name);
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
        return binder_refuse(binder, "the kernel calls %s, a function that the virtual GPU does not provide",
                             instruction->operands[0].callee->name);
    if (kind)
        return binder_refuse(binder, "'%s' %s, which the virtual GPU does not have", opcode, kind);
    return binder_refuse(binder, "the virtual GPU does not know the instruction '%s'", opcode);
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
    struct binding *binding = binder_allocate(sizeof *binding);
    struct binder *binder = binder_allocate(sizeof *binder);
    binding->program = program;
    binding->device = *device;
    binding->code = binder_allocate((program->instruction_count + 1) * sizeof *binding->code);
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
        binding->constants = binder_allocate(binder->constants.bytes);
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
