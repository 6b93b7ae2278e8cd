/** The API without a network, for `inject`. */

import assert from "node:assert/strict";
import type { TestContext } from "node:test";
import { pino } from "pino";
import { createApp, type AppOptions } from "../../src/http/app.js";
import type { App } from "../../src/http/route-context.js";
import { emptyService } from "./empty-service.js";

/** An app over a service of nothing, closed when the test ends. */
export async function openApp(
  context: TestContext,
  options: Partial<AppOptions> = {},
): Promise<App> {
  const app = await createApp({
    service: emptyService(),
    log: pino({ level: "silent" }),
    bodyLimitBytes: 10_000,
    isDraining: () => false,
    ...options,
  });
  context.after(() => app.close());
  return app;
}

export interface ProblemAnswer {
  readonly code: string;
  readonly status: number;
  readonly detail: string;
  readonly instance: string;
  readonly problems: readonly {
    readonly path: string;
    readonly message: string;
    readonly suggestedAction?: string;
  }[];
}

/** The answer as a problem document; fails when it is none. */
export function problemOf(answer: {
  readonly headers: Readonly<Record<string, unknown>>;
  readonly body: string;
}): ProblemAnswer {
  assert.match(String(answer.headers["content-type"]), /^application\/problem\+json/);
  return JSON.parse(answer.body) as ProblemAnswer;
}
