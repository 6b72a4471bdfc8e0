-- Asks for run steps at random: one of them, or a page of 20 (the first argument: "step" or "page").
-- The others: how many rows there are, and how many of them each run has.
function init(arguments)
    kind, rows, per_run = arguments[1], tonumber(arguments[2]), tonumber(arguments[3])
    math.randomseed(os.time())
end

function request()
    local row = math.random(0, rows - 1)
    local run = math.floor(row / per_run)
    local path = string.format("/v1/threads/thread_bench%d/runs/run_bench%d/steps", run, run)
    if kind == "step" then
        path = string.format("%s/step_bench%d", path, row)
    else
        local first = run * per_run + 20
        path = string.format("%s?limit=20&after=step_bench%d", path, math.max(row, first))
    end
    return wrk.format("GET", path)
end

function done(summary, latency, requests)
    local wrong = summary.errors.status + summary.errors.connect + summary.errors.read
        + summary.errors.write + summary.errors.timeout
    io.write(string.format("RESULT %.0f %.3f %.3f %d\n",
        summary.requests / summary.duration * 1e6, latency:percentile(50) / 1000,
        latency:percentile(99) / 1000, wrong))
end
