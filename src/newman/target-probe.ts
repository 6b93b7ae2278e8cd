/** Asks a target whether it is there, under the same egress rules as the collection that is going to use it. */

import { lookup as resolveName } from "node:dns";
import { request as requestHttp } from "node:http";
import { request as requestHttps } from "node:https";
import { createEgressCheck } from "../core/egress.js";
import { messageOf } from "../core/errors.js";
import type { TargetProbe } from "../core/ports.js";
import { EgressRefused, checkedLookup } from "./egress-guard.js";

/** Of one try; how long is tried altogether is for the caller to say. */
const TRY_LIMIT_MS = 5000;

/** Sends GET without following redirects. The answer's status, or why there was none. */
export const probeTarget: TargetProbe = (text, { egress, insecure, signal }) =>
  new Promise((resolve) => {
    const fail = (error: unknown): void => {
      resolve({ error: messageOf(error) });
    };
    if (!URL.canParse(text) || !/^https?:$/.test(new URL(text).protocol)) {
      fail(new Error("is no URL of http or https"));
      return;
    }
    const url = new URL(text);
    const check = createEgressCheck(egress);
    const host = url.hostname.replace(/^\[(.*)\]$/, "$1");
    const why = check({ host, address: null, resolver: "own" });
    if (why !== null) {
      fail(new EgressRefused(why));
      return;
    }
    const lookup = checkedLookup(resolveName, check);
    const options = { agent: false, timeout: TRY_LIMIT_MS, signal, lookup };
    const send = url.protocol === "https:" ? requestHttps : requestHttp;
    const request = send(url, { ...options, rejectUnauthorized: !insecure }, (response) => {
      response.destroy();
      resolve({ status: response.statusCode ?? 0 });
    });
    request.on("timeout", () => {
      request.destroy(new Error(`did not answer within ${String(TRY_LIMIT_MS / 1000)} s`));
    });
    request.on("error", fail);
    request.end();
  });
