-- Adds messages, each thread of wrk to threads of its own. Arguments: ids of Treadle's threads.
local counter = 0
local ids = {}

function init(arguments)
    for i = 1, #arguments do ids[i] = arguments[i] end
    wrk.headers["Content-Type"] = "application/json"
    body = '{"role":"user","content":"' .. string.rep("How long is a piece of thread? ", 8) .. '"}'
end

function request()
    counter = counter + 1
    return wrk.format("POST", "/v1/threads/" .. ids[counter % #ids + 1] .. "/messages", nil, body)
end

function done(summary, latency, requests)
    local wrong = summary.errors.status + summary.errors.connect + summary.errors.read
        + summary.errors.write + summary.errors.timeout
    io.write(string.format("RESULT %.0f %.3f %.3f %d\n",
        summary.requests / summary.duration * 1e6, latency:percentile(50) / 1000,
        latency:percentile(99) / 1000, wrong))
    io.write(string.format("TAIL %.3f %.3f\n", latency:percentile(99.9) / 1000, latency.max / 1000))
end
