#include "lib/host.h"

#include <string.h>

#include "lib/buf.h"

#define LABEL_MAX 63

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool is_label_byte(char c)
{
	return (c >= 'a' && c <= 'z') || is_digit(c) || c == '-' || c == '_';
}

/* Browsers and inet_aton() read "1.2.3", "0x7f.1" and "127.1" as addresses, so a name may
 * not end in such a label. */
static bool is_number_label(const char *label, size_t length)
{
	if (length >= 2 && label[0] == '0' && label[1] == 'x')
		return strspn(label + 2, "0123456789abcdef") >= length - 2;
	return strspn(label, "0123456789") >= length;
}

static const char *label_fault(const char *label, size_t length)
{
	if (length == 0)
		return "it has an empty label";
	if (length > LABEL_MAX)
		return "a label is longer than 63 bytes";
	if (label[0] == '-' || label[length - 1] == '-')
		return "a label begins or ends with a hyphen";
	return NULL;
}

static const char *host_fault(const char *host)
{
	const char *label = host;

	for (;;) {
		size_t length = strcspn(label, ".");
		const char *fault = label_fault(label, length);

		if (fault)
			return fault;
		if (label[length] == '\0')
			return is_number_label(label, length)
				       ? "its last label is a number"
				       : NULL;
		label += length + 1;
	}
}

int host_normalise(const char *text, size_t length, char out[static HOST_TEXT],
		   struct error *err)
{
	const char *fault = NULL;
	char shown[128], host[HOST_TEXT];

	escape(shown, sizeof(shown), text, length);
	if (length > 1 && text[length - 1] == '.')
		length--;
	if (length == 0 || length > HOST_MAX)
		return error_set(err, ERROR_POLICY,
				 "'%s' is not a host name: its length is not in 1-%d",
				 shown, HOST_MAX);

	for (size_t i = 0; i < length && !fault; i++) {
		char c = text[i] >= 'A' && text[i] <= 'Z' ? (char)(text[i] | 0x20)
							  : text[i];

		if ((unsigned char)c >= 0x80)
			fault = "write other alphabets as xn--...";
		else if (!is_label_byte(c) && c != '.')
			fault = "only letters, digits, hyphens and dots may stand in it";
		host[i] = c;
	}
	host[length] = '\0';
	if (!fault)
		fault = host_fault(host);
	if (fault)
		return error_set(err, ERROR_POLICY, "'%s' is not a host name: %s", shown,
				 fault);
	memcpy(out, host, length + 1);
	return 0;
}

bool host_is_single_label(const char *host)
{
	return !strchr(host, '.');
}

bool host_is_below(const char *host, const char *domain)
{
	size_t host_length = strlen(host), domain_length = strlen(domain);

	return host_length > domain_length + 1 &&
	       host[host_length - domain_length - 1] == '.' &&
	       strcmp(host + host_length - domain_length, domain) == 0;
}
