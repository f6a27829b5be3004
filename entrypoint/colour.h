#pragma once

#include <stdbool.h>

/* Colour, for people: only where `fd` is a terminal that has it (TERM is set and not "dumb"), and
 * NO_COLOR is not set or empty (no-color.org). Anywhere else each is "". */

enum colour {
	COLOUR_NONE, /* ends any other */
	COLOUR_RED,  /* errors, what was refused */
	COLOUR_YELLOW,
	COLOUR_GREEN,
	COLOUR_BOLD,
	COLOUR_FAINT,
};

/* What to write to `fd`. For a table of padded columns: around the padding, "%s%-20s%s". */
const char *colour_for(int fd, enum colour colour);

/* Is it a terminal that does more than lines, whatever NO_COLOR says? */
bool colour_terminal(int fd);
