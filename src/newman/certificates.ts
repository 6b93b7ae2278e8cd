/** The certificates of a run inside its process: their files come from memory, so that the file jail stays shut. */

import { Agent as HttpsAgent, type AgentOptions } from "node:https";
import { createSecureContext, rootCertificates, type SecureContext } from "node:tls";
import type { Certificates } from "../core/certificates.js";
import type { StartedRun } from "./started-run.js";

type Answer = (error: Error | null, content?: Buffer) => void;

/** Lets the runtime read the files of the certificates, and tunnels trust the further authorities. */
export function giveCertificates(
  { options, requester }: StartedRun,
  { files, authorities }: Certificates,
): void {
  const resolver = options?.fileResolver;
  const readFile: unknown = resolver === undefined ? null : Reflect.get(resolver, "readFile");
  if (resolver === undefined || typeof readFile !== "function" || requester?.options === undefined)
    throw new Error("this runtime has no requester or file resolver where they were");
  Reflect.set(resolver, "readFile", (path: string, answer: Answer) => {
    const content = files[path];
    if (content === undefined) Reflect.apply(readFile, resolver, [path, answer]);
    else answer(null, Buffer.from(content, "base64"));
  });
  if (authorities !== undefined) requester.options.extendedRootCA = authorities;
}

/** An agent for one run. The runtime adds authorities only to agents it makes itself, which would outlive the run. */
export function createHttpsAgent(
  options: AgentOptions,
  { authorities }: Pick<Certificates, "authorities">,
): HttpsAgent {
  const agent = new HttpsAgent(options);
  if (authorities === undefined) return agent;
  const ca = [...rootCertificates, authorities];
  const contexts = new Map<string, SecureContext>();
  const contextOf = (tls: AgentOptions): SecureContext => {
    // Node's own name for connections that have all their TLS options in common.
    const name = agent.getName(tls);
    const context = contexts.get(name) ?? createSecureContext({ ...tls, ca });
    contexts.set(name, context);
    return context;
  };
  const connect: unknown = Reflect.get(agent, "createConnection");
  if (typeof connect !== "function") throw new Error("this Node's https agent cannot connect");
  Reflect.set(agent, "createConnection", (tls: AgentOptions, ...rest: unknown[]): unknown => {
    const socket: unknown = Reflect.apply(connect, agent, [
      { ...tls, secureContext: contextOf(tls) },
      ...rest,
    ]);
    return socket;
  });
  return agent;
}
