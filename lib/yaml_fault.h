#pragma once

#include <stddef.h>

#include <yaml.h>

#include "lib/origin.h"

/* What stopped libyaml, told to people: the place, the line's text, and for what they often
 * mean otherwise than YAML reads it (a wildcard without quotes) what to write instead. */
void yaml_fault(const yaml_parser_t *parser, const char *bytes, size_t length,
		const char *source, struct notes *notes);
