/* The L2 model on caches of one and two sets, where every hit and eviction can be told by hand. */
#include "cost/l2.h"

#include <criterion/criterion.h>

enum { SET_BYTES = L2_LINE_BYTES * L2_WAYS };

static struct l2_traffic traffic;

static bool access_line(struct l2 *l2, uint64_t line, enum l2_use use) {
    uint64_t at = line * L2_LINE_BYTES;
    return l2_request(l2, &at, 1, use, &traffic);
}

static void expect(uint64_t sectors, uint64_t hits, uint64_t reads, uint64_t writes) {
    cr_expect_eq(traffic.sectors, sectors, "%lu sectors, expected %lu", traffic.sectors, sectors);
    cr_expect_eq(traffic.hits, hits, "%lu hits, expected %lu", traffic.hits, hits);
    cr_expect_eq(traffic.dram_read_bytes, 32 * reads, "%lu bytes read, expected %lu sectors",
                 traffic.dram_read_bytes, reads);
    cr_expect_eq(traffic.dram_write_bytes, 32 * writes, "%lu bytes written, expected %lu sectors",
                 traffic.dram_write_bytes, writes);
    traffic = (struct l2_traffic){0};
}

Test(vgpu_l2, the_least_recently_used_line_goes) {
    struct l2 *l2 = l2_create(SET_BYTES, L2_KEEPS);
    for (uint64_t line = 0; line < L2_WAYS; line++)
        cr_expect_not(access_line(l2, line, L2_LOAD));
    cr_expect(access_line(l2, 0, L2_LOAD));
    expect(17, 1, 16, 0);
    cr_expect_not(access_line(l2, 16, L2_LOAD)); /* in place of line 1 */
    cr_expect(access_line(l2, 0, L2_LOAD));
    cr_expect_not(access_line(l2, 1, L2_LOAD));
    expect(3, 1, 2, 0);
    l2_free(l2);
}

Test(vgpu_l2, lines_go_to_sets_in_turn) {
    struct l2 *l2 = l2_create(2 * SET_BYTES, L2_KEEPS);
    for (uint64_t line = 0; line < 2 * L2_WAYS; line += 2)
        access_line(l2, line, L2_LOAD);
    access_line(l2, 1, L2_LOAD);
    access_line(l2, 0, L2_LOAD);
    expect(18, 1, 17, 0);
    l2_free(l2);
}

Test(vgpu_l2, a_sector_is_there_when_it_was_asked_for) {
    struct l2 *l2 = l2_create(SET_BYTES, L2_KEEPS);
    const uint64_t at[3] = {0, 40, 44};
    l2_request(l2, at, 7, L2_LOAD, &traffic); /* two of the line's four */
    expect(2, 0, 2, 0);
    l2_request_range(l2, 0, 128, L2_LOAD, &traffic);
    expect(4, 2, 2, 0);
    l2_request_range(l2, 4 * 128 - 4, 4 * 128 + 4, L2_LOAD, &traffic);
    expect(2, 0, 2, 0);
    l2_free(l2);
}

Test(vgpu_l2, a_request_asks_once_for_a_sector) {
    struct l2 *l2 = l2_create(SET_BYTES, L2_KEEPS);
    uint64_t at[32];
    for (unsigned lane = 0; lane < 32; lane++)
        at[lane] = lane % 2 * 128 + lane; /* lanes take turns on two lines */
    l2_request(l2, at, ~0u, L2_LOAD, &traffic);
    expect(2, 0, 2, 0);
    l2_request(l2, at, 1u << 31 | 1, L2_LOAD, &traffic);
    expect(2, 2, 0, 0);
    l2_free(l2);
}

Test(vgpu_l2, stores_fill_and_are_written_when_evicted) {
    struct l2 *l2 = l2_create(SET_BYTES, L2_KEEPS);
    cr_expect(access_line(l2, 0, L2_STORE)); /* nothing to wait for */
    cr_expect(access_line(l2, 0, L2_LOAD));
    expect(2, 1, 0, 0);
    cr_expect_not(access_line(l2, 1, L2_ATOMIC));
    expect(1, 0, 1, 0);
    for (uint64_t line = 2; line < L2_WAYS + 2; line++)
        access_line(l2, line, L2_LOAD);
    expect(16, 0, 16, 2);
    l2_free(l2);
}

Test(vgpu_l2, the_end_of_a_launch) {
    static const enum l2_keeping every[] = {L2_EMPTIES, L2_KEEPS, L2_CLEANS};
    for (int k = 0; k < 3; k++) {
        bool writes = every[k] != L2_KEEPS, keeps = every[k] != L2_EMPTIES;
        struct l2 *l2 = l2_create(SET_BYTES, every[k]);
        access_line(l2, 0, L2_STORE);
        access_line(l2, 1, L2_LOAD);
        l2_end_launch(l2, &traffic);
        expect(2, 0, 1, writes);
        access_line(l2, 0, L2_LOAD);
        expect(1, keeps, !keeps, 0);
        l2_end_launch(l2, &traffic);
        expect(0, 0, 0, 0); /* what was written is written once */
        for (uint64_t line = 2; line < L2_WAYS + 2; line++)
            access_line(l2, line, L2_LOAD);
        expect(16, 0, 16, !writes);
        l2_free(l2);
    }
}

Test(vgpu_l2, what_is_emptied_is_not_written) {
    struct l2 *l2 = l2_create(SET_BYTES, L2_KEEPS);
    access_line(l2, 0, L2_STORE);
    l2_empty(l2);
    l2_set_keeping(l2, L2_CLEANS);
    expect(1, 0, 0, 0);
    access_line(l2, 0, L2_LOAD);
    l2_end_launch(l2, &traffic);
    expect(1, 0, 1, 0);
    l2_free(l2);
}

Test(vgpu_l2, what_the_host_writes_is_forgotten) {
    struct l2 *l2 = l2_create(2 * SET_BYTES, L2_KEEPS);
    for (uint64_t line = 0; line < 8; line++)
        access_line(l2, line, L2_STORE);
    expect(8, 0, 0, 0);
    l2_forget(l2, 2 * 128 + 127, 2); /* lines 2 and 3 */
    for (uint64_t line = 0; line < 8; line++)
        cr_expect_eq(access_line(l2, line, L2_LOAD), line != 2 && line != 3);
    expect(8, 6, 2, 0);
    l2_forget(l2, 0, 1 << 20);
    access_line(l2, 0, L2_LOAD);
    expect(1, 0, 1, 0);
    l2_free(l2);
}

Test(vgpu_l2, the_word_with_the_most_atomics) {
    struct l2 *l2 = l2_create(SET_BYTES, L2_EMPTIES);
    for (unsigned k = 0; k < 100; k++) {
        uint64_t at[32];
        for (unsigned lane = 0; lane < 32; lane++)
            at[lane] = lane < 3 ? 64 : 4 * (k * 32 + lane);
        l2_request(l2, at, ~0u, L2_ATOMIC, &traffic);
    }
    l2_end_launch(l2, &traffic);
    cr_expect_geq(traffic.atomics_of_one_word, 300);
    cr_expect_leq(traffic.atomics_of_one_word, 301); /* one round's own word is that one too */
    l2_free(l2);
}
