#include "status.h"

#include <lotto/lotto.h>
#include <stdio.h>
#include <string.h>

static const struct {
    uint32_t bit;
    const char *name;
} statuses[] = {
#define STATUS_ROW(constant, bit, name) {bit, name},
    LOTTO_ROW_STATUS_LIST(STATUS_ROW)
#undef STATUS_ROW
};
enum { STATUSES = sizeof statuses / sizeof *statuses };

const char *status_name(int index) { return index < STATUSES ? statuses[index].name : NULL; }
uint32_t status_bit(int index) { return statuses[index].bit; }

const char *status_text(uint32_t status) {
    static char text[128];
    text[0] = '\0';
    for (int i = 0; i < STATUSES; i++) {
        if (!(status & statuses[i].bit))
            continue;
        if (text[0] != '\0')
            strcat(text, ",");
        strcat(text, statuses[i].name);
    }
    return text;
}
