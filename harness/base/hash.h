/* SPDX-License-Identifier: MIT */
/*
 * FNV-1a, 64 bits (RFC 9923): tells things apart and stays the same for ever, in reports too. It
 * keeps no secret. Also over whole words where nothing outside of one run sees the number.
 */
#ifndef SIGSWEEP_HASH_H
#define SIGSWEEP_HASH_H

#include <stddef.h>
#include <stdint.h>

#define HASH_START UINT64_C(0xcbf29ce484222325) /* the RFC's offset basis */

static inline uint64_t hash_add(uint64_t hash, uint64_t value)
{
	return (hash ^ value) * UINT64_C(0x100000001b3); /* the RFC's prime */
}

static inline uint64_t hash_bytes(uint64_t hash, const void *bytes, size_t size)
{
	const unsigned char *next = bytes;

	for (size_t i = 0; i < size; i++)
		hash = hash_add(hash, next[i]);
	return hash;
}

#endif
