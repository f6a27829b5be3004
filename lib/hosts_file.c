#include "lib/hosts_file.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/arena.h"
#include "lib/host.h"
#include "lib/resolver.h"

struct reading {
	hosts_file_take *take;
	void *context;
	bool pinned; /* between the marks of an earlier netpale */
};

static const char *next_word(char **rest)
{
	char *word;

	do
		word = strsep(rest, " \t\r\n");
	while (word && !*word);
	return word;
}

static bool begins(const char *line, const char *with)
{
	return strncmp(line, with, strlen(with)) == 0;
}

static void read_line(void *context, char *line)
{
	struct reading *reading = context;
	const char *word;
	struct addr addr;
	struct error ignored;

	if (begins(line, RESOLVER_PINNED_BEGIN) || begins(line, RESOLVER_PINNED_END))
		reading->pinned = begins(line, RESOLVER_PINNED_BEGIN);
	line[strcspn(line, "#")] = '\0';
	word = next_word(&line);
	if (reading->pinned || !word || !addr_parse(word, strlen(word), &addr))
		return;
	while ((word = next_word(&line))) {
		char host[HOST_TEXT];

		if (host_normalise(word, strlen(word), host, &ignored) == 0)
			reading->take(reading->context, host, &addr);
	}
}

int hosts_file_lines(const char *path, void (*take)(void *context, char *line),
		     void *context)
{
	FILE *file;
	char *line = NULL;
	size_t size = 0;
	int number;

	errno = 0;
	file = fopen(path, "re");
	while (file && getline(&line, &size, file) >= 0)
		take(context, line);
	/* An end leaves it as it was. */
	number = errno;
	free(line);
	if (file)
		fclose(file);
	return number == ENOMEM ? -1 : 0;
}

int hosts_file_read(const char *path, hosts_file_take *take, void *context)
{
	struct reading reading = { .take = take, .context = context };

	return hosts_file_lines(path ? path : "/etc/hosts", read_line, &reading);
}

/* --- as answers -------------------------------------------------------------------------- */

struct gathering {
	const struct resolver_filter *filter;
	struct arena *arena;
	struct answer *v; /* one for each pair */
	size_t count, capacity;
	bool out_of_memory;
};

static void gather(void *context, const char *host, const struct addr *addr)
{
	struct gathering *gathering = context;
	struct addr *addr_copy;
	char *host_copy;

	if (!gathering->filter->wants(gathering->filter->context, host))
		return;
	addr_copy = arena_alloc(gathering->arena, sizeof(*addr_copy));
	host_copy = arena_strndup(gathering->arena, host, strlen(host));
	if (!addr_copy || !host_copy ||
	    !array_grow(&gathering->v, &gathering->capacity, gathering->count,
			sizeof(*gathering->v))) {
		gathering->out_of_memory = true;
		return;
	}
	*addr_copy = *addr;
	gathering->v[gathering->count++] = (struct answer){
		.host = host_copy,
		.addrs = addr_copy,
		.count = 1,
		.state = ANSWER_OK,
		.fixed = true,
	};
}

int resolver_read_hosts(const char *path, const struct resolver_filter *filter,
			struct arena *arena, struct answers *ret, struct error *err)
{
	struct gathering gathering = { .filter = filter, .arena = arena };
	struct answers answers = { 0 };

	if (hosts_file_read(path, gather, &gathering) < 0)
		gathering.out_of_memory = true;
	answers.v = arena_alloc(arena, gathering.count * sizeof(*answers.v));
	if (gathering.out_of_memory || !answers.v) {
		free(gathering.v);
		return error_memory(err);
	}
	if (gathering.count)
		memcpy(answers.v, gathering.v, gathering.count * sizeof(*answers.v));
	answers.count = gathering.count;
	free(gathering.v);
	if (answers_normalise(&answers, arena, err) < 0)
		return -1;
	*ret = answers;
	return 0;
}
