#define _GNU_SOURCE /* asprintf */
#include "print.h"
#include "address.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_ARGUMENTS = 32, LONGEST_CONVERSION = 64 }; /* CUDA C++ Programming Guide, "Formatted Output" */
size_t print_limit = 1 << 20;

struct text {
    char *bytes;
    size_t length, capacity;
};

/* The texts of calls that have not been written, one behind the other; each begins with its length. */
static struct text kept;

static void *append(struct text *text, const void *bytes, size_t count) {
    if (text->length + count > text->capacity) {
        text->capacity = 2 * (text->length + count);
        text->bytes = realloc(text->bytes, text->capacity);
        if (text->bytes == NULL)
            vgpu_fail("not enough host memory for what a kernel prints");
    }
    return memcpy(text->bytes + (text->length += count) - count, bytes, count);
}

static size_t first_length(void) {
    size_t length;
    memcpy(&length, kept.bytes, sizeof length);
    return length;
}

static void keep(const struct text *call) {
    append(&kept, &call->length, sizeof call->length);
    append(&kept, call->bytes, call->length);
    while (kept.length > print_limit) {
        size_t oldest = sizeof oldest + first_length();
        memmove(kept.bytes, kept.bytes + oldest, kept.length -= oldest);
    }
}

void print_flush(void) {
    if (kept.length == 0)
        return;
    for (size_t at = 0; at < kept.length;) {
        size_t length;
        memcpy(&length, kept.bytes + at, sizeof length);
        fwrite(kept.bytes + at + sizeof length, 1, length, stdout);
        at += sizeof length + length;
    }
    kept.length = 0;
    fflush(stdout);
}

/* One call while it is put together. */
struct printing {
    struct warp *warp;
    const struct bound *i;
    unsigned lane;
    uint64_t next; /* argument */
    int32_t count; /* arguments taken */
    bool failed;
    struct text text;
};

/* The lane's bytes at a generic address, or NULL after a fault. */
static const void *view(struct printing *printing, uint64_t address, unsigned bytes) {
    struct warp *warp = printing->warp;
    const struct program *program = warp->grid->binding->program;
    uint32_t offset = (uint32_t)address;
    const void *found = NULL;
    switch (generic_window(address)) {
    case GENERIC_SHARED:
        found = cluster_range(warp, printing->i, printing->lane, offset, bytes);
        break;
    case GENERIC_LOCAL:
        if ((uint64_t)offset + bytes <= warp->grid->local_bytes)
            found = warp->local + (size_t)printing->lane * warp->grid->local_bytes + offset;
        break;
    case GENERIC_PARAM:
        if ((uint64_t)offset + bytes <= program->parameter_bytes)
            found = warp->grid->launch->parameters + offset;
        break;
    default:
        found = memory_view(address, bytes);
    }
    if (found == NULL && !printing->failed) {
        fault_address(warp, printing->i, printing->lane, address, bytes, "read by printf");
        printing->failed = true;
    }
    return found;
}

static uint64_t take_argument(struct printing *printing, unsigned bytes) {
    uint64_t value = 0;
    printing->next = (printing->next + bytes - 1) & -(uint64_t)bytes;
    const void *argument = view(printing, printing->next, bytes);
    if (argument)
        memcpy(&value, argument, bytes);
    printing->next += bytes;
    printing->count++;
    return value;
}

static struct text take_string(struct printing *printing, uint64_t address) {
    struct text string = {0};
    const char *byte;
    do {
        byte = view(printing, address++, 1);
        append(&string, byte ? byte : "", 1);
    } while (byte && *byte);
    return string;
}

__attribute__((format(printf, 2, 3))) static void add(struct printing *printing, const char *format, ...) {
    char *piece;
    va_list arguments;
    va_start(arguments, format);
    int length = vasprintf(&piece, format, arguments);
    va_end(arguments);
    if (length < 0)
        vgpu_fail("not enough host memory for what a kernel prints");
    append(&printing->text, piece, (size_t)length);
    free(piece);
}

/* Flags, width and precision, with numbers from the arguments in place of '*'; the conversion's letters are not yet added. */
static const char *read_modifiers(struct printing *printing, const char *at, char *conversion) {
    size_t used = strlen(conversion);
    for (; *at && strchr("-+ #0123456789.*", *at); at++) {
        if (used > LONGEST_CONVERSION - 16)
            return NULL;
        if (*at == '*')
            used += (size_t)snprintf(conversion + used, 16, "%d", (int32_t)take_argument(printing, 4));
        else
            conversion[used++] = *at;
        conversion[used] = '\0';
    }
    return at;
}

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored                                                                               \
    "-Wformat-nonliteral" /* the conversions are the kernel's, checked letter by letter */
static bool convert(struct printing *printing, char *conversion, const char *size, char letter) {
    bool is_wide = *size == 'l';
    char wanted[8];
    if (strchr("diouxX", letter) && letter) {
        int64_t value = (int64_t)take_argument(printing, is_wide ? 8 : 4);
        snprintf(wanted, sizeof wanted, "%s%c", is_wide ? "ll" : size, letter);
        strcat(conversion, wanted);
        if (is_wide)
            add(printing, conversion, (long long)value);
        else
            add(printing, conversion, (int)value);
        return true;
    }
    snprintf(wanted, sizeof wanted, "%c", letter);
    strcat(conversion, wanted);
    if (letter && strchr("eEfFgGaA", letter)) {
        uint64_t bits = take_argument(printing, 8);
        double value;
        memcpy(&value, &bits, sizeof value);
        add(printing, conversion, value);
    } else if (letter == 'c') {
        add(printing, conversion, (int)take_argument(printing, 4));
    } else if (letter == 'p') {
        add(printing, conversion, (void *)(uintptr_t)take_argument(printing, 8));
    } else if (letter == 's') {
        uint64_t address = take_argument(printing, 8);
        struct text string = address ? take_string(printing, address) : (struct text){0};
        add(printing, conversion, address ? string.bytes : "(null)");
        free(string.bytes);
    } else {
        return false;
    }
    return true;
}
#pragma GCC diagnostic pop

/* After '%'. What is no conversion, or comes after the last argument that printf accepts, is printed as it stands. */
static const char *print_conversion(struct printing *printing, const char *at) {
    static const char *const sizes[] = {"hh", "h", "ll", "l", ""};
    char conversion[LONGEST_CONVERSION] = "%";
    if (*at == '%') {
        append(&printing->text, "%", 1);
        return at + 1;
    }
    if (printing->count >= MOST_ARGUMENTS) {
        append(&printing->text, "%", 1);
        return at;
    }
    struct printing before = *printing;
    const char *letter = read_modifiers(printing, at, conversion);
    for (unsigned k = 0; letter && k < sizeof sizes / sizeof *sizes; k++) {
        if (strncmp(letter, sizes[k], strlen(sizes[k])) != 0)
            continue;
        letter += strlen(sizes[k]);
        if (convert(printing, conversion, sizes[k], *letter))
            return letter + 1;
        break;
    }
    printing->next = before.next;
    printing->count = before.count;
    append(&printing->text, "%", 1);
    return at;
}

int32_t print_call(struct warp *warp, const struct bound *i, unsigned lane, uint64_t format,
                   uint64_t arguments) {
    if (format == 0)
        return -1;
    struct printing printing = {.warp = warp, .i = i, .lane = lane, .next = arguments};
    struct text pattern = take_string(&printing, format);
    for (const char *at = pattern.bytes; *at && !printing.failed;) {
        size_t plain = strcspn(at, "%");
        append(&printing.text, at, plain);
        at += plain;
        if (*at == '%')
            at = print_conversion(&printing, at + 1);
    }
    keep(&printing.text);
    free(pattern.bytes);
    free(printing.text.bytes);
    return printing.count;
}
