-- Lets requests in by API keys of which only the SHA-256 (FIPS 180-4) is known, or by a token that
-- was verified before. The keys, the header and the scopes are in the metadata of the route.
local band, bor, bxor, bnot = bit.band, bit.bor, bit.bxor, bit.bnot
local ror, rshift, tobit, tohex = bit.ror, bit.rshift, bit.tobit, bit.tohex

-- The first 32 bits of the fractional parts of the roots of the first primes.
local function fraction(x) return tobit(math.floor((x - math.floor(x)) * 4294967296)) end
local K, START = {}, {}
do
  local n = 2
  while #K < 64 do
    local prime = true
    for d = 2, math.floor(math.sqrt(n)) do
      if n % d == 0 then prime = false break end
    end
    if prime then
      if #START < 8 then START[#START + 1] = fraction(math.sqrt(n)) end
      K[#K + 1] = fraction(n ^ (1 / 3))
    end
    n = n + 1
  end
end

local function block(state, text, at)
  local w = {}
  for i = 1, 16 do
    local a, b, c, d = text:byte(at + i * 4 - 4, at + i * 4 - 1)
    w[i] = bor(bit.lshift(a, 24), bit.lshift(b, 16), bit.lshift(c, 8), d)
  end
  for i = 17, 64 do
    local x, y = w[i - 15], w[i - 2]
    local s0 = bxor(ror(x, 7), ror(x, 18), rshift(x, 3))
    local s1 = bxor(ror(y, 17), ror(y, 19), rshift(y, 10))
    w[i] = tobit(w[i - 16] + s0 + w[i - 7] + s1)
  end
  local a, b, c, d, e, f, g, h = unpack(state)
  for i = 1, 64 do
    local s1 = bxor(ror(e, 6), ror(e, 11), ror(e, 25))
    local t1 = tobit(h + s1 + bxor(band(e, f), band(bnot(e), g)) + K[i] + w[i])
    local s0 = bxor(ror(a, 2), ror(a, 13), ror(a, 22))
    local t2 = tobit(s0 + bxor(band(a, b), band(a, c), band(b, c)))
    h, g, f, e, d, c, b, a = g, f, e, tobit(d + t1), c, b, a, tobit(t1 + t2)
  end
  for i, value in ipairs({a, b, c, d, e, f, g, h}) do state[i] = tobit(state[i] + value) end
end

local function sha256(text)
  local bits = #text * 8
  local padded = text .. "\128" .. ("\0"):rep((55 - #text) % 64) .. "\0\0\0\0"
    .. string.char(band(rshift(bits, 24), 255), band(rshift(bits, 16), 255),
                   band(rshift(bits, 8), 255), band(bits, 255))
  local state = {unpack(START)}
  for at = 1, #padded, 64 do block(state, padded, at) end
  local words = {}
  for i = 1, 8 do words[i] = tohex(state[i]) end
  return table.concat(words)
end

local LONGEST = 8192

local function refuse(handle, status, text)
  handle:respond({[":status"] = status}, text)
end

local function has_all(wanted, had)
  local known = {}
  for _, scope in pairs(had or {}) do known[scope] = true end
  for _, scope in pairs(wanted or {}) do
    if not known[scope] then return false end
  end
  return true
end

function envoy_on_request(handle)
  local rules = handle:metadata()
  local header = rules:get("header")
  if header == nil then return end
  local presented, scopes = handle:headers():get(header), nil
  if presented ~= nil then
    local known = rules:get("keys")[sha256(presented:sub(1, LONGEST))]
    if known == nil then return refuse(handle, "401", "API key is not known") end
    scopes = known["scopes"]
  else
    local verified = handle:streamInfo():dynamicMetadata():get("envoy.filters.http.jwt_authn")
    local claims = verified and verified["claims"]
    if claims == nil then return refuse(handle, "401", "API key or token is missing") end
    scopes = claims["scope"]
  end
  if not has_all(rules:get("scopes"), scopes) then
    return refuse(handle, "403", "a scope is missing")
  end
end
