/* SPDX-License-Identifier: MIT */
/*
 * Memory of a stopped thread for the unwinder, word by word, from copies of whole pages. Pages that
 * nobody can write to are kept from one unwind to the next; the others for one unwind only.
 */
#ifndef SIGSWEEP_ENGINE_UNWIND_PAGES_H
#define SIGSWEEP_ENGINE_UNWIND_PAGES_H

#include "harness/base/fail.h"
#include "harness/engine/symbols.h"

#include <stdint.h>
#include <sys/types.h>

struct unwind_pages;

/* `symbols` says which pages are constant, and must live as long. */
struct unwind_pages *unwind_pages_new(const struct symbols *symbols);
void unwind_pages_free(struct unwind_pages *pages);

/* From now on reads are of `tid`, and what could have been written to is read anew. */
void unwind_pages_begin(struct unwind_pages *pages, pid_t tid);

/* Drops everything: the mappings have changed. */
void unwind_pages_forget(struct unwind_pages *pages);

/* The 8 bytes at `address`, of any alignment; 0 or -errno (no sentence: asked of wild addresses).
 */
int unwind_pages_read(struct unwind_pages *pages, uint64_t address, uint64_t *value) MUST_CHECK;

#endif
