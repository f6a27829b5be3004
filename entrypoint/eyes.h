#pragma once

#include <stdbool.h>

#include "entrypoint/user.h"

/* Looking at files with another's eyes: the file-system ids of this process, for a moment. Leaving
 * root's also takes the capabilities that override modes. */

/* False: not possible; whose eyes they are now is not known, take our own back. */
bool eyes_take(const struct user *as);
/* False: never, for a process that has its own ids. */
bool eyes_return(void);
