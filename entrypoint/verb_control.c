#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "entrypoint/control.h"
#include "entrypoint/fd.h"
#include "entrypoint/state.h"
#include "entrypoint/verbs.h"

/* The verbs that speak to a guard: reload, status. */

int verb_reload(const struct options *options, struct error *err)
{
	int attached CLEANUP(close_fdp) = -1;
	char text[CONTROL_TEXT];

	(void)options;
	if (control_ask("reload", text, &attached, err) < 0)
		return -1;
	if (strcmp(text, "ok") != 0)
		return error_set(err, ERROR_POLICY, "the policy stays as it was: %.400s",
				 text);
	return EX_OK;
}

/* Of the guard, or, when it is not ours to ask, what it keeps for the agent. */
static int read_status(json_t **ret, struct error *err)
{
	struct buf kept CLEANUP(buf_release) = { 0 };
	int file CLEANUP(close_fdp) = -1;
	char text[CONTROL_TEXT];
	struct error refused, unread;

	if (control_ask("status", text, &file, &refused) == 0) {
		if (file < 0 || lseek(file, 0, SEEK_SET) < 0)
			return error_set(err, ERROR_KERNEL, "the guard says: %.400s",
					 text);
		*ret = json_loadfd(file, 0, NULL);
	} else if (refused.kind == ERROR_PRIVILEGE &&
		   state_read_status(&kept, &unread) == 0 && kept.length) {
		*ret = json_loadb(kept.data, kept.length, 0, NULL);
	} else {
		*err = refused;
		return -1;
	}
	return *ret ? 0 : error_set(err, ERROR_KERNEL, "the status is not understood");
}

static json_int_t number(const json_t *object, const char *key)
{
	return json_integer_value(json_object_get(object, key));
}

static const char *text_of(const json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));

	return text ? text : "";
}

/* Within 80 columns. */
#define COUNTS_A_LINE 5

static void print_counts(const char *title, const json_t *object)
{
	unsigned shown = 0;
	const char *key;
	json_t *value;

	printf("%-10s", title);
	json_object_foreach((json_t *)object, key, value)
	{
		if (!json_is_integer(value))
			continue;
		if (shown > 0)
			printf("%s", shown % COUNTS_A_LINE ? ", " : ",\n          ");
		printf("%s %" JSON_INTEGER_FORMAT, key, json_integer_value(value));
		shown++;
	}
	putchar('\n');
}

static void print_head(const json_t *status)
{
	const json_t *layers = json_object_get(status, "layers");
	const json_t *reloads = json_object_get(status, "reloads");
	const json_t *forwarder = json_object_get(status, "forwarder");
	const char *fault = text_of(reloads, "fault");
	json_t *layer;
	size_t i;

	printf("%-10s%s, dns %s\n", "policy", text_of(status, "mode"),
	       text_of(status, "dns"));
	json_array_foreach (layers, i, layer)
		printf("%-10s%s\n", i ? "" : "layers", json_string_value(layer));
	printf("%-10s%" JSON_INTEGER_FORMAT " tried, %" JSON_INTEGER_FORMAT " refused\n",
	       "reloads", number(reloads, "tried"), number(reloads, "refused"));
	if (*fault)
		printf("%-10s%s\n", "", fault);
	if (!forwarder)
		return;
	print_counts("names", json_object_get(status, "names"));
	print_counts("refused", json_object_get(status, "refusals"));
	printf("%-10s%s\n", "forwarder",
	       json_is_true(json_object_get(forwarder, "serving")) ? "serving"
								   : "NOT SERVING");
	print_counts("", forwarder);
}

static void print_leases(const json_t *leases)
{
	json_t *lease, *port;
	size_t i, j;

	if (json_array_size(leases))
		printf("\n%-40s %-24s %6s  %s\n", "NAME", "ADDRESS", "ENDS", "PORTS");
	json_array_foreach (leases, i, lease) {
		json_int_t seconds = number(lease, "seconds");

		printf("%-40s %-24s ", text_of(lease, "name"), text_of(lease, "address"));
		if (seconds)
			printf("%5" JSON_INTEGER_FORMAT "s ", seconds);
		else
			printf("lapsed ");
		json_array_foreach (json_object_get(lease, "ports"), j, port)
			printf(" %s", json_string_value(port));
		putchar('\n');
	}
}

int verb_status(const struct options *options, struct error *err)
{
	json_t *status = NULL;
	int result;

	if (read_status(&status, err) < 0)
		return -1;
	if (options->any.json) {
		json_dumpf(status, stdout, JSON_COMPACT);
		putchar('\n');
	} else {
		print_head(status);
		print_leases(json_object_get(status, "leases"));
	}
	json_decref(status);
	result = fflush(stdout);
	return result == 0 ? EX_OK
			   : error_set(err, ERROR_KERNEL, "cannot write the result");
}
