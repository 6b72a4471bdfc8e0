#!/usr/bin/env python3
"""Counts the test cases of a run of `meson test`.

usage: tally.py BUILD/meson-logs/testlog.json

Every test writes TAP to its standard output, so the log that Meson keeps of each holds one line a
case. A case that has cases of its own is not counted itself. A test that ended badly without
saying which case failed (a crash, a leak, a timeout, fewer cases than planned) counts as one
failure. The last line printed is "N passed, N failed, N skipped"; the status is 1 when any failed
or none passed.
"""
import json
import re
import sys

RESULT = re.compile(r"^( *)(ok|not ok)\b(.*)$")
PLAN = re.compile(r"^1\.\.(\d+)")
SKIP = re.compile(r"#\s*SKIP\b", re.IGNORECASE)


def cases(text):
    """The outcome and the description of each case that has none of its own within it."""
    found = []
    inner = 0  # deepest indentation among the results since the last one that was shallower
    for line in text.splitlines():
        match = RESULT.match(line)
        if not match:
            continue
        depth = len(match.group(1))
        parent = inner > depth
        inner = depth
        if parent:
            continue
        name = re.sub(r"^[\s\d-]+", "", match.group(3))
        if SKIP.search(line):
            found.append(("skipped", name))
        else:
            found.append(("passed" if match.group(2) == "ok" else "failed", name))
    return found


def top_level(text):
    planned = [int(m.group(1)) for m in map(PLAN.match, text.splitlines()) if m]
    seen = sum(1 for m in map(RESULT.match, text.splitlines()) if m and not m.group(1))
    return sum(planned), seen


def main():
    count = {"passed": 0, "failed": 0, "skipped": 0}
    notes = []
    try:
        with open(sys.argv[1], encoding="utf-8", errors="replace") as log:
            tests = [json.loads(line) for line in log if line.strip()]
    except FileNotFoundError:
        tests = []
    for test in tests:
        text = test.get("stdout") or ""
        name = test["name"].split(" / ")[-1]
        found = cases(text)
        for outcome, case in found:
            count[outcome] += 1
            if outcome != "passed":
                notes.append(f"{outcome}: {name}: {case}")
        planned, seen = top_level(text)
        failed = any(outcome == "failed" for outcome, _ in found)
        if not failed and (test["result"] != "OK" or seen != planned or not found):
            count["failed"] += 1
            notes.append(f"failed: {name}: ended badly ({test['result']}, status "
                         f"{test.get('returncode')}, {seen} of {planned} cases reported)")
    for note in notes:
        print(note)
    print("{passed} passed, {failed} failed, {skipped} skipped".format(**count))
    return 0 if count["passed"] and not count["failed"] else 1


if __name__ == "__main__":
    sys.exit(main())
