#!/usr/bin/env python3
"""Checks that the files of a room do not call each other in circles.

usage: circles.py SOURCE_ROOT BUILD_ROOT NM...

The link keeps circles out between rooms (src/meson.build); this looks within each, by the symbols
of its object files. Files in a circle can only be understood, tested and changed together. KNOWN
has the circles that are left: one that is missing there, or has become smaller or gone, fails.
Writes TAP: a case for each room, and one for the search itself.
"""
import collections
import pathlib
import subprocess
import sys

KNOWN = [
    "engine: claim.c engine.c execution.c execution_ask.c execution_conclude.c "
    "execution_prepare.c execution_receive.c execution_tools.c execution_trial.c "
    "execution_whole.c",
    "store: db_sqlite_session.c db_sqlite_statement.c",
]


def objects(source, build):
    """The object files of each room, with the names of their sources."""
    rooms = collections.defaultdict(dict)
    found = [("reader", path) for path in build.glob("treadle-reader.p/src_reader_*.o")]
    for library in build.glob("src/**/libtreadle-*.a.p"):
        room = library.name.removeprefix("libtreadle-").removesuffix(".a.p")
        found += [(room, path) for path in library.glob("*.o")]
    for room, path in found:
        # A build directory keeps the objects of sources that were removed.
        for name in (path.stem, path.stem.removeprefix("src_").removeprefix(room + "_")):
            if (source / "src" / room / name).is_file():
                rooms[room][path] = name
    return rooms


def symbols(nm, paths):
    """What each object file defines, and what it needs."""
    text = subprocess.run([*nm, "-A", "-P", "-g", *map(str, paths)], check=True,
                          capture_output=True, text=True).stdout
    defined, needed = collections.defaultdict(set), collections.defaultdict(set)
    for line in text.splitlines():
        path, rest = line.split(": ", 1)
        name, kind = rest.split()[:2]
        # Weak symbols, such as inline functions of C++, are no file's own.
        if kind not in "wWvVu":
            (needed if kind == "U" else defined)[pathlib.Path(path)].add(name)
    return defined, needed


def calls(files, defined, needed):
    """Which files of a room use which others, and by which names."""
    owner = {name: file for path, file in files.items() for name in defined[path]}
    graph = {file: collections.defaultdict(list) for file in files.values()}
    for path, file in files.items():
        for name in sorted(needed[path] & owner.keys()):
            graph[file][owner[name]].append(name)
    return graph


def reach(graph, start):
    seen, left = set(), [start]
    while left:
        for file in graph[left.pop()].keys() - seen:
            seen.add(file)
            left.append(file)
    return seen


def circles(graph):
    """The sets of files that all reach each other, each as one sorted text."""
    reached = {file: reach(graph, file) for file in graph}
    return {" ".join(sorted(other for other in reached[file] if file in reached[other]))
            for file in graph if file in reached[file]}


def report(graph, circle):
    print(f"# these call each other in a circle: {circle}")
    files = circle.split()
    for file in files:
        for other, names in sorted(graph[file].items()):
            if other in files:
                print(f"#     {file} uses of {other}: {' '.join(names)}")


def main():
    source, build, nm = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2]), sys.argv[3:]
    rooms = objects(source, build)
    defined, needed = symbols(nm, [path for files in rooms.values() for path in files])
    known = {tuple(line.split(": ")) for line in KNOWN}
    names = sorted({*rooms, *(room for room, _ in known)})
    print(f"1..{len(names) + 1}")
    failed = 0
    for number, room in enumerate(names, 1):
        graph = calls(rooms[room], defined, needed)
        found = circles(graph)
        allowed = {circle for other, circle in known if other == room}
        failed += found != allowed
        print("ok" if found == allowed else "not ok", number, "- no new circle of files in", room)
        for circle in sorted(found - allowed):
            report(graph, circle)
        for circle in sorted(allowed - found):
            print(f"# no longer so, take it from the list: {circle}")
    example = {path: f"{path}.c" for path in "abcd"}
    defines = {path: {"of_" + path} for path in "abcd"}
    needs = {"a": {"of_b"}, "b": {"of_c", "memcpy"}, "c": {"of_a"}, "d": {"of_a"}}
    found = circles(calls(example, defines, needs))
    seeing = found == {"a.c b.c c.c"} and any(needed.values())
    failed += not seeing
    print("ok" if seeing else "not ok", len(names) + 1, "- a circle is found where there is one")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
