#include <string.h>

#include "lib/hook.h"
#include "tests/fuzz/fuzz.h"

/* What Claude Code tells a hook, with a command and an output that are the agent's: whatever it is, it
 * is understood or concerns nobody, and looks back no further than a day and a minute. */

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
	char *copy = malloc(length + 1);
	struct hook hook = { 0 };

	if (!copy)
		return 0;
	memcpy(copy, bytes, length);
	if (hook_read(copy, length, &hook)) {
		PROMISE(hook.failed == (strcmp(hook.event, "PostToolUseFailure") == 0));
		PROMISE(hook.failed || strcmp(hook.event, "PostToolUse") == 0);
		PROMISE(hook.failed || hook.network);
		PROMISE(hook_since(&hook, 0) <= -1000);
		PROMISE(hook_since(&hook, 0) >= -86460000);
	} else {
		PROMISE(!hook.event);
	}
	free(copy);
	return 0;
}
