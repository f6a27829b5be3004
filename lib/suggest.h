#pragma once

#include "lib/buf.h"
#include "lib/policy.h"
#include "lib/presets.h"
#include "lib/refusal.h"
#include "lib/site.h"

/* A complete, commented `network` block from what was seen: the policy in force, `restricted` in place
 * of `audit` (and of `full`, of which little is recorded), and a line for each destination that was used and that no line allows yet. It opens
 * nothing that was not used, so what was only asked for, refused or denied stands in comments. What a
 * project says is left to its file: a suggestion is the operator's. Pure: the same rows give the same
 * text. seen.h says how rows become destinations. */

struct suggestion {
	const struct policy *policy; /* NULL: there is none */
	const struct site *site;
	const struct preset *presets;
	size_t preset_count;
	const struct refusal *rows;
	size_t row_count;
	bool wildcards; /* many names of a domain may become one */
};

/* ERROR_POLICY as names_build() (names.h). */
int suggest_print(const struct suggestion *suggestion, struct arena *arena,
		  struct buf *out, struct error *err) MUST_CHECK;
