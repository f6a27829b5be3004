#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "entrypoint/log.h"

#define PAGE 4096

/* A pipe that has room for part of a line says that it has room. Whoever shares it with the agent does
 * not wait all the same; what hangs here ends by the alarm. */
static void a_line_that_does_not_fit_is_not_waited_for(void **state)
{
	static char page[PAGE], read_back[4 * PAGE];
	int before = dup(STDERR_FILENO), ends[2];
	ssize_t length;

	(void)state;
	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	assert_int_equal(fcntl(ends[1], F_SETPIPE_SZ, 2 * PAGE), 2 * PAGE);
	assert_int_equal(write(ends[1], page, PAGE), PAGE);
	dup2(ends[1], STDERR_FILENO);
	alarm(10);
	log_never_wait();
	log_info("%*s", PAGE - 1, "end");
	log_info("another");
	assert_in_range(read(ends[0], read_back, sizeof(read_back)), PAGE, 2 * PAGE);

	log_info("and on");
	alarm(0);
	dup2(before, STDERR_FILENO);
	length = read(ends[0], read_back, sizeof(read_back));
	assert_int_equal(length, strlen("netpale: and on\n"));
	assert_memory_equal(read_back, "netpale: and on\n", (size_t)length);
	assert_int_equal(fcntl(ends[1], F_GETFL) & O_NONBLOCK, 0);
	close(ends[0]);
	close(ends[1]);
	close(before);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_line_that_does_not_fit_is_not_waited_for),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
