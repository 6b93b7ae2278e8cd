/**
 * The script that keeps shared limits in Redis: one step on the server for each question, on the server's clock. It does
 * what local-limits.ts does in memory; one contract suite holds for both.
 */

import { LOOK_AT, OFFER_MS, WAITER_LIMIT_MS } from "../core/shared-limits.js";

/**
 * KEYS[1] is the prefix. `<prefix>:held:<key>` has each owner with the end of its lease, `<prefix>:queue:<key>` each waiter
 * with its rank, `<prefix>:waiters` what each waiter wants, `<prefix>:queues` the keys somebody waits for.
 */
export const LIMITS_SCRIPT = `
local prefix = KEYS[1]
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local precise = time[1] * 1000 + time[2] / 1000

local function held(key) return prefix .. ':held:' .. key end
local function queue(key) return prefix .. ':queue:' .. key end
local waiters = prefix .. ':waiters'
local queues = prefix .. ':queues'

local function count(key)
  redis.call('ZREMRANGEBYSCORE', held(key), '-inf', now)
  return redis.call('ZCARD', held(key))
end

local function leave(waiter, keys)
  for _, key in ipairs(keys) do
    redis.call('ZREM', queue(key), waiter)
    if redis.call('EXISTS', queue(key)) == 0 then redis.call('SREM', queues, key) end
  end
end

local function forget(waiter)
  local text = redis.call('HGET', waiters, waiter)
  if not text then return end
  leave(waiter, cjson.decode(text).blockedBy)
  redis.call('HDEL', waiters, waiter)
end

local function remember(waiter, record)
  for _, key in ipairs(record.blockedBy) do
    redis.call('ZADD', queue(key), record.rank, waiter)
    redis.call('SADD', queues, key)
  end
  redis.call('HSET', waiters, waiter, cjson.encode(record))
end

local function full(permits, offered)
  local keys = {}
  for _, permit in ipairs(permits) do
    if count(permit.key) + (offered[permit.key] or 0) >= permit.limit then keys[#keys + 1] = permit.key end
  end
  return keys
end

local function runnable(keys)
  local offered, seen, named = {}, {}, {}
  for _, key in ipairs(keys) do
    for _, waiter in ipairs(redis.call('ZRANGE', queue(key), 0, ${String(LOOK_AT - 1)})) do
      if not seen[waiter] then
        seen[waiter] = true
        local text = redis.call('HGET', waiters, waiter)
        local record = text and cjson.decode(text)
        if not record then
          leave(waiter, {key})
        elseif record.goneAt <= now then
          forget(waiter)
        else
          local keysFull = full(record.permits, offered)
          if #keysFull > 0 then
            -- It waits where it would be stopped now, so that it is looked at when that changes, and hides nobody here.
            local same = #keysFull == #record.blockedBy
            for place, each in ipairs(keysFull) do same = same and each == record.blockedBy[place] end
            if not same then
              leave(waiter, record.blockedBy)
              record.blockedBy = keysFull
              remember(waiter, record)
            end
          else
            for _, permit in ipairs(record.permits) do offered[permit.key] = (offered[permit.key] or 0) + 1 end
            if record.offeredUntil <= now then
              record.offeredUntil = now + ${String(OFFER_MS)}
              redis.call('HSET', waiters, waiter, cjson.encode(record))
              named[#named + 1] = waiter
            end
          end
        end
      end
    end
  end
  return named
end

local function hold(key, owner, forMs)
  redis.call('ZADD', held(key), now + forMs, owner)
  redis.call('PEXPIRE', held(key), math.max(forMs, redis.call('PTTL', held(key))))
end

local commands = {}

function commands.acquire(request)
  forget(request.waiter)
  local blockedBy = full(request.permits, {})
  if #blockedBy == 0 then
    for _, permit in ipairs(request.permits) do hold(permit.key, request.owner, permit.holdMs or request.leaseMs) end
    return {'granted'}
  end
  local pause = -1
  for _, permit in ipairs(request.permits) do
    for _, key in ipairs(blockedBy) do
      if key == permit.key and permit.holdMs then
        local first = redis.call('ZRANGE', held(key), 0, 0, 'WITHSCORES')[2]
        local ahead = redis.call('ZCOUNT', queue(key), '-inf', '(' .. request.rank)
        pause = math.max(pause, first - now + math.floor(ahead / permit.limit) * permit.holdMs)
      end
    end
  end
  remember(request.waiter, {
    permits = request.permits, rank = request.rank, blockedBy = blockedBy,
    goneAt = now + ${String(WAITER_LIMIT_MS)}, offeredUntil = 0,
  })
  local answer = {'refused', tostring(pause)}
  for _, key in ipairs(blockedBy) do answer[#answer + 1] = key end
  return answer
end

function commands.renew(request)
  local lost = {}
  for _, holder in ipairs(request.holders) do
    local whole = true
    for _, key in ipairs(holder.keys) do
      local endsAt = redis.call('ZSCORE', held(key), holder.owner)
      whole = whole and endsAt and tonumber(endsAt) > now
    end
    if whole then
      for _, key in ipairs(holder.keys) do hold(key, holder.owner, request.leaseMs) end
    else
      lost[#lost + 1] = holder.owner
    end
  end
  return lost
end

function commands.release(request)
  for _, key in ipairs(request.keys) do redis.call('ZREM', held(key), request.owner) end
  return runnable(request.keys)
end

function commands.forget(request)
  local text = redis.call('HGET', waiters, request.waiter)
  if not text then return {} end
  forget(request.waiter)
  return runnable(cjson.decode(text).blockedBy)
end

-- A flat list, because an empty one has no type in JSON here: each waiter's number, a key, how many hold it, and who.
function commands.blocks(request)
  local answer = {}
  for place, waiter in ipairs(request.waiters) do
    local text = redis.call('HGET', waiters, waiter)
    for _, key in ipairs(text and cjson.decode(text).blockedBy or {}) do
      count(key)
      local owners = redis.call('ZRANGE', held(key), 0, -1)
      answer[#answer + 1] = tostring(place - 1)
      answer[#answer + 1] = key
      answer[#answer + 1] = tostring(#owners)
      for _, owner in ipairs(owners) do answer[#answer + 1] = owner end
    end
  end
  return answer
end

function commands.wake()
  return runnable(redis.call('SMEMBERS', queues))
end

function commands.reserve(request)
  local key = prefix .. ':rate:' .. request.key
  local interval = 1000 / request.perSecond
  local next = math.max(tonumber(redis.call('GET', key) or 0), precise)
  local delays = {}
  for place = 1, request.count do
    delays[place] = string.format('%.3f', math.max(0, next - (request.burst - 1) * interval - precise))
    next = next + interval
  end
  redis.call('SET', key, string.format('%.3f', next), 'PX', math.ceil(next - precise) + 1000)
  return delays
end

function commands.take(request)
  local turns = prefix .. ':turns'
  local reached = tonumber(redis.call('GET', prefix .. ':reached') or 0)
  local first = math.max(reached, tonumber(redis.call('ZSCORE', turns, request.caller) or 0))
  redis.call('ZREMRANGEBYSCORE', turns, '-inf', reached)
  redis.call('ZADD', turns, first + request.count, request.caller)
  return {tostring(first)}
end

function commands.reached(request)
  local key = prefix .. ':reached'
  if tonumber(redis.call('GET', key) or 0) < request.turn then redis.call('SET', key, request.turn) end
  return {}
end

function commands.reset()
  redis.call('DEL', prefix .. ':turns', prefix .. ':reached')
  return {}
end

return commands[ARGV[1]](cjson.decode(ARGV[2]))
`;
