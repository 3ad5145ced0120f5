/* SPDX-License-Identifier: MIT */
/*
 * Allocation that cannot return NULL: out of memory ends the process with exit status 3 and one
 * sentence. Workers are killed with their targets by the kernel (PTRACE_O_EXITKILL), so ending at
 * once leaves nothing behind.
 */
#ifndef SIGSWEEP_BASE_ALLOC_H
#define SIGSWEEP_BASE_ALLOC_H

#include <stddef.h>

/* `size` bytes of zeros; the caller frees. */
void *alloc_zero(size_t size) __attribute__((malloc, returns_nonnull));

/* `memory` with room for `count` elements of `size` bytes; checks the product for overflow. */
void *alloc_resize(void *memory, size_t count, size_t size) __attribute__((returns_nonnull));

/* A copy of `text`; the caller frees. NULL gives NULL. */
char *alloc_text(const char *text);

/* printf into new memory; the caller frees. */
char *alloc_format(const char *format, ...) __attribute__((format(printf, 1, 2), returns_nonnull));

/*
 * Makes room for one more element in a growing array: `*memory` holds `count` elements of `size`
 * bytes with capacity `*capacity`, which doubles when it is full.
 */
void alloc_grow(void **memory, size_t count, size_t *capacity, size_t size);

#endif
