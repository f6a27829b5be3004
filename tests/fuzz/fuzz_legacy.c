#include <string.h>

#include "lib/arena.h"
#include "lib/legacy.h"
#include "lib/macros.h"
#include "tests/fuzz/fuzz.h"

/* The rules of iptables-legacy, as the kernel gives them: never a byte beyond them is read, what is told
 * of them is told again, and a table that is cut somewhere tells no more than the whole. */

static size_t find(const struct legacy_table *table, bool *understood)
{
	struct findings findings = { .arena = arena_new(0) };
	size_t total;

	PROMISE(findings.arena);
	*understood = legacy_find(table, &findings);
	PROMISE(*understood || findings.total == 0);
	for (size_t i = 0; i < findings.count; i++)
		PROMISE(findings.v[i].kind && findings.v[i].text);
	total = findings.total;
	arena_free(findings.arena);
	return total;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
	struct legacy_table table = { .name = "mangle", .valid_hooks = 0x1f };
	bool understood, again;
	size_t total, part;
	void *copy;

	if (length < 6)
		return 0;
	table.six = bytes[0] & 1;
	table.name = bytes[0] & 2 ? "nat" : "mangle";
	for (size_t i = 0; i < LEGACY_HOOKS; i++)
		table.underflow[i] = bytes[i + 1] * 8u;
	bytes += 6;
	length -= 6;
	copy = malloc(length + 1);
	PROMISE(copy);
	memcpy(copy, bytes, length);
	table.entries = copy;
	table.size = length;
	total = find(&table, &understood);
	PROMISE(find(&table, &again) == total && again == understood);
	/* Without its last byte the last rule is none. */
	table.size = length ? length - 1 : 0;
	(void)find(&table, &again);
	PROMISE(!understood || !again || length == 0);
	table.size = length / 2 & ~(size_t)7;
	part = find(&table, &again);
	PROMISE(!understood || part <= total);
	free(copy);
	return 0;
}
