#include "entrypoint/colour.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

bool colour_terminal(int fd)
{
	const char *terminal = getenv("TERM");

	return terminal && *terminal && strcmp(terminal, "dumb") != 0 && isatty(fd);
}

static bool is_wanted(int fd)
{
	const char *no = getenv("NO_COLOR");

	return !(no && *no) && colour_terminal(fd);
}

const char *colour_for(int fd, enum colour colour)
{
	static const char *const sequences[] = {
		[COLOUR_NONE] = "\033[0m",    [COLOUR_RED] = "\033[31m",
		[COLOUR_YELLOW] = "\033[33m", [COLOUR_GREEN] = "\033[32m",
		[COLOUR_BOLD] = "\033[1m",    [COLOUR_FAINT] = "\033[2m",
	};

	return is_wanted(fd) ? sequences[colour] : "";
}
