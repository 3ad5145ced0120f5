/* SPDX-License-Identifier: MIT */
/*
 * sigsweep.h: tells sigsweep what it cannot see by itself: where the window is, which word is a
 * lock or a counter, what must be true at the end, which places are harmless. For C (from C99) and
 * C++ (from C++11), gcc and clang.
 *
 * Each macro is a SystemTap SDT probe of the provider `sigsweep`: one nop, and a note in the file
 * that says where the nop is and where its arguments are. No library, no system call, no branch; a
 * program that nobody traces runs through the nop. What a macro costs beside it is to have the
 * address, and the text, in a register: an instruction for each that is not in one already. It is
 * a barrier for the compiler (not for the processor), so that what is in memory at the nop is what
 * the source says.
 *
 * The probes come from <sys/sdt.h> (Debian: systemtap-sdt-dev, Fedora: systemtap-sdt-devel). Where
 * it is missing, or where SIGSWEEP_NO_ANNOTATIONS is defined before this header is included, all
 * macros become nothing: the program builds and behaves as before, and SIGSWEEP_ANNOTATIONS is 0
 * instead of 1. Arguments are then not evaluated; give none that has an effect.
 *
 * Texts (names, reasons) are C strings that live as long as the program, best literals. Addresses
 * are pointers to objects of 1, 2, 4 or 8 bytes where the width is taken from the pointer's type.
 */
#ifndef SIGSWEEP_H
#define SIGSWEEP_H

#ifndef SIGSWEEP_NO_ANNOTATIONS
#if defined(__has_include)
#if __has_include(<sys/sdt.h>)
#define SIGSWEEP_ANNOTATIONS 1
#endif
#endif
#endif

#ifdef SIGSWEEP_ANNOTATIONS

#include <sys/sdt.h>

/* Programs whose own probes have semaphores must have one for each probe: these stay unread. */
#ifdef _SDT_HAS_SEMAPHORES
#define SIGSWEEP_SEMAPHORE_(probe)                                                                 \
	__extension__ static volatile unsigned short sigsweep_##probe##_semaphore __asm__(         \
		"sigsweep_" #probe "_semaphore") __attribute__((unused, section(".probes")))
SIGSWEEP_SEMAPHORE_(window_begin);
SIGSWEEP_SEMAPHORE_(window_end);
SIGSWEEP_SEMAPHORE_(lock_acquired);
SIGSWEEP_SEMAPHORE_(lock_released);
SIGSWEEP_SEMAPHORE_(lock_word);
SIGSWEEP_SEMAPHORE_(counter);
SIGSWEEP_SEMAPHORE_(counter_end);
SIGSWEEP_SEMAPHORE_(invariant);
SIGSWEEP_SEMAPHORE_(invariant_pair);
SIGSWEEP_SEMAPHORE_(invariant_end);
SIGSWEEP_SEMAPHORE_(benign_begin);
SIGSWEEP_SEMAPHORE_(benign_end);
#endif

#define SIGSWEEP_BARRIER_() __asm__ __volatile__("" : : : "memory")
/* An argument is in a register or on the stack then, never in a place that only a symbol names. */
#define SIGSWEEP_PIN_(variable) __asm__ __volatile__("" : "+r"(variable) : : "memory")

#define SIGSWEEP_PROBE_0_(probe)                                                                   \
	do {                                                                                       \
		SIGSWEEP_BARRIER_();                                                               \
		STAP_PROBE(sigsweep, probe);                                                       \
		SIGSWEEP_BARRIER_();                                                               \
	} while (0)
#define SIGSWEEP_PROBE_ADDRESS_(probe, address)                                                    \
	do {                                                                                       \
		const volatile void *sigsweep_address_ = (address);                                \
		SIGSWEEP_PIN_(sigsweep_address_);                                                  \
		STAP_PROBE1(sigsweep, probe, sigsweep_address_);                                   \
		SIGSWEEP_BARRIER_();                                                               \
	} while (0)
#define SIGSWEEP_PROBE_TEXT_(probe, text)                                                          \
	do {                                                                                       \
		const char *sigsweep_text_ = (text);                                               \
		SIGSWEEP_PIN_(sigsweep_text_);                                                     \
		STAP_PROBE1(sigsweep, probe, sigsweep_text_);                                      \
		SIGSWEEP_BARRIER_();                                                               \
	} while (0)
#define SIGSWEEP_PROBE_OBJECT_(probe, address, text)                                               \
	do {                                                                                       \
		const volatile void *sigsweep_address_ = (address);                                \
		const char *sigsweep_text_ = (text);                                               \
		SIGSWEEP_PIN_(sigsweep_address_);                                                  \
		SIGSWEEP_PIN_(sigsweep_text_);                                                     \
		STAP_PROBE3(sigsweep, probe, sigsweep_address_, (int)sizeof(*(address)),           \
			    sigsweep_text_);                                                       \
		SIGSWEEP_BARRIER_();                                                               \
	} while (0)

/* 1 where the object that a pointer points to has a signed type. */
#ifdef __cplusplus
template <typename T> T &sigsweep_some_();
template <typename T, bool is_class = __is_class(T)> struct sigsweep_signed_ {
	static const int value = (T)-1 < (T)1;
};
template <typename T> struct sigsweep_signed_<T *, false> {
	static const int value = 0;
};
template <typename T> struct sigsweep_signed_<T *const, false> : sigsweep_signed_<T *> {
};
template <typename T> struct sigsweep_signed_<T *volatile, false> : sigsweep_signed_<T *> {
};
/* std::atomic and the like: what it is converted to counts. */
template <typename T> struct sigsweep_signed_<T, true> {
	static const int value = sigsweep_signed_<__typeof__(sigsweep_some_<T>() + 0)>::value;
};
template <typename T> struct sigsweep_signed_<T &, false> : sigsweep_signed_<T> {
};
#define SIGSWEEP_SIGNED_(address) ((int)sigsweep_signed_<decltype(*(address))>::value)
#else
/* The comma makes a value of the object, without const, volatile and _Atomic. */
#define SIGSWEEP_VALUE_TYPE_(address) __typeof__(((void)0, *(address)))
#define SIGSWEEP_SIGNED_(address)                                                                  \
	((SIGSWEEP_VALUE_TYPE_(address)) - 1 < (SIGSWEEP_VALUE_TYPE_(address))1)
#endif

/*
 * The window: `--from probe:sigsweep:window_begin --to probe:sigsweep:window_end`. It may be passed
 * more than once; the first time counts.
 *
 *	SIGSWEEP_WINDOW_BEGIN();
 *	save(document);
 *	SIGSWEEP_WINDOW_END();
 */
#define SIGSWEEP_WINDOW_BEGIN() SIGSWEEP_PROBE_0_(window_begin)
#define SIGSWEEP_WINDOW_END() SIGSWEEP_PROBE_0_(window_end)

/*
 * A lock that is not one of the C library's: held from the one nop to the other. Put ACQUIRED as
 * soon as it is held, RELEASED as the last thing before it is given back.
 *
 *	while (!try_to_lock(&table->lock))
 *		wait_for(&table->lock);
 *	SIGSWEEP_LOCK_ACQUIRED(&table->lock, "table");
 *	...
 *	SIGSWEEP_LOCK_RELEASED(&table->lock);
 *	unlock(&table->lock);
 *
 * Probe lock_acquired: address, name. Probe lock_released: address.
 */
#define SIGSWEEP_LOCK_ACQUIRED(address, name)                                                      \
	do {                                                                                       \
		const volatile void *sigsweep_address_ = (address);                                \
		const char *sigsweep_text_ = (name);                                               \
		SIGSWEEP_PIN_(sigsweep_address_);                                                  \
		SIGSWEEP_PIN_(sigsweep_text_);                                                     \
		STAP_PROBE2(sigsweep, lock_acquired, sigsweep_address_, sigsweep_text_);           \
		SIGSWEEP_BARRIER_();                                                               \
	} while (0)
#define SIGSWEEP_LOCK_RELEASED(address) SIGSWEEP_PROBE_ADDRESS_(lock_released, address)

/*
 * Better, where it is so: this object is a lock, free while it is zero. Once is enough, before it
 * is first used; sigsweep then sees for itself, to the instruction, when it is held.
 *
 *	static int lock;
 *	SIGSWEEP_LOCK_WORD(&lock, "table");
 *
 * Probe lock_word: address, width, name.
 */
#define SIGSWEEP_LOCK_WORD(address, name) SIGSWEEP_PROBE_OBJECT_(lock_word, address, name)

/*
 * A counter of references: an integer that must end as it does without the signal, never be below
 * zero (its highest bit set, be it signed or not), and never be written once it was zero. Announce
 * it when the object is new, and that it ends before its memory is used for something else.
 *
 *	object->references = 1;
 *	SIGSWEEP_COUNTER(&object->references, "object");
 *	...
 *	SIGSWEEP_COUNTER_END(&object->references);
 *	free(object);
 *
 * Probe counter: address, width, name. Probe counter_end: address.
 */
#define SIGSWEEP_COUNTER(address, name) SIGSWEEP_PROBE_OBJECT_(counter, address, name)
#define SIGSWEEP_COUNTER_END(address) SIGSWEEP_PROBE_ADDRESS_(counter_end, address)

/*
 * What must be true of an object at the window's end and at the program's: it stands in a relation
 * (EQUAL, NOT_EQUAL, LESS, LESS_EQUAL, GREATER, GREATER_EQUAL) to a value, which is taken when the
 * program comes by, or to another object, which is read when it is judged. sigsweep reads the
 * memory itself, so that it can judge where the program did not come by again.
 *
 *	SIGSWEEP_INVARIANT(&queue->waiting, GREATER_EQUAL, 0, "nobody waits a negative time");
 *	SIGSWEEP_INVARIANT_PAIR(&queue->taken, LESS_EQUAL, &queue->given, "taken after given");
 *	SIGSWEEP_INVARIANT_END(&queue->waiting);
 *
 * END ends all that were announced with that (first) address. Probe invariant: address, width,
 * relation, value (8 bytes), name. Probe invariant_pair: address, width, relation, address, width,
 * name. The relation is a SIGSWEEP_RELATION_ number below, plus 16 where the first object's type is
 * signed. Probe invariant_end: address.
 */
#define SIGSWEEP_INVARIANT(address, relation, expected, name)                                      \
	do {                                                                                       \
		const volatile void *sigsweep_address_ = (address);                                \
		long long sigsweep_value_ = (long long)(expected);                                 \
		const char *sigsweep_text_ = (name);                                               \
		SIGSWEEP_PIN_(sigsweep_address_);                                                  \
		SIGSWEEP_PIN_(sigsweep_value_);                                                    \
		SIGSWEEP_PIN_(sigsweep_text_);                                                     \
		STAP_PROBE5(sigsweep, invariant, sigsweep_address_, (int)sizeof(*(address)),       \
			    SIGSWEEP_RELATION_##relation + 16 * SIGSWEEP_SIGNED_(address),         \
			    sigsweep_value_, sigsweep_text_);                                      \
		SIGSWEEP_BARRIER_();                                                               \
	} while (0)
#define SIGSWEEP_INVARIANT_PAIR(address, relation, other, name)                                    \
	do {                                                                                       \
		const volatile void *sigsweep_address_ = (address);                                \
		const volatile void *sigsweep_other_ = (other);                                    \
		const char *sigsweep_text_ = (name);                                               \
		SIGSWEEP_PIN_(sigsweep_address_);                                                  \
		SIGSWEEP_PIN_(sigsweep_other_);                                                    \
		SIGSWEEP_PIN_(sigsweep_text_);                                                     \
		STAP_PROBE6(sigsweep, invariant_pair, sigsweep_address_, (int)sizeof(*(address)),  \
			    SIGSWEEP_RELATION_##relation + 16 * SIGSWEEP_SIGNED_(address),         \
			    sigsweep_other_, (int)sizeof(*(other)), sigsweep_text_);               \
		SIGSWEEP_BARRIER_();                                                               \
	} while (0)
#define SIGSWEEP_INVARIANT_END(address) SIGSWEEP_PROBE_ADDRESS_(invariant_end, address)

/*
 * Interruptions from here to here are harmless for a reason that is given: findings at these
 * boundaries are listed as benign, with the reason, and do not count. Pairs may be nested; each
 * thread has its own.
 *
 *	SIGSWEEP_BENIGN_BEGIN("the cache is only a cache: it is rebuilt when it is torn");
 *	refresh(cache);
 *	SIGSWEEP_BENIGN_END();
 *
 * Probe benign_begin: reason. Probe benign_end: nothing.
 */
#define SIGSWEEP_BENIGN_BEGIN(reason) SIGSWEEP_PROBE_TEXT_(benign_begin, reason)
#define SIGSWEEP_BENIGN_END() SIGSWEEP_PROBE_0_(benign_end)

#define SIGSWEEP_RELATION_EQUAL 0
#define SIGSWEEP_RELATION_NOT_EQUAL 1
#define SIGSWEEP_RELATION_LESS 2
#define SIGSWEEP_RELATION_LESS_EQUAL 3
#define SIGSWEEP_RELATION_GREATER 4
#define SIGSWEEP_RELATION_GREATER_EQUAL 5

#else

#define SIGSWEEP_ANNOTATIONS 0

/* sizeof uses its operand, so that nothing is "set but not used", and evaluates nothing. */
#define SIGSWEEP_WINDOW_BEGIN() ((void)0)
#define SIGSWEEP_WINDOW_END() ((void)0)
#define SIGSWEEP_LOCK_ACQUIRED(address, name) ((void)sizeof(address), (void)sizeof(name))
#define SIGSWEEP_LOCK_RELEASED(address) ((void)sizeof(address))
#define SIGSWEEP_LOCK_WORD(address, name) ((void)sizeof(address), (void)sizeof(name))
#define SIGSWEEP_COUNTER(address, name) ((void)sizeof(address), (void)sizeof(name))
#define SIGSWEEP_COUNTER_END(address) ((void)sizeof(address))
#define SIGSWEEP_INVARIANT(address, relation, expected, name)                                      \
	((void)sizeof(address), (void)sizeof(expected), (void)sizeof(name))
#define SIGSWEEP_INVARIANT_PAIR(address, relation, other, name)                                    \
	((void)sizeof(address), (void)sizeof(other), (void)sizeof(name))
#define SIGSWEEP_INVARIANT_END(address) ((void)sizeof(address))
#define SIGSWEEP_BENIGN_BEGIN(reason) ((void)sizeof(reason))
#define SIGSWEEP_BENIGN_END() ((void)0)

#endif

#endif
