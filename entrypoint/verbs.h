#pragma once

#include "entrypoint/options.h"

/* The verbs of DESIGN §2. Each returns the exit status, or -1 with err. */

int verb_run(const struct options *options, struct error *err);
int verb_apply(const struct options *options, struct error *err);
int verb_exec(const struct options *options, struct error *err);
int verb_guard(const struct options *options, struct error *err);
int verb_reload(const struct options *options, struct error *err);
int verb_log(const struct options *options, struct error *err);
int verb_status(const struct options *options, struct error *err);
int verb_check(const struct options *options, struct error *err);
int verb_explain(const struct options *options, struct error *err);
int verb_plan(const struct options *options, struct error *err);
int verb_presets(const struct options *options, struct error *err);
int verb_verify(const struct options *options, struct error *err);
int verb_suggest(const struct options *options, struct error *err);
int verb_init(const struct options *options, struct error *err);
int verb_version(const struct options *options, struct error *err);
