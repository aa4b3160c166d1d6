#include "opcode.h"

#include <string.h>

enum { MAX_TOKENS = 16, TOKEN_BYTES = 32 };

static bool among(const char *token, const char *const *list) {
    for (; *list; list++)
        if (strcmp(token, *list) == 0)
            return true;
    return false;
}
#define AMONG(token, ...) among(token, (const char *const[]){__VA_ARGS__, NULL})

static unsigned type_bytes(const char *token) {
    if (AMONG(token, "b8", "u8", "s8"))
        return 1;
    if (AMONG(token, "b16", "u16", "s16", "f16", "bf16"))
        return 2;
    if (AMONG(token, "b32", "u32", "s32", "f32", "f16x2", "bf16x2", "s16x2", "u16x2"))
        return 4;
    if (AMONG(token, "b64", "u64", "s64", "f64"))
        return 8;
    return strcmp(token, "b128") == 0 ? 16 : 0;
}
static bool is_float(const char *token) {
    return AMONG(token, "f16", "bf16", "f32", "f64", "f16x2", "bf16x2", "e4m3x2", "e5m2x2", "tf32");
}

/* state space::cta and param::entry mean the plain spaces. */
static const char *plain_space(const char *token) {
    if (strcmp(token, "shared::cta") == 0)
        return "shared";
    if (strcmp(token, "param::entry") == 0)
        return "param";
    return token;
}
static enum ptx_space space_of(const char *token) {
    static const struct {
        const char *name;
        enum ptx_space space;
    } spaces[] = {
        {"global", PTX_SPACE_GLOBAL}, {"shared", PTX_SPACE_SHARED}, {"shared::cluster", PTX_SPACE_CLUSTER},
        {"local", PTX_SPACE_LOCAL},   {"const", PTX_SPACE_CONST},   {"param", PTX_SPACE_PARAM}};
    for (size_t k = 0; k < sizeof spaces / sizeof *spaces; k++)
        if (strcmp(plain_space(token), spaces[k].name) == 0)
            return spaces[k].space;
    return PTX_SPACE_GENERIC;
}

/* Whether a modifier of a memory access is dropped or kept in the fields of opcode. */
static bool take_memory_modifier(const char *token, struct opcode *opcode) {
    enum ptx_space space = space_of(token);
    if (space != PTX_SPACE_GENERIC) {
        opcode->space = space;
        return true;
    }
    opcode->strong |= AMONG(token, "volatile", "relaxed", "acquire", "acq_rel", "mmio");
    opcode->releases |= AMONG(token, "release", "acq_rel");
    opcode->has_cache_hint |= strcmp(token, "L2::cache_hint") == 0;
    return strncmp(token, "L1::", 4) == 0 || strncmp(token, "L2::", 4) == 0 ||
           AMONG(token, "weak", "volatile", "relaxed", "acquire", "release", "acq_rel", "mmio", "cta",
                 "cluster", "gpu", "sys", "nc", "ca", "cg", "cs", "lu", "cv", "wb", "wt");
}

static bool is_dropped(const char *base, const char *token, bool floats, unsigned position,
                       struct opcode *opcode) {
    if (AMONG(base, "ld", "ldu", "st", "atom", "red"))
        return take_memory_modifier(token, opcode);
    if (strcmp(base, "mbarrier") == 0)
        return take_memory_modifier(token, opcode) || strcmp(token, "b64") == 0;
    if (AMONG(base, "membar", "fence", "prefetch", "prefetchu", "applypriority", "discard")) {
        opcode->releases |= AMONG(token, "acq_rel", "sc", "release");
        opcode->fences_proxy |= strcmp(token, "proxy") == 0;
        return true;
    }
    if (strcmp(base, "createpolicy") == 0)
        return strncmp(token, "L2", 2) == 0 || strcmp(token, "global") == 0;
    if (strcmp(base, "setmaxnreg") == 0)
        return strcmp(token, "aligned") == 0;
    if (AMONG(base, "bra", "call", "ret", "exit", "brx"))
        return strcmp(token, "uni") == 0;
    if (AMONG(base, "bar", "barrier")) {
        opcode->strong |= strcmp(token, "relaxed") == 0;
        return AMONG(token, "cta", "aligned", "acquire", "release", "relaxed");
    }
    if (strcmp(base, "cp") == 0) {
        if (strcmp(plain_space(token), "shared") == 0)
            opcode->space = PTX_SPACE_SHARED;
        opcode->has_cache_hint |= strcmp(token, "L2::cache_hint") == 0;
        return strncmp(token, "L2::", 4) == 0;
    }
    if (AMONG(base, "setp", "set") && position == 2 && AMONG(token, "and", "or", "xor")) {
        opcode->combine = *token == 'a' ? COMBINE_AND : *token == 'o' ? COMBINE_OR : COMBINE_XOR;
        return true;
    }
    return floats && strcmp(token, "rn") == 0 &&
           AMONG(base, "add", "sub", "mul", "fma", "mad", "div", "rcp", "sqrt");
}

bool opcode_read(const char *dotted, struct opcode *opcode) {
    char tokens[MAX_TOKENS][TOKEN_BYTES];
    unsigned count = 0;
    *opcode = (struct opcode){.space = PTX_SPACE_GENERIC};
    for (const char *at = dotted;; at++) {
        size_t length = strcspn(at, ".");
        if (count == MAX_TOKENS || length >= TOKEN_BYTES)
            return false;
        memcpy(tokens[count], at, length);
        tokens[count++][length] = '\0';
        at += length;
        if (*at == '\0')
            break;
    }
    /* Assemblers take .ftz behind the type too, and -G writes it so. */
    if (count > 2 && strcmp(tokens[count - 1], "ftz") == 0) {
        memcpy(tokens[count - 1], tokens[count - 2], TOKEN_BYTES);
        memcpy(tokens[count - 2], "ftz", sizeof "ftz");
    }
    bool floats = false, has_type = false;
    for (unsigned k = 1; k < count; k++) {
        unsigned bytes = type_bytes(tokens[k]);
        floats |= is_float(tokens[k]);
        if (bytes && !has_type)
            opcode->result_signed = *tokens[k] == 's';
        if (bytes) {
            opcode->type_bytes = bytes;
            has_type = true;
        }
    }
    const char *base = tokens[0];
    opcode->conversion = (strcmp(base, "cvt") == 0 && floats) ||
                         AMONG(base, "ex2", "lg2", "sin", "cos", "tanh", "rcp", "rsqrt", "sqrt");
    const char *spelled = strcmp(base, "ldu") == 0             ? "ld"
                          : strcmp(base, "barrier") == 0       ? "bar"
                          : floats && strcmp(base, "mad") == 0 ? "fma"
                                                               : base;
    size_t used = strlen(spelled);
    memcpy(opcode->name, spelled, used + 1);
    for (unsigned k = 1; k < count; k++) {
        if (is_dropped(base, tokens[k], floats, k, opcode))
            continue;
        const char *token = plain_space(tokens[k]);
        size_t length = strlen(token);
        if (used + length + 2 > sizeof opcode->name)
            return false;
        opcode->name[used++] = '_';
        memcpy(opcode->name + used, token, length + 1);
        used += length;
    }
    return true;
}
