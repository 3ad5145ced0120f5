/* SPDX-License-Identifier: MIT */
/*
 * See unwind.h. libunwind is given its own view of the target instead of libunwind-ptrace: the
 * registers that the caller has read, memory from cached pages, and unwind entries from the symbols
 * engine, which also finds those of deleted files, of the vDSO and of static programs.
 */
#include "harness/engine/unwind.h"

#include "harness/base/alloc.h"
#include "harness/engine/unwind_pages.h"

#include <libunwind-x86_64.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/*
 * libunwind finds the description of a function by searching a table of pairs (start of the
 * function, address of its description, both relative to a base) in the target's memory. It is
 * given a table of one pair that stands at this address, which no process can have mapped: bits 63
 * to 47 of an address are all equal.
 */
#define TABLE_ADDRESS 0x1000000000000000ULL

/* Exported for debuggers that find tables themselves, though in no public header. */
extern int UNW_OBJ(dwarf_search_unwind_table)(unw_addr_space_t space, unw_word_t pc,
					      unw_dyn_info_t *table, unw_proc_info_t *info,
					      int need_unwind_info, void *context);

struct unwinder {
	struct symbols *symbols;
	struct unwind_pages *pages;
	unw_addr_space_t space;
	const struct registers *registers; /* of the unwind that is under way */
	uint64_t table;                    /* the one pair */
};

static int find_proc_info(unw_addr_space_t space, unw_word_t pc, unw_proc_info_t *info,
			  int need_unwind_info, void *context)
{
	struct unwinder *unwinder = context;
	const struct unwind_entry *entry = symbols_unwind_entry(unwinder->symbols, pc);
	unw_dyn_info_t table = {0};

	if (!entry)
		return -UNW_ENOINFO;
	unwinder->table = (uint64_t)(uint32_t)(entry->description - entry->start) << 32;
	table.start_ip = entry->start;
	table.end_ip = entry->end;
	table.format = UNW_INFO_FORMAT_REMOTE_TABLE;
	table.u.rti.segbase = entry->start;
	table.u.rti.table_data = TABLE_ADDRESS;
	table.u.rti.table_len = sizeof(unwinder->table) / sizeof(unw_word_t);
	return UNW_OBJ(dwarf_search_unwind_table)(space, pc, &table, info, need_unwind_info,
						  context);
}

static void put_unwind_info(unw_addr_space_t space, unw_proc_info_t *info, void *context)
{
	(void)space;
	(void)info;
	(void)context;
}

static int no_dyn_info(unw_addr_space_t space, unw_word_t *address, void *context)
{
	(void)space;
	(void)address;
	(void)context;
	return -UNW_ENOINFO;
}

static int read_memory(unw_addr_space_t space, unw_word_t address, unw_word_t *value, int is_write,
		       void *context)
{
	struct unwinder *unwinder = context;

	(void)space;
	if (is_write)
		return -UNW_EINVAL;
	if (address == TABLE_ADDRESS) {
		*value = unwinder->table;
		return 0;
	}
	return unwind_pages_read(unwinder->pages, address, value) ? -UNW_EINVAL : 0;
}

#define OFFSET(name) offsetof(struct user_regs_struct, name)

/* By DWARF number (System V AMD64 ABI, figure 3.36), which is libunwind's too. */
static const size_t register_offsets[] = {
	OFFSET(rax), OFFSET(rdx), OFFSET(rcx), OFFSET(rbx), OFFSET(rsi), OFFSET(rdi),
	OFFSET(rbp), OFFSET(rsp), OFFSET(r8),  OFFSET(r9),  OFFSET(r10), OFFSET(r11),
	OFFSET(r12), OFFSET(r13), OFFSET(r14), OFFSET(r15), OFFSET(rip),
};

static int read_register(unw_addr_space_t space, unw_regnum_t number, unw_word_t *value,
			 int is_write, void *context)
{
	const struct unwinder *unwinder = context;
	size_t count = sizeof(register_offsets) / sizeof(register_offsets[0]);

	(void)space;
	if (is_write || number < 0 || (size_t)number >= count)
		return -UNW_EBADREG;
	memcpy(value, (const char *)&unwinder->registers->user + register_offsets[number],
	       sizeof(*value));
	return 0;
}

static int no_float_register(unw_addr_space_t space, unw_regnum_t number, unw_fpreg_t *value,
			     int is_write, void *context)
{
	(void)space;
	(void)number;
	(void)value;
	(void)is_write;
	(void)context;
	return -UNW_EBADREG;
}

static int no_resume(unw_addr_space_t space, unw_cursor_t *cursor, void *context)
{
	(void)space;
	(void)cursor;
	(void)context;
	return -UNW_EINVAL;
}

static int no_name(unw_addr_space_t space, unw_word_t address, char *name, size_t size,
		   unw_word_t *offset, void *context)
{
	(void)space;
	(void)address;
	(void)name;
	(void)size;
	(void)offset;
	(void)context;
	return -UNW_ENOINFO;
}

struct unwinder *unwinder_new(struct symbols *symbols)
{
	static unw_accessors_t accessors = {
		.find_proc_info = find_proc_info,
		.put_unwind_info = put_unwind_info,
		.get_dyn_info_list_addr = no_dyn_info,
		.access_mem = read_memory,
		.access_reg = read_register,
		.access_fpreg = no_float_register,
		.resume = no_resume,
		.get_proc_name = no_name,
	};
	struct unwinder *unwinder = alloc_zero(sizeof(*unwinder));

	unwinder->symbols = symbols;
	unwinder->pages = unwind_pages_new(symbols);
	unwinder->space = unw_create_addr_space(&accessors, 0);
	if (unwinder->space)
		unw_set_caching_policy(unwinder->space, UNW_CACHE_GLOBAL);
	return unwinder;
}

void unwinder_free(struct unwinder *unwinder)
{
	if (!unwinder)
		return;
	if (unwinder->space)
		unw_destroy_addr_space(unwinder->space);
	unwind_pages_free(unwinder->pages);
	free(unwinder);
}

void unwinder_forget(struct unwinder *unwinder)
{
	if (unwinder->space)
		unw_flush_cache(unwinder->space, 0, 0);
	unwind_pages_forget(unwinder->pages);
}

static bool is_readable(struct unwinder *unwinder, uint64_t address)
{
	uint64_t value;

	return symbols_unwind_entry(unwinder->symbols, address) ||
	       !unwind_pages_read(unwinder->pages, address, &value) ||
	       !unwind_pages_read(unwinder->pages, address - sizeof(value) + 1, &value);
}

/* Fills all but the cfa, which only the next frame tells. */
static void describe(struct unwinder *unwinder, unw_cursor_t *cursor, uint64_t pc, bool is_exact,
		     struct frame *frame)
{
	const struct unwind_entry *entry =
		symbols_unwind_entry(unwinder->symbols, is_exact ? pc : pc - 1);

	*frame = (struct frame){.pc = pc, .is_exact = is_exact};
	frame->function_start = entry ? entry->start : 0;
	frame->is_signal_frame = entry ? entry->is_signal_frame : unw_is_signal_frame(cursor) > 0;
	/* The kernel makes the handler return to the start of a function of its own. */
	if (frame->is_signal_frame)
		frame->is_exact = true;
}

/*
 * Follows the cursor from the innermost frame outwards. A stack grows downwards, so each frame ends
 * above the one before it; only a signal frame can lie on another stack. Whatever breaks this, or
 * returns to where no memory is, is no stack any more. `pc` is the cursor's, or one more where that
 * was set to the inside of a call.
 */
static size_t walk(struct unwinder *unwinder, unw_cursor_t *cursor, uint64_t pc, bool is_exact,
		   struct frame *frames, size_t max, bool *complete)
{
	unw_word_t sp;
	size_t count = 0;

	if (unw_get_reg(cursor, UNW_REG_SP, &sp))
		return 0;
	while (count < max) {
		struct frame *frame = &frames[count++];
		unw_word_t frame_sp = sp;
		int result;

		describe(unwinder, cursor, pc, is_exact, frame);
		frame->cfa = sp;
		result = unw_step(cursor);
		if (result >= 0 && !unw_get_reg(cursor, UNW_REG_SP, &sp) &&
		    (sp > frame_sp || frame->is_signal_frame))
			frame->cfa = sp;
		else if (result > 0)
			return count;
		if (result <= 0) {
			*complete = result == 0;
			return count;
		}
		is_exact = frame->is_signal_frame;
		if (unw_get_reg(cursor, UNW_REG_IP, &pc) || !is_readable(unwinder, pc))
			return count;
	}
	return count;
}

/*
 * Where the return address lies in an innermost frame that no table describes: under what a linkage
 * stub has pushed, or, after a call through a wild pointer, on top, since nothing has run there
 * yet. 0: not known. libunwind would guess from the frame pointer, and so miss the caller.
 */
static uint64_t find_return_slot(struct unwinder *unwinder, const struct registers *registers)
{
	uint64_t pc = registers_pc(registers);
	uint64_t return_address;
	uint64_t pushed = 0;

	if (symbols_unwind_entry(unwinder->symbols, pc))
		return 0;
	if (!symbols_is_stub(unwinder->symbols, pc, &pushed) && is_readable(unwinder, pc))
		return 0;
	if (unwind_pages_read(unwinder->pages, registers_sp(registers) + pushed, &return_address) ||
	    !symbols_unwind_entry(unwinder->symbols, return_address - 1))
		return 0;
	return registers_sp(registers) + pushed;
}

size_t unwind_stack(struct unwinder *unwinder, pid_t tid, const struct registers *registers,
		    struct frame *frames, size_t max, bool *complete)
{
	struct registers start = *registers;
	uint64_t pc = registers_pc(registers);
	struct frame innermost = {.pc = pc, .cfa = registers_sp(registers), .is_exact = true};
	unw_cursor_t cursor;
	uint64_t return_slot;
	size_t count = 0;
	bool ignored;

	if (!complete)
		complete = &ignored;
	*complete = false;
	if (max == 0)
		return 0;
	unwind_pages_begin(unwinder->pages, tid);
	unwinder->registers = &start;
	return_slot = find_return_slot(unwinder, registers);
	if (return_slot && !unwind_pages_read(unwinder->pages, return_slot, &pc)) {
		innermost.cfa = return_slot + sizeof(pc);
		frames[count++] = innermost;
		/* Inside the call: the next instruction may be another function's. */
		start.user.rip = pc - 1;
		start.user.rsp = innermost.cfa;
	}
	if (unwinder->space && !unw_init_remote(&cursor, unwinder->space, unwinder))
		count += walk(unwinder, &cursor, pc, count == 0, frames + count, max - count,
			      complete);
	if (count == 0)
		frames[count++] = innermost;
	unwinder->registers = NULL;
	return count;
}
