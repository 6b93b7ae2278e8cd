/** A target that a task asks again and again until it is told that it is enough, and that sees which attempt asks. */

import { createServer } from "node:http";
import type { AddressInfo } from "node:net";

export interface TickingTarget {
  /** What a collection is that goes on until `enough`; its task needs `runHeader`. */
  readonly collection: object;
  /** Requests of one attempt of a task so far. */
  ticks(node: string, attempt: number): number;
  /** Requests of attempts of a task that came after the first one of a later attempt. */
  overlap(node: string): number;
  enough(): void;
  close(): Promise<void>;
}

const AGAIN = "if (!pm.response.json().enough) pm.execution.setNextRequest('tick');";

export async function openTickingTarget(): Promise<TickingTarget> {
  const ticks: { readonly node: string; readonly attempt: number }[] = [];
  let enough = false;
  const server = createServer((request, response) => {
    const [, node = "", attempt = ""] = String(request.headers["x-turnpike-run"]).split("/");
    ticks.push({ node, attempt: Number(attempt) });
    response.end(JSON.stringify({ enough }));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  const attemptsOf = (node: string): readonly number[] =>
    ticks.filter((tick) => tick.node === node).map(({ attempt }) => attempt);
  const test = ["pm.test('answers 200', () => pm.response.to.have.status(200));", AGAIN];
  return {
    collection: {
      info: {
        name: "ticking",
        schema: "https://schema.getpostman.com/json/collection/v2.1.0/collection.json",
      },
      item: [
        {
          name: "tick",
          request: { method: "GET", url: `http://127.0.0.1:${String(port)}/tick` },
          event: [{ listen: "test", script: { type: "text/javascript", exec: test } }],
        },
      ],
    },
    ticks: (node, attempt) => attemptsOf(node).filter((one) => one === attempt).length,
    overlap(node) {
      let latest = 0;
      let late = 0;
      for (const attempt of attemptsOf(node)) {
        if (attempt < latest) late += 1;
        latest = Math.max(latest, attempt);
      }
      return late;
    },
    enough() {
      enough = true;
    },
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
