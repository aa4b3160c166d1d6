/*
 * A kernel ready to be bound to the executor: one straight list of instructions, calls inlined, registers packed.
 *
 * Lowering (lower.c) does, in order: inline direct calls (their .param space becomes registers or local bytes), drop
 * moves by copy propagation, remove dead definitions, find live ranges, and give registers byte offsets ("slots") in the
 * warp's register file so that registers that are never live together share bytes.
 *
 * The register file of a warp, lane-major within a register, 64-byte aligned:
 *   predicate            4 bytes: one bit a lane
 *   8- and 16-bit types  32 x uint16_t  =  64 bytes (8-bit values are held extended to 16 bits by their type's sign)
 *   32-bit types         32 x uint32_t  = 128 bytes
 *   64-bit types         32 x uint64_t  = 256 bytes
 *   128-bit type         two consecutive 64-bit registers (low, high) = 512 bytes
 *
 * A predicated definition, and any definition under divergence, keeps the other lanes' values: liveness treats lanes of
 * one register together, so a slot may be reused only where no lane of the old value can still be read. A destination may
 * have the slot of a source of its own instruction, as the text itself may write `shfl r1, r1`: read before you write.
 * Two destinations of one instruction never share. The condition code (add.cc, addc) is not a register; the executor
 * keeps it per lane. A local or shared variable in an operand is the program's own copy, its address an offset that
 * lowering chose; global, const and entry .param variables are the module's.
 *
 * Calls of functions that call themselves, and those by a register, stay calls. The functions they may go to are routines, whose
 * code follows the entry's, and a thread that calls has a stack (../exec/call.h) in its local memory, behind the entry's own. It holds a frame for
 * each call under way; a variable with PTX_BASE_FRAME lies in the frame of the call that runs, one with PTX_BASE_TOP where the
 * next will begin: there the caller writes arguments and finds results. Routines use the registers that the entry uses, so a call keeps
 * the values that are live behind it; liveness sees it as any other instruction, a routine's `ret` as the end of a thread.
 */
#ifndef LOTTO_VGPU_PROGRAM_H
#define LOTTO_VGPU_PROGRAM_H

#include "ptx.h"

/* The first one is the entry. */
struct routine {
    const struct ptx_function *function;
    uint32_t begin; /* instruction */
    uint32_t frame_bytes;
};

struct program {
    const char *name;
    const struct ptx_module *module;
    const struct ptx_function *entry;
    struct ptx_register *registers;
    uint32_t register_count;
    struct ptx_instruction
        *instructions; /* label operands index into this list; ends in exit or ret on every path */
    uint32_t instruction_count;
    uint32_t register_file_bytes; /* per warp */
    uint32_t
        registers_per_thread; /* 32-bit registers live at most, an estimate of what an assembler would take */
    uint32_t parameter_bytes;
    uint32_t static_shared_bytes;   /* static .shared variables, offsets in variable->address */
    uint32_t dynamic_shared_offset; /* where extern .shared begins: static size rounded up to 128 */
    uint32_t local_bytes;           /* per thread, without its stack */
    struct routine *routines;
    uint32_t routine_count;
    bool uses_stack;          /* has calls or alloca */
    uint32_t frame_alignment; /* a power of two, 16 at least */
    struct ptx_arena *arena;
};

/*
 * NULL on error (a parameter mismatch, an .extern variable nobody defines), with *error filled.
 * A call of a function without a body stays in the list, shaped as ptx.h says: the executor knows it or refuses it.
 * The module must outlive the program; new opcodes (ld.local for ld.param) are interned in it, so one lowering at a time.
 */
struct program *program_lower(struct ptx_module *module, const struct ptx_function *entry,
                              struct ptx_error *error);
void program_free(struct program *program);

#endif
