#include "tests/unit/blame_scene.h"

/* Questions that the guard kept to itself, and answers that it did not tell. */

struct case_of_question {
	enum refusal_reason reason;
	const char *host;
	uint16_t type;
	const char *addr;
	const char *entry; /* that decided */
	const char *allow;
};

static const struct case_of_question questions[] = {
	{ REFUSAL_NAME, "a.example", 1, NULL, NULL,
	  "- a.example  # all ports; add :443 for HTTPS" },
	{ REFUSAL_NAME, "null", 28, NULL, NULL,
	  "- \"null\"  # all ports; add :443 for HTTPS" },
	{ REFUSAL_NAME, "_dmarc.a.example", 16, NULL, NULL,
	  "- { host: _dmarc.a.example, types: [txt] }" },
	{ REFUSAL_NAME, "a.example", 257, NULL, NULL, NULL },
	{ REFUSAL_DENIED, "a.example", 1, NULL, "deny .example", NULL },
	{ REFUSAL_TYPE, "a.example", 16, NULL, "allow a.example",
	  "- { host: a.example, types: [txt] }" },
	{ REFUSAL_TYPE, "a.example", 33, NULL, "allow *.example:443",
	  "- { host: a.example, ports: [443], types: [srv] }" },
	{ REFUSAL_TYPE, "a.example", 65, NULL, "allow a.example", NULL },
	{ REFUSAL_LIMIT, "x.a.example", 1, NULL, "allow *.a.example:443",
	  "- x.a.example:443" },
	{ REFUSAL_LIMIT, "x.a.example", 1, NULL, "private allow *.a.example",
	  "- { host: x.a.example, private: true }" },
	{ REFUSAL_PRIVATE, "a.example", 1, "10.0.0.7", "allow a.example:443",
	  "- { host: a.example, ports: [443], private: true }" },
	{ REFUSAL_PRIVATE, "a.example", 28, "fd00::7", "allow a.example",
	  "- { host: a.example, private: true }" },
	{ REFUSAL_PRIVATE, "a.example", 1, "127.0.0.1", "allow a.example", NULL },
	{ REFUSAL_PRIVATE, "a.example", 1, "169.254.169.254", "allow a.example", NULL },
	{ REFUSAL_PRIVATE, "a.example", 1, "172.17.0.1", "allow a.example:3000/tcp",
	  "host_gateway: [3000/tcp]" },
	{ REFUSAL_PRIVATE, "a.example", 1, "172.17.0.1", "allow a.example",
	  "host_gateway: true" },
};

static void check_question(const struct case_of_question *row, enum mode mode,
			   struct refusal *ret)
{
	const struct asker asker = { .has_uid = true, .uid = 7, .program = "curl" };
	struct scene scene CLEANUP(scene_release);
	struct blame by = blame_of(&scene);
	struct blame_texts texts;
	struct addr addr;
	struct layer layer;

	scene_init(&scene, mode);
	scene_attach(&scene);
	if (row->entry)
		scene_say(&scene, row->entry);
	if (row->addr)
		addr = addr_of(row->addr);
	blame_question(&by, row->reason, row->host, row->type, row->addr ? &addr : NULL,
		       scene.policy.entries, &asker, &texts, ret);
	assert_string_equal(ret->rule ? ret->rule : "", row->entry ? "p.yml:1" : "");
	if (mode != MODE_NONE) {
		assert_string_equal(ret->allow ? ret->allow : "(none)",
				    row->allow ? row->allow : "(none)");
	} else {
		assert_null(ret->allow);
	}
	if (!ret->allow)
		return;
	read_line(&scene, ret->allow, &layer);
	if (layer.count)
		assert_string_equal(layer.entries[0].host, row->host);
	if (row->reason == REFUSAL_TYPE || row->reason == REFUSAL_NAME)
		assert_int_equal(layer.entries[0].types, entry_type_of(row->type));
	if (layer.count && row->addr)
		assert_int_equal(admit(&layer.entries[0], row->host, &addr, &scene.site),
				 ADMIT);
	layer_release(&layer);
}

static void says_what_would_let_the_question_out(void **state)
{
	struct refusal refusal;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(questions); i++) {
		const struct case_of_question *row = &questions[i];

		check_question(row, MODE_RESTRICTED, &refusal);
		assert_int_equal(refusal.reason, row->reason);
		assert_int_equal(refusal.type, row->type);
		assert_int_equal(refusal.has_addr, row->addr != NULL);
		assert_int_equal(refusal.name_count, 1);
		assert_string_equal(refusal.names[0], row->host);
		assert_true(refusal.has_uid && refusal.uid == 7);
		assert_string_equal(refusal.program, "curl");
		assert_false(refusal.audit);
	}
}

static void knows_no_line_where_there_is_no_dns(void **state)
{
	struct refusal refusal;

	(void)state;
	check_question(&questions[0], MODE_NONE, &refusal);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(says_what_would_let_the_question_out),
		cmocka_unit_test(knows_no_line_where_there_is_no_dns),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
