#!/usr/bin/env python3
"""Runs each program of this directory briefly: that it works, not how fast.

usage: bench/try.py TREADLE BUILD/bench

Writes TAP. A program that ends with another status than 0, or prints nothing, has failed.
"""
import os
import signal
import subprocess
import sys
import tempfile

PATIENCE = 60  # seconds, on a machine that has much else to do
HERE = os.path.dirname(os.path.abspath(__file__))


def plans(treadle, build):
    bare, store, model, runs = (os.path.join(build, "bench_" + name)
                                for name in ("bare", "store", "model", "runs"))
    yield "bench_store", [store, "DIRECTORY", "brief"]
    yield "reads", ["reads.py", treadle, bare, "2000"]
    yield "writes", ["writes.py", treadle, store]
    yield "runs", ["runs.py", treadle, model, runs, "20", "1"]
    yield "threads", ["threads.py", treadle, model]
    yield "beside", ["beside.py", treadle]
    yield "deletion", ["deletion.py", treadle]
    yield "lists", ["lists.py", treadle]
    yield "memory", ["memory.py", treadle, "1", "100"]


def end_group(process):
    """The program and what it started."""
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:
        pass
    process.wait()


def attempt(arguments):
    """What went wrong, or nothing."""
    with tempfile.TemporaryDirectory(prefix="treadle-bench-") as directory:
        command = [directory if word == "DIRECTORY" else word for word in arguments]
        if command[0].endswith(".py"):
            command[:1] = [sys.executable, os.path.join(HERE, command[0])]
        path = os.path.join(directory, "output")
        with open(path, "w", encoding="utf-8") as output:
            process = subprocess.Popen(command, env={**os.environ, "BENCH_BRIEF": "1"},
                                       stdout=output, stderr=subprocess.STDOUT,
                                       start_new_session=True)
        try:
            status = process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            status = f"none after {PATIENCE} s"
        if status:
            end_group(process)
        with open(path, encoding="utf-8") as output:
            text = output.read()
    if status:
        return f"status {status}\n{text}"
    return "" if text.strip() else "nothing was printed"


def main():
    cases = list(plans(*sys.argv[1:3]))
    failed = False
    print(f"1..{len(cases)}")
    for number, (name, arguments) in enumerate(cases, 1):
        wrong = attempt(arguments)
        failed = failed or bool(wrong)
        print(f"{'not ' if wrong else ''}ok {number} - {name} works", flush=True)
        for line in wrong.splitlines():
            print(f"# {line}", flush=True)
    return failed


if __name__ == "__main__":
    sys.exit(main())
