/* SPDX-License-Identifier: MIT */
/* The injectors there are. */
#include "injectors/table.h"

#include <stddef.h>
#include <string.h>

const struct injector *const injector_table[] = {
	&injector_instruction, &injector_call, &injector_syscall, &injector_opcode, NULL,
};

const struct injector *injector_find(const char *name)
{
	for (size_t i = 0; injector_table[i]; i++)
		if (strcmp(injector_table[i]->name, name) == 0)
			return injector_table[i];
	return NULL;
}
