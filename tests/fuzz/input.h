#pragma once

#include <stdint.h>

/* Bytes as a stream of choices: small numbers, one after the other, and 0 when all are used up. */

struct input {
	const uint8_t *at, *end;
};

static inline uint32_t take(struct input *input, uint32_t below)
{
	return input->at < input->end ? *input->at++ % below : 0;
}
