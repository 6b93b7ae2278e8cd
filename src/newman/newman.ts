/** The part of Newman's interface that we use, as its source shows it (its published types describe version 5), and how it is loaded. */

import type { Agent as HttpAgent } from "node:http";
import type { Agent as HttpsAgent } from "node:https";
import { createRequire } from "node:module";
import { z } from "zod";
import type { ClientCertificate } from "../core/certificates.js";
import type { StartedRun } from "./started-run.js";

/** Before this version scripts ran in the thread of Newman itself, where an endless loop hangs the process for ever. */
const MIN_RUNTIME = { major: 7, minor: 40 };
const manifestSchema = z.object({ version: z.string() });

/** Of the package of cookies that Newman has loaded. */
export interface CookieJar {
  toJSON(): unknown;
}

export interface NewmanOptions {
  readonly collection: object;
  readonly environment: object;
  readonly globals: object;
  readonly iterationData?: readonly unknown[];
  readonly iterationCount?: number;
  readonly folder?: readonly string[];
  readonly workingDir: string;
  readonly insecureFileRead: boolean;
  readonly reporters: readonly [];
  /** True, or modifiers. */
  readonly bail?: true | readonly string[];
  readonly insecure?: boolean;
  readonly ignoreRedirects?: boolean;
  readonly timeoutRequest?: number;
  readonly timeoutScript?: number;
  readonly delayRequest?: number;
  readonly cookieJar?: CookieJar;
  readonly sslClientCertList?: readonly ClientCertificate[];
  readonly requestAgents: { readonly http: HttpAgent; readonly https: HttpsAgent };
}

interface Tracker {
  readonly total: number;
  readonly failed: number;
}

/** Variables as they stand at the end of a run. */
interface VariableScope {
  has(name: string): boolean;
  get(name: string): unknown;
  toJSON(): unknown;
}

export interface NewmanSummary {
  readonly environment?: VariableScope;
  readonly globals?: VariableScope;
  readonly collection?: { toJSON(): unknown };
  readonly run: {
    readonly stats: Readonly<
      Record<
        "iterations" | "requests" | "assertions" | "testScripts" | "prerequestScripts",
        Tracker
      >
    >;
    readonly failures: NewmanFailure[];
    readonly executions: Record<string, unknown>[];
    readonly error?: unknown;
  };
}

export interface NewmanFailure {
  readonly error?: { readonly name?: unknown; readonly message?: unknown; readonly test?: unknown };
  readonly at?: unknown;
  readonly source?: Item;
  readonly cursor?: Cursor;
}

/** Names one execution of one item: `ref` is unique for each. */
export interface Cursor {
  readonly ref?: string;
  readonly iteration?: number;
  /** Present on what a script sent, wrote or asserted. */
  readonly scriptId?: string;
  /** Names one execution of one script. */
  readonly execution?: string;
}

export interface Item {
  readonly id?: unknown;
  readonly name?: unknown;
  readonly request?: SentRequest;
  forEachParent?(visit: (parent: { readonly name?: unknown; readonly id?: unknown }) => void): void;
}

/** A header, a field of a form, or a value of an authorization. */
export interface Parameter {
  readonly key?: unknown;
  readonly value?: unknown;
  readonly disabled?: boolean;
}

interface ParameterList {
  all(): readonly Parameter[];
}

export interface SentRequest {
  readonly method?: unknown;
  readonly url?: { toString(): string };
  readonly headers?: ParameterList;
  readonly body?: {
    readonly mode?: unknown;
    readonly disabled?: boolean;
    readonly raw?: unknown;
    readonly graphql?: unknown;
    readonly urlencoded?: ParameterList;
    readonly formdata?: ParameterList;
    toString(): string;
    isEmpty?(): boolean;
  };
  readonly auth?: { parameters?(): ParameterList | undefined };
}

export interface ReceivedResponse {
  readonly code?: unknown;
  readonly responseTime?: unknown;
  readonly headers?: ParameterList;
  readonly stream?: Uint8Array;
  size?(): { readonly body?: unknown };
}

/** What Newman hands to each kind of listener, after the error. */
export interface NewmanEvents {
  start: { readonly run: StartedRun };
  beforeItem: { readonly cursor?: Cursor; readonly item?: Item };
  beforeScript: {
    readonly cursor?: Cursor;
    readonly item?: Item;
    readonly event?: { readonly listen?: unknown };
  };
  request: {
    readonly cursor?: Cursor;
    readonly item?: Item;
    readonly request?: SentRequest;
    readonly response?: ReceivedResponse;
  };
  script: {
    readonly cursor?: Cursor;
    readonly item?: Item;
    readonly script?: { readonly name?: unknown };
    readonly event?: { readonly listen?: unknown };
  };
  assertion: {
    readonly cursor?: Cursor;
    readonly item?: Item;
    readonly assertion?: unknown;
    readonly skipped?: unknown;
    readonly error?: { readonly message?: unknown };
  };
  console: {
    readonly cursor?: Cursor;
    readonly level?: unknown;
    readonly messages?: readonly unknown[];
  };
  exception: { readonly cursor?: Cursor; readonly error?: unknown };
  item: { readonly cursor?: Cursor; readonly item?: Item };
}

export interface NewmanEmitter {
  readonly summary?: NewmanSummary;
  on<Name extends keyof NewmanEvents>(
    name: Name,
    listener: (error: unknown, args: NewmanEvents[Name]) => void,
  ): void;
}

export interface Newman {
  run(
    options: NewmanOptions,
    done: (error: unknown, summary: NewmanSummary | undefined) => void,
  ): NewmanEmitter;
}

/** Loads Newman, and throws when the runtime inside it is not the newer one package.json asks for. */
export function loadNewman(): Newman {
  const require = createRequire(import.meta.url);
  const requireBesideNewman = createRequire(require.resolve("newman"));
  checkRuntime(manifestSchema.parse(requireBesideNewman("postman-runtime/package.json")).version);
  const newman: unknown = require("newman");
  if (!isNewman(newman)) throw new Error("the package newman has no function run");
  return newman;
}

/** Throws for a version of postman-runtime that is too old. */
export function checkRuntime(version: string): void {
  const [major = 0, minor = 0] = version.split(".").map(Number);
  const isOld =
    major < MIN_RUNTIME.major || (major === MIN_RUNTIME.major && minor < MIN_RUNTIME.minor);
  if (!isOld) return;
  throw new Error(
    `Newman has loaded postman-runtime ${version}, which cannot contain scripts; at least ` +
      `${String(MIN_RUNTIME.major)}.${String(MIN_RUNTIME.minor)} is needed: run \`npm ci\` in turnpike's own folder, or install the ` +
      `tarball that \`npm pack\` makes there, which carries the right one`,
  );
}

function isNewman(value: unknown): value is Newman {
  return (
    typeof value === "object" && value !== null && "run" in value && typeof value.run === "function"
  );
}
