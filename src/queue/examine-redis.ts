/** What `turnpike doctor` says of a Redis server. */

import { TurnpikeError } from "../core/errors.js";
import { failed, found, warned, type Finding } from "../core/finding.js";
import { askRedis, OLDEST_VERSION, redisPlace } from "./redis-probe.js";

const PART = "redis";
/** From here on BullMQ uses commands that spare it round trips. */
const GOOD_VERSION = 6.2;

export async function examineRedis(url: string): Promise<readonly Finding[]> {
  try {
    return judge(await askRedis(url), redisPlace(url));
  } catch (error) {
    if (!(error instanceof TurnpikeError)) throw error;
    const [what = "", ...remedy] = error.message.split("; ");
    return [failed(PART, what, remedy.join("; "))];
  }
}

/** Servers that speak Redis but are none may leave some of this out; what is not said is not judged. */
function judge(facts: ReadonlyMap<string, string>, place: string): readonly Finding[] {
  const version = facts.get("redis_version") ?? "unknown";
  const number = Number.parseFloat(version);
  const policy = facts.get("maxmemory_policy");
  const appendOnly = facts.get("aof_enabled");
  const is = `Redis ${version} answers at ${place}`;
  return [
    number < OLDEST_VERSION
      ? failed(PART, `${is}, which BullMQ cannot work with`, "use 6.2 or newer")
      : number < GOOD_VERSION
        ? warned(PART, `${is}, which is old`, "use 6.2 or newer")
        : found(PART, is),
    ...(policy === undefined
      ? []
      : policy === "noeviction"
        ? [found(PART, "maxmemory-policy is noeviction")]
        : [
            warned(
              PART,
              `maxmemory-policy is ${policy}: jobs of a run may be thrown away when memory is short`,
              "set it to noeviction in redis.conf",
            ),
          ]),
    ...(appendOnly === undefined
      ? []
      : appendOnly === "1"
        ? [found(PART, "the append-only file is on")]
        : [
            warned(
              PART,
              "the append-only file is off: when Redis dies, queued runs wait until the service makes them anew",
              "set appendonly to yes in redis.conf",
            ),
          ]),
  ];
}
