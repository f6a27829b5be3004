#pragma once

#include <stdint.h>

/* What reading (dnsmsg.c) and writing (dnsmsg_write.c) share. */

#define HEADER_BYTES 12 /* of a message */
#define CLASS_IN 1

/* Bits of the header's second 16. */
#define BIT_QR 0x8000
#define BIT_TC 0x0200
#define BIT_RD 0x0100
#define BIT_RA 0x0080

static inline uint16_t get16(const uint8_t *bytes)
{
	return (uint16_t)(bytes[0] << 8 | bytes[1]);
}
