#include <string.h>

#include "lib/buf.h"
#include "lib/host.h"
#include "lib/json.h"
#include "lib/macros.h"
#include "lib/refusal.h"
#include "lib/timestamp.h"

/* One refusal as one line of JSON, and back. Lines lie in a file, and readers do not trust it. */

#define VERSION 1

/* What a line must say, whoever wrote it. */
static bool is_sound(const struct refusal *refusal)
{
	if (refusal->reason >= REFUSAL_REASONS || refusal->count == 0 ||
	    refusal->name_count > REFUSAL_NAMES)
		return false;
	if (refusal->port && !refusal->protocol)
		return false;
	for (size_t i = 0; i < refusal->name_count; i++)
		if (!refusal->names[i] || !*refusal->names[i])
			return false;
	return refusal->has_addr || (refusal->name_count && !refusal->protocol);
}

static void put_text(json_t *object, const char *key, const char *text)
{
	size_t length = text ? strlen(text) : 0;

	/* Half a line of policy would be another line. */
	if (length && length < REFUSAL_TEXT && text_is_plain(text, length))
		json_object_set_new(object, key, json_string(text));
}

static void put_number(json_t *object, const char *key, uint64_t number)
{
	json_int_t value = number > INT64_MAX ? INT64_MAX : (json_int_t)number;

	json_object_set_new(object, key, json_integer(value));
}

static void put_names(json_t *object, const struct refusal *refusal, size_t count)
{
	json_t *names = json_array();
	char plain[HOST_TEXT];

	for (size_t i = 0; i < count; i++) {
		const char *name = refusal->names[i];

		escape_unless_plain(plain, sizeof(plain), name, strlen(name));
		json_array_append_new(names, json_string(plain));
	}
	json_object_set_new(object, "names", names);
}

static void put_where(json_t *object, const struct refusal *refusal, size_t names)
{
	char addr[ADDR_TEXT], number[4], type[REFUSAL_TYPE_TEXT];

	if (names)
		put_names(object, refusal, names);
	if (refusal->has_addr)
		put_text(object, "address", addr_format(&refusal->addr, addr));
	if (refusal->protocol)
		put_text(object, "protocol",
			 refusal_protocol_name(refusal->protocol, number));
	if (refusal->port)
		put_number(object, "port", refusal->port);
	if (refusal->type)
		put_text(object, "type", refusal_type_name(refusal->type, type));
}

static json_t *begin(int64_t time)
{
	json_t *object = json_object();
	char shown[TIMESTAMP_TEXT];

	put_number(object, "version", VERSION);
	put_text(object, "time", timestamp_format(time, shown));
	return object;
}

/* The length; 0 without memory, REFUSAL_LINE or more when there is no room. Takes the object. */
static size_t end(json_t *object, char out[static REFUSAL_LINE])
{
	size_t length = json_dumpb(object, out, REFUSAL_LINE - 1,
				   JSON_COMPACT | JSON_ENSURE_ASCII);

	json_decref(object);
	if (json_starved())
		return 0;
	if (length < REFUSAL_LINE)
		out[length] = '\0';
	return length;
}

static json_t *describe(const struct refusal *refusal, size_t names)
{
	char program[REFUSAL_PROGRAM];
	json_t *object = begin(refusal->time);

	put_text(object, "reason", refusal_reason_name(refusal->reason));
	json_object_set_new(object, "audit", json_boolean(refusal->audit));
	if (refusal->has_uid)
		put_number(object, "uid", refusal->uid);
	escape_unless_plain(program, sizeof(program), refusal->program,
			    strnlen(refusal->program, REFUSAL_PROGRAM));
	put_text(object, "program", program);
	put_where(object, refusal, names);
	put_number(object, "count", refusal->count);
	put_text(object, "allow", refusal->allow);
	put_text(object, "rule", refusal->rule);
	return object;
}

size_t refusal_print_json(const struct refusal *refusal, char out[static REFUSAL_LINE])
{
	size_t names = refusal->name_count, length;

	if (!is_sound(refusal))
		return 0;
	for (;;) {
		length = end(describe(refusal, names), out);
		if (length < REFUSAL_LINE)
			return length;
		if (names <= 1)
			return 0;
		names--;
	}
}

size_t refusal_print_lost(int64_t time, uint64_t lost, char out[static REFUSAL_LINE])
{
	json_t *object = begin(time);

	put_number(object, "lost", lost);
	return end(object, out);
}

/* Takes values out of an object; the first that is not as it should be spoils the whole. */
struct reader {
	json_t *object;
	struct arena *arena;
	bool bad;
};

/* NULL: not there, or not as it should be. */
static const char *checked(struct reader *reader, const json_t *value, size_t size)
{
	const char *text = json_string_value(value);
	size_t length = json_string_length(value);

	if (!value)
		return NULL;
	if (!text || length == 0 || length >= size || !text_is_plain(text, length)) {
		reader->bad = true;
		return NULL;
	}
	return text;
}

static const char *text_at(struct reader *reader, const char *key, size_t size)
{
	return checked(reader, json_object_get(reader->object, key), size);
}

static const char *copy(struct reader *reader, const char *text)
{
	char *kept = text ? arena_strndup(reader->arena, text, strlen(text)) : NULL;

	if (text && !kept) {
		reader->bad = true;
		json_starve();
	}
	return kept;
}

/* False when it is not there; from `min` to `max`. */
static bool number_at(struct reader *reader, const char *key, int64_t min, int64_t max,
		      int64_t *ret)
{
	const json_t *value = json_object_get(reader->object, key);

	if (!value)
		return false;
	*ret = json_integer_value(value);
	if (!json_is_integer(value) || *ret < min || *ret > max)
		reader->bad = true;
	return !reader->bad;
}

static void read_names(struct reader *reader, struct refusal *ret)
{
	json_t *names = json_object_get(reader->object, "names"), *name;
	size_t i;

	if (!names)
		return;
	if (!json_is_array(names) || json_array_size(names) > REFUSAL_NAMES) {
		reader->bad = true;
		return;
	}
	json_array_foreach (names, i, name)
		ret->names[i] = copy(reader, checked(reader, name, HOST_TEXT));
	ret->name_count = json_array_size(names);
}

static void read_where(struct reader *reader, struct refusal *ret)
{
	const char *addr = text_at(reader, "address", ADDR_TEXT);
	const char *protocol = text_at(reader, "protocol", 8);
	const char *type = text_at(reader, "type", REFUSAL_TYPE_TEXT);
	int64_t port;

	if (addr) {
		ret->has_addr = addr_parse(addr, strlen(addr), &ret->addr);
		reader->bad |= !ret->has_addr;
	}
	if (protocol) {
		ret->protocol = refusal_protocol_parse(protocol);
		reader->bad |= !ret->protocol;
	}
	if (type) {
		ret->type = refusal_type_parse(type);
		reader->bad |= !ret->type;
	}
	if (number_at(reader, "port", 1, UINT16_MAX, &port))
		ret->port = (uint16_t)port;
}

static void read_who(struct reader *reader, struct refusal *ret)
{
	const char *program = text_at(reader, "program", REFUSAL_PROGRAM);
	int64_t uid;

	if (number_at(reader, "uid", 0, UINT32_MAX, &uid)) {
		ret->has_uid = true;
		ret->uid = (uint32_t)uid;
	}
	if (program)
		memcpy(ret->program, program, strlen(program));
}

static void read_why(struct reader *reader, struct refusal *ret)
{
	const char *reason = text_at(reader, "reason", REFUSAL_TEXT);
	const json_t *audit = json_object_get(reader->object, "audit");

	if (!reason || !refusal_reason_parse(reason, &ret->reason))
		reader->bad = true;
	if (audit && !json_is_boolean(audit))
		reader->bad = true;
	ret->audit = json_is_true(audit);
	ret->allow = copy(reader, text_at(reader, "allow", REFUSAL_TEXT));
	ret->rule = copy(reader, text_at(reader, "rule", REFUSAL_TEXT));
}

/* A line of our version, and its time; to be released. */
static json_t *begin_reading(const char *line, size_t length, int64_t *ret_time)
{
	json_t *object = NULL;
	const char *time;

	/* Nothing is decoded that netpale cannot have written. */
	if (length < REFUSAL_LINE && text_is_plain(line, length))
		object = json_loadb(line, length, JSON_REJECT_DUPLICATES, NULL);
	time = json_string_value(json_object_get(object, "time"));
	if (!time || json_integer_value(json_object_get(object, "version")) != VERSION ||
	    !timestamp_parse(time, strlen(time), ret_time)) {
		json_decref(object);
		return NULL;
	}
	return object;
}

bool refusal_parse_json(const char *line, size_t length, struct arena *arena,
			struct refusal *ret)
{
	struct reader reader = { .arena = arena };
	int64_t count = 0;

	*ret = (struct refusal){ 0 };
	reader.object = begin_reading(line, length, &ret->time);
	if (!reader.object)
		return false;
	if (number_at(&reader, "count", 1, INT64_MAX, &count))
		ret->count = (uint64_t)count;
	read_why(&reader, ret);
	read_names(&reader, ret);
	read_who(&reader, ret);
	read_where(&reader, ret);
	json_decref(reader.object);
	return !reader.bad && is_sound(ret);
}

bool refusal_parse_lost(const char *line, size_t length, int64_t *ret_time,
			uint64_t *ret_lost)
{
	struct reader reader = { .object = begin_reading(line, length, ret_time) };
	int64_t lost = 0;
	bool there = number_at(&reader, "lost", 1, INT64_MAX, &lost);

	json_decref(reader.object);
	*ret_lost = (uint64_t)lost;
	return there;
}
