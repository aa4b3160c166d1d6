/* A fat binary: the PTX in it for each of three devices. The text that comes out is the target `ptx`'s. */
#include "host/vgpu/runtime/fatbin.h"
#include "fuzz.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count) {
    static const unsigned architectures[] = {75, 90, 120};
    for (size_t i = 0; i < sizeof architectures / sizeof *architectures; i++) {
        struct fatbin_ptx ptx;
        char why[400] = "";
        if (!fatbin_ptx(bytes, count, architectures[i], &ptx, why, sizeof why)) {
            fuzz_check_sentence(why, sizeof why);
            continue;
        }
        if (ptx.text == NULL || ptx.architecture > architectures[i])
            fuzz_fail("accepted without a text that architecture %u can run", architectures[i]);
        (void)strlen(ptx.text);
        free(ptx.text);
    }
    return 0;
}
