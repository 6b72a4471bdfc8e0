#!/usr/bin/env python3
"""Measures deletion: how long others wait for a write while a large thread is deleted.

usage: bench/deletion.py TREADLE [MESSAGES]      default: 100000

Messages of 2 KB are put where the server reads them. Then the thread is deleted while one client
writes without a pause, until nothing of the thread is left.
"""
import json
import os
import sys
import threading
import time

from common import BRIEF, Server, open_database, private_directory


def fill(store, messages):
    body = json.dumps({"object": "thread.message", "content": "m" * 2000})
    database = open_database(store)
    with database:
        database.execute("INSERT INTO threads (id, project, body) VALUES ('thread_large', 'default', "
                         "'{\"id\":\"thread_large\",\"object\":\"thread\",\"created_at\":1}')")
        database.executemany("INSERT INTO messages (id, project, thread, body) "
                             "VALUES (?, 'default', 'thread_large', ?)",
                             ((f"msg_{os.urandom(12).hex()}", body) for _ in range(messages)))
    database.close()


def left(store):
    database = open_database(store)
    count = database.execute("SELECT count(*) FROM messages INDEXED BY messages_thread "
                             "WHERE thread = 'thread_large'").fetchone()[0]
    database.close()
    return count


def write_until(server, path, done, times):
    while not done.is_set():
        start = time.monotonic()
        server.post(path, '{"role":"user","content":"short"}')
        times.append(time.monotonic() - start)


def main():
    program = sys.argv[1]
    messages = int(sys.argv[2]) if len(sys.argv) > 2 else 5000 if BRIEF else 100000
    with private_directory() as directory:
        store = os.path.join(directory, "store")
        os.mkdir(store, 0o700)
        Server(program, store).stop()
        fill(store, messages)
        server = Server(program, store)
        thread = json.loads(server.post("/v1/threads", "{}"))["id"]
        times, done = [], threading.Event()
        writer = threading.Thread(target=write_until, args=(
            server, f"/v1/threads/{thread}/messages", done, times))
        writer.start()
        time.sleep(1)
        before = len(times)
        start = time.monotonic()
        server.delete("/v1/threads/thread_large")
        replied = time.monotonic() - start
        while left(store):
            time.sleep(0.2)
        gone = time.monotonic() - start
        done.set()
        writer.join()
        log = os.path.getsize(os.path.join(store, "treadle.db-wal")) / (1 << 20)
        waits = sorted(times[before:])
        print(f"{messages} messages of 2 KB: reply after {replied * 1000:.0f} ms, nothing left after "
              f"{gone:.1f} s, log {log:.0f} MiB")
        print(f"others' writes meanwhile: {len(waits)}, median {waits[len(waits) // 2] * 1000:.2f} ms, "
              f"longest {waits[-1] * 1000:.0f} ms (before: {max(times[:before]) * 1000:.0f} ms)")
        server.stop()


if __name__ == "__main__":
    main()
