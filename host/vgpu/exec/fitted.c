#include "fitted.h"

#include <string.h>

static uint64_t lane_value(const void *array, unsigned bytes, unsigned lane) {
    uint64_t value = 0;
    memcpy(&value, (const uint8_t *)array + (size_t)lane * bytes, bytes);
    return value;
}

static void copy_source(const struct warp *warp, const struct fitting *fitting) {
    const uint8_t *from = warp_operand(warp, fitting->from);
    uint8_t *to = warp_operand(warp, fitting->to);
    if (fitting->from_bytes == fitting->to_bytes) {
        memcpy(to, from, (size_t)fitting->from_bytes * WARP_LANES);
        return;
    }
    for (unsigned l = 0; l < WARP_LANES; l++)
        memcpy(to + (size_t)l * fitting->to_bytes, from + (size_t)l * fitting->from_bytes, fitting->to_bytes);
}

static void widen_result(const struct warp *warp, const struct fitted *fitted, uint32_t mask) {
    const struct fitting *result = &fitted->result;
    const uint8_t *from = warp_operand(warp, result->from);
    uint8_t *to = warp_operand(warp, result->to);
    unsigned unused = 64 - 8 * result->from_bytes;
    for (unsigned l = 0; l < WARP_LANES; l++) {
        if (!(mask >> l & 1))
            continue;
        uint64_t value = lane_value(from, result->from_bytes, l);
        if (fitted->result_signed)
            value = (uint64_t)((int64_t)(value << unused) >> unused);
        memcpy(to + (size_t)l * result->to_bytes, &value, result->to_bytes);
    }
}

const struct bound *run_fitted(struct warp *warp, const struct bound *i, uint32_t mask) {
    const struct fitted *fitted = i->side;
    for (unsigned k = 0; k < fitted->source_count; k++)
        copy_source(warp, &fitted->sources[k]);
    if (fitted->inner.run(warp, &fitted->inner, mask) == NULL)
        return NULL;
    if (fitted->result.to_bytes)
        widen_result(warp, fitted, mask);
    return i + 1;
}
