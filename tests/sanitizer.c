#include <dlfcn.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <sanitizer/asan_interface.h>
#include <sanitizer/common_interface_defs.h>

/* In every netpale that is built with sanitizers. A process of it may die where nobody reads its standard
 * error or asks for its status; the forwarder's filter even ends it amid the report, which would open
 * /proc/self/maps. So what was found is put, without a call of the kernel, into a page of a file that
 * tests/netns/lib.sh has made, and looks into at the script's end. */

#define PLACE "/run/test/sanitizer"
#define PLACE_BYTES 4096

/* UBSan's own, which has no header. */
void __ubsan_on_report(void);
void __ubsan_get_current_report_data(const char **kind, const char **message,
				     const char **file, unsigned int *line,
				     unsigned int *column, char **address);

const char *__ubsan_default_options(void);
struct type {
	uint16_t kind, info;
	char name[4];
};
struct overflow {
	const char *file;
	uint32_t line, column;
	const struct type *type;
};
void __ubsan_handle_add_overflow(void *data, void *a, void *b);

static char *place;

const char *__ubsan_default_options(void)
{
	return "color=never:silence_unsigned_overflow=1";
}

/* It reads /proc before it first speaks, when a filter may forbid it. So it is made ready by a fault of
 * which it says nothing, of unsigned numbers of 32 bits. */
static void make_ubsan_ready(void)
{
	static const struct type number = { 0, 5 << 1, "int" };
	static struct overflow nothing = { __FILE__, 1, 1, &number };

	__ubsan_handle_add_overflow(&nothing, (void *)UINTPTR_MAX, (void *)1);
}

static void leave(const char *text)
{
	if (place)
		strncat(place, text, PLACE_BYTES - 1 - strlen(place));
}

/* Before the report is printed; addr2line(1) knows the line. */
void __asan_on_error(void)
{
	uintptr_t pc = (uintptr_t)__asan_get_report_pc();
	char text[256];
	Dl_info where = { 0 };

	(void)dladdr((void *)pc, &where);
	snprintf(text, sizeof(text), "%s at %s+0x%lx\n", __asan_get_report_description(),
		 where.dli_fname ? where.dli_fname : "?",
		 pc - (uintptr_t)where.dli_fbase);
	leave(text);
}

void __ubsan_on_report(void)
{
	const char *kind = NULL, *message = NULL, *file = NULL;
	unsigned int line = 0, column = 0;
	char *address = NULL, text[1024];

	__ubsan_get_current_report_data(&kind, &message, &file, &line, &column, &address);
	snprintf(text, sizeof(text), "%s:%u: %s: %s\n", file ? file : "?", line,
		 kind ? kind : "?", message ? message : "?");
	leave(text);
}

/* Leaks too. */
static void on_death(void)
{
	leave("it ended by a sanitizer\n");
}

__attribute__((constructor)) static void begin(void)
{
	int fd = open(PLACE, O_RDWR | O_CLOEXEC);
	void *page = fd < 0 ? MAP_FAILED
			    : mmap(NULL, PLACE_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED,
				   fd, 0);

	if (fd >= 0)
		close(fd);
	if (page == MAP_FAILED)
		return;
	place = page;
	make_ubsan_ready();
	__asan_set_error_report_callback(leave);
	__sanitizer_set_death_callback(on_death);
}
