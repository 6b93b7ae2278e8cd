/** Small documents in Redis that vanish unless they are renewed: by them services and workers find each other. */

import type { Redis } from "ioredis";

export interface Beacons {
  /** Shows a document under a name for a while; doing it again renews it. */
  show(name: string, document: unknown): Promise<void>;
  /** Everything that is shown now, as parsed JSON, by name. */
  read(): Promise<ReadonlyMap<string, unknown>>;
  hide(name: string): Promise<void>;
}

/** How long a document stays after its last renewal; renew it several times in that time. */
const BEACON_LIFETIME_MS = 15_000;
export const BEACON_RENEWAL_MS = 3000;

/** `place` is the prefix of the keys. The lifetime is counted by Redis, so that clocks need not agree. */
export function createBeacons(redis: Redis, place: string): Beacons {
  const index = `${place}:names`;
  const keyOf = (name: string): string => `${place}:${name}`;
  return {
    async show(name, document) {
      await redis
        .multi()
        .set(keyOf(name), JSON.stringify(document), "PX", BEACON_LIFETIME_MS)
        .sadd(index, name)
        .exec();
    },
    async read() {
      const names = (await redis.smembers(index)).toSorted();
      if (names.length === 0) return new Map();
      const texts = await redis.mget(names.map(keyOf));
      const gone = names.filter((_, position) => texts[position] === null);
      // A name that is shown again in this moment is put back by its next renewal.
      if (gone.length > 0) await redis.srem(index, ...gone);
      return new Map(
        names.flatMap((name, position): [string, unknown][] => {
          const text = texts[position];
          return text == null ? [] : [[name, JSON.parse(text)]];
        }),
      );
    },
    async hide(name) {
      await redis.multi().del(keyOf(name)).srem(index, name).exec();
    },
  };
}
