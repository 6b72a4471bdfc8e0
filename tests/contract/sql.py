#!/usr/bin/env python3
"""Checks that nothing above the store knows SQL, tables or SQLite.

usage: sql.py SOURCE_ROOT

src/store says every query by a name (its record files). The index of a vector store, in src/search,
is an SQLite file of its own, which the files of INDEX read and write; its contract is
src/search/index_db.h. docs/security.md says which tables have a project, and must be right. Writes
TAP, one case a rule, and one for the rules themselves.
"""
import pathlib
import re
import sys

INDEX = {"search/" + name for name in (
    "index_db.c", "index_db_forget.c", "index_db_read.c", "index_db_sqlite.h", "index_db_write.c")}

COMMENT_OR_STRING = re.compile(r'/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"', re.DOTALL)
STATEMENT = re.compile(
    r"\b(SELECT\s|INSERT\s+(OR\s+\w+\s+)?INTO\b|UPDATE\s+\w+\s+(AS\s+\w+\s+)?SET\b|DELETE\s+FROM\b"
    r"|PRAGMA\s|CREATE\s+(VIRTUAL\s+)?(TABLE|INDEX)\b|\sFROM\s+\w+\s+WHERE\b)")
CALL = re.compile(r"\bdb_(prepare|execute|bind_\w+|step|column_\w+|changes)\b")
BUILDER = re.compile(r'#include "store/(record|db_backend|db_sqlite)\.h"')
SQLITE = re.compile(r"\bsqlite3")


def parts(text):
    """The code without comments, strings left in; and the strings alone, joined as C joins them."""
    strings = []

    def keep(match):
        if not match[0].startswith('"'):
            return " "
        strings.append(match[0][1:-1])
        return match[0]

    return COMMENT_OR_STRING.sub(keep, text), " ".join(strings)


RULES = {
    "no SQL": lambda code, strings: STATEMENT.search(strings),
    "no statement is made": lambda code, strings: CALL.search(code),
    "no statement is built from names of tables": lambda code, strings: BUILDER.search(code),
    "no SQLite": lambda code, strings: SQLITE.search(code),
}

# What each rule must find, so that none of them is empty.
BROKEN = {
    "no SQL": '"UPDATE runs SET "  "status = ?"',
    "no statement is made": "rc = db_prepare(session, &statement, sql, error);",
    "no statement is built from names of tables": '#include "store/record.h"\n',
    "no SQLite": "sqlite3 *handle;",
}


def projects(root):
    """The tables of the schema with a project, those without, and the same by docs/security.md."""
    schema = "".join(re.findall(r'"((?:\\.|[^"\\])*)"', (root / "src/store/schema.c").read_text()))
    tables = re.findall(r"CREATE TABLE (\w+) \((.*?)\)(?: WITHOUT ROWID)?;", schema)
    text = (root / "docs/security.md").read_text()
    said = re.search(r"\*\*Projects\.\*\*(.*?)A handler(.*)", text)
    listed = [set(re.findall(r"`(\w+)`", part)) for part in (said.groups() if said else ("", ""))]
    has = {name for name, columns in tables if re.search(r"\bproject TEXT", columns)}
    return has, {name for name, _ in tables} - has, *listed


def main():
    root = pathlib.Path(sys.argv[1])
    source = root / "src"
    files = [(path.relative_to(source).as_posix(), parts(path.read_text()))
             for path in sorted(source.rglob("*.[ch]"))]
    above = [(name, text) for name, text in files if not name.startswith("store/")]
    print(f"1..{len(RULES) + 2}")
    failed = 0
    for number, (rule, breaks) in enumerate(RULES.items(), 1):
        found = [name for name, text in above if name not in INDEX and breaks(*text)]
        failed += bool(found)
        print("not ok" if found else "ok", number, "-", rule, "above the store")
        for name in found:
            print(f"# src/{name}")
    blind = [rule for rule, text in BROKEN.items() if not RULES[rule](*parts(text))]
    failed += bool(blind) or not above
    print("not ok" if blind or not above else "ok", len(RULES) + 1,
          "- each rule finds what breaks it")
    for rule in blind:
        print(f"# {rule}")
    has, has_not, said, said_not = projects(root)
    wrong = sorted((has ^ said) | (has_not - said_not)) or ([] if has else ["no table was found"])
    failed += bool(wrong)
    print("not ok" if wrong else "ok", len(RULES) + 2,
          "- docs/security.md says which tables have a project")
    for name in wrong:
        print(f"# {name}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
