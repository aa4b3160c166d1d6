/* What a schedule's seed decides: always something allowed, sometimes something unusual, and the same for the same seed. */
#include "host/vgpu/exec/schedule.h"
#include "instruction/machine.h"

#include <criterion/criterion.h>
#include <string.h>

TestSuite(vgpu_schedule, .init = machine_open, .fini = machine_close);

enum { LAUNCHES = 200 };

Test(vgpu_schedule, numbers_follow_from_seed_purpose_and_counter) {
    uint64_t first[2][50];
    for (unsigned k = 0; k < 100; k++) {
        schedule_set_seed(k / 50);
        first[k / 50][k % 50] = schedule_random(SCHEDULE_STREAM, k % 50);
    }
    schedule_set_seed(0);
    for (unsigned k = 0; k < 50; k++) {
        cr_assert_eq(schedule_random(SCHEDULE_STREAM, k), first[0][k]);
        cr_assert_neq(schedule_random(SCHEDULE_COPY, k), first[0][k]);
        cr_assert_neq(first[1][k], first[0][k]);
        cr_assert(k == 0 || first[0][k] != first[0][k - 1]);
    }
}

/* Programs may rely on the blocks before theirs having started, but for as many as fit on the device at once. */
Test(vgpu_schedule, clusters_start_in_any_order_within_what_fits) {
    enum { CLUSTERS = 1000, RESIDENT = 37 };
    unsigned unusual = 0;
    schedule_set_seed(1);
    for (unsigned launch = 0; launch < LAUNCHES; launch++) {
        struct schedule *schedule = schedule_create(CLUSTERS, RESIDENT, false);
        bool started[CLUSTERS] = {false}, in_order = true;
        uint64_t at_first = schedule_first_residents(schedule);
        cr_assert(at_first >= 1 && at_first <= RESIDENT);
        for (uint64_t next = 0; next < CLUSTERS; next++) {
            uint64_t cluster = schedule_cluster(schedule, next);
            cr_assert(cluster < CLUSTERS && !started[cluster]);
            cr_assert_eq(cluster / RESIDENT, next / RESIDENT);
            started[cluster] = true;
            in_order &= cluster == next;
        }
        unusual += !in_order;
        schedule_free(schedule);
    }
    cr_assert(unusual > LAUNCHES / 2 && unusual < LAUNCHES, "%u launches of %d", unusual, LAUNCHES);
}

/* Slices, turns and stretches: single instructions and thousands; a launch that cuts everything short, and one that does not. */
Test(vgpu_schedule, long_and_short) {
    unsigned short_launches = 0, long_launches = 0;
    schedule_set_seed(2);
    for (unsigned launch = 0; launch < LAUNCHES; launch++) {
        struct schedule *schedule = schedule_create(1, 1, false);
        unsigned longest = 0;
        for (unsigned k = 0; k < 200; k++) {
            struct block_schedule block = schedule_block(schedule);
            unsigned slice = schedule_slice(schedule, &block), stretch = schedule_stretch(schedule);
            uint64_t turn = schedule_turn(schedule);
            cr_assert(slice >= 1 && slice <= 1 << 14 && stretch >= 1 && stretch <= 1 << 14);
            cr_assert(turn >= 1 && turn <= 1 << 20);
            longest = slice > longest ? slice : longest;
        }
        short_launches += longest <= 8;
        long_launches += longest > 4096;
        schedule_free(schedule);
    }
    cr_assert(short_launches > LAUNCHES / 20 && long_launches > LAUNCHES / 20, "%u short, %u long",
              short_launches, long_launches);
}

Test(vgpu_schedule, warps_and_lanes) {
    unsigned split = 0, reordered = 0, strayed = 0, passed = 0, gave_up = 0, put_off = 0;
    uint64_t laggards_run = 0;
    schedule_set_seed(3);
    for (unsigned launch = 0; launch < LAUNCHES; launch++) {
        struct schedule *schedule = schedule_create(1, 1, false);
        for (unsigned k = 0; k < 200; k++) {
            struct block_schedule block = schedule_block(schedule);
            uint32_t set = (uint32_t)schedule_random(SCHEDULE_STREAM, k) | 1;
            unsigned warp = schedule_warp(schedule, &block, set);
            cr_assert(set >> warp & 1);
            laggards_run += block.laggards >> warp & set & ~block.laggards ? 1 : 0;
            uint32_t part = schedule_split(schedule, set), first = schedule_first_lanes(schedule, set);
            cr_assert(part != 0 && !(part & ~set) && !(first & ~set));
            cr_assert(schedule_split(schedule, 4) == 4 && schedule_first_lanes(schedule, 4) == 0);
            split += part != set;
            reordered += first != 0 && first != set;
            unsigned fragment = schedule_fragment(schedule, 3);
            cr_assert(fragment <= 3 && schedule_fragment(schedule, 1) == 1);
            strayed += fragment < 3;
            passed += schedule_passes(schedule);
            gave_up += schedule_gives_up(schedule);
            put_off += schedule_puts_off(schedule);
        }
        schedule_free(schedule);
    }
    unsigned some = LAUNCHES * 200 / 20, most = LAUNCHES * 200 / 2;
    cr_assert(laggards_run > 0);
    cr_assert(split > some && split < most && reordered > some && reordered < most, "%u %u", split,
              reordered);
    cr_assert(strayed > some && strayed < most && passed > some && passed < most, "%u %u", strayed, passed);
    cr_assert(gave_up > some && gave_up < most, "%u", gave_up);
    cr_assert(put_off > some && put_off < most, "%u", put_off);
}

/* Lanes of one atomic instruction in another order than theirs, in a launch that parts no lanes: it takes no more instructions. */
Test(vgpu_schedule, lanes_of_one_instruction) {
    uint32_t *out;
    uint64_t array = machine_array(4 * 64, &out);
    struct machine_launch usual = {
        .ptx = PTX_KERNEL "{\n.reg .b64 o, t; .reg .b32 x, y;\nld.param.u64 o, [p0]; mov.u32 x, %laneid; "
                          "mul.wide.u32 t, x, 4; add.u64 t, o, t; atom.global.add.u32 y, [o+128], 1; "
                          "st.global.u32 [o+132], x; st.global.u32 [t], y; ret; }",
        .parameters = {array}};
    cr_assert_eq(machine_run(&usual), LAUNCH_DONE);
    for (unsigned l = 0; l < 32; l++)
        cr_assert_eq(out[l], l);
    cr_assert_eq(out[33], 31);
    unsigned ranks = 0, winners = 0;
    schedule_set_seed(4);
    for (unsigned k = 0; k < LAUNCHES; k++) {
        struct machine_launch launch = usual;
        launch.counts = (struct launch_counts){0};
        memset(out, 0, 4 * 64);
        cr_assert_eq(machine_run(&launch), LAUNCH_DONE);
        if (launch.counts.warp_instructions != usual.counts.warp_instructions)
            continue;
        winners += out[33] != 31;
        bool in_order = true;
        for (unsigned l = 0; l < 32; l++)
            in_order &= out[l] == l;
        ranks += !in_order;
    }
    cr_assert(ranks > 0 && winners > 0, "%u, %u", ranks, winners);
}
