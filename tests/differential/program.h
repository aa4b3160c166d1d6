/*
 * Random programs in a form of their own: written as PTX for the virtual GPU (text.c), executed one thread at a time, statement
 * by statement, by a naive interpreter (interpreter.c) that shares nothing with it.
 *
 * A thread has registers of 16, 32 and 64 bits and predicates, a slice of 64 bytes in global, shared and local memory, and adds
 * to words all threads share, whose sums depend on no order. It calls functions that call themselves and each other. Branches stay inside a segment; at the end of one all threads meet.
 */
#ifndef LOTTO_TESTS_DIFFERENTIAL_PROGRAM_H
#define LOTTO_TESTS_DIFFERENTIAL_PROGRAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Register classes; h r d p in PTX. The last registers of r and p are the generator's: loop counters, an index. */
enum register_class { H, R, D, P, CLASSES };
enum {
    FREE_H = 5,
    FREE_R = 10,
    FREE_D = 6,
    FREE_P = 4,
    MAX_DEPTH = 3, /* of loops; each depth has its counter and predicate */
    INDEX_R = FREE_R + MAX_DEPTH,
    MAX_REGISTERS = FREE_R + MAX_DEPTH + 1,
    SLICE_BYTES = 64,
    MAX_STATEMENTS = 512,
    MAX_LABELS = 128,
    TABLE_LABELS = 4,
    MAX_THREADS = 128,
    COUNTERS = 8,
    RECORD_BYTES = 8 * (FREE_H + FREE_R + FREE_D + FREE_P) + 2 * SLICE_BYTES /* text.c */
};

struct operand {
    bool is_immediate;
    uint64_t value; /* or the register's number */
};

/*
 * What an operation is called in PTX, and the classes of its result and operands, letters of "hrdp"; then '#' and an immediate that
 * is part of it, or '!' when a NaN it makes has no particular payload: then one is given to it.
 */
struct operation {
    const char *text, *signature;
};
extern const struct operation operations[];
extern const unsigned operation_count;

enum space { GLOBAL, SHARED, LOCAL, SPACES };

/* Of memory: a type as PTX spells it. */
struct memory_type {
    const char *name;
    unsigned bytes;
    bool is_signed;
};

struct statement {
    enum {
        OPERATION, /* destination[0] = operation(source...) */
        LOAD,      /* destination[...] = slice */
        STORE,     /* slice = source[...] */
        ATOMIC,    /* destination[0] = slice word, changed by source[0] and for cas source[1] */
        COUNT,     /* a word of all threads, changed by source[0] */
        CALL,      /* destination[0] = a function of source[0] and source[1]; which of them source[2] says */
        BRANCH,    /* to a label */
        TABLE,     /* brx.idx by INDEX_R */
        LABEL,
        EXIT,      /* in the last segment alone */
        COLLECTIVE /* the end of a segment */
    } kind;
    int guard; /* -1, or a predicate's number times two, plus one if negated */
    const struct operation *operation;
    enum register_class class; /* of the registers of LOAD, STORE, ATOMIC, COUNT */
    unsigned destination[4];
    struct operand source[4];
    const struct memory_type *type;
    enum space space;
    bool is_generic, is_indexed; /* indexed: the offset is source[3] masked */
    unsigned vector, offset;
    unsigned labels[TABLE_LABELS];
    unsigned what; /* which atomic, counter or collective: an index of the names below */
};

extern const struct atomic { const char *name, *type; } atomics[];
extern const unsigned atomic_count;
/* The counter k is changed by counters[k]. */
extern const struct atomic counters[COUNTERS];

enum collective {
    SHUFFLE_UP,
    SHUFFLE_DOWN,
    SHUFFLE_BUTTERFLY,
    SHUFFLE_INDEX,
    BALLOT,
    VOTE_ALL,
    VOTE_ANY,
    MATCH_ANY,
    REDUX_ADD,
    REDUX_MIN,
    BARRIER,
    BARRIER_POPC,
    BARRIER_OR,
    NEIGHBOUR,
    COLLECTIVES
};

struct random_program {
    uint64_t seed;
    struct statement statements[MAX_STATEMENTS];
    unsigned count, labels, threads;
};

void program_generate(struct random_program *program, uint64_t seed);
/* As a module with an entry `kernel`. */
void program_write(const struct random_program *program, char *text, size_t size);

struct thread {
    uint64_t registers[CLASSES][MAX_REGISTERS];
    uint8_t slices[SPACES][SLICE_BYTES];
    unsigned carry;
    bool has_exited;
};
/*
 * The registers that start with a value are the first FREE_... of each class; every other is zero. False when it runs for too
 * many steps.
 */
bool program_interpret(const struct random_program *program, struct thread *threads,
                       uint64_t counters[COUNTERS]);

unsigned free_registers(enum register_class class);

#endif
