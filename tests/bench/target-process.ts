/** The target of the benchmark, in a process of its own: it answers after so many milliseconds and counts what it was asked. */

import { createServer } from "node:http";

const answerMs = Number(process.argv[2] ?? 0);
const body = JSON.stringify({ ok: true, id: 7, name: "widget", tags: ["a", "b"] });
let requests = 0;
const server = createServer((_, response) => {
  requests++;
  const answer = (): void => {
    response.setHeader("content-type", "application/json");
    response.end(body);
  };
  if (answerMs === 0) answer();
  else setTimeout(answer, answerMs);
});
// Longer than any pause of the benchmark, so that a kept connection is never closed under somebody.
server.keepAliveTimeout = 600_000;
process.on("disconnect", () => process.exit(0));
process.on("message", () => {
  process.send?.({ requests });
  requests = 0;
});
server.listen(0, "127.0.0.1", () => {
  const address = server.address();
  if (typeof address === "object" && address !== null) process.send?.({ port: address.port });
});
