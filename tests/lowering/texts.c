#include "texts.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>

char *load_text(const char *name) {
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

struct ptx_module *read_text(const char *text) {
    struct ptx_error error;
    struct ptx_module *module = ptx_read(text, &error);
    cr_assert_not_null(module, "line %u: %s\n%s", error.line, error.message, text);
    return module;
}

struct program *lower_kernel(struct ptx_module *module, const char *name) {
    struct ptx_error error;
    struct program *program = program_lower(module, ptx_find_function(module, name), &error);
    cr_assert_not_null(program, "line %u: %s", error.line, error.message);
    return program;
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

void expect_sound_slots(const struct program *program) {
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
