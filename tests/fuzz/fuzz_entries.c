#include <string.h>

#include "lib/arena.h"
#include "lib/entries.h"
#include "tests/fuzz/fuzz.h"

/* The lines of a policy as they are kept beside a fence: whatever stands there, what is found is a piece
 * of one line of it, of the word that was asked for, and the same once more. The first byte
 * chooses the address. */

static const struct answer known = {
	"api.example.com",
	(const struct addr[]){ { 0xc6336407, FAMILY_4 } },
	1,
	ANSWER_OK,
	true,
};

static bool stands_in(const char *text, size_t length, const char *piece)
{
	size_t wanted = strlen(piece);

	return wanted == 0 || (length && memmem(text, length, piece, wanted));
}

static void check(const char *text, size_t length, const char *word,
		  const struct addr *addr)
{
	struct answer answer = known;
	const struct answers answers = { &answer, 1 };
	struct entry_line line, again;
	char begin[16];

	if (!entries_find(text, length, &answers, word, addr, &line))
		return;
	PROMISE(strlen(line.origin) < sizeof(line.origin));
	PROMISE(strlen(line.text) < sizeof(line.text));
	PROMISE(stands_in(text, length, line.origin) &&
		stands_in(text, length, line.text));
	PROMISE(!strpbrk(line.origin, "\t\n") && !strchr(line.text, '\n'));
	snprintf(begin, sizeof(begin), "%s\t", word);
	PROMISE(stands_in(text, length, begin));
	PROMISE(entries_find(text, length, &answers, word, addr, &again));
	PROMISE(strcmp(line.origin, again.origin) == 0 &&
		strcmp(line.text, again.text) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
	static const struct addr addrs[] = {
		{ 0xc6336407, FAMILY_4 },
		{ 0x0a010203, FAMILY_4 },
		{ (u128)0x20010db8 << 96, FAMILY_6 },
	};
	const char *text = (const char *)bytes + 1;

	if (length-- == 0)
		return 0;
	check(text, length, "allow", &addrs[bytes[0] % 3]);
	check(text, length, "deny", &addrs[bytes[0] % 3]);
	check(text, length, "inbound", NULL);
	return 0;
}
