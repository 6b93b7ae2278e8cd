/** A whole service with plans whose target the test holds in its hand, and the calls tests make to it. */

import assert from "node:assert/strict";
import { get, type IncomingMessage } from "node:http";
import { openLiveService, openTarget } from "./service.js";

const SCHEMA = "https://schema.getpostman.com/json/collection/v2.1.0/collection.json";
const LIMIT_MS = 30_000;

/** What an answer holds, as far as tests look at it. */
export interface Receipt {
  readonly id: string;
  readonly state: string;
  readonly verdict: string | null;
  readonly links: { readonly self: string };
}
export interface RunAnswer extends Receipt {
  readonly environment: readonly string[];
  readonly cancelledBy: string | null;
  readonly createdAt: string;
  readonly counts: { readonly requests: number; readonly assertions: number };
  readonly nodes: readonly {
    readonly id: string;
    readonly kind: string;
    readonly state: string;
    readonly outcome: { readonly status: string } | null;
  }[];
}
export interface RunPage {
  readonly runs: readonly Receipt[];
  readonly next: string | null;
}
export interface PlanAnswer {
  readonly id: string;
  readonly title?: string;
  readonly valid: boolean;
  readonly tasks?: number;
  readonly checkpoints?: number;
  readonly problems?: readonly object[];
}

interface Followed {
  readonly events: readonly { readonly id: string; readonly type: string; readonly data: string }[];
  ended(): boolean;
  response(): IncomingMessage | undefined;
}

export interface RunFixture {
  readonly url: string;
  readonly post: (
    path: string,
    body: unknown,
    headers?: Readonly<Record<string, string>>,
  ) => Promise<Response>;
  readonly read: <Answer>(path: string) => Promise<Answer>;
  /** Reads server-sent events as they come. */
  readonly follow: (path: string, headers?: Readonly<Record<string, string>>) => Followed;
  /** Starts a run of the plan `slow` and waits until its request waits at the target; answers its id. */
  readonly startHeldRun: () => Promise<string>;
  /** Answers the requests that wait at the target. */
  readonly letGo: () => void;
  readonly close: () => Promise<void>;
}

/** Plans `pair` (two tasks and a checkpoint), `slow` (held at the target) and `broken`; collection `single`; environment `here`. */
export async function openRunFixture(
  flags: Readonly<Record<string, unknown>> = {},
): Promise<RunFixture> {
  const held = new Set<() => void>();
  const target = await openTarget((request, response) => {
    const answer = (): void => void response.end("{}");
    if (request.url !== "/slow") return answer();
    held.add(answer);
    response.once("close", () => held.delete(answer));
  });
  const service = await openLiveService({
    flags,
    collections: {
      "pair/plan.yaml": PLAN,
      "pair/first.json": collection("first", "/a"),
      "pair/second.json": collection("second", "/b"),
      "slow/plan.yaml":
        "name: slow\nenvironment: here\ntasks:\n  wait: { collection: wait.json }\n",
      "slow/wait.json": collection("wait", "/slow"),
      "broken/plan.yaml":
        "name: broken\ntasks:\n  a: { colection: x.json }\n  b: { collection: no.json, needs: [aa] }\n",
      "single.postman_collection.json": collection("single", "/c"),
    },
    environments: {
      "here.postman_environment.json": {
        name: "here",
        values: [
          { key: "target", value: target.url },
          { key: "api_key", value: "hunter2-hunter2", type: "secret" },
        ],
      },
    },
  }).catch(async (error: unknown) => {
    await target.close();
    throw error;
  });
  const post: RunFixture["post"] = (path, body, headers = {}) =>
    fetch(`${service.url}${path}`, {
      method: "POST",
      headers: { "content-type": "application/json", ...headers },
      body: JSON.stringify(body),
    });
  return {
    url: service.url,
    post,
    read: async <Answer>(path: string) => bodyOf<Answer>(await fetch(`${service.url}${path}`)),
    follow: (path, headers = {}) => followEvents(`${service.url}${path}`, headers),
    async startHeldRun() {
      const { id } = await bodyOf<Receipt>(await post("/v1/runs", { plan: "slow" }));
      await until("the request is held", () => held.size > 0);
      return id;
    },
    letGo() {
      for (const answer of held) answer();
    },
    async close() {
      await target.close();
      await service.close();
    },
  };
}

export async function bodyOf<Answer>(response: Response): Promise<Answer> {
  return JSON.parse(await response.text()) as Answer;
}

/** Waits for a condition, at most half a minute. */
export async function until(what: string, condition: () => boolean): Promise<void> {
  for (const limit = Date.now() + LIMIT_MS; Date.now() < limit;) {
    if (condition()) return;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  assert.fail(`waited in vain: ${what}`);
}

const PLAN = `
name: pair
title: A pair
environment: here
tasks:
  first: { title: First, collection: first.json }
  second: { title: Second, collection: second.json, needs: [first] }
  gate: { checkpoint: true, needs: [first, second] }
`;

function collection(name: string, path: string): object {
  const script = [`pm.test("${name} answers", () => pm.response.to.have.status(200));`];
  return {
    info: { name, schema: SCHEMA },
    item: [
      {
        name: `get ${path}`,
        request: { method: "GET", url: `{{target}}${path}` },
        event: [{ listen: "test", script: { exec: script } }],
      },
    ],
  };
}

/** Reads server-sent events as they come. */
function followEvents(url: string, headers: Record<string, string>): Followed {
  const events: { id: string; type: string; data: string }[] = [];
  let text = "";
  let response: IncomingMessage | undefined;
  let hasEnded = false;
  const call = get(url, { headers }, (answer) => {
    response = answer;
    answer.setEncoding("utf8");
    answer.on("data", (chunk: string) => {
      const blocks = (text + chunk).split("\n\n");
      text = blocks.pop() ?? "";
      for (const block of blocks) {
        const [, id, type, data] = /^id: (.*)\nevent: (.*)\ndata: (.*)$/.exec(block) ?? [];
        if (id !== undefined && type !== undefined && data !== undefined)
          events.push({ id, type, data });
      }
    });
    answer.on("end", () => (hasEnded = true));
    answer.on("error", () => undefined);
  });
  call.on("error", () => undefined);
  return { events, ended: () => hasEnded, response: () => response };
}
