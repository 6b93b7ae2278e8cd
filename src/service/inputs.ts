/**
 * The private inputs of a run: environment rows, globals and overrides as they stood at submission. They may hold secrets,
 * so they are kept apart from the run, and deleted when it ends.
 */

import { z } from "zod";
import { certificatesSchema } from "../core/certificates.js";
import { valueTypeSchema } from "../core/environment.js";
import type { BlobStore } from "../core/ports.js";

const rowSchema = z.strictObject({
  key: z.string(),
  value: z.unknown(),
  type: valueTypeSchema.optional(),
  secret: z.boolean(),
});
const layerSchema = z.strictObject({ name: z.string(), rows: z.array(rowSchema) });

const inputsSchema = z.strictObject({
  /** Makes the content, and with it the hash, that of one run alone. */
  runId: z.string(),
  /** Encrypts what the clean-up after tasks needs to know; only runs that clean up have one. */
  ledgerKey: z.string().optional(),
  /** Rows of every environment the run or one of its tasks names. */
  environments: z.record(z.string(), layerSchema),
  /** Layers given by content; they lie over the named ones of every task. */
  layers: z.array(layerSchema),
  globals: z.array(rowSchema),
  variables: z.record(z.string(), z.string()),
  /** Cookies of every task's beginning, as the text of an exported jar. */
  cookieJar: z.string().optional(),
  certificates: certificatesSchema.optional(),
  /** What `{{vault:name}}` stands for in the collections. */
  vault: layerSchema,
  /** Secrets that may be sent to some hosts only. */
  guardedSecrets: z.array(
    z.strictObject({ name: z.string(), value: z.string(), domains: z.array(z.string()) }),
  ),
});
export type Inputs = z.infer<typeof inputsSchema>;

/** Stores the inputs and answers their hash. */
export function putInputs(blobs: BlobStore, inputs: Inputs): Promise<string> {
  return blobs.put(new TextEncoder().encode(JSON.stringify(inputs)));
}

export async function getInputs(blobs: BlobStore, hash: string): Promise<Inputs> {
  return inputsSchema.parse(JSON.parse(new TextDecoder().decode(await blobs.get(hash))));
}
