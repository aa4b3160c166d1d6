#include "text.h"

#include <langinfo.h>
#include <stdint.h>
#include <string.h>
#include <wchar.h>

bool text_is_utf8(void) { return strcmp(nl_langinfo(CODESET), "UTF-8") == 0; }

/* One code point as it is printed. */
struct glyph {
    char bytes[16];
    int columns;
};

static uint32_t next_code_point(const char **at, const char *end) {
    unsigned char first = (unsigned char)*(*at)++;
    int following = first >= 0xf0 ? 3 : first >= 0xe0 ? 2 : first >= 0xc0 ? 1 : 0;
    uint32_t code = following == 3   ? first & 0x07u
                    : following == 2 ? first & 0x0fu
                    : following == 1 ? first & 0x1fu
                                     : first;
    for (; following > 0 && *at < end; following--)
        code = code << 6 | (*(*at)++ & 0x3fu);
    return code;
}

/* Code points that order or part a line rather than stand in it. */
static bool steers_the_line(uint32_t code) {
    return (code >= 0x200e && code <= 0x200f) || (code >= 0x2028 && code <= 0x202e) ||
           (code >= 0x2066 && code <= 0x2069);
}

static struct glyph escaped(uint32_t code) {
    static const struct {
        char code;
        const char *text;
    } short_forms[] = {{'\n', "\\n"}, {'\t', "\\t"}, {'\r', "\\r"}, {'"', "\\\""}, {'\\', "\\\\"}};
    struct glyph glyph;
    for (size_t i = 0; i < sizeof short_forms / sizeof *short_forms; i++) {
        if (code == (unsigned char)short_forms[i].code) {
            glyph.columns = snprintf(glyph.bytes, sizeof glyph.bytes, "%s", short_forms[i].text);
            return glyph;
        }
    }
    glyph.columns =
        snprintf(glyph.bytes, sizeof glyph.bytes, code > 0xffff ? "\\U%06x" : "\\u%04x", (unsigned)code);
    return glyph;
}

static struct glyph next_glyph(const char **at, const char *end, bool escape_quotes) {
    const char *begin = *at;
    uint32_t code = next_code_point(at, end);
    if (escape_quotes && (code == '"' || code == '\\'))
        return escaped(code);
    bool printable =
        code < 0x80 ? code >= 0x20 && code < 0x7f : text_is_utf8() && wcwidth((wchar_t)code) >= 0;
    if (!printable || steers_the_line(code))
        return escaped(code);
    struct glyph glyph = {.columns = code < 0x80 ? 1 : wcwidth((wchar_t)code)};
    memcpy(glyph.bytes, begin, (size_t)(*at - begin));
    return glyph;
}

static int columns_of(const char *at, const char *end, bool escape_quotes) {
    int columns = 0;
    while (at < end)
        columns += next_glyph(&at, end, escape_quotes).columns;
    return columns;
}

int text_print_quoted(FILE *stream, struct text text, int columns, enum text_part part, bool escape_quotes) {
    const char *at = text.bytes, *end = text.bytes + text.length;
    const char *ellipsis = text_is_utf8() ? "…" : "~";
    int left = columns - 2;
    int needed = columns_of(at, end, escape_quotes);
    bool is_cut = needed > left;
    if (is_cut)
        left--;
    fprintf(stream, "\"");
    if (is_cut && part == TEXT_END) {
        fprintf(stream, "%s", ellipsis);
        while (needed > left)
            needed -= next_glyph(&at, end, escape_quotes).columns;
    }
    while (at < end) {
        struct glyph glyph = next_glyph(&at, end, escape_quotes);
        if (glyph.columns > left)
            break;
        fprintf(stream, "%s", glyph.bytes);
        left -= glyph.columns;
    }
    fprintf(stream, "%s\"", is_cut && part == TEXT_BEGIN ? ellipsis : "");
    return columns - left;
}

void text_print_safe(FILE *stream, const char *text) {
    for (; *text != '\0'; text++)
        fputc((unsigned char)*text < 0x20 || *text == 0x7f ? '?' : *text, stream);
}
