-- Sends the same few requests again and again, as fast as it goes.
--
-- Nothing is noted per answer; wrk's own counts and percentiles go to BENCH_LOG as
-- JSON when the time is up.

local prepared, turn = {}, 0

function init()
  local file = assert(io.open(os.getenv("BENCH_REQUESTS"), "rb"))
  for request in file:read("*a"):gmatch("[^%z]+") do
    prepared[#prepared + 1] = request
  end
  file:close()
end

function request()
  turn = turn % #prepared + 1
  return prepared[turn]
end

function done(summary, latency, made)
  local errors = summary.errors
  local broken = errors.connect + errors.read + errors.write + errors.timeout
  local file = assert(io.open(os.getenv("BENCH_LOG"), "w"))
  file:write(string.format(
    '{"requests": %d, "microseconds": %d, "not_ok": %d, "broken": %d, '
      .. '"p50": %d, "p95": %d, "p99": %d}',
    summary.requests, summary.duration, errors.status, broken,
    latency:percentile(50), latency:percentile(95), latency:percentile(99)
  ))
  file:close()
end
