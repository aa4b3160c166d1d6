#include "tests/rows/places.h"

#include <criterion/criterion.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char text[1024];

bool places_enter(struct places *places) {
    if (!place_device(&places->device, text, sizeof text)) {
        const char *required = getenv("LOTTO_REQUIRE_GPU");
        cr_assert(required == NULL || strcmp(required, "1") != 0, "LOTTO_REQUIRE_GPU=1, but %s", text);
        printf("skipped: %s\n", text);
        return false;
    }
    cr_assert(place_reference(&places->reference, text, sizeof text), "%s", text);
    return true;
}

void places_leave(struct places *places) {
    place_leave(&places->device);
    place_leave(&places->reference);
}

void places_agree(struct places *places, const struct request *request) {
    struct results *device = results_create(request), *reference = results_create(request);
    cr_assert(place_answer(&places->reference, request, reference, text, sizeof text),
              "request 0x%" PRIx64 ": %s", request->seed, text);
    cr_assert(place_answer(&places->device, request, device, text, sizeof text), "request 0x%" PRIx64 ": %s",
              request->seed, text);
    bool same = results_equal(request, device, "the kernel", reference, "the reference", text, sizeof text);
    cr_assert(same, "%s", text);
    results_destroy(device);
    results_destroy(reference);
}
