#include "entrypoint/recorder.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "entrypoint/fd.h"
#include "entrypoint/log.h"
#include "entrypoint/nflog.h"
#include "entrypoint/record.h"
#include "lib/buf.h"
#include "lib/clock.h"
#include "lib/dnsmsg.h"
#include "lib/macros.h"
#include "lib/recall.h"

#define PORT_DISCARD 9u
/* One turn of reading: whoever calls has signals to take. A policy of 100,000 lines takes a while to
 * ask; what the socket has no room for meanwhile is counted as lost. */
#define TURN_MS 20
/* So many at the end: more than the fence lets through at once (ruleset.c), and no more where it goes on. */
#define LAST_TURNS 16
/* How often lost rows are said while it goes on. */
#define LOST_AGAIN_MS 10000
/* Rows on stderr at the end, where they stand nowhere else. */
#define REST_ROWS 10u

/* A pipe takes so much at once or nothing. */
_Static_assert(REFUSAL_LINE <= PIPE_BUF, "a line would be cut");

struct recorder {
	struct nflog *nflog; /* NULL: there is no log */
	struct record record;
	struct refusals *refusals;
	struct resolved *resolved;
	struct recall *recall;
	bool people; /* --log stderr */
	int machine; /* --log NUMBER; -1 */
	bool machine_is_socket;
	uint64_t machine_lost; /* rows that it did not take, and has not been told of */
	uint64_t lost_said;    /* of lost() */
	int64_t lost_again;    /* of the steady clock */
};

/* --- opening ------------------------------------------------------------------------------- */

/* A socket cannot be opened again, nor a pipe that is another user's: then poll() has to do. */
static int open_own(int fd)
{
	int own = fd_reopen(fd);

	return own >= 0 ? own : fcntl(fd, F_DUPFD_CLOEXEC, FD_FIRST);
}

static int parse_fd(const char *text)
{
	char *end;
	long fd = strtol(text, &end, 10);

	return text[0] < '0' || text[0] > '9' || *end || fd > INT_MAX ? -1 : (int)fd;
}

/* What we have opened ourselves is close-on-exec, what was given to us is not. */
static bool was_given(int fd)
{
	int flags = fcntl(fd, F_GETFD), mode = fcntl(fd, F_GETFL);

	return flags >= 0 && !(flags & FD_CLOEXEC) && (mode & O_ACCMODE) != O_RDONLY;
}

static int open_machine(struct recorder *recorder, const char *to, struct error *err)
{
	int fd = parse_fd(to), type;
	socklen_t size = sizeof(type);
	char shown[64];

	if (fd < 0 || !was_given(fd))
		return error_set(err, ERROR_USAGE,
				 "--log: expected stderr or the number of an open "
				 "descriptor, not '%s'",
				 escape(shown, sizeof(shown), to, strlen(to)));
	recorder->machine = open_own(fd);
	if (recorder->machine < 0)
		return error_errno(err, ERROR_KERNEL, errno, "--log: descriptor %d", fd);
	recorder->machine_is_socket =
		getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &size) == 0;
	if (fd > STDERR_FILENO)
		close(fd);
	return 0;
}

static int open_tables(struct recorder *recorder, struct error *err)
{
	uint8_t keys[2][HASH_KEY];

	if (getrandom(keys, sizeof(keys), 0) != sizeof(keys))
		return error_errno(err, ERROR_KERNEL, errno, "cannot draw a random key");
	recorder->refusals = refusals_new(keys[0]);
	recorder->resolved = resolved_new(keys[1]);
	recorder->recall = recall_new();
	return recorder->refusals && recorder->resolved && recorder->recall
		       ? 0
		       : error_memory(err);
}

/* What may be missing. */
static int open_rest(struct recorder *recorder, struct error *err)
{
	struct error missing = { 0 };
	int result = nflog_open(&recorder->nflog, &missing);

	if (result < 0) {
		*err = missing;
		return -1;
	}
	if (result == 1)
		log_verbose("refused packets are not recorded: %s", missing.text);
	result = record_open(&recorder->record, &missing);
	if (result < 0) {
		*err = missing;
		return -1;
	}
	if (result == 1)
		log_verbose("refusals are kept in memory only: %s", missing.text);
	return 0;
}

int recorder_open(const char *to, struct recorder **ret, struct error *err)
{
	CLEANUP(recorder_freep) struct recorder *recorder = calloc(1, sizeof(*recorder));

	if (!recorder)
		return error_memory(err);
	recorder->machine = -1;
	for (size_t i = 0; i < RECORD_FDS; i++)
		recorder->record.fds[i] = -1;
	recorder->people = to && strcmp(to, "stderr") == 0;
	if ((to && !recorder->people && open_machine(recorder, to, err) < 0) ||
	    open_tables(recorder, err) < 0 || open_rest(recorder, err) < 0)
		return -1;
	*ret = TAKE(recorder);
	return 0;
}

void recorder_free(struct recorder *recorder)
{
	if (!recorder)
		return;
	nflog_free(recorder->nflog);
	record_close(&recorder->record);
	refusals_free(recorder->refusals);
	resolved_free(recorder->resolved);
	recall_free(recorder->recall);
	close_fdp(&recorder->machine);
	free(recorder);
}

size_t recorder_descriptors(const struct recorder *recorder, int ret[static RECORDER_FDS])
{
	const int fds[RECORDER_FDS] = {
		recorder_fd(recorder),
		recorder->record.fds[0],
		recorder->record.fds[1],
		recorder->machine,
	};
	size_t count = 0;

	for (size_t i = 0; i < RECORDER_FDS; i++)
		if (fds[i] >= 0)
			ret[count++] = fds[i];
	return count;
}

int recorder_fd(const struct recorder *recorder)
{
	return recorder->nflog ? nflog_fd(recorder->nflog) : -1;
}

struct resolved *recorder_resolved(struct recorder *recorder)
{
	return recorder->resolved;
}

struct refusals_totals recorder_totals(const struct recorder *recorder)
{
	return refusals_totals(recorder->refusals);
}

/* --- what comes in ------------------------------------------------------------------------- */

/* An empty datagram to discard is netpale's own (proof.h). Who sends one like it hides nothing: it
 * went nowhere. */
static bool is_canary(const struct packet *packet)
{
	return packet->hook == PACKET_OUT && packet->protocol == IPPROTO_UDP &&
	       packet->has_ports && packet->destination_port == PORT_DISCARD &&
	       packet->length == 0;
}

static void take_packet(struct recorder *recorder, const struct blame *by,
			const struct packet *packet)
{
	struct blame_texts texts;
	struct refusal refusal;

	if (is_canary(packet))
		return;
	recall_packet(recorder->recall, by, packet, &texts, &refusal);
	recorder_add(recorder, &refusal);
}

/* Where no guard answers, the agent asks DNS itself, and this is all that is known of names. */
static void take_answer(struct recorder *recorder, const struct packet *packet)
{
	struct addr addrs[RESOLVED_ANSWER];
	char host[HOST_TEXT];
	size_t count = dnsmsg_answer(packet->data, packet->length, host, addrs,
				     ARRAY_SIZE(addrs));

	if (count)
		resolved_add(recorder->resolved, host, addrs, count);
}

void recorder_read(struct recorder *recorder, const struct blame *by)
{
	int64_t begun = clock_steady_ms();
	struct packet packet;

	while (recorder->nflog && nflog_next(recorder->nflog, &packet)) {
		if (!packet.answer)
			take_packet(recorder, by, &packet);
		else if (!by->leases)
			take_answer(recorder, &packet);
		if (clock_steady_ms() - begun > TURN_MS)
			break;
	}
}

void recorder_forget(struct recorder *recorder)
{
	recall_forget(recorder->recall);
}

void recorder_add(struct recorder *recorder, struct refusal *refusal)
{
	refusal->time = clock_wall_ms();
	refusals_add(recorder->refusals, refusal);
}

/* --- what goes out ------------------------------------------------------------------------- */

/* False: whoever reads it is not quick enough, or gone. */
static bool write_machine(const struct recorder *recorder, const char *line,
			  size_t length)
{
	struct pollfd out = { .fd = recorder->machine, .events = POLLOUT };
	ssize_t written;

	if (recorder->machine_is_socket)
		written = send(recorder->machine, line, length,
			       MSG_DONTWAIT | MSG_NOSIGNAL);
	else if (poll(&out, 1, 0) == 1 && out.revents == POLLOUT)
		written = write(recorder->machine, line, length);
	else
		return false;
	return written == (ssize_t)length;
}

static void tell_machine(struct recorder *recorder, char line[static REFUSAL_LINE],
			 size_t length)
{
	char before[REFUSAL_LINE];
	size_t before_length;

	if (recorder->machine < 0)
		return;
	if (recorder->machine_lost) {
		before_length = refusal_print_lost(clock_wall_ms(),
						   recorder->machine_lost, before);
		before[before_length] = '\n';
		if (write_machine(recorder, before, before_length + 1))
			recorder->machine_lost = 0;
	}
	if (length == 0)
		return;
	line[length] = '\n';
	if (recorder->machine_lost || !write_machine(recorder, line, length + 1))
		recorder->machine_lost++;
}

static void print_who(const struct refusal *refusal, struct buf *out)
{
	if (refusal->program[0])
		buf_printf(out, "%s ", refusal->program);
	if (refusal->has_uid)
		buf_printf(out, refusal->program[0] ? "(uid %u) " : "uid %u ",
			   refusal->uid);
}

/* With --json its line is the object's "refusal". */
static json_t *fields_of(const char *line, size_t length)
{
	return log_is_json()
		       ? json_pack("{s:o*}", "refusal", json_loadb(line, length, 0, NULL))
		       : NULL;
}

/* "refused: curl (uid 1000) api.example.com:8080/tcp, wrong port; - api.example.com:8080/tcp" */
static void say(const struct refusal *refusal, json_t *fields,
		void (*print)(json_t *fields, const char *format, ...))
{
	struct buf line CLEANUP(buf_release) = { 0 };
	char target[REFUSAL_TARGET];

	buf_puts(&line, refusal->audit ? "would refuse: " : "refused: ");
	print_who(refusal, &line);
	buf_printf(&line, "%s, %s", refusal_target(refusal, target),
		   refusal_reason_name(refusal->reason));
	if (refusal->rule)
		buf_printf(&line, " (%s)", refusal->rule);
	if (refusal->count > 1)
		buf_printf(&line, ", %llu times", (unsigned long long)refusal->count);
	if (refusal->allow)
		buf_printf(&line, "; %s", refusal->allow);
	print(fields, "%s", line.failed ? "refused" : line.data);
}

static void write_row(struct recorder *recorder, const struct refusal *refusal)
{
	char line[REFUSAL_LINE];
	size_t length = refusal_print_json(refusal, line);

	if (length) {
		record_add(&recorder->record, line, length);
		tell_machine(recorder, line, length);
	}
	if (recorder->people)
		say(refusal, fields_of(line, length), log_asked);
}

/* What nobody is told of. */
static uint64_t lost(const struct recorder *recorder)
{
	uint64_t count = refusals_totals(recorder->refusals).lost;

	return recorder->nflog ? count + nflog_lost(recorder->nflog) : count;
}

static void say_lost(struct recorder *recorder)
{
	uint64_t count = lost(recorder) - recorder->lost_said;
	char line[REFUSAL_LINE];

	recorder->lost_again = clock_steady_ms() + LOST_AGAIN_MS;
	recorder->lost_said += count;
	recorder->machine_lost += recorder->machine >= 0 ? count : 0;
	if (count)
		record_add(&recorder->record, line,
			   refusal_print_lost(clock_wall_ms(), count, line));
	if (recorder->machine_lost)
		tell_machine(recorder, line, 0);
	if (count && recorder->people)
		log_asked(NULL, "refused: %llu more that could not be recorded",
			  (unsigned long long)count);
}

static bool is_kept(const struct recorder *recorder)
{
	return recorder->record.fds[0] >= 0 || recorder->people || recorder->machine >= 0;
}

/* Milliseconds until a row is due; -1: when something has come. A clock that was set back must not hold
 * it up for long. */
static int row_due(const struct recorder *recorder)
{
	int64_t due = refusals_due(recorder->refusals), left = due - clock_wall_ms();

	if (due < 0)
		return -1;
	return left < 0 ? 0 : left < LOST_AGAIN_MS ? (int)left : LOST_AGAIN_MS;
}

/* The same of how many were lost. */
static int lost_due(const struct recorder *recorder)
{
	int64_t left = recorder->lost_again - clock_steady_ms();

	if (lost(recorder) == recorder->lost_said && !recorder->machine_lost)
		return -1;
	return left < 0 ? 0 : (int)left;
}

int recorder_write(struct recorder *recorder)
{
	struct refusal refusal;
	int64_t time = clock_wall_ms();
	int row, told;

	/* In memory they stay, for the end. */
	if (!is_kept(recorder))
		return -1;
	while (refusals_next(recorder->refusals, time, &refusal))
		write_row(recorder, &refusal);
	if (lost_due(recorder) == 0)
		say_lost(recorder);
	row = row_due(recorder);
	told = lost_due(recorder);
	return row < 0 || (told >= 0 && told < row) ? told : row;
}

static void say_rest(struct recorder *recorder)
{
	struct refusal refusal;
	char line[REFUSAL_LINE];
	uint64_t more = 0;

	for (size_t i = 0; refusals_rest(recorder->refusals, &refusal); i++) {
		size_t length = refusal_print_json(&refusal, line);

		if (i < REST_ROWS)
			say(&refusal, fields_of(line, length), log_event);
		else
			more++;
	}
	if (more)
		log_info("refused: %llu more; a /run that can be written, or --log, "
			 "keeps all of them",
			 (unsigned long long)more);
}

void recorder_finish(struct recorder *recorder, const struct blame *by)
{
	struct refusal refusal;

	for (int i = 0; i < LAST_TURNS; i++)
		recorder_read(recorder, by);
	if (!is_kept(recorder)) {
		say_rest(recorder);
		return;
	}
	while (refusals_rest(recorder->refusals, &refusal))
		write_row(recorder, &refusal);
	say_lost(recorder);
}
