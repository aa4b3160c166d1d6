/* Functions: headers, performance directives, bodies with their scopes, registers, labels and instructions. */
#include "reader.h"

#include <stdlib.h>
#include <string.h>

/* .param .b32 a, .param .align 8 .b8 b[16]), after '(' */
static void read_parameters(struct reader *reader, struct ptx_variable ***list, uint32_t *count) {
    reader->parameter_count = 0;
    while (!reader_accept(reader, ')')) {
        if (reader->parameter_count)
            reader_expect(reader, ',', "between parameters");
        if (token_is(&reader->token, ".reg"))
            reader_fail(reader, "parameters in registers are not supported; they must be .param");
        if (!reader_accept_directive(reader, ".param"))
            reader_expected(reader, ".param");
        reader->parameters = reader_grow(reader, reader->parameters, reader->parameter_count,
                                         &reader->parameter_capacity, sizeof *reader->parameters);
        reader->parameters[reader->parameter_count++] = read_parameter(reader);
    }
    *count = reader->parameter_count;
    *list = arena_copy(reader->arena, reader->parameters, *count * sizeof **list);
}

/* Offsets as the ABI lays parameters out: each at its alignment, in order. Where the last one ends. */
static uint32_t lay_out(struct reader *reader, struct ptx_variable **parameters, uint32_t count,
                        uint64_t offset) {
    for (uint32_t i = 0; i < count; i++) {
        offset = (offset + parameters[i]->align - 1) & ~(uint64_t)(parameters[i]->align - 1);
        parameters[i]->address = offset;
        offset += parameters[i]->bytes;
    }
    if (offset > INT32_MAX)
        reader_fail(reader, "the parameters have %llu bytes, too many", (unsigned long long)offset);
    return (uint32_t)offset;
}

static void lay_out_call(struct reader *reader, struct ptx_function *function) {
    function->parameter_bytes = lay_out(reader, function->parameters, function->parameter_count, 0);
    function->call_bytes =
        lay_out(reader, function->results, function->result_count, function->parameter_bytes);
}

/* x [, y [, z]]; missing ones are 1 */
static void read_extent(struct reader *reader, const char *what, uint32_t extent[3]) {
    extent[1] = extent[2] = 1;
    for (int i = 0; i < 3; i++) {
        extent[i] = (uint32_t)reader_integer(reader, what, INT32_MAX);
        if (!reader_accept(reader, ','))
            return;
    }
    reader_fail(reader, "%s has more than three dimensions", what);
}

/* .maxntid 128, 1, 1 .minnctapersm 2 and so on, between a header and its body */
static void read_performance_directives(struct reader *reader, struct ptx_function *function) {
    while (reader->token.kind == TOKEN_DIRECTIVE) {
        if (reader_accept_directive(reader, ".maxntid")) {
            uint32_t extent[3];
            read_extent(reader, "the largest block", extent);
            uint64_t threads = (uint64_t)extent[0] * extent[1];
            if (threads > INT32_MAX || threads * extent[2] > INT32_MAX)
                reader_fail(reader, "the largest block has more than 2^31 threads");
            function->max_threads = (uint32_t)(threads * extent[2]);
        } else if (reader_accept_directive(reader, ".reqntid")) {
            read_extent(reader, "the required block", function->required_threads);
        } else if (reader_accept_directive(reader, ".minnctapersm")) {
            function->min_blocks_per_sm =
                (uint32_t)reader_integer(reader, "the blocks per multiprocessor", INT32_MAX);
        } else if (reader_accept_directive(reader, ".reqnctapercluster")) {
            read_extent(reader, "the required cluster", function->required_cluster);
        } else if (reader_accept_directive(reader, ".explicitcluster")) {
            function->explicit_cluster = true;
        } else if (reader_accept_directive(reader, ".maxnreg") ||
                   reader_accept_directive(reader, ".maxclusterrank")) {
            reader_integer(reader, "a limit", INT32_MAX);
        } else if (reader_accept_directive(reader, ".pragma")) {
            reader_skip_statement(reader);
        } else if (!reader_accept_directive(reader, ".noreturn")) {
            reader_fail(reader, "the directive '%.*s' is unknown before a function's body",
                        (int)reader->token.length, reader->token.start);
        }
    }
}

/* .reg .b32 a, b, %r<10>; */
static void read_registers(struct reader *reader) {
    enum { MOST_IN_A_FAMILY = 1 << 22, MOST_IN_A_MODULE = 1 << 26 };
    enum ptx_type type;
    if (token_is(&reader->token, ".v2") || token_is(&reader->token, ".v4"))
        reader_fail(reader, "vector registers are not supported");
    if (!reader_accept_type(reader, &type))
        reader_expected(reader, "the type of a register (.pred, .b16, .b32, .f32, .b64, ...)");
    do {
        struct token name = reader_take_name(reader, "a register's name");
        bool is_family = reader_accept(reader, '<');
        struct binding *binding =
            names_bind(reader->names, name.start, name.length, is_family ? BINDING_FAMILY : BINDING_REGISTER);
        if (!binding)
            reader_fail_at(reader, name.line, "'%.*s' is already declared in this scope", (int)name.length,
                           name.start);
        if (is_family) {
            binding->family.type = type;
            binding->family.count =
                (uint32_t)reader_integer(reader, "the number of registers", MOST_IN_A_FAMILY);
            reader->family_members += binding->family.count;
            if (reader->family_members > MOST_IN_A_MODULE)
                reader_fail(reader, "the module declares more than %d registers", MOST_IN_A_MODULE);
            binding->family.registers =
                arena_allocate(reader->arena, binding->family.count * sizeof(uint32_t));
            reader_expect(reader, '>', "after the number of registers");
        } else {
            binding->reg = reader_add_register(reader, name.start, name.length, type);
        }
    } while (reader_accept(reader, ','));
    reader_expect(reader, ';', "after registers");
}

static void push_pending(struct reader *reader, struct ptx_operand *label, uint32_t line) {
    reader->pending = reader_grow(reader, reader->pending, reader->pending_count, &reader->pending_capacity,
                                  sizeof *reader->pending);
    reader->pending[reader->pending_count++] = (struct pending_label){.operand = label, .line = line};
}

/* Labels are seen in the whole scope that holds them: those used so far are looked up when it ends. */
static void resolve_labels(struct reader *reader, uint32_t first, bool is_last) {
    uint32_t kept = first;
    for (uint32_t i = first; i < reader->pending_count; i++) {
        struct ptx_operand *operand = reader->pending[i].operand;
        if (!operand->special) /* of a .branchtargets list, found by way of the list itself */
            continue;
        const struct binding *binding = names_find(reader->names, operand->special, strlen(operand->special));
        if (binding && binding->kind == BINDING_LABEL) {
            operand->label = binding->label;
            operand->special = NULL;
        } else if (is_last) {
            reader_fail_at(reader, reader->pending[i].line,
                           "the label '%s' is not in this function or not in scope", operand->special);
        } else {
            reader->pending[kept++] = reader->pending[i];
        }
    }
    reader->pending_count = kept;
}

/* (results) _ (parameters) [.noreturn ...]; after .callprototype: a function without a name. */
static struct ptx_operand read_prototype(struct reader *reader, const struct token *name) {
    struct ptx_function *function = arena_allocate(reader->arena, sizeof *function);
    function->name = reader_intern(reader, name);
    if (reader_accept(reader, '('))
        read_parameters(reader, &function->results, &function->result_count);
    reader_take_name(reader, "'_' in a prototype");
    if (reader_accept(reader, '('))
        read_parameters(reader, &function->parameters, &function->parameter_count);
    lay_out_call(reader, function);
    reader_skip_statement(reader);
    return (struct ptx_operand){.kind = PTX_OPERAND_FUNCTION, .callee = function};
}

/* f, g; after .calltargets */
static struct ptx_operand read_call_targets(struct reader *reader) {
    struct ptx_operand targets = {.kind = PTX_OPERAND_VECTOR}, *elements;
    uint32_t line = reader->token.line, count;
    read_operand_list(reader, ';', false, &elements, &count);
    for (uint32_t i = 0; i < count; i++)
        if (elements[i].kind != PTX_OPERAND_FUNCTION)
            reader_fail_at(reader, line, "the targets of a call must be functions");
    if (count == 0)
        reader_fail_at(reader, line, "the list of a call's targets is empty");
    targets.elements = elements;
    targets.element_count = count;
    return targets;
}

/* After `name:` a list of labels for brx.idx, whom an indirect call may call, or nothing. */
static void read_label(struct reader *reader, const struct token *name) {
    bool is_targets = reader_accept_directive(reader, ".branchtargets");
    bool is_prototype = !is_targets && reader_accept_directive(reader, ".callprototype");
    bool is_callees = !is_targets && !is_prototype && reader_accept_directive(reader, ".calltargets");
    struct binding *binding = names_bind(reader->names, name->start, name->length,
                                         is_targets                   ? BINDING_TARGETS
                                         : is_prototype || is_callees ? BINDING_PROTOTYPE
                                                                      : BINDING_LABEL);
    if (!binding)
        reader_fail_at(reader, name->line, "'%.*s' is already declared in this scope", (int)name->length,
                       name->start);
    if (is_targets) {
        struct ptx_operand *elements;
        uint32_t count;
        read_operand_list(reader, ';', true, &elements, &count);
        for (uint32_t i = 0; i < count; i++) {
            if (elements[i].kind != PTX_OPERAND_LABEL)
                reader_fail_at(reader, name->line, "the targets of '%.*s' must be labels", (int)name->length,
                               name->start);
            push_pending(reader, &elements[i], name->line);
        }
        binding->targets = (struct ptx_operand){.kind = PTX_OPERAND_VECTOR, .elements = elements};
        binding->targets.element_count = count;
    } else if (is_prototype || is_callees) {
        binding->targets = is_prototype ? read_prototype(reader, name) : read_call_targets(reader);
    } else {
        binding->label = reader->instruction_count;
    }
}

static struct ptx_operand read_call_list(struct reader *reader) {
    struct ptx_operand list = {.kind = PTX_OPERAND_VECTOR}, *elements;
    uint32_t count;
    read_operand_list(reader, ')', false, &elements, &count);
    list.elements = elements;
    list.element_count = count;
    return list;
}

static struct ptx_operand read_prototype_name(struct reader *reader) {
    struct token name = reader_take_name(reader, "the arguments in parentheses or the prototype of the call");
    const struct binding *binding = names_find(reader->names, name.start, name.length);
    if (!binding || binding->kind != BINDING_PROTOTYPE)
        reader_fail_at(reader, name.line, "'%.*s' is no .callprototype or .calltargets declared before",
                       (int)name.length, name.start);
    return binding->targets;
}

/* call.uni (results), callee, (arguments) [, prototype]; as the operands of ptx.h */
static void read_call(struct reader *reader, struct ptx_instruction *instruction) {
    struct ptx_operand operands[4] = {{0}, {.kind = PTX_OPERAND_VECTOR}, {.kind = PTX_OPERAND_VECTOR}};
    instruction->operand_count = 3;
    if (reader_accept(reader, '(')) {
        operands[1] = read_call_list(reader);
        reader_expect(reader, ',', "after the results of a call");
    }
    uint32_t line = reader->token.line;
    operands[0] = read_operand(reader, false);
    if (operands[0].kind != PTX_OPERAND_FUNCTION && operands[0].kind != PTX_OPERAND_REGISTER)
        reader_fail_at(reader, line, "the callee must be a function or a register");
    if (reader_accept(reader, ',')) {
        bool has_arguments = reader_accept(reader, '(');
        if (has_arguments)
            operands[2] = read_call_list(reader);
        if (!has_arguments || reader_accept(reader, ','))
            operands[instruction->operand_count++] = read_prototype_name(reader);
    }
    if (operands[0].kind == PTX_OPERAND_REGISTER && instruction->operand_count == 3)
        reader_fail_at(reader, line, "the prototype of an indirect call is missing");
    instruction->operands = arena_copy(reader->arena, operands, sizeof operands);
}

static bool starts_with(const char *text, const char *prefix) {
    return strncmp(text, prefix, strlen(prefix)) == 0;
}

/* The opcode without its modifiers. */
static bool is_named(const char *opcode, const char *name) {
    size_t length = strlen(name);
    return strncmp(opcode, name, length) == 0 && (opcode[length] == '\0' || opcode[length] == '.');
}

static void read_instruction(struct reader *reader, const struct token *opcode, uint32_t guard,
                             bool guard_negated) {
    struct ptx_instruction instruction = {
        .opcode = reader_intern(reader, opcode),
        .line = opcode->line,
        .source_file = reader->source_file,
        .source_line = reader->source_line,
        .used_bytes = reader->used_bytes,
        .guard = guard,
        .guard_negated = guard_negated,
    };
    reader->used_bytes = 0;
    if (is_named(instruction.opcode, "call")) {
        read_call(reader, &instruction);
        reader_expect(reader, ';', "after a call");
    } else {
        bool is_branch = is_named(instruction.opcode, "bra") || is_named(instruction.opcode, "brx");
        uint32_t first = reader->operand_count, count = 0;
        while (!reader_accept(reader, ';')) {
            if (count)
                reader_expect(reader, ',', "between operands or ';' after them");
            if (++count > UINT8_MAX)
                reader_fail(reader, "the instruction has more than %d operands", UINT8_MAX);
            reader_push_operand(reader, read_operand(reader, is_branch));
        }
        reader->operand_count = first;
        instruction.operand_count = (uint8_t)count;
        instruction.operands =
            arena_copy(reader->arena, reader->operands + first, count * sizeof *instruction.operands);
        for (uint32_t i = 0; i < count && is_branch; i++) {
            struct ptx_operand *operand = &instruction.operands[i];
            if (operand->kind == PTX_OPERAND_LABEL)
                push_pending(reader, operand, instruction.line);
            for (uint32_t j = 0; operand->kind == PTX_OPERAND_VECTOR && j < operand->element_count; j++)
                if (operand->elements[j].kind == PTX_OPERAND_LABEL)
                    push_pending(reader, &operand->elements[j], instruction.line);
        }
    }
    reader->instructions = reader_grow(reader, reader->instructions, reader->instruction_count,
                                       &reader->instruction_capacity, sizeof *reader->instructions);
    reader->instructions[reader->instruction_count++] = instruction;
}

/* .loc 1 20 5 [, function_name ...], to the end of the line */
static void read_location(struct reader *reader) {
    uint32_t line = reader->token.line;
    reader->source_file = (uint32_t)reader_integer(reader, "the number of a source file", 1000000);
    reader->source_line = (uint32_t)reader_integer(reader, "a source line", UINT32_MAX);
    if (reader->token.line == line)
        reader_skip_line(reader);
}

/* .pragma "used_bytes_mask 61695"; others are hints to the assembler. */
static void read_pragma(struct reader *reader) {
    static const char used[] = "used_bytes_mask ";
    const struct token *token = &reader->token;
    if (token->kind == TOKEN_STRING && token->length >= sizeof used && starts_with(token->start, used))
        reader->used_bytes = (uint32_t)strtoul(token->start + sizeof used - 1, NULL, 0);
    reader_skip_statement(reader);
}

static void read_body_directive(struct reader *reader) {
    static const struct {
        const char *name;
        enum ptx_space space;
    } spaces[] = {
        {".param", PTX_SPACE_PARAM},   {".shared", PTX_SPACE_SHARED}, {".local", PTX_SPACE_LOCAL},
        {".global", PTX_SPACE_GLOBAL}, {".const", PTX_SPACE_CONST},
    };
    if (reader_accept_directive(reader, ".loc")) {
        read_location(reader);
    } else if (reader_accept_directive(reader, ".reg")) {
        read_registers(reader);
    } else if (reader_accept_directive(reader, ".pragma")) {
        read_pragma(reader);
    } else {
        enum linkage linkage = reader_accept_directive(reader, ".extern") ? LINKAGE_EXTERN : LINKAGE_NONE;
        for (size_t i = 0; i < sizeof spaces / sizeof *spaces; i++)
            if (reader_accept_directive(reader, spaces[i].name)) {
                read_variables(reader, spaces[i].space, linkage);
                return;
            }
        reader_fail(reader, "the directive '%.*s' is unknown in a function", (int)reader->token.length,
                    reader->token.start);
    }
}

static void read_statement(struct reader *reader) {
    if (reader->token.kind == TOKEN_DIRECTIVE) {
        read_body_directive(reader);
        return;
    }
    uint32_t guard = PTX_NO_GUARD;
    bool guard_negated = false;
    if (reader_accept(reader, '@')) {
        guard_negated = reader_accept(reader, '!');
        guard = read_register(reader);
        if (reader->registers[guard].type != PTX_PRED)
            reader_fail(reader, "the guard '%s' is not a predicate", reader->registers[guard].name);
    }
    struct token name = reader_take_name(reader, "an instruction, a label or a directive");
    if (guard == PTX_NO_GUARD && reader_accept(reader, ':'))
        read_label(reader, &name);
    else
        read_instruction(reader, &name, guard, guard_negated);
}

/* After '{', over the matching '}'. Scopes are kept on a small stack: text may nest them as it likes. */
static void read_body(struct reader *reader) {
    enum { MOST_SCOPES = 64 };
    uint32_t first_pending[MOST_SCOPES];
    uint32_t depth = 0;
    first_pending[0] = 0;
    for (;;) {
        if (reader_accept(reader, '{')) {
            if (++depth == MOST_SCOPES)
                reader_fail(reader, "scopes are nested more than %d deep", MOST_SCOPES);
            names_enter(reader->names);
            first_pending[depth] = reader->pending_count;
        } else if (reader_at(reader, '}')) {
            resolve_labels(reader, first_pending[depth], depth == 0);
            reader_advance(reader);
            if (depth == 0)
                return;
            names_leave(reader->names);
            depth--;
        } else if (reader->token.kind == TOKEN_END) {
            reader_expected(reader, "'}' at the end of the function");
        } else if (!reader_accept(reader, ';')) {
            read_statement(reader);
        }
    }
}

/* The function of that name, declared before or new. */
static struct ptx_function *declare(struct reader *reader, const struct token *name) {
    struct binding *binding = names_bind(reader->names, name->start, name->length, BINDING_FUNCTION);
    if (!binding) {
        binding = names_find(reader->names, name->start, name->length);
        if (binding->kind != BINDING_FUNCTION)
            reader_fail_at(reader, name->line, "'%.*s' is already declared as a variable", (int)name->length,
                           name->start);
        return binding->function;
    }
    struct ptx_module *module = reader->module;
    binding->function = arena_allocate(reader->arena, sizeof *binding->function);
    binding->function->name = reader_intern(reader, name);
    binding->function->index = module->function_count;
    module->functions = reader_grow(reader, module->functions, module->function_count,
                                    &reader->function_capacity, sizeof *module->functions);
    module->functions[module->function_count++] = binding->function;
    return binding->function;
}

static void bind_parameters(struct reader *reader, struct ptx_variable **parameters, uint32_t count) {
    for (uint32_t i = 0; i < count; i++) {
        const char *name = parameters[i]->name;
        struct binding *binding = names_bind(reader->names, name, strlen(name), BINDING_VARIABLE);
        if (!binding)
            reader_fail(reader, "the function has two parameters '%s'", name);
        binding->variable = parameters[i];
    }
}

static void own_parameters(struct ptx_function *function, struct ptx_variable **parameters, uint32_t count) {
    for (uint32_t i = 0; i < count; i++) {
        parameters[i]->owner = function;
        parameters[i]->ordinal = function->ordinal_count++;
    }
}

static void keep_body(struct reader *reader, struct ptx_function *function) {
    struct ptx_arena *arena = reader->arena;
    function->variable_count = reader->local_count;
    function->variables = arena_copy(arena, reader->locals, reader->local_count * sizeof *reader->locals);
    function->register_count = reader->register_count;
    function->registers =
        arena_copy(arena, reader->registers, reader->register_count * sizeof *reader->registers);
    function->instruction_count = reader->instruction_count;
    function->instructions =
        arena_copy(arena, reader->instructions, reader->instruction_count * sizeof *reader->instructions);
}

void read_function(struct reader *reader, bool is_entry, enum linkage linkage) {
    struct ptx_function header = {.is_entry = is_entry};
    if (!is_entry && reader_accept(reader, '('))
        read_parameters(reader, &header.results, &header.result_count);
    struct token name = reader_take_name(reader, "a function's name");
    struct ptx_function *function = declare(reader, &name);
    header.name = function->name;
    header.index = function->index;

    names_enter(reader->names);
    if (reader_accept(reader, '('))
        read_parameters(reader, &header.parameters, &header.parameter_count);
    bind_parameters(reader, header.results, header.result_count);
    bind_parameters(reader, header.parameters, header.parameter_count);
    lay_out_call(reader, &header);
    read_performance_directives(reader, &header);
    header.is_defined = reader_accept(reader, '{');
    if (!header.is_defined)
        reader_expect(reader, ';', "or a body after the header of a function");
    else if (function->is_defined)
        reader_fail_at(reader, name.line, "the function '%s' has two bodies", function->name);
    else if (linkage == LINKAGE_EXTERN)
        reader_fail_at(reader, name.line, "the .extern function '%s' has a body", function->name);

    if (header.is_defined || !function->is_defined) {
        *function = header;
        own_parameters(function, function->results, function->result_count);
        own_parameters(function, function->parameters, function->parameter_count);
    }
    if (header.is_defined) {
        reader->register_count = reader->instruction_count = reader->local_count = reader->pending_count = 0;
        reader->source_file = reader->source_line = 0;
        reader->function = function;
        read_body(reader);
        keep_body(reader, function);
        reader->function = NULL;
    }
    names_leave(reader->names);
}
