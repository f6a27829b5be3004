#include "entrypoint/start.h"

#include <stdlib.h>
#include <string.h>

#include "entrypoint/log.h"
#include "entrypoint/privileges.h"
#include "entrypoint/source.h"
#include "entrypoint/surroundings.h"

static double milliseconds_since(const struct timespec *start)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)(now.tv_sec - start->tv_sec) * 1e3 +
	       (double)(now.tv_nsec - start->tv_nsec) / 1e6;
}

/* An agent that may run `sudo netpale apply` must gain nothing by it. */
static int refuse_words_under_sudo(const struct options *options, bool *ret_sudo,
				   struct error *err)
{
	const struct settings *flags = &options->flags;

	*ret_sudo = getenv("SUDO_UID") != NULL;
	if (*ret_sudo &&
	    (flags->profile || flags->project || flags->trust_project || flags->policy ||
	     flags->dns || flags->answers || flags->allow.count || flags->deny.count ||
	     flags->allow_host_network))
		return error_set(err, ERROR_USAGE,
				 "under sudo only " INPUTS_PROFILE
				 " counts: no options are taken");
	return 0;
}

/* Whatever they say now: the agent decides what they say next time. */
static void warn_of_sources(const struct inputs *inputs, const struct user *user)
{
	enum trust_project trust = inputs->policy.trust;
	char shown[256];

	if (inputs->profile && source_writable_by(inputs->profile, user))
		log_warning(
			"the agent can write %s and so decide its own next start: keep it "
			"where only root writes, or mount it read-only",
			escape(shown, sizeof(shown), inputs->profile,
			       strlen(inputs->profile)));
	if (inputs->project && (trust == TRUST_EXTEND || trust == TRUST_OVERRIDE) &&
	    source_writable_by(inputs->project, user))
		log_warning("the agent can write %s and so widen its own next start: set "
			    "trust_project: tighten, or mount it read-only",
			    escape(shown, sizeof(shown), inputs->project,
				   strlen(inputs->project)));
}

/* What may refuse before anything is changed. */
static int require(const struct options *options, unsigned int uses,
		   const struct inputs *inputs, struct error *err)
{
	const char *paths[] = { "/proc/self/exe", inputs->profile };
	size_t count = inputs->profile ? 2 : 1;

	uses |= PRIVILEGES_FENCE;
	if (inputs->policy.dns == STANCE_GUARDED)
		uses |= PRIVILEGES_GUARD;
	if (privileges_require(uses, err) < 0 ||
	    surroundings_refuse_host_network(options->any.allow_host_network, err) < 0)
		return -1;
	return options->any.allow_sudo
		       ? privileges_require_out_of_reach(paths, count, err)
		       : 0;
}

static int read_and_require(const struct user *user, bool drop, bool sudo,
			    struct start *start, struct inputs *inputs, struct error *err)
{
	unsigned int uses = drop ? PRIVILEGES_DROP : 0;

	if (inputs_read(&start->options, user, sudo, inputs, err) < 0)
		return -1;
	if (fence_is_open(&inputs->policy))
		return privileges_require(uses, err);
	return require(&start->options, uses, inputs, err);
}

int start_read(const struct options *given, const struct user *user, bool drop,
	       struct start *ret, struct inputs *inputs, struct error *err)
{
	bool sudo = false;

	*inputs = (struct inputs){ 0 };
	*ret = (struct start){ .options = *given };
	clock_gettime(CLOCK_MONOTONIC, &ret->began);
	if (refuse_words_under_sudo(given, &sudo, err) < 0)
		return -1;
	/* Where sudoers lets variables through, they are the agent's. */
	if (sudo)
		ret->options.any = (struct settings){ 0 };
	if (read_and_require(user, drop, sudo, ret, inputs, err) == 0)
		return 0;
	inputs_say_notes(&inputs->notes, NOTE_WARNING);
	return -1;
}

void start_say_notes(const struct inputs *inputs, const struct user *user, bool fenced)
{
	inputs_say_notes(&inputs->notes, NOTE_WARNING);
	if (fenced)
		warn_of_sources(inputs, user);
}

/* What log_event() takes, or NULL. */
static json_t *start_fields(const struct fence *fence, const struct inputs *inputs,
			    const struct user *user, double ms)
{
	json_t *fields = fence_describe_fields("start", fence, inputs);

	if (user)
		json_object_set_new(fields, "uid", json_integer(user->uid));
	json_object_set_new(fields, "ms", json_integer((json_int_t)(ms + 0.5)));
	return fields;
}

void start_say(const struct start *start, const struct fence *fence,
	       const struct inputs *inputs, const struct user *user)
{
	double ms = milliseconds_since(&start->began);
	struct buf line = { 0 };

	fence_describe(fence, &line);
	if (user)
		buf_printf(
			&line, ", uid %u%s", user->uid,
			start->options.any.allow_sudo
				? " with sudo (weaker: no no-new-privileges, no seccomp)"
				: "");
	fence_describe_names(fence, inputs, &line);
	buf_printf(&line, "; %.0f ms", ms);
	log_event(log_is_json() ? start_fields(fence, inputs, user, ms) : NULL, "%s",
		  line.failed ? "fenced" : line.data);
	buf_release(&line);
}

void start_warn(const struct user *user)
{
	const char *engine = surroundings_engine_socket();
	char text[512];

	if (engine)
		log_warning("%s is mounted: no fence holds against it, leave it out",
			    engine);
	if (!surroundings_directory_fits(user, text, sizeof(text)))
		log_warning("%s", text);
}
