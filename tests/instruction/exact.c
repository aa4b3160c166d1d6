#include "exact.h"

typedef unsigned __int128 digits;

const struct float_format format_f16 = {"f16", 16, 10}, format_bf16 = {"bf16", 16, 7},
                          format_f32 = {"f32", 32, 23}, format_f64 = {"f64", 64, 52};

enum { TOP = 125 }; /* where the first digit of a normalised number stands */

static uint64_t sign_bit(const struct float_format *format) { return 1ull << (format->bits - 1); }
static uint64_t infinity_bits(const struct float_format *format) {
    return (sign_bit(format) - 1) >> format->fraction << format->fraction;
}
/* The exponent of the last place of a subnormal. */
static int least_exponent(const struct float_format *format) {
    int bias = (1 << (format->bits - 2 - format->fraction)) - 1;
    return 1 - bias - (int)format->fraction;
}

struct exact exact_read(const struct float_format *format, uint64_t bits) {
    bits &= sign_bit(format) | (sign_bit(format) - 1);
    uint64_t size = bits & (sign_bit(format) - 1), fraction = size & ((1ull << format->fraction) - 1);
    unsigned exponent = (unsigned)(size >> format->fraction);
    struct exact x = {.negative = bits & sign_bit(format)};
    if (size >= infinity_bits(format)) {
        x.kind = fraction ? EXACT_NAN : EXACT_INFINITE;
        return x;
    }
    x.digits = exponent ? fraction | 1ull << format->fraction : fraction;
    x.exponent = least_exponent(format) + (exponent ? (int)exponent - 1 : 0);
    return x;
}

struct exact exact_integer(__int128 value) {
    return (struct exact){.negative = value < 0, .digits = (digits)(value < 0 ? -value : value)};
}

/* Whether dropping `rest` of `one` unit, and more, rounds the size up. */
static bool rounds_up(struct exact x, digits rest, digits one, bool odd, enum rounding_mode mode) {
    if (rest == 0 && !x.more)
        return false;
    if (mode == NEAREST)
        return 2 * rest > one || (2 * rest == one && (x.more || odd));
    return mode == (x.negative ? DOWN : UP);
}

/* The size in units of 2^exponent, rounded. A number with `more` has so many digits that some are always dropped. */
static digits in_units(struct exact x, int exponent, enum rounding_mode mode) {
    int drop = exponent - x.exponent;
    if (drop <= 0)
        return x.digits << -drop;
    if (drop > TOP + 2) { /* far less than half a unit */
        x.more |= x.digits != 0;
        return rounds_up(x, 0, 4, false, mode);
    }
    digits kept = x.digits >> drop, one = (digits)1 << drop;
    return kept + rounds_up(x, x.digits - (kept << drop), one, kept & 1, mode);
}

static int digit_count(digits x) {
    int count = 0;
    for (; x >> 32; x >>= 32)
        count += 32;
    for (; x; x >>= 1)
        count++;
    return count;
}

uint64_t exact_write(const struct float_format *format, struct exact x, enum rounding_mode mode) {
    uint64_t sign = x.negative ? sign_bit(format) : 0, infinite = infinity_bits(format);
    if (x.kind == EXACT_NAN)
        return sign_bit(format) - 1;
    if (x.kind == EXACT_INFINITE)
        return sign | infinite;
    if (x.digits == 0)
        return sign;
    int last = x.exponent + digit_count(x.digits) - 1 - (int)format->fraction;
    if (last < least_exponent(format))
        last = least_exponent(format);
    digits units = in_units(x, last, mode);
    /* Units carry into the exponent as they should, also when rounding made them one digit longer. */
    uint64_t above = (uint64_t)(last - least_exponent(format));
    if (above > infinite >> format->fraction || (above << format->fraction) + units >= infinite) {
        bool stays = mode == TOWARDS_ZERO || mode == (x.negative ? UP : DOWN);
        return sign | (stays ? infinite - 1 : infinite);
    }
    return sign | ((above << format->fraction) + (uint64_t)units);
}

struct exact exact_whole(struct exact x, enum rounding_mode mode) {
    if (x.kind != EXACT_FINITE || x.exponent >= 0)
        return x;
    return (struct exact){.negative = x.negative, .digits = in_units(x, 0, mode)};
}

__int128 exact_to_integer(struct exact x, enum rounding_mode mode, __int128 least, __int128 most) {
    bool large = x.kind == EXACT_INFINITE || x.exponent + digit_count(x.digits) > 100;
    __int128 value = large ? (__int128)1 << 100 : (__int128)in_units(x, 0, mode);
    value = x.negative ? -value : value;
    return value < least ? least : value > most ? most : value;
}

/* The first digit moved to TOP. */
static struct exact normalised(struct exact x) {
    if (x.digits == 0)
        return x;
    int up = TOP + 1 - digit_count(x.digits);
    x.digits <<= up;
    x.exponent -= up;
    return x;
}

static const struct exact not_a_number = {.kind = EXACT_NAN};

struct exact exact_negative(struct exact a) {
    a.negative = !a.negative;
    return a;
}

struct exact exact_sum(struct exact a, struct exact b, enum rounding_mode mode) {
    if (a.kind == EXACT_NAN || b.kind == EXACT_NAN)
        return not_a_number;
    if (a.kind == EXACT_INFINITE || b.kind == EXACT_INFINITE) {
        bool opposed = a.kind == b.kind && a.negative != b.negative;
        return opposed ? not_a_number : a.kind == EXACT_INFINITE ? a : b;
    }
    if (a.digits == 0 && b.digits == 0) {
        a.negative = a.negative == b.negative ? a.negative : mode == DOWN;
        return a;
    }
    if (a.digits == 0 || b.digits == 0)
        return a.digits ? a : b;
    a = normalised(a), b = normalised(b);
    if (a.exponent < b.exponent || (a.exponent == b.exponent && a.digits < b.digits)) {
        struct exact swapped = a;
        a = b, b = swapped;
    }
    /* One digit is spared below, for what the smaller one loses. */
    int shift = a.exponent - b.exponent;
    digits moved = shift > TOP ? 0 : b.digits >> shift;
    bool lost = shift > TOP || moved << shift != b.digits;
    struct exact sum = a;
    sum.more = lost;
    if (a.negative == b.negative) {
        sum.digits = a.digits + moved;
    } else {
        sum.digits = a.digits - moved - lost;
        if (sum.digits == 0 && !lost)
            sum.negative = mode == DOWN;
    }
    return sum;
}

struct exact exact_product(struct exact a, struct exact b) {
    bool negative = a.negative != b.negative;
    if (a.kind == EXACT_NAN || b.kind == EXACT_NAN)
        return not_a_number;
    if (a.kind == EXACT_INFINITE || b.kind == EXACT_INFINITE) {
        bool zero = (a.kind == EXACT_FINITE && a.digits == 0) || (b.kind == EXACT_FINITE && b.digits == 0);
        return zero ? not_a_number : (struct exact){.kind = EXACT_INFINITE, .negative = negative};
    }
    return (struct exact){
        .negative = negative, .digits = a.digits * b.digits, .exponent = a.exponent + b.exponent};
}

struct exact exact_quotient(struct exact a, struct exact b) {
    bool negative = a.negative != b.negative, zero_a = a.kind == EXACT_FINITE && a.digits == 0,
         zero_b = b.kind == EXACT_FINITE && b.digits == 0;
    if (a.kind == EXACT_NAN || b.kind == EXACT_NAN || (zero_a && zero_b) ||
        (a.kind == EXACT_INFINITE && b.kind == EXACT_INFINITE))
        return not_a_number;
    if (a.kind == EXACT_INFINITE || zero_b)
        return (struct exact){.kind = EXACT_INFINITE, .negative = negative};
    if (b.kind == EXACT_INFINITE || zero_a)
        return (struct exact){.negative = negative};
    a = normalised(a);
    return (struct exact){.negative = negative,
                          .more = a.digits % b.digits != 0,
                          .digits = a.digits / b.digits,
                          .exponent = a.exponent - b.exponent};
}

struct exact exact_root(struct exact a) {
    if (a.kind == EXACT_NAN || (a.negative && (a.kind == EXACT_INFINITE || a.digits)))
        return not_a_number;
    if (a.kind == EXACT_INFINITE || a.digits == 0)
        return a;
    a = normalised(a);
    if (a.exponent & 1)
        a.digits >>= 1, a.exponent++; /* the last digit is a zero: formats have fewer */
    digits root = 0;
    for (digits bit = (digits)1 << (TOP / 2 + 1); bit; bit >>= 1)
        if ((root | bit) * (root | bit) <= a.digits)
            root |= bit;
    return (struct exact){.more = root * root != a.digits, .digits = root, .exponent = a.exponent / 2};
}

bool is_nan_bits(const struct float_format *format, uint64_t bits) {
    return (bits & (sign_bit(format) - 1)) > infinity_bits(format);
}
uint64_t flush_bits(const struct float_format *format, uint64_t bits) {
    bool subnormal = (bits & infinity_bits(format)) == 0;
    return subnormal ? bits & sign_bit(format) : bits;
}
uint64_t saturate_bits(const struct float_format *format, uint64_t bits) {
    uint64_t one = (infinity_bits(format) >> 1) >> format->fraction << format->fraction;
    if (is_nan_bits(format, bits) || bits & sign_bit(format))
        return 0;
    return bits > one ? one : bits;
}
int compare_bits(const struct float_format *format, uint64_t a, uint64_t b) {
    if (is_nan_bits(format, a) || is_nan_bits(format, b))
        return 2;
    uint64_t size_a = a & (sign_bit(format) - 1), size_b = b & (sign_bit(format) - 1);
    int64_t value_a = a & sign_bit(format) ? -(int64_t)size_a : (int64_t)size_a,
            value_b = b & sign_bit(format) ? -(int64_t)size_b : (int64_t)size_b;
    return value_a < value_b ? -1 : value_a > value_b;
}
