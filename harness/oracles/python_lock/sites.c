/* SPDX-License-Identifier: MIT */
/*
 * Where a CPython takes and releases locks, on builds without symbols. Its PyThread locks are
 * semaphores up to 3.14 (Python/thread_pthread.h) and PyMutexes from 3.15 on (Python/thread.c);
 * threading.Lock and RLock have a pointer to one at first; from 3.13 on Lock and from 3.14 on RLock
 * has a PyMutex in itself (Modules/_threadmodule.c). Their methods are found by their tables.
 */
#include "harness/base/alloc.h"
#include "harness/kernel/memory.h"
#include "harness/oracles/python_lock/python_lock.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define OBJECT_HEAD 16 /* PyObject: reference count, type */
#define PLACES_MAX 8

#define LAST_WITH_SEMAPHORES 14
#define FIRST_LOCK_WITH_MUTEX 13
#define FIRST_RLOCK_WITH_MUTEX 14

struct method {
	const char *name;
	enum lock_effect effect;
};

static const struct method methods[] = {
	{"acquire", LOCK_TRY},      {"acquire_lock", LOCK_TRY},
	{"__enter__", LOCK_TRY},    {"_acquire_restore", LOCK_TAKE},
	{"release", LOCK_RELEASE},  {"release_lock", LOCK_RELEASE},
	{"__exit__", LOCK_RELEASE}, {"_release_save", LOCK_RELEASE},
};

/* The C library's, and from 3.15 on the interpreter's, which extensions call. */
static const struct lock_function semaphores[] = {
	{"sem_wait", LOCK_SEMAPHORE, LOCK_TAKE},      {"sem_timedwait", LOCK_SEMAPHORE, LOCK_TRY},
	{"sem_clockwait", LOCK_SEMAPHORE, LOCK_TRY},  {"sem_trywait", LOCK_SEMAPHORE, LOCK_TRY},
	{"sem_post", LOCK_SEMAPHORE, LOCK_RELEASE},   {"sem_init", LOCK_SEMAPHORE, LOCK_FORGET},
	{"sem_destroy", LOCK_SEMAPHORE, LOCK_FORGET},
};
/* From 3.13 on. Code that is compiled with the headers of C calls them where it has to wait, and
 * else takes and gives with instructions of its own: inlined.c. */
static const struct lock_function calls[] = {
	{"PyMutex_Lock", LOCK_PYMUTEX, LOCK_TAKE},
	{"PyMutex_Unlock", LOCK_PYMUTEX, LOCK_RELEASE},
};
static const struct lock_function mutexes[] = {
	{"PyThread_acquire_lock", LOCK_PYMUTEX, LOCK_TRY},
	{"PyThread_acquire_lock_timed", LOCK_PYMUTEX, LOCK_TRY},
	{"PyThread_release_lock", LOCK_PYMUTEX, LOCK_RELEASE},
	{"PyThread_free_lock", LOCK_PYMUTEX, LOCK_FORGET},
};

void python_lock_sites_add(struct python_lock_sites *sites, const struct python_lock_site *site)
{
	for (size_t i = 0; i < sites->count; i++)
		if (sites->list[i].pc == site->pc && sites->list[i].kind == site->kind &&
		    sites->list[i].effect == site->effect &&
		    sites->list[i].pointer == site->pointer)
			return;
	alloc_grow((void **)&sites->list, sites->count, &sites->capacity, sizeof(*sites->list));
	sites->list[sites->count++] = *site;
}

static void add_functions(struct python_lock_sites *sites, struct symbols *symbols,
			  const struct lock_function *functions, size_t number)
{
	uint64_t places[PLACES_MAX];

	for (size_t i = 0; i < number; i++) {
		const size_t count = symbols_named(symbols, functions[i].name, places, PLACES_MAX);

		for (size_t n = 0; n < count; n++)
			python_lock_sites_add(
				sites, &(struct python_lock_site){.pc = places[n],
								  .kind = functions[i].kind,
								  .effect = functions[i].effect,
								  .is_inner = functions[i].kind ==
									      LOCK_SEMAPHORE});
	}
}

/* Where the object has a pointer, the methods only tell which object a semaphore belongs to. */
/* Behind the instruction that marks a target of indirect calls (Intel SDM, endbr64). */
static uint64_t behind_mark(pid_t pid, uint64_t function)
{
	static const uint8_t mark[] = {0xf3, 0x0f, 0x1e, 0xfa};
	uint8_t code[sizeof(mark)];

	if (memory_read(pid, function, code, sizeof(code)) || memcmp(code, mark, sizeof(mark)) != 0)
		return function;
	return function + sizeof(mark);
}

static int add_type(struct python_lock_sites *sites, const struct python *python, pid_t pid,
		    const char *name, bool is_recursive)
{
	const bool is_mutex = python_minor(python) >=
			      (is_recursive ? FIRST_RLOCK_WITH_MUTEX : FIRST_LOCK_WITH_MUTEX);
	struct python_lock_site site = {.kind = !is_mutex      ? LOCK_SEMAPHORE
						: is_recursive ? LOCK_PYRECURSIVE
							       : LOCK_PYMUTEX,
					.offset = OBJECT_HEAD,
					.is_object = true,
					.is_pointer = !is_mutex};
	uint64_t type;
	int error = python_module_attribute(python, pid, "_thread", name, &type);

	if (error)
		return error;
	for (size_t i = 0; i < sizeof(methods) / sizeof(*methods); i++) {
		if (python_type_function(python, pid, type, methods[i].name, &site.pointer))
			continue;
		if (memory_read(pid, site.pointer, &site.function, sizeof(site.function)))
			continue;
		site.pc = behind_mark(pid, site.function);
		site.effect = is_mutex ? methods[i].effect : LOCK_DECLARE;
		python_lock_sites_add(sites, &site);
	}
	fail_clear();
	site.pointer = 0;
	if (!is_mutex || python_type_dealloc(python, pid, type, &site.pc))
		return 0;
	site.effect = LOCK_FORGET;
	python_lock_sites_add(sites, &site);
	return 0;
}

/* From 3.13 on the import lock is a recursive mutex without an object. */
static void add_import_lock(struct python_lock_sites *sites, const struct python *python, pid_t pid)
{
	static const struct method functions[] = {{"acquire_lock", LOCK_TAKE},
						  {"release_lock", LOCK_RELEASE}};
	struct python_lock_site site = {.kind = LOCK_PYRECURSIVE,
					.address = python_import_lock(python)};
	uint64_t object;

	for (size_t i = 0; site.address && i < sizeof(functions) / sizeof(*functions); i++) {
		if (python_module_attribute(python, pid, "_imp", functions[i].name, &object) ||
		    python_builtin_function(python, pid, object, &site.pc)) {
			fail_clear();
			continue;
		}
		site.effect = functions[i].effect;
		python_lock_sites_add(sites, &site);
	}
}

/* Called for each extension that was loaded, before anything of it is used but its beginning
 * (importlib's ExtensionFileLoader). */
static void find_loader(struct python_lock_sites *sites, const struct python *python, pid_t pid)
{
	uint64_t object;

	if (python_module_attribute(python, pid, "_imp", "exec_dynamic", &object) ||
	    python_builtin_function(python, pid, object, &sites->loader)) {
		fail_clear();
		sites->loader = 0;
	}
}

int python_lock_sites_find(struct python_lock_sites *sites, const struct python *python,
			   struct symbols *symbols, pid_t pid)
{
	int error = add_type(sites, python, pid, "LockType", false);

	if (!error)
		error = add_type(sites, python, pid, "RLock", true);
	if (error)
		return fail(-ENOTSUP, "the types of CPython's locks were not found");
	if (python_minor(python) <= LAST_WITH_SEMAPHORES)
		add_functions(sites, symbols, semaphores, sizeof(semaphores) / sizeof(*semaphores));
	else
		add_functions(sites, symbols, mutexes, sizeof(mutexes) / sizeof(*mutexes));
	if (python_minor(python) >= FIRST_LOCK_WITH_MUTEX) {
		add_functions(sites, symbols, calls, sizeof(calls) / sizeof(*calls));
		python_lock_inlined_find(sites, python, symbols, pid);
		find_loader(sites, python, pid);
	}
	add_import_lock(sites, python, pid);
	return 0;
}

int python_lock_sites_divert(const struct python_lock_sites *sites, pid_t pid)
{
	int error = 0;

	for (size_t i = 0; !error && i < sites->count; i++)
		if (sites->list[i].pointer)
			error = memory_write(pid, sites->list[i].pointer, &sites->list[i].pc,
					     sizeof(sites->list[i].pc));
	return error;
}

void python_lock_sites_free(struct python_lock_sites *sites)
{
	free(sites->list);
	free(sites->scanned);
	*sites = (struct python_lock_sites){0};
}
