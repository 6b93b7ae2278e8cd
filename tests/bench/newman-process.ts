/** One warm process of the contender newman-in-process: Newman loaded once, one collection after the other. */

import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { z } from "zod";
import { messageOf } from "../../src/core/errors.js";

interface Newman {
  run(
    options: { readonly collection: unknown; readonly iterationData?: string },
    done: (
      error: unknown,
      summary?: { readonly run: { readonly failures: readonly unknown[] } },
    ) => void,
  ): void;
}

const jobSchema = z.strictObject({ collection: z.string(), data: z.string().nullable() });
const newman: Newman = createRequire(import.meta.url)("newman");

process.on("disconnect", () => process.exit(0));
process.on("message", (raw) => {
  const { collection, data } = jobSchema.parse(raw);
  const document: unknown = JSON.parse(readFileSync(collection, "utf8"));
  const options = {
    collection: document,
    ...(data === null ? {} : { iterationData: data }),
  };
  newman.run(options, (error, summary) => {
    const failed = error == null ? summary?.run.failures.length : messageOf(error);
    process.send?.({ failed: failed === 0 ? null : String(failed) });
  });
});
process.send?.({ ready: true });
