#pragma once

#include <malloc.h>
#include <stddef.h>

/* Of the heap, in use; as the sanitizer counts it when there is one. */
size_t __sanitizer_get_current_allocated_bytes(void) __attribute__((weak));
static inline size_t heap(void)
{
	if (__sanitizer_get_current_allocated_bytes)
		return __sanitizer_get_current_allocated_bytes();
	return mallinfo2().uordblks;
}
