/* The types a logit can have in a file and on the device. */
#ifndef LOTTO_CLI_DTYPE_H
#define LOTTO_CLI_DTYPE_H

#include <lotto/lotto.h>
#include <stdbool.h>

/* "f32", "f16" or "bf16". */
const char *dtype_name(lotto_dtype dtype);
bool dtype_of_name(const char *name, lotto_dtype *dtype);
size_t dtype_bytes(lotto_dtype dtype);

/* Rounds to nearest, ties to even, where `to` cannot hold a value; too large becomes infinite; a NaN stays one. */
void dtype_convert(const void *from, lotto_dtype from_dtype, void *to, lotto_dtype to_dtype, int64_t count);

/* One value, exactly. */
float dtype_value(const void *values, lotto_dtype dtype, int64_t index);

#endif
