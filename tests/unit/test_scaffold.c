#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lib/scaffold.h"

/* What is made of each kind of file; tests/golden/init.sh shows whole policies. */

static size_t marker(const char *name)
{
	for (size_t i = 0; i < SCAFFOLD_MARKERS; i++)
		if (strcmp(scaffold_markers[i].name, name) == 0)
			return i;
	fail_msg("no marker '%s'", name);
	return 0;
}

/* Of a project with one file; the caller frees. */
static char *scaffold(const char *name, const char *bytes, size_t length)
{
	struct arena *arena CLEANUP(arena_freep) = arena_new(0);
	struct scaffold_found found[SCAFFOLD_MARKERS] = { 0 };
	struct buf text = { 0 };
	struct error err;

	assert_non_null(arena);
	found[marker(name)] = (struct scaffold_found){ true, bytes, length };
	if (scaffold_print("none", found, arena, &text, &err) < 0)
		fail_msg("%s: %s", name, err.text);
	return text.data;
}

/* The lines between "allow:" and "deny:" but for comments that are no entries. */
static char *entries(char *text)
{
	char *out = strdup("|"), *state = NULL;

	assert_non_null(out);
	for (char *line = strtok_r(text, "\n", &state); line;
	     line = strtok_r(NULL, "\n", &state)) {
		char *next;

		if (strcmp(line, "  deny:") == 0)
			break;
		if (strncmp(line, "    - ", 6) != 0 &&
		    strncmp(line, "    # - ", 8) != 0 &&
		    strncmp(line, "    # Left", 10) != 0)
			continue;
		assert_true(asprintf(&next, "%s%s|", out, line + 4) > 0);
		free(out);
		out = next;
	}
	free(text);
	return out;
}

static void assert_made(const char *name, const char *text, const char *expected)
{
	char *made = entries(scaffold(name, text, strlen(text)));

	if (strcmp(made, expected) != 0)
		fail_msg("%s: '%s' makes '%s', not '%s'", name, text, made, expected);
	free(made);
}

/* One remote makes `entry`, nothing, or (NULL) is told to be left out. */
static void assert_remote(const char *url, const char *entry)
{
	char text[256], expected[256];

	snprintf(text, sizeof(text), "[remote \"x\"]\n\turl = %s\n", url);
	if (!entry)
		strcpy(expected, "|# Left out, no host to open: .git/config:2|");
	else if (!*entry)
		strcpy(expected, "|");
	else
		snprintf(expected, sizeof(expected), "|- %s  # .git/config:2|", entry);
	assert_made(".git/config", text, expected);
}

static void a_url_has_a_host_and_a_port(void **state)
{
	(void)state;
	assert_remote("https://git.corp.example/a", "git.corp.example:443/tcp");
	assert_remote("HTTPS://Git.Corp.Example./a", "git.corp.example:443/tcp");
	assert_remote("http://git.corp.example:8080", "git.corp.example:8080/tcp");
	assert_remote("http://git.corp.example", "git.corp.example:80/tcp");
	assert_remote("http://git.corp.example:/", "git.corp.example:80/tcp");
	assert_remote("ssh://git@git.corp.example/~a", "git.corp.example:22/tcp");
	assert_remote("git+ssh://git.corp.example:2222/a", "git.corp.example:2222/tcp");
	assert_remote("git://git.corp.example/a", "git.corp.example:9418/tcp");
	assert_remote("git@git.corp.example:a/b.git", "git.corp.example:22/tcp");
	assert_remote("git.corp.example:8080/a", "git.corp.example:22/tcp");
	assert_remote("\"https://git.corp.example/a b\"", "git.corp.example:443/tcp");
	assert_remote("https://git.corp.example?a=@b", NULL);
	assert_remote("https://198.51.100.7/a", "198.51.100.7:443/tcp");
	assert_remote("git@10.0.0.7:a", "10.0.0.7:22/tcp");
	assert_remote("ssh://[2001:db8::7]:2222/a", "\"[2001:db8::7]:2222/tcp\"");
	assert_remote("ssh://null/a", "\"null:22/tcp\"");
	assert_remote("ssh://preset/a", "{ host: preset, ports: [22/tcp] }");
}

static void what_is_no_host_is_left_out(void **state)
{
	static const char *const silent[] = {
		"/srv/git/a.git", "../a", "./a:b", "file:///srv/a", "C:/a", "a", ""
	};
	static const char *const told[] = {
		"https://localhost/",
		"https://a.localhost:8080/",
		"https://127.0.0.1/",
		"https://127.1/",
		"https://0x7f000001/",
		"https://2130706433/",
		"https://[::1]/",
		"https://[fe80::1%25eth0]/",
		"https://[::ffff:10.0.0.1]/",
		"https://0.0.0.0/",
		"https://169.254.169.254/",
		"https://100.100.100.200/",
		"https://metadata.google.internal/",
		"https://*.corp.example/",
		"https://.corp.example/",
		"https://a_-/",
		"https://-a.example/",
		"https://a..example/",
		"https:///a",
		"https://a.example:0/",
		"https://a.example:65536/",
		"https://a.example:99999999999/",
		"https://a.example:x/",
		"https://a%2eexample/",
		"https://b\xc3\xbc.example/",
		"https://a.example\\@b.example/",
		"ftp://a.example/",
		"ext::sh -c id",
		"[abcd:1::2]:a",
		"https://[abcd:1/",
		"https://a.example]:1/",
		"://a.example",
		"\x1b[2J:x",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(silent); i++)
		assert_remote(silent[i], "");
	for (size_t i = 0; i < ARRAY_SIZE(told); i++)
		assert_remote(told[i], NULL);
}

/* Not even where a password with a '/' makes its beginning look like a host. */
static void passwords_are_not_told(void **state)
{
	(void)state;
	assert_remote("https://user:secret@a.example/", "a.example:443/tcp");
	assert_remote("https://secret@a.example:444/", "a.example:444/tcp");
	assert_remote("https://u:se@cr:et@a.example/", "a.example:443/tcp");
	assert_remote("https://secret/secret@a.example/", NULL);
	assert_remote("https://secret:1/x@a.example/", NULL);
	assert_remote("https://secret#@a.example/", NULL);
	assert_remote("secret:secret@a.example:b", NULL);
	assert_made(".npmrc",
		    "_authToken=secret\n//a.example/:_password=secret\n"
		    "registry=https://u:secret@a.example/npm/@scope/x\n",
		    "|# - a.example:443/tcp  # .npmrc:3|");
}

static void only_remotes_of_a_git_config_count(void **state)
{
	(void)state;
	assert_made(".git/config",
		    "url = https://a.example/\n[core]\n\turl = https://b.example/\n"
		    "[remote \"c\"] URL=https://c.example/\r\n\tpushurl = d.example:e\r\n"
		    "\t; url = https://e.example/\n\t# url = https://f.example/\n"
		    "[remotely \"g\"]\n\turl = https://g.example/\n"
		    "[REMOTE \"h]\"]\n\turl = c.example:h\n"
		    "[url \"https://i.example/\"]\n\tinsteadOf = i:\n",
		    "|- c.example:443/tcp  # .git/config:4|"
		    "- d.example:22/tcp  # .git/config:5|"
		    "- c.example:22/tcp  # .git/config:11|");
	assert_made(".gitmodules",
		    "[submodule \"a\"]\n\tpath = x\n\turl = https://a.example/\n"
		    "[submodule \"b\"]\n\turl = ../b.git\n",
		    "|# - a.example:443/tcp  # .gitmodules:3|");
}

static void each_tool_has_its_lines(void **state)
{
	(void)state;
	assert_made(
		".npmrc",
		"registry = https://a.example\n@corp:registry=\"https://b.example/\"\n"
		"@corp:other=https://c.example\nproxy=https://d.example/\n"
		";registry=https://e.example\n",
		"|# - a.example:443/tcp  # .npmrc:1|# - b.example:443/tcp  # .npmrc:2|");
	assert_made(
		".yarnrc.yml",
		"npmRegistryServer: \"https://a.example\"\nother: https://b.example\n",
		"|# - a.example:443/tcp  # .yarnrc.yml:1|");
	assert_made("requirements.txt",
		    "--index-url=https://a.example/simple\n-i https://b.example\n"
		    "--extra-index-url https://c.example\nx @ https://d.example/x.whl\n",
		    "|- preset: pypi  # requirements.txt|"
		    "# - a.example:443/tcp  # requirements.txt:1|"
		    "# - b.example:443/tcp  # requirements.txt:2|"
		    "# - c.example:443/tcp  # requirements.txt:3|");
	assert_made(
		"pip.conf",
		"[global]\nindex-url = https://a.example/simple\nextra-index-url =\n"
		"    https://b.example/\n    http://c.example:8080/\nother =\n"
		"    https://d.example/\n",
		"|# - a.example:443/tcp  # pip.conf:2|# - b.example:443/tcp  # pip.conf:4|"
		"# - c.example:8080/tcp  # pip.conf:5|");
	assert_made("pyproject.toml",
		    "[project.urls]\nurl = \"https://a.example\"\n[[tool.uv.index]]\n"
		    "url = \"https://b.example\"\n[[ tool.poetry.source ]]\n"
		    "url = 'https://c.example'\n",
		    "|- preset: pypi  # pyproject.toml|"
		    "# - b.example:443/tcp  # pyproject.toml:4|"
		    "# - c.example:443/tcp  # pyproject.toml:6|");
	assert_made(".cargo/config.toml",
		    "[registries.corp]\nindex = \"sparse+https://a.example/\"\n"
		    "[source.vendored]\ndirectory = \"vendor\"\n[build]\n"
		    "index = \"https://b.example/\"\n",
		    "|# - a.example:443/tcp  # .cargo/config.toml:2|");
	assert_made(
		"Gemfile",
		"source 'https://a.example' do\n  gem 'x'\nend\nsources 'https://b'\n",
		"|- preset: rubygems  # Gemfile|# - a.example:443/tcp  # Gemfile:1|");
}

static void a_preset_stands_for_its_hosts(void **state)
{
	(void)state;
	assert_remote("https://github.com/a/b", "preset: github");
	assert_remote("git@github.com:a/b", "preset: github");
	assert_remote("ssh://git@ssh.github.com:443/a/b", "preset: github");
	assert_remote("https://gitlab.com/a/b", "preset: gitlab");
	assert_remote("git://github.com/a/b", "github.com:9418/tcp");
	assert_remote("https://160.79.104.0/", "160.79.104.0:443/tcp");
	assert_made(".gitmodules", "[submodule \"a\"]\nurl=https://github.com/a\n",
		    "|# - preset: github  # .gitmodules:2|");
}

static void services_of_compose_are_neighbours(void **state)
{
	(void)state;
	assert_made(
		"compose.yml",
		"x: &p [5432]\nservices:\n  db: { expose: *p }\n"
		"  web:\n    ports: ['8080:80', '127.0.0.1:1:81/tcp', 5000-5001,\n"
		"      {target: 53, protocol: udp}, '${A:-1}:90']\n  worker:\n"
		"  odd: { ports: [x, '1:y', -1, [], {}, '0', '70000'] }\n"
		"  localhost: {}\n  'a b': {}\n  [a]: {}\n  secret@x: {}\n"
		"volumes: { v: {} }\n",
		"|# - db:5432/tcp  # compose.yml:3|"
		"# - { host: web, ports: [80-81/tcp, 90/tcp, 5000-5001/tcp, 53/udp] }"
		"  # compose.yml:4|# - worker  # compose.yml:7|# - odd  # compose.yml:8|"
		"# Left out, no host to open: compose.yml:9, compose.yml:10, "
		"compose.yml:11, ...|");
	assert_made("docker-compose.yml", "services: {a: {b: [}}",
		    "|# Left out, no host to open: docker-compose.yml|");
	assert_made("compose.yaml", "services: [a, b]\n", "|");
	assert_made("compose.yaml", "- services\n", "|");
	assert_made("compose.yaml", "", "|");
}

static void a_service_has_so_many_ports(void **state)
{
	struct buf file CLEANUP(buf_release) = { 0 };
	char *text;

	(void)state;
	buf_puts(&file, "services: { a: { ports: [");
	for (unsigned i = 0; i < 40; i++)
		buf_printf(&file, "%u, ", 1000 + 2 * i);
	buf_puts(&file, "] } }");
	text = scaffold("compose.yml", file.data, file.length);
	assert_non_null(strstr(text, "[1000/tcp, 1002/tcp, "));
	assert_null(strstr(text, "1032/tcp"));
	free(text);
}

static void what_is_named_again_is_one_line(void **state)
{
	(void)state;
	assert_made(".npmrc",
		    "registry=https://a.example\nregistry=https://A.example:443/x\n"
		    "registry=https://b.example\nregistry=https://a.example\n"
		    "registry=https://a.example\n",
		    "|# - a.example:443/tcp  # .npmrc:1, .npmrc:2, .npmrc:4, ...|"
		    "# - b.example:443/tcp  # .npmrc:3|");
}

static void there_are_so_many_lines(void **state)
{
	struct buf file CLEANUP(buf_release) = { 0 };
	size_t lines = 0;
	char *text;

	(void)state;
	for (unsigned i = 0; i < 65; i++)
		buf_printf(&file, "registry=https://n%u.example\n", i);
	text = scaffold(".npmrc", file.data, file.length - 30);
	assert_null(strstr(text, "There was more"));
	free(text);
	text = scaffold(".npmrc", file.data, file.length);
	for (const char *at = text; (at = strstr(at, "\n    # - ")); at++)
		lines++;
	assert_int_equal(lines, 64);
	assert_non_null(
		strstr(text, "\n    # There was more: these are the first 64.\n"));
	free(text);
}

static void a_nul_ends_nothing_but_its_host(void **state)
{
	static const char bytes[] = "registry=https://a.example\0b.example/\n"
				    "registry=https://c.example\n\0registry=x://y\n";
	char *made = entries(scaffold(".npmrc", bytes, sizeof(bytes) - 1));

	(void)state;
	assert_string_equal(made, "|# - c.example:443/tcp  # .npmrc:2|"
				  "# Left out, no host to open: .npmrc:1|");
	free(made);
}

static void what_could_not_be_read_is_told(void **state)
{
	char *text = scaffold("Gemfile", NULL, 0);

	(void)state;
	assert_non_null(strstr(text, "\n    - preset: rubygems  # Gemfile\n"));
	assert_non_null(strstr(text, "\n    # Left out, no host to open: Gemfile\n"));
	free(text);
}

static void agents_have_their_presets(void **state)
{
	static const char *const lines[][2] = {
		{ "claude", "\n    - preset: claude  # --agent claude\n" },
		{ "codex", "\n    - preset: openai  # --agent codex\n" },
		{ "none", "\n  allow:  # nothing was found\n" },
	};
	struct scaffold_found found[SCAFFOLD_MARKERS] = { 0 };
	struct error err;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(lines); i++) {
		struct arena *arena CLEANUP(arena_freep) = arena_new(0);
		struct buf text CLEANUP(buf_release) = { 0 };

		assert_int_equal(scaffold_print(lines[i][0], found, arena, &text, &err),
				 0);
		assert_non_null(strstr(text.data, lines[i][1]));
		assert_int_equal(scaffold_print("cl\xff", found, arena, &text, &err), -1);
		assert_int_equal(err.kind, ERROR_USAGE);
		assert_string_equal(err.text, "--agent: expected claude, codex or none, "
					      "not 'cl\\xff'");
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_url_has_a_host_and_a_port),
		cmocka_unit_test(what_is_no_host_is_left_out),
		cmocka_unit_test(passwords_are_not_told),
		cmocka_unit_test(only_remotes_of_a_git_config_count),
		cmocka_unit_test(each_tool_has_its_lines),
		cmocka_unit_test(a_preset_stands_for_its_hosts),
		cmocka_unit_test(services_of_compose_are_neighbours),
		cmocka_unit_test(a_service_has_so_many_ports),
		cmocka_unit_test(what_is_named_again_is_one_line),
		cmocka_unit_test(there_are_so_many_lines),
		cmocka_unit_test(a_nul_ends_nothing_but_its_host),
		cmocka_unit_test(what_could_not_be_read_is_told),
		cmocka_unit_test(agents_have_their_presets),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
