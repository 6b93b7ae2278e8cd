/** A target that holds its answers back, so that a test decides when a request ends. */

import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

/** Hears requests, and answers them at once unless it is told to hold those of a path. */
export interface HoldingTarget {
  readonly url: string;
  /** The last body that came to each path. */
  readonly bodies: ReadonlyMap<string, string>;
  /** How many requests came to a path. */
  seen(path: string): number;
  /** How many of them wait for their answer; those whose sender has gone do not count. */
  held(path: string): number;
  hold(path: string): void;
  /** Answers those that are held, of one path or of all, and holds no more of them. */
  release(path?: string): void;
  close(): Promise<void>;
}

export async function openHoldingTarget(): Promise<HoldingTarget> {
  const bodies = new Map<string, string>();
  const counts = new Map<string, number>();
  const holding = new Set<string>();
  const held: { readonly path: string; readonly response: ServerResponse }[] = [];
  const server = createServer((request, response) => {
    const path = request.url ?? "";
    let body = "";
    request.setEncoding("latin1").on("data", (text: string) => (body += text));
    request.on("end", () => {
      bodies.set(path, body);
      counts.set(path, (counts.get(path) ?? 0) + 1);
      if (holding.has(path)) held.push({ path, response });
      else response.end("{}");
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${String((server.address() as AddressInfo).port)}`,
    bodies,
    seen: (path) => counts.get(path) ?? 0,
    held: (path) =>
      held.filter(
        (one) => one.path === path && !one.response.destroyed && !one.response.writableEnded,
      ).length,
    hold: (path) => void holding.add(path),
    release(path) {
      if (path === undefined) holding.clear();
      else holding.delete(path);
      for (const one of held)
        if ((path === undefined || one.path === path) && !one.response.writableEnded)
          one.response.end("{}");
    },
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
