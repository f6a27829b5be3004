#include "lib/yaml_fault.h"

#include <stdbool.h>
#include <string.h>

#include "lib/buf.h"

#define SHOWN 100

static bool is_break(char c)
{
	return c == '\n' || c == '\r';
}

/* The line as libyaml counts them ("\r\n" is one break), without its leading blanks. */
static const char *find_line(const char *bytes, size_t length, size_t line,
			     size_t *ret_length)
{
	const char *at = bytes, *end = bytes + length, *start;

	for (; line > 0 && at < end; at++)
		if (is_break(*at) && !(*at == '\r' && at + 1 < end && at[1] == '\n'))
			line--;
	while (at < end && *at == ' ')
		at++;
	for (start = at; at < end && !is_break(*at);)
		at++;
	*ret_length = (size_t)(at - start);
	return start;
}

/* What people do that YAML reads otherwise, by the text of the line. */
static const char *find_hint(const char *problem, const char *line, size_t length)
{
	static const struct {
		const char *problem, *part, *hint;
	} hints[] = {
		{ "", "]:", "; put an entry that begins with '[' in quotes" },
		{ "cannot start", "\t", "; YAML is indented by blanks, not by tabs" },
		{ "cannot start", "@", "; put a value that begins with '@' in quotes" },
		{ "cannot start", "%", "; put a value that begins with '%' in quotes" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(hints); i++)
		if (strstr(problem, hints[i].problem) &&
		    memmem(line, length, hints[i].part, strlen(hints[i].part)))
			return hints[i].hint;
	return "";
}

static void note_syntax(const yaml_parser_t *parser, const char *bytes, size_t length,
			const char *source, struct notes *notes)
{
	const char *problem = parser->problem ? parser->problem : "unknown fault";
	bool in_alias = parser->context && strstr(parser->context, "alias");
	yaml_mark_t mark = in_alias ? parser->context_mark : parser->problem_mark;
	struct origin at = { source, (unsigned)mark.line + 1, (unsigned)mark.column + 1 };
	char shown[SHOWN];
	size_t line_length;
	const char *line = find_line(bytes, length, mark.line, &line_length);

	escape(shown, sizeof(shown), line, line_length);
	if (in_alias)
		notes_add(notes, NOTE_ERROR, &at,
			  "'%s': '*' begins a YAML alias; put a wildcard in quotes: "
			  "\"*.example.com\"",
			  shown);
	else if (line_length)
		notes_add(notes, NOTE_ERROR, &at, "'%s' is not YAML: %s%s", shown,
			  problem, find_hint(problem, line, line_length));
	else
		notes_add(notes, NOTE_ERROR, &at, "not YAML: %s", problem);
}

/* The reader's faults are told by byte offset. */
static void note_bytes(const yaml_parser_t *parser, const char *bytes, size_t length,
		       const char *source, struct notes *notes)
{
	size_t offset = parser->problem_offset < length ? parser->problem_offset : length;
	struct origin at = { source, 1, 1 };

	for (size_t i = 0; i < offset; i++) {
		at.column++;
		if (is_break(bytes[i])) {
			at.line++;
			at.column = 1;
		}
	}
	if (offset < length && bytes[offset] == '\0')
		notes_add(notes, NOTE_ERROR, &at, "a NUL byte; expected YAML text");
	else
		notes_add(notes, NOTE_ERROR, &at, "not UTF-8 text: %s", parser->problem);
}

void yaml_fault(const yaml_parser_t *parser, const char *bytes, size_t length,
		const char *source, struct notes *notes)
{
	switch (parser->error) {
	case YAML_MEMORY_ERROR:
		notes->out_of_memory = true;
		break;
	case YAML_READER_ERROR:
		note_bytes(parser, bytes, length, source, notes);
		break;
	case YAML_NO_ERROR:
	case YAML_SCANNER_ERROR:
	case YAML_PARSER_ERROR:
	case YAML_COMPOSER_ERROR:
	case YAML_WRITER_ERROR:
	case YAML_EMITTER_ERROR:
		note_syntax(parser, bytes, length, source, notes);
		break;
	}
}
