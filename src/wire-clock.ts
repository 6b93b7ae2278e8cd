/** The clock and the randomness of this process. */

import { randomInt } from "node:crypto";
import type { Clock } from "./core/ports.js";

export const clock: Clock = {
  now: () => Date.now(),
  random: (length) => Array.from({ length }, () => randomInt(36).toString(36)).join(""),
};
