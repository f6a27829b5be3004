#include "tests/fuzz/fuzz.h"

/* Stands in for libFuzzer: each argument is a file that goes through the harness once. */

#define FILE_MAX (1u << 20)

int main(int argc, char **argv)
{
	uint8_t *bytes = malloc(FILE_MAX);

	for (int i = 1; bytes && i < argc; i++) {
		FILE *file = fopen(argv[i], "rb");
		size_t length;

		if (!file) {
			perror(argv[i]);
			return 1;
		}
		length = fread(bytes, 1, FILE_MAX, file);
		fclose(file);
		LLVMFuzzerTestOneInput(bytes, length);
	}
	free(bytes);
	return bytes && argc > 1 ? 0 : 1;
}
