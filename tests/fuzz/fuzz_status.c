#include <string.h>

#include "entrypoint/control.h"
#include "entrypoint/state.h"
#include "entrypoint/verbs.h"
#include "lib/macros.h"
#include "tests/fuzz/fuzz.h"

/* Wraps: control_ask state_read_status */
/* What a guard keeps of its status, with paths, names and faults in it that others chose: it is shown as
 * lines of printable ASCII, or as JSON of one line, and what is no JSON is said to be none. */

static const uint8_t *status;
static size_t status_length;

int __wrap_control_ask(const char *request, char text[static CONTROL_TEXT],
		       int *ret_attached, struct error *err);
int __wrap_state_read_status(struct buf *ret, struct error *err);

int __wrap_control_ask(const char *request, char text[static CONTROL_TEXT],
		       int *ret_attached, struct error *err)
{
	(void)request;
	text[0] = '\0';
	*ret_attached = -1;
	return error_set(err, ERROR_PRIVILEGE, "only root may ask the guard");
}

int __wrap_state_read_status(struct buf *ret, struct error *err)
{
	(void)err;
	buf_add(ret, status, status_length);
	return 0;
}

static void show(bool json)
{
	const struct options options = { .any.json = json };
	FILE *terminal = stdout;
	char *text = NULL;
	size_t length = 0;
	struct error err;
	int result;

	stdout = open_memstream(&text, &length);
	PROMISE(stdout);
	result = verb_status(&options, &err);
	PROMISE(result == 0 || err.kind == ERROR_KERNEL || err.kind == ERROR_PRIVILEGE);
	fclose(stdout);
	stdout = terminal;
	PROMISE(result == 0 || length == 0);
	PROMISE(result < 0 || (length > 0 && text[length - 1] == '\n'));
	for (size_t i = 0; i < length; i++) {
		unsigned char byte = (unsigned char)text[i];

		PROMISE(byte >= ' ' || byte == '\n');
		PROMISE(json || byte < 0x7f);
	}
	free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
	status = bytes;
	status_length = length;
	show(false);
	show(true);
	return 0;
}
