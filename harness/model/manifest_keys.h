/* SPDX-License-Identifier: MIT */
/* The keys of a manifest: between manifest.c, which cuts a file into lines, and the table of keys.
 */
#ifndef SIGSWEEP_MODEL_MANIFEST_KEYS_H
#define SIGSWEEP_MODEL_MANIFEST_KEYS_H

#include "harness/model/manifest.h"

#define MANIFEST_KEY_MAX 32

/* Where each key stood first; 0: not yet. */
struct manifest_seen {
	unsigned int lines[MANIFEST_KEY_MAX]; /* by the row of the table of keys */
	unsigned int verdict; /* the line of the verdict, for the checks at the end */
	unsigned int version; /* the first line that is for some versions only */
};

/*
 * Takes the value of one line into the manifest; `key` and `value` are trimmed and stay the
 * caller's. 0, or -EINVAL with a sentence without file and line.
 */
int manifest_take(struct manifest *manifest, struct manifest_seen *seen, const char *key,
		  const char *value, unsigned int line) MUST_CHECK;

/* NAME of `build:NAME`, NULL where the value is none. */
const char *manifest_build_name(const char *value);

/* `manifest:FILE` as a path beside the manifest, anything else as written; the caller frees. */
char *manifest_beside(const struct manifest *manifest, const char *value);

#endif
