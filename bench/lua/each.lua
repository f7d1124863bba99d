-- Sends prepared requests one after the other and notes every single answer.
--
-- One thread has one connection, so an answer belongs to the request before it. What is
-- sent is read from BENCH_REQUESTS (whole HTTP requests, a NUL byte after each) and
-- shared out over the threads; what came back goes to BENCH_LOG, a line an answer:
-- when it was asked (the clock is CLOCK_MONOTONIC), how long it took, both in
-- microseconds, and the status. A thread ends after BENCH_REFUSALS answers of 409 in a
-- row or with its last request, and says so with a line on stderr.

local ffi = require("ffi")
ffi.cdef [[
  struct bench_time { long seconds; long nanoseconds; };
  int clock_gettime(int clock, struct bench_time *result);
]]
local CLOCK_MONOTONIC = 1
local CONFLICT = 409
local read = ffi.new("struct bench_time")

local function now()
  ffi.C.clock_gettime(CLOCK_MONOTONIC, read)
  return tonumber(read.seconds) * 1000000 + math.floor(tonumber(read.nanoseconds) / 1000)
end

-- In wrk's own state: share out, and collect.

local threads, prepared = {}, {}

local function read_requests()
  local file = assert(io.open(os.getenv("BENCH_REQUESTS"), "rb"))
  for request in file:read("*a"):gmatch("[^%z]+") do
    prepared[#prepared + 1] = request
  end
  file:close()
end

function setup(thread)
  if #threads == 0 then read_requests() end
  threads[#threads + 1] = thread
  local share = {}
  for number = #threads, #prepared, tonumber(os.getenv("BENCH_THREADS")) do
    share[#share + 1] = prepared[number]
  end
  thread:set("requests", share)
end

function done(summary, latency, made)
  local file = assert(io.open(os.getenv("BENCH_LOG"), "w"))
  for _, thread in ipairs(threads) do
    local answers = thread:get("answers")
    for index = 1, #answers, 3 do
      file:write(string.format(
        "%d %d %d\n", answers[index], answers[index + 1], answers[index + 2]
      ))
    end
    local trouble = thread:get("trouble")
    if trouble ~= "" then io.stderr:write("trouble: " .. trouble .. "\n") end
  end
  file:close()
  local errors = summary.errors
  local broken = errors.connect + errors.read + errors.write + errors.timeout
  io.stderr:write("broken: " .. broken .. "\n")
end

-- In each thread's state: ask, and note the answer.

requests, answers, trouble = {}, {}, ""
local turn, refusals, began = 1, 0, 0
local most = tonumber(os.getenv("BENCH_REFUSALS"))

function request()
  began = now()
  return requests[turn]
end

function response(status, headers, body)
  local length = #answers
  answers[length + 1], answers[length + 2] = began, now() - began
  answers[length + 3] = status
  turn = turn + 1
  refusals = status == CONFLICT and refusals + 1 or 0
  if status >= 400 and status ~= CONFLICT and trouble == "" then
    trouble = status .. " " .. body:sub(1, 500):gsub("%s+", " ")
  end
  if refusals >= most or turn > #requests then
    io.stderr:write("finished\n")
    wrk.thread:stop()
  end
end
