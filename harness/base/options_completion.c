/* SPDX-License-Identifier: MIT */
/*
 * The bash completion from the tables. Needs bash alone; where the bash-completion package is
 * there too, what follows "--" is completed as that program's own command line.
 */
#include "harness/base/options.h"

#include <stdio.h>
#include <string.h>

/* The words of "A|B|C", parted by spaces. */
static void print_choices(const char *argument)
{
	for (; *argument; argument++)
		putchar(*argument == '|' ? ' ' : *argument);
}

/* What may stand after an option that takes a value. */
static void print_values(const struct command *command)
{
	for (const struct option_row *row = command->options; row && row->name; row++) {
		if (!row->argument)
			continue;
		printf("\t%s:--%s", command->name, row->name);
		if (row->letter)
			printf(" | %s:-%c", command->name, row->letter);
		fputs(")\n\t\t", stdout);
		if (strchr(row->argument, '|')) {
			fputs("COMPREPLY=($(compgen -W \"", stdout);
			print_choices(row->argument);
			fputs("\" -- \"$word\"))", stdout);
		} else if (!strcmp(row->argument, "SIGNAL")) {
			fputs("COMPREPLY=($(compgen -A signal -- \"$word\"))", stdout);
		} else {
			fputs("COMPREPLY=($(compgen -f -- \"$word\"))", stdout);
		}
		fputs("\n\t\treturn\n\t\t;;\n", stdout);
	}
}

static void print_names(const struct command *command)
{
	printf("\t%s) options=\"--help", command->name);
	for (const struct option_row *row = command->options; row && row->name; row++)
		printf(" --%s", row->name);
	fputs("\" ;;\n", stdout);
}

void options_print_completion(const struct command *const *commands)
{
	fputs("# bash completion for sigsweep, made from its option tables\n"
	      "_sigsweep()\n{\n"
	      "\tlocal word=\"${COMP_WORDS[COMP_CWORD]}\" command=\"${COMP_WORDS[1]}\"\n"
	      "\tlocal before=\"${COMP_WORDS[COMP_CWORD - 1]}\" options=\"\" n\n\n"
	      "\tCOMPREPLY=()\n"
	      "\tif [ \"$word\" = = ]; then # --name= is three words to bash: --name, = and the "
	      "value\n"
	      "\t\tword=\"\"\n"
	      "\telif [ \"$before\" = = ]; then\n"
	      "\t\tbefore=\"${COMP_WORDS[COMP_CWORD - 2]}\"\n"
	      "\tfi\n"
	      "\tif [ \"$COMP_CWORD\" -eq 1 ]; then\n"
	      "\t\tCOMPREPLY=($(compgen -W \"--help --version",
	      stdout);
	for (const struct command *const *each = commands; *each; each++)
		printf(" %s", (*each)->name);
	fputs("\" -- \"$word\"))\n\t\treturn\n\tfi\n"
	      "\tfor ((n = 2; n < COMP_CWORD; n++)); do\n"
	      "\t\tif [ \"${COMP_WORDS[n]}\" = -- ]; then\n"
	      "\t\t\tif declare -F _command_offset >/dev/null; then\n"
	      "\t\t\t\t_command_offset $((n + 1))\n"
	      "\t\t\telif [ \"$COMP_CWORD\" -eq $((n + 1)) ]; then\n"
	      "\t\t\t\tCOMPREPLY=($(compgen -c -- \"$word\"))\n"
	      "\t\t\telse\n"
	      "\t\t\t\tCOMPREPLY=($(compgen -f -- \"$word\"))\n"
	      "\t\t\tfi\n"
	      "\t\t\treturn\n"
	      "\t\tfi\n"
	      "\tdone\n"
	      "\tcase \"$command:$before\" in\n",
	      stdout);
	for (const struct command *const *each = commands; *each; each++)
		print_values(*each);
	fputs("\tesac\n\tcase \"$command\" in\n", stdout);
	for (const struct command *const *each = commands; *each; each++)
		print_names(*each);
	fputs("\tesac\n"
	      "\tcase \"$word\" in\n"
	      "\t-*) COMPREPLY=($(compgen -W \"$options\" -- \"$word\")) ;;\n"
	      "\t*) COMPREPLY=($(compgen -f -- \"$word\")) ;;\n"
	      "\tesac\n}\n"
	      "complete -o filenames -F _sigsweep sigsweep\n",
	      stdout);
}
