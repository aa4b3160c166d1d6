#include "number.h"

#include <ctype.h>
#include <stdlib.h>

bool number_parse_whole(const char *text, uint64_t least, uint64_t most, uint64_t *number) {
    uint64_t value = 0;
    if (*text == '\0')
        return false;
    for (; *text != '\0'; text++)
        if (!isdigit((unsigned char)*text) || __builtin_mul_overflow(value, 10, &value) ||
            __builtin_add_overflow(value, (uint64_t)(*text - '0'), &value))
            return false;
    *number = value;
    return value >= least && value <= most;
}

bool number_parse_real(const char *text, double least, double most, float *number) {
    char *end;
    if (*text == '\0' || isspace((unsigned char)*text))
        return false;
    double exact = strtod(text, &end);
    *number = strtof(text, NULL);
    return *end == '\0' && exact >= least && exact <= most; /* a NaN is neither */
}
