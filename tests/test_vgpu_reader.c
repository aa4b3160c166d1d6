/* The PTX reader: every form it knows (data/syntax.ptx), what it refuses and in which words, and that no text breaks it. */
#include "lowering/texts.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char *text;
static struct ptx_module *module;
static struct ptx_function *tiny;

static void read_syntax(void) {
    struct ptx_error error;
    text = load_text("syntax.ptx");
    module = ptx_read(text, &error);
    cr_assert_not_null(module, "line %u: %s", error.line, error.message);
    tiny = ptx_find_function(module, "tiny");
    cr_assert_not_null(tiny);
}

static void release(void) {
    ptx_free(module);
    free(text);
}

TestSuite(vgpu_reader, .init = read_syntax, .fini = release);

/* The occurrence-th instruction of that opcode in `tiny`. */
static const struct ptx_instruction *find(const char *opcode, int occurrence) {
    for (uint32_t i = 0; i < tiny->instruction_count; i++)
        if (strcmp(tiny->instructions[i].opcode, opcode) == 0 && occurrence-- == 0)
            return &tiny->instructions[i];
    cr_assert_fail("no %s", opcode);
    return NULL;
}

static const char *register_name(const struct ptx_operand *operand) {
    cr_assert_eq(operand->kind, PTX_OPERAND_REGISTER);
    return tiny->registers[operand->reg].name;
}

static void expect_immediate(const struct ptx_operand *operand, enum ptx_immediate immediate, uint64_t bits) {
    cr_expect_eq(operand->kind, PTX_OPERAND_IMMEDIATE);
    cr_expect_eq(operand->immediate, immediate);
    cr_expect_eq(operand->bits, bits, "%llx is not %llx", (unsigned long long)operand->bits,
                 (unsigned long long)bits);
}

Test(vgpu_reader, header) {
    cr_expect_eq(module->version, 87);
    cr_expect_eq(module->target, 90);
    cr_expect_eq(module->target_suffix, 'a');
    cr_expect_eq(module->file_count, 4);
    cr_expect_str_eq(module->files[1], "first.cu");
    cr_expect_str_eq(module->files[3], "third.cu");
}

static const struct ptx_variable *variable(const char *name) {
    const struct ptx_variable *found = ptx_find_variable(module, name);
    cr_assert_not_null(found, "no variable %s", name);
    return found;
}

static void expect_bytes(const char *name, const void *bytes, size_t count) {
    cr_assert_eq(variable(name)->bytes, count, "%s has %llu bytes", name,
                 (unsigned long long)variable(name)->bytes);
    uint8_t *whole = calloc(count, 1);
    cr_assert_leq(variable(name)->initial_bytes, count, "%s", name);
    memcpy(whole, variable(name)->initial, variable(name)->initial_bytes);
    cr_expect_arr_eq(whole, bytes, count, "%s", name);
    free(whole);
}

Test(vgpu_reader, initialisers) {
    expect_bytes("bytes", (uint8_t[12]){1, 2, 3, 4, 255, 6, 7}, 12);
    cr_expect_eq(variable("bytes")->align, 16);
    expect_bytes("grid", (int32_t[6]){1, 2, 3, -4, 5, 0}, 24);
    expect_bytes("floats", (float[4]){1, 1.5f, -2, 2}, 16);
    expect_bytes("doubles", (double[3]){1, 0.25, -100}, 24);
    expect_bytes("text", "ab\n\"\0c", 6);
    expect_bytes("constants", (uint8_t[4]){9}, 4);
    cr_expect_eq(variable("constants")->space, PTX_SPACE_CONST);
    cr_expect_null(variable("quad")->initial);
    cr_expect_eq(variable("quad")->bytes, 16);
    cr_expect_eq(variable("quad")->align, 16);
    cr_expect(variable("dynamic")->is_extern);
    cr_expect_eq(variable("dynamic")->bytes, 0);
    cr_expect_not(variable("defined_later")->is_extern);
    expect_bytes("defined_later", (uint32_t[1]){5}, 4);
}

Test(vgpu_reader, relocations) {
    static const struct ptx_relocation expected[] = {
        {0, "bytes", 0, false}, {8, "bytes", 4, true}, {16, "grid", -8, false}};
    const struct ptx_variable *pointers = variable("pointers");
    cr_assert_eq(pointers->relocation_count, 3);
    for (int i = 0; i < 3; i++) {
        cr_expect_eq(pointers->relocations[i].offset, expected[i].offset);
        cr_expect_str_eq(pointers->relocations[i].symbol, expected[i].symbol);
        cr_expect_eq(pointers->relocations[i].addend, expected[i].addend);
        cr_expect_eq(pointers->relocations[i].generic, expected[i].generic);
    }
    cr_expect_eq(pointers->initial[24], 7);
}

Test(vgpu_reader, entries_and_functions) {
    cr_expect(tiny->is_entry && tiny->is_defined);
    cr_assert_eq(tiny->parameter_count, 4);
    cr_expect_eq(tiny->parameters[0]->address, 0);
    cr_expect_eq(tiny->parameters[1]->address, 8);
    cr_expect_eq(tiny->parameters[1]->bytes, 20);
    cr_expect_eq(tiny->parameters[2]->address, 28);
    cr_expect_eq(tiny->parameters[3]->address, 32);
    cr_expect_eq(tiny->parameter_bytes, 36);
    cr_expect_eq(tiny->max_threads, 128);
    cr_expect_eq(tiny->min_blocks_per_sm, 2);

    const struct ptx_function *clustered = ptx_find_function(module, "clustered");
    cr_expect(clustered->explicit_cluster);
    cr_expect_eq(
        clustered->required_cluster[0] * clustered->required_cluster[1] * clustered->required_cluster[2], 2);
    cr_expect_eq(clustered->required_threads[1], 2);

    const struct ptx_function *vprintf_ = ptx_find_function(module, "vprintf");
    cr_expect_not(vprintf_->is_defined);
    cr_expect_eq(vprintf_->parameter_count, 2);
    const struct ptx_function *add_wide = ptx_find_function(module, "add_wide");
    cr_expect(add_wide->is_defined, "a declaration is completed by the definition behind its use");
    cr_expect_eq(add_wide->result_count, 1);
    cr_expect_eq(find("call.uni", 0)->operands[0].callee, add_wide);
}

Test(vgpu_reader, immediates) {
    expect_immediate(&find("mov.u32", 1)->operands[1], PTX_IMMEDIATE_INTEGER, 32); /* WARP_SZ */
    expect_immediate(&find("setp.lt.and.s32", 0)->operands[2], PTX_IMMEDIATE_INTEGER, (uint64_t)-7);
    expect_immediate(&find("shfl.sync.idx.b32", 1)->operands[4], PTX_IMMEDIATE_INTEGER, 0xffffffff);
    expect_immediate(&find("st.shared.u32", 1)->operands[1], PTX_IMMEDIATE_INTEGER, 8); /* 010 */
    expect_immediate(&find("st.shared.u32", 2)->operands[1], PTX_IMMEDIATE_INTEGER, 3); /* 0b11 */
    expect_immediate(&find("add.f32", 0)->operands[2], PTX_IMMEDIATE_F32, 0x3f800000);
    expect_immediate(&find("mul.f32", 0)->operands[2], PTX_IMMEDIATE_F32, 0xbf800000);
    expect_immediate(&find("add.f64", 0)->operands[2], PTX_IMMEDIATE_F64, 0x3fd0000000000000); /* 2.5e-1 */
    expect_immediate(&find("mov.f64", 0)->operands[1], PTX_IMMEDIATE_F64, 0x4000000000000000);
    expect_immediate(&find("mov.u64", 4)->operands[1], PTX_IMMEDIATE_INTEGER, UINT64_MAX);
}

Test(vgpu_reader, predicates_and_pairs) {
    const struct ptx_instruction *setp = find("setp.lt.and.s32", 0);
    cr_assert_eq(setp->operand_count, 4);
    const struct ptx_operand *pair = &setp->operands[0];
    cr_assert_eq(pair->kind, PTX_OPERAND_VECTOR);
    cr_expect(pair->is_pair);
    cr_expect_str_eq(register_name(&pair->elements[0]), "p");
    cr_expect_str_eq(register_name(&pair->elements[1]), "q");
    cr_expect(setp->operands[3].negated);
    cr_expect_str_eq(register_name(&setp->operands[3]), "%p1");

    const struct ptx_instruction *branch = find("bra", 0);
    cr_expect_str_eq(tiny->registers[branch->guard].name, "p");
    cr_expect(branch->guard_negated);
    cr_expect_not(find("bra.uni", 0)->guard_negated);
    cr_expect_eq(find("bar.sync", 0)->guard, PTX_NO_GUARD);
    cr_expect_eq(find("shfl.sync.idx.b32", 1)->operands[0].elements[0].kind, PTX_OPERAND_SINK);
}

Test(vgpu_reader, vectors) {
    const struct ptx_operand *unpack = &find("mov.b64", 0)->operands[0],
                             *pack = &find("mov.b64", 1)->operands[1];
    cr_assert_eq(unpack->element_count, 2);
    cr_expect_not(unpack->is_pair);
    cr_expect_str_eq(register_name(&unpack->elements[0]), "%r5");
    cr_expect_eq(unpack->elements[1].kind, PTX_OPERAND_SINK);
    expect_immediate(&pack->elements[1], PTX_IMMEDIATE_INTEGER, 1);
    cr_expect_eq(find("ld.global.v2.u32", 0)->operands[0].element_count, 2);
}

Test(vgpu_reader, addresses) {
    const struct ptx_operand *address = &find("ld.global.v2.u32", 0)->operands[1];
    cr_expect_eq(address->kind, PTX_OPERAND_ADDRESS);
    cr_expect(address->base_is_register);
    cr_expect_str_eq(tiny->registers[address->reg].name, "%rd2");
    cr_expect_eq(address->offset, 8);
    cr_expect_eq(find("ld.global.L2::128B.u32", 0)->operands[1].offset, -4);
    address = &find("st.shared.u32", 0)->operands[0];
    cr_expect_not(address->base_is_register);
    cr_expect_str_eq(address->variable->name, "tile");
    cr_expect_eq(address->offset, 4);
    cr_expect_eq(find("st.shared.u32", 1)->operands[0].offset, -4);
    address = &find("st.shared.u32", 2)->operands[0];
    cr_expect_not(address->base_is_register);
    cr_expect_null(address->variable);
    cr_expect_eq(address->offset, 128);
}

Test(vgpu_reader, variables_specials_and_functions_as_operands) {
    const struct ptx_operand *tile = &find("mov.u64", 0)->operands[1];
    cr_expect_eq(tile->kind, PTX_OPERAND_VARIABLE);
    cr_expect_eq(tile->variable->space, PTX_SPACE_SHARED);
    cr_expect_eq(tile->offset, 16);
    cr_expect_eq(find("mov.u64", 1)->operands[1].variable->space, PTX_SPACE_LOCAL);
    cr_expect_eq(find("mov.u64", 2)->operands[1].variable, variable("grid"));
    cr_expect_eq(find("mov.u64", 3)->operands[1].kind, PTX_OPERAND_FUNCTION);
    const struct ptx_operand *special = &find("mov.u32", 0)->operands[1];
    cr_expect_eq(special->kind, PTX_OPERAND_SPECIAL);
    cr_expect_str_eq(special->special, "%tid.x");
}

Test(vgpu_reader, scopes_shadow) {
    const struct ptx_instruction *inner = find("mov.u64", 5), *outer = find("mov.b32", 2);
    cr_expect_str_eq(register_name(&inner->operands[0]), "%r1");
    cr_expect_eq(tiny->registers[inner->operands[0].reg].type, PTX_B64);
    cr_expect_eq(tiny->registers[find("mov.u32", 0)->operands[0].reg].type, PTX_B32);
    cr_expect_neq(find("mov.b32", 0)->operands[0].reg, outer->operands[0].reg, "two registers called single");
    cr_expect_eq(find("mov.b32", 1)->operands[1].reg, find("mov.b32", 0)->operands[0].reg);
    cr_expect_neq(find("bra", 2)->guard, find("bra", 1)->guard, "two predicates called p");
}

Test(vgpu_reader, labels) {
    const uint32_t end = tiny->instruction_count;
    const uint32_t later = (uint32_t)(find("bar.red.popc.u32", 0) - tiny->instructions);
    cr_expect_eq(find("bra", 0)->operands[0].label, end,
                 "a label at the end is one past the last instruction");
    cr_expect_eq(find("bra", 1)->operands[0].label, (uint32_t)(find("bra", 3) - tiny->instructions));
    cr_expect_eq(find("bra", 3)->operands[0].label, (uint32_t)(find("bra", 3) - tiny->instructions));
    cr_expect_eq(find("bra", 4)->operands[0].label, later);
    for (int i = 0; i < 2; i++) {
        const struct ptx_operand *targets = &find("brx.idx", i)->operands[1];
        cr_assert_eq(targets->kind, PTX_OPERAND_VECTOR);
        cr_assert_eq(targets->element_count, 2);
        cr_expect_eq(targets->elements[i].label, end);
        cr_expect_eq(targets->elements[!i].label, later);
    }
}

Test(vgpu_reader, calls) {
    const struct ptx_instruction *call = find("call.uni", 0);
    cr_assert_eq(call->operand_count, 3);
    cr_expect_eq(call->operands[0].kind, PTX_OPERAND_FUNCTION);
    cr_assert_eq(call->operands[1].element_count, 1);
    cr_expect_str_eq(call->operands[1].elements[0].variable->name, "retval0");
    cr_assert_eq(call->operands[2].element_count, 2);
    cr_expect_str_eq(call->operands[2].elements[1].variable->name, "param1");
    call = find("call", 0);
    cr_expect_str_eq(register_name(&call->operands[1].elements[0]), "%rd4");
    expect_immediate(&call->operands[2].elements[1], PTX_IMMEDIATE_INTEGER, 5);
    call = find("call", 1);
    cr_expect_eq(call->operands[1].element_count + call->operands[2].element_count, 0);
    cr_expect_eq(find("call", 2)->operands[0].kind, PTX_OPERAND_REGISTER);
}

Test(vgpu_reader, lines_and_sources) {
    const struct ptx_instruction *first = find("mov.u32", 0), *second = find("ld.param.u64", 0);
    cr_expect_eq(first->source_file, 1);
    cr_expect_eq(first->source_line, 17);
    cr_expect_eq(second->source_file, 3);
    cr_expect_eq(second->source_line, 9);
    const char *line = text;
    for (uint32_t i = 1; i < find("bar.sync", 0)->line; i++)
        line = strchr(line, '\n') + 1;
    cr_expect(strstr(line, "bar.sync 0") && strstr(line, "bar.sync 0") < strchr(line, '\n'));
}

Test(vgpu_reader, names_are_interned) {
    cr_expect_eq(find("mov.u64", 0)->opcode, find("mov.u64", 1)->opcode);
    cr_expect_eq(find("bra.uni", 0)->opcode, find("bra.uni", 0)->opcode);
}

#define HEADER ".version 8.0\n.target sm_80\n.address_size 64\n"
#define BODY(statements) HEADER ".entry k() {\n.reg .pred p; .reg .b32 %r<4>;\n" statements "\n}\n"

static const struct refusal {
    const char *text;
    uint32_t line;
    const char *says;
} refusals[] = {
    {"", 1, "no .version"},
    {".version 8\n", 1, "expected a version such as 9.0, found '8'"},
    {".target nvptx\n", 1, "the target is 'nvptx'"},
    {".target sm_90x\n", 1, "'sm_90x'"},
    {".address_size 32\n\n.func", 1, "is 32; it must be 64"},
    {"\n.unheard 3\n", 2, "the directive '.unheard' is unknown"},
    {"mov.u32 %r1, 2;\n", 1, "expected a directive, found 'mov.u32'"},
    {".alias a, b;\n", 1, ".alias is not supported"},
    {".extern .unheard x;\n", 1, "expected a function or variable after .extern"},
    {".global .pred x;\n", 1, "expected the type of a variable"},
    {".global .u32 x[];\n", 1, "the size of 'x' is missing"},
    {".global .u32 x[2] = {1, 2, 3};\n", 1, "longer than its 8 bytes"},
    {".global .b8 x[2] = {1, 2, 3};\n", 1, "longer than its 2 bytes"},
    {".global .u32 x = {{{{{{{{{{1}}}}}}}}}};\n", 1, "more than 8 lists in lists"},
    {".global .u32 x = y;\n", 1, "not an array of 64-bit values"},
    {".global .u32 x = \"text\";\n", 1, "not an array of bytes"},
    {".global .u32 x[99999999999999];\n", 1, "must be an integer of at most"},
    {".global .u32 x[1000000][100000000];\n", 1, "larger than any memory"},
    {".global .align 3 .u32 x;\n", 1, "the alignment is 3; it must be a power of two"},
    {".global .u32 x;\n.global .u32 x;\n", 2, "'x' is already declared"},
    {".extern .global .u32 x;\n.const .u32 x = 1;\n", 2, "'x' is already declared in another state space"},
    {".shared .u32 x = 1;\n", 1, "only .global and .const variables can be"},
    {".global .attribute(.unified(1, 2)) .u32 x;\n", 1,
     "the attribute '.unified' is not supported; only .managed is"},
    {".global .u32 x = 99999999999999999999;\n", 1, "not a number that fits in 64 bits"},
    {".global .u32 x = 09;\n", 1, "'09' is not a number"},
    {".global .f32 x = 0f3F80000G;\n", 1, "'0f3F80000G' is not a number"},
    {".global .b8 x[] = \"abc\n", 1, "a string or comment that begins here has no end"},
    {"/* never closed", 1, "has no end"},
    {".func f(.reg .b32 x);\n", 1, "parameters in registers are not supported"},
    {".entry k(.param .b32 a, .param .b32 a) { ret; }\n", 1, "two parameters 'a'"},
    {".entry k() { ret; }\n.entry k() { ret; }\n", 2, "'k' has two bodies"},
    {".extern .func f() { ret; }\n", 1, "the .extern function 'f' has a body"},
    {".entry k() .unheard 3 { ret; }\n", 1, "the directive '.unheard' is unknown before"},
    {".entry k() .maxntid 1, 2, 3, 4 { ret; }\n", 1, "more than three dimensions"},
    {BODY(".unheard"), 6, "the directive '.unheard' is unknown in a function"},
    {BODY("mov.u32 %r1 5;"), 6, "expected ',' between operands or ';' after them, found '5'"},
    {BODY("mov.u32 %r4, 5;"), 6, "'%r4' is not declared"},
    {BODY("mov.u32 %r01, 5;"), 6, "'%r01' is not declared"},
    {BODY("mov.u32 %r1, %tid.w;"), 6, "'%tid.w' is not declared"},
    {BODY("ld.global.u32 %r1, [5.0];"), 6, "an address must be an integer"},
    {BODY("ld.global.u32 %r1, [0, [1]];"), 6, "expected coordinates in an address, found '['"},
    {BODY("ld.global.u32 %r1, [%tid.x];"), 6, "'%tid.x' is neither a register nor a variable"},
    {BODY("ld.global.u32 %r1, [%r2 %r3];"), 6, "expected ']' after an address"},
    {BODY("mov.b64 {%r1, {%r2, %r3}}, 5;"), 6, "expected a register or an immediate in the list"},
    {BODY("@%r1 ret;"), 6, "the guard '%r1' is not a predicate"},
    {BODY("bra nowhere;"), 6, "the label 'nowhere' is not in this function"},
    {BODY("{ inside: }\nbra inside;"), 7, "the label 'inside' is not in this function or not in scope"},
    {BODY("here: here:"), 6, "'here' is already declared in this scope"},
    {BODY(".reg .b32 a, a;"), 6, "'a' is already declared in this scope"},
    {BODY(".reg .b32 a<99999999>;"), 6, "must be an integer of at most"},
    {BODY(".reg .v2 .b32 a;"), 6, "vector registers are not supported"},
    {BODY("call missing;"), 6, "'missing' is not declared"},
    {BODY("call 5;"), 6, "the callee must be a function or a register"},
    {BODY(".reg .b64 f;\ncall f;"), 7, "the prototype of an indirect call is missing"},
    {BODY(".reg .b64 f;\ncall f, (), shape;"), 7,
     "'shape' is no .callprototype or .calltargets declared before"},
    {BODY("targets: .calltargets 5;"), 6, "the targets of a call must be functions"},
    {BODY("targets: .calltargets ;"), 6, "the list of a call's targets is empty"},
    {BODY("shape: .callprototype 5;"), 6, "expected '_' in a prototype"},
    {BODY("setp.eq.s32 p|5, %r1, %r2;"), 6, "expected an operand, found '5'"},
    {BODY("add.s32 %r1, %r2, -;"), 6, "expected a number after '-'"},
    {BODY("ret"), 7, "expected an operand, found '}'"},
    {HEADER ".entry k() { ret;", 4, "expected '}' at the end of the function, but the text ends here"},
    {".section .debug { {", 1, "expected '}' at the end of the section"},
};

Test(vgpu_reader_refuses, in_words) {
    for (size_t i = 0; i < sizeof refusals / sizeof *refusals; i++) {
        struct ptx_error error;
        struct ptx_module *read = ptx_read(refusals[i].text, &error);
        cr_expect_null(read, "read: %s", refusals[i].text);
        cr_expect_not_null(strstr(error.message, refusals[i].says), "'%s' should say '%s'", error.message,
                           refusals[i].says);
        cr_expect_eq(error.line, refusals[i].line, "'%s' is about line %u, not %u", error.message,
                     refusals[i].line, error.line);
        ptx_free(read);
    }
}

/* A C++ name may be longer than any sentence: the beginning and the end are what tells. */
Test(vgpu_reader_refuses, a_long_name_in_a_whole_sentence) {
    static char long_name[3000], before[] = HEADER ".entry k() { bra ";
    struct ptx_error error;
    memset(long_name, 'x', sizeof long_name - 1);
    memcpy(long_name, before, sizeof before - 1);
    strcpy(long_name + sizeof long_name - 4, ";}");
    cr_assert_null(ptx_read(long_name, &error));
    cr_expect_not_null(strstr(error.message, "the label 'xxx"));
    cr_expect_not_null(strstr(error.message, "xxx' is not in this function or not in scope"));
    cr_expect_null(ptx_read("\033[2J", &error));
    cr_expect_str_eq(error.message, "expected a directive, found '?'");
}

/* `piece` over and over between `before` and `after`. */
static char *repeat(const char *before, const char *piece, size_t times, const char *after) {
    size_t bytes = strlen(piece);
    char *made = malloc(strlen(before) + bytes * times + strlen(after) + 1), *at = stpcpy(made, before);
    for (; times > 0; times--)
        at = stpcpy(at, piece);
    strcpy(at, after);
    return made;
}

static void read_and_lower(const char *any) {
    struct ptx_error error;
    struct ptx_module *read = ptx_read(any, &error);
    if (!read) {
        cr_expect(error.message[0]);
        return;
    }
    for (uint32_t i = 0; i < read->function_count; i++)
        if (read->functions[i]->is_entry)
            program_free(program_lower(read, read->functions[i], &error));
    ptx_free(read);
}

/* Text cut off anywhere, with one character lost, doubled or replaced: an answer or a sentence, never a crash. */
static void damage(const char *name, size_t step) {
    char *whole = load_text(name);
    size_t length = strlen(whole);
    char *damaged = malloc(length + 2);
    for (size_t cut = 0; cut < length; cut += step) {
        memcpy(damaged, whole, cut);
        damaged[cut] = '\0';
        read_and_lower(damaged);
    }
    static const char replacements[] = "{}[]();,.|!@%_-:\"/9 ";
    for (size_t at = 0; at < length; at += step) {
        memcpy(damaged, whole, length + 1);
        damaged[at] = replacements[at / step % (sizeof replacements - 1)];
        read_and_lower(damaged);
        memcpy(damaged, whole, at);
        memcpy(damaged + at, whole + at + 1, length - at);
        read_and_lower(damaged);
        memcpy(damaged, whole, at + 1);
        memcpy(damaged + at + 1, whole + at, length - at + 1);
        read_and_lower(damaged);
    }
    free(damaged);
    free(whole);
}

/* Each would take minutes, gigabytes or the whole stack if what it costs grew faster than the text. */
Test(vgpu_reader_survives, long_texts, .timeout = 30) {
    char *texts[] = {
        repeat(HEADER ".global .b32 numbers[] = {", "1, ", 1000000, "1};\n"),
        repeat(HEADER, ".global .b8 x[1099511627776] = {1};\n", 1, ""),
        repeat(HEADER ".entry k() { .reg .b32 %r<3>; mov.b32 %r", "1", 1000000, ", 1; }\n"),
        repeat(HEADER ".entry k() { ld.b32 ", "[0, ", 1000000, "\n"),
        repeat(HEADER ".entry k() { ", "{ .reg .b32 %r<4194304>; } ", 1000, "}\n"),
    };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        read_and_lower(texts[i]);
        free(texts[i]);
    }
}

Test(vgpu_reader_survives, damaged_syntax) { damage("syntax.ptx", 1); }
Test(vgpu_reader_survives, damaged_calls) { damage("calls.ptx", 7); }
