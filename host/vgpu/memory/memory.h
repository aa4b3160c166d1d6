/*
 * Device memory. One memfd mapped twice: reserved and unreadable at the addresses handed to programs, readable and
 * writable for the virtual GPU at a constant distance. A host dereference of a device pointer faults, as on a real GPU, but for
 * managed memory, whose pages the host may touch.
 *
 * Every allocation is 512-byte aligned, surrounded by red zones, and keeps a serial number and a name for findings. Fresh and
 * freed bytes read as 0xA5; pages are filled when first touched, so a large sparse allocation costs nothing.
 * Not thread-safe: the runtime's lock covers it.
 */
#ifndef LOTTO_VGPU_MEMORY_H
#define LOTTO_VGPU_MEMORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define MEMORY_POISON 0xA5

struct memory_allocation {
    uint64_t address; /* as the program sees it */
    uint64_t bytes;
    uint64_t serial;  /* 1 for the first allocation of the process */
    const char *name; /* a module variable's name, or NULL for cudaMalloc */
    unsigned device;
    bool live;
    bool managed; /* the host reads and writes it, every device has access */
};

enum { MEMORY_DEVICES_MAX = 16 };

/* capacity: the memory in bytes (sparse) of each virtual device; one, unless said. False when the host refuses the mapping. */
bool memory_open(uint64_t capacity);
bool memory_open_devices(uint64_t capacity, unsigned devices);
void memory_close(void);

/* From now on allocations, usage and windows are those of this device. It is 0 at first. */
void memory_use_device(unsigned device);
/* May kernels of one device touch the memory of another? Not at first. */
void memory_set_access(unsigned device, unsigned other, bool is_allowed);
bool memory_has_access(unsigned device, unsigned other);

uint64_t memory_allocate(uint64_t bytes, const char *name); /* 0 when it does not fit */
/* Memory that the host may touch, too: whole pages, filled at once. It counts as defined, since nobody sees what the host writes. */
uint64_t memory_allocate_managed(uint64_t bytes, const char *name);
bool memory_is_managed(uint64_t address); /* in a live allocation of the kind */
bool memory_free(uint64_t address);       /* false if address is not the start of a live allocation */
void memory_free_unnamed(void);           /* all that cudaMalloc gave of the device; module variables stay */
void memory_usage(uint64_t *free_bytes, uint64_t *total_bytes);
void memory_space(uint64_t *begin, uint64_t *end); /* the reserved range */
bool memory_is_device(uint64_t address);           /* inside the reserved range, allocated or not */

/* The live allocation that holds address, else the nearest one (live or freed lately) for a message; NULL if there is none. */
const struct memory_allocation *memory_nearest(uint64_t address);

/* The index-th live allocation in order of address; NULL past the last. */
const struct memory_allocation *memory_live(size_t index);

/*
 * Says where [address, address + bytes) lies: "40 bytes into the 400-byte allocation #3", "its last 8 bytes past the end of the
 * 400-byte variable #2 (table)", "12 bytes into the freed 400-byte allocation #1", "in host memory". Returns text.
 */
const char *memory_describe(uint64_t address, uint64_t bytes, char *text, size_t text_bytes);
/* "" for memory of the device in use, else " of device 1" or " of device 1, to which device 0 has no access". Returns text. */
const char *memory_describe_device(const struct memory_allocation *allocation, char *text, size_t text_bytes);

/*
 * A range of device addresses that is live, wholly inside one allocation that the device in use has access to, and whose pages are
 * filled: the executor may touch it at address + memory_distance with no further check. Windows stay good until the next allocate or free.
 */
struct memory_window {
    uint64_t begin, end;
};
extern ptrdiff_t memory_distance;

/* The widest convenient window around [begin, end); false when that range is not inside one live allocation. */
bool memory_open_window(uint64_t begin, uint64_t end, struct memory_window *window);

/* For the runtime's copies: the readable view of [address, address + bytes), or NULL if not inside one live allocation of any device. */
void *memory_view(uint64_t address, uint64_t bytes);

#endif
