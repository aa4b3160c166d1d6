#include "controls.h"

#include <stdio.h>

lotto_controls controls_of(const struct options *options) {
    lotto_controls controls = LOTTO_CONTROLS_INIT;
    controls.default_temperature = options->temperatures[0];
    controls.default_top_k = options->top_k;
    controls.default_top_p = options->top_p;
    controls.default_min_p = options->min_p;
    controls.order = options->order;
    return controls;
}

void controls_describe(char *text, size_t bytes, const lotto_controls *controls) {
    static const char *const orders[] = {"", " order min-p-last", " order joint"};
    char top_k[32] = "", top_p[32] = "", min_p[32] = "";
    if (controls->default_top_k > 0)
        snprintf(top_k, sizeof top_k, " top-k %d", (int)controls->default_top_k);
    if (controls->default_top_p < 1)
        snprintf(top_p, sizeof top_p, " top-p %g", (double)controls->default_top_p);
    if (controls->default_min_p > 0)
        snprintf(min_p, sizeof min_p, " min-p %g", (double)controls->default_min_p);
    snprintf(text, bytes, "temperature %g%s%s%s%s", (double)controls->default_temperature, top_k, top_p,
             min_p, orders[controls->order]);
}
