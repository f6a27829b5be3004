#include "entrypoint/inputs.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "entrypoint/log.h"
#include "entrypoint/netlink.h"
#include "entrypoint/source.h"
#include "lib/names.h"
#include "lib/resolver.h"

/* All that one policy may hold in memory, whatever its texts say. */
#define POLICY_MEMORY (48u << 20)

void inputs_release(struct inputs *inputs)
{
	for (size_t i = 0; i < LAYER_COUNT; i++)
		layer_release(&inputs->layers[i]);
	notes_release(&inputs->notes);
	buf_release(&inputs->project_text);
	arena_free(inputs->arena);
	*inputs = (struct inputs){ 0 };
}

void inputs_say_notes(const struct notes *notes, enum note_level least)
{
	struct buf line = { 0 };

	for (size_t i = 0; i < notes->count; i++) {
		const struct note *note = &notes->v[i];
		const char *text;

		if (note->level > least)
			continue;
		buf_clear(&line);
		note_print(note, &line);
		text = line.failed ? note->text : line.data;
		if (note->level == NOTE_ERROR)
			log_error("%s", text);
		else if (note->level == NOTE_WARNING)
			log_warning("%s", text);
		else
			log_info("%s", text);
	}
	if (notes->errors > NOTES_MAX)
		log_error("and %zu more errors", notes->errors - NOTES_MAX);
	buf_release(&line);
}

static int parse_layer(struct inputs *inputs, enum layer_kind kind, const char *path,
		       const struct buf *bytes, struct error *err)
{
	struct layer *layer = &inputs->layers[kind];
	char *source = arena_strndup(inputs->arena, path, strlen(path));

	if (!source)
		return error_memory(err);
	layer_init(layer, kind, source);
	return layer_parse(layer, bytes->data ? bytes->data : "", bytes->length,
			   inputs->arena, &inputs->notes, err);
}

static int read_profile(struct inputs *inputs, const char *named, struct error *err)
{
	struct buf bytes CLEANUP(buf_release) = { 0 };
	const char *path = named ? named : INPUTS_PROFILE;
	char shown[256];
	int result = source_read(path, NULL, LAYER_BYTES, &bytes, err);

	if (result == 1 && named)
		return error_set(err, ERROR_POLICY, "%s: no such file",
				 escape(shown, sizeof(shown), named, strlen(named)));
	if (result == 0)
		result = parse_layer(inputs, LAYER_PROFILE, path, &bytes, err);
	if (result == 0)
		inputs->profile = inputs->layers[LAYER_PROFILE].source;
	return result < 0 ? -1 : 0;
}

/* The path of the project's file into `out`. 1: there is none. Where one was found before it is
 * the same: a nearer one is of somebody who came later. */
static int find_project(const char *named, const struct user *agent,
			const struct inputs *before, struct buf *out, struct error *err)
{
	if (!named && before && before->project) {
		if (access(before->project, F_OK) < 0 && errno == ENOENT)
			return 1;
		named = before->project;
	}
	if (!named)
		return source_find_project(agent, out, err);
	buf_puts(out, named);
	return out->failed ? error_memory(err) : 0;
}

/* What the agent can write counts as it was read first: not what it wrote since, and no less when
 * it took the file away. 1: there was no project. */
static int keep_project(struct inputs *inputs, const struct inputs *before,
			struct buf *path, struct error *err)
{
	inputs->project_kept = before->project;
	if (!before->project)
		return 1;
	buf_clear(path);
	buf_puts(path, before->project);
	buf_add(&inputs->project_text, before->project_text.data,
		before->project_text.length);
	return path->failed || inputs->project_text.failed ? error_memory(err) : 0;
}

/* 1: there is none. */
static int read_project_text(struct inputs *inputs, const char *named,
			     const struct user *agent, const struct inputs *before,
			     struct buf *path, struct error *err)
{
	char shown[256];
	int result;

	if (before && before->project_kept)
		return keep_project(inputs, before, path, err);
	result = find_project(named, agent, before, path, err);
	if (result != 0)
		return result;
	inputs->project_kept = source_writable_by(path->data, agent);
	if (before && inputs->project_kept)
		return keep_project(inputs, before, path, err);
	result = source_read(path->data, agent, LAYER_BYTES, &inputs->project_text, err);
	if (result == 1)
		return error_set(err, ERROR_POLICY, "%s: no such file",
				 escape(shown, sizeof(shown), path->data, path->length));
	return result;
}

static int read_project(struct inputs *inputs, const char *named,
			const struct user *agent, const struct inputs *before,
			struct error *err)
{
	struct buf path CLEANUP(buf_release) = { 0 };
	int result = read_project_text(inputs, named, agent, before, &path, err);

	if (result == 0)
		result = parse_layer(inputs, LAYER_PROJECT, path.data,
				     &inputs->project_text, err);
	if (result == 0)
		inputs->project = inputs->layers[LAYER_PROJECT].source;
	return result < 0 ? -1 : 0;
}

/* ccpod's host side has merged already and says the result in variables: absent means full. */
static int read_ccpod(struct inputs *inputs, struct error *err)
{
	static const struct origin mode_at = { .source = "CCPOD_NETWORK_POLICY" };
	static const struct origin hosts_at = { .source = "CCPOD_ALLOWED_HOSTS" };
	struct layer *layer = &inputs->layers[LAYER_PROFILE];
	const char *mode = getenv("CCPOD_NETWORK_POLICY");
	const char *hosts = getenv("CCPOD_ALLOWED_HOSTS");

	layer_init(layer, LAYER_PROFILE, "CCPOD_NETWORK_POLICY");
	layer->has_network = true;
	if (layer_set_mode(layer, mode ? mode : "full", &mode_at, &inputs->notes) < 0 ||
	    (hosts && layer_add_list(layer, false, hosts, &hosts_at, inputs->arena,
				     &inputs->notes) < 0))
		return error_set(err, ERROR_POLICY,
				 "ccpod's variables are not understood");
	return 0;
}

static int read_words(struct inputs *inputs, struct layer *layer,
		      const struct settings *from, bool flags, struct error *err)
{
	const struct origin allow_at = { .source = flags ? "--allow" : "NETPALE_ALLOW" };
	const struct origin deny_at = { .source = flags ? "--deny" : "NETPALE_DENY" };
	const struct origin mode_at = { .source = flags ? "--policy" : "NETPALE_POLICY" };
	const struct origin dns_at = { .source = flags ? "--dns" : "NETPALE_DNS" };
	const struct origin trust_at = { .source = flags ? "--trust-project"
							 : "NETPALE_TRUST_PROJECT" };
	struct notes *notes = &inputs->notes;
	int faults = 0;

	layer->has_network = from->policy || from->dns || from->trust_project ||
			     from->allow.count || from->deny.count;
	if (from->policy)
		faults |= layer_set_mode(layer, from->policy, &mode_at, notes);
	if (from->dns)
		faults |= layer_set_dns(layer, from->dns, &dns_at, notes);
	if (from->trust_project)
		faults |= layer_set_trust(layer, from->trust_project, &trust_at, notes);
	for (size_t i = 0; i < from->allow.count; i++)
		faults |= layer_add_list(layer, false, from->allow.v[i], &allow_at,
					 inputs->arena, notes);
	for (size_t i = 0; i < from->deny.count; i++)
		faults |= layer_add_list(layer, true, from->deny.v[i], &deny_at,
					 inputs->arena, notes);
	return faults ? error_set(err, ERROR_POLICY, "%s are not understood",
				  flags ? "the flags" : "the NETPALE_ variables")
		      : 0;
}

/* The layers that say something, as policy_*() take them. */
static void present_layers(struct inputs *inputs, struct layer *ret[static LAYER_COUNT])
{
	for (size_t i = 0; i < LAYER_COUNT; i++) {
		struct layer *layer = &inputs->layers[i];

		ret[i] = layer->has_network || layer->isolation ? layer : NULL;
	}
}

static int read_operator(struct inputs *inputs, const struct options *options, bool ccpod,
			 struct error *err)
{
	int result = 0;

	if (ccpod && options->any.profile)
		return error_set(err, ERROR_USAGE,
				 "ccpod's variables take the profile's place; "
				 "leave out --profile, or unset them");
	/* Each is read even after a fault in another: all faults are told at once. */
	result |= ccpod ? read_ccpod(inputs, err)
			: read_profile(inputs, options->any.profile, err);
	result |= read_words(inputs, &inputs->layers[LAYER_ENVIRONMENT],
			     &options->environment, false, err);
	result |= read_words(inputs, &inputs->layers[LAYER_FLAGS], &options->flags, true,
			     err);
	return result;
}

static int read_layers(struct inputs *inputs, const struct options *options,
		       const struct user *agent, const struct inputs *before,
		       struct error *err)
{
	bool ccpod = getenv("CCPOD_STATE") || getenv("CCPOD_NETWORK_POLICY");
	struct layer *layers[LAYER_COUNT];
	int result = read_operator(inputs, options, ccpod, err);

	present_layers(inputs, layers);
	/* A project that is to be ignored is not even read: it cannot fail a start. */
	if (policy_trust(layers) == TRUST_IGNORE || (ccpod && !options->any.project))
		return result;
	return result | read_project(inputs, options->any.project, agent, before, err);
}

static int read_all(const struct options *options, const struct user *agent, bool sudo,
		    const struct inputs *before, struct inputs *ret, struct error *err)
{
	const struct user self = { .uid = geteuid(), .gid = getegid() };
	struct layer *layers[LAYER_COUNT];
	int result;

	*ret = (struct inputs){ .arena = arena_new(POLICY_MEMORY) };
	if (!ret->arena)
		return error_memory(err);
	layer_init(&ret->layers[LAYER_ENVIRONMENT], LAYER_ENVIRONMENT, "the environment");
	layer_init(&ret->layers[LAYER_FLAGS], LAYER_FLAGS, "the flags");
	result = sudo ? read_profile(ret, NULL, err)
		      : read_layers(ret, options, agent ? agent : &self, before, err);
	if (result < 0)
		return -1;
	present_layers(ret, layers);
	return policy_merge(layers, ret->arena, &ret->notes, &ret->policy, err);
}

int inputs_read(const struct options *options, const struct user *agent, bool sudo,
		struct inputs *ret, struct error *err)
{
	return read_all(options, agent, sudo, NULL, ret, err);
}

/* May what lies at `path` be the operator's word while the agent runs? */
static int check_again(const char *path, const struct user *agent, struct error *err)
{
	char shown[256];

	escape(shown, sizeof(shown), path, strlen(path));
	if (access(path, F_OK) < 0 && errno == ENOENT)
		return error_set(err, ERROR_POLICY, "%s: no such file any more", shown);
	if (source_writable_by(path, agent))
		return error_set(
			err, ERROR_POLICY,
			"%s is not read again: the agent can write it; keep it where "
			"only root writes, or mount it read-only",
			shown);
	return 0;
}

int inputs_read_again(const struct options *options, const struct user *agent,
		      const struct inputs *before, struct inputs *ret, struct error *err)
{
	*ret = (struct inputs){ 0 };
	if (before->profile && check_again(before->profile, agent, err) < 0)
		return -1;
	if (read_all(options, agent, false, before, ret, err) < 0)
		return -1;
	/* Where there was none at the start. */
	if (!before->profile && ret->profile && check_again(ret->profile, agent, err) < 0)
		return -1;
	ret->hosts = before->hosts;
	ret->resolv_conf = before->resolv_conf;
	return 0;
}

int inputs_site(const struct site *resolvers, struct site *ret, struct error *err)
{
	struct buf bytes CLEANUP(buf_release) = { 0 };

	*ret = (struct site){ 0 };
	if (resolvers) {
		*ret = *resolvers;
		return netlink_read_site(ret, err);
	}
	/* Without a resolv.conf there are no resolvers; names then fail one by one. */
	if (source_read("/etc/resolv.conf", NULL, 1u << 20, &bytes, err) < 0)
		return -1;
	site_parse_resolv_conf(ret, bytes.data ? bytes.data : "", bytes.length);
	return netlink_read_site(ret, err);
}

static int file_answers(const char *path, struct arena *arena, struct answers *ret,
			struct error *err)
{
	struct buf bytes CLEANUP(buf_release) = { 0 };
	char shown[256];
	int result;

	escape(shown, sizeof(shown), path, strlen(path));
	result = source_read(path, NULL, LAYER_BYTES, &bytes, err);
	if (result == 1)
		return error_set(err, ERROR_POLICY, "%s: no such file", shown);
	if (result < 0)
		return -1;
	return answers_parse(bytes.data ? bytes.data : "", bytes.length, shown, arena,
			     ret, err);
}

static int with_extra(const char *const *names, size_t count, const char *extra,
		      struct arena *arena, const char ***ret, size_t *ret_count,
		      struct error *err)
{
	const char **all = arena_alloc(arena, (count + 1) * sizeof(*all));
	bool known = !extra;

	if (!all)
		return error_memory(err);
	for (size_t i = 0; i < count; i++) {
		all[i] = names[i];
		known = known || strcmp(names[i], extra) == 0;
	}
	if (!known)
		all[count++] = extra;
	*ret = all;
	*ret_count = count;
	return 0;
}

/* What is quick needs no words. */
#define PROGRESS_AFTER_MS 500u

static void say_progress(const struct resolver_progress *progress)
{
	if (progress->ms >= PROGRESS_AFTER_MS)
		log_progress("resolving names, %zu of %zu answered, waiting for %s ...",
			     progress->answered, progress->names, progress->waiting);
}

static int resolve(const char *const *names, size_t count,
		   const struct resolver_options *options, struct arena *arena,
		   struct answers *ret, struct error *err)
{
	int result = resolver_ask(names, count, options, arena, ret, err);

	log_progress_end();
	return result;
}

static bool is_allowed(void *names, const char *host)
{
	struct permission permission;

	names_ask(names, host, &permission);
	return permission.count > 0;
}

static int join(const struct answers *a, const struct answers *b, struct arena *arena,
		struct answers *ret, struct error *err)
{
	struct answers all = { .v = arena_alloc(arena,
						(a->count + b->count) * sizeof(*all.v)) };

	if (!all.v)
		return error_memory(err);
	for (size_t i = 0; i < a->count; i++)
		all.v[all.count++] = a->v[i];
	for (size_t i = 0; i < b->count; i++)
		all.v[all.count++] = b->v[i];
	if (answers_normalise(&all, arena, err) < 0)
		return -1;
	*ret = all;
	return 0;
}

/* What the hosts file says of the policy's names and wildcards beside the required names that were
 * asked for; what it says of those is among `asked` already. */
static int with_hosts(const struct inputs *inputs, const struct answers *asked,
		      struct answers *ret, struct error *err)
{
	struct names *names CLEANUP(names_freep) = NULL;
	struct answers hosts = { 0 };

	if (names_build(&inputs->policy, &names, err) < 0)
		return -1;
	if (resolver_read_hosts(inputs->hosts,
				&(const struct resolver_filter){ is_allowed, names },
				inputs->arena, &hosts, err) < 0)
		return -1;
	return join(&hosts, asked, inputs->arena, ret, err);
}

int inputs_answers(const struct options *options, const struct inputs *inputs,
		   const char *extra, uint32_t socket_mark, struct answers *ret,
		   struct error *err)
{
	const struct resolver_options resolver = {
		.timeout_ms = options->resolve_timeout * 1000,
		.socket_mark = socket_mark,
		.resolv_conf = inputs->resolv_conf,
		.hosts = inputs->hosts,
		.progress = say_progress,
	};
	bool guarded = inputs->policy.dns == STANCE_GUARDED;
	const char *const *names;
	const char **all = NULL;
	size_t count;

	*ret = (struct answers){ 0 };
	if (options->any.answers)
		return file_answers(options->any.answers, inputs->arena, ret, err);
	if (policy_names(&inputs->policy, inputs->arena, &names, &count, err) < 0 ||
	    with_extra(names, count, guarded ? NULL : extra, inputs->arena, &all, &count,
		       err) < 0)
		return -1;
	if (count && (!guarded || socket_mark) &&
	    resolve(all, count, &resolver, inputs->arena, ret, err) < 0)
		return -1;
	return guarded ? with_hosts(inputs, ret, ret, err) : 0;
}
