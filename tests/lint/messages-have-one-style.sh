#!/bin/sh
# What netpale says is one text: what is quoted or to be typed stands in single ticks, there is no full
# stop and no second line, and what follows a fault is "; did you mean 'x'?", not another form of it.
set -eu
cd "$(dirname "$0")/../.."
exec python3 - lib/*.c entrypoint/*.c <<'END'
import re, sys

CALL = re.compile(r"\b(error_(?:set|errno|wrap)|notes_add|log_(?:error|warning|info|verbose|event|asked))\s*\(")
STRING = re.compile(r'"((?:[^"\\]|\\.)*)"')
FAULTS = (("`", "a backquote"), (r"\n", "a line's end"))
count = bad = 0


def call_at(text, start):
    """The arguments: up to the parenthesis that closes them, strings apart."""
    depth, at = 1, start
    while depth:
        string = STRING.match(text, at)
        at = string.end() if string else at + 1
        if not string:
            depth += {"(": 1, ")": -1}.get(text[at - 1], 0)
    return text[start:at]


for path in sys.argv[1:]:
    text = open(path).read()
    for call in CALL.finditer(text):
        said = "".join(STRING.findall(call_at(text, call.end())))
        count += bool(said)
        faults = [what for mark, what in FAULTS if mark in said]
        if said.endswith(".") and not said.endswith("..."):
            faults.append("a full stop")
        if re.search(r"did you mean (?!')", said):
            faults.append("no tick behind 'did you mean'")
        for fault in faults:
            bad += 1
            line = text.count("\n", 0, call.start()) + 1
            print(f"FAIL: {path}:{line}: {fault}: {said}")
if count < 150:
    sys.exit(f"FAIL: only {count} messages were found")
sys.exit(bad > 0)
END
