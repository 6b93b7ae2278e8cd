/** Which environment was chosen for the runs that choose none, kept as a small file beside the environments. */

import { rm } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { TurnpikeError } from "../core/errors.js";
import type { ChosenEnvironment } from "../core/ports.js";
import { readIfThere, writeWhole } from "./file.js";

const FILE = ".chosen-environment.json";
const schema = z.strictObject({ environment: z.array(z.string()) });

export function createChosenEnvironment(directory: string): ChosenEnvironment {
  const path = join(directory, FILE);
  return {
    async read() {
      const bytes = await readIfThere(path);
      if (bytes === null) return null;
      try {
        return schema.parse(JSON.parse(bytes.toString())).environment;
      } catch (cause) {
        throw new TurnpikeError(
          "INVALID_ENVIRONMENT",
          `${path} does not say which environment is chosen; delete it, or choose again with: turnpike env use NAME`,
          { cause },
        );
      }
    },
    async write(layers) {
      if (layers === null) await rm(path, { force: true });
      else await writeWhole(path, `${JSON.stringify({ environment: layers })}\n`);
    },
  };
}
