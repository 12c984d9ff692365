-- wrk script: cycles through the paths of PATHS_FILE and the tokens of TOKENS_FILE; requests are built before the clock starts.
local requests, i = {}, 0

local function lines(name)
  local found = {}
  for line in io.lines(os.getenv(name)) do found[#found + 1] = line end
  return found
end

function init(_)
  local paths, tokens = lines("PATHS_FILE"), lines("TOKENS_FILE")
  for n, path in ipairs(paths) do
    requests[n] = wrk.format("GET", path, { ["Authorization"] = "Bearer " .. tokens[n % #tokens + 1] })
  end
  math.randomseed(tonumber(os.getenv("SEED")))
  i = math.random(#requests)
end

function request()
  i = i % #requests + 1
  return requests[i]
end
