/*
 * Floats by their definition, with integers alone: a number is sign * digits * 2^exponent, exact but for `more`, which says that
 * something smaller than one unit of the last digit was left out. Written to a format it is rounded once.
 */
#ifndef LOTTO_TESTS_INSTRUCTION_EXACT_H
#define LOTTO_TESTS_INSTRUCTION_EXACT_H

#include <stdbool.h>
#include <stdint.h>

struct float_format {
    const char *name;
    unsigned bits, fraction; /* bits in all, and behind the point */
};
extern const struct float_format format_f16, format_bf16, format_f32, format_f64;

enum rounding_mode { NEAREST, TOWARDS_ZERO, DOWN, UP };

struct exact {
    enum { EXACT_FINITE, EXACT_INFINITE, EXACT_NAN } kind;
    bool negative, more;
    unsigned __int128 digits; /* below 2^126 */
    int exponent;
};

struct exact exact_read(const struct float_format *format, uint64_t bits);
struct exact exact_integer(__int128 value);
/* A NaN is written as all ones but the sign, except in binary64, which keeps no particular one: any. */
uint64_t exact_write(const struct float_format *format, struct exact x, enum rounding_mode mode);
/* Rounded to a whole number, which stays a float: -0.25 gives -0. */
struct exact exact_whole(struct exact x, enum rounding_mode mode);
/* Rounded and clamped to [least, most]; not for NaN. */
__int128 exact_to_integer(struct exact x, enum rounding_mode mode, __int128 least, __int128 most);

/* The mode decides the sign of a sum that is zero. */
struct exact exact_sum(struct exact a, struct exact b, enum rounding_mode mode);
struct exact exact_product(struct exact a, struct exact b);
struct exact exact_quotient(struct exact a, struct exact b);
struct exact exact_root(struct exact a);
struct exact exact_negative(struct exact a);

/* .ftz: a subnormal is a zero of its sign. .sat: clamped to [0, 1], NaN to 0. On the bits of a format. */
uint64_t flush_bits(const struct float_format *format, uint64_t bits);
uint64_t saturate_bits(const struct float_format *format, uint64_t bits);
bool is_nan_bits(const struct float_format *format, uint64_t bits);
/* -1, 0 or 1; 2 when one is not a number. */
int compare_bits(const struct float_format *format, uint64_t a, uint64_t b);

#endif
