/* Fat binaries made by hand: every form of payload, the choice among architectures, and damage of every kind. */
#include "host/vgpu/runtime/fatbin.h"

#include <criterion/criterion.h>
#include <lz4.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zstd.h>

enum form { PLAIN, ZSTD, LZ4, FORMS };
enum { PTX = 1, MACHINE_CODE = 2 };

struct made {
    uint8_t bytes[8192];
    size_t count;
};

static void put(uint8_t *at, uint64_t value, unsigned bytes) { memcpy(at, &value, bytes); }

static void begin(struct made *made) {
    memset(made, 0, sizeof *made);
    put(made->bytes, 0xBA55ED50u, 4);
    put(made->bytes + 4, 1, 2);
    put(made->bytes + 6, 16, 2);
    made->count = 16;
}

/* header_bytes: nvcc writes 64, 80 or 96. */
static void add(struct made *made, unsigned kind, unsigned architecture, enum form form,
                unsigned header_bytes, const char *text) {
    uint8_t *header = made->bytes + made->count, *payload = header + header_bytes;
    size_t text_bytes = strlen(text) + 1, room = sizeof made->bytes - made->count - header_bytes,
           bytes = text_bytes;
    if (form == ZSTD)
        bytes = ZSTD_compress(payload, room, text, text_bytes, 3);
    else if (form == LZ4)
        bytes = (size_t)LZ4_compress_default(text, (char *)payload, (int)text_bytes, (int)room);
    else
        memcpy(payload, text, text_bytes);
    size_t padded = (bytes + 7) / 8 * 8;
    put(header, kind, 2);
    put(header + 2, 0x101, 2);
    put(header + 4, header_bytes, 4);
    put(header + 8, padded, 8);
    put(header + 16, form == PLAIN ? 0 : bytes, 4);
    put(header + 28, architecture, 4);
    put(header + 40, 0x11 | (form == ZSTD ? 0x8000 : form == LZ4 ? 0x2000 : 0), 8);
    put(header + 56, form == PLAIN ? 0 : text_bytes, 8);
    made->count += header_bytes + padded;
    put(made->bytes + 8, made->count - 16, 8);
}

static const char *text_for(unsigned architecture, const char *suffix) {
    static char text[200];
    snprintf(text, sizeof text,
             "\n\n.version 9.0\n.target sm_%u%s\n.address_size 64\n// padding padding padding padding\n",
             architecture, suffix);
    return text;
}

static unsigned chosen(const struct made *made, unsigned architecture) {
    struct fatbin_ptx ptx;
    char why[400];
    if (!fatbin_ptx(made->bytes, made->count, architecture, &ptx, why, sizeof why))
        return 0;
    free(ptx.text);
    return ptx.architecture;
}

Test(vgpu_fatbin, every_form_gives_its_text) {
    static const unsigned headers[] = {64, 80, 96};
    for (int form = PLAIN; form < FORMS; form++)
        for (size_t i = 0; i < sizeof headers / sizeof *headers; i++) {
            struct made made;
            begin(&made);
            add(&made, MACHINE_CODE, 80, PLAIN, 64, "\177ELF");
            add(&made, PTX, 80, (enum form)form, headers[i], text_for(80, ""));
            cr_assert_eq(fatbin_bytes(made.bytes), made.count);
            struct fatbin_ptx ptx;
            char why[400] = "";
            cr_assert(fatbin_ptx(made.bytes, made.count, 90, &ptx, why, sizeof why), "%s", why);
            cr_assert_str_eq(ptx.text, text_for(80, ""));
            cr_assert_eq(ptx.architecture, 80);
            free(ptx.text);
        }
}

Test(vgpu_fatbin, the_newest_that_the_device_can_run) {
    struct made made;
    begin(&made);
    add(&made, PTX, 75, ZSTD, 80, text_for(75, ""));
    add(&made, PTX, 90, ZSTD, 80, text_for(90, ""));
    add(&made, PTX, 80, LZ4, 80, text_for(80, ""));
    add(&made, MACHINE_CODE, 89, PLAIN, 64, "code");
    cr_assert_eq(chosen(&made, 75), 75);
    cr_assert_eq(chosen(&made, 80), 80);
    cr_assert_eq(chosen(&made, 86), 80);
    cr_assert_eq(chosen(&made, 89), 80);
    cr_assert_eq(chosen(&made, 90), 90);
    cr_assert_eq(chosen(&made, 120), 90);
}

Test(vgpu_fatbin, suffixed_targets_run_where_ptx_says) {
    struct made made;
    begin(&made);
    add(&made, PTX, 80, PLAIN, 80, text_for(80, ""));
    add(&made, PTX, 90, PLAIN, 80, text_for(90, "a"));
    add(&made, PTX, 100, PLAIN, 80, text_for(100, "f"));
    cr_assert_eq(chosen(&made, 89), 80);
    cr_assert_eq(chosen(&made, 90), 90);
    cr_assert_eq(chosen(&made, 100), 100);
    cr_assert_eq(chosen(&made, 120), 80);
}

Test(vgpu_fatbin, a_refusal_names_what_the_binary_holds) {
    struct made made;
    struct fatbin_ptx ptx;
    char why[400];
    begin(&made);
    add(&made, PTX, 90, ZSTD, 80, text_for(90, ""));
    add(&made, MACHINE_CODE, 75, PLAIN, 64, "code");
    cr_assert(!fatbin_ptx(made.bytes, made.count, 75, &ptx, why, sizeof why));
    cr_assert_str_eq(
        why, "no PTX that architecture 75 can run: the binary holds PTX for 90, machine code for sm_75");
    begin(&made);
    cr_assert(!fatbin_ptx(made.bytes, made.count, 75, &ptx, why, sizeof why));
    cr_assert_str_eq(why, "no PTX that architecture 75 can run: the binary holds nothing");
    cr_assert(!fatbin_ptx("not a fat binary", 16, 75, &ptx, why, sizeof why));
    cr_assert_str_eq(why, "it is not a fat binary");
}

/* In a buffer of exactly that size, so that a checked allocator sees any byte read beyond it. */
static bool accepts(const uint8_t *bytes, size_t count) {
    uint8_t *exact = malloc(count ? count : 1);
    memcpy(exact, bytes, count);
    struct fatbin_ptx ptx;
    char why[400] = "";
    bool accepted = fatbin_ptx(exact, count, 90, &ptx, why, sizeof why);
    if (accepted)
        free(ptx.text);
    else
        cr_assert(why[0], "a refusal says why");
    free(exact);
    return accepted;
}

Test(vgpu_fatbin, truncation_at_every_length_is_refused) {
    for (int form = PLAIN; form < FORMS; form++) {
        struct made made;
        begin(&made);
        add(&made, PTX, 75, (enum form)form, 80, text_for(75, ""));
        size_t between = made.count;
        add(&made, PTX, 80, (enum form)form, 96, text_for(80, ""));
        cr_assert(accepts(made.bytes, made.count));
        for (size_t count = 0; count < made.count; count++) {
            cr_assert(!accepts(made.bytes, count), "cut at %zu", count);
            if (count < 16)
                continue;
            struct made cut = made; /* a header that agrees with the cut */
            put(cut.bytes + 8, count - 16, 8);
            cr_assert_eq(accepts(cut.bytes, count), count == between, "cut at %zu, and saying so", count);
        }
    }
}

Test(vgpu_fatbin, damage_of_every_byte_does_not_crash) {
    for (int form = PLAIN; form < FORMS; form++) {
        struct made made;
        begin(&made);
        add(&made, PTX, 75, (enum form)form, 80, text_for(75, ""));
        add(&made, MACHINE_CODE, 75, PLAIN, 64, "code");
        for (size_t at = 0; at < made.count; at++)
            for (unsigned value = 0; value < 256; value += 5) {
                struct made damaged = made;
                damaged.bytes[at] = (uint8_t)value;
                accepts(damaged.bytes, damaged.count);
            }
    }
}
