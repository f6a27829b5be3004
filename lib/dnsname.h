#pragma once

#include <stddef.h>
#include <stdint.h>

/* A domain name as DNS messages have it: labels, each behind its length, the last one
 * empty. */

#define DNSNAME_LABEL_MAX 63
#define DNSNAME_MAX 255

/* From c-ares' text of it: labels with dots between, "\X" for a character that means
 * something else there, "\DDD" for any byte; "" is the root. Uncompressed. Returns the
 * length, 0 when the text is no name or too long for one. */
size_t dnsname_wire(const char *text, uint8_t out[static DNSNAME_MAX]);
