#pragma once

#include <stdbool.h>

#include "lib/buf.h"
#include "lib/error.h"

/* A policy for people as a verb's result, on stdout; its comments are half of it, so with `json` it
 * stays YAML: {"version":1,"yaml":"..."}. Returns EX_OK. */
int result_print_policy(struct buf *text, bool json, struct error *err) MUST_CHECK;
