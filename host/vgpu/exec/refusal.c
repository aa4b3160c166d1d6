#include "refusal.h"

#include <stddef.h>
#include <string.h>

static const struct {
    const char *prefix, *kind;
} refused[] = {
    {"mma.", "needs tensor cores"},
    {"wmma.", "needs tensor cores"},
    {"wgmma.", "needs tensor cores"},
    {"tcgen05.", "needs tensor cores"},
    {"ldmatrix.", "loads operands of tensor cores"},
    {"stmatrix.", "stores operands of tensor cores"},
    {"movmatrix.", "moves operands of tensor cores"},
    {"cp.async.bulk.tensor.", "copies by a tensor map"},
    {"cp.reduce.async.bulk.tensor.", "copies by a tensor map"},
    {"cp.async.bulk.prefetch.tensor.", "copies by a tensor map"},
    {"tensormap.", "changes a tensor map"},
    {"tex.", "reads a texture"},
    {"tld4.", "reads a texture"},
    {"txq.", "asks about a texture"},
    {"suld.", "reads a surface"},
    {"sust.", "writes a surface"},
    {"sured.", "changes a surface"},
    {"suq.", "asks about a surface"},
    {"istypep.", "asks about a texture or surface"},
    {"multimem.", "uses memory of several devices"},
    {"clusterlaunchcontrol.", "asks for the work of clusters not yet launched"},
};

const char *refused_kind(const char *opcode) {
    for (size_t k = 0; k < sizeof refused / sizeof *refused; k++)
        if (strncmp(opcode, refused[k].prefix, strlen(refused[k].prefix)) == 0)
            return refused[k].kind;
    return NULL;
}

const struct bound *run_refused(struct warp *warp, const struct bound *i, uint32_t mask) {
    (void)mask;
    const struct program *program = warp->grid->binding->program;
    vgpu_fail("kernel %s, PTX line %u: %s", program->name, (unsigned)program->instructions[i->origin].line,
              (const char *)i->side);
}
