#include "lib/scaffold.h"

#include <string.h>

#include "lib/policy.h"
#include "lib/scaffold_internal.h"

/* A person reads the lines in this order, the user's own before strangers'. */
const struct scaffold_marker scaffold_markers[SCAFFOLD_MARKERS] = {
	{ .name = ".git/config",
	  .sections = "remote",
	  .keys = "url pushurl",
	  .git = true,
	  .own = true },
	{ .name = ".git",
	  .remark = "a file, of a worktree or a submodule; remotes are not read" },
	{ .name = ".gitmodules", .sections = "submodule", .keys = "url", .git = true },
	{ .name = "package.json", .presets = { "npm" } },
	{ .name = "package-lock.json", .presets = { "npm" } },
	{ .name = "pnpm-lock.yaml", .presets = { "npm" } },
	{ .name = "yarn.lock", .presets = { "npm" } },
	{ .name = "bun.lock", .presets = { "npm" } },
	{ .name = "bun.lockb", .presets = { "npm" } },
	{ .name = ".npmrc", .keys = "registry" },
	{ .name = ".yarnrc", .keys = "registry" },
	{ .name = ".yarnrc.yml", .keys = "npmRegistryServer" },
	{ .name = "pyproject.toml",
	  .presets = { "pypi" },
	  .sections = "tool.poetry.source tool.uv.index tool.pdm.source",
	  .keys = "url" },
	{ .name = "requirements.txt",
	  .presets = { "pypi" },
	  .keys = "-i --index-url --extra-index-url -f --find-links" },
	{ .name = "requirements-*.txt", .presets = { "pypi" } },
	{ .name = "setup.py", .presets = { "pypi" } },
	{ .name = "Pipfile", .presets = { "pypi" }, .sections = "source", .keys = "url" },
	{ .name = "uv.lock", .presets = { "pypi" } },
	{ .name = "pip.conf", .keys = "index-url extra-index-url find-links" },
	{ .name = ".pip/pip.conf", .keys = "index-url extra-index-url find-links" },
	{ .name = "Cargo.toml", .presets = { "cargo" } },
	{ .name = ".cargo/config.toml",
	  .sections = "registries source",
	  .keys = "index registry" },
	{ .name = "go.mod", .presets = { "go" } },
	{ .name = "Gemfile", .presets = { "rubygems" }, .keys = "source" },
	{ .name = "composer.json",
	  .presets = { "packagist" },
	  .perhaps = "github",
	  .remark = "where archives of packages mostly are" },
	{ .name = "pom.xml", .presets = { "maven" } },
	{ .name = "build.gradle", .presets = { "maven", "gradle" } },
	{ .name = "build.gradle.kts", .presets = { "maven", "gradle" } },
	{ .name = "settings.gradle", .presets = { "maven", "gradle" } },
	{ .name = "settings.gradle.kts", .presets = { "maven", "gradle" } },
	{ .name = "*.csproj", .presets = { "nuget" } },
	{ .name = "*.fsproj", .presets = { "nuget" } },
	{ .name = "*.sln", .presets = { "nuget" } },
	{ .name = "Dockerfile",
	  .perhaps = "docker",
	  .remark = "if the agent itself pulls images" },
	{ .name = "Containerfile",
	  .perhaps = "docker",
	  .remark = "if the agent itself pulls images" },
	{ .name = "compose.yml", .compose = true },
	{ .name = "compose.yaml", .compose = true },
	{ .name = "docker-compose.yml", .compose = true },
	{ .name = "docker-compose.yaml", .compose = true },
};

static const struct agent {
	const char *name, *preset, *why;
} agents[] = {
	{ "claude", "claude", "--agent claude" },
	{ "codex", "openai", "--agent codex" },
	{ "none", NULL, NULL },
};

bool scaffold_is_read(const struct scaffold_marker *marker)
{
	return marker->keys || marker->compose;
}

static int guess_agent(struct guesses *guesses, const char *name, struct error *err)
{
	const struct agent *agent = agents;
	char shown[64];

	while (agent < agents + ARRAY_SIZE(agents) && strcmp(agent->name, name) != 0)
		agent++;
	if (agent == agents + ARRAY_SIZE(agents))
		return error_set(err, ERROR_USAGE,
				 "--agent: expected claude, codex or none, not '%s'",
				 escape(shown, sizeof(shown), name, strlen(name)));
	if (agent->preset) {
		const struct why why = { agent->why, 0 };

		guess_preset(guesses, agent->preset, true, &why, NULL);
	}
	return 0;
}

/* What is there by its name comes first: files full of hosts take no room from it. */
static void guess_all(struct guesses *guesses, const struct scaffold_found *found)
{
	for (size_t i = 0; i < SCAFFOLD_MARKERS; i++) {
		const struct scaffold_marker *marker = &scaffold_markers[i];
		const struct why why = { marker->name, 0 };

		if (!found[i].there)
			continue;
		for (size_t j = 0; j < ARRAY_SIZE(marker->presets); j++)
			if (marker->presets[j])
				guess_preset(guesses, marker->presets[j], true, &why,
					     NULL);
		if (marker->perhaps)
			guess_preset(guesses, marker->perhaps, false, &why,
				     marker->remark);
	}
	for (size_t i = 0; i < SCAFFOLD_MARKERS; i++)
		if (found[i].there && scaffold_is_read(&scaffold_markers[i]))
			scaffold_read(guesses, &scaffold_markers[i], &found[i]);
}

/* --- the text ---------------------------------------------------------------------------- */

static void print_whys(const struct whys *whys, struct buf *out)
{
	for (size_t i = 0; i < whys->count && i < WHY_MAX; i++) {
		buf_printf(out, "%s%s", i ? ", " : "", whys->v[i].file);
		if (whys->v[i].line)
			buf_printf(out, ":%u", whys->v[i].line);
	}
	if (whys->count > WHY_MAX)
		buf_puts(out, ", ...");
}

static void print_guess(const struct guess *guess, struct buf *out)
{
	buf_puts(out, guess->open ? "    - " : "    # - ");
	if (guess->preset)
		buf_printf(out, "preset: %s", guess->preset);
	else
		entry_print_item(&guess->entry, out);
	buf_puts(out, "  # ");
	print_whys(&guess->whys, out);
	if (!guess->open && guess->remark)
		buf_printf(out, ": %s", guess->remark);
	buf_puts(out, "\n");
}

/* Presets first. */
static size_t print_guesses(const struct guesses *guesses, bool open, const char *head,
			    struct buf *out)
{
	size_t printed = 0;

	for (int presets = 1; presets >= 0; presets--)
		for (size_t i = 0; i < guesses->count; i++) {
			const struct guess *guess = &guesses->v[i];

			if (guess->open != open || (guess->preset != NULL) != presets)
				continue;
			if (printed++ == 0)
				buf_puts(out, head);
			print_guess(guess, out);
		}
	return printed;
}

static void print_rest(const struct guesses *guesses, const struct scaffold_found *found,
		       struct buf *out)
{
	if (guesses->more)
		buf_printf(out, "    # There was more: these are the first %u.\n",
			   GUESSES_MAX);
	if (guesses->left_out.count) {
		buf_puts(out, "    # Left out, no host to open: ");
		print_whys(&guesses->left_out, out);
		buf_puts(out, "\n");
	}
	for (size_t i = 0; i < SCAFFOLD_MARKERS; i++)
		if (found[i].there && scaffold_markers[i].remark &&
		    !scaffold_markers[i].perhaps)
			buf_printf(out, "    # %s: %s\n", scaffold_markers[i].name,
				   scaffold_markers[i].remark);
}

static void print_policy(const struct guesses *guesses,
			 const struct scaffold_found *found, struct buf *out)
{
	buf_puts(
		out,
		"# A first policy, guessed by `netpale init` from what lies beside it: read it\n"
		"# before you use it. Behind each line stands what it was guessed from. A copy\n"
		"# in /etc/netpale/policy.yml, which the agent cannot write, is stronger.\n"
		"network:\n"
		"  policy: restricted\n");
	if (!print_guesses(guesses, true, "  allow:\n", out))
		buf_puts(out, "  allow:  # nothing was found\n");
	print_guesses(
		guesses, false,
		"    # Named by the repository alone, whose author may want more than you:\n"
		"    # take the first # away from what you know.\n",
		out);
	print_rest(guesses, found, out);
	buf_puts(out,
		 "  deny:\n"
		 "    - preset: metadata  # where clouds hand credentials to machines\n");
}

/* --- the promise ------------------------------------------------------------------------- */

/* As `netpale check` reads a project that nothing else is said of. */
static int read_back(const struct buf *text, struct arena *arena, struct error *err)
{
	struct notes notes CLEANUP(notes_release) = { 0 };
	struct layer layer CLEANUP(layer_release) = { 0 };
	struct layer *layers[LAYER_COUNT] = { [LAYER_PROJECT] = &layer };
	struct policy policy;
	struct error fault = { 0 };

	layer_init(&layer, LAYER_PROJECT, ".ccpod.yml");
	if ((layer_parse(&layer, text->data, text->length, arena, &notes, &fault) < 0 ||
	     policy_merge(layers, arena, &notes, &policy, &fault) < 0) &&
	    (fault.kind != ERROR_POLICY || !notes.count)) {
		*err = fault;
		return -1;
	}
	if (notes.out_of_memory)
		return error_memory(err);
	if (notes.count)
		return error_set(err, ERROR_POLICY,
				 "what was guessed is no policy: line %u: %s",
				 notes.v[0].at.line, notes.v[0].text);
	return 0;
}

int scaffold_print(const char *agent,
		   const struct scaffold_found found[static SCAFFOLD_MARKERS],
		   struct arena *arena, struct buf *out, struct error *err)
{
	struct guesses *guesses = arena_alloc(arena, sizeof(*guesses));

	if (!guesses)
		return error_memory(err);
	guesses->arena = arena;
	if (presets_load(arena, &guesses->presets, &guesses->preset_count, err) < 0 ||
	    guess_agent(guesses, agent, err) < 0)
		return -1;
	guess_all(guesses, found);
	print_policy(guesses, found, out);
	if (guesses->failed || out->failed)
		return error_memory(err);
	return read_back(out, arena, err);
}
