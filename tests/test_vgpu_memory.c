/* Device memory: alignment, red zones, poison, windows, sparse allocations, addresses the host cannot touch. */
#include "host/vgpu/memory/memory.h"

#include <criterion/criterion.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define MIB ((uint64_t)1 << 20)
#define GIB ((uint64_t)1 << 30)

static void open_memory(void) { cr_assert(memory_open(16 * GIB)); }
static void close_memory(void) { memory_close(); }

TestSuite(vgpu_memory, .init = open_memory, .fini = close_memory);

static bool holds(const uint8_t *bytes, size_t count, uint8_t value) {
    for (size_t i = 0; i < count; i++)
        if (bytes[i] != value)
            return false;
    return true;
}

static uint64_t resident_bytes(void) {
    unsigned long total, resident;
    FILE *file = fopen("/proc/self/statm", "r");
    cr_assert(file && fscanf(file, "%lu %lu", &total, &resident) == 2);
    fclose(file);
    return resident * (uint64_t)sysconf(_SC_PAGESIZE);
}

Test(vgpu_memory, allocations_are_aligned_and_apart) {
    static const uint64_t sizes[] = {1, 511, 512, 513, 100000, 3 * MIB};
    uint64_t end = 0;
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        uint64_t address = memory_allocate(sizes[i], NULL);
        cr_assert(address && address % 512 == 0);
        cr_assert(address >= end + 512, "a red zone before allocation %zu", i);
        end = address + sizes[i];
        cr_assert(memory_is_device(address) && memory_is_device(end));
        cr_assert(memory_view(address, sizes[i]));
        cr_assert(!memory_view(address - 1, 1) && !memory_view(end, 1));
        cr_assert(!memory_view(address, sizes[i] + 1));
        cr_assert(!memory_view(address + sizes[i] - 1, 2));
        cr_assert(!memory_view(address, UINT64_MAX));
    }
    cr_assert(!memory_is_device((uint64_t)&end));
}

Test(vgpu_memory, fresh_and_freed_bytes_are_poison) {
    static const uint64_t sizes[] = {1, 600, 300000, 5 * MIB + 3};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        uint64_t before = memory_allocate(100, NULL), address = memory_allocate(sizes[i], NULL),
                 after = memory_allocate(100, NULL);
        memset(memory_view(before, 100), 1, 100);
        memset(memory_view(after, 100), 2, 100);
        uint8_t *bytes = memory_view(address, sizes[i]);
        cr_assert(holds(bytes, sizes[i], MEMORY_POISON));
        memset(bytes, 3, sizes[i]);
        cr_assert(memory_free(address));
        cr_assert(!memory_view(address, 1));
        cr_assert(holds(bytes, 1, MEMORY_POISON) && holds(bytes + sizes[i] - 1, 1, MEMORY_POISON),
                  "poison at once");
        cr_assert(holds(memory_view(before, 100), 100, 1) && holds(memory_view(after, 100), 100, 2),
                  "neighbours are untouched");
    }
    /* Reused after the whole range was walked once: what comes back is poison again. */
    for (int i = 0; i < 40; i++) {
        uint64_t address = memory_allocate(GIB, NULL);
        cr_assert(address);
        uint8_t *bytes = memory_view(address + GIB / 2, 1000);
        cr_assert(holds(bytes, 1000, MEMORY_POISON));
        memset(bytes, 0, 1000);
        cr_assert(memory_free(address));
    }
}

Test(vgpu_memory, capacity_is_counted) {
    uint64_t free_bytes, total;
    uint64_t first = memory_allocate(10 * GIB, NULL);
    cr_assert(first);
    cr_assert_eq(memory_allocate(10 * GIB, NULL), 0);
    cr_assert_eq(memory_allocate(UINT64_MAX, NULL), 0);
    memory_usage(&free_bytes, &total);
    cr_assert_eq(total, 16 * GIB);
    cr_assert_eq(free_bytes, 6 * GIB);
    cr_assert(memory_free(first));
    cr_assert(!memory_free(first), "not twice");
    uint64_t second = memory_allocate(10 * GIB, NULL);
    cr_assert(second);
    cr_assert(!memory_free(second + 512) && !memory_free((uint64_t)&total));
}

Test(vgpu_memory, a_large_sparse_allocation_is_small) {
    uint64_t address = memory_allocate(9 * GIB, NULL), before = resident_bytes();
    for (uint64_t row = 0; row < 9; row++) {
        struct memory_window window;
        cr_assert(memory_open_window(address + row * GIB, address + row * GIB + 4, &window));
        cr_assert(window.begin <= address + row * GIB && window.end >= address + row * GIB + 4);
        cr_assert(holds((uint8_t *)(window.begin + (uint64_t)memory_distance), window.end - window.begin,
                        MEMORY_POISON));
    }
    cr_assert_lt(resident_bytes() - before, 32 * MIB);
}

Test(vgpu_memory, freed_memory_goes_back_to_the_host) {
    uint64_t before = resident_bytes(), address = memory_allocate(64 * MIB, NULL);
    cr_assert(memory_view(address, 64 * MIB));
    cr_assert_gt(resident_bytes() - before, 60 * MIB);
    cr_assert(memory_free(address));
    cr_assert_lt(resident_bytes() - before, 4 * MIB);
}

/* A window is inside its allocation and wholly filled, whatever was touched before. */
Test(vgpu_memory, windows_never_leave_their_allocation) {
    uint64_t address = memory_allocate(10 * MIB + 7, NULL), other = memory_allocate(MIB, NULL), seed = 1;
    for (int i = 0; i < 300; i++) {
        seed = seed * 6364136223846793005u + 1442695040888963407u;
        uint64_t begin = address + (seed >> 33) % (10 * MIB), end = begin + 1 + (seed >> 20) % 7;
        struct memory_window window;
        cr_assert(memory_open_window(begin, end, &window));
        cr_assert(address <= window.begin && window.begin <= begin && end <= window.end &&
                  window.end <= address + 10 * MIB + 7);
        cr_assert(holds((uint8_t *)(window.begin + (uint64_t)memory_distance), window.end - window.begin,
                        MEMORY_POISON));
    }
    struct memory_window window;
    cr_assert(!memory_open_window(address + 10 * MIB + 6, address + 10 * MIB + 8, &window));
    cr_assert(!memory_open_window(address + 10 * MIB, other + 1, &window));
    cr_assert(!memory_open_window(address, address, &window));
}

Test(vgpu_memory, the_nearest_allocation_explains_an_address) {
    uint64_t first = memory_allocate(100, NULL), second = memory_allocate(100, "table"),
             third = memory_allocate(100, NULL);
    char text[200];
    cr_assert_eq(memory_nearest(first + 99)->address, first);
    cr_assert_eq(memory_nearest(first + 110)->address, first);
    cr_assert_eq(memory_nearest(second - 1)->address, second);
    const char *said = memory_describe(second + 104, 4, text, sizeof text);
    cr_assert_str_eq(said, "4 bytes past the end of the 100-byte variable #2 (table)");
    said = memory_describe(second + 98, 4, text, sizeof text);
    cr_assert_str_eq(said, "its last 2 bytes past the end of the 100-byte variable #2 (table)");
    cr_assert(memory_free(second));
    cr_assert(!memory_nearest(second + 50)->live);
    cr_assert_str_eq(memory_describe(second + 50, 4, text, sizeof text),
                     "50 bytes into the freed 100-byte allocation #2");
    cr_assert_str_eq(memory_describe(third - 3, 4, text, sizeof text),
                     "3 bytes before the 100-byte allocation #3");
    cr_assert_str_eq(memory_describe((uint64_t)text, 4, text, sizeof text), "in host memory");
}

Test(vgpu_memory, the_host_faults_on_a_device_address, .signal = SIGSEGV) {
    uint64_t address = memory_allocate(100, NULL);
    memset(memory_view(address, 100), 0, 100);
    *(volatile char *)address = 1;
}

/* Its pages are its own, so nothing else becomes visible with it. */
Test(vgpu_memory, managed_memory_is_the_hosts_too) {
    uint64_t before = memory_allocate(100, NULL), managed = memory_allocate_managed(5000, NULL),
             after = memory_allocate(100, NULL);
    cr_assert(managed % 4096 == 0);
    cr_assert(before + 100 + 512 <= managed && managed + 8192 + 512 <= after);
    volatile uint8_t *host = (uint8_t *)managed;
    uint8_t *view = memory_view(managed, 5000);
    cr_assert(holds((uint8_t *)managed, 5000, MEMORY_POISON));
    host[4999] = 7;
    view[0] = 9;
    cr_assert(view[4999] == 7 && host[0] == 9);
    cr_assert(!memory_view(managed, 5001));
    cr_assert(memory_is_managed(managed + 4999) && !memory_is_managed(managed + 5000));
    cr_assert(!memory_is_managed(before) && !memory_is_managed(after));
    cr_assert(memory_free(managed));
    cr_assert(!memory_is_managed(managed));
    uint64_t free_bytes, total;
    memory_usage(&free_bytes, &total);
    cr_assert(free_bytes == total - 2 * 512);
}

Test(vgpu_memory, managed_memory_is_hidden_when_freed, .signal = SIGSEGV) {
    uint64_t managed = memory_allocate_managed(100, NULL);
    cr_assert(memory_free(managed));
    *(volatile uint8_t *)managed = 1;
}

Test(vgpu_memory, a_reset_keeps_variables_and_other_devices) {
    memory_close();
    cr_assert(memory_open_devices(64 << 20, 2));
    uint64_t variable = memory_allocate(100, "table"), own = memory_allocate(100, NULL);
    memory_use_device(1);
    uint64_t other = memory_allocate(100, NULL);
    memory_use_device(0);
    memory_free_unnamed();
    cr_assert(memory_nearest(variable)->live && memory_nearest(other)->live);
    cr_assert(!memory_nearest(own)->live);
}
