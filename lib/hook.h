#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/buf.h"
#include "lib/refusal.h"

/* Claude Code's hooks behind its Bash tool: what it tells one on standard input, and what it takes
 * from one on standard output. As of 2.1 (https://code.claude.com/docs/en/hooks, and its own schema):
 * PostToolUseFailure comes after a command that failed, with `error`, PostToolUse after one that did
 * not, with `tool_response` {stdout, stderr}; both tell `duration_ms`. A hook of managed settings hears
 * PostToolUse after a failure, too, with a text in place of the object. Pure. Command and output are
 * the agent's, and whatever is not understood has nothing to be told. */

/* 1 MiB is more than Claude keeps of an output, but for images. */
#define HOOK_BYTES (8u << 20)

struct hook {
	const char *event;   /* static; what the answer is for */
	bool failed;         /* the command did */
	bool network;        /* what it printed looks as if something was refused */
	int64_t duration_ms; /* of the command */
};

/* False: nothing can have been refused to this one. `bytes` are changed. */
bool hook_read(char *bytes, size_t length, struct hook *ret);

/* Since when, milliseconds since 1970, a refusal may be the command's. */
int64_t hook_since(const struct hook *hook, int64_t now);
/* Is it something that whoever runs the command was refused? */
bool hook_concerns(const struct refusal *refusal, uint32_t uid);

/* The answer, a line of JSON: what was refused, why, the lines that would allow it. */
void hook_print(const struct hook *hook, const struct refusal *rows, size_t count,
		struct buf *out);
