#!/usr/bin/env python3
"""Measures reads: one run step, and a page of 20, of many.

usage: bench/reads.py TREADLE BENCH_BARE [ROWS…]      default: 10000 1000000

The measure is bench_bare, a libmicrohttpd that answers with the same bytes and does nothing else.
Both are asked in turns, since machines are shared; each figure is the median of the rounds.
"""
import json
import os
import subprocess
import sys

from common import Server, at_most, median, open_database, private_directory, show, wrk

PER_RUN, ROUNDS, SECONDS, CONNECTIONS = 1000, 5, 3, 64


def step(row, run):
    return json.dumps({
        "id": f"step_bench{row}", "object": "thread.run.step", "created_at": 1795398736,
        "assistant_id": "asst_0Vbl080amdwA87yJDdK1RqxX", "thread_id": f"thread_bench{run}",
        "run_id": f"run_bench{run}", "type": "message_creation", "status": "completed",
        "step_details": {"type": "message_creation",
                         "message_creation": {"message_id": "msg_0Vbl084O0TYQEZKoRPv3HWut"}},
        "last_error": None, "expired_at": None, "cancelled_at": None, "failed_at": None,
        "completed_at": 1795398737, "expires_at": None, "metadata": {},
        "usage": {"prompt_tokens": 120, "completion_tokens": 40, "total_tokens": 160}},
        separators=(",", ":"))


def fill(store, rows):
    """Puts rows where the server reads them; it has made the tables before."""
    database = open_database(store)
    with database:
        for run in range(rows // PER_RUN):
            database.execute("INSERT INTO threads (id, project, body) VALUES (?, 'default', '{}')",
                             (f"thread_bench{run}",))
            database.execute("INSERT INTO runs (id, project, thread, status, body) "
                             "VALUES (?, 'default', ?, 'completed', '{}')",
                             (f"run_bench{run}", f"thread_bench{run}"))
        database.executemany(
            "INSERT INTO run_steps (id, project, thread, run, status, body) "
            "VALUES (?, 'default', ?, ?, 'completed', ?)",
            ((f"step_bench{row}", f"thread_bench{row // PER_RUN}", f"run_bench{row // PER_RUN}",
              step(row, row // PER_RUN)) for row in range(rows)))
    database.close()


class Bare:
    def __init__(self, program, path, reply):
        with open(path, "wb") as file:
            file.write(reply)
        self.process = subprocess.Popen([program, path], stdout=subprocess.PIPE, text=True)
        self.url = f"http://127.0.0.1:{int(self.process.stdout.readline())}"

    def stop(self):
        self.process.kill()
        self.process.wait()


def measure(kind, rows, server, bare):
    ours, theirs = [], []
    for _ in range(at_most(ROUNDS)):
        arguments = [kind, rows, PER_RUN]
        theirs.append(wrk(bare.url, "steps.lua", arguments, CONNECTIONS, at_most(SECONDS))[0])
        ours.append(wrk(server.url, "steps.lua", arguments, CONNECTIONS, at_most(SECONDS))[0])
    return median(ours), median(theirs)


def main():
    program, bare_program, *counts = sys.argv[1:]
    for rows in [int(count) for count in counts] or [10000, 1000000]:
        with private_directory() as directory:
            store = os.path.join(directory, "store")
            os.mkdir(store, 0o700)
            Server(program, store).stop()
            fill(store, rows)
            server = Server(program, store)
            path = "/v1/threads/thread_bench0/runs/run_bench0/steps"
            for kind, what, aim in [("step", "/step_bench5", 0.6),
                                    ("page", "?limit=20&after=step_bench100", 0.4)]:
                bare = Bare(bare_program, os.path.join(directory, "reply"),
                            server.get(path + what))
                ours, theirs = measure(kind, rows, server, bare)
                bare.stop()
                print(f"{'libmicrohttpd, bare':<44} {theirs:>9.0f}/s")
                show(f"{kind} of {rows} rows", ours, theirs, aim)
            server.stop()


if __name__ == "__main__":
    main()
