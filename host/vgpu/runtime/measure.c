#include "measure.h"

#include "device.h"
#include "report.h"
#include "runtime.h"

#pragma GCC visibility push(default)

void lotto_vgpu_measure(int warm_l2) {
    runtime_enter();
    devices_measure(warm_l2 != 0);
    report_measure();
    runtime_unlock();
}

char *lotto_vgpu_measured(void) {
    runtime_enter();
    char *text = report_measured();
    runtime_unlock();
    return text;
}

#pragma GCC visibility pop
