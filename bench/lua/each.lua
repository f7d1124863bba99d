-- Sends prepared requests one after the other and notes every single answer.
--
-- One thread has one connection, so an answer belongs to the request before it. What is
-- sent is read from BENCH_REQUESTS (whole HTTP requests, a NUL byte after each) and
-- shared out over the threads in groups of BENCH_STEPS; what came back goes to
-- BENCH_LOG, a line an answer: when it was asked (the clock is CLOCK_MONOTONIC), how
-- long it took, both in microseconds, the status and which step of its group it was.
-- The 36 marks of BENCH_MARK in a request stand for the id that the first step of its
-- group gave; if it gave none, the rest of the group is left out. A thread ends after
-- BENCH_REFUSALS answers of 409 in a row or with its last request, and says so with a
-- line on stderr.

local ffi = require("ffi")
ffi.cdef [[
  struct bench_time { long seconds; long nanoseconds; };
  int clock_gettime(int clock, struct bench_time *result);
]]
local CLOCK_MONOTONIC = 1
local CONFLICT = 409
local STEPS = tonumber(os.getenv("BENCH_STEPS"))
local MARK = os.getenv("BENCH_MARK")
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
  local share, stride = {}, STEPS * tonumber(os.getenv("BENCH_THREADS"))
  for first = (#threads - 1) * STEPS + 1, #prepared, stride do
    for number = first, first + STEPS - 1 do share[#share + 1] = prepared[number] end
  end
  thread:set("requests", share)
end

function done(summary, latency, made)
  local file = assert(io.open(os.getenv("BENCH_LOG"), "w"))
  for _, thread in ipairs(threads) do
    local answers = thread:get("answers")
    for index = 1, #answers, 4 do
      file:write(string.format(
        "%d %d %d %d\n", answers[index], answers[index + 1], answers[index + 2],
        answers[index + 3]
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
local turn, refusals, began, given = 1, 0, 0, nil
local most = tonumber(os.getenv("BENCH_REFUSALS"))

function request()
  began = now()
  local text = requests[turn]
  if given then text = text:gsub(MARK, given, 1) end
  return text
end

function response(status, headers, body)
  local length, step = #answers, (turn - 1) % STEPS
  answers[length + 1], answers[length + 2] = began, now() - began
  answers[length + 3], answers[length + 4] = status, step
  if STEPS > 1 and step == 0 then given = body:match('"id":"([^"]+)"') end
  turn = turn + (STEPS > 1 and not given and STEPS or 1)
  if (turn - 1) % STEPS == 0 then given = nil end
  refusals = status == CONFLICT and refusals + 1 or 0
  if status >= 400 and status ~= CONFLICT and trouble == "" then
    trouble = status .. " " .. body:sub(1, 500):gsub("%s+", " ")
  end
  if refusals >= most or turn > #requests then
    io.stderr:write("finished\n")
    wrk.thread:stop()
  end
end
