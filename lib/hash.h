#pragma once

#include <stddef.h>
#include <stdint.h>

/* SipHash-2-4 (Aumasson, Bernstein): for tables whose keys come from strangers. Who does not know
 * the key cannot choose texts that fall into one bucket; it must be random and stay secret. */

#define HASH_KEY 16

uint64_t hash_bytes(const uint8_t key[static HASH_KEY], const void *bytes, size_t length);
