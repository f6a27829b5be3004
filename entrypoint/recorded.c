#include "entrypoint/recorded.h"

#include <errno.h>
#include <linux/capability.h>
#include <sys/random.h>

#include "entrypoint/capabilities.h"
#include "entrypoint/netlink.h"
#include "entrypoint/record.h"
#include "entrypoint/state.h"

int recorded_read(int64_t since, struct recorded *ret, struct error *err)
{
	struct buf text CLEANUP(buf_release) = { 0 };
	uint8_t key[HASH_KEY];
	int result = record_read(&text, err);

	if (result > 0)
		error_set(err, ERROR_KERNEL,
			  "there is no " STATE_DIRECTORY "/" RECORD_FILE
			  "; only a guard, or netpale as PID 1, stays and records, and a "
			  "read-only root needs --tmpfs /run");
	if (result != 0)
		return result;
	if (getrandom(key, sizeof(key), 0) != sizeof(key))
		return error_errno(err, ERROR_KERNEL, errno, "cannot draw a random key");
	ret->arena = arena_new(0);
	if (!ret->arena)
		return error_memory(err);
	return refusal_list_read(&ret->list, text.data ? text.data : "", text.length,
				 since, key, ret->arena, err);
}

void recorded_release(struct recorded *recorded)
{
	refusal_list_release(&recorded->list);
	arena_free(recorded->arena);
	*recorded = (struct recorded){ 0 };
}

int recorded_counts(struct counts *ret, struct error *err)
{
	struct netlink *netlink CLEANUP(netlink_closep) = NULL;
	struct buf bytes CLEANUP(buf_release) = { 0 };

	if (!(capabilities_read(CAPABILITIES_EFFECTIVE) &
	      capability_bit(CAP_NET_ADMIN))) {
		error_set(err, ERROR_PRIVILEGE,
			  "the kernel's counters are read with CAP_NET_ADMIN only");
		return 1;
	}
	if (netlink_open(&netlink, err) < 0 ||
	    netlink_read_counts(netlink, &bytes, err) < 0)
		return 1;
	return counts_read(bytes.data, bytes.length, ret, err);
}
