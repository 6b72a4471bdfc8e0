#!/usr/bin/env python3
"""Measures writes: messages added by 64 connections, each durable before it is answered.

usage: bench/writes.py TREADLE BENCH_STORE

The measure is SQLite alone with 50 rows a commit, as bench_store prints it. Both write to the same
disk in turns, since its speed changes from second to second; each figure is the median of rounds.
"""
import json
import os
import re
import subprocess
import sys

from common import Server, at_most, median, private_directory, show, wrk

THREADS, ROUNDS, SECONDS, CONNECTIONS = 256, 5, 4, 64
AIM, AIM_RATE, AT_RATE = 0.5, 15000, 40000


def main():
    program, bench_store = sys.argv[1:3]
    ours, theirs, sharing = [], [], []
    with private_directory() as directory:
        store = os.path.join(directory, "store")
        os.mkdir(store, 0o700)
        server = Server(program, store)
        ids = [json.loads(server.post("/v1/threads", "{}"))["id"] for _ in range(THREADS)]
        for _ in range(at_most(ROUNDS)):
            output = subprocess.run([bench_store, directory, "alone"], check=True,
                                    capture_output=True, text=True).stdout
            theirs.append(float(re.search(r"SQLite alone.*?: (\d+) rows/s", output).group(1)))
            before = server.counters()
            ours.append(wrk(server.url, "messages.lua", ids, CONNECTIONS, at_most(SECONDS))[0])
            after = server.counters()
            sharing.append((after["treadle_store_works_total"] - before["treadle_store_works_total"])
                           / (after["treadle_store_commits_total"]
                              - before["treadle_store_commits_total"]))
        server.stop()
    measure, rate = median(theirs), median(ours)
    print(f"{'SQLite alone, 50 rows a commit':<44} {measure:>9.0f}/s")
    show("messages, 64 connections", rate, measure, AIM)
    needed = AIM_RATE * measure / AT_RATE
    print(f"{'':<44} {needed:>9.0f}/s needed where SQLite does {measure:.0f}: "
          f"{'met' if rate >= needed else 'MISSED'}; {median(sharing):.1f} messages a commit")


if __name__ == "__main__":
    main()
