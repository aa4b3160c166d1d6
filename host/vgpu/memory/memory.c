#include "memory.h"
#include "../check/finding.h"
#include "defined.h"
#include "pages.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    ALIGNMENT = 512,        /* what cudaMalloc gives in practice */
    RED_ZONE = 512,         /* never part of an allocation, between any two */
    FREED_KEPT = 256,       /* freed allocations remembered for messages */
    WINDOW_WHOLE = 1 << 20, /* allocations up to this size are filled and opened whole */
};

struct table {
    struct memory_allocation *at; /* live ones, by address */
    size_t count, room;
};

static struct table live;
static struct memory_allocation freed[FREED_KEPT];
static uint64_t freed_count;
static uint64_t space_begin, space_end; /* twice the capacity, so that addresses are reused late */
static uint64_t next_address, capacity, serial;
static uint64_t used[MEMORY_DEVICES_MAX];
static unsigned in_use;
static bool access[MEMORY_DEVICES_MAX][MEMORY_DEVICES_MAX];

static uint64_t round_up(uint64_t value, uint64_t step) { return (value + step - 1) / step * step; }
static uint64_t charge_of(uint64_t bytes) { return round_up(bytes ? bytes : 1, ALIGNMENT); }

/* Where the next allocation may begin, but for its red zone. */
static uint64_t end_of(const struct memory_allocation *allocation) {
    uint64_t end = allocation->address + charge_of(allocation->bytes);
    return allocation->managed ? round_up(end, PAGE_BYTES) : end;
}

bool memory_open(uint64_t bytes) { return memory_open_devices(bytes, 1); }

bool memory_open_devices(uint64_t bytes, unsigned devices) {
    uint64_t space = round_up(2 * bytes * devices, PAGES_CHUNK);
    if (!pages_open(space, &space_begin))
        return false;
    space_end = space_begin + space;
    next_address = space_begin + RED_ZONE;
    capacity = bytes;
    if (checks_enabled & CHECK_INIT)
        defined_open(space_begin, space_end);
    return true;
}

void memory_close(void) {
    pages_close();
    defined_close();
    free(live.at);
    live = (struct table){0};
    memset(freed, 0, sizeof freed);
    memset(used, 0, sizeof used);
    memset(access, 0, sizeof access);
    freed_count = serial = capacity = in_use = 0;
    space_begin = space_end = 0;
}

void memory_use_device(unsigned device) { in_use = device; }
void memory_set_access(unsigned device, unsigned other, bool is_allowed) {
    access[device][other] = is_allowed;
}
bool memory_has_access(unsigned device, unsigned other) { return device == other || access[device][other]; }

/* Index of the first live allocation that begins after address. */
static size_t after(uint64_t address) {
    size_t low = 0, high = live.count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (live.at[middle].address <= address)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* The first place at or after `from` where `bytes` and a red zone fit; 0 if there is none. */
static uint64_t place(uint64_t from, uint64_t bytes) {
    size_t index = after(from);
    if (index > 0) {
        const struct memory_allocation *before = &live.at[index - 1];
        uint64_t free_from = end_of(before) + RED_ZONE;
        if (from < free_from)
            from = free_from;
    }
    for (;; index++) {
        uint64_t limit = index < live.count ? live.at[index].address : space_end;
        if (from + bytes + RED_ZONE <= limit)
            return from;
        if (index == live.count)
            return 0;
        from = end_of(&live.at[index]) + RED_ZONE;
    }
}

static bool insert(struct memory_allocation allocation) {
    if (live.count == live.room) {
        size_t room = live.room ? 2 * live.room : 64;
        struct memory_allocation *at = realloc(live.at, room * sizeof *at);
        if (!at)
            return false;
        live.at = at;
        live.room = room;
    }
    size_t index = after(allocation.address);
    memmove(live.at + index + 1, live.at + index, (live.count - index) * sizeof *live.at);
    live.at[index] = allocation;
    live.count++;
    return true;
}

/* Managed memory has its pages for itself: it is looked for with a page to spare, and begins at a page. */
static uint64_t allocate(uint64_t bytes, const char *name, bool managed) {
    if (bytes > capacity || charge_of(bytes) > capacity - used[in_use])
        return 0;
    uint64_t charge = charge_of(bytes), room = managed ? round_up(bytes, PAGE_BYTES) + PAGE_BYTES : charge;
    uint64_t address = place(next_address, room);
    if (!address)
        address = place(space_begin + RED_ZONE, room);
    if (!address)
        return 0;
    if (managed)
        address = round_up(address, PAGE_BYTES);
    struct memory_allocation allocation = {address, bytes, serial + 1, name, in_use, true, managed};
    if (!insert(allocation))
        return 0;
    serial++;
    used[in_use] += charge;
    next_address = end_of(&allocation) + RED_ZONE;
    return address;
}

uint64_t memory_allocate(uint64_t bytes, const char *name) { return allocate(bytes, name, false); }

uint64_t memory_allocate_managed(uint64_t bytes, const char *name) {
    uint64_t address = allocate(bytes ? bytes : 1, name, true);
    if (!address)
        return 0;
    uint64_t end = round_up(address + bytes, PAGE_BYTES);
    pages_fill(address, end);
    if (!pages_show(address, end, true)) {
        memory_free(address);
        return 0;
    }
    defined_set(address, bytes);
    return address;
}

static struct memory_allocation *holder(uint64_t address) {
    size_t index = after(address);
    if (index == 0)
        return NULL;
    struct memory_allocation *allocation = &live.at[index - 1];
    return address - allocation->address < allocation->bytes ? allocation : NULL;
}

bool memory_is_managed(uint64_t address) {
    const struct memory_allocation *allocation = holder(address);
    return allocation && allocation->managed;
}

bool memory_free(uint64_t address) {
    size_t index = after(address);
    if (index == 0 || live.at[index - 1].address != address)
        return false;
    struct memory_allocation allocation = live.at[--index];
    memmove(live.at + index, live.at + index + 1, (live.count - index - 1) * sizeof *live.at);
    live.count--;
    uint64_t charge = charge_of(allocation.bytes), end = end_of(&allocation);
    used[allocation.device] -= charge;
    if (allocation.managed)
        pages_show(address, end, false);
    pages_forget(address, end);
    defined_forget(address, charge);
    allocation.live = false;
    allocation.name = NULL; /* its owner may go with it */
    freed[freed_count++ % FREED_KEPT] = allocation;
    return true;
}

void memory_free_unnamed(void) {
    for (size_t i = live.count; i-- > 0;)
        if (!live.at[i].name && live.at[i].device == in_use)
            memory_free(live.at[i].address);
}

const struct memory_allocation *memory_live(size_t index) {
    return index < live.count ? &live.at[index] : NULL;
}

void memory_usage(uint64_t *free_bytes, uint64_t *total_bytes) {
    *free_bytes = capacity - used[in_use];
    *total_bytes = capacity;
}

void memory_space(uint64_t *begin, uint64_t *end) {
    *begin = space_begin;
    *end = space_end;
}

bool memory_is_device(uint64_t address) { return address >= space_begin && address < space_end; }

static uint64_t distance_to(const struct memory_allocation *allocation, uint64_t address) {
    if (address < allocation->address)
        return allocation->address - address;
    uint64_t offset = address - allocation->address;
    return offset < allocation->bytes ? 0 : offset - allocation->bytes + 1;
}

const struct memory_allocation *memory_nearest(uint64_t address) {
    const struct memory_allocation *best = holder(address);
    if (best)
        return best;
    uint64_t kept = freed_count < FREED_KEPT ? freed_count : FREED_KEPT;
    for (uint64_t age = 1; age <= kept; age++) { /* the youngest wins a tie */
        const struct memory_allocation *candidate = &freed[(freed_count - age) % FREED_KEPT];
        if (!best || distance_to(candidate, address) < distance_to(best, address))
            best = candidate;
    }
    size_t index = after(address);
    for (size_t neighbour = index ? index - 1 : 0; neighbour <= index && neighbour < live.count;
         neighbour++) {
        const struct memory_allocation *candidate = &live.at[neighbour];
        if (!best || distance_to(candidate, address) < distance_to(best, address))
            best = candidate;
    }
    return best;
}

const char *memory_describe_device(const struct memory_allocation *allocation, char *text,
                                   size_t text_bytes) {
    *text = 0;
    if (allocation->device != in_use)
        snprintf(text, text_bytes, " of device %u", allocation->device);
    if (!allocation->managed && !memory_has_access(in_use, allocation->device))
        snprintf(text, text_bytes, " of device %u, to which device %u has no access", allocation->device,
                 in_use);
    return text;
}

const char *memory_describe(uint64_t address, uint64_t bytes, char *text, size_t text_bytes) {
    const struct memory_allocation *nearest = memory_nearest(address);
    if (!memory_is_device(address) || !nearest) {
        snprintf(text, text_bytes,
                 memory_is_device(address) ? "where nothing was ever allocated" : "in host memory");
        return text;
    }
    uint64_t begin = nearest->address, end = begin + nearest->bytes, distance = address - begin;
    const char *relation = "into";
    if (address < begin) {
        relation = "before";
        distance = begin - address;
    } else if (address >= end) {
        relation = "past the end of";
        distance = address - end;
    } else if (nearest->live && bytes > end - address) {
        relation = "past the end of";
        distance = bytes - (end - address);
    }
    bool tail = nearest->live && address >= begin && address < end && bytes > end - address;
    char device[80];
    snprintf(text, text_bytes, "%s%" PRIu64 " bytes %s the %s%" PRIu64 "-byte %s #%" PRIu64 "%s%s%s%s",
             tail ? "its last " : "", distance, relation, nearest->live ? "" : "freed ", nearest->bytes,
             nearest->name ? "variable" : "allocation", nearest->serial, nearest->name ? " (" : "",
             nearest->name ? nearest->name : "", nearest->name ? ")" : "",
             memory_describe_device(nearest, device, sizeof device));
    return text;
}

static bool open_window(const struct memory_allocation *allocation, uint64_t begin, uint64_t end,
                        struct memory_window *window) {
    if (!allocation || end <= begin || end - allocation->address > allocation->bytes)
        return false;
    uint64_t lowest = allocation->address, highest = lowest + allocation->bytes;
    if (allocation->bytes <= WINDOW_WHOLE) {
        begin = lowest;
        end = highest;
    }
    pages_fill(begin, end);
    pages_widen(lowest, highest, &begin, &end);
    *window = (struct memory_window){begin, end};
    return true;
}

bool memory_open_window(uint64_t begin, uint64_t end, struct memory_window *window) {
    const struct memory_allocation *allocation = holder(begin);
    return allocation && (allocation->managed || memory_has_access(in_use, allocation->device)) &&
           open_window(allocation, begin, end, window);
}

void *memory_view(uint64_t address, uint64_t bytes) {
    struct memory_window window;
    if (!open_window(holder(address), address, address + bytes,
                     &window)) /* a sum that wraps ends before it begins */
        return NULL;
    return (void *)(address + (uint64_t)memory_distance);
}
