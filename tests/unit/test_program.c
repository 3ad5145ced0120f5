/* SPDX-License-Identifier: MIT */
/* Every kind of file that is no program to sweep gets its error number and its sentence. */
#include "harness/engine/program.h"
#include "tests/unit/victim.h"

#include <elf.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <sys/stat.h>

#include <cmocka.h>

static void make_executable(const char *name)
{
	assert_int_equal(chmod(victim_path(name), 0755), 0);
}

static void expect_refusal(const char *path, int code, const char *words)
{
	struct program_info info;

	assert_int_equal(program_inspect(path, &info), code);
	if (!strstr(fail_text(), words))
		fail_msg("\"%s\" does not say \"%s\"", fail_text(), words);
	program_info_free(&info);
}

static struct program_info expect_program(const char *path)
{
	struct program_info info;

	if (program_inspect(path, &info))
		fail_msg("%s", fail_text());
	return info;
}

static void build(const char *flags)
{
	victim_write("p.c", "int main(void) { return 0; }\n");
	victim_shell("gcc %s p.c -o p", flags);
}

static void write_script(const char *name, const char *text)
{
	victim_write(name, text);
	make_executable(name);
}

/* Overwrites bytes of a copy of the built program. */
static const char *patch(size_t offset, const void *bytes, size_t size)
{
	FILE *file;

	victim_shell("cp p patched");
	file = fopen(victim_path("patched"), "r+");
	assert_non_null(file);
	assert_int_equal(fseek(file, (long)offset, SEEK_SET), 0);
	assert_int_equal(fwrite(bytes, 1, size, file), size);
	assert_int_equal(fclose(file), 0);
	return victim_path("patched");
}

static void test_kinds(void **state)
{
	struct program_info info;

	(void)state;
	build("-pie");
	info = expect_program(victim_path("p"));
	assert_false(info.is_script || info.is_static || info.is_setuid || info.is_stripped);
	assert_true(info.is_pie);
	assert_int_equal(info.elf_class, ELFCLASS64);
	assert_int_equal(info.machine, EM_X86_64);
	assert_non_null(strstr(info.loader, "ld-linux-x86-64.so.2"));
	assert_string_equal(info.interpreter, victim_path("p"));
	program_info_free(&info);
	build("-no-pie -s");
	info = expect_program(victim_path("p"));
	assert_false(info.is_pie || info.is_static);
	assert_true(info.is_stripped);
	program_info_free(&info);
	build("-static");
	info = expect_program(victim_path("p"));
	assert_true(info.is_static);
	assert_false(info.is_pie);
	assert_null(info.loader);
	program_info_free(&info);
	build("-static-pie");
	info = expect_program(victim_path("p"));
	assert_true(info.is_static && info.is_pie);
	program_info_free(&info);
}

static void test_no_file(void **state)
{
	(void)state;
	expect_refusal(victim_path("nothing"), -ENOENT, "does not exist");
	victim_write("plain", "text\n");
	expect_refusal(victim_path("plain/below"), -ENOTDIR, "does not exist");
	expect_refusal(victim_make_folder(), -EISDIR, "is a directory");
	expect_refusal("/dev/null", -EACCES, "not a regular file");
	expect_refusal(victim_path("plain"), -EACCES, "not executable");
	write_script("empty", "");
	expect_refusal(victim_path("empty"), -ENOEXEC, "is empty");
	write_script("text", "echo hello\n");
	expect_refusal(victim_path("text"), -ENOEXEC, "no program");
}

static void test_scripts(void **state)
{
	struct program_info info;
	char text[PATH_MAX + 32];

	(void)state;
	write_script("good", "#! /bin/sh -e\necho hello\n");
	info = expect_program(victim_path("good"));
	assert_true(info.is_script);
	assert_string_equal(info.interpreter, "/bin/sh");
	program_info_free(&info);

	snprintf(text, sizeof(text), "#!%s argument\n", victim_path("good"));
	write_script("chained", text);
	info = expect_program(victim_path("chained"));
	assert_string_equal(info.interpreter, "/bin/sh");
	program_info_free(&info);

	write_script("missing", "#!/nowhere/interpreter -x\n");
	expect_refusal(victim_path("missing"), -ENOENT, "interpreter /nowhere/interpreter");
	snprintf(text, sizeof(text), "#!%s\n", victim_path("missing"));
	write_script("chained", text);
	expect_refusal(victim_path("chained"), -ENOENT, "interpreter /nowhere/interpreter");
	write_script("dos", "#!/bin/sh\r\necho hello\r\n");
	expect_refusal(victim_path("dos"), -ENOENT, "carriage return");
	write_script("nameless", "#!   \necho hello\n");
	expect_refusal(victim_path("nameless"), -ENOEXEC, "names no interpreter");
	write_script("env", "#!/usr/bin/env no-such-interpreter\n");
	expect_refusal(victim_path("env"), -ENOENT, "no-such-interpreter, which is not in PATH");
	write_script("env", "#!/usr/bin/env sh\n");
	info = expect_program(victim_path("env"));
	assert_string_equal(info.interpreter, "/usr/bin/env");
	program_info_free(&info);
	snprintf(text, sizeof(text), "#!%s\n", victim_path("loop"));
	write_script("loop", text);
	expect_refusal(victim_path("loop"), -ELOOP, "interpret each other");
}

static void test_other_machines(void **state)
{
	static const uint16_t arm = EM_AARCH64;
	static const uint16_t unknown = 0x1234;
	static const uint8_t small = ELFCLASS32;
	static const uint8_t big_endian = ELFDATA2MSB;
	static const uint8_t none = 0;

	(void)state;
	build("");
	expect_refusal(patch(offsetof(Elf64_Ehdr, e_machine), &arm, 2), -ENOEXEC, "64-bit ARM");
	expect_refusal(patch(offsetof(Elf64_Ehdr, e_machine), &unknown, 2), -ENOEXEC, "4660");
	expect_refusal(patch(EI_CLASS, &small, 1), -ENOEXEC, "32-bit");
	expect_refusal(patch(EI_DATA, &big_endian, 1), -ENOEXEC, "big-endian");
	expect_refusal(patch(EI_CLASS, &none, 1), -ENOEXEC, "corrupt");
	expect_refusal(patch(EI_DATA, &none, 1), -ENOEXEC, "corrupt");
}

/* A real 32-bit program, small enough to be written by hand: a header and nothing else. */
static void test_small_32_bit(void **state)
{
	Elf32_Ehdr header = {
		.e_ident = {ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3, ELFCLASS32, ELFDATA2LSB,
			    EV_CURRENT},
		.e_type = ET_EXEC,
		.e_machine = EM_386,
	};
	FILE *file = fopen(victim_path("p32"), "w");

	(void)state;
	assert_non_null(file);
	assert_int_equal(fwrite(&header, sizeof(header), 1, file), 1);
	fclose(file);
	make_executable("p32");
	expect_refusal(victim_path("p32"), -ENOEXEC, "32-bit");
}

static void test_not_programs(void **state)
{
	static const uint16_t core = ET_CORE;

	(void)state;
	build("");
	victim_shell("gcc -c p.c -o p.o && chmod +x p.o");
	expect_refusal(victim_path("p.o"), -ENOEXEC, "object file");
	expect_refusal(patch(offsetof(Elf64_Ehdr, e_type), &core, 2), -ENOEXEC, "core dump");
	victim_shell("gcc -shared -fPIC p.c -o p.so");
	expect_refusal(victim_path("p.so"), -ENOEXEC, "shared library");
}

/* Cut at every length, and with each byte of the headers changed: never a crash, and a sentence
 * whenever it is refused. Only what is needed for a start makes it so. */
static void test_broken_files(void **state)
{
	static const uint16_t no_segments;
	struct program_info info;
	unsigned int seed = 7;

	(void)state;
	build("");
	expect_refusal(patch(offsetof(Elf64_Ehdr, e_phnum), &no_segments, 2), -ENOEXEC, "corrupt");
	for (long size = 4; size < 4096; size += size < 128 ? 1 : 97) {
		victim_shell("cp p patched");
		assert_int_equal(truncate(victim_path("patched"), size), 0);
		expect_refusal(victim_path("patched"), -ENOEXEC, "is c"); /* cut off, corrupt */
	}
	for (int round = 0; round < 500; round++) {
		uint8_t byte = (uint8_t)rand_r(&seed);
		const char *path = patch((size_t)rand_r(&seed) % 800, &byte, 1);

		if (program_inspect(path, &info))
			assert_true(strlen(fail_text()) > 20);
		program_info_free(&info);
	}
}

static void test_missing_loader(void **state)
{
	(void)state;
	build("-Wl,--dynamic-linker=/nowhere/ld.so");
	expect_refusal(victim_path("p"), -ENOENT, "loader /nowhere/ld.so");
}

static void test_setuid(void **state)
{
	struct program_info info;

	(void)state;
	if (geteuid())
		skip();
	build("");
	victim_shell("chmod u+s p");
	info = expect_program(victim_path("p")); /* our own */
	assert_false(info.is_setuid);
	program_info_free(&info);
	victim_shell("chown 12345 p && chmod u+s p");
	expect_refusal(victim_path("p"), -EPERM, "set-user-id");
	victim_shell("chown 0:12345 p && chmod u-s,g+s p");
	expect_refusal(victim_path("p"), -EPERM, "set-group-id");
	victim_shell("chmod g-x p"); /* no group execution: no set-group-id (inode(7)) */
	info = expect_program(victim_path("p"));
	program_info_free(&info);
}

static void test_search(void **state)
{
	char *old = getenv("PATH") ? strdup(getenv("PATH")) : NULL;
	char text[PATH_MAX * 2];
	char *path;

	(void)state;
	victim_shell("mkdir -p one two && printf '#!/bin/sh\\n' >one/tool && "
		     "cp one/tool two/tool && chmod 644 one/tool && chmod 755 two/tool && "
		     "cp one/tool one/other && mkdir -p one/folder");
	snprintf(text, sizeof(text), "%s:%s", victim_path("one"), victim_path("two"));
	setenv("PATH", text, 1);
	assert_int_equal(program_search("tool", &path), 0);
	assert_string_equal(path, victim_path("two/tool"));
	free(path);
	assert_int_equal(program_search("other", &path), -EACCES);
	assert_non_null(strstr(fail_text(), "one/other is not executable"));
	assert_int_equal(program_search("folder", &path), -ENOENT);
	assert_int_equal(program_search("nothing", &path), -ENOENT);
	assert_int_equal(program_search("", &path), -ENOENT);
	assert_int_equal(program_search("./relative", &path), 0);
	assert_string_equal(path, "./relative");
	free(path);
	unsetenv("PATH");
	assert_int_equal(program_search("sh", &path), 0);
	assert_int_equal(path[0], '/');
	free(path);
	if (old)
		setenv("PATH", old, 1);
	free(old);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_kinds),        cmocka_unit_test(test_no_file),
		cmocka_unit_test(test_scripts),      cmocka_unit_test(test_other_machines),
		cmocka_unit_test(test_small_32_bit), cmocka_unit_test(test_not_programs),
		cmocka_unit_test(test_broken_files), cmocka_unit_test(test_missing_loader),
		cmocka_unit_test(test_setuid),       cmocka_unit_test(test_search),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
