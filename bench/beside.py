#!/usr/bin/env python3
"""Measures writes beside readers: how long a message takes while others read pages without a pause.

usage: bench/beside.py TREADLE [SECONDS]      default: 20

Prints the median, the 99.9th percentile and the longest of the writes, alone and beside readers. In
that time the log is moved into the database several times, which is when writes wait.
"""
import json
import os
import re
import subprocess
import sys

from common import HERE, Server, at_most, private_directory

THREADS, WRITERS, READERS, ROWS = 64, 16, 16, 2000


def start_wrk(url, script, arguments, connections, seconds):
    return subprocess.Popen(
        ["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "-s", os.path.join(HERE, script), url,
         "--", *arguments], stdout=subprocess.PIPE, text=True)


def result(process):
    """Rate, median, 99.9th percentile and longest in ms (the latter two of messages alone)."""
    output = process.communicate()[0]
    rate, middle, _, wrong = re.search(r"RESULT (\S+) (\S+) (\S+) (\S+)", output).groups()
    if process.returncode or int(wrong):
        raise SystemExit(f"{wrong} requests failed:\n{output}")
    tail = re.search(r"TAIL (\S+) (\S+)", output)
    return [float(rate), float(middle), *(map(float, tail.groups()) if tail else ())]


def measure(what, server, ids, seconds, readers):
    path = f"/v1/threads/{ids[0]}/messages?limit=20"
    reading = readers and start_wrk(server.url + path, "get.lua", [], readers, seconds + 1)
    rate, middle, late, latest = result(
        start_wrk(server.url, "messages.lua", ids, WRITERS, seconds))
    read = f", {result(reading)[0]:.0f} pages/s" if reading else ""
    print(f"{what:<24} {rate:>7.0f} messages/s{read}: median {middle:.2f} ms, "
          f"p99.9 {late:.1f} ms, longest {latest:.1f} ms", flush=True)


def main():
    program = sys.argv[1]
    seconds = at_most(int(sys.argv[2]) if len(sys.argv) > 2 else 20)
    with private_directory() as directory:
        store = os.path.join(directory, "store")
        os.mkdir(store, 0o700)
        server = Server(program, store)
        ids = [json.loads(server.post("/v1/threads", "{}"))["id"] for _ in range(THREADS)]
        for row in range(at_most(ROWS)):
            server.post(f"/v1/threads/{ids[0]}/messages",
                        json.dumps({"role": "user", "content": f"message {row}"}))
        measure("writes alone", server, ids[1:], seconds, 0)
        measure("writes beside readers", server, ids[1:], seconds, READERS)
        server.stop()


if __name__ == "__main__":
    main()
