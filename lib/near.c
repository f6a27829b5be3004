#include "lib/near.h"

#include <string.h>

#define WORD_MAX 31

static size_t least(size_t a, size_t b)
{
	return a < b ? a : b;
}

/* Optimal string alignment, the table kept whole: words are short. */
static size_t distance_between(const char *a, size_t a_length, const char *b,
			       size_t b_length)
{
	size_t d[WORD_MAX + 1][WORD_MAX + 1];

	for (size_t i = 0; i <= a_length; i++)
		d[i][0] = i;
	for (size_t j = 0; j <= b_length; j++)
		d[0][j] = j;
	for (size_t i = 1; i <= a_length; i++) {
		for (size_t j = 1; j <= b_length; j++) {
			size_t change = a[i - 1] != b[j - 1];

			d[i][j] = least(least(d[i - 1][j], d[i][j - 1]) + 1,
					d[i - 1][j - 1] + change);
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] &&
			    a[i - 2] == b[j - 1])
				d[i][j] = least(d[i][j], d[i - 2][j - 2] + 1);
		}
	}
	return d[a_length][b_length];
}

bool near_better(const char *text, size_t length, const char *word, size_t *distance)
{
	size_t word_length = strlen(word), found;

	if (length > WORD_MAX || word_length > WORD_MAX)
		return false;
	found = distance_between(text, length, word, word_length);
	if (found >= *distance || found >= word_length)
		return false;
	*distance = found;
	return true;
}
