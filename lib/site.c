#include "lib/site.h"

#include <string.h>

#include "lib/macros.h"

/* Docker keeps the resolvers it asks itself in a comment, those it asks from the host's
 * namespace in host(): "# ExtServers: [host(192.0.2.1) 198.51.100.7]". */
#define EXT_SERVERS "ExtServers:"

struct text {
	const char *at, *end;
};

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r';
}

static void skip_blanks(struct text *text)
{
	while (text->at < text->end && is_blank(*text->at))
		text->at++;
}

static bool skip_word(struct text *text, const char *word)
{
	size_t length = strlen(word);

	if ((size_t)(text->end - text->at) < length ||
	    memcmp(text->at, word, length) != 0)
		return false;
	text->at += length;
	return true;
}

static struct text take_word(struct text *text)
{
	struct text word;

	skip_blanks(text);
	word = (struct text){ text->at, text->at };
	while (word.end < text->end && !is_blank(*word.end))
		word.end++;
	text->at = word.end;
	return word;
}

static bool take_line(struct text *text, struct text *ret)
{
	const char *newline;

	if (text->at == text->end)
		return false;
	newline = memchr(text->at, '\n', (size_t)(text->end - text->at));
	*ret = (struct text){ text->at, newline ? newline : text->end };
	text->at = newline ? newline + 1 : text->end;
	return true;
}

static bool parse_addr(struct text word, struct addr *ret)
{
	const char *zone = memchr(word.at, '%', (size_t)(word.end - word.at));

	return addr_parse(word.at, (size_t)((zone ? zone : word.end) - word.at), ret);
}

static void add_resolver(struct site *site, const struct addr *addr)
{
	if (site_is_docker_dns(addr))
		site->docker_dns = true;
	for (size_t i = 0; i < site->resolver_count; i++) {
		if (addr_compare(&site->resolvers[i], addr) == 0)
			return;
	}
	if (site->resolver_count < SITE_MAX)
		site->resolvers[site->resolver_count++] = *addr;
}

static void read_nameserver(struct site *site, struct text line)
{
	struct addr addr;

	skip_blanks(&line);
	if (skip_word(&line, "nameserver") && line.at < line.end && is_blank(*line.at) &&
	    parse_addr(take_word(&line), &addr))
		add_resolver(site, &addr);
}

static void read_ext_servers(struct site *site, struct text line)
{
	skip_blanks(&line);
	if (!skip_word(&line, "#"))
		return;
	skip_blanks(&line);
	if (!skip_word(&line, EXT_SERVERS))
		return;
	site->docker_tells = true;
	skip_blanks(&line);
	if (!skip_word(&line, "["))
		return;
	line.end = memchr(line.at, ']', (size_t)(line.end - line.at));
	if (!line.end)
		return;
	for (;;) {
		struct text word = take_word(&line);
		struct addr addr;

		if (word.at == word.end)
			return;
		if (parse_addr(word, &addr)) /* "host(...)" is no address */
			add_resolver(site, &addr);
	}
}

void site_parse_resolv_conf(struct site *site, const char *bytes, size_t length)
{
	struct text text = { bytes, bytes + length }, line;

	while (take_line(&text, &line))
		read_nameserver(site, line);
	if (!site->docker_dns)
		return;
	text = (struct text){ bytes, bytes + length };
	while (take_line(&text, &line))
		read_ext_servers(site, line);
}

bool site_is_docker_dns(const struct addr *addr)
{
	return addr->family == FAMILY_4 && addr->value == SITE_DOCKER_DNS;
}

bool site_is_on_link(const struct site *site, const struct addr *addr)
{
	for (size_t i = 0; i < site->attached_count; i++) {
		if (prefix_contains(&site->attached[i], addr))
			return true;
	}
	return false;
}

static bool holds(const struct addr *addrs, size_t count, const struct addr *addr)
{
	for (size_t i = 0; i < count; i++) {
		if (addr_compare(&addrs[i], addr) == 0)
			return true;
	}
	return false;
}

bool site_is_gateway(const struct site *site, const struct addr *addr)
{
	return holds(site->gateways, site->gateway_count, addr);
}

bool site_is_own(const struct site *site, const struct addr *addr)
{
	return holds(site->own, site->own_count, addr);
}
