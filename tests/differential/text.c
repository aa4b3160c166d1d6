/*
 * A program as PTX. Parameters: the records of the threads, their slices in global memory, the words of all threads. A record
 * has the values registers start with, and at the end those they have, each in 64 bits, then the slices in shared and local memory.
 */
#include "program.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct writer {
    char *text;
    size_t size, used;
    unsigned next; /* numbers names that must differ */
};
__attribute__((format(printf, 2, 3))) static void add(struct writer *writer, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    writer->used +=
        (size_t)vsnprintf(writer->text + writer->used, writer->size - writer->used, format, arguments);
    va_end(arguments);
    if (writer->used >= writer->size) {
        fprintf(stderr, "a program is longer than %zu bytes\n", writer->size);
        abort();
    }
}

static const char class_letters[] = "hrdp";
static void add_register(struct writer *writer, enum register_class class, unsigned number) {
    add(writer, "%c%u", class_letters[class], number);
}
static void add_operand(struct writer *writer, enum register_class class, struct operand operand) {
    if (operand.is_immediate)
        add(writer, "0x%llx", (unsigned long long)operand.value);
    else
        add_register(writer, class, (unsigned)operand.value);
}
static void add_guard(struct writer *writer, int guard) {
    if (guard >= 0)
        add(writer, "@%sp%d ", guard & 1 ? "!" : "", guard / 2);
}

static void add_operation(struct writer *writer, const struct statement *statement) {
    const struct operation *operation = statement->operation;
    const char *at = operation->signature;
    add_guard(writer, statement->guard);
    add(writer, "%s ", operation->text);
    for (unsigned k = 0; *at && strchr(class_letters, *at); at++, k++) {
        enum register_class class = (enum register_class)(strchr(class_letters, *at) - class_letters);
        if (k == 0) {
            add_register(writer, class, statement->destination[0]);
        } else {
            add(writer, ", ");
            add_operand(writer, class, statement->source[k - 1]);
        }
    }
    if (*at == '#')
        add(writer, ", %d", atoi(at + 1));
    add(writer, ";");
    if (*at == '!')
        add(writer, " testp.notanumber.f64 nan, d%u; @nan mov.b64 d%u, 0x7ff8000000000000;",
            statement->destination[0], statement->destination[0]);
    add(writer, "\n");
}

/* The registers with the bases of the slices, as addresses of the space and as generic ones; shared addresses have 32 bits. */
static const char *const space_names[SPACES] = {".global", ".shared", ".local"};
static const char *const bases[SPACES] = {"global", "shared", "local"};

/* Leaves the address of an access in a register and returns its name. */
static const char *add_address(struct writer *writer, const struct statement *statement, char *address) {
    bool is_32 = statement->space == SHARED && !statement->is_generic;
    const char *base = bases[statement->space], *generic = statement->is_generic ? "_generic" : "";
    if (!statement->is_indexed) {
        sprintf(address, "%s%s+%u", base, generic, statement->offset);
        return address;
    }
    add(writer, "and.b32 at, r%u, %u; ", (unsigned)statement->source[3].value, statement->offset);
    if (is_32)
        add(writer, "add.u32 at, at, %s; ", base);
    else
        add(writer, "cvt.u64.u32 far, at; add.u64 far, far, %s%s; ", base, generic);
    return strcpy(address, is_32 ? "at" : "far");
}

static void add_access(struct writer *writer, const struct statement *statement) {
    char address[64];
    add_address(writer, statement, address);
    add_guard(writer, statement->guard);
    add(writer, "%s%s", statement->kind == LOAD ? "ld" : "st",
        statement->is_generic ? "" : space_names[statement->space]);
    if (statement->vector > 1)
        add(writer, ".v%u", statement->vector);
    add(writer, ".%s ", statement->type->name);
    if (statement->kind == STORE)
        add(writer, "[%s], ", address);
    add(writer, statement->vector > 1 ? "{" : "");
    for (unsigned k = 0; k < statement->vector; k++) {
        add(writer, k ? ", " : "");
        /* A vector of four stores its first element twice. */
        if (statement->kind == LOAD)
            add_register(writer, statement->class, statement->destination[k]);
        else
            add_operand(writer, statement->class, statement->source[k % 3]);
    }
    add(writer, statement->vector > 1 ? "}" : "");
    if (statement->kind == LOAD)
        add(writer, ", [%s]", address);
    add(writer, ";\n");
}

static void add_atomic(struct writer *writer, const struct statement *statement) {
    const struct atomic *atomic = &atomics[statement->what];
    char address[64];
    add_address(writer, statement, address);
    add_guard(writer, statement->guard);
    add(writer, "atom%s.%s.%s ", statement->is_generic ? "" : space_names[statement->space], atomic->name,
        atomic->type);
    add_register(writer, statement->class, statement->destination[0]);
    add(writer, ", [%s], ", address);
    add_operand(writer, statement->class, statement->source[0]);
    if (strcmp(atomic->name, "cas") == 0) {
        add(writer, ", ");
        add_operand(writer, statement->class, statement->source[1]);
    }
    add(writer, ";\n");
}

static void add_collective(struct writer *writer, const struct statement *statement) {
    static const char *const shuffles[] = {"up", "down", "bfly", "idx"};
    unsigned d = statement->destination[0], p = statement->destination[1],
             a = (unsigned)statement->source[0].value, q = (unsigned)statement->source[1].value,
             b = (unsigned)statement->source[2].value;
    switch ((enum collective)statement->what) {
    case SHUFFLE_UP:
    case SHUFFLE_DOWN:
    case SHUFFLE_BUTTERFLY:
    case SHUFFLE_INDEX:
        add(writer, "shfl.sync.%s.b32 r%u|p%u, r%u, %u, 0x%llx, 0xffffffff;\n",
            shuffles[statement->what - SHUFFLE_UP], d, p, a, b,
            (unsigned long long)statement->source[3].value);
        break;
    case BALLOT:
        add(writer, "vote.sync.ballot.b32 r%u, p%u, 0xffffffff;\n", d, q);
        break;
    case VOTE_ALL:
        add(writer, "vote.sync.all.pred p%u, p%u, 0xffffffff;\n", p, q);
        break;
    case VOTE_ANY:
        add(writer, "vote.sync.any.pred p%u, !p%u, 0xffffffff;\n", p, q);
        break;
    case MATCH_ANY:
        add(writer, "match.any.sync.b32 r%u, r%u, 0xffffffff;\n", d, a);
        break;
    case REDUX_ADD:
        add(writer, "redux.sync.add.u32 r%u, r%u, 0xffffffff;\n", d, a);
        break;
    case REDUX_MIN:
        add(writer, "redux.sync.min.s32 r%u, r%u, 0xffffffff;\n", d, a);
        break;
    case BARRIER:
        add(writer, "bar.sync 0;\n");
        break;
    case BARRIER_POPC:
        add(writer, "bar.red.popc.u32 r%u, 0, p%u;\n", d, q);
        break;
    case BARRIER_OR:
        add(writer, "bar.red.or.pred p%u, 0, p%u;\n", p, q);
        break;
    default: /* a word of the next thread's slice, the last one's from the first */
        add(writer,
            "bar.sync 0; mov.u32 at, %%tid.x; add.u32 at, at, 1; mov.u32 tmp, %%ntid.x; rem.u32 at, at, tmp; "
            "mul.lo.u32 at, at, %u;"
            " mov.u32 tmp, slices; add.u32 at, at, tmp; ld.shared.u32 r%u, [at+%u]; bar.sync 0;\n",
            SLICE_BYTES, d, statement->offset);
    }
}

/* Functions of a number that falls and a word that changes: one that calls itself, and one that calls itself and the other. */
static const char functions[] =
    ".func (.param .b32 z) climb(.param .b32 n, .param .b32 x) {\n.reg .b32 a, b, c, d; .reg .pred p;\n"
    "ld.param.b32 a, [n]; ld.param.b32 b, [x]; setp.eq.u32 p, a, 0; @p bra END;\nxor.b32 c, b, a; "
    "sub.u32 d, a, 1;\n"
    "{ .param .b32 cn; .param .b32 cx; .param .b32 cz; st.param.b32 [cn], d; st.param.b32 [cx], c; call "
    "(cz), "
    "climb, (cn, cx); ld.param.b32 c, [cz]; }\n"
    "add.u32 c, c, b; st.param.b32 [z], c; ret;\nEND: mad.lo.u32 c, b, 3, 1; st.param.b32 [z], c; ret; }\n"
    ".func (.param .b32 z) fall(.param .b32 n, .param .b32 x) {\n.reg .b32 a, b, c, d, e; .reg .pred p, "
    "odd;\n"
    "ld.param.b32 a, [n]; ld.param.b32 b, [x]; setp.eq.u32 p, a, 0; mov.u32 c, b; @p bra END;\n"
    "and.b32 c, a, 1; setp.eq.u32 odd, c, 1; shr.u32 c, a, 1; add.u32 d, b, a;\n"
    "{ .param .b32 cn; .param .b32 cx; .param .b32 cz; st.param.b32 [cn], c; st.param.b32 [cx], d; call "
    "(cz), "
    "climb, (cn, cx); ld.param.b32 e, [cz]; }\nsub.u32 c, a, 1; mul.lo.u32 d, b, 5;\n"
    "{ .param .b32 cn; .param .b32 cx; .param .b32 cz; st.param.b32 [cn], c; st.param.b32 [cx], d; call "
    "(cz), "
    "fall, (cn, cx); ld.param.b32 c, [cz]; }\n"
    "xor.b32 c, c, e; sub.u32 c, c, a; @odd add.u32 c, c, 100;\nEND: st.param.b32 [z], c; ret; }\n";

/* By address, or where an immediate says which, directly. */
static void add_call(struct writer *writer, const struct statement *statement) {
    const struct operand *which = &statement->source[2];
    add(writer, "{ .param .b32 cn; .param .b32 cx; .param .b32 cz; and.b32 tmp, ");
    add_operand(writer, R, statement->source[0]);
    add(writer, ", 7; st.param.b32 [cn], tmp; st.param.b32 [cx], ");
    add_operand(writer, R, statement->source[1]);
    add(writer, ";\n");
    if (which->is_immediate) {
        add_guard(writer, statement->guard);
        add(writer, "call (cz), %s, (cn, cx);\n", which->value & 1 ? "fall" : "climb");
    } else {
        add(writer,
            "and.b32 at, r%u, 1; setp.ne.u32 nan, at, 0; mov.u64 far, fall; mov.u64 callee, climb;\n"
            "selp.b64 far, far, callee, nan;\nshape: .callprototype (.param .b32 _) _ (.param .b32 _, "
            ".param .b32 _);\n",
            (unsigned)which->value);
        add_guard(writer, statement->guard);
        add(writer, "call (cz), far, (cn, cx), shape;\n");
    }
    add_guard(writer, statement->guard);
    add(writer, "ld.param.b32 r%u, [cz]; }\n", statement->destination[0]);
}

static void add_statement(struct writer *writer, const struct statement *statement) {
    switch (statement->kind) {
    case OPERATION:
        add_operation(writer, statement);
        break;
    case LOAD:
    case STORE:
        add_access(writer, statement);
        break;
    case ATOMIC:
        add_atomic(writer, statement);
        break;
    case COUNT:
        add_guard(writer, statement->guard);
        add(writer, "red.global.%s.%s [words+%u], ", counters[statement->what].name,
            counters[statement->what].type, 8 * statement->what);
        add_operand(writer, statement->class, statement->source[0]);
        add(writer, ";\n");
        break;
    case CALL:
        add_call(writer, statement);
        break;
    case BRANCH:
        add_guard(writer, statement->guard);
        add(writer, "bra L%u;\n", statement->labels[0]);
        break;
    case TABLE:
        add(writer, "T%u: .branchtargets L%u, L%u, L%u, L%u;\n", writer->next, statement->labels[0],
            statement->labels[1], statement->labels[2], statement->labels[3]);
        add_guard(writer, statement->guard);
        add(writer, "brx.idx r%u, T%u;\n", INDEX_R, writer->next++);
        break;
    case LABEL:
        add(writer, "L%u:\n", statement->labels[0]);
        break;
    case EXIT:
        add_guard(writer, statement->guard);
        add(writer, "exit;\n");
        break;
    case COLLECTIVE:
        add_collective(writer, statement);
    }
}

/* Registers to and from the record, through a 64-bit one. */
static void add_record(struct writer *writer, bool ends) {
    unsigned place = 0;
    for (enum register_class class = H; class < CLASSES; class ++) {
        for (unsigned k = 0; k < free_registers(class); k++, place += 8) {
            const char *const widths[] = {"u16", "u32", "u64"};
            if (class == P && ends)
                add(writer, "selp.b64 far, 1, 0, p%u; st.global.b64 [record+%u], far;\n", k, place);
            else if (class == P)
                add(writer, "ld.global.b64 far, [record+%u]; setp.ne.u64 p%u, far, 0;\n", place, k);
            else if (ends)
                add(writer, "cvt.u64.%s far, %c%u; st.global.b64 [record+%u], far;\n", widths[class],
                    class_letters[class], k, place);
            else
                add(writer, "ld.global.%s %c%u, [record+%u];\n", widths[class], class_letters[class], k,
                    place);
        }
    }
    for (unsigned k = 0; k < SLICE_BYTES; k += 8) {
        if (ends)
            add(writer,
                "ld.shared.b64 far, [shared+%u]; st.global.b64 [record+%u], far; ld.local.b64 far, "
                "[local+%u]; st.global.b64 [record+%u], far;\n",
                k, place + k, k, place + SLICE_BYTES + k);
        else
            add(writer, "st.shared.b64 [shared+%u], 0; st.local.b64 [local+%u], 0;\n", k, k);
    }
}

void program_write(const struct random_program *program, char *text, size_t size) {
    struct writer writer = {.text = text, .size = size};
    add(&writer,
        ".version 9.0\n.target sm_90\n.address_size 64\n%s"
        ".visible .entry kernel(.param .u64 records, .param .u64 slice, .param .u64 counts)\n{\n"
        ".shared .align 16 .b8 slices[%u];\n.local .align 16 .b8 own[%u];\n"
        ".reg .b16 h<%u>;\n.reg .b32 r<%u>, at, tmp, shared;\n.reg .b64 d<%u>, far, callee, record, words, "
        "global, "
        "local, global_generic,"
        " shared_generic, local_generic;\n.reg .pred p<%u>, nan;\n",
        functions, MAX_THREADS * SLICE_BYTES, SLICE_BYTES, FREE_H, MAX_REGISTERS, FREE_D, FREE_P + MAX_DEPTH);
    add(&writer,
        "ld.param.u64 record, [records]; ld.param.u64 global, [slice]; ld.param.u64 words, [counts]; mov.u32 "
        "at, "
        "%%ctaid.x; mov.u32 tmp, %%ntid.x;"
        " mov.u32 r0, %%tid.x; mad.lo.u32 at, at, tmp, r0;\nmul.wide.u32 far, at, %u; add.u64 record, "
        "record, far;"
        " mul.wide.u32 far, at, %u; add.u64 global, global, far; mov.u64 global_generic, global;\n"
        "mul.lo.u32 r0, r0, %u; mov.u32 shared, slices; add.u32 shared, shared, r0; cvt.u64.u32 far, shared;"
        " cvta.shared.u64 shared_generic, far; mov.u64 local, own; cvta.local.u64 local_generic, local; "
        "add.cc.u32 at, 0, 0;\n",
        RECORD_BYTES, SLICE_BYTES, SLICE_BYTES);
    for (unsigned k = FREE_R; k < MAX_REGISTERS; k++)
        add(&writer, "mov.u32 r%u, 0; ", k);
    add(&writer, "\n");
    add_record(&writer, false);
    add(&writer, "// the program\n");
    for (unsigned k = 0; k < program->count; k++)
        add_statement(&writer, &program->statements[k]);
    add(&writer, "// its results\n");
    add_record(&writer, true);
    add(&writer, "ret;\n}\n");
}
