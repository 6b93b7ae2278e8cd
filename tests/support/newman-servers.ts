/** The servers of our own that corpus collections expect: a raw TCP echo (4041), redirects (4042) and a list of posts (43001). */

import { createServer as createHttpServer, type IncomingMessage } from "node:http";
import { createServer as createTcpServer, type Server } from "node:net";

/** How long the echo waits for more of a request whose length it does not read. */
const SILENCE_MS = 200;

export interface RunningServer {
  close(): Promise<void>;
}

/** Answers any HTTP request with status 200 and the raw text of the request as body, and as the header `raw-request`. */
export function startRawEcho(port: number): Promise<RunningServer> {
  const server = createTcpServer((socket) => {
    let text = "";
    let timer: NodeJS.Timeout | undefined;
    socket.on("error", () => socket.destroy());
    socket.on("close", () => {
      clearTimeout(timer);
    });
    socket.on("data", (chunk) => {
      text += chunk.toString();
      clearTimeout(timer);
      timer = setTimeout(() => {
        const head = [
          "HTTP/1.1 200 ok",
          "connection: close",
          "content-type: text/plain",
          `raw-request: ${JSON.stringify(text)}`,
        ];
        // An answer to HEAD has no body; an HTTP parser would take one for the next answer.
        socket.end(`${head.join("\r\n")}\r\n\r\n${text.startsWith("HEAD ") ? "" : text}`);
      }, SILENCE_MS);
    });
  });
  return listen(server, port);
}

/** `/<n>` redirects n times and `/status/<code>` once with that status, both also under `/relative`; `/` answers what it was sent. */
export function startRedirects(port: number): Promise<RunningServer> {
  const server = createHttpServer((request, response) => {
    const url = request.url ?? "/";
    const redirect = /^(\/relative)?\/(status\/)?(\d+)$/.exec(url);
    readText(request).then(
      (data) => {
        if (redirect !== null) {
          const [, relative, status, digits] = redirect;
          const left = status === undefined ? Number(digits) - 1 : 0;
          const path = left > 0 ? `${relative ?? ""}/${String(left)}` : "/";
          const location =
            relative === undefined ? `http://localhost:${String(port)}${path}` : path;
          response.writeHead(status === undefined ? 302 : Number(digits), { location }).end();
          return;
        }
        const { method, headers } = request;
        response
          .writeHead(200, { "content-type": "application/json" })
          .end(JSON.stringify({ url, method, headers, data }));
      },
      () => response.destroy(),
    );
  });
  return listen(server, port);
}

/** `/posts/<id>` answers a post; it stands in for the public server some collections were written against. */
export function startPosts(port: number): Promise<RunningServer> {
  const server = createHttpServer((request, response) => {
    const id = /^\/posts\/(\d+)$/.exec(request.url ?? "")?.[1];
    response.writeHead(id === undefined ? 404 : 200, { "content-type": "application/json" });
    response.end(JSON.stringify(id === undefined ? {} : { id: Number(id), title: "a post" }));
  });
  return listen(server, port);
}

async function readText(request: IncomingMessage): Promise<string> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of request) {
    if (chunk instanceof Uint8Array) chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString();
}

function listen(server: Server, port: number): Promise<RunningServer> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, "127.0.0.1", () => {
      resolve({
        close: () =>
          new Promise((closed) => {
            server.close(() => {
              closed();
            });
          }),
      });
    });
  });
}
