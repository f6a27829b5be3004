#include "lib/zone.h"

#include <stddef.h>
#include <string.h>

#include "lib/host.h"
#include "lib/macros.h"

static const char *const hosters[] = {
	"appspot.com",
	"azureedge.net",
	"azurewebsites.net",
	"cloudapp.net",
	"cloudfront.net",
	"deno.dev",
	"duckdns.org",
	"firebaseapp.com",
	"fly.dev",
	"github.io",
	"gitlab.io",
	"glitch.me",
	"herokuapp.com",
	"netlify.app",
	"ngrok-free.app",
	"ngrok.app",
	"ngrok.dev",
	"ngrok.io",
	"onrender.com",
	"pages.dev",
	"r2.dev",
	"railway.app",
	"repl.co",
	"replit.app",
	"run.app",
	"surge.sh",
	"trycloudflare.com",
	"up.railway.app",
	"vercel.app",
	"web.app",
	"windows.net",
	"workers.dev",
	"blob.core.windows.net",
	"storage.googleapis.com",
};

/* Below these one rents deeper names too: BUCKET.s3.REGION.amazonaws.com. */
static const char *const deep_hosters[] = { "amazonaws.com", "on.aws" };

static const char *const suffixes[] = {
	"ac.uk",  "co.il",  "co.in",  "co.jp",  "co.kr",  "co.nz",  "co.uk",
	"co.za",  "com.au", "com.br", "com.cn", "com.mx", "com.tr", "com.tw",
	"eu.org", "me.uk",  "ne.jp",  "net.au", "or.jp",  "org.uk",
};

/* RFC 2606, 6761, 6762, ICANN's `internal`, and what home and company networks use. */
static const char *const private_labels[] = {
	"corp", "example", "home",        "internal",  "intranet", "invalid",
	"lan",  "local",   "localdomain", "localhost", "private",  "test",
};

static bool is_listed(const char *const *list, size_t count, const char *domain)
{
	for (size_t i = 0; i < count; i++)
		if (strcmp(list[i], domain) == 0)
			return true;
	return false;
}

bool zone_is_public(const char *domain)
{
	if (host_is_single_label(domain))
		return !is_listed(private_labels, ARRAY_SIZE(private_labels), domain);
	for (size_t i = 0; i < ARRAY_SIZE(deep_hosters); i++)
		if (strcmp(deep_hosters[i], domain) == 0 ||
		    host_is_below(domain, deep_hosters[i]))
			return true;
	return is_listed(hosters, ARRAY_SIZE(hosters), domain) ||
	       is_listed(suffixes, ARRAY_SIZE(suffixes), domain);
}
