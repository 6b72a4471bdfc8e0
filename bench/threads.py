#!/usr/bin/env python3
"""Measures what a run costs where much was said before it, and what it leaves in the store.

usage: bench/threads.py TREADLE BENCH_MODEL [RUNS]      default: 400

CPU is the server's own, user and system, by the kernel's count. A run is one on a thread with one
message, or with as many as are sent to a model, of 2 KB each; the two take turns. The model server
takes no time of its own. Bytes are those of the database, free pages apart, before and after.
"""
import json
import os
import sys

from common import BRIEF, Model, Server, cpu_seconds, median, open_database, private_directory

ROUNDS, LONG_THREADS, MESSAGES, MESSAGE_BYTES, TOKENS = 5, 8, 256, 2048, 16


def words(length):
    return ("The cat \"sat\" down here.\n" * (length // 20))[:length]


def make_thread(server, messages):
    thread = json.loads(server.post("/v1/threads", "{}"))["id"]
    body = json.dumps({"role": "user", "content": words(MESSAGE_BYTES)})
    for _ in range(messages - 1):
        server.post(f"/v1/threads/{thread}/messages", body)
    server.post(f"/v1/threads/{thread}/messages",
                json.dumps({"role": "user", "content": f"bench tokens={TOKENS}"}))
    return thread


def run(server, assistant, thread):
    events = server.post(f"/v1/threads/{thread}/runs",
                         json.dumps({"assistant_id": assistant, "stream": True})).decode()
    if "thread.run.completed" not in events:
        raise SystemExit(f"a run did not complete:\n{events[-2000:]}")
    return events


def cost(server, assistant, threads, count):
    """Milliseconds of the server's CPU a run."""
    before = cpu_seconds(server.process)
    for number in range(count):
        run(server, assistant, threads[number % len(threads)])
    return (cpu_seconds(server.process) - before) * 1000 / count


def used_bytes(store):
    """Of the database and of the logs of runs in it."""
    database = open_database(store)
    (pages,), (free,), (size,) = (database.execute(f"PRAGMA {name}").fetchone() for name in
                                  ("page_count", "freelist_count", "page_size"))
    log = database.execute("SELECT coalesce(sum(length(CAST(body AS BLOB))), 0), count(*) "
                           "FROM run_events").fetchone()
    database.close()
    return (pages - free) * size, log[0]


def main():
    program, model_program = sys.argv[1:3]
    count = int(sys.argv[3]) if len(sys.argv) > 3 else 20 if BRIEF else 400
    rounds, messages = (1, 8) if BRIEF else (ROUNDS, MESSAGES)
    with private_directory() as directory:
        store = os.path.join(directory, "store")
        os.mkdir(store, 0o700)
        model = Model(model_program)
        server = Server(program, store, "--model-url", model.url)
        assistant = json.loads(server.post("/v1/assistants", '{"model": "bench"}'))["id"]
        fresh = [make_thread(server, 1) for _ in range(count)]
        long = [make_thread(server, messages) for _ in range(LONG_THREADS)]
        server.stop()
        before = used_bytes(store)
        server = Server(program, store, "--model-url", model.url)
        for thread in fresh:
            run(server, assistant, thread)
        newest = server.get(f"/v1/threads/{fresh[0]}/messages?limit=1")
        answer = len(json.loads(newest)["data"][0]["content"][0]["text"]["value"])
        server.stop()
        after = used_bytes(store)
        print(f"a run with an answer of {answer} bytes adds {(after[0] - before[0]) / count:.0f} "
              f"bytes to the store, {(after[1] - before[1]) / count:.0f} of them events", flush=True)
        server = Server(program, store, "--model-url", model.url)
        costs = {"fresh": [], "long": []}
        for _ in range(rounds):
            costs["fresh"].append(cost(server, assistant, fresh, count))
            costs["long"].append(cost(server, assistant, long, count))
        server.stop()
        model.stop()
        few, many = median(costs["fresh"]), median(costs["long"])
        print(f"CPU of a run, ms: {few:.2f} on threads of a few messages, {many:.2f} on threads of "
              f"{messages} messages of {MESSAGE_BYTES} bytes, which is {many - few:.2f} more")


if __name__ == "__main__":
    main()
