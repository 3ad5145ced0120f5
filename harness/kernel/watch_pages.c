/* SPDX-License-Identifier: MIT */
/* See watch_pages.h. */
#include "harness/kernel/watch_pages.h"

#include "harness/kernel/maps.h"
#include "harness/kernel/memory.h"
#include "harness/kernel/procfs.h"
#include "harness/kernel/ptrace_private.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define PAGE UINT64_C(4096)
#define SIGNAL_BIT(signal) (UINT64_C(1) << ((signal)-1))
#define VDSO_SIZE 16384

static struct watch_page *find(struct watch_pages *pages, uint64_t page)
{
	for (size_t i = 0; i < pages->count; i++)
		if (pages->list[i].address == page)
			return &pages->list[i];
	return NULL;
}

bool watch_pages_stop(const struct watch_pages *pages, uint64_t address, size_t size, bool writes)
{
	for (size_t i = 0; i < pages->count; i++)
		if ((writes || pages->list[i].is_unread) &&
		    address < pages->list[i].address + PAGE &&
		    pages->list[i].address < address + size)
			return true;
	return false;
}

bool watch_pages_are_changed_by(long number)
{
	static const long numbers[] = {SYS_mmap,  SYS_munmap,     SYS_mprotect, SYS_pkey_mprotect,
				       SYS_brk,   SYS_mremap,     SYS_shmat,    SYS_shmdt,
				       SYS_clone, SYS_clone3,     SYS_madvise,  SYS_rt_sigaction,
				       SYS_prctl, SYS_arch_prctl, SYS_seccomp};

	for (size_t i = 0; i < sizeof(numbers) / sizeof(*numbers); i++)
		if (numbers[i] == number)
			return true;
	return false;
}

/* The vDSO has a real system call for what it cannot answer by itself. */
static uint64_t find_syscall(const struct maps *maps, pid_t tid)
{
	static uint8_t code[VDSO_SIZE];

	for (size_t i = 0; i < maps->count; i++) {
		const struct mapping *mapping = &maps->list[i];
		const size_t size = mapping->end - mapping->start;
		const uint8_t *found;

		if (strcmp(mapping->path, "[vdso]") != 0 || !mapping->executable ||
		    memory_read(tid, mapping->start, code, size < VDSO_SIZE ? size : VDSO_SIZE))
			continue;
		found = memmem(code, size < VDSO_SIZE ? size : VDSO_SIZE, syscall_instruction,
			       SYSCALL_INSTRUCTION_SIZE);
		if (found)
			return mapping->start + (uint64_t)(found - code);
	}
	return 0;
}

/* Where the kernel writes by itself whenever the thread was interrupted (rseq(2)): on machines that
 * do not say where that is, about the thread pointer. */
static bool has_rseq(pid_t tid, uint64_t page, const struct registers *registers)
{
	const uint64_t thread = registers_thread_pointer(registers);
	uint64_t start = thread - PAGE;
	uint64_t end = thread + PAGE;

	(void)!trace_get_rseq(tid, &start, &end);
	return page + PAGE > start && page < end;
}

static bool may_close(pid_t tid, const struct mapping *mapping, uint64_t page,
		      const struct registers *registers)
{
	const uint64_t sp = registers_sp(registers);

	return mapping && !mapping->shared && !(sp >= mapping->start && sp < mapping->end) &&
	       strcmp(mapping->path, "[stack]") != 0 && !has_rseq(tid, page, registers);
}

static int protection_of(const struct mapping *mapping)
{
	return (mapping->readable ? PROT_READ : 0) | (mapping->writable ? PROT_WRITE : 0) |
	       (mapping->executable ? PROT_EXEC : 0);
}

static bool add(struct watch_pages *pages, pid_t tid, const struct maps *maps,
		const struct watch_page_word *word, const struct registers *registers)
{
	const uint64_t address = word->address & ~(PAGE - 1);
	const struct mapping *mapping = maps_find(maps, address);
	struct watch_page *page = find(pages, address);

	/* Nobody writes there. */
	if (mapping && !mapping->writable && !word->is_unread)
		return true;
	if (!page) {
		if (pages->count == WATCH_PAGES_MAX || !may_close(tid, mapping, address, registers))
			return false;
		page = &pages->list[pages->count++];
		*page = (struct watch_page){.address = address,
					    .protection = protection_of(mapping)};
	}
	page->is_unread |= word->is_unread;
	return true;
}

/* Has it filters of system calls (seccomp(2)) besides those that it got from the harness: its own,
 * and the one that launch.c installs? They might not like what the thread is made to call. */
static bool has_filters(const struct process_status *status)
{
	static int inherited = -1;
	struct process_status own;

	if (inherited < 0 && procfs_status(getpid(), &own) == 0)
		inherited = (int)own.seccomp_filters;
	return status->seccomp == 1 || (int)status->seccomp_filters > inherited + 1;
}

static bool can_stop_at_fault(pid_t tid)
{
	struct process_status status;

	if (procfs_status(tid, &status)) {
		fail_clear();
		return false;
	}
	return status.threads == 1 && !(status.signals_ignored & SIGNAL_BIT(SIGSEGV)) &&
	       !has_filters(&status);
}

void watch_pages_find(struct watch_pages *pages, pid_t tid, const struct registers *registers,
		      const struct watch_page_word *words, size_t count)
{
	struct maps maps = {0};

	*pages = (struct watch_pages){.is_known = true};
	if (!can_stop_at_fault(tid))
		return;
	if (maps_read(&maps, tid)) {
		fail_clear();
		return;
	}
	pages->syscall_at = find_syscall(&maps, tid);
	pages->can_close = pages->syscall_at != 0;
	for (size_t i = 0; i < count; i++)
		pages->can_close &= add(pages, tid, &maps, &words[i], registers);
	maps_free(&maps);
}

static int wait_for_stop(pid_t tid, int *status)
{
	while (waitpid(tid, status, __WALL) < 0)
		if (errno != EINTR)
			return -errno;
	return WIFSTOPPED(*status) ? 0 : -ESRCH;
}

/* A step, to the end of a system call. All that can come between are stops that nobody can block:
 * a SIGSTOP is owed then; filters of system calls look at this one too. */
static int step_call(pid_t tid, bool *is_stop_owed)
{
	int status;
	int error;

	for (;;) {
		error = trace_resume_plain(tid, TRACE_STEP, 0);
		if (!error)
			error = wait_for_stop(tid, &status);
		if (error || status >> 8 == SIGTRAP)
			return error;
		*is_stop_owed |= status >> 8 == SIGSTOP;
	}
}

static int protect(const struct watch_pages *pages, pid_t tid, const struct watch_page *page,
		   int protection, bool *is_stop_owed)
{
	const uint64_t arguments[6] = {page->address, PAGE, (uint64_t)protection};
	struct registers registers;
	int error = trace_get_registers(tid, &registers);

	if (error)
		return error;
	registers_prepare_syscall(&registers, pages->syscall_at, SYS_mprotect, arguments);
	registers_forget_syscall(&registers);
	error = trace_set_registers(tid, &registers);
	if (!error)
		error = step_call(tid, is_stop_owed);
	if (!error)
		error = trace_get_registers(tid, &registers);
	return error ? error : (int)registers_result(&registers);
}

static int closed(const struct watch_page *page)
{
	return page->is_unread ? PROT_NONE : page->protection & ~PROT_WRITE;
}

/* Every page, by system calls that the thread makes for it, as if nothing were. */
static int protect_all(const struct watch_pages *pages, pid_t tid, bool is_closed)
{
	struct registers before;
	bool is_stop_owed = false;
	uint64_t mask;
	int error = trace_get_registers(tid, &before);
	int failed = 0;

	if (!error)
		error = trace_get_mask(tid, &mask);
	if (!error)
		error = trace_set_mask(tid, ~SIGNAL_BIT(SIGTRAP));
	for (size_t i = 0; !error && i < pages->count; i++) {
		const struct watch_page *page = &pages->list[i];
		const int result =
			protect(pages, tid, page, is_closed ? closed(page) : page->protection,
				&is_stop_owed);

		failed = failed ? failed : result;
		error = result == -ESRCH ? result : 0;
	}
	if (!error)
		error = trace_set_registers(tid, &before);
	if (!error)
		error = trace_set_mask(tid, mask);
	if (!error && is_stop_owed && syscall(SYS_tgkill, tid, tid, SIGSTOP) < 0)
		error = -errno;
	return error ? error : failed;
}

int watch_pages_close(struct watch_pages *pages, pid_t tid)
{
	int error = protect_all(pages, tid, true);

	if (error && error != -ESRCH) {
		pages->can_close = false;
		(void)!protect_all(pages, tid, false);
	}
	return error;
}

int watch_pages_open(struct watch_pages *pages, pid_t tid)
{
	siginfo_t info;
	int error = trace_get_siginfo(tid, &info);

	if (!error)
		error = protect_all(pages, tid, false);
	/* The thread stopped once more, for SIGTRAP: that is made the signal that it was. */
	return error ? error : trace_set_siginfo(tid, &info);
}

int watch_pages_open_at_entry(struct watch_pages *pages, pid_t tid)
{
	struct registers registers;
	bool is_stop_owed = false;
	long number;
	int error = trace_get_registers(tid, &registers);

	if (error)
		return error;
	/* No call: its exit is a step away, and then it is made ready to be made again. */
	number = registers_syscall(&registers);
	struct registers none = registers;

	registers_skip_syscall(&none);
	error = trace_set_registers(tid, &none);
	if (!error)
		error = step_call(tid, &is_stop_owed);
	if (error)
		return error;
	registers_set_pc(&registers, registers_pc(&registers) - SYSCALL_INSTRUCTION_SIZE);
	registers_set_result(&registers, number);
	registers_forget_syscall(&registers);
	error = trace_set_registers(tid, &registers);
	if (!error && is_stop_owed && syscall(SYS_tgkill, tid, tid, SIGSTOP) < 0)
		error = -errno;
	return error ? error : protect_all(pages, tid, false);
}

bool watch_pages_caused(const struct watch_pages *pages, pid_t tid)
{
	siginfo_t info;

	return trace_get_siginfo(tid, &info) == 0 && info.si_code == SEGV_ACCERR &&
	       watch_pages_stop(pages, (uint64_t)(uintptr_t)info.si_addr, 1, true);
}
