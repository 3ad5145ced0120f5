/* SPDX-License-Identifier: MIT */
/*
 * Has the interpreter of a copy count the references that no object has. What only the exception
 * that ended the script kept alive is dropped first, and garbage is collected, which also empties
 * the lists of free objects: what is left over has a reference that somebody in C holds, or has
 * lost.
 */
#include "harness/base/alloc.h"
#include "harness/model/ask_python.h"
#include "harness/oracles/python/refcount.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/*
 * Lines "M COUNT 0 -", "B COUNT 0 -", "R COUNT 0 -" and "KIND EXCESS TYPE NAME". Of what is counted
 * for an object, `flat` has as many references as objects have, `known` has one where the object is
 * in it, and the call of getrefcount() and the loop have the rest, which is found out with an
 * object of our own. The collector does not know code objects: what the compiler gave them as
 * constants they hold.
 *
 * What the interpreter makes once, at the first use, only the trial may have come to: the thread's
 * own dict (PyThreadState_GetDict(), for the repr() of a list, as in a warning), its context (at
 * the first ContextVar.set()), and decimal's. So both do.
 */
static const char script[] =
	"import gc, sys\n"
	"repr([gc])\n"
	"try:\n"
	"    import _contextvars\n"
	"    _contextvars.ContextVar('own').set(1)\n"
	"except ImportError:\n"
	"    pass\n"
	"if hasattr(sys.modules.get('_decimal'), 'getcontext'):\n"
	"    sys.modules['_decimal'].getcontext()\n"
	"for name in ('last_type', 'last_value', 'last_traceback', 'last_exc'):\n"
	"    if hasattr(sys, name):\n"
	"        setattr(sys, name, None)\n"
	"gc.collect()\n"
	"gc.collect()\n"
	"blocks = sys.getallocatedblocks()\n"
	"total = sys.gettotalrefcount() if hasattr(sys, 'gettotalrefcount') else 0\n"
	"main = sys.modules['__main__'].__dict__\n"
	"announced = list(getattr(sys.modules.get('sigsweep'), '__sigsweep_watched__', ()))\n"
	"plain = (str, bytes, int, float, bool, complex, type(None), type(gc))\n"
	"own = {'__builtins__', '__loader__', '__spec__'}\n"
	"known = gc.get_objects()\n"
	"flat = gc.get_referents(*known)\n"
	"listed = set(map(id, known))\n"
	"code_type = type((lambda: 0).__code__)\n"
	"held = {}\n"
	"for thing in flat:\n"
	"    held[id(thing)] = held.get(id(thing), 0) + 1\n"
	"codes = [thing for thing in flat if type(thing) is code_type]\n"
	"in_code, met = {}, set()\n"
	"while codes:\n"
	"    code = codes.pop()\n"
	"    if id(code) not in met:\n"
	"        met.add(id(code))\n"
	"        constants = code.co_consts\n"
	"        in_code[id(constants)] = in_code.get(id(constants), 0) + 1\n"
	"        codes.extend(thing for thing in constants if type(thing) is code_type)\n"
	"code = constants = None\n"
	"def excess(thing):\n"
	"    count = sys.getrefcount(thing)\n"
	"    if count > 1 << 28:\n"
	"        return None\n"
	"    return (count - 2 * held.get(id(thing), 0) - in_code.get(id(thing), 0) -\n"
	"            (id(thing) in listed) - rest)\n"
	"class probe: pass\n"
	"rest, mine = 0, [probe()]\n"
	"for thing in mine:\n"
	"    rest = excess(thing) - 1\n"
	"of_type, too_few = {}, {}\n"
	"for thing in known:\n"
	"    more = excess(thing)\n"
	"    if more is None or type(thing) in plain:\n"
	"        continue\n"
	"    name = type(thing).__name__\n"
	"    if more > 0:\n"
	"        of_type[name] = of_type.get(name, 0) + more\n"
	"    elif more < 0:\n"
	"        too_few[name] = too_few.get(name, 0) + 1\n"
	"lines = ['M %d - -' % len(sys.modules), 'B %d - -' % blocks, 'R %d - -' % total]\n"
	"for name, more in of_type.items():\n"
	"    lines.append('T %d - %s' % (more, name))\n"
	"for name, more in too_few.items():\n"
	"    lines.append('N %d - %s' % (more, name))\n"
	"named = {id(pair[1]) for pair in announced}\n"
	"pairs = announced + [(name, main[name]) for name in list(main)\n"
	"                     if name not in own and id(main[name]) not in named]\n"
	"names = [' '.join(str(pair[0]).split()) for pair in pairs]\n"
	"seen = {}\n"
	"for pair, shown in zip(pairs, names):\n"
	"    if type(pair[1]) in plain:\n"
	"        continue\n"
	"    more = excess(pair[1])\n"
	"    if more is not None:\n"
	"        seen[shown] = seen.get(shown, 0) + 1\n"
	"        if names.count(shown) > 1:\n"
	"            shown += ' %d of %d' % (seen[shown], names.count(shown))\n"
	"        lines.append('W %d %s %s' % (more, type(pair[1]).__name__, shown))\n"
	"answer = chr(10).join(lines)\n";

static void add_line(struct python_refcount_table *table, const char *line)
{
	struct python_refcount_row row = {0};
	long long number;
	char type[96];
	int rest = 0;

	if (sscanf(line, "%c %lld %95s %n", &row.kind, &number, type, &rest) < 3 || !rest)
		return;
	switch (row.kind) {
	case 'M':
		table->modules = number;
		return;
	case 'B':
		table->blocks = number;
		return;
	case 'R':
		table->total = number;
		return;
	default:
		break;
	}
	row.excess = number;
	row.type = alloc_text(type);
	row.name = alloc_text(line + rest);
	alloc_grow((void **)&table->rows, table->count, &table->capacity, sizeof(*table->rows));
	table->rows[table->count++] = row;
}

int python_refcount_ask(struct python_refcount_table *table, struct interpreter *interpreter,
			const struct walker *walker)
{
	char *answer;
	char *rest = NULL;
	int error = ask_python(interpreter_python(interpreter), walker->symbols, walker->pid,
			       script, &answer);

	if (error)
		return error;
	for (char *line = strtok_r(answer, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest))
		add_line(table, line);
	free(answer);
	return table->modules ? 0 : fail(-ENODATA, "the interpreter's answer has no modules");
}

void python_refcount_free(struct python_refcount_table *table)
{
	for (size_t i = 0; i < table->count; i++) {
		free(table->rows[i].name);
		free(table->rows[i].type);
	}
	free(table->rows);
	*table = (struct python_refcount_table){0};
}

const struct python_refcount_row *python_refcount_find(const struct python_refcount_table *table,
						       char kind, const char *name)
{
	for (size_t i = 0; i < table->count; i++)
		if (table->rows[i].kind == kind && strcmp(table->rows[i].name, name) == 0)
			return &table->rows[i];
	return NULL;
}
