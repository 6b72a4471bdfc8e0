"""A llama.cpp server with one model: python3 engine.py GGUF PORT CONTEXT SLOTS

It is ready when /health says so, and ends with its standard input.
"""
import sys

import xllamacpp

gguf, port, context, slots = sys.argv[1], *map(int, sys.argv[2:5])
parameters = xllamacpp.CommonParams()
parameters.model.path = gguf
parameters.hostnames = ['127.0.0.1']
parameters.port = port
parameters.n_ctx = context * slots
parameters.n_parallel = slots
parameters.kv_unified = False
parameters.sampling.temp = 0.0
# More threads than processors wait for each other.
parameters.cpuparams.n_threads = parameters.cpuparams_batch.n_threads = 1
parameters.endpoint_slots = parameters.endpoint_props = True
server = xllamacpp.Server(parameters)
sys.stdin.read()
