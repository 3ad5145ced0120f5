/* SPDX-License-Identifier: MIT */
/*
 * Names and lines, held against nm, addr2line, objdump and readelf, on programs built here in all
 * the ways that programs are linked, and on packaged ones.
 */
#include "harness/engine/symbols.h"
#include "tests/unit/victim.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <gnu/libc-version.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <sys/socket.h>
#include <time.h>

#include <cmocka.h>

static const char source[] =
	"#include <stdio.h>\n"                                                   /* 1 */
	"#include <string.h>\n"                                                  /* 2 */
	"#include <time.h>\n"                                                    /* 3 */
	"int counter = 3;\n"                                                     /* 4 */
	"static volatile int hidden[4];\n"                                       /* 5 */
	"static inline __attribute__((always_inline)) int twice(int n)\n"        /* 6 */
	"{\n"                                                                    /* 7 */
	"	hidden[n & 3] += n * 17;\n"                                      /* 8 */
	"	return hidden[0];\n"                                             /* 9 */
	"}\n"                                                                    /* 10 */
	"__attribute__((noinline)) static int local_function(int n)\n"           /* 11 */
	"{\n"                                                                    /* 12 */
	"	return twice(n) + 1;\n"                                          /* 13 */
	"}\n"                                                                    /* 14 */
	"__attribute__((noinline)) int global_function(int n)\n"                 /* 15 */
	"{\n"                                                                    /* 16 */
	"	return twice(n) * local_function(n);\n"                          /* 17 */
	"}\n"                                                                    /* 18 */
	"int global_alias(int n) __attribute__((alias(\"global_function\")));\n" /* 19 */
	"__asm__(\".text\\nlabel_without_size:\\n nop\\n nop\\n ret\\n\"\n"      /* 20 */
	"	\"label_with_entry:\\n.cfi_startproc\\n nop\\n nop\\n ret\\n.cfi_endproc\\n\");\n"
	"int main(int count, char **arguments)\n"                             /* 22 */
	"{\n"                                                                 /* 23 */
	"	struct timespec now;\n"                                       /* 24 */
	"	clock_gettime(CLOCK_MONOTONIC, &now);\n"                      /* 25 */
	"	puts(arguments[0]);\n"                                        /* 26 */
	"	return global_function(count) + (int)strlen(arguments[0]);\n" /* 27 */
	"}\n";

struct session {
	pid_t pid;
	struct maps maps;
	struct symbols *symbols;
	const struct module *program;
	char path[PATH_MAX];
};

static void refresh(struct session *session)
{
	assert_int_equal(maps_read(&session->maps, session->pid), 0);
	assert_int_equal(symbols_update(session->symbols, &session->maps, session->pid), 0);
}

static const struct module *find_module(struct symbols *symbols, const char *path)
{
	for (size_t i = 0; i < symbols_module_count(symbols); i++) {
		if (!strcmp(symbols_module(symbols, i)->path, path))
			return symbols_module(symbols, i);
	}
	fail_msg("no module %s", path);
	return NULL;
}

/* A program stopped at its exec: it and its loader are mapped. */
static struct session start_program(const char *path)
{
	char *arguments[] = {(char *)path, NULL};
	struct session session = {.symbols = symbols_new()};

	assert_non_null(realpath(path, session.path));
	session.pid = victim_start(session.path, arguments);
	refresh(&session);
	session.program = find_module(session.symbols, session.path);
	return session;
}

static void finish(struct session *session)
{
	if (session->pid != getpid())
		victim_end(session->pid);
	symbols_free(session->symbols);
	maps_free(&session->maps);
}

/* This test itself: the C library and others are mapped. */
static struct session look_at_self(void)
{
	struct session session = {.pid = getpid(), .symbols = symbols_new()};

	refresh(&session);
	return session;
}

static void build(const char *flags)
{
	victim_write("victim.c", source);
	victim_shell("gcc %s victim.c -o victim", flags);
}

static struct session build_and_start(const char *flags)
{
	build(flags);
	return start_program(victim_path("victim"));
}

/* A function symbol as nm has it, in the file's addresses. */
struct truth {
	uint64_t start;
	uint64_t size;
	char type;
	char name[256];
};

struct truths {
	struct truth *list;
	size_t count;
};

/* `nm -S` with these options; names without versions. */
static struct truths read_nm(const char *path, const char *options)
{
	struct truths truths = {0};
	char line[2 * PATH_MAX];
	FILE *pipe;

	snprintf(line, sizeof(line), "nm -S %s '%s' 2>/dev/null", options, path);
	pipe = popen(line, "r");
	assert_non_null(pipe);
	while (fgets(line, sizeof(line), pipe)) {
		struct truth truth;
		unsigned long start;
		unsigned long size;

		if (sscanf(line, "%lx %lx %c %255s", &start, &size, &truth.type, truth.name) != 4)
			continue;
		truth.start = start;
		truth.size = size;
		truth.name[strcspn(truth.name, "@")] = '\0';
		if (!strchr("tTwWiI", truth.type) || size == 0)
			continue;
		truths.list = realloc(truths.list, (truths.count + 1) * sizeof(truth));
		truths.list[truths.count++] = truth;
	}
	pclose(pipe);
	return truths;
}

/* One of the C functions above? */
static bool is_own(const struct truth *truth)
{
	return !strcmp(truth->name, "main") || !strcmp(truth->name, "local_function") ||
	       !strcmp(truth->name, "global_function");
}

static bool nm_names(const struct truths *truths, uint64_t start, const char *name)
{
	for (size_t i = 0; i < truths->count; i++) {
		if (truths->list[i].start == start && !strcmp(truths->list[i].name, name))
			return true;
	}
	return false;
}

static bool nm_covers(const struct truths *truths, uint64_t offset)
{
	for (size_t i = 0; i < truths->count; i++) {
		if (offset - truths->list[i].start < truths->list[i].size)
			return true;
	}
	return false;
}

/* At both ends of each function of nm: a name that nm has for the start, and an extent that holds
 * the address. */
static void check_against_nm(struct session *session, const struct module *module,
			     const struct truths *truths, size_t at_least)
{
	assert_true(truths->count >= at_least);
	for (size_t i = 0; i < truths->count; i++) {
		const struct truth *truth = &truths->list[i];

		for (int end = 0; end < 2; end++) {
			uint64_t offset = truth->start + (end ? truth->size - 1 : 0);
			struct place place;

			assert_true(symbols_place(session->symbols, module->bias + offset, &place));
			assert_ptr_equal(place.module, module);
			assert_int_equal(place.offset, offset);
			if (!place.function ||
			    !nm_names(truths, place.function_start - module->bias, place.function))
				fail_msg("0x%lx is %s, by nm %s", (long)offset,
					 place.function ? place.function : "nothing", truth->name);
			assert_true(place.address - place.function_start < place.function_size);
		}
	}
}

/* Between functions there is no name, except for linkage stubs. */
static void check_gaps(struct session *session, const struct module *module,
		       const struct truths *truths, uint64_t step)
{
	for (uint64_t at = module->start; at < module->end; at += step) {
		struct place place;

		symbols_place(session->symbols, at, &place);
		if (!place.function || strstr(place.function, "@plt"))
			continue;
		if (!nm_covers(truths, at - module->bias))
			fail_msg("0x%lx is no function, but was called %s", (long)place.offset,
				 place.function);
	}
}

static void check_linking(const char *flags, bool is_fixed)
{
	struct session session = build_and_start(flags);
	struct truths truths = read_nm(session.path, "--defined-only");

	assert_int_equal(session.program->bias == 0, is_fixed);
	assert_true(session.program->has_symbols);
	assert_string_equal(session.program->name, "victim");
	check_against_nm(&session, session.program, &truths, 4);
	free(truths.list);
	finish(&session);
}

static void test_ways_of_linking(void **state)
{
	(void)state;
	check_linking("-O2 -g -pie -fPIE", false);
	check_linking("-O0 -no-pie", true);
	check_linking("-O2 -static", true);
	check_linking("-O2 -static-pie", false);
	check_linking("-O2 -Wl,-z,noseparate-code", false);
	check_linking("-O2 -Wl,-z,max-page-size=0x200000", false);
	if (victim_has("ld.lld"))
		check_linking("-O2 -fuse-ld=lld", false);
	if (victim_has("ld.gold"))
		check_linking("-O2 -fuse-ld=gold", false);
}

static void test_c_library(void **state)
{
	struct session session = look_at_self();
	const struct module *library =
		symbols_module_at(session.symbols, (uint64_t)(uintptr_t)gnu_get_libc_version);
	struct truths truths;

	(void)state;
	assert_non_null(library);
	/* With debug symbols installed there are more names than nm knows: only that its are right.
	 */
	truths = read_nm(library->path, "-D --defined-only");
	for (size_t i = 0; i < truths.count; i++) {
		struct place place;

		symbols_place(session.symbols, library->bias + truths.list[i].start, &place);
		if (!place.function)
			fail_msg("%s at 0x%lx has no name", truths.list[i].name,
				 (long)truths.list[i].start);
		assert_true(place.function_start <= place.address);
	}
	assert_true(truths.count > 1000);
	free(truths.list);
	finish(&session);
}

static void test_packaged_program(void **state)
{
	struct session session = start_program("/bin/bash");
	struct truths truths = read_nm(session.path, "-D --defined-only");

	(void)state;
	check_against_nm(&session, session.program, &truths, 500);
	check_gaps(&session, session.program, &truths, 1021);
	free(truths.list);
	finish(&session);
}

/* Names that a person would use, where there are several. */
static void test_best_name(void **state)
{
	struct session session = build_and_start("-O0 -no-pie");
	struct place place;

	(void)state;
	symbols_place(session.symbols, victim_nm(session.path, "global_function"), &place);
	assert_string_equal(place.function, "global_alias"); /* the shorter of two equals */
	finish(&session);
	session = look_at_self();
	symbols_place(session.symbols, (uint64_t)(uintptr_t)read, &place);
	assert_string_equal(place.function, "read");
	symbols_place(session.symbols, (uint64_t)(uintptr_t)malloc, &place);
	assert_non_null(place.function);
	finish(&session);
}

static void test_labels(void **state)
{
	struct session session = build_and_start("-O0 -no-pie");
	uint64_t bare = victim_nm(session.path, "label_without_size");
	uint64_t described = victim_nm(session.path, "label_with_entry");
	uint64_t *addresses;
	size_t count;
	struct place place;

	(void)state;
	assert_true(bare && described);
	for (uint64_t at = bare; at < described; at++) {
		symbols_place(session.symbols, at, &place);
		assert_null(place.function);
	}
	for (uint64_t at = described; at < described + 3; at++) {
		symbols_place(session.symbols, at, &place);
		assert_string_equal(place.function, "label_with_entry");
		assert_int_equal(place.function_size, 3);
	}
	/* Both can be asked for. */
	assert_int_equal(
		symbols_find(session.symbols, NULL, "label_without_size", &addresses, &count), 0);
	assert_int_equal(count, 1);
	assert_int_equal(addresses[0], bare);
	free(addresses);
	finish(&session);
}

static void test_stripped(void **state)
{
	struct session session;
	struct truths truths;

	(void)state;
	build("-O2 -fno-plt");
	victim_shell("cp victim full && strip victim");
	session = start_program(victim_path("victim"));
	truths = read_nm(victim_path("full"), "--defined-only");
	assert_true(truths.count >= 4);
	assert_false(session.program->has_lines);
	for (size_t i = 0; i < truths.count; i++) {
		const struct truth *truth = &truths.list[i];
		struct place place;

		symbols_place(session.symbols, session.program->bias + truth->start, &place);
		assert_null(place.function);
		assert_null(place.file);
		/* The start-up files' functions have no entries of their own. */
		if (is_own(truth)) {
			assert_int_equal(place.function_start,
					 session.program->bias + truth->start);
			assert_int_equal(place.function_size, truth->size);
		}
	}
	free(truths.list);
	finish(&session);
}

/* Lines like "0000000000401030 <puts@plt>:" of objdump. */
static size_t check_stubs(struct session *session)
{
	char line[2 * PATH_MAX];
	size_t checked = 0;
	FILE *pipe;

	snprintf(line, sizeof(line), "objdump -d '%s' | grep '@plt>:'", session->path);
	pipe = popen(line, "r");
	assert_non_null(pipe);
	while (fgets(line, sizeof(line), pipe)) {
		struct place place;
		unsigned long offset;
		char name[256];
		uint64_t pushed;

		if (sscanf(line, "%lx <%255[^>]>", &offset, name) != 2 || name[0] == '*' ||
		    strchr(name, '+') || strstr(name, "plt-0x"))
			continue;
		for (uint64_t in = 0; in < 8; in += 7) {
			symbols_place(session->symbols, session->program->bias + offset + in,
				      &place);
			assert_non_null(place.function);
			assert_string_equal(place.function, name);
			assert_int_equal(place.function_start, session->program->bias + offset);
			assert_true(symbols_is_stub(session->symbols, place.address, &pushed));
		}
		checked++;
	}
	pclose(pipe);
	return checked;
}

static void check_stubs_of(const char *flags, size_t at_least)
{
	struct session session = build_and_start(flags);
	uint64_t pushed;

	if (check_stubs(&session) < at_least)
		fail_msg("too few stubs with %s", flags);
	assert_false(symbols_is_stub(
		session.symbols, session.program->bias + victim_nm(session.path, "main"), &pushed));
	finish(&session);
}

static void test_stubs(void **state)
{
	struct session session = start_program("/bin/bash");

	(void)state;
	assert_true(check_stubs(&session) > 50);
	finish(&session);
	check_stubs_of("-O1 -fno-builtin -Wl,-z,lazy", 2);
	check_stubs_of("-O1 -fno-builtin -Wl,-z,now", 2);
	check_stubs_of("-O1 -fno-builtin -fcf-protection=full -Wl,-z,lazy -Wl,-z,ibtplt", 2);
	if (victim_has("ld.lld"))
		check_stubs_of("-O1 -fno-builtin -fuse-ld=lld -Wl,-z,lazy", 2);
	if (victim_has("ld.gold"))
		check_stubs_of("-O1 -fno-builtin -fuse-ld=gold -Wl,-z,lazy", 2);
}

/* How deep the return address lies, instruction by instruction. */
static void test_stub_depth(void **state)
{
	struct session session =
		build_and_start("-O1 -fno-builtin -no-pie -fcf-protection=none -Wl,-z,lazy");
	uint64_t *addresses;
	uint64_t pushed = 99;
	size_t count;

	(void)state;
	assert_int_equal(symbols_find(session.symbols, NULL, "puts@plt", &addresses, &count), 0);
	assert_int_equal(count, 1);
	/* jmp (6 bytes), push (5), jmp */
	assert_true(symbols_is_stub(session.symbols, addresses[0], &pushed));
	assert_int_equal(pushed, 0);
	assert_true(symbols_is_stub(session.symbols, addresses[0] + 6, &pushed));
	assert_int_equal(pushed, 0);
	assert_true(symbols_is_stub(session.symbols, addresses[0] + 11, &pushed));
	assert_int_equal(pushed, 8);
	free(addresses);
	finish(&session);
}

/* The file's last part and the line, for each instruction of the program's own functions. */
static void check_lines(struct session *session, const char *debug_path)
{
	struct truths truths = read_nm(debug_path, "--defined-only");
	size_t checked = 0;

	for (size_t i = 0; i < truths.count; i++) {
		const struct truth *truth = &truths.list[i];
		char line[2 * PATH_MAX];
		FILE *pipe;

		if (!is_own(truth))
			continue;
		snprintf(line, sizeof(line),
			 "for a in $(seq %lu %lu); do printf '%%x\\n' $a; done | addr2line -e '%s'",
			 (long)truth->start, (long)(truth->start + truth->size - 1), debug_path);
		pipe = popen(line, "r");
		for (uint64_t offset = truth->start; offset < truth->start + truth->size;
		     offset++) {
			struct place place;
			char *colon;

			assert_non_null(fgets(line, sizeof(line), pipe));
			line[strcspn(line, " \n")] = '\0';
			colon = strrchr(line, ':');
			assert_non_null(colon);
			*colon = '\0';
			symbols_place(session->symbols, session->program->bias + offset, &place);
			if (!place.file || strcmp(place.file, line) ||
			    place.line != atoi(colon + 1))
				fail_msg("0x%lx in %s is %s:%d, by addr2line %s:%s", (long)offset,
					 truth->name, place.file ? place.file : "?", place.line,
					 line, colon + 1);
			checked++;
		}
		pclose(pipe);
	}
	assert_true(checked > 50);
	free(truths.list);
}

static void test_lines(void **state)
{
	static const char *const ways[] = {
		"-g -O0", "-g -O2", "-gdwarf-4 -O2 -no-pie", "-g -O2 -static", "-g -O2 -gz=zlib",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++) {
		struct session session = build_and_start(ways[i]);

		assert_true(session.program->has_lines);
		check_lines(&session, session.path);
		finish(&session);
	}
	if (victim_has("clang")) { /* writes no .debug_aranges */
		struct session session;

		victim_shell("clang -g -O1 victim.c -o victim");
		session = start_program(victim_path("victim"));
		check_lines(&session, session.path);
		finish(&session);
	}
}

static void test_debug_link(void **state)
{
	struct session session;

	(void)state;
	build("-g -O1 -Wl,--build-id");
	victim_shell("cp victim full && mkdir -p .debug && "
		     "objcopy --only-keep-debug victim .debug/victim.debug && strip victim && "
		     "objcopy --add-gnu-debuglink=.debug/victim.debug victim");
	session = start_program(victim_path("victim"));
	assert_true(session.program->has_symbols && session.program->has_lines);
	assert_int_equal(strlen(session.program->build_id), 40);
	check_lines(&session, victim_path("full"));
	finish(&session);
	/* Without build ids the checksum decides. */
	build("-g -O1 -Wl,--build-id=none");
	victim_shell("cp victim full && "
		     "objcopy --only-keep-debug victim .debug/victim.debug && strip victim && "
		     "objcopy --add-gnu-debuglink=.debug/victim.debug victim");
	session = start_program(victim_path("victim"));
	assert_string_equal(session.program->build_id, "");
	check_lines(&session, victim_path("full"));
	finish(&session);
	/* A debug file of another build must not be taken. */
	victim_shell("echo more >>.debug/victim.debug");
	session = start_program(victim_path("victim"));
	assert_false(session.program->has_lines);
	finish(&session);
	/* Symbols in the program, lines beside it. */
	build("-g -O1");
	victim_shell("cp victim full && objcopy --only-keep-debug victim .debug/victim.debug && "
		     "strip -g victim && objcopy --add-gnu-debuglink=.debug/victim.debug victim");
	session = start_program(victim_path("victim"));
	assert_true(session.program->has_lines);
	check_lines(&session, victim_path("full"));
	finish(&session);
	victim_shell("rm -r .debug");
}

static void test_mini_debug(void **state)
{
	struct session session;
	struct place place;

	(void)state;
	if (!victim_has("xz"))
		skip();
	build("-O1");
	victim_shell("cp victim full && objcopy --only-keep-debug victim mini && "
		     "objcopy -S --keep-symbol=local_function mini && rm -f mini.xz && xz mini && "
		     "strip victim && objcopy --add-section .gnu_debugdata=mini.xz victim");
	session = start_program(victim_path("victim"));
	symbols_place(session.symbols,
		      session.program->bias + victim_nm(victim_path("full"), "local_function"),
		      &place);
	assert_string_equal(place.function, "local_function");
	symbols_place(session.symbols,
		      session.program->bias + victim_nm(victim_path("full"), "main"), &place);
	assert_null(place.function);
	finish(&session);
}

static void test_deleted_file(void **state)
{
	struct session session = build_and_start("-g -O1");
	uint64_t main_address = session.program->bias + victim_nm(session.path, "main");
	struct place place;

	(void)state;
	victim_shell("rm victim");
	symbols_free(session.symbols);
	session.symbols = symbols_new();
	refresh(&session);
	assert_true(symbols_place(session.symbols, main_address, &place));
	assert_string_equal(place.function, "main");
	assert_int_equal(place.line, 23);
	finish(&session);
}

static void test_vdso(void **state)
{
	struct session session = look_at_self();
	const struct module *vdso = find_module(session.symbols, "[vdso]");
	size_t named = 0;

	(void)state;
	assert_true(vdso->has_symbols);
	for (uint64_t at = vdso->start; at < vdso->end; at++) {
		struct place place;

		symbols_place(session.symbols, at, &place);
		named += place.function && strstr(place.function, "clock_gettime");
	}
	assert_true(named > 4);
	finish(&session);
}

static void test_demangled(void **state)
{
	struct session session;
	struct place place;
	uint64_t *addresses;
	size_t count;

	(void)state;
	if (!victim_has("g++"))
		skip();
	victim_write("victim.cc",
		     "namespace space { struct Thing { int value; "
		     "int take(const char *, int) const; Thing &operator+=(int); }; }\n"
		     "int space::Thing::take(const char *, int n) const { return n; }\n"
		     "space::Thing &space::Thing::operator+=(int n) "
		     "{ value += n; return *this; }\n"
		     "int over(int n) { return n; }\n"
		     "int over(long n) { return (int)n + 1; }\n"
		     "int main() { return 0; }\n");
	victim_shell("g++ -g -O0 victim.cc -o victim");
	session = start_program(victim_path("victim"));
	assert_int_equal(
		symbols_find(session.symbols, NULL, "space::Thing::take", &addresses, &count), 0);
	assert_int_equal(count, 1);
	symbols_place(session.symbols, addresses[0], &place);
	assert_string_equal(place.function, "space::Thing::take(char const*, int) const");
	free(addresses);
	assert_int_equal(symbols_find(session.symbols, NULL, "over", &addresses, &count), 0);
	assert_int_equal(count, 2);
	free(addresses);
	assert_int_equal(symbols_find(session.symbols, NULL, "over(long)", &addresses, &count), 0);
	assert_int_equal(count, 1);
	free(addresses);
	assert_int_equal(symbols_find(session.symbols, NULL, "_Z4overi", &addresses, &count), 0);
	assert_int_equal(count, 1);
	free(addresses);
	assert_int_equal(symbols_find(session.symbols, NULL, "ove", &addresses, &count), -ENOENT);
	finish(&session);
}

static void test_find(void **state)
{
	struct session session = build_and_start("-g -O0");
	uint64_t *addresses;
	uint64_t address;
	uint64_t size;
	size_t count;

	(void)state;
	assert_int_equal(symbols_find(session.symbols, NULL, "main", &addresses, &count), 0);
	assert_int_equal(addresses[0], session.program->bias + victim_nm(session.path, "main"));
	free(addresses);
	assert_int_equal(symbols_find(session.symbols, "vict*", "main", &addresses, &count), 0);
	free(addresses);
	assert_int_equal(symbols_find(session.symbols, session.path, "main", &addresses, &count),
			 0);
	free(addresses);
	assert_int_equal(symbols_find(session.symbols, "ld-*", "main", &addresses, &count),
			 -ENOENT);
	assert_int_equal(symbols_find(session.symbols, "nothing*", "main", &addresses, &count),
			 -ENOENT);
	assert_non_null(strstr(fail_text(), "no module matches nothing*"));
	assert_int_equal(symbols_find(session.symbols, NULL, "globl_function", &addresses, &count),
			 -ENOENT);
	assert_non_null(strstr(fail_text(), "global_function"));
	assert_int_equal(symbols_find_object(session.symbols, NULL, "counter", &address, &size), 0);
	assert_int_equal(address, session.program->bias + victim_nm(session.path, "counter"));
	assert_int_equal(size, 4);
	assert_int_equal(symbols_find_object(session.symbols, NULL, "hidden", &address, &size), 0);
	assert_int_equal(size, 16);
	assert_int_equal(symbols_find_object(session.symbols, NULL, "main", &address, &size), 0);
	assert_int_equal(symbols_find_object(session.symbols, NULL, "couter", &address, &size),
			 -ENOENT);
	assert_non_null(strstr(fail_text(), "counter"));
	finish(&session);
}

/* The line of the inlined function: once for each of the two places that it was compiled to. */
static void test_find_line(void **state)
{
	struct session session = build_and_start("-g -O2");
	uint64_t *addresses;
	size_t count;

	(void)state;
	assert_int_equal(symbols_find_line(session.symbols, "victim.c", 8, &addresses, &count), 0);
	assert_in_range(count, 2, 3);
	for (size_t i = 0; i < count; i++) {
		struct place place;

		symbols_place(session.symbols, addresses[i], &place);
		assert_int_equal(place.line, 8);
	}
	free(addresses);
	assert_int_equal(symbols_find_line(session.symbols, "victim.c", 26, &addresses, &count), 0);
	assert_int_equal(count, 1);
	free(addresses);
	/* A full path, and what is only the end of a name. */
	assert_int_equal(
		symbols_find_line(session.symbols, victim_path("victim.c"), 26, &addresses, &count),
		0);
	free(addresses);
	assert_int_equal(symbols_find_line(session.symbols, "ictim.c", 26, &addresses, &count),
			 -ENOENT);
	assert_non_null(strstr(fail_text(), "no line table names"));
	assert_int_equal(symbols_find_line(session.symbols, "victim.c", 4, &addresses, &count),
			 -ENOENT);
	assert_non_null(strstr(fail_text(), "the next line that has"));
	assert_int_equal(symbols_find_line(session.symbols, "victim.c", 400, &addresses, &count),
			 -ENOENT);
	finish(&session);
	build("-O2 -s");
	session = start_program(victim_path("victim"));
	assert_int_equal(symbols_find_line(session.symbols, "victim.c", 8, &addresses, &count),
			 -ENOENT);
	finish(&session);
}

/* One probe, its note written by hand as sys/sdt.h does. */
static void test_probes(void **state)
{
	struct session session;
	struct probe_site *sites;
	size_t count;

	(void)state;
	victim_write("probe.s",
		     "	.text\n	.globl main\nmain:\n	xorl %eax,%eax\nprobe_here:\n	nop\n	"
		     "ret\n"
		     "	.data\n	.globl gate\ngate:	.value 0\n"
		     "	.section .stapsdt.base,\"a\",@progbits\n	.globl base\nbase:	"
		     ".byte 0\n"
		     "	.section .note.stapsdt,\"\",@note\n	.balign 4\n"
		     "	.long 2f-1f, 4f-3f, 3\n1:	.asciz \"stapsdt\"\n2:	.balign 4\n"
		     "3:	.quad probe_here, base, gate\n"
		     "	.asciz \"tool\"\n	.asciz \"here\"\n	.asciz \"-4@%edi\"\n"
		     "4:	.balign 4\n	.section .note.GNU-stack,\"\",@progbits\n");
	victim_shell("gcc -no-pie probe.s -o victim");
	session = start_program(victim_path("victim"));
	assert_int_equal(symbols_find_probe(session.symbols, "tool", "here", &sites, &count), 0);
	assert_int_equal(count, 1);
	assert_int_equal(sites[0].pc, victim_nm(session.path, "probe_here"));
	assert_int_equal(sites[0].semaphore, victim_nm(session.path, "gate"));
	assert_string_equal(sites[0].provider, "tool");
	assert_string_equal(sites[0].name, "here");
	assert_string_equal(sites[0].arguments, "-4@%edi");
	free(sites);
	assert_int_equal(symbols_find_probe(session.symbols, "tool", "hre", &sites, &count),
			 -ENOENT);
	assert_non_null(strstr(fail_text(), "tool:here"));
	finish(&session);
}

/* As many sites as readelf lists, at the addresses that it gives. */
static void test_packaged_probes(void **state)
{
	struct session session = look_at_self();
	const struct module *library =
		symbols_module_at(session.symbols, (uint64_t)(uintptr_t)gnu_get_libc_version);
	struct probe_site *sites;
	char line[2 * PATH_MAX];
	size_t expected = 0;
	size_t count;
	FILE *pipe;

	(void)state;
	snprintf(line, sizeof(line),
		 "readelf -n '%s' | grep -A2 'Provider: libc' | grep -A1 'Name: setjmp$' | "
		 "sed -n 's/.*Location: \\(0x[0-9a-f]*\\),.*/\\1/p'",
		 library->path);
	pipe = popen(line, "r");
	if (symbols_find_probe(session.symbols, "libc", "setjmp", &sites, &count)) {
		assert_null(fgets(line, sizeof(line), pipe));
		count = 0;
	}
	while (fgets(line, sizeof(line), pipe)) {
		bool found = false;

		for (size_t i = 0; i < count; i++)
			found |= sites[i].pc == library->bias + strtoull(line, NULL, 16);
		assert_true(found);
		expected++;
	}
	pclose(pipe);
	assert_int_equal(count, expected);
	if (count)
		free(sites);
	finish(&session);
}

/* New modules come, gone ones go, and what was given out of a gone one can still be read. */
static void test_update(void **state)
{
	struct session session = build_and_start("-O1");
	size_t before = symbols_module_count(session.symbols);
	const struct module *kept = session.program;
	struct place place;
	struct maps loader_only = {0};

	(void)state;
	symbols_place(session.symbols, kept->bias + victim_nm(session.path, "main"), &place);
	assert_int_equal(symbols_update(session.symbols, &loader_only, session.pid), 0);
	assert_int_equal(symbols_module_count(session.symbols), 0);
	assert_null(symbols_module_at(session.symbols, place.address));
	assert_string_equal(place.function, "main");
	assert_string_equal(kept->name, "victim");
	refresh(&session);
	assert_int_equal(symbols_module_count(session.symbols), before);
	assert_ptr_equal(symbols_module_at(session.symbols, place.address), kept);
	victim_run_to(session.pid, place.address);
	refresh(&session);
	assert_true(symbols_module_count(session.symbols) > before); /* the C library */
	assert_ptr_equal(find_module(session.symbols, session.path), kept);
	finish(&session);
}

static void test_nowhere(void **state)
{
	struct session session = look_at_self();
	struct place place;

	(void)state;
	assert_false(symbols_place(session.symbols, 16, &place));
	assert_int_equal(place.address, 16);
	assert_null(place.module);
	assert_null(place.function);
	assert_null(symbols_module(session.symbols, 100000));
	assert_true(symbols_is_constant(session.symbols, (uint64_t)(uintptr_t)test_nowhere));
	assert_false(symbols_is_constant(session.symbols, (uint64_t)(uintptr_t)&place));
	finish(&session);
}

/* A server that would be asked if anybody asked one. */
static void test_no_network(void **state)
{
	struct sockaddr_in address = {.sin_family = AF_INET,
				      .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t length = sizeof(address);
	int server = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct pollfd waiting = {.fd = server, .events = POLLIN};
	struct session session;
	char url[64];

	(void)state;
	assert_int_equal(bind(server, (struct sockaddr *)&address, length), 0);
	assert_int_equal(listen(server, 5), 0);
	assert_int_equal(getsockname(server, (struct sockaddr *)&address, &length), 0);
	snprintf(url, sizeof(url), "http://127.0.0.1:%d", ntohs(address.sin_port));
	setenv("DEBUGINFOD_URLS", url, 1);
	setenv("DEBUGINFOD_TIMEOUT", "1", 1);
	build("-O1 -s");
	session = start_program(victim_path("victim"));
	assert_false(session.program->has_lines);
	finish(&session);
	assert_int_equal(poll(&waiting, 1, 0), 0);
	assert_string_equal(getenv("DEBUGINFOD_URLS"), url);
	unsetenv("DEBUGINFOD_URLS");
	close(server);
}

static const char data_source[] =
	"#include <signal.h>\n"
	"typedef long whole;\n"
	"typedef short half;\n"
	"struct inner { half low, high; };\n"
	"struct outer { whole number; struct inner pair[2]; char text[12]; };\n"
	"struct outer one;\n"
	"volatile struct outer table[3];\n"
	"unsigned char bytes[40];\n"
	"volatile sig_atomic_t flag;\n"
	"_Atomic whole counter;\n"
	"struct outer *volatile current = &one;\n"
	"int main(void)\n"
	"{\n"
	"	static union { int number; char text[4]; } kept;\n"
	"	kept.number = flag + (int)counter + bytes[flag];\n"
	"	return kept.text[0] + (int)current->number + (int)table[0].number;\n"
	"}\n";

static const struct data_row {
	const char *symbol;
	uint64_t offset;
	const char *object;
	const char *object_type;
	uint64_t object_at; /* from the symbol on */
	uint64_t object_size;
	const char *part;
	const char *part_type;
	uint64_t part_at;
	uint64_t part_size;
	const char *qualities; /* v: volatile, a: atomic, s: sig_atomic_t */
} data_rows[] = {
	{"one", 0, "one", "struct outer", 0, 32, "one.number", "whole", 0, 8, ""},
	{"one", 13, "one", "struct outer", 0, 32, "one.pair[1].low", "half", 12, 2, ""},
	{"one", 16, "one", "struct outer", 0, 32, "one.text[0]", "char", 16, 1, ""},
	{"one", 29, "one", "struct outer", 0, 32, "one", "struct outer", 0, 32, ""},
	{"table", 64 + 15, "table[2]", "volatile struct outer", 64, 32, "table[2].pair[1].high",
	 "half", 64 + 14, 2, "v"},
	{"bytes", 39, "bytes", "unsigned char[]", 0, 40, "bytes[39]", "unsigned char", 39, 1, ""},
	{"flag", 0, "flag", "volatile sig_atomic_t", 0, 4, "flag", "volatile sig_atomic_t", 0, 4,
	 "vs"},
	{"counter", 5, "counter", "_Atomic whole", 0, 8, "counter", "_Atomic whole", 0, 8, "a"},
	{"current", 0, "current", "struct outer *volatile", 0, 8, "current",
	 "struct outer *volatile", 0, 8, "v"},
};

static void check_data(struct session *session, const struct data_row *row)
{
	const uint64_t symbol = session->program->bias + victim_nm(session->path, row->symbol);
	struct data_place place;
	char qualities[4] = "";

	assert_true(symbols_data_at(session->symbols, symbol + row->offset, &place));
	if (!place.is_typed)
		fail_msg("%s+%llu has no type", row->symbol, (unsigned long long)row->offset);
	strcat(qualities, place.is_volatile ? "v" : "");
	strcat(qualities, place.is_atomic ? "a" : "");
	strcat(qualities, place.is_sig_atomic ? "s" : "");
	assert_string_equal(place.symbol, row->symbol);
	assert_int_equal(place.symbol_start, symbol);
	assert_string_equal(place.object, row->object);
	assert_string_equal(place.object_type, row->object_type);
	assert_int_equal(place.object_start, symbol + row->object_at);
	assert_int_equal(place.object_size, row->object_size);
	assert_string_equal(place.part, row->part);
	assert_string_equal(place.part_type, row->part_type);
	assert_int_equal(place.part_start, symbol + row->part_at);
	assert_int_equal(place.part_size, row->part_size);
	assert_string_equal(qualities, row->qualities);
}

static struct session start_data(const char *compiler, const char *flags)
{
	victim_write("data.c", data_source);
	victim_shell("%s %s data.c -o data", compiler, flags);
	return start_program(victim_path("data"));
}

static void test_data_types(void **state)
{
	static const char *const compilers[] = {"gcc", "clang"};

	(void)state;
	for (size_t n = 0; n < sizeof(compilers) / sizeof(compilers[0]); n++) {
		struct session session;

		if (!victim_has(compilers[n]))
			continue;
		session = start_data(compilers[n], "-g -O1");
		for (size_t i = 0; i < sizeof(data_rows) / sizeof(data_rows[0]); i++)
			check_data(&session, &data_rows[i]);
		finish(&session);
	}
}

static void test_data_without_dwarf(void **state)
{
	struct session session = start_data("gcc", "-O1");
	const uint64_t table = session.program->bias + victim_nm(session.path, "table");
	struct data_place place;

	(void)state;
	assert_true(symbols_data_at(session.symbols, table + 70, &place));
	assert_string_equal(place.symbol, "table");
	assert_int_equal(place.symbol_start, table);
	assert_int_equal(place.symbol_size, 96);
	assert_false(place.is_typed);
	assert_false(symbols_data_at(session.symbols, 16, &place));
	finish(&session);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_data_types),
		cmocka_unit_test(test_data_without_dwarf),
		cmocka_unit_test(test_ways_of_linking),
		cmocka_unit_test(test_c_library),
		cmocka_unit_test(test_packaged_program),
		cmocka_unit_test(test_best_name),
		cmocka_unit_test(test_labels),
		cmocka_unit_test(test_stripped),
		cmocka_unit_test(test_stubs),
		cmocka_unit_test(test_stub_depth),
		cmocka_unit_test(test_lines),
		cmocka_unit_test(test_debug_link),
		cmocka_unit_test(test_mini_debug),
		cmocka_unit_test(test_deleted_file),
		cmocka_unit_test(test_vdso),
		cmocka_unit_test(test_demangled),
		cmocka_unit_test(test_find),
		cmocka_unit_test(test_find_line),
		cmocka_unit_test(test_probes),
		cmocka_unit_test(test_packaged_probes),
		cmocka_unit_test(test_update),
		cmocka_unit_test(test_nowhere),
		cmocka_unit_test(test_no_network),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
