#pragma once

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

/* What a harness offers, to libFuzzer or to replay.c. */
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length);

/* A promise that does not hold stops the fuzzer, whatever NDEBUG says. */
#define PROMISE(condition)                                                               \
	do {                                                                             \
		if (!(condition)) {                                                      \
			fprintf(stderr, "%s:%d: broken: %s\n", __FILE__, __LINE__,       \
				#condition);                                             \
			abort();                                                         \
		}                                                                        \
	} while (0)
