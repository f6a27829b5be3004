#include "lib/search.h"

#include <stdio.h>
#include <string.h>

#define BLANKS " \t\r\n"

static void add_domain(struct search *search, const char *word)
{
	struct error ignored;

	if (search->count < SEARCH_MAX &&
	    host_normalise(word, strlen(word), search->domains[search->count],
			   &ignored) == 0)
		search->count++;
}

void search_read_line(struct search *search, char *line)
{
	const char *key = strsep(&line, BLANKS);
	bool domains = strcmp(key, "search") == 0 || strcmp(key, "domain") == 0;
	bool options = strcmp(key, "options") == 0;
	const char *word;

	if (domains)
		search->count = 0;
	while ((word = strsep(&line, BLANKS))) {
		if (domains)
			add_domain(search, word);
		else if (options && strncmp(word, "ndots:", 6) == 0)
			search->name_first = strcmp(word, "ndots:0") == 0;
	}
}

bool search_candidate(const struct search *search, const char *host, size_t i,
		      char out[static HOST_TEXT])
{
	size_t domains = host_is_single_label(host) ? search->count : 0;
	size_t plain = search->name_first ? 0 : domains;
	int length;

	if (i > domains)
		return false;
	if (i == plain)
		length = snprintf(out, HOST_TEXT, "%s", host);
	else
		length = snprintf(out, HOST_TEXT, "%s.%s", host,
				  search->domains[i - (i > plain)]);
	if (length >= HOST_TEXT)
		out[0] = '\0';
	return true;
}
