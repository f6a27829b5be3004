#pragma once

#include "lib/macros.h"

/* The one error value. The caller owns it, it allocates nothing and cannot fail itself.
 * A function that can fail takes `struct error *err` last, returns -1 and fills it; on
 * success it leaves it untouched. The kind says what the operator has to do; main.c alone
 * maps it to an exit status. The text names the thing, then the fault, then what was expected or
 * what to do about it; quotes the user's words, and what to type, in single ticks; has no capital
 * and no full stop. What comes from outside must be escaped (escape()) before it is put in. */

enum error_kind {
	ERROR_NONE,
	ERROR_USAGE,          /* 64: argv or environment */
	ERROR_POLICY,         /* 65: a policy text, or what the layers say together */
	ERROR_NO_POLICY,      /* 65: no layer says anything */
	ERROR_RESOLVE,        /* 69: a required name did not resolve */
	ERROR_KERNEL,         /* 71: the kernel refused, or an I/O fault */
	ERROR_PRIVILEGE,      /* 77: a capability or uid is missing */
	ERROR_PROOF,          /* 78: the fence or the drop could not be proven */
	ERROR_NOT_EXECUTABLE, /* 126 */
	ERROR_NOT_FOUND,      /* 127 */
	ERROR_MEMORY,         /* 71 */
};

struct error {
	enum error_kind kind;
	char text[512];
};

/* Each returns -1, so that a caller writes `return error_set(...)`. */
int error_set(struct error *err, enum error_kind kind, const char *format, ...)
	PRINTF(3, 4);
int error_errno(struct error *err, enum error_kind kind, int number, const char *format,
		...) PRINTF(4, 5);

void error_memory_set(struct error *err);
/* Here, so that a compiler or an analyser that follows a path knows that it is -1. */
static inline int error_memory(struct error *err)
{
	error_memory_set(err);
	return -1;
}

/* Puts "context: " in front of the text; the kind stays. */
int error_wrap(struct error *err, const char *format, ...) PRINTF(2, 3);
