/** Small collections written where they are tested, and the jobs that run them. */

import { tmpdir } from "node:os";
import type { CollectionJob } from "../../src/core/collection-job.js";

export interface ItemSketch {
  readonly name?: string;
  readonly url: string;
  readonly method?: string;
  /** Body as Postman's format has it. */
  readonly body?: object;
  readonly prerequest?: readonly string[];
  readonly test?: readonly string[];
}

export const PASSING_TEST = ["pm.test('status is 200', () => pm.response.to.have.status(200));"];

/** A v2.1 collection of requests. */
export function sketchCollection(...items: readonly ItemSketch[]): object {
  const events = ({ prerequest, test }: ItemSketch): object[] =>
    Object.entries({ prerequest, test }).flatMap(([listen, exec]) =>
      exec === undefined ? [] : [{ listen, script: { type: "text/javascript", exec } }],
    );
  return {
    info: {
      name: "sketch",
      schema: "https://schema.getpostman.com/json/collection/v2.1.0/collection.json",
    },
    item: items.map((item, index) => ({
      id: `item-${String(index)}`,
      name: item.name ?? `request ${String(index)}`,
      request: {
        method: item.method ?? "GET",
        url: item.url,
        ...(item.body !== undefined && { body: item.body }),
      },
      event: events(item),
    })),
  };
}

/** A job with nothing asked for but the collection, and what `more` adds. */
export function jobOf(collection: unknown, more: Partial<CollectionJob> = {}): CollectionJob {
  return {
    collection,
    environment: { name: "none", rows: [] },
    globals: [],
    data: null,
    iterations: null,
    iterationRange: null,
    folder: [],
    workingDirectory: tmpdir(),
    refusedFiles: "fail",
    allowUnresolved: false,
    guardedSecrets: [],
    egress: { allow: [], deny: [] },
    pacedHosts: [],
    creations: { prefix: "Test_none_000000000000000_1_", rules: {} },
    requestLimit: 5_000,
    outputs: [],
    exports: [],
    cookieJar: null,
    certificates: null,
    bail: false,
    insecure: false,
    ignoreRedirects: false,
    timeoutRequestMs: null,
    timeoutScriptMs: null,
    delayRequestMs: null,
    ...more,
  };
}
