#include "dtype.h"

#include "kernels/arith.h"

#include <string.h>

static const struct {
    const char *name;
    size_t bytes;
} dtypes[] = {[LOTTO_F32] = {"f32", 4}, [LOTTO_F16] = {"f16", 2}, [LOTTO_BF16] = {"bf16", 2}};

const char *dtype_name(lotto_dtype dtype) { return dtypes[dtype].name; }
size_t dtype_bytes(lotto_dtype dtype) { return dtypes[dtype].bytes; }

bool dtype_of_name(const char *name, lotto_dtype *dtype) {
    for (int i = LOTTO_F32; i <= LOTTO_BF16; i++) {
        if (strcmp(name, dtypes[i].name) == 0) {
            *dtype = (lotto_dtype)i;
            return true;
        }
    }
    return false;
}

/* value / 2^shift to nearest, ties to even; 0 < shift < 32. */
static uint32_t shifted_to_nearest(uint32_t value, int shift) {
    uint32_t half = 1u << (shift - 1);
    uint32_t odd = value >> shift & 1;
    return (value + half - 1 + odd) >> shift;
}

static uint16_t bf16_of(float x) {
    uint32_t bits = arith_bits_of(x);
    if (x != x)
        return (uint16_t)(bits >> 16 |
                          0x40); /* quiet, so that the payload's low half cannot leave an infinity */
    return (uint16_t)shifted_to_nearest(bits, 16);
}

static uint16_t f16_of(float x) {
    uint32_t bits = arith_bits_of(x);
    uint32_t sign = bits >> 16 & 0x8000;
    uint32_t magnitude = bits & 0x7fffffff;
    if (x != x)
        return (uint16_t)(sign | 0x7e00);
    if (magnitude >= 0x477ff000)
        return (uint16_t)(sign | 0x7c00); /* 65520 is the tie between 65504 and infinity */
    if (magnitude < 0x33000000)
        return (uint16_t)sign;    /* below half of the least subnormal, 2^-25 */
    if (magnitude < 0x38800000) { /* subnormal: a multiple of 2^-24 */
        int shift = 126 - (int)(magnitude >> 23);
        return (uint16_t)(sign | shifted_to_nearest((magnitude & 0x7fffff) | 0x800000, shift));
    }
    return (uint16_t)(sign | shifted_to_nearest(magnitude - (112u << 23), 13));
}

float dtype_value(const void *values, lotto_dtype dtype, int64_t index) {
    switch (dtype) {
    case LOTTO_F16:
        return arith_of_f16(((const uint16_t *)values)[index]);
    case LOTTO_BF16:
        return arith_of_bf16(((const uint16_t *)values)[index]);
    default:
        return ((const float *)values)[index];
    }
}

void dtype_convert(const void *from, lotto_dtype from_dtype, void *to, lotto_dtype to_dtype, int64_t count) {
    if (from_dtype == to_dtype) {
        memcpy(to, from, (size_t)count * dtype_bytes(to_dtype));
        return;
    }
    for (int64_t i = 0; i < count; i++) {
        float value = dtype_value(from, from_dtype, i);
        switch (to_dtype) {
        case LOTTO_F16:
            ((uint16_t *)to)[i] = f16_of(value);
            break;
        case LOTTO_BF16:
            ((uint16_t *)to)[i] = bf16_of(value);
            break;
        default:
            ((float *)to)[i] = value;
        }
    }
}
