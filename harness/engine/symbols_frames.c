/* SPDX-License-Identifier: MIT */
/*
 * The unwind table of a module: .eh_frame read from end to end once and sorted. The linker's own
 * index (.eh_frame_hdr) is not used, because static programs often come without it.
 *
 * Format: Linux Standard Base Core 5.0, chapters 10.6 (.eh_frame) and 10.5 (pointer encodings).
 */
#include "harness/base/alloc.h"
#include "harness/engine/symbols_module.h"

#include <dwarf.h>
#include <stdlib.h>
#include <string.h>

/* A stretch of bytes of the file that is being read, and where it will be in the process. */
struct reader {
	const uint8_t *bytes;
	size_t size;
	size_t at;
	uint64_t address; /* of bytes[0], in the process */
	bool is_section;  /* ends at its size; otherwise at the terminator, a length of 0 */
	bool is_bad;
};

/* What a common information entry (CIE) says to the entries that refer to it. */
struct common {
	size_t at; /* its offset; names it */
	uint8_t encoding;
	bool is_signal_frame;
	bool is_good;
};

static uint64_t take(struct reader *reader, size_t size)
{
	uint64_t value = 0;

	if (size > reader->size - reader->at) {
		reader->is_bad = true;
		reader->at = reader->size;
		return 0;
	}
	memcpy(&value, reader->bytes + reader->at, size);
	reader->at += size;
	return value;
}

static uint64_t take_leb128(struct reader *reader, bool is_signed)
{
	uint64_t value = 0;
	unsigned int shift = 0;
	uint8_t byte;

	do {
		byte = (uint8_t)take(reader, 1);
		if (shift < 64)
			value |= (uint64_t)(byte & 0x7f) << shift;
		shift += 7;
	} while ((byte & 0x80) && !reader->is_bad);
	if (is_signed && shift < 64 && (byte & 0x40))
		value |= ~0ULL << shift;
	return value;
}

static uint64_t take_value(struct reader *reader, uint8_t format)
{
	switch (format & 0x0f) {
	case DW_EH_PE_absptr:
	case DW_EH_PE_udata8:
	case DW_EH_PE_sdata8:
		return take(reader, 8);
	case DW_EH_PE_udata2:
		return take(reader, 2);
	case DW_EH_PE_udata4:
		return take(reader, 4);
	case DW_EH_PE_sdata2:
		return (uint64_t)(int64_t)(int16_t)take(reader, 2);
	case DW_EH_PE_sdata4:
		return (uint64_t)(int64_t)(int32_t)take(reader, 4);
	case DW_EH_PE_uleb128:
		return take_leb128(reader, false);
	case DW_EH_PE_sleb128:
		return take_leb128(reader, true);
	default:
		reader->is_bad = true;
		return 0;
	}
}

/* An encoded pointer as an address in the process. Absolute ones are the file's own addresses. */
static uint64_t take_pointer(struct reader *reader, uint8_t encoding, uint64_t bias)
{
	uint64_t here = reader->address + reader->at;
	uint64_t value = take_value(reader, encoding);

	switch (encoding & 0x70) {
	case DW_EH_PE_absptr:
		return value + bias;
	case DW_EH_PE_pcrel:
		return value + here;
	default:
		reader->is_bad = true;
		return 0;
	}
}

/* Reads the length that an entry begins with: its contents end at *end. False at the end. A section
 * can have terminators in its middle, where object files with one of their own were linked. */
static bool take_length(struct reader *reader, size_t *end)
{
	uint64_t length = take(reader, 4);

	while (length == 0 && reader->is_section && reader->size - reader->at >= 4)
		length = take(reader, 4);
	if (length == 0xffffffff)
		length = take(reader, 8);
	if (length == 0 || reader->is_bad || length > reader->size - reader->at)
		return false;
	*end = reader->at + length;
	return true;
}

static void read_augmentation(struct reader *reader, const char *augmentation,
			      struct common *common)
{
	for (const char *letter = augmentation + 1; *letter; letter++) {
		switch (*letter) {
		case 'R':
			common->encoding = (uint8_t)take(reader, 1);
			break;
		case 'S':
			common->is_signal_frame = true;
			break;
		case 'L':
			take(reader, 1);
			break;
		case 'P':
			take_value(reader, (uint8_t)take(reader, 1));
			break;
		default:
			/* 'B' and whatever comes: letters without data that matter here. */
			break;
		}
	}
}

static struct common read_common(struct reader reader, size_t at)
{
	struct common common = {.at = at, .encoding = DW_EH_PE_absptr};
	const char *augmentation;
	uint8_t version;
	size_t end;

	reader.at = at;
	if (!take_length(&reader, &end) || take(&reader, 4) != 0)
		return common;
	version = (uint8_t)take(&reader, 1);
	augmentation = (const char *)reader.bytes + reader.at;
	if (reader.is_bad || !memchr(augmentation, '\0', reader.size - reader.at))
		return common;
	reader.at += strlen(augmentation) + 1;
	take_leb128(&reader, false); /* code alignment */
	take_leb128(&reader, true);  /* data alignment */
	if (version == 1)
		take(&reader, 1); /* column of the return address */
	else
		take_leb128(&reader, false);
	if (*augmentation == 'z') {
		take_leb128(&reader, false);
		read_augmentation(&reader, augmentation, &common);
	}
	common.is_good = !reader.is_bad;
	return common;
}

static void add_entry(struct loaded *loaded, size_t *capacity, const struct unwind_entry *entry)
{
	alloc_grow((void **)&loaded->entries, loaded->entry_count, capacity,
		   sizeof(*loaded->entries));
	loaded->entries[loaded->entry_count++] = *entry;
}

static void read_entries(struct loaded *loaded, struct reader *reader)
{
	struct common common = {.at = (size_t)-1};
	size_t capacity = 0;
	size_t end;

	for (;;) {
		struct unwind_entry entry;
		size_t start;
		size_t back_from;
		uint64_t back;

		if (!take_length(reader, &end))
			return;
		/* The usual form of the length; the long one is for entries of over 4 GiB. */
		start = reader->at - 4;
		back_from = reader->at;
		back = take(reader, 4); /* 0: a CIE; else how far back the CIE lies */
		if (back && back <= back_from) {
			if (common.at != back_from - back)
				common = read_common(*reader, back_from - back);
			entry.description = reader->address + start;
			entry.start = take_pointer(reader, common.encoding, loaded->module.bias);
			entry.end = entry.start + take_value(reader, common.encoding & 0x0f);
			entry.is_signal_frame = common.is_signal_frame;
			if (common.is_good && !reader->is_bad && entry.end > entry.start)
				add_entry(loaded, &capacity, &entry);
		}
		reader->is_bad = false;
		reader->at = end;
	}
}

static int compare(const void *left, const void *right)
{
	const struct unwind_entry *a = left;
	const struct unwind_entry *b = right;

	return a->start < b->start ? -1 : a->start > b->start;
}

/* Address in the file -> its bytes up to the end of their segment. */
static Elf_Data *bytes_at(const struct loaded *loaded, uint64_t address)
{
	size_t count;

	if (elf_getphdrnum(loaded->elf, &count))
		return NULL;
	for (size_t i = 0; i < count; i++) {
		GElf_Phdr segment;

		if (!gelf_getphdr(loaded->elf, (int)i, &segment) || segment.p_type != PT_LOAD ||
		    address < segment.p_vaddr || address >= segment.p_vaddr + segment.p_filesz)
			continue;
		return elf_getdata_rawchunk(
			loaded->elf, (int64_t)(segment.p_offset + address - segment.p_vaddr),
			segment.p_vaddr + segment.p_filesz - address, ELF_T_BYTE);
	}
	return NULL;
}

/* Files without section headers: the index says where the table is, its terminator where it ends.
 */
static bool find_by_index(const struct loaded *loaded, struct reader *reader)
{
	size_t count;

	if (elf_getphdrnum(loaded->elf, &count))
		return false;
	for (size_t i = 0; i < count; i++) {
		GElf_Phdr segment;
		Elf_Data *data;
		struct reader index = {0};
		uint8_t encoding;
		uint64_t table;

		if (!gelf_getphdr(loaded->elf, (int)i, &segment) ||
		    segment.p_type != PT_GNU_EH_FRAME)
			continue;
		data = bytes_at(loaded, segment.p_vaddr);
		if (!data)
			return false;
		index.bytes = data->d_buf;
		index.size = data->d_size;
		index.address = loaded->module.bias + segment.p_vaddr;
		take(&index, 1); /* version */
		encoding = (uint8_t)take(&index, 1);
		take(&index, 2); /* encodings of the search table */
		table = take_pointer(&index, encoding, loaded->module.bias);
		data = index.is_bad ? NULL : bytes_at(loaded, table - loaded->module.bias);
		if (!data)
			return false;
		reader->bytes = data->d_buf;
		reader->size = data->d_size;
		reader->address = table;
		return true;
	}
	return false;
}

static bool find_by_section(const struct loaded *loaded, struct reader *reader)
{
	GElf_Shdr header;
	Elf_Scn *section = elf_find_section(loaded->elf, ".eh_frame", &header);
	Elf_Data *data;

	if (!section || header.sh_type == SHT_NOBITS)
		return false;
	data = elf_rawdata(section, NULL);
	if (!data || !data->d_buf)
		return false;
	reader->bytes = data->d_buf;
	reader->size = data->d_size;
	reader->is_section = true;
	reader->address = loaded->module.bias + header.sh_addr;
	return true;
}

static void read_table(struct loaded *loaded)
{
	struct reader reader = {0};

	loaded->entries_are_read = true;
	if (!loaded->elf)
		return;
	if (!find_by_section(loaded, &reader) && !find_by_index(loaded, &reader))
		return;
	read_entries(loaded, &reader);
	if (loaded->entry_count)
		qsort(loaded->entries, loaded->entry_count, sizeof(*loaded->entries), compare);
}

const struct unwind_entry *frames_at(struct loaded *loaded, uint64_t address)
{
	size_t low = 0;
	size_t high;

	if (!loaded->entries_are_read)
		read_table(loaded);
	high = loaded->entry_count;
	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (loaded->entries[middle].start <= address)
			low = middle + 1;
		else
			high = middle;
	}
	if (low == 0 || address >= loaded->entries[low - 1].end)
		return NULL;
	return &loaded->entries[low - 1];
}
