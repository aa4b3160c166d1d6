#include "verify.h"

#include "status.h"

#include <stdio.h>
#include <string.h>

/* Zeros of two signs and NaNs of two payloads look alike, so reals are shown with their bits. */
static void describe(char *text, size_t bytes, enum output_kind kind, uint32_t element) {
    float real;
    memcpy(&real, &element, sizeof real);
    if (kind == OUTPUT_REAL)
        snprintf(text, bytes, "%.9g (0x%08x)", (double)real, (unsigned)element);
    else if (kind == OUTPUT_STATUS)
        snprintf(text, bytes, "%s (0x%x)", element == 0 ? "clean" : status_text(element), (unsigned)element);
    else
        snprintf(text, bytes, "%d", (int)(int32_t)element);
}

static unsigned long long position_of(const struct request *request, int64_t row) {
    return request->positions != NULL ? request->positions[row] : 0;
}

static bool report(const struct results *results, int output, int64_t element, int64_t width, uint32_t got,
                   uint32_t expected, struct verify_place place, struct error *error) {
    static const char *const units[] = {
        [ONE_A_ROW] = "row", [ONE_A_DRAW] = "draw", [ONE_A_PLACE] = "place", [ONE_A_TOKEN] = "token"};
    struct output about = request_output(results->request, output);
    char got_text[160], expected_text[160], where[64] = "", position[64] = "";
    describe(got_text, sizeof got_text, about.kind, got);
    describe(expected_text, sizeof expected_text, about.kind, expected);
    if (width > 1)
        snprintf(where, sizeof where, " of %s %lld", units[about.width], (long long)(element % width));
    if (results->request->operation == OPERATION_SAMPLE)
        snprintf(position, sizeof position, ", position %llu",
                 position_of(results->request, element / width));
    return failure(error, "verification failed: row %lld%s: %s%s is %s on %s and %s on the CPU reference",
                   (long long)(place.row + element / width), position, about.name, where, got_text,
                   place.device, expected_text);
}

bool verify_results(const struct results *got, int64_t first_row, const struct results *expected,
                    int64_t rows, struct verify_place place, struct error *error) {
    for (int i = 0; i < request_output_count(got->request); i++) {
        if (!request_asks_for(got->request, i))
            continue;
        int64_t width = request_output_width(got->request, i, got->vocab);
        const uint32_t *got_rows = got->outputs[i] + first_row * width, *expected_rows = expected->outputs[i];
        if (memcmp(got_rows, expected_rows, (size_t)(rows * width) * sizeof *got_rows) == 0)
            continue;
        for (int64_t element = 0; element < rows * width; element++)
            if (got_rows[element] != expected_rows[element])
                return report(got, i, element, width, got_rows[element], expected_rows[element], place,
                              error);
    }
    return true;
}
