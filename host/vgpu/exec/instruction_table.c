/* The families' tables for this processor, found by name. */
#include "instruction_table.h"
#include "processor.h"

#include <string.h>

#define FAMILIES(level)                                                                                      \
    extern const struct instruction integer_instructions_##level[], bits_instructions_##level[],             \
        packed_instructions_##level[], compare_instructions_##level[], move_instructions_##level[],          \
        memory_instructions_##level[], atomic_instructions_##level[], control_instructions_##level[],        \
        warp_sync_instructions_##level[], float_instructions_##level[], rounded_instructions_##level[],      \
        approximate_instructions_##level[], convert_instructions_##level[], half_instructions_##level[],     \
        half_convert_instructions_##level[], fp8_convert_instructions_##level[],                             \
        async_copy_instructions_##level[], mbarrier_instructions_##level[],                                  \
        bulk_copy_instructions_##level[], bulk_reduce_instructions_##level[];                                \
    static const struct instruction *const families_##level[] =                                              \
        {                                                                                                    \
            integer_instructions_##level,                                                                    \
            bits_instructions_##level,                                                                       \
            packed_instructions_##level,                                                                     \
            compare_instructions_##level,                                                                    \
            move_instructions_##level,                                                                       \
            memory_instructions_##level,                                                                     \
            atomic_instructions_##level,                                                                     \
            control_instructions_##level,                                                                    \
            warp_sync_instructions_##level,                                                                  \
            float_instructions_##level,                                                                      \
            rounded_instructions_##level,                                                                    \
            approximate_instructions_##level,                                                                \
            convert_instructions_##level,                                                                    \
            half_instructions_##level,                                                                       \
            half_convert_instructions_##level,                                                               \
            fp8_convert_instructions_##level,                                                                \
            async_copy_instructions_##level,                                                                 \
            mbarrier_instructions_##level,                                                                   \
            bulk_copy_instructions_##level,                                                                  \
            bulk_reduce_instructions_##level,                                                                \
            NULL,                                                                                            \
    };
FAMILIES(v3)
FAMILIES(v4)

enum { BUCKETS = 16384 };
static const struct instruction *buckets[BUCKETS];
static bool is_filled;

static unsigned hash(const char *name) {
    unsigned h = 2166136261u;
    for (; *name; name++)
        h = (h ^ (unsigned char)*name) * 16777619u;
    return h;
}
static const struct instruction **bucket_of(const char *name) {
    unsigned k = hash(name) % BUCKETS;
    while (buckets[k] && strcmp(buckets[k]->name, name) != 0)
        k = (k + 1) % BUCKETS;
    return &buckets[k];
}

const struct instruction *const *instruction_families(void) {
    return processor_is_v4() ? families_v4 : families_v3;
}

static void fill(void) {
    for (const struct instruction *const *family = instruction_families(); *family; family++)
        for (const struct instruction *row = *family; row->name; row++)
            *bucket_of(row->name) = row;
    is_filled = true;
}

const struct instruction *instruction_find(const char *name) {
    if (!is_filled)
        fill();
    return *bucket_of(name);
}
