/** Who may ask: the bearer token, the loopback rule for services without one, and the answer to pages of other sites. */

import { createHash, timingSafeEqual } from "node:crypto";
import type { FastifyInstance, FastifyRequest } from "fastify";
import { TurnpikeError } from "../core/errors.js";
import { WORKER_API_PATH } from "../core/store-messages.js";

/** Probes of a supervisor carry no token. */
const OPEN_PATHS: ReadonlySet<string> = new Set(["/healthz", "/readyz"]);
const SAFE_METHODS: ReadonlySet<string> = new Set(["GET", "HEAD", "OPTIONS"]);
const HEADERS: Readonly<Record<string, string>> = {
  "x-content-type-options": "nosniff",
  "x-frame-options": "DENY",
  "referrer-policy": "no-referrer",
  "cross-origin-resource-policy": "same-origin",
  "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
};

/**
 * Guards every request, also those no route answers. Without a token the service is one person's own: then only a Host
 * header of this machine is taken, because a page could otherwise point a name of its own at 127.0.0.1 (DNS rebinding).
 */
export function guardRequests(
  app: FastifyInstance,
  token: string | undefined,
  workerToken?: string,
): void {
  const expected = token === undefined ? null : digest(token);
  const expectedOfWorkers = workerToken === undefined ? null : digest(workerToken);
  app.addHook("onRequest", async (request, reply) => {
    void reply.headers({ ...HEADERS, "x-request-id": request.id });
    refuseOtherSites(request);
    // Workers have a token of their own, which opens nothing else, and come by whatever name the service has for them.
    if (pathOf(request).startsWith(`${WORKER_API_PATH}/`) && expectedOfWorkers !== null) {
      const given = credentialOf(request.headers.authorization);
      if (given !== null && timingSafeEqual(digest(given), expectedOfWorkers)) return;
      throw new TurnpikeError("UNAUTHORIZED", "this is not the token of the service's workers");
    }
    if (expected === null) {
      refuseOtherHosts(request);
      return;
    }
    if (OPEN_PATHS.has(pathOf(request)) && SAFE_METHODS.has(request.method)) return;
    const given = credentialOf(request.headers.authorization);
    if (given !== null && timingSafeEqual(digest(given), expected)) return;
    // Browsers know only Basic; they may open the dashboard and reports with the token as the password.
    void reply.header("www-authenticate", [
      'Bearer realm="turnpike"',
      'Basic realm="turnpike", charset="UTF-8"',
    ]);
    throw new TurnpikeError(
      "UNAUTHORIZED",
      given === null ? NO_TOKEN : "this is not the token of the service",
    );
  });
}

const NO_TOKEN =
  "send the header Authorization: Bearer <token>; a browser gives the token as the password";

function refuseOtherHosts(request: FastifyRequest): void {
  const host = request.headers.host ?? "";
  if (isLoopback(host)) return;
  throw new TurnpikeError(
    "FORBIDDEN_HOST",
    `without a token only this machine may ask, but the Host header is "${host}"; use 127.0.0.1 or localhost, or configure a token`,
  );
}

/** True for `localhost`, 127.0.0.0/8 and [::1], with or without a port. */
function isLoopback(host: string): boolean {
  const name = host.toLowerCase().replace(/:\d+$/, "");
  return name === "localhost" || name === "[::1]" || /^127(?:\.\d{1,3}){3}$/.test(name);
}

/** Programs send neither header; browsers send them with everything that changes something. */
function refuseOtherSites(request: FastifyRequest): void {
  if (SAFE_METHODS.has(request.method)) return;
  const site = request.headers["sec-fetch-site"];
  const { origin, host } = request.headers;
  const foreign =
    (site !== undefined && site !== "same-origin" && site !== "none") ||
    (origin !== undefined && hostOf(origin) !== host?.toLowerCase());
  if (!foreign) return;
  throw new TurnpikeError(
    "FORBIDDEN_ORIGIN",
    "a page of another site may not change anything here; call the API from a program",
  );
}

function hostOf(origin: string): string | null {
  return URL.canParse(origin) ? new URL(origin).host : null;
}

function credentialOf(header: string | undefined): string | null {
  const [scheme = "", value = ""] = (header ?? "").trim().split(/ +/, 2);
  if (scheme.toLowerCase() === "bearer" && value !== "") return value;
  if (scheme.toLowerCase() !== "basic") return null;
  const decoded = Buffer.from(value, "base64").toString("utf8");
  return decoded.slice(decoded.indexOf(":") + 1);
}

function pathOf(request: FastifyRequest): string {
  return request.url.split("?", 1)[0] ?? "";
}

/** Digests have one length, so that comparing tells nothing about the token's. */
function digest(text: string): Buffer {
  return createHash("sha256").update(text).digest();
}
