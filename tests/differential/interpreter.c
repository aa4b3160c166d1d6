/* One thread after the other, one statement after the other, each by the line that says what it means. */
#include "operations.h"
#include "program.h"
#include "tests/instruction/exact.h"

#include <string.h>

static int64_t S16(uint64_t a) { return (int16_t)a; }
static int64_t S32(uint64_t a) { return (int32_t)a; }
static int64_t S64(uint64_t a) { return (int64_t)a; }

static uint64_t clamp32(int64_t x) {
    return (uint64_t)(x < INT32_MIN ? INT32_MIN : x > INT32_MAX ? INT32_MAX : x);
}
static uint64_t carried(struct thread *thread, uint64_t wide) {
    thread->carry = wide >> 32 & 1;
    return wide;
}
static uint64_t permuted(uint64_t bytes, uint64_t selector) {
    uint64_t r = 0;
    for (unsigned k = 0; k < 4; k++) {
        unsigned s = selector >> 4 * k & 15, byte = bytes >> 8 * (s & 7) & 255;
        r |= (uint64_t)(s & 8 ? byte & 0x80 ? 255 : 0 : byte) << 8 * k;
    }
    return r;
}
static uint64_t extracted(uint64_t a, unsigned position, unsigned length, unsigned width, bool is_signed) {
    uint64_t r = 0;
    unsigned last = position + length < 1 || position + length > width ? width - 1 : position + length - 1;
    for (unsigned k = 0; k < width; k++) {
        bool inside = k < length && position + k < width;
        uint64_t bit = inside ? a >> (position + k) & 1 : is_signed && length > 0 ? a >> last & 1 : 0;
        r |= bit << k;
    }
    return r;
}
static uint64_t inserted(uint64_t a, uint64_t b, unsigned position, unsigned length, unsigned width) {
    for (unsigned k = 0; k < length && position + k < width; k++)
        b = (b & ~(1ull << (position + k))) | (a >> k & 1) << (position + k);
    return b;
}
static unsigned counted(uint64_t a) {
    unsigned count = 0;
    for (; a; a &= a - 1)
        count++;
    return count;
}
static int64_t last_bit(uint64_t a) {
    int64_t last = -1;
    for (; a; a >>= 1)
        last++;
    return last;
}
static uint64_t reversed(uint64_t a) {
    uint64_t r = 0;
    for (unsigned k = 0; k < 32; k++)
        r |= (a >> k & 1) << (31 - k);
    return r;
}
static uint64_t dot(uint64_t a, uint64_t b, uint64_t c) {
    for (unsigned k = 0; k < 32; k += 8)
        c += (uint64_t)((int8_t)(a >> k) * (int)(uint8_t)(b >> k));
    return c;
}

typedef const struct float_format *format;
static struct exact read(format f, uint64_t a) { return exact_read(f, a); }
static uint64_t sum(format f, uint64_t a, uint64_t b, enum rounding_mode mode) {
    return exact_write(f, exact_sum(read(f, a), read(f, b), mode), mode);
}
static uint64_t product(format f, uint64_t a, uint64_t b, enum rounding_mode mode) {
    return exact_write(f, exact_product(read(f, a), read(f, b)), mode);
}
static uint64_t fused(format f, uint64_t a, uint64_t b, uint64_t c, enum rounding_mode mode) {
    return exact_write(f, exact_sum(exact_product(read(f, a), read(f, b)), read(f, c), mode), mode);
}
static uint64_t quotient(format f, uint64_t a, uint64_t b) {
    return exact_write(f, exact_quotient(read(f, a), read(f, b)), NEAREST);
}
static uint64_t root(format f, uint64_t a) { return exact_write(f, exact_root(read(f, a)), NEAREST); }
static uint64_t least(format f, uint64_t a, uint64_t b) {
    bool nan_a = is_nan_bits(f, a), nan_b = is_nan_bits(f, b);
    if (nan_a || nan_b)
        return nan_a && nan_b ? exact_write(f, read(f, a), NEAREST) : nan_a ? b : a;
    int order = compare_bits(f, a, b);
    return order < 0 || (order == 0 && a >> (f->bits - 1)) ? a : b;
}
static uint64_t converted(format to, format from, uint64_t a, enum rounding_mode mode) {
    return exact_write(to, read(from, a), mode);
}
static uint64_t of_integer(format f, __int128 x, enum rounding_mode mode) {
    return exact_write(f, exact_integer(x), mode);
}
static uint64_t to_integer(format f, uint64_t a, enum rounding_mode mode, __int128 lowest, __int128 highest,
                           uint64_t of_nan) {
    return is_nan_bits(f, a) ? of_nan : (uint64_t)exact_to_integer(read(f, a), mode, lowest, highest);
}
#define FLUSH(a) flush_bits(&format_f32, a)

static uint64_t compute(struct thread *thread, unsigned number, uint64_t a, uint64_t b, uint64_t c,
                        uint64_t e) {
    switch ((enum operation_number)number) {
#define CASE(name, text, signature, result)                                                                  \
    case OP_##name:                                                                                          \
        return (uint64_t)(result);
        OPERATIONS(CASE)
#undef CASE
    }
    return e;
}

static uint64_t cut(enum register_class class, uint64_t value) {
    return class == H ? value & 0xffff : class == R ? value & 0xffffffff : class == P ? value & 1 : value;
}
static enum register_class class_of(char letter) {
    return letter == 'h' ? H : letter == 'r' ? R : letter == 'd' ? D : P;
}
static uint64_t value_of(const struct thread *thread, enum register_class class, struct operand operand) {
    return operand.is_immediate ? cut(class, operand.value) : thread->registers[class][operand.value];
}
static void set(struct thread *thread, enum register_class class, unsigned number, uint64_t value) {
    thread->registers[class][number] = cut(class, value);
}

static void operate(struct thread *thread, const struct statement *statement, bool is_on) {
    const char *signature = statement->operation->signature;
    enum register_class class = class_of(signature[0]);
    uint64_t operands[4] = {0};
    for (unsigned k = 0; signature[k + 1] && strchr("hrdp", signature[k + 1]); k++)
        operands[k] = value_of(thread, class_of(signature[k + 1]), statement->source[k]);
    uint64_t *d = &thread->registers[class][statement->destination[0]];
    if (is_on)
        *d = cut(class, compute(thread, (unsigned)(statement->operation - operations), operands[0],
                                operands[1], operands[2], operands[3]));
    if (strchr(signature, '!') && is_nan_bits(&format_f64, *d))
        *d = 0x7ff8000000000000;
}

static uint8_t *place_of(struct thread *thread, const struct statement *statement) {
    unsigned offset = statement->offset;
    if (statement->is_indexed)
        offset &= (unsigned)thread->registers[R][statement->source[3].value];
    return thread->slices[statement->space] + offset;
}
static uint64_t load_bytes(const uint8_t *from, unsigned bytes) {
    uint64_t x = 0;
    for (unsigned k = 0; k < bytes; k++)
        x |= (uint64_t)from[k] << 8 * k;
    return x;
}
static void store_bytes(uint8_t *to, unsigned bytes, uint64_t x) {
    for (unsigned k = 0; k < bytes; k++)
        to[k] = (uint8_t)(x >> 8 * k);
}

static void load(struct thread *thread, const struct statement *statement) {
    unsigned bytes = statement->type->bytes;
    const uint8_t *from = place_of(thread, statement);
    for (unsigned k = 0; k < statement->vector; k++) {
        uint64_t x = load_bytes(from + k * bytes, bytes);
        if (statement->type->is_signed && bytes < 8 && x >> (8 * bytes - 1))
            x |= ~0ull << 8 * bytes;
        set(thread, statement->class, statement->destination[k], x);
    }
}
static void store(struct thread *thread, const struct statement *statement) {
    unsigned bytes = statement->type->bytes;
    uint8_t *to = place_of(thread, statement);
    for (unsigned k = 0; k < statement->vector; k++)
        store_bytes(to + k * bytes, bytes, value_of(thread, statement->class, statement->source[k % 3]));
}

static uint64_t changed(const struct atomic *atomic, uint64_t old, uint64_t a, uint64_t b) {
    bool is_64 = strcmp(atomic->type + 1, "64") == 0, is_signed = atomic->type[0] == 's';
    int64_t signed_old = is_64 ? S64(old) : S32(old), signed_a = is_64 ? S64(a) : S32(a);
    bool less = is_signed ? signed_a < signed_old : a < old;
    const char *name = atomic->name;
    if (strcmp(name, "add") == 0)
        return old + a;
    if (strcmp(name, "min") == 0)
        return less ? a : old;
    if (strcmp(name, "max") == 0)
        return less ? old : a;
    if (strcmp(name, "and") == 0)
        return old & a;
    if (strcmp(name, "or") == 0)
        return old | a;
    if (strcmp(name, "xor") == 0)
        return old ^ a;
    if (strcmp(name, "exch") == 0)
        return a;
    if (strcmp(name, "inc") == 0)
        return old >= a ? 0 : old + 1;
    if (strcmp(name, "dec") == 0)
        return old == 0 || old > a ? a : old - 1;
    return old == a ? b : old; /* cas */
}
static void change(struct thread *thread, const struct statement *statement) {
    unsigned bytes = statement->class == D ? 8 : 4;
    uint8_t *word = place_of(thread, statement);
    uint64_t old = load_bytes(word, bytes), a = value_of(thread, statement->class, statement->source[0]),
             b = value_of(thread, statement->class, statement->source[1]);
    store_bytes(word, bytes, changed(&atomics[statement->what], old, a, b));
    set(thread, statement->class, statement->destination[0], old);
}

/* The functions of text.c. */
static uint32_t climb(uint32_t n, uint32_t x) { return n == 0 ? 3 * x + 1 : climb(n - 1, x ^ n) + x; }
static uint32_t fall(uint32_t n, uint32_t x) {
    return n == 0 ? x : (climb(n >> 1, x + n) ^ fall(n - 1, 5 * x)) - n + (n & 1 ? 100 : 0);
}
static uint32_t called(const struct thread *thread, const struct statement *statement) {
    uint32_t n = (uint32_t)value_of(thread, R, statement->source[0]) & 7,
             x = (uint32_t)value_of(thread, R, statement->source[1]);
    return value_of(thread, R, statement->source[2]) & 1 ? fall(n, x) : climb(n, x);
}

/* A thread from one place to the end of the segment; which is returned, or the number of statements when it has ended. */
enum { MAX_STEPS = 20000, ENDLESS = -1 };
static int run_segment(const struct random_program *program, const unsigned *places, unsigned at,
                       struct thread *thread, uint64_t *words) {
    for (unsigned steps = 0; at < program->count; steps++) {
        const struct statement *statement = &program->statements[at++];
        int guard = statement->guard;
        bool is_on = guard < 0 || thread->registers[P][guard / 2] != (guard & 1);
        if (steps > MAX_STEPS)
            return ENDLESS;
        if (statement->kind == COLLECTIVE)
            return (int)at - 1;
        if (statement->kind == OPERATION)
            operate(thread, statement, is_on);
        if (!is_on)
            continue;
        if (statement->kind == LOAD)
            load(thread, statement);
        else if (statement->kind == STORE)
            store(thread, statement);
        else if (statement->kind == ATOMIC)
            change(thread, statement);
        else if (statement->kind == COUNT)
            words[statement->what] =
                cut(statement->class, changed(&counters[statement->what], words[statement->what],
                                              value_of(thread, statement->class, statement->source[0]), 0));
        else if (statement->kind == CALL)
            set(thread, R, statement->destination[0], called(thread, statement));
        else if (statement->kind == BRANCH)
            at = places[statement->labels[0]];
        else if (statement->kind == TABLE)
            at = places[statement->labels[thread->registers[R][INDEX_R]]];
        else if (statement->kind == EXIT) {
            thread->has_exited = true;
            return (int)program->count;
        }
    }
    return (int)program->count;
}

/* What thread l gets where all threads meet; before holds them as they came. */
static void meet(const struct statement *statement, const struct thread *before, struct thread *thread,
                 unsigned l, unsigned threads) {
    const struct thread *warp = before + l / 32 * 32;
    unsigned lane = l % 32, a = (unsigned)statement->source[0].value,
             q = (unsigned)statement->source[1].value, b = (unsigned)statement->source[2].value,
             c = (unsigned)statement->source[3].value, d = statement->destination[0],
             p = statement->destination[1], segment = c >> 8 & 31, first = lane & segment,
             last = first | (c & ~segment & 31);
    uint64_t own = before[l].registers[R][a], votes = 0, block_votes = 0, equal = 0, total = 0;
    int64_t smallest = INT32_MAX;
    for (unsigned k = 0; k < 32; k++) {
        uint64_t value = warp[k].registers[R][a];
        votes |= warp[k].registers[P][q] << k;
        equal |= (uint64_t)(value == own) << k;
        total += value;
        smallest = S32(value) < smallest ? S32(value) : smallest;
    }
    for (unsigned k = 0; k < threads; k++)
        block_votes += before[k].registers[P][q];
    int source = (int)lane;
    bool inside = false;
    switch ((enum collective)statement->what) {
    case SHUFFLE_UP: /* here the bound lies below */
        source = (int)lane - (int)b, inside = source >= (int)last;
        break;
    case SHUFFLE_DOWN:
        source = (int)(lane + b), inside = source <= (int)last;
        break;
    case SHUFFLE_BUTTERFLY:
        source = (int)(lane ^ b), inside = source <= (int)last;
        break;
    case SHUFFLE_INDEX:
        source = (int)(first | (b & ~segment)), inside = source <= (int)last;
        break;
    case BALLOT:
        set(thread, R, d, votes);
        return;
    case VOTE_ALL:
        set(thread, P, p, votes == 0xffffffff);
        return;
    case VOTE_ANY: /* of the negated predicate */
        set(thread, P, p, votes != 0xffffffff);
        return;
    case MATCH_ANY:
        set(thread, R, d, equal);
        return;
    case REDUX_ADD:
        set(thread, R, d, total);
        return;
    case REDUX_MIN:
        set(thread, R, d, (uint64_t)smallest);
        return;
    case BARRIER_POPC:
        set(thread, R, d, block_votes);
        return;
    case BARRIER_OR:
        set(thread, P, p, block_votes != 0);
        return;
    case NEIGHBOUR:
        set(thread, R, d, load_bytes(before[(l + 1) % threads].slices[SHARED] + statement->offset, 4));
        return;
    default:
        return;
    }
    set(thread, P, p, inside);
    set(thread, R, d, warp[inside ? source : (int)lane].registers[R][a]);
}

bool program_interpret(const struct random_program *program, struct thread *threads,
                       uint64_t words[COUNTERS]) {
    static struct thread before[MAX_THREADS];
    unsigned places[MAX_LABELS];
    for (unsigned k = 0; k < program->count; k++)
        if (program->statements[k].kind == LABEL)
            places[program->statements[k].labels[0]] = k;
    for (unsigned at = 0; at < program->count;) {
        int next = ENDLESS;
        for (unsigned l = 0; l < program->threads; l++) {
            next = run_segment(program, places, at, &threads[l], words);
            if (next == ENDLESS)
                return false;
        }
        memcpy(before, threads, sizeof *threads * program->threads);
        for (unsigned l = 0; l < program->threads && (unsigned)next < program->count; l++)
            meet(&program->statements[next], before, &threads[l], l, program->threads);
        at = (unsigned)next + 1;
    }
    return true;
}
