/** The option `bail` with the modifiers Newman's flag has. */

import { z } from "zod";

export const BAIL_MODIFIERS = ["failure", "folder"] as const;
const modifierSchema = z.enum(BAIL_MODIFIERS);

/** `failure`, and `true`, end a run at its first failure; `folder` ends it where a folder that was chosen is not there. */
export const bailSchema = z.union([
  z.boolean(),
  modifierSchema,
  z.array(modifierSchema).min(1, "name failure, folder or both"),
]);
export type Bail = Readonly<z.infer<typeof bailSchema>>;
