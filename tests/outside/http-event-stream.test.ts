/** The text of an event stream: its blocks, its heartbeats, and its end. */

import assert from "node:assert/strict";
import { setTimeout as pause } from "node:timers/promises";
import { test } from "node:test";
import type { StoredEvent } from "../../src/core/event.js";
import { eventStream } from "../../src/http/event-stream.js";

const ENDED: StoredEvent = { id: "7", event: { type: "run.ended", at: 1, verdict: "passed" } };

test("an event is one block with its id, type and data, after the time to wait before connecting again", async () => {
  const blocks: string[] = [];
  for await (const block of eventStream(from([ENDED]))) blocks.push(block);
  assert.deepEqual(blocks, [
    "retry: 2000\n\n",
    'id: 7\nevent: run.ended\ndata: {"type":"run.ended","at":1,"verdict":"passed"}\n\n',
  ]);
});

test("silence is filled with comments, and no event is lost over it", async () => {
  const blocks: string[] = [];
  let release: () => void = () => undefined;
  const silence = new Promise<void>((resolve) => (release = resolve));
  for await (const block of eventStream(from([ENDED], silence), 5)) {
    blocks.push(block);
    if (blocks.length === 4) release();
  }
  assert.deepEqual(
    blocks.slice(1, 4),
    Array.from({ length: 3 }, () => ": still here\n\n"),
  );
  assert.match(blocks.at(-1) ?? "", /^id: 7\n/);
});

test("events are taken only as fast as they are read, and whoever gives them learns of the end", async () => {
  let given = 0;
  let closed = false;
  async function* source(): AsyncGenerator<StoredEvent> {
    try {
      for (;;) {
        given += 1;
        yield ENDED;
      }
    } finally {
      closed = true;
    }
  }
  const stream = eventStream(source());
  await stream.next();
  await stream.next();
  await pause(20);
  assert.ok(given <= 2, `${String(given)} events taken for one read`);
  await stream.return(undefined);
  assert.ok(closed);
});

async function* from(
  events: readonly StoredEvent[],
  after: Promise<void> = Promise.resolve(),
): AsyncGenerator<StoredEvent> {
  await after;
  yield* events;
}
