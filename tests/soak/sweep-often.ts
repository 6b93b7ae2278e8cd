/** Loaded ahead of the service (`node --import`): what it does every minute it does every five seconds, so that sweeps meet everything. */

const MINUTE_MS = 60_000;
const OFTEN_MS = 5000;

const { setInterval: original } = globalThis;
globalThis.setInterval = Object.assign(
  (work: (...given: unknown[]) => void, delayMs?: number, ...given: unknown[]) =>
    original(work, delayMs === MINUTE_MS ? OFTEN_MS : delayMs, ...given),
  original,
);
