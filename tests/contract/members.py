#!/usr/bin/env python3
"""Checks that every member of every struct of treadle/objects.h has a row in a table.

usage: members.py SOURCE_ROOT COMPILER...

The row macros all come down to offsetof(struct S, member), so the preprocessed tables say exactly
which members have rows. Writes TAP, one case a struct, and one that every table of api/types.h is
walked by the tests of tests/unit/field_types.h.
"""
import pathlib
import re
import subprocess
import sys

# Parts of members, printed by the walker itself.
NO_TABLE = {"treadle_integer", "treadle_number", "treadle_boolean", "treadle_presence",
            "treadle_pair", "treadle_map", "treadle_attribute", "treadle_attributes"}

STRUCT = re.compile(r"struct\s+(treadle_\w+)\s*\{(.*?)\}\s*;", re.DOTALL)
OFFSET = re.compile(r"__builtin_offsetof\s*\(\s*struct\s+(\w+)\s*,\s*(\w+)\s*\)")
MEMBER = re.compile(r"(\w+)\s*$")


def preprocess(compiler, root, path):
    command = [*compiler, "-E", "-P", "-D_GNU_SOURCE", "-I", root / "src", "-I", root / "include",
               path]
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout


def main():
    root, compiler = pathlib.Path(sys.argv[1]), sys.argv[2:]
    tables = {}
    for source in sorted((root / "src/api").glob("*.c")):
        for struct, member in OFFSET.findall(preprocess(compiler, root, source)):
            tables.setdefault(struct, set()).add(member)

    objects = preprocess(compiler, root, root / "include/treadle/objects.h")
    cases = []
    for name, body in STRUCT.findall(objects):
        if name in NO_TABLE:
            continue
        members = [MEMBER.search(part).group(1) for part in body.split(";") if part.strip()]
        wanted = [member for member in members if member != "presence"]
        lost = [member for member in wanted if member not in tables.get(name, set())]
        cases.append((name, "has no row for " + ", ".join(lost) if lost else None))

    types = re.findall(r"extern const struct treadle_type (\w+);",
                       (root / "src/api/types.h").read_text())
    walked = (root / "tests/unit/field_types.h").read_text()
    lost = [name for name in types if f"&{name}," not in walked]
    cases.append(("field_types.h", "lacks " + ", ".join(lost) if lost else None))

    print(f"1..{len(cases)}")
    for number, (name, problem) in enumerate(cases, 1):
        print(f"{'not ok' if problem else 'ok'} {number} - {name}{' ' + problem if problem else ''}")
    # An empty header or a changed macro must not pass for agreement.
    return 1 if len(cases) < 50 or any(problem for _, problem in cases) else 0


if __name__ == "__main__":
    sys.exit(main())
