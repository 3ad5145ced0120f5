/* SPDX-License-Identifier: MIT */
/*
 * Errors as sentences. A function that fails returns a negative errno and leaves here, once, the
 * sentence that tells a person what is wrong and what to do. Knows nothing of where it is printed.
 */
#ifndef SIGSWEEP_BASE_FAIL_H
#define SIGSWEEP_BASE_FAIL_H

#define MUST_CHECK __attribute__((warn_unused_result))
#define PRINTF_LIKE(format_at, first_at) __attribute__((format(printf, format_at, first_at)))

/*
 * Remembers the sentence (the latest wins) and returns `code`, a negative errno, so that callers
 * write `return fail(-EINVAL, "...")`. One thread per process: the memory is the process's own.
 */
int fail(int code, const char *format, ...) PRINTF_LIKE(2, 3);

/* Puts a prefix ("FILE:LINE: ") before the remembered sentence; returns `code` unchanged. */
int fail_prefix(int code, const char *format, ...) PRINTF_LIKE(2, 3);

/* The latest sentence, "" when there is none. Valid until the next fail(). */
const char *fail_text(void);

/* The same, or where there is none what `error`, a negative errno, means. */
const char *fail_reason(int error);

/* Forgets the sentence, for a caller that has dealt with the failure. */
void fail_clear(void);

/* "sigsweep: SENTENCE" on standard error, for what is wrong but does not end the run. */
void warn(const char *format, ...) PRINTF_LIKE(1, 2);

#endif
