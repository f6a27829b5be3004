#pragma once

#include "entrypoint/recorded.h"

/* The parts of `netpale log`. */

struct log_printer {
	bool json;
	const struct counts *counts; /* the kernel's, or NULL */
	size_t time; /* columns of a time in the table; 0: it has no head yet */
};
/* Rows of the table, or lines of JSON; what was written is with whoever reads. */
int log_print(struct log_printer *printer, const struct refusal *rows, size_t count,
	      struct error *err) MUST_CHECK;
/* So many more could not be recorded. */
int log_print_lost(struct log_printer *printer, int64_t time, uint64_t lost,
		   struct error *err) MUST_CHECK;

/* What the kernel has counted and the rows do not know, below the table: the most first. False: there
 * is nothing of that. Marks in `counts` what the rows know. */
bool log_print_unseen(const struct refusal_list *list, struct counts *counts);

/* -f: the last rows since then, then what comes, until whoever reads it is gone. */
int log_follow(struct log_printer *printer, int64_t since, struct error *err) MUST_CHECK;

/* --hook. Never an error. */
int log_hook(void);
