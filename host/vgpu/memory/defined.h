/*
 * Which bytes of device memory hold something the program put there (CHECK_INIT). Everything does nothing while that check is
 * off. Ranges lie inside device memory.
 */
#ifndef LOTTO_VGPU_DEFINED_H
#define LOTTO_VGPU_DEFINED_H

#include <stdbool.h>
#include <stdint.h>

void defined_open(uint64_t first, uint64_t end);
void defined_close(void);

void defined_set(uint64_t address, uint64_t bytes);
void defined_forget(uint64_t address, uint64_t bytes);
/* As bytes are copied, so is whether they are defined. */
void defined_copy(uint64_t to, uint64_t from, uint64_t bytes);
/* A byte for each from address on: 1 once it was written. NULL while the check is off. */
uint8_t *defined_bytes(uint64_t address);
bool defined_all(uint64_t address, uint64_t bytes);

#endif
