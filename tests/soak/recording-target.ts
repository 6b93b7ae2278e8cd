/** The target of the soak's collections: it answers at once unless asked otherwise, and notes who asked, and when. */

import { createServer, type ServerResponse } from "node:http";
import type { Hit } from "./evidence.js";

export interface RecordingTarget {
  readonly url: string;
  readonly hits: readonly Hit[];
  close(): Promise<void>;
}

/** How long the second attempt of a lingering task takes, so that the first could record meanwhile. */
const SECOND_ATTEMPT_MS = 5000;
const PATH = /^\/([\w-]+)\/([\w-]+)\/(\d+)\/(\d+)$/;

export async function startRecordingTarget(): Promise<RecordingTarget> {
  const hits: Hit[] = [];
  const timers = new Set<NodeJS.Timeout>();
  const lingering: { readonly hit: Hit; readonly answer: () => void }[] = [];
  const later = (work: () => void, delayMs: number): void => {
    const timer = setTimeout(() => {
      timers.delete(timer);
      work();
    }, delayMs);
    timers.add(timer);
  };
  /** The first attempt is answered when another one appears, or after the limit. */
  const linger = (hit: Hit, answer: () => void, limitMs: number): void => {
    if (hit.attempt > 1) {
      later(answer, SECOND_ATTEMPT_MS);
      return;
    }
    lingering.push({ hit, answer });
    later(answer, limitMs);
  };
  const server = createServer((request, response) => {
    const url = new URL(request.url ?? "/", "http://target");
    const [, run = "", task = "", attempt = "", step = ""] = PATH.exec(url.pathname) ?? [];
    const hit = { run, task, attempt: Number(attempt), step: Number(step), at: Date.now() };
    hits.push(hit);
    for (const waiting of lingering) {
      const { hit: earlier } = waiting;
      if (earlier.run === run && earlier.task === task && earlier.attempt < hit.attempt)
        waiting.answer();
    }
    const behaviour = url.searchParams.get("behaviour");
    if (behaviour === "hangs") return;
    const answer = (): void => {
      const isRed = behaviour === "fails" || (behaviour === "flaky" && hit.attempt === 1);
      respond(response, isRed ? 500 : 200);
    };
    const answerMs = Number(url.searchParams.get("answerMs") ?? 0);
    if (behaviour === "lingers") linger(hit, answer, answerMs);
    else later(answer, answerMs);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("the target has no port");
  return {
    url: `http://127.0.0.1:${String(address.port)}`,
    hits,
    async close() {
      for (const timer of timers) clearTimeout(timer);
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** Whoever waited may be dead, and a lingering answer may be asked for twice. */
function respond(response: ServerResponse, status: number): void {
  if (response.writableEnded || response.destroyed) return;
  response.writeHead(status, { "content-type": "application/json" }).end('{"ok":true}');
}
