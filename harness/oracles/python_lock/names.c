/* SPDX-License-Identifier: MIT */
/* What the interpreter of a copy tells of itself where the script is over: what is still there,
 * and what its locks are called. */
#include "harness/base/alloc.h"
#include "harness/model/ask_python.h"
#include "harness/oracles/python_lock/python_lock.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/*
 * Drops the exception that ended the script, with all that only that kept alive, and tells which
 * generators are suspended then, and which locks of modules are held: lines "G ADDRESS FRAME TYPE
 * NAME" and "M 0 0 - NAME". No backslash but the ends of lines.
 */
static const char drop_script[] =
	"import gc, sys\n"
	"for name in ('last_type', 'last_value', 'last_traceback', 'last_exc'):\n"
	"    if hasattr(sys, name):\n"
	"        setattr(sys, name, None)\n"
	"gc.collect()\n"
	"def plainly(): yield\n"
	"async def coroutine(): pass\n"
	"async def asynchronous(): yield\n"
	"some = coroutine()\n"
	"suspended = {type(plainly()): 'gi_frame', type(some): 'cr_frame',\n"
	"             type(asynchronous()): 'ag_frame'}\n"
	"some.close()\n"
	"lines = []\n"
	"for thing in gc.get_objects():\n"
	"    if type(thing) in suspended:\n"
	"        frame = getattr(thing, suspended[type(thing)])\n"
	"        if frame is not None:\n"
	"            lines.append('G %x %x - %s' % (id(thing), id(frame), thing.__name__))\n"
	"imports = getattr(sys.modules.get('_frozen_importlib'), '_module_locks', {})\n"
	"for name, reference in list(imports.items()):\n"
	"    lock = reference()\n"
	"    if getattr(lock, 'owner', None) is not None:\n"
	"        lines.append('M 0 0 - ' + ' '.join(str(name).split()))\n"
	"answer = chr(10).join(lines)\n";

/* Walks all objects from the modules on, breadth first, and tells how the script reaches its locks:
 * lines "L ADDRESS 0 TYPE NAME". */
static const char name_script[] =
	"import gc, sys, _thread\n"
	"locks = (type(_thread.allocate_lock()), _thread.RLock)\n"
	"lines, seen, queue, at = [], set(), [], 0\n"
	"def meet(name, thing):\n"
	"    if type(thing) in plain or id(thing) in seen:\n"
	"        return\n"
	"    seen.add(id(thing))\n"
	"    queue.append((name, thing))\n"
	"plain = (str, bytes, int, float, bool, complex, type(None), type(meet.__code__))\n"
	"module_type, proxy_type = type(sys), type(type.__dict__)\n"
	"member_type = type(type(meet).__globals__)\n"
	"def attributes(name, thing):\n"
	"    try:\n"
	"        own = object.__getattribute__(thing, '__dict__')\n"
	"    except AttributeError:\n"
	"        own = None\n"
	"    if type(own) in (dict, proxy_type):\n"
	"        for key, value in list(own.items()):\n"
	"            meet(name + '.' + str(key), value)\n"
	"        seen.add(id(own))\n"
	"    for base in type(thing).__mro__:\n"
	"        for key, member in base.__dict__.items():\n"
	"            if type(member) is member_type:\n"
	"                try:\n"
	"                    meet(name + '.' + key, member.__get__(thing))\n"
	"                except Exception:\n"
	"                    pass\n"
	"def members(name, thing):\n"
	"    kind = type(thing)\n"
	"    if kind is module_type:\n"
	"        for key, value in list(thing.__dict__.items()):\n"
	"            meet(str(key) if name == '__main__' else name + '.' + str(key), value)\n"
	"        return\n"
	"    if kind is dict:\n"
	"        for key, value in list(thing.items()):\n"
	"            shown = repr(key) if type(key) in plain else '...'\n"
	"            meet(name + '[' + shown + ']', value)\n"
	"    elif kind in (list, tuple):\n"
	"        for index, value in enumerate(thing):\n"
	"            meet(name + '[' + str(index) + ']', value)\n"
	"    else:\n"
	"        attributes(name, thing)\n"
	"    for value in gc.get_referents(thing):\n"
	"        meet(name + '...', value)\n"
	"own = sys.modules.get('sigsweep')\n"
	"for name, thing in getattr(own, '__sigsweep_watched__', ()):\n"
	"    meet(str(name), thing)\n"
	"modules = list(sys.modules.items())\n"
	"for thing in (locks, lines, seen, queue):\n"
	"    seen.add(id(thing))\n"
	"meet('__main__', sys.modules.get('__main__'))\n"
	"while at < len(queue) or modules:\n"
	"    if at == len(queue):\n"
	"        for name, module in modules:\n"
	"            meet(str(name), module)\n"
	"        modules = None\n"
	"        continue\n"
	"    (name, thing), queue[at] = queue[at], None\n"
	"    at += 1\n"
	"    name = ' '.join(name.split())\n"
	"    if len(name) > 100:\n"
	"        name = name[:97] + '...'\n"
	"    kind = type(thing)\n"
	"    if kind in locks or issubclass(kind, locks[1]):\n"
	"        lines.append('L %x 0 %s %s' % (id(thing), kind.__name__, name))\n"
	"    members(name, thing)\n"
	"answer = chr(10).join(lines)\n";

static void add_line(struct python_lock_names *names, const char *line)
{
	struct python_lock_named named = {0};
	unsigned long long address;
	unsigned long long frame;
	char type[64];
	int rest = 0;

	if (sscanf(line, "%c %llx %llx %63s %n", &named.kind, &address, &frame, type, &rest) < 4 ||
	    !rest)
		return;
	named.address = address;
	named.frame = frame;
	named.type = alloc_text(type);
	named.name = alloc_text(line + rest);
	alloc_grow((void **)&names->list, names->count, &names->capacity, sizeof(*names->list));
	names->list[names->count++] = named;
}

static int ask(struct python_lock_names *names, const struct python_lock_watch *watch,
	       const struct walker *walker, const char *script)
{
	char *answer;
	char *rest = NULL;
	int error = ask_python(interpreter_python(watch->interpreter), walker->symbols, walker->pid,
			       script, &answer);

	if (error)
		return error;
	for (char *line = strtok_r(answer, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest))
		add_line(names, line);
	free(answer);
	return 0;
}

int python_lock_ask_left(struct python_lock_names *names, const struct python_lock_watch *watch,
			 const struct walker *walker)
{
	return ask(names, watch, walker, drop_script);
}

int python_lock_ask_names(struct python_lock_names *names, const struct python_lock_watch *watch,
			  const struct walker *walker)
{
	return ask(names, watch, walker, name_script);
}

void python_lock_names_free(struct python_lock_names *names)
{
	for (size_t i = 0; i < names->count; i++) {
		free(names->list[i].type);
		free(names->list[i].name);
	}
	free(names->list);
	*names = (struct python_lock_names){0};
}

const struct python_lock_named *python_lock_names_find(const struct python_lock_names *names,
						       uint64_t object)
{
	for (size_t i = 0; object && i < names->count; i++)
		if (names->list[i].kind == 'L' && names->list[i].address == object)
			return &names->list[i];
	return NULL;
}

/* Up to 3.10 the frame is an object of its own, from 3.11 on the last part of the generator, 72 or
 * 80 bytes from its start (cpython/genobject.h, pycore_interpframe_structs.h: gi_iframe). With its
 * own frame no generator is shorter than twice that: the frame of the next one in the pool lies
 * behind. */
#define GENERATOR_FRAME_END 96

const struct python_lock_named *python_lock_names_generator(const struct python_lock_names *names,
							    uint64_t frame)
{
	for (size_t i = 0; i < names->count; i++) {
		const struct python_lock_named *named = &names->list[i];

		if (named->kind == 'G' &&
		    (named->frame == frame ||
		     (frame > named->address && frame - named->address < GENERATOR_FRAME_END)))
			return named;
	}
	return NULL;
}
