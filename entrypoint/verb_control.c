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

/* A string as a terminal may have it: in paths and in what was written stands what others chose. */
#define SHOWN CONTROL_TEXT
static const char *show(const json_t *string, char out[static SHOWN])
{
	const char *text = json_string_value(string);

	return escape_unless_plain(out, SHOWN, text ? text : "", text ? strlen(text) : 0);
}

static const char *show_at(const json_t *object, const char *key, char out[static SHOWN])
{
	return show(json_object_get(object, key), out);
}

#define COLUMNS 80

/* Continues a line that has `indent` columns, and ends it; the text goes on below where it is too
 * long. It may be parted behind each comma. */
static void print_wrapped(int indent, const char *text)
{
	int column = indent;

	while (*text) {
		int length = (int)strcspn(text, ",");

		length += text[length] == ',';
		if (column > indent && column + length > COLUMNS) {
			printf("\n%*s", indent, "");
			column = indent;
			text += *text == ' ';
			continue;
		}
		printf("%.*s", length, text);
		column += length;
		text += length;
	}
	putchar('\n');
}

/* "known 2, open 2, ..."; without `zeros` what did not happen is left out. */
static void print_counts(const char *title, const json_t *object, bool zeros)
{
	struct buf text CLEANUP(buf_release) = { 0 };
	char shown[SHOWN];
	const char *key;
	json_t *value;

	json_object_foreach((json_t *)object, key, value)
	{
		if (json_is_integer(value) && (zeros || json_integer_value(value)))
			buf_printf(&text, "%s%s %" JSON_INTEGER_FORMAT,
				   text.length ? ", " : "",
				   escape_unless_plain(shown, SHOWN, key, strlen(key)),
				   json_integer_value(value));
	}
	printf("%-10s", title);
	print_wrapped(10, text.data ? text.data : "nothing");
}

static void print_head(const json_t *status)
{
	const json_t *layers = json_object_get(status, "layers");
	const json_t *reloads = json_object_get(status, "reloads");
	const json_t *forwarder = json_object_get(status, "forwarder");
	char shown[SHOWN], dns[SHOWN];
	json_t *layer;
	size_t i;

	printf("%-10s%s, dns %s\n", "policy", show_at(status, "policy", shown),
	       show_at(status, "dns", dns));
	json_array_foreach (layers, i, layer)
		printf("%-10s%s\n", i ? "" : "layers", show(layer, shown));
	printf("%-10s%" JSON_INTEGER_FORMAT " tried, %" JSON_INTEGER_FORMAT " refused\n",
	       "reloads", number(reloads, "tried"), number(reloads, "refused"));
	if (*show_at(reloads, "fault", shown))
		printf("%-10s%s\n", "", shown);
	if (forwarder)
		print_counts("names", json_object_get(status, "names"), true);
	print_counts("refused", json_object_get(status, "refusals"), false);
	if (!forwarder)
		return;
	printf("%-10s%s\n", "forwarder",
	       json_is_true(json_object_get(forwarder, "serving")) ? "serving"
								   : "NOT SERVING");
	print_counts("", forwarder, true);
}

/* The first columns of the table of leases; where both are too narrow together, the address begins
 * a line of its own. */
#define NAME_COLUMN 31
#define ADDRESS_COLUMN 24
#define PORTS_INDENT 64

static void print_lease(const json_t *lease)
{
	char name[SHOWN], address[SHOWN], shown[SHOWN];
	struct buf ports CLEANUP(buf_release) = { 0 };
	json_int_t seconds = number(lease, "seconds");
	char ends[32] = "lapsed";
	json_t *port;
	size_t i;

	json_array_foreach (json_object_get(lease, "ports"), i, port)
		buf_printf(&ports, "%s%s", i ? ", " : "", show(port, shown));
	show_at(lease, "name", name);
	show_at(lease, "address", address);
	if (seconds)
		snprintf(ends, sizeof(ends), "%" JSON_INTEGER_FORMAT "s", seconds);
	if (strlen(name) > NAME_COLUMN || strlen(address) > ADDRESS_COLUMN)
		printf("%s\n  %-*s", name, NAME_COLUMN + ADDRESS_COLUMN - 1, address);
	else
		printf("%-*s %-*s", NAME_COLUMN, name, ADDRESS_COLUMN, address);
	printf(" %6s ", ends);
	print_wrapped(PORTS_INDENT, ports.data ? ports.data : "");
}

static void print_leases(const json_t *leases)
{
	json_t *lease;
	size_t i;

	if (json_array_size(leases))
		printf("\n%-*s %-*s %6s %s\n", NAME_COLUMN, "NAME", ADDRESS_COLUMN,
		       "ADDRESS", "ENDS", "PORTS");
	json_array_foreach (leases, i, lease)
		print_lease(lease);
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
