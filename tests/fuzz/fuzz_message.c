#include <string.h>

#include "lib/message.h"
#include "tests/fuzz/fuzz.h"

/* A packet from the other end: what is understood is what encode writes, to the byte, and
 * says nothing out of range. */

static void check(const struct message *message)
{
	char host[HOST_TEXT];
	struct error err;

	PROMISE(message->count <= MESSAGE_ADDRS);
	PROMISE(message->type != MESSAGE_SERVE || message->count <= MESSAGE_UPSTREAMS);
	PROMISE(message->verdict < VERDICT_COUNT);
	for (size_t i = 0; i < message->count; i++)
		PROMISE(message->addrs[i].value <= addr_max(message->addrs[i].family));
	if (!message->host[0])
		return;
	PROMISE(host_normalise(message->host, strlen(message->host), host, &err) == 0);
	PROMISE(strcmp(host, message->host) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
	static struct message message;
	static uint8_t again[MESSAGE_BYTES];
	struct error err;

	if (message_decode(bytes, length, &message, &err) < 0) {
		PROMISE(err.kind == ERROR_POLICY);
		return 0;
	}
	check(&message);
	PROMISE(length <= MESSAGE_BYTES);
	PROMISE(message_encode(&message, again) == length);
	PROMISE(memcmp(again, bytes, length) == 0);
	return 0;
}
