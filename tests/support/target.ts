/** A loopback server to aim collections at: it counts what reaches it, and can be asked to answer late or never. */

import { createServer } from "node:http";

interface ReceivedRequest {
  readonly method: string;
  readonly path: string;
  readonly body: string;
}

export interface Target {
  /** Without a slash at its end. */
  readonly url: string;
  /** Everything that has arrived, in order. */
  readonly requests: readonly ReceivedRequest[];
  /** Resolves when so many requests for a path have arrived; rejects after a limit. */
  arrived(path: string, count: number): Promise<void>;
  close(): Promise<void>;
}

const ARRIVAL_LIMIT_MS = 20_000;

/** `/never` is never answered, `/status/<code>` with that status, `?delay=<ms>` late; everything else with 200 and `{"ok":true}`. */
export async function startTarget(): Promise<Target> {
  const requests: ReceivedRequest[] = [];
  const watchers = new Set<() => void>();
  const timers = new Set<NodeJS.Timeout>();
  const server = createServer((request, response) => {
    const url = new URL(request.url ?? "/", "http://target");
    let body = "";
    request.setEncoding("utf8").on("data", (text: string) => (body += text));
    request.on("end", () => {
      requests.push({ method: request.method ?? "", path: url.pathname, body });
      for (const watcher of watchers) watcher();
      if (url.pathname === "/never") return;
      const status = Number(/^\/status\/(\d+)$/.exec(url.pathname)?.[1] ?? 200);
      const answer = (): void => {
        timers.delete(timer);
        response.writeHead(status, { "content-type": "application/json" }).end('{"ok":true}');
      };
      const timer = setTimeout(answer, Number(url.searchParams.get("delay") ?? 0));
      timers.add(timer);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  if (address === null || typeof address === "string")
    throw new Error("the target does not listen on a port");
  return {
    url: `http://127.0.0.1:${String(address.port)}`,
    requests,
    arrived: (path, count) =>
      new Promise((resolve, reject) => {
        const limit = setTimeout(() => {
          watchers.delete(look);
          reject(
            new Error(
              `fewer than ${String(count)} requests for ${path} within ${String(ARRIVAL_LIMIT_MS)} ms`,
            ),
          );
        }, ARRIVAL_LIMIT_MS);
        const look = (): void => {
          if (requests.filter((request) => request.path === path).length < count) return;
          clearTimeout(limit);
          watchers.delete(look);
          resolve();
        };
        watchers.add(look);
        look();
      }),
    async close() {
      for (const timer of timers) clearTimeout(timer);
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
