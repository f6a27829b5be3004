#include "entrypoint/options.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/arena.h"
#include "lib/buf.h"
#include "lib/near.h"

#define RESOLVE_TIMEOUT_DEFAULT 5u
#define RESOLVE_TIMEOUT_MAX 600u

enum option_kind {
	OPTION_TEXT,
	OPTION_WORDS, /* repeatable */
	OPTION_FLAG,
};

struct definition {
	const char *name;
	char letter;
	enum option_kind kind;
	unsigned group;
	size_t offset;
	const char *value, *about;
};

#define AT(field) offsetof(struct settings, field)

static const struct definition definitions[] = {
	{ "profile", 'f', OPTION_TEXT, GROUP_POLICY, AT(profile), "FILE",
	  "operator's policy (/etc/netpale/policy.yml)" },
	{ "project", 0, OPTION_TEXT, GROUP_POLICY, AT(project), "FILE",
	  "project's policy (the nearest .ccpod.yml)" },
	{ "trust-project", 0, OPTION_TEXT, GROUP_POLICY, AT(trust_project), "HOW",
	  "ignore, tighten, extend or override" },
	{ "policy", 0, OPTION_TEXT, GROUP_POLICY, AT(policy), "MODE",
	  "full, audit, restricted or none" },
	{ "dns", 0, OPTION_TEXT, GROUP_POLICY, AT(dns), "STANCE",
	  "resolvers, guarded or pinned" },
	{ "allow", 0, OPTION_WORDS, GROUP_POLICY, AT(allow), "ENTRY",
	  "one more allowed entry" },
	{ "deny", 0, OPTION_WORDS, GROUP_POLICY, AT(deny), "ENTRY",
	  "one more denied entry" },
	{ "resolve-timeout", 0, OPTION_TEXT, GROUP_NAMES | GROUP_PROBES,
	  AT(resolve_timeout), "SECONDS", "one deadline for all names (default 5)" },
	{ "answers", 0, OPTION_TEXT, GROUP_NAMES, AT(answers), "FILE",
	  "hosts(5) lines of FILE instead of DNS" },
	{ "user", 'u', OPTION_TEXT, GROUP_AGENT, AT(user), "USER[:GROUP]",
	  "whom the command runs as (default uid 1000)" },
	{ "allow-root", 0, OPTION_FLAG, GROUP_AGENT, AT(allow_root), NULL,
	  "let that be uid 0" },
	{ "allow-sudo", 0, OPTION_FLAG, GROUP_AGENT, AT(allow_sudo), NULL,
	  "let the agent use sudo; weaker, see netpale(8)" },
	{ "allow-host-network", 0, OPTION_FLAG, GROUP_FENCE, AT(allow_host_network), NULL,
	  "fence the host's own network" },
	{ "log", 0, OPTION_TEXT, GROUP_LOG, AT(log), "TO",
	  "refusals to stderr, too, or to a descriptor" },
	{ "open", 0, OPTION_WORDS, GROUP_PROBES, AT(open), "HOST:PORT",
	  "this must be reachable" },
	{ "closed", 0, OPTION_WORDS, GROUP_PROBES, AT(closed), "HOST:PORT",
	  "this must be refused" },
	{ "follow", 'f', OPTION_FLAG, GROUP_REFUSALS, AT(follow), NULL,
	  "the last 10, then each as it comes" },
	{ "since", 0, OPTION_TEXT, GROUP_REFUSALS | GROUP_SUGGEST, AT(since), "WHEN",
	  "90s, 10m, 2h or 1d ago, or a time like 16:43" },
	{ "hook", 0, OPTION_FLAG, GROUP_REFUSALS, AT(hook), NULL,
	  "be a hook of Claude Code, see netpale(8)" },
	{ "wildcards", 0, OPTION_FLAG, GROUP_SUGGEST, AT(wildcards), NULL,
	  "let a wildcard stand for three names and more" },
	{ "agent", 0, OPTION_TEXT, GROUP_INIT, AT(agent), "AGENT",
	  "claude (default), codex or none" },
	{ "stdout", 0, OPTION_FLAG, GROUP_INIT, AT(to_stdout), NULL,
	  "print the policy, write no file" },
	{ "format", 0, OPTION_TEXT, GROUP_FORMAT, AT(format), "FORMAT",
	  "nft (default), json, networkpolicy or cilium" },
	{ "json", 0, OPTION_FLAG, GROUP_JSON, AT(json), NULL,
	  "results and messages as JSON" },
	{ "quiet", 'q', OPTION_FLAG, GROUP_SAY, AT(quiet), NULL, "say errors only" },
	{ "verbose", 'v', OPTION_FLAG, GROUP_SAY, AT(verbose), NULL, "say more" },
};

static void *field(struct settings *settings, const struct definition *definition)
{
	return (char *)settings + definition->offset;
}

static int words_add(struct words *words, const char *text, struct error *err)
{
	if (!array_grow(&words->v, &words->capacity, words->count, sizeof(*words->v)))
		return error_memory(err);
	words->v[words->count++] = text;
	return 0;
}

static int set_value(struct settings *settings, const struct definition *definition,
		     const char *text, struct error *err)
{
	switch (definition->kind) {
	case OPTION_TEXT:
		*(const char **)field(settings, definition) = text;
		return 0;
	case OPTION_WORDS:
		return words_add(field(settings, definition), text, err);
	case OPTION_FLAG:
		*(bool *)field(settings, definition) = true;
		return 0;
	}
	return 0;
}

static void variable_name(const struct definition *definition, char out[static 64])
{
	char *at = stpcpy(out, "NETPALE_");

	for (const char *c = definition->name; *c; c++)
		*at++ = *c == '-' ? '_' : (char)(*c & ~0x20);
	*at = '\0';
}

static const struct definition *find_variable(const char *variable, size_t length)
{
	for (size_t i = 0; i < ARRAY_SIZE(definitions); i++) {
		char name[64];

		variable_name(&definitions[i], name);
		if (strlen(name) == length && memcmp(name, variable, length) == 0)
			return &definitions[i];
	}
	return NULL;
}

/* What is not known, what may have been meant, else where to look. */
static int unknown(const char *what, const char *meant, const char *help,
		   struct error *err)
{
	if (meant)
		return error_set(err, ERROR_USAGE, "%s; did you mean '%s'?", what, meant);
	return error_set(err, ERROR_USAGE, "%s; see 'netpale %s--help'", what, help);
}

static int unknown_variable(const char *variable, size_t length, struct error *err)
{
	char shown[64], what[128], name[64], meant[64] = "";
	size_t distance = NEAR_NONE;

	for (size_t i = 0; i < ARRAY_SIZE(definitions); i++) {
		variable_name(&definitions[i], name);
		if (near_better(variable, length, name, &distance))
			strcpy(meant, name);
	}
	snprintf(what, sizeof(what), "%s: there is no such variable",
		 escape(shown, sizeof(shown), variable, length));
	return unknown(what, *meant ? meant : NULL, "run ", err);
}

static int unknown_option(const struct verb *verb, const char *word, struct error *err)
{
	char shown[128], what[256], meant[64] = "", help[32];
	size_t distance = NEAR_NONE;

	for (size_t i = 0; i < ARRAY_SIZE(definitions); i++) {
		char name[64];

		snprintf(name, sizeof(name), "--%s", definitions[i].name);
		if ((definitions[i].group & verb->groups) &&
		    near_better(word, strcspn(word, "="), name, &distance))
			strcpy(meant, name);
	}
	snprintf(what, sizeof(what), "'%s' is no option of 'netpale %s'",
		 escape(shown, sizeof(shown), word, strlen(word)), verb->name);
	snprintf(help, sizeof(help), "%s ", verb->name);
	return unknown(what, *meant ? meant : NULL, help, err);
}

static int unknown_verb(const struct verb *verbs, const char *word, struct error *err)
{
	char shown[64], what[128];
	size_t distance = NEAR_NONE;
	const char *meant = NULL;

	for (; verbs->name; verbs++)
		if (near_better(word, strlen(word), verbs->name, &distance))
			meant = verbs->name;
	snprintf(what, sizeof(what), "'%s' is no verb",
		 escape(shown, sizeof(shown), word, strlen(word)));
	return unknown(what, meant, "", err);
}

static int read_variable(const char *variable, struct settings *settings,
			 struct error *err)
{
	size_t length = strcspn(variable, "=");
	const struct definition *definition = find_variable(variable, length);
	const char *value = variable[length] ? variable + length + 1 : "";
	char shown[64], quoted[128];

	escape(shown, sizeof(shown), variable, length);
	if (!definition)
		return unknown_variable(variable, length, err);
	if (value[0] == '\0')
		return 0;
	if (definition->kind != OPTION_FLAG)
		return set_value(settings, definition, value, err);
	if (strcmp(value, "0") == 0 || strcmp(value, "false") == 0)
		return 0;
	if (strcmp(value, "1") == 0 || strcmp(value, "true") == 0)
		return set_value(settings, definition, value, err);
	return error_set(err, ERROR_USAGE, "%s: expected 1, true, 0 or false, not '%s'",
			 shown, escape(quoted, sizeof(quoted), value, strlen(value)));
}

/* Before anything else, because it says how a fault of the others is told. */
static void find_json(char **environment, struct settings *settings)
{
	struct error told_later;

	for (; *environment; environment++)
		if (strncmp(*environment, "NETPALE_JSON=", 13) == 0)
			(void)!read_variable(*environment, settings, &told_later);
}

static int read_environment(char **environment, struct settings *settings,
			    struct error *err)
{
	for (; *environment; environment++)
		if (strncmp(*environment, "NETPALE_", 8) == 0 &&
		    read_variable(*environment, settings, err) < 0)
			return -1;
	return 0;
}

/* getopt_long's tables for the verb's own options; `val` is the index plus a base that no
 * letter reaches. */
#define LONG_BASE 1000

static void getopt_tables(const struct verb *verb, struct option *longs, char *shorts)
{
	size_t count = 0;

	/* '+' ends at the first operand: what follows belongs to the COMMAND. Without one an
	 * option may stand behind operands. */
	shorts = stpcpy(shorts, verb->max_operands < 0 ? "+:h" : ":h");
	for (size_t i = 0; i < ARRAY_SIZE(definitions); i++) {
		const struct definition *definition = &definitions[i];

		if (!(definition->group & verb->groups))
			continue;
		longs[count++] = (struct option){
			.name = definition->name,
			.has_arg = definition->value ? required_argument : no_argument,
			.val = LONG_BASE + (int)i,
		};
		if (definition->letter) {
			*shorts++ = definition->letter;
			if (definition->value)
				*shorts++ = ':';
		}
	}
	*shorts = '\0';
	longs[count++] = (struct option){ .name = "help", .val = 'h' };
	longs[count] = (struct option){ 0 };
}

/* Two verbs may mean different things by one letter. */
static const struct definition *definition_of(const struct verb *verb, int code)
{
	if (code >= LONG_BASE)
		return &definitions[code - LONG_BASE];
	for (size_t i = 0; i < ARRAY_SIZE(definitions); i++)
		if (definitions[i].letter == code &&
		    (definitions[i].group & verb->groups))
			return &definitions[i];
	return NULL;
}

/* 1: help was asked for. */
static int read_each_flag(int argc, char **argv, const char *shorts,
			  const struct option *longs, struct options *options,
			  struct error *err)
{
	char shown[128];
	int code;

	while ((code = getopt_long(argc, argv, shorts, longs, NULL)) != -1) {
		/* A letter may stand amid others, and then the word is not behind us yet. */
		const char letter[] = { '-', (char)optopt, '\0' };
		const char *word =
			optopt > 0 && optopt < LONG_BASE ? letter : argv[optind - 1];

		if (code == 'h')
			return 1;
		escape(shown, sizeof(shown), word, strlen(word));
		if (code == ':')
			return error_set(err, ERROR_USAGE, "option '%s' needs a value",
					 shown);
		if (code == '?' && optopt >= LONG_BASE)
			return error_set(err, ERROR_USAGE, "option '%s' takes no value",
					 shown);
		if (code == '?')
			return unknown_option(options->verb, word, err);
		if (set_value(&options->flags, definition_of(options->verb, code), optarg,
			      err) < 0)
			return -1;
	}
	return 0;
}

static int read_flags(int argc, char **argv, struct options *options, struct error *err)
{
	struct option longs[ARRAY_SIZE(definitions) + 2];
	char shorts[2 * ARRAY_SIZE(definitions) + 5];
	struct error told_first;
	int result;

	getopt_tables(options->verb, longs, shorts);
	opterr = 0;
	optind = 0; /* from the start, also amid the letters of a word */
	result = read_each_flag(argc, argv, shorts, longs, options, err);
	/* What is behind a fault may say how it is to be told. */
	for (int rest = result; rest < 0;)
		rest = read_each_flag(argc, argv, shorts, longs, options, &told_first);
	options->operands = argv + optind;
	options->operand_count = argc - optind;
	return result;
}

static void merge_settings(struct options *options)
{
	options->any = options->environment;
	for (size_t i = 0; i < ARRAY_SIZE(definitions); i++) {
		const struct definition *definition = &definitions[i];
		void *to = field(&options->any, definition);
		void *from = field(&options->flags, definition);

		if (definition->kind == OPTION_TEXT && *(const char **)from)
			*(const char **)to = *(const char **)from;
		else if (definition->kind == OPTION_FLAG && *(bool *)from)
			*(bool *)to = true;
		else if (definition->kind == OPTION_WORDS)
			*(struct words *)to = *(struct words *)from;
	}
}

static int read_timeout(struct options *options, struct error *err)
{
	const char *text = options->any.resolve_timeout;
	char shown[64];
	char *end;
	unsigned long seconds;

	options->resolve_timeout = RESOLVE_TIMEOUT_DEFAULT;
	if (!text)
		return 0;
	seconds = strtoul(text, &end, 10);
	if (text[0] < '0' || text[0] > '9' || *end || seconds < 1 ||
	    seconds > RESOLVE_TIMEOUT_MAX)
		return error_set(err, ERROR_USAGE,
				 "--resolve-timeout: expected 1-%u seconds, not '%s'",
				 RESOLVE_TIMEOUT_MAX,
				 escape(shown, sizeof(shown), text, strlen(text)));
	options->resolve_timeout = (unsigned)seconds;
	return 0;
}

static int check_operands(const struct options *options, struct error *err)
{
	const struct verb *verb = options->verb;

	if (options->operand_count < verb->min_operands)
		return error_set(err, ERROR_USAGE, "'netpale %s' needs %s", verb->name,
				 verb->operands);
	if (verb->max_operands >= 0 && options->operand_count > verb->max_operands) {
		const char *word = options->operands[verb->max_operands];
		char shown[128];

		return error_set(err, ERROR_USAGE, "'netpale %s' does not take '%s'",
				 verb->name,
				 escape(shown, sizeof(shown), word, strlen(word)));
	}
	return 0;
}

static const struct verb *find_verb(const struct verb *verbs, const char *name)
{
	for (; verbs->name; verbs++)
		if (strcmp(verbs->name, name) == 0)
			return verbs;
	return NULL;
}

int options_read(int argc, char **argv, char **environment, const struct verb *verbs,
		 struct options *ret, struct error *err)
{
	int result;

	*ret = (struct options){ 0 };
	find_json(environment, &ret->environment);
	if (argc < 2 || strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0)
		return 0;
	ret->verb =
		find_verb(verbs, strcmp(argv[1], "--version") == 0 ? "version" : argv[1]);
	if (!ret->verb)
		return unknown_verb(verbs, argv[1], err);

	result = read_flags(argc - 1, argv + 1, ret, err);
	if (result == 1)
		ret->operand_count = -1;
	if (result != 0)
		return result < 0 ? -1 : 0;
	if (read_environment(environment, &ret->environment, err) < 0)
		return -1;
	merge_settings(ret);
	if (read_timeout(ret, err) < 0)
		return -1;
	return check_operands(ret, err);
}

static void settings_release(struct settings *settings)
{
	free(settings->allow.v);
	free(settings->deny.v);
	free(settings->open.v);
	free(settings->closed.v);
}

void options_release(struct options *options)
{
	settings_release(&options->environment);
	settings_release(&options->flags);
	*options = (struct options){ 0 };
}

void options_help(const struct verb *verbs, const struct verb *verb, struct buf *out)
{
	if (!verb) {
		buf_puts(
			out,
			"netpale puts a container behind a default-deny fence and starts "
			"the agent in it.\n\n");
		for (; verbs->name; verbs++)
			buf_printf(out, "  netpale %-8s %s\n", verbs->name, verbs->about);
		buf_puts(out,
			 "\n'netpale VERB --help' tells its options; see netpale(8), "
			 "netpale.policy(5).\n");
		return;
	}
	buf_printf(out, "netpale %s [options]%s%s\n  %s\n\n", verb->name,
		   verb->operands[0] ? " " : "", verb->operands, verb->about);
	for (size_t i = 0; i < ARRAY_SIZE(definitions); i++) {
		const struct definition *definition = &definitions[i];
		char letter[8] = "    ", option[64];

		if (!(definition->group & verb->groups))
			continue;
		if (definition->letter)
			memcpy(letter,
			       (char[]){ '-', definition->letter, ',', ' ', '\0' }, 5);
		snprintf(option, sizeof(option), "%s %s", definition->name,
			 definition->value ? definition->value : "");
		buf_printf(out, "  %s--%-24s %s\n", letter, option, definition->about);
	}
	buf_puts(out, "\nEach has a variable, as NETPALE_RESOLVE_TIMEOUT=5, "
		      "NETPALE_JSON=1.\n");
}
