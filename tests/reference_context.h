/* The context of a suite that calls the CPU reference through the public interface. */
#ifndef LOTTO_TESTS_REFERENCE_CONTEXT_H
#define LOTTO_TESTS_REFERENCE_CONTEXT_H

#include <criterion/criterion.h>
#include <lotto/lotto.h>

static inline lotto_context *reference(void) {
    static lotto_context *context;
    if (context == NULL)
        cr_assert_eq(lotto_context_create(&context, LOTTO_DEVICE_REFERENCE), LOTTO_SUCCESS);
    return context;
}

#endif
