#include "lib/findings.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "lib/buf.h"

/* Longer ones end in "...". */
#define TEXT_MAX 1024

struct finding *findings_add(struct findings *findings, const char *kind,
			     const char *format, ...)
{
	char text[TEXT_MAX], shown[TEXT_MAX + 64];
	struct finding *finding;
	va_list args;

	if (findings->total++ >= FINDINGS_MAX)
		return NULL;
	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	finding = &findings->v[findings->count];
	*finding = (struct finding){ .kind = kind };
	finding->text = arena_printf(findings->arena, "%s",
				     escape(shown, sizeof(shown), text, strlen(text)));
	if (!finding->text) {
		findings->failed = true;
		return NULL;
	}
	findings->count++;
	return finding;
}
