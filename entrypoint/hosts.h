#pragma once

#include "lib/answers.h"

/* Stance pinned: the answers stand in /etc/hosts between two marks, and nobody needs DNS. The
 * file is written in place, because Docker bind-mounts it and a rename would be EBUSY. A second
 * call replaces what the first wrote. */
int hosts_pin(const struct answers *answers, struct error *err) MUST_CHECK;

/* Any other stance: what an earlier one pinned goes, for nobody keeps it up. Nothing is written
 * where nothing was pinned. */
int hosts_unpin(struct error *err) MUST_CHECK;
