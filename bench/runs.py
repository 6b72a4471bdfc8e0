#!/usr/bin/env python3
"""Measures runs: what Treadle adds to a model's answer, how many at once, how many streams.

usage: bench/runs.py TREADLE BENCH_MODEL BENCH_RUNS [STREAMS [SECONDS]]      default: 5000 60

The model server takes no time of its own (bench_model), so what is measured is Treadle. What it
adds is a streamed run on a new thread less the same exchange with the model server itself: the two
take turns, and from the percentile of the one the median of the other is taken. Each figure is the
median of the rounds.
"""
import json
import os
import resource
import subprocess
import sys
import time

from common import Model, Server, at_most, cpu_seconds, median, private_directory

ROUNDS, COUNT, TOKENS, CLIENTS, SECONDS, STARTS = 5, 400, 20, 64, 4, 500
MIB = 1 << 20


def figures(output):
    """Lists of numbers by name."""
    return {name: [float(number) for number in numbers] for name, *numbers in
            map(str.split, output.splitlines())}


def drive(program, *arguments):
    done = subprocess.run([program, *map(str, arguments)], capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(f"bench_runs {arguments[0]} failed:\n{done.stdout}{done.stderr}")
    return figures(done.stdout)


def show(what, value, unit, aim=None, least=False):
    line = f"{what:<48} {value:>9.2f} {unit}"
    if aim is not None:
        met = value >= aim if least else value <= aim
        line += f"  aim {aim:g}  {'met' if met else 'MISSED'}"
    print(line, flush=True)


def measure_latency(program, server, assistant, model):
    added = {"p50": [], "p99": [], "first": []}
    direct, run = [], []
    for _ in range(at_most(ROUNDS)):
        seen = drive(program, "latency", server.url, assistant, at_most(COUNT), TOKENS, model.url)
        direct.append(seen["direct"][0] / 1000)
        run.append(seen["run"][0] / 1000)
        added["p50"].append(run[-1] - direct[-1])
        added["p99"].append(seen["run"][1] / 1000 - direct[-1])
        added["first"].append((seen["run_first"][0] - seen["direct_first"][0]) / 1000)
    show(f"{TOKENS} tokens from the model server itself", median(direct), "ms")
    show("the same as a streamed run, one client", median(run), "ms")
    show("added to a run, median", median(added["p50"]), "ms", 1)
    show("added to a run, 99th percentile", median(added["p99"]), "ms", 5)
    show("added to the first token, median", median(added["first"]), "ms", 0.5)


def measure_crowd(program, server, assistant, mode, what, aim):
    rates, times = [], []
    for _ in range(at_most(ROUNDS)):
        seen = drive(program, mode, server.url, assistant, CLIENTS, TOKENS, at_most(SECONDS))
        rates.append(seen["rate"][0])
        times.append(seen["run"][1] / 1000)
    show(f"{CLIENTS} clients, {what}", median(rates), "runs/s", aim, least=True)
    show("    99th percentile of a run", median(times), "ms")


def measure_held(program, server, assistant, model, streams, seconds):
    processes = {"server": server.process, "model server": model.process}
    before = {name: cpu_seconds(process) for name, process in processes.items()}
    at_rest = most = server.memory()
    driver = subprocess.Popen(
        [program, "held", server.url, assistant, str(streams), str(seconds), str(STARTS)],
        stdout=subprocess.PIPE, text=True)
    start = time.monotonic()
    while driver.poll() is None:
        time.sleep(0.5)
        most = max(most, server.memory())
    wall = time.monotonic() - start
    seen = figures(driver.stdout.read())
    print(f"{streams} streams of {seconds} tokens at one a second, {STARTS} begun a second:")
    show("    streams lost or wrong", seen["wrong"][0], "", 0)
    show("    events that came", seen["events"][0], "")
    show("    a token's largest delay, from when it was due", seen["latest"][0] / 1000, "ms")
    show("    of that, by Treadle and the way", seen["held"][0] / 1000, "ms")
    show("    the server's memory, at most", most / MIB, "MiB")
    show("    of that, a stream", (most - at_rest) / streams / 1024, "KiB")
    for name, process in processes.items():
        used = cpu_seconds(process) - before[name]
        show(f"    CPU of the {name}", used, f"s in {wall:.0f} s")


def main():
    program, model_program, runs_program = sys.argv[1:4]
    streams = int(sys.argv[4]) if len(sys.argv) > 4 else 5000
    seconds = int(sys.argv[5]) if len(sys.argv) > 5 else 60
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    if hard < 2 * streams + 1000:
        raise SystemExit(f"only {hard} descriptors are allowed: raise the limit first")
    with private_directory() as directory:
        store = os.path.join(directory, "store")
        os.mkdir(store, 0o700)
        model = Model(model_program)
        server = Server(program, store, "--model-url", model.url)
        assistant = json.loads(server.post("/v1/assistants", '{"model": "bench"}'))["id"]
        measure_latency(runs_program, server, assistant, model)
        measure_crowd(runs_program, server, assistant, "streamed", "streamed", 1500)
        measure_crowd(runs_program, server, assistant, "polled-at-once", "polled without a pause",
                      1500)
        measure_crowd(runs_program, server, assistant, "polled", "polled as the server asks", None)
        measure_held(runs_program, server, assistant, model, streams, seconds)
        server.stop()
        model.stop()


if __name__ == "__main__":
    main()
