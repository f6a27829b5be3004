/* measure RUNS COMMAND [ARG...]: runs it RUNS times, its stdout into nothing, and prints one line for
 * each run: "STATUS MILLISECONDS CPU_MILLISECONDS PEAK_KIB". STATUS is 128+n when a signal ended it. The peak is the
 * largest of the command's own process and of those it waited for. */

#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static double seconds(const struct timeval *time)
{
	return (double)time->tv_sec + (double)time->tv_usec / 1e6;
}

int main(int argc, char **argv)
{
	posix_spawn_file_actions_t files;
	struct timespec start, end;
	struct rusage usage;
	int status;
	pid_t pid;

	if (argc < 3)
		return 2;
	posix_spawn_file_actions_init(&files);
	posix_spawn_file_actions_addopen(&files, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
	for (int runs = atoi(argv[1]); runs > 0; runs--) {
		clock_gettime(CLOCK_MONOTONIC, &start);
		if (posix_spawnp(&pid, argv[2], &files, NULL, argv + 2, environ) != 0 ||
		    wait4(pid, &status, 0, &usage) != pid) {
			perror("measure");
			return 2;
		}
		clock_gettime(CLOCK_MONOTONIC, &end);
		printf("%d %.3f %.3f %ld\n",
		       WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status),
		       (double)(end.tv_sec - start.tv_sec) * 1e3 +
			       (double)(end.tv_nsec - start.tv_nsec) / 1e6,
		       seconds(&usage.ru_utime) * 1e3 + seconds(&usage.ru_stime) * 1e3,
		       usage.ru_maxrss);
	}
	posix_spawn_file_actions_destroy(&files);
	return 0;
}
