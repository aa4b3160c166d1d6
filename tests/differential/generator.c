#include "operations.h"
#include "program.h"

#include <string.h>

#define ROW(name, text, signature, result) {text, signature},
const struct operation operations[] = {OPERATIONS(ROW)};
const unsigned operation_count = sizeof operations / sizeof *operations;

const struct atomic atomics[] = {{"add", "u32"}, {"min", "s32"},  {"max", "u32"}, {"and", "b32"},
                                 {"xor", "b32"}, {"exch", "b32"}, {"inc", "u32"}, {"dec", "u32"},
                                 {"cas", "b32"}, {"add", "u64"},  {"cas", "b64"}};
const unsigned atomic_count = sizeof atomics / sizeof *atomics;
const struct atomic counters[COUNTERS] = {{"add", "u32"}, {"add", "u64"}, {"xor", "b32"}, {"or", "b32"},
                                          {"and", "b32"}, {"min", "s32"}, {"max", "u32"}, {"max", "s64"}};

static const struct memory_type memory_types[] = {{"u8", 1, false},  {"s8", 1, true},  {"b8", 1, false},
                                                  {"u16", 2, false}, {"s16", 2, true}, {"b32", 4, false},
                                                  {"u32", 4, false}, {"s32", 4, true}, {"f32", 4, false},
                                                  {"b64", 8, false}, {"s64", 8, true}};

unsigned free_registers(enum register_class class) {
    static const unsigned counts[CLASSES] = {FREE_H, FREE_R, FREE_D, FREE_P};
    return counts[class];
}

struct generator {
    struct random_program *program;
    uint64_t state;
    unsigned open[MAX_LABELS], open_count; /* labels that are branched to and have no place yet */
    unsigned depth, nesting;
    bool is_last_segment;
};

static unsigned below(struct generator *generator, unsigned bound) {
    generator->state = generator->state * 6364136223846793005u + 1442695040888963407u;
    uint64_t x = generator->state >> 33 ^ generator->state >> 15;
    return (unsigned)(x % bound);
}
static bool one_in(struct generator *generator, unsigned count) { return below(generator, count) == 0; }

static struct statement *append(struct generator *generator, unsigned kind) {
    struct random_program *program = generator->program;
    struct statement *statement = &program->statements[program->count++];
    *statement = (struct statement){.kind = kind, .guard = -1};
    return statement;
}
static bool is_full(const struct generator *generator) {
    const struct random_program *program = generator->program;
    return program->count > MAX_STATEMENTS - 64 || program->labels > MAX_LABELS - 16;
}

static int random_guard(struct generator *generator) { return (int)below(generator, 2 * FREE_P); }
static enum register_class class_of(char letter) {
    return letter == 'h' ? H : letter == 'r' ? R : letter == 'd' ? D : P;
}
static unsigned random_register(struct generator *generator, enum register_class class) {
    return below(generator, free_registers(class));
}
static struct operand random_source(struct generator *generator, enum register_class class) {
    return (struct operand){false, random_register(generator, class)};
}

/* An operation on registers, one of its operands perhaps an immediate. */
static struct statement *operate(struct generator *generator, unsigned number) {
    static const uint64_t immediates[] = {0, 1, 2, 5, 16, 31, 32, 33, 63, 255, 0x7fff, 0x8000, 0xffff};
    const struct operation *operation = &operations[number];
    struct statement *statement = append(generator, OPERATION);
    statement->operation = operation;
    statement->destination[0] = random_register(generator, class_of(operation->signature[0]));
    unsigned k = 0;
    for (const char *at = operation->signature + 1; *at && strchr("hrdp", *at); at++, k++)
        statement->source[k] = random_source(generator, class_of(*at));
    bool is_float = strstr(operation->text, ".f") || strstr(operation->text, ".bf");
    if (one_in(generator, 4) && k > 1 && operation->signature[k] != 'p' && !is_float)
        statement->source[k - 1] =
            (struct operand){true, immediates[below(generator, sizeof immediates / sizeof *immediates)]};
    if (one_in(generator, 4))
        statement->guard = random_guard(generator);
    return statement;
}

/* The divisor, the last operand, is made odd in a register first. */
static void divide(struct generator *generator, unsigned number) {
    struct statement *odd, *division;
    enum register_class class = class_of(operations[number].signature[0]);
    unsigned divisor = random_register(generator, class);
    /* a | 1 by what there is: (a & ~1) + 1 in 16 bits, lop3 in 32, or in 64. */
    if (class == D) {
        odd = operate(generator, OP_or_b64);
        odd->source[1] = (struct operand){true, 1};
    } else if (class == R) {
        odd = operate(generator, OP_lop3_most);
        odd->source[1] = (struct operand){true, 1};
        odd->source[2] = (struct operand){true, 0xffffffff};
    } else {
        odd = operate(generator, OP_and_b16);
        odd->source[1] = (struct operand){true, 0xfffe};
        odd->guard = -1;
        odd->destination[0] = divisor;
        odd = operate(generator, OP_add_u16);
        odd->source[0] = (struct operand){false, divisor};
        odd->source[1] = (struct operand){true, 1};
    }
    odd->guard = -1;
    odd->destination[0] = divisor;
    division = operate(generator, number);
    division->source[1] = (struct operand){false, divisor};
}

static void compute(struct generator *generator) {
    unsigned number = below(generator, operation_count);
    if (number >= OP_div_u32 && number <= OP_rem_u16)
        divide(generator, number);
    else
        operate(generator, number);
}

/* A place in a slice: aligned for the access, fixed or by a register. */
static void place(struct generator *generator, struct statement *statement, unsigned bytes) {
    statement->space = below(generator, SPACES);
    statement->is_generic = one_in(generator, 4);
    statement->is_indexed = one_in(generator, 2);
    statement->offset = statement->is_indexed ? (SLICE_BYTES - 1) & ~(bytes - 1)
                                              : below(generator, SLICE_BYTES / bytes) * bytes;
    statement->source[3] = random_source(generator, R);
    statement->guard = one_in(generator, 3) ? random_guard(generator) : -1;
}

static void access(struct generator *generator) {
    struct statement *statement = append(generator, one_in(generator, 2) ? LOAD : STORE);
    statement->type = &memory_types[below(generator, sizeof memory_types / sizeof *memory_types)];
    statement->vector = 1u << below(generator, 3);
    if (statement->vector * statement->type->bytes > 16)
        statement->vector = 16 / statement->type->bytes;
    enum register_class least = statement->type->bytes <= 2 ? H : statement->type->bytes == 4 ? R : D;
    statement->class = least + below(generator, D - least + 1);
    unsigned first = below(generator, free_registers(statement->class) - statement->vector + 1);
    for (unsigned k = 0; k < statement->vector && k < 3; k++)
        statement->source[k] = random_source(generator, statement->class);
    for (unsigned k = 0; k < statement->vector; k++)
        statement->destination[k] = first + k;
    place(generator, statement, statement->vector * statement->type->bytes);
}

static bool is_64(const struct atomic *atomic) { return strcmp(atomic->type + 1, "64") == 0; }

static void change_atomically(struct generator *generator) {
    struct statement *statement = append(generator, ATOMIC);
    statement->what = below(generator, atomic_count);
    bool wide = is_64(&atomics[statement->what]);
    statement->class = wide ? D : R;
    statement->destination[0] = random_register(generator, statement->class);
    statement->source[0] = random_source(generator, statement->class);
    statement->source[1] = random_source(generator, statement->class);
    place(generator, statement, wide ? 8 : 4);
    if (statement->space == LOCAL) /* atom has no local memory */
        statement->space = GLOBAL;
}
static void count(struct generator *generator) {
    struct statement *statement = append(generator, COUNT);
    statement->what = below(generator, COUNTERS);
    statement->class = is_64(&counters[statement->what]) ? D : R;
    statement->source[0] = random_source(generator, statement->class);
    statement->guard = one_in(generator, 3) ? random_guard(generator) : -1;
}

static void call(struct generator *generator) {
    struct statement *statement = append(generator, CALL);
    statement->destination[0] = random_register(generator, R);
    for (unsigned k = 0; k < 3; k++)
        statement->source[k] = random_source(generator, R);
    statement->guard = one_in(generator, 2) ? random_guard(generator) : -1;
}

static unsigned new_label(struct generator *generator) { return generator->program->labels++; }
static void put_label(struct generator *generator, unsigned label) {
    append(generator, LABEL)->labels[0] = label;
}
static void branch(struct generator *generator, unsigned label, int guard) {
    struct statement *statement = append(generator, BRANCH);
    statement->labels[0] = label;
    statement->guard = guard;
}
/* A label further on: a new one or one that is awaited already. It may come to lie inside an arm or a loop. */
static unsigned forward_label(struct generator *generator) {
    if (generator->open_count > 0 && one_in(generator, 3))
        return generator->open[below(generator, generator->open_count)];
    return generator->open[generator->open_count++] = new_label(generator);
}

static void block(struct generator *generator, unsigned statements);

static void choice(struct generator *generator) {
    unsigned other = new_label(generator), end = new_label(generator);
    branch(generator, other, random_guard(generator));
    block(generator, 1 + below(generator, 5));
    branch(generator, end, -1);
    put_label(generator, other);
    block(generator, below(generator, 5));
    put_label(generator, end);
}

/* Up to three rounds; the counter only falls, so that a jump into the body cannot make it endless. */
static void loop(struct generator *generator) {
    unsigned top = new_label(generator), depth = generator->depth++;
    struct statement *start = operate(generator, OP_and_b32), *step, *test;
    start->guard = -1;
    start->destination[0] = FREE_R + depth;
    start->source[0] = random_source(generator, R);
    start->source[1] = (struct operand){true, 3};
    put_label(generator, top);
    block(generator, 2 + below(generator, 6));
    step = operate(generator, OP_sub_s32);
    step->guard = -1;
    step->destination[0] = FREE_R + depth;
    step->source[0] = (struct operand){false, FREE_R + depth};
    step->source[1] = (struct operand){true, 1};
    test = operate(generator, OP_setp_lt_s32);
    test->guard = -1;
    test->destination[0] = FREE_P + depth;
    test->source[0] = (struct operand){true, 0};
    test->source[1] = (struct operand){false, FREE_R + depth};
    branch(generator, top, (int)(2 * (FREE_P + depth)));
    generator->depth--;
}

static void branch_by_table(struct generator *generator) {
    struct statement *index = operate(generator, OP_and_b32);
    index->guard = -1;
    index->destination[0] = INDEX_R;
    index->source[0] = random_source(generator, R);
    index->source[1] = (struct operand){true, TABLE_LABELS - 1};
    struct statement *table = append(generator, TABLE);
    table->guard = one_in(generator, 2) ? random_guard(generator) : -1;
    for (unsigned k = 0; k < TABLE_LABELS; k++)
        table->labels[k] = forward_label(generator);
}

static void one_statement(struct generator *generator) {
    if (generator->open_count > 0 && one_in(generator, 4)) {
        unsigned k = below(generator, generator->open_count);
        put_label(generator, generator->open[k]);
        generator->open[k] = generator->open[--generator->open_count];
    }
    bool may_nest = generator->nesting < 4;
    switch (is_full(generator) ? 0 : below(generator, 24)) {
    case 23:
        if (may_nest && generator->depth < MAX_DEPTH)
            return loop(generator);
        break;
    case 22:
    case 21:
        if (may_nest)
            return choice(generator);
        break;
    case 20:
    case 19:
        return branch(generator, forward_label(generator), random_guard(generator));
    case 18:
        if (one_in(generator, 3))
            return branch_by_table(generator);
        break;
    case 17:
    case 16:
    case 15:
    case 14:
        return access(generator);
    case 13:
        return change_atomically(generator);
    case 12:
        return count(generator);
    case 10:
        if (one_in(generator, 2))
            return call(generator);
        break;
    case 11:
        if (generator->is_last_segment && one_in(generator, 3)) {
            append(generator, EXIT)->guard = random_guard(generator);
            return;
        }
        break;
    }
    compute(generator);
}
static void block(struct generator *generator, unsigned statements) {
    generator->nesting++;
    while (statements-- > 0)
        one_statement(generator);
    generator->nesting--;
}

static void collective(struct generator *generator) {
    struct statement *statement = append(generator, COLLECTIVE);
    statement->what = below(generator, COLLECTIVES);
    statement->destination[0] = random_register(generator, R);
    statement->destination[1] = random_register(generator, P);
    statement->source[0] = random_source(generator, R);
    statement->source[1] = random_source(generator, P);
    statement->source[2] = (struct operand){true, below(generator, 32)};
    statement->offset = below(generator, SLICE_BYTES / 4) * 4;
    statement->source[3] = (struct operand){true, one_in(generator, 3) ? 0x181f : 0x1f};
}

void program_generate(struct random_program *program, uint64_t seed) {
    struct generator generator = {.program = program, .state = seed * 0x9e3779b97f4a7c15u + 1};
    program->seed = seed;
    program->count = program->labels = 0;
    /* A straight line now and then; a block of any size when its lanes never meet. */
    unsigned segments = 1 + below(&generator, 3);
    program->threads =
        segments == 1 ? 1 + below(&generator, MAX_THREADS) : 32 * (1 + below(&generator, MAX_THREADS / 32));
    for (unsigned k = 0; k < segments; k++) {
        generator.is_last_segment = k + 1 == segments;
        block(&generator, 8 + below(&generator, 24));
        while (generator.open_count > 0)
            put_label(&generator, generator.open[--generator.open_count]);
        if (!generator.is_last_segment)
            collective(&generator);
    }
}
