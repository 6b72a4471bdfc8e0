#!/usr/bin/env python3
"""Measures lists of a thread's runs in a project that has few runs, and in one that has many.

usage: bench/lists.py TREADLE [FEW MANY]      default: 5000 500000

What a list costs is the server's CPU time by requests, which other programs disturb least. The two
stores take turns, and each figure is the median of rounds; the aim is that they differ by at most
a tenth. The thread has 17 runs, spread over all.
"""
import json
import os
import sys

from common import BRIEF, Server, at_most, cpu_seconds, median, open_database, private_directory, wrk

OF_THREAD, ROUNDS, SECONDS, CONNECTIONS = 17, 5, 3, 8


def run(number, thread):
    return json.dumps({"id": f"run_{number}", "object": "thread.run", "created_at": 1795398736,
                       "thread_id": thread, "status": "completed", "model": "m",
                       "instructions": "Answer from the documents. " * 10, "tools": []})


def fill(store, runs):
    database = open_database(store)
    every = runs // OF_THREAD
    with database:
        database.execute("INSERT INTO threads (id, project, body) VALUES ('thread_few', 'default', "
                         "'{\"id\":\"thread_few\",\"object\":\"thread\",\"created_at\":1}')")
        rows = ((number, "thread_few" if number % every == every // 2 else f"thread_{number // 5}")
                for number in range(every * OF_THREAD))
        database.executemany(
            "INSERT INTO runs (id, project, thread, status, body) "
            "VALUES (?, 'default', ?, 'completed', ?)",
            ((f"run_{number}", thread, run(number, thread)) for number, thread in rows))
    database.close()


def start(program, directory, runs):
    store = os.path.join(directory, str(runs), "store")
    os.makedirs(store, 0o700)
    Server(program, store).stop()
    fill(store, runs)
    server = Server(program, store)
    page = json.loads(server.get("/v1/threads/thread_few/runs?limit=100"))
    if len(page["data"]) != OF_THREAD:
        raise SystemExit(f"the list has {len(page['data'])} runs")
    return server


def main():
    program, *counts = sys.argv[1:]
    counts = [int(count) for count in counts] or ([500, 5000] if BRIEF else [5000, 500000])
    with private_directory() as directory:
        servers = [start(program, directory, count) for count in counts]
        costs = [[] for _ in servers]
        for _ in range(at_most(ROUNDS)):
            for server, cost in zip(servers, costs):
                seconds = at_most(SECONDS)
                before = cpu_seconds(server.process)
                rate = wrk(server.url + "/v1/threads/thread_few/runs?limit=100", "get.lua", [],
                           CONNECTIONS, seconds)[0]
                cost.append((cpu_seconds(server.process) - before) / (rate * seconds) * 1e6)
        for count, cost in zip(counts, costs):
            print(f"17 runs of a thread, {count:>7} in the project: {median(cost):.0f} us of CPU")
        ratio = median(costs[-1]) / median(costs[0])
        print(f"ratio {ratio:.2f}  aim 1.10  {'met' if ratio <= 1.1 else 'MISSED'}")
        for server in servers:
            server.stop()


if __name__ == "__main__":
    main()
