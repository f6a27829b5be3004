#include "entrypoint/result.h"

#include <stdio.h>
#include <stdlib.h>
#include <sysexits.h>

#include "lib/json.h"

static int wrap_json(struct buf *text)
{
	json_t *object = json_pack("{s:i, s:s}", "version", 1, "yaml", text->data);
	char *line = json_print(object, JSON_COMPACT);

	if (!line)
		return -1;
	buf_clear(text);
	buf_printf(text, "%s\n", line);
	free(line);
	return text->failed ? -1 : 0;
}

int result_print_policy(struct buf *text, bool json, struct error *err)
{
	if (json && wrap_json(text) < 0)
		return error_memory(err);
	if (fwrite(text->data, 1, text->length, stdout) != text->length ||
	    fflush(stdout) != 0)
		return error_set(err, ERROR_KERNEL, "cannot write the result");
	return EX_OK;
}
