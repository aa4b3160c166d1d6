/*
 * Lowering must not change what a kernel does. The check is independent of it: a walker follows one thread through the
 * module's own functions (calls, scopes, virtual registers) and through the lowered program (one list, slots), with
 * symbols for values: a result is a hash of its opcode and sources, a branch is taken by a bit of its predicate's symbol.
 * Both must have the same effects in the same order: loads, stores, barriers, calls of functions without a body, exits.
 */
#include "host/vgpu/ptx/program.h"

#include <criterion/criterion.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef uint64_t symbol;

static symbol mix(symbol a, symbol b) {
    symbol x = (a ^ (b + 0x9e3779b97f4a7c15u + (a << 6) + (a >> 2))) * 0xbf58476d1ce4e5b9u;
    return (x ^ x >> 29) * 0x94d049bb133111ebu ^ x >> 32;
}

static symbol symbol_of(const char *name) {
    symbol value = 1;
    while (*name)
        value = mix(value, (unsigned char)*name++);
    return value;
}

enum { MOST_CELLS = 4096, MOST_EFFECTS = 400, MOST_STEPS = 50000 };

/* A copy of a function that runs: its registers, and where its variables stand for those of its caller. */
struct frame {
    const struct frame *caller;
    const struct ptx_function *function;
    const struct ptx_instruction *call; /* in the caller's function */
    symbol *registers;
};

struct walker {
    const struct program *program; /* NULL: walks the module's functions */
    const struct ptx_function *entry;
    symbol seed;
    struct cell {
        const struct frame *frame;
        const struct ptx_variable *variable;
        int64_t offset;
        symbol value;
    } cells[MOST_CELLS]; /* local and call-parameter variables, accessed by name */
    unsigned cell_count;
    symbol effects[MOST_EFFECTS];
    unsigned effect_count, steps;
    bool ended, cut;
    struct allocation {
        struct allocation *next;
        symbol memory[];
    } * allocations; /* frames are not reused: cells are known by them */
};

/* Zeroed; freed when the walk ends. */
static void *allocate(struct walker *walker, size_t bytes) {
    struct allocation *allocation = calloc(1, sizeof *allocation + bytes);
    cr_assert_not_null(allocation);
    allocation->next = walker->allocations;
    walker->allocations = allocation;
    return allocation->memory;
}

static bool begins(const char *opcode, const char *base) {
    size_t length = strlen(base);
    return strncmp(opcode, base, length) == 0 && (opcode[length] == '.' || !opcode[length]);
}

static symbol *register_at(const struct walker *walker, const struct frame *frame, uint32_t reg) {
    uint32_t slot = walker->program ? walker->program->registers[reg].slot : 0;
    cr_assert(!walker->program || slot < walker->program->register_file_bytes,
              "a register without a slot is used");
    return &frame->registers[walker->program ? slot / 4 : reg];
}

/* A random path may reach a register that was never written; what it holds is nobody's promise, so the walk is cut there. */
static symbol read_register(struct walker *walker, const struct frame *frame, uint32_t reg) {
    symbol value = *register_at(walker, frame, reg);
    if (value == 0 && !walker->program)
        walker->ended = walker->cut = true;
    return value;
}

/* The caller's operand for a formal parameter or result of the frame's function, else NULL. */
static const struct ptx_operand *actual_of(const struct frame *frame, const struct ptx_variable *formal) {
    for (uint32_t i = 0; frame->call && i < frame->function->result_count; i++)
        if (frame->function->results[i] == formal)
            return &frame->call->operands[1].elements[i];
    for (uint32_t i = 0; frame->call && i < frame->function->parameter_count; i++)
        if (frame->function->parameters[i] == formal)
            return &frame->call->operands[2].elements[i];
    return NULL;
}

static symbol *cell_at(struct walker *walker, const struct frame *frame, const struct ptx_variable *variable,
                       int64_t offset) {
    const struct ptx_operand *actual;
    while ((actual = actual_of(frame, variable)) && actual->kind == PTX_OPERAND_VARIABLE) {
        variable = actual->variable;
        frame = frame->caller;
    }
    for (unsigned i = 0; i < walker->cell_count; i++) {
        struct cell *cell = &walker->cells[i];
        if (cell->frame == frame && cell->variable == variable && cell->offset == offset)
            return &cell->value;
    }
    cr_assert_lt(walker->cell_count, MOST_CELLS);
    walker->cells[walker->cell_count] = (struct cell){frame, variable, offset, 0};
    return &walker->cells[walker->cell_count++].value;
}

/* Memory of the thread's own that is accessed by name: local variables and parameters of calls. */
static bool is_own(const struct walker *walker, const struct ptx_variable *variable) {
    if (!variable || (variable->space != PTX_SPACE_LOCAL && variable->space != PTX_SPACE_PARAM))
        return false;
    for (uint32_t i = 0; i < walker->entry->parameter_count; i++)
        if (walker->entry->parameters[i] == variable)
            return false;
    return true;
}

static symbol value_of(struct walker *walker, const struct frame *frame, const struct ptx_operand *operand) {
    symbol value = 0;
    switch (operand->kind) {
    case PTX_OPERAND_REGISTER:
        value = read_register(walker, frame, operand->reg);
        return operand->negated ? mix(value, 77) : value;
    case PTX_OPERAND_IMMEDIATE:
        return mix(operand->bits, 11);
    case PTX_OPERAND_VARIABLE:
        return mix(symbol_of(operand->variable->name), (symbol)operand->offset);
    case PTX_OPERAND_SPECIAL:
        return mix(symbol_of(operand->special), walker->seed);
    case PTX_OPERAND_ADDRESS:
        if (operand->base_is_register)
            value = read_register(walker, frame, operand->reg);
        else if (operand->variable)
            value = symbol_of(operand->variable->name);
        return mix(value, (symbol)operand->offset);
    case PTX_OPERAND_VECTOR:
        for (uint32_t i = 0; i < operand->element_count; i++)
            value = mix(value, value_of(walker, frame, &operand->elements[i]));
        return value;
    default:
        return 0;
    }
}

static void assign(struct walker *walker, const struct frame *frame, const struct ptx_operand *operand,
                   symbol value) {
    if (operand->kind == PTX_OPERAND_REGISTER)
        *register_at(walker, frame, operand->reg) = value;
    for (uint32_t i = 0; operand->kind == PTX_OPERAND_VECTOR && i < operand->element_count; i++)
        assign(walker, frame, &operand->elements[i], mix(value, i));
}

static void add_effect(struct walker *walker, symbol effect) {
    if (walker->cut)
        return;
    if (walker->effect_count < MOST_EFFECTS)
        walker->effects[walker->effect_count++] = effect;
    else
        walker->ended = true;
}

static symbol sources_of(struct walker *walker, const struct frame *frame,
                         const struct ptx_instruction *instruction, uint32_t first) {
    symbol value = symbol_of(instruction->opcode);
    for (uint32_t i = first; i < instruction->operand_count; i++)
        value = mix(value, value_of(walker, frame, &instruction->operands[i]));
    return value;
}

/* A load or store of own memory moves each element's symbol as it is. */
static void access_own(struct walker *walker, const struct frame *frame,
                       const struct ptx_instruction *instruction, bool stores) {
    const struct ptx_operand *address = &instruction->operands[!stores],
                             *value = &instruction->operands[stores];
    bool is_vector = value->kind == PTX_OPERAND_VECTOR;
    const char *type = strrchr(instruction->opcode, '.') + 2;
    for (uint32_t i = 0; i < (is_vector ? value->element_count : 1); i++) {
        const struct ptx_operand *element = is_vector ? &value->elements[i] : value;
        symbol *cell = cell_at(walker, frame, address->variable, address->offset + i * atoi(type) / 8);
        if (stores)
            *cell = value_of(walker, frame, element);
        else
            assign(walker, frame, element, *cell);
    }
}

static void walk(struct walker *walker, const struct frame *frame, const struct ptx_instruction *instructions,
                 uint32_t count);

/* A scalar that is passed by way of a parameter's variable, or as it stands. */
static symbol argument_value(struct walker *walker, const struct frame *frame,
                             const struct ptx_operand *argument) {
    if (argument->kind == PTX_OPERAND_VARIABLE && is_own(walker, argument->variable))
        return *cell_at(walker, frame, argument->variable, 0);
    return value_of(walker, frame, argument);
}

static void walk_call(struct walker *walker, const struct frame *frame, const struct ptx_instruction *call) {
    const struct ptx_function *callee = call->operands[0].callee;
    const struct ptx_operand *results = &call->operands[1], *arguments = &call->operands[2];
    if (callee->is_defined) {
        cr_assert_null(walker->program, "a call of '%s' is left", callee->name);
        struct frame *inner = allocate(walker, sizeof *inner);
        *inner = (struct frame){frame, callee, call,
                                allocate(walker, (callee->register_count + 1) * sizeof(symbol))};
        for (uint32_t i = 0; i < callee->parameter_count; i++)
            if (arguments->elements[i].kind != PTX_OPERAND_VARIABLE)
                *cell_at(walker, inner, callee->parameters[i], 0) =
                    value_of(walker, frame, &arguments->elements[i]);
        walk(walker, inner, callee->instructions, callee->instruction_count);
        for (uint32_t i = 0; i < callee->result_count; i++)
            if (results->elements[i].kind == PTX_OPERAND_REGISTER)
                assign(walker, frame, &results->elements[i], *cell_at(walker, inner, callee->results[i], 0));
        return;
    }
    symbol effect = symbol_of(callee->name);
    for (uint32_t i = 0; i < arguments->element_count; i++)
        effect = mix(effect, argument_value(walker, frame, &arguments->elements[i]));
    add_effect(walker, effect);
    for (uint32_t i = 0; i < results->element_count; i++) {
        symbol value = mix(mix(effect, walker->effect_count), i);
        if (results->elements[i].kind == PTX_OPERAND_VARIABLE)
            *cell_at(walker, frame, results->elements[i].variable, 0) = value;
        else
            assign(walker, frame, &results->elements[i], value);
    }
}

static bool has_effect(const char *opcode) {
    static const char *const bases[] = {"ld",     "st",    "atom",      "red",  "bar",   "barrier",
                                        "membar", "fence", "shfl",      "vote", "match", "redux",
                                        "trap",   "exit",  "nanosleep", "ret"};
    for (size_t i = 0; i < sizeof bases / sizeof *bases; i++)
        if (begins(opcode, bases[i]))
            return true;
    return false;
}

/* One thread through a list of instructions, until it returns or ends. */
static void walk(struct walker *walker, const struct frame *frame, const struct ptx_instruction *instructions,
                 uint32_t count) {
    for (uint32_t at = 0; at < count && !walker->ended;) {
        const struct ptx_instruction *instruction = &instructions[at++];
        const char *opcode = instruction->opcode;
        if (++walker->steps == MOST_STEPS || walker->cell_count > MOST_CELLS / 2)
            walker->ended = walker->cut = true;
        if (instruction->guard != PTX_NO_GUARD &&
            (read_register(walker, frame, instruction->guard) >> 13 & 1) == instruction->guard_negated)
            continue;
        const struct ptx_operand *operands = instruction->operands;
        bool loads = begins(opcode, "ld"), stores = begins(opcode, "st");
        if (begins(opcode, "bra")) {
            at = operands[0].label;
        } else if (begins(opcode, "brx")) {
            at =
                operands[1].elements[value_of(walker, frame, &operands[0]) % operands[1].element_count].label;
        } else if (begins(opcode, "call")) {
            walk_call(walker, frame, instruction);
        } else if (begins(opcode, "ret") && frame->caller) {
            return;
        } else if ((loads || stores) && is_own(walker, operands[loads].variable) &&
                   !operands[loads].base_is_register) {
            access_own(walker, frame, instruction, stores);
        } else if (begins(opcode, "ld") && strstr(opcode, ".param")) {
            assign(walker, frame, &operands[0], value_of(walker, frame, &operands[1]));
        } else if (has_effect(opcode)) {
            bool reads_all = stores || begins(opcode, "bar") || begins(opcode, "nanosleep");
            symbol effect = sources_of(walker, frame, instruction, !reads_all);
            add_effect(walker, effect);
            if (!reads_all && instruction->operand_count)
                assign(walker, frame, &operands[0], mix(effect, walker->effect_count));
            walker->ended |= begins(opcode, "ret") || begins(opcode, "exit") || begins(opcode, "trap");
        } else if (begins(opcode, "mov") && operands[0].kind == PTX_OPERAND_REGISTER &&
                   operands[1].kind != PTX_OPERAND_VECTOR) {
            assign(walker, frame, &operands[0], value_of(walker, frame, &operands[1]));
        } else {
            assign(walker, frame, &operands[0], sources_of(walker, frame, instruction, 1));
        }
    }
}

/* Running off the entry's end is a return. */
static void walk_entry(struct walker *walker, const struct ptx_function *entry, const struct program *program,
                       symbol seed) {
    struct frame frame = {.function = entry};
    memset(walker, 0, sizeof *walker);
    walker->program = program;
    walker->entry = entry;
    walker->seed = seed;
    frame.registers =
        allocate(walker, (program ? program->register_file_bytes / 4 + 1 : entry->register_count + 1) *
                             sizeof(symbol));
    walk(walker, &frame, program ? program->instructions : entry->instructions,
         program ? program->instruction_count : entry->instruction_count);
    if (!walker->ended)
        add_effect(walker, symbol_of("ret"));
    while (walker->allocations) {
        struct allocation *next = walker->allocations->next;
        free(walker->allocations);
        walker->allocations = next;
    }
}

static struct walker before, after;
static unsigned long compared;

static void expect_same_effects(const struct program *program, symbol seed, const char *text) {
    walk_entry(&before, program->entry, NULL, seed);
    walk_entry(&after, program->entry, program, seed);
    bool cut = before.cut || after.cut;
    unsigned count = before.effect_count < after.effect_count ? before.effect_count : after.effect_count;
    cr_assert(cut || before.effect_count == after.effect_count, "'%s', seed %llu: %u effects became %u\n%s",
              program->name, (unsigned long long)seed, before.effect_count, after.effect_count, text);
    for (unsigned i = 0; i < count; i++)
        cr_assert_eq(before.effects[i], after.effects[i], "'%s', seed %llu: effect %u differs\n%s",
                     program->name, (unsigned long long)seed, i, text);
    compared += count;
}

static unsigned slot_bytes(enum ptx_type type) {
    switch (ptx_type_bytes(type)) {
    case 0:
        return 4;
    case 1:
        return 64;
    default:
        return 32 * ptx_type_bytes(type);
    }
}

/* Slots lie in the file, aligned, and overlap only where they are the same bytes for each lane. */
static void expect_sound_slots(const struct program *program) {
    for (uint32_t i = 0; i < program->register_count; i++) {
        uint32_t a = program->registers[i].slot, a_bytes = slot_bytes(program->registers[i].type);
        if (a == PTX_NO_SLOT)
            continue;
        cr_assert_leq(a + a_bytes, program->register_file_bytes);
        cr_assert_eq(a % (a_bytes == 4 ? 4 : 64), 0);
        for (uint32_t j = 0; j < i; j++) {
            uint32_t b = program->registers[j].slot, b_bytes = slot_bytes(program->registers[j].type);
            bool apart = b == PTX_NO_SLOT || a + a_bytes <= b || b + b_bytes <= a;
            cr_assert(apart || (a == b && a_bytes == b_bytes), "%s and %s overlap",
                      program->registers[i].name, program->registers[j].name);
        }
    }
}

static const char *const any_header = ".version 8.0\n.target sm_80\n.address_size 64\n";

static struct ptx_module *read(const char *text) {
    struct ptx_error error;
    struct ptx_module *module = ptx_read(text, &error);
    cr_assert_not_null(module, "line %u: %s\n%s", error.line, error.message, text);
    return module;
}

static struct program *lower(struct ptx_module *module, const char *name) {
    struct ptx_error error;
    struct program *program = program_lower(module, ptx_find_function(module, name), &error);
    cr_assert_not_null(program, "line %u: %s", error.line, error.message);
    return program;
}

static char *load(const char *name) {
    char path[1000];
    snprintf(path, sizeof path, "%s/%s", LOTTO_TEST_DATA, name);
    FILE *file = fopen(path, "rb");
    cr_assert_not_null(file, "%s cannot be opened", path);
    fseek(file, 0, SEEK_END);
    size_t bytes = (size_t)ftell(file);
    rewind(file);
    char *text = calloc(1, bytes + 1);
    cr_assert_eq(fread(text, 1, bytes, file), bytes);
    fclose(file);
    return text;
}

/* What nvcc makes of calls.cu: structs by value, nested calls, loops, printf, malloc, inline assembly. */
Test(vgpu_lowering, keeps_the_effects_of_compiled_code) {
    char *text = load("calls.ptx");
    struct ptx_module *module = read(text);
    unsigned long least = 0;
    for (uint32_t i = 0; i < module->function_count; i++) {
        if (!module->functions[i]->is_entry)
            continue;
        struct program *program = lower(module, module->functions[i]->name);
        expect_sound_slots(program);
        for (symbol seed = 1; seed <= 200; seed++)
            expect_same_effects(program, seed, "");
        least += 200;
        program_free(program);
    }
    cr_assert_gt(least, 0);
    cr_assert_gt(compared, 20 * least, "the walks ended before anything happened");
    ptx_free(module);
    free(text);
}

/* Random code: blocks that jump anywhere, guarded writes, chains of moves, pairs, vectors, calls. */
struct maker {
    char text[40000];
    size_t length;
    symbol state;
    unsigned names;
};

static unsigned pick(struct maker *maker, unsigned below) {
    maker->state = mix(maker->state, 5);
    return (unsigned)(maker->state >> 20) % below;
}

__attribute__((format(printf, 2, 3))) static void say(struct maker *maker, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    maker->length +=
        (size_t)vsnprintf(maker->text + maker->length, sizeof maker->text - maker->length, format, arguments);
    va_end(arguments);
    cr_assert_lt(maker->length, sizeof maker->text);
}

enum { REGISTERS = 9, PREDICATES = 4, BLOCKS = 7 };

static void make_statement(struct maker *maker, unsigned *once, unsigned first_once) {
    unsigned d = pick(maker, REGISTERS), a = pick(maker, REGISTERS), b = pick(maker, REGISTERS);
    unsigned p = pick(maker, PREDICATES), q = pick(maker, PREDICATES);
    /* A register that is written once, in this block, and read behind: what propagation looks for. */
    unsigned known = *once > first_once ? first_once + pick(maker, *once - first_once) : 0;
    unsigned kind = pick(maker, 16);
    bool writes_once = kind == 12 || kind == 13; /* not under a guard: it would be read undefined */
    if (!writes_once && pick(maker, 5) == 0)
        say(maker, "@%s%%p%u ", pick(maker, 2) ? "!" : "", pick(maker, PREDICATES));
    switch (kind) {
    case 0:
    case 1:
        say(maker, "add.s32 %%r%u, %%r%u, %%r%u;\n", d, a, b);
        break;
    case 2:
    case 3:
        say(maker, "mov.b32 %%r%u, %%r%u;\n", d, a);
        break;
    case 4:
        say(maker, "mov.u32 %%r%u, %u;\n", d, a);
        break;
    case 5:
        say(maker, "mov.u64 %%rd%u, %%rd%u;\n", d, a);
        break;
    case 6:
        say(maker, "mul.wide.u32 %%rd%u, %%r%u, %%r%u;\n", d, a, b);
        break;
    case 7:
        say(maker, "mov.b64 {%%r%u, %%r%u}, %%rd%u;\n", d, (d + 1) % REGISTERS, b);
        break;
    case 8:
        say(maker, "st.global.u32 [%%rd%u], %%r%u;\n", a, b);
        break;
    case 9:
        say(maker, "ld.global.v2.u32 {%%r%u, %%r%u}, [%%rd%u+4];\n", d, (d + 1) % REGISTERS, a);
        break;
    case 10:
        say(maker, "setp.lt.and.s32 %%p%u|%%p%u, %%r%u, %%r%u, !%%p%u;\n", p, (p + 1) % PREDICATES, a, b, q);
        break;
    case 11:
        say(maker, "mov.pred %%p%u, %%p%u;\n", p, q);
        break;
    case 12:
        say(maker, "mov.b32 %%s%u, %%r%u;\n", (*once)++, a);
        break;
    case 13:
        if (known)
            say(maker, "mov.b32 %%s%u, %%s%u;\n", (*once)++, known);
        else
            say(maker, "mov.u32 %%s%u, %u;\n", (*once)++, a);
        break;
    case 14:
        if (known)
            say(maker, "st.shared.u32 [%%r%u], %%s%u;\n", a, known);
        else
            say(maker, "ld.shared.u32 %%r%u, [%%s0];\n", d);
        break;
    default:
        if (known)
            say(maker, "call (%%r%u), twist, (%%s%u, %%r%u);\n", d, known, a);
        else
            say(maker, "call (%%r%u), twist, (%%r%u, %u);\n", d, a, b);
    }
}

static void make_program(struct maker *maker, symbol seed) {
    maker->length = 0;
    maker->state = mix(seed, 99);
    say(maker,
        "%s.func (.param .b32 z) twist(.param .b32 x, .param .b32 y) {\n.reg .pred p; .reg .b32 a<4>;\n"
        "ld.param.u32 a0, [x]; ld.param.u32 a1, [y]; mov.b32 a2, a0; setp.lt.u32 p, a0, a1;\n"
        "st.param.b32 [z], a1; @p ret; @!p mov.b32 a2, a1; st.shared.u32 [a0], a1; xor.b32 a3, a2, a0; "
        "st.param.b32 [z], a3;\n}\n",
        any_header);
    say(maker,
        ".entry k(.param .u64 out) {\n.reg .pred %%p<%u>; .reg .b32 %%r<%u>, %%s<999>; .reg .b64 %%rd<%u>;\n",
        PREDICATES, REGISTERS, REGISTERS);
    for (unsigned i = 0; i < REGISTERS; i++)
        say(maker, "ld.global.u32 %%r%u, [%u]; ld.param.u64 %%rd%u, [out];\n", i, 4 * i, i);
    for (unsigned i = 0; i < PREDICATES; i++)
        say(maker, "setp.eq.u32 %%p%u, %%r%u, 7;\n", i, i);
    say(maker, "ld.global.u32 %%s0, [64];\n");
    unsigned once = 1;
    for (unsigned block = 0; block < BLOCKS; block++) {
        say(maker, "L%u:\n", block);
        unsigned first_once = once;
        for (unsigned statements = 2 + pick(maker, 14); statements; statements--)
            make_statement(maker, &once, first_once);
        if (pick(maker, 6) == 0)
            say(maker, "brx.idx %%r%u, {L%u, L%u, L%u};\n", pick(maker, REGISTERS), pick(maker, BLOCKS),
                pick(maker, BLOCKS), BLOCKS - 1);
        else
            say(maker, "@%%p%u bra L%u;\n", pick(maker, PREDICATES), pick(maker, BLOCKS));
    }
    for (unsigned i = 0; i < REGISTERS; i++)
        say(maker, "st.global.u32 [%%rd%u], %%r%u;\n", i, i);
    say(maker, "}\n");
}

Test(vgpu_lowering, keeps_the_effects_of_random_code) {
    static struct maker maker;
    unsigned long given = 0, left = 0;
    for (symbol seed = 1; seed <= 600; seed++) {
        make_program(&maker, seed);
        struct ptx_module *module = read(maker.text);
        struct program *program = lower(module, "k");
        expect_sound_slots(program);
        for (symbol walk_seed = 1; walk_seed <= 4; walk_seed++)
            expect_same_effects(program, mix(seed, walk_seed), maker.text);
        given += ptx_find_function(module, "k")->instruction_count;
        left += program->instruction_count;
        program_free(program);
        ptx_free(module);
    }
    cr_assert_gt(compared, 100000);
    cr_log_info("%lu effects compared; %lu instructions became %lu, calls inlined", compared, given, left);
}

#define MODULE(text) ".version 8.0\n.target sm_80\n.address_size 64\n" text
#define KERNEL(body)                                                                                         \
    MODULE(".entry k(.param .u64 out) { .reg .pred p, q; .reg .b32 a, b, c, d, r; .reg .b64 x, y;\n" body    \
           "\n}\n")

static struct ptx_module *module;
static struct program *program;

static void lower_text(const char *text) {
    module = read(text);
    program = lower(module, "k");
    expect_sound_slots(program);
}

static void release(void) {
    program_free(program);
    ptx_free(module);
}

TestSuite(vgpu_lowered, .fini = release);

static const struct ptx_instruction *find(const char *opcode, int occurrence) {
    for (uint32_t i = 0; i < program->instruction_count; i++)
        if (strcmp(program->instructions[i].opcode, opcode) == 0 && occurrence-- == 0)
            return &program->instructions[i];
    return NULL;
}

static uint32_t slot_of(const struct ptx_operand *operand) { return program->registers[operand->reg].slot; }

/* d holds the last round's value when it is read, s this round's: s must not stand in for d. */
Test(vgpu_lowered, copies_of_another_round_stay) {
    lower_text(KERNEL(
        "ld.param.u64 x, [out]; ld.global.u32 b, [x]; setp.eq.u32 p, b, 0;\n"
        "again: ld.volatile.global.u32 a, [x]; @p st.global.u32 [x], d; mov.b32 d, a; setp.eq.u32 p, d, 3;\n"
        "@p bra again; ret;"));
    cr_expect_neq(slot_of(&find("st.global.u32", 0)->operands[1]),
                  slot_of(&find("ld.volatile.global.u32", 0)->operands[0]));
}

Test(vgpu_lowered, two_results_never_share) {
    lower_text(KERNEL("ld.volatile.global.v2.u32 {a, b}, [64]; bar.sync 0; ld.global.u32 c, [64];"));
    const struct ptx_operand *unread = &find("ld.volatile.global.v2.u32", 0)->operands[0];
    cr_expect_neq(slot_of(&unread->elements[0]), slot_of(&unread->elements[1]),
                  "nobody reads them, yet they are written");
    cr_expect_eq(program->register_file_bytes, 2 * 128);
}

Test(vgpu_lowered, registers_share_slots) {
    lower_text(MODULE(
        ".entry k() { .reg .b32 r<100>;\nld.global.u32 r0, [64];\n"
        "add.u32 r1, r0, 1; add.u32 r2, r1, r0; add.u32 r3, r2, 3; add.u32 r4, r3, r2; add.u32 r5, r4, 5;\n"
        "st.global.u32 [64], r5; }"));
    cr_expect_eq(program->register_file_bytes, 2 * 128);
    cr_expect_eq(program->registers_per_thread, 2);
}

Test(vgpu_lowered, moves_disappear) {
    lower_text(KERNEL(
        "ld.const.u32 r, [64]; ld.global.u32 a, [64]; mov.b32 b, a; mov.u32 c, 5; st.global.u32 [68], b;\n"
        "st.global.u32 [72], c; setp.eq.u32 p, r, 1; mov.b32 d, a; @p bra done; mov.b32 d, 9;\n"
        "done: st.global.u32 [76], d; ret;"));
    cr_expect_eq(find("st.global.u32", 0)->operands[1].reg, find("ld.global.u32", 0)->operands[0].reg);
    cr_expect_eq(find("st.global.u32", 1)->operands[1].kind, PTX_OPERAND_IMMEDIATE);
    cr_expect_eq(find("st.global.u32", 1)->operands[1].bits, 5);
    cr_expect_null(find("mov.u32", 0));
    cr_expect_eq(find("mov.b32", 0)->operands[1].bits, 9,
                 "a and d share a slot: only the other value is moved");
    cr_expect_null(find("mov.b32", 1));
}

Test(vgpu_lowered, numbers_only_where_width_and_kind_fit) {
    lower_text(KERNEL("mov.u32 a, 5; mov.b32 b, 0f3F800000; cvt.u64.u32 x, a; st.global.u64 [64], x; "
                      "st.global.b32 [72], b;\n"
                      "mov.u64 y, 7; st.global.u32 [80], y; ret;"));
    cr_expect_eq(find("cvt.u64.u32", 0)->operands[1].kind, PTX_OPERAND_REGISTER);
    cr_expect_eq(find("st.global.b32", 0)->operands[1].kind, PTX_OPERAND_REGISTER, "a float is no .b32");
    cr_expect_eq(find("st.global.u32", 0)->operands[1].kind, PTX_OPERAND_REGISTER,
                 "a 64-bit register is no .u32");
}

Test(vgpu_lowered, dead_and_unreachable_code_goes) {
    lower_text(KERNEL("ld.param.u64 x, [out]; add.u64 y, x, 1; ld.global.u32 a, [64]; add.cc.u32 b, a, a;\n"
                      "bra over; st.global.u32 [64], a; over: bar.sync 0;"));
    cr_expect_null(find("ld.param.u64", 0));
    cr_expect_null(find("add.u64", 0));
    cr_expect_null(find("st.global.u32", 0));
    cr_expect_not_null(find("ld.global.u32", 0), "a load may fault");
    cr_expect_not_null(find("add.cc.u32", 0), "it writes the condition code");
    cr_expect_str_eq(program->instructions[program->instruction_count - 1].opcode, "ret");
    cr_expect_eq(find("bra", 0)->operands[0].label, (uint32_t)(find("bar.sync", 0) - program->instructions));
}

static const char *const two_calls =
    MODULE(".shared .align 4 .b8 unused[4000]; .extern .shared .align 16 .b8 dynamic[];\n"
           ".func inner(.param .b32 n) { .shared .align 8 .b8 once[24]; .local .align 4 .b8 own[40]; .reg "
           ".b32 r; .reg .b64 d;\n"
           "ld.param.u32 r, [n]; st.shared.u32 [once+4], r; st.local.u32 [own+8], r; mov.u64 d, dynamic; "
           "st.shared.u32 [d], r; }\n"
           ".func outer(.param .b32 n) { .local .align 8 .b8 big[100]; .reg .b32 r; ld.param.u32 r, [n]; "
           "st.local.u32 [big], r;\n"
           "{ .param .b32 p; st.param.b32 [p], r; call inner, (p); } }\n"
           ".entry k() { .reg .b32 r; ld.global.u32 r, [64];\n"
           "{ .param .b32 p; st.param.b32 [p], r; call outer, (p); }\n{ .param .b32 p; st.param.b32 [p], 7; "
           "call outer, (p); } }\n");

Test(vgpu_lowered, shared_once_and_local_as_on_a_stack) {
    lower_text(two_calls);
    const struct ptx_variable *first = find("st.shared.u32", 0)->operands[0].variable;
    const struct ptx_variable *second = find("st.shared.u32", 2)->operands[0].variable;
    cr_expect_eq(first, second, "one static variable for both copies of the function");
    cr_expect_eq(program->static_shared_bytes, 24, "what nobody names takes no room");
    cr_expect_eq(program->dynamic_shared_offset, 128);
    cr_expect_eq(find("mov.u64", 0)->operands[1].variable->address, 128);
    cr_expect_eq(find("st.local.u32", 0)->operands[0].variable->address, 0);   /* big */
    cr_expect_eq(find("st.local.u32", 1)->operands[0].variable->address, 100); /* own */
    cr_expect_eq(find("st.local.u32", 2)->operands[0].variable->address, 0);
    cr_expect_eq(find("st.local.u32", 3)->operands[0].variable->address, 100);
    cr_expect_eq(program->local_bytes, 144);
    cr_expect_null(find("call", 0));
    cr_expect_null(find("ld.param.u32", 0), "parameters of calls are registers or numbers");
    cr_expect_eq(find("st.shared.u32", 2)->operands[1].bits, 7);
}

Test(vgpu_lowered, bytes_of_calls_lie_in_local_memory) {
    lower_text(MODULE(
        ".func (.param .b32 z) f(.param .align 4 .b8 s[8]) { .reg .b32 r; .reg .b16 h; .reg .b64 a, b;\n"
        "ld.param.u8 h, [s+1]; cvt.u32.u16 r, h; mov.b64 a, s; cvta.param.u64 b, a; st.global.u64 [64], b;\n"
        "ld.param.u32 r, [a+4]; st.param.b32 [z], r; }\n"
        ".entry k() { .reg .b32 r; { .param .align 4 .b8 p[8]; .param .b32 q; st.param.b32 [p], 1;\n"
        "st.param.b32 [p+4], 2; call (q), f, (p); ld.param.b32 r, [q]; } st.global.u32 [64], r; }\n"));
    cr_expect_eq(find("st.local.b32", 1)->operands[0].variable->space, PTX_SPACE_LOCAL);
    cr_expect_eq(find("st.local.b32", 1)->operands[0].offset, 4);
    cr_expect(find("ld.local.u32", 0)->operands[1].base_is_register);
    cr_expect_not_null(find("cvta.local.u64", 0));
    cr_expect_null(find("st.param.b32", 0));
    cr_expect_eq(program->local_bytes, 16);
}

Test(vgpu_lowered, parameters_of_another_width_lie_in_local_memory) {
    lower_text(MODULE(".func f(.param .b32 n) { .reg .b32 r; ld.param.u32 r, [n]; st.global.u32 [64], r; }\n"
                      ".entry k() { .reg .b64 x; ld.global.u64 x, [64]; { .param .b32 p; st.param.b32 [p], "
                      "x; call f, (p); } }\n"));
    cr_expect_not_null(find("st.local.b32", 0));
    cr_expect_not_null(find("ld.local.u32", 0));
}

Test(vgpu_lowered, calls_without_a_body_stay) {
    lower_text(
        MODULE(".extern .func (.param .b32 r) vprintf(.param .b64 f, .param .b64 a);\n"
               ".extern .func take(.param .align 4 .b8 s[8], .param .b32 n);\n"
               ".entry k() { .reg .b32 r; .reg .b64 x; ld.global.u64 x, [64];\n"
               "{ .param .b64 p; .param .b64 q; .param .b32 z; st.param.b64 [p], x; st.param.b64 [q], 0;\n"
               "call.uni (z), vprintf, (p, q); ld.param.b32 r, [z]; } st.global.u32 [64], r;\n"
               "{ .param .align 4 .b8 s[8]; st.param.b32 [s+4], r; call take, (s, 5); } }\n"));
    const struct ptx_operand *call = find("call.uni", 0)->operands;
    cr_expect_str_eq(call[0].callee->name, "vprintf");
    cr_assert_eq(call[1].element_count, 1);
    cr_expect_eq(slot_of(&call[1].elements[0]), slot_of(&find("st.global.u32", 0)->operands[1]));
    cr_assert_eq(call[2].element_count, 2);
    cr_expect_eq(call[2].elements[0].kind, PTX_OPERAND_REGISTER);
    call = find("call", 0)->operands;
    cr_expect_eq(call[2].elements[0].kind, PTX_OPERAND_VARIABLE);
    cr_expect_eq(call[2].elements[0].variable->space, PTX_SPACE_LOCAL);
    cr_expect_eq(call[2].elements[1].bits, 5);
    cr_expect_not_null(find("st.local.b32", 0));
}

/* Of functions that call each other only as many stay as cut every circle. */
Test(vgpu_lowered, recursive_calls_stay) {
    lower_text(MODULE(".func f();\n.func g() { bar.sync 1; call f; }\n.func f() { bar.sync 2; call g; }\n"
                      ".func h() { bar.sync 3; }\n.entry k() { call g; call h; bar.sync 0; }\n"));
    cr_assert_eq(program->routine_count, 2);
    cr_expect_str_eq(program->routines[1].function->name, "g");
    cr_expect(program->uses_stack);
    unsigned calls = 0, barriers = 0;
    for (uint32_t i = 0; i < program->instruction_count; i++) {
        calls += strcmp(program->instructions[i].opcode, "call") == 0;
        barriers += strcmp(program->instructions[i].opcode, "bar.sync") == 0;
    }
    cr_expect_eq(calls, 2);    /* the kernel's of g and, in g, the inlined f's */
    cr_expect_eq(barriers, 4); /* each once */
}

/* What a call keeps: the registers that are live behind it. */
Test(vgpu_lowered, calls_keep_what_is_live) {
    lower_text(MODULE(
        ".func (.param .b32 z) f(.param .b32 n) { .reg .b32 a, b, c; .reg .pred p; ld.param.b32 a, [n];\n"
        "setp.gt.u32 p, a, 5; add.u32 b, a, 1; add.u32 c, b, 2;\n"
        "{ .param .b32 q; .param .b32 y; st.param.b32 [q], b; call (y), f, (q); ld.param.b32 b, [y]; }\n"
        "@p add.u32 b, b, c; st.param.b32 [z], b; ret; }\n"
        ".entry k() { { .param .b32 q; .param .b32 y; st.param.b32 [q], 5; call (y), f, (q); } }\n"));
    cr_assert_eq(program->routine_count, 2);
    cr_expect_eq(find("call", 0)->operands[2].element_count, 0);
    const struct ptx_operand *kept = &find("call", 1)->operands[2];
    cr_assert_eq(kept->element_count, 2);
    cr_expect_str_eq(program->registers[kept->elements[0].reg].name, "c");
    cr_expect_str_eq(program->registers[kept->elements[1].reg].name, "p");
    cr_expect_eq(program->routines[1].frame_bytes, 8); /* n and z */
}

/* Only functions whose address is taken, and whose formals lie where the call's do. */
Test(vgpu_lowered, indirect_calls_have_targets) {
    lower_text(MODULE(".func taken(.param .b32 n) { ret; }\n.func other(.param .b64 n) { ret; }\n"
                      ".func named(.param .b32 n) { ret; }\n.func listed(.param .b32 n) { ret; }\n"
                      ".global .u64 table[2] = {listed, other};\n"
                      ".entry k() { .reg .b64 x; ld.global.u64 x, [table]; .param .b32 q; call named, (q);\n"
                      "proto: .callprototype _ (.param .b32 _);\ncall x, (q), proto; mov.u64 x, taken; "
                      "st.global.u64 [table], x; }\n"));
    cr_assert_eq(program->routine_count, 3);
    cr_expect_str_eq(program->routines[1].function->name, "taken");
    cr_expect_str_eq(program->routines[2].function->name, "listed");
}

static const struct refusal {
    const char *text;
    uint32_t line;
    const char *says;
} refusals[] = {
    {KERNEL("mov.u64 x, 5;\nproto: .callprototype _ (.param .b32 _);\ncall x, (), proto;"), 7,
     "'proto' has 0 results and 1 parameters"},
    {MODULE(".func f(.param .b8 s[40000]) { .param .b8 t[40000]; call f, (t); }\n.entry k() { .param .b8 "
            "t[40000]; call f, (t); }\n"),
     5,
     "the parameters and results of 'f' have 40000 bytes; a call that is not inlined passes at most 32764"},
    {KERNEL("proto: .callprototype _ (.param .b32 _);\n{ .param .b64 p; call x, (p), proto; }"), 6,
     "'p' of 8 bytes is passed for the parameter '_' of 4"},
    {MODULE(".func f(.param .b32 n) { ret; }\n.entry k() { call f; }\n"), 5,
     "'f' has 0 results and 1 parameters"},
    {MODULE(".func f(.param .b32 n) { ret; }\n.entry k() { .param .b64 p; call f, (p); }\n"), 5,
     "'p' of 8 bytes"},
    {MODULE(".func f(.param .b64 n) { ret; }\n.entry k(.param .b64 p) { call f, (p); }\n"), 5,
     "the kernel's parameter 'p' is passed on"},
    {MODULE(".func (.param .b32 z) f(.param .b32 n) { ret; }\n.entry k() { .param .b32 p; call (p), f, (p); "
            "}\n"),
     5, "'p' is both a result and an argument"},
    {MODULE(".entry j() { ret; }\n.entry k() { call j; }\n"), 5, "'j' is a kernel"},
    {MODULE(".extern .global .u32 far;\n.entry k() { .reg .b32 r; ld.global.u32 r, [far]; }\n"), 5,
     "'far' is .extern and this module does not define it"},
    {KERNEL("{ .param .b32 p;\nst.param.b64 [p], 5; }"), 6, "beyond the 4 bytes of the parameter 'p'"},
    {MODULE(".func f0() { ret; }\n.func f1() { call f0; call f0; }\n.func f2() { call f1; call f1; }\n.entry "
            "k() { call f2; }\n"
            ".entry m();\n"),
     0, NULL},
    {MODULE(".func k() { ret; }\n"), 0, "'k' is not a kernel with a body"},
};

Test(vgpu_lowering, refuses_in_words) {
    for (size_t i = 0; i < sizeof refusals / sizeof *refusals; i++) {
        struct ptx_error error;
        struct ptx_module *given = read(refusals[i].text);
        struct program *made = program_lower(given, ptx_find_function(given, "k"), &error);
        cr_expect_eq(made != NULL, refusals[i].says == NULL, "%s", refusals[i].text);
        if (refusals[i].says)
            cr_expect_not_null(strstr(error.message, refusals[i].says), "'%s' should say '%s'", error.message,
                               refusals[i].says);
        cr_expect_eq(error.line, refusals[i].line, "'%s' is about line %u, not %u", error.message,
                     refusals[i].line, error.line);
        program_free(made);
        ptx_free(given);
    }
}

/* Code that runs from the end of the text to its beginning: blocks whose successors all stand before them, and sums that nobody reads. */
Test(vgpu_lowering, long_chains_backwards, .timeout = 30) {
    enum { JUMPS = 30000, BYTES = 64 };
    char *text = malloc((JUMPS + 10) * BYTES), *at = text;
    at += sprintf(at,
                  MODULE(".entry k() {\n.reg .b32 %%r<%d>;\nbra L%d;\nL0: st.global.u32 [0], %%r0;\nret;\n"),
                  JUMPS + 1, JUMPS - 1);
    for (int i = 1; i < JUMPS; i++)
        at += sprintf(at, "L%d: add.u32 %%r%d, %%r%d, 1; bra L%d;\n", i, JUMPS - i, JUMPS - i + 1, i - 1);
    strcpy(at, "}\n");
    struct ptx_error error;
    struct ptx_module *given = read(text);
    struct program *made = program_lower(given, ptx_find_function(given, "k"), &error);
    cr_assert_not_null(made, "%s", error.message);
    cr_expect_eq(made->instruction_count, JUMPS + 2, "the sums are gone, the jumps stay");
    program_free(made);
    ptx_free(given);
    free(text);
}
