#include "delay.h"
#include "../exec/schedule.h"

bool delay_is_on(void) { return schedule_is_seeded(); }

unsigned delay_below(unsigned limit) {
    static uint64_t asked;
    return schedule_is_seeded() ? (unsigned)(schedule_random(SCHEDULE_STREAM, asked++) % limit) : 0;
}
