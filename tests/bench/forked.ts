/** A module of the benchmark forked into a process of its own, asked one question at a time. */

import { fork } from "node:child_process";
import { fileURLToPath } from "node:url";
import { z } from "zod";

export interface Forked<Answer> {
  readonly pid: number;
  /** What the process said first. */
  readonly first: unknown;
  ask(question: object): Promise<Answer>;
  kill(): void;
}

/** Starts `./<module>.js` and waits for its first message. Every later message is the answer to one question. */
export async function startForked<Answer>(
  module: string,
  schema: z.ZodType<Answer>,
  args: readonly string[] = [],
): Promise<Forked<Answer>> {
  const path = fileURLToPath(new URL(`./${module}.js`, import.meta.url));
  const child = fork(path, [...args], { stdio: ["ignore", "ignore", "inherit", "ipc"] });
  const next = (): Promise<unknown> =>
    new Promise((resolve, reject) => {
      const onExit = (): void => {
        reject(new Error(`the process ${module} of the benchmark has died`));
      };
      child.once("exit", onExit);
      child.once("message", (message) => {
        child.off("exit", onExit);
        resolve(message);
      });
    });
  const first = await next();
  return {
    pid: z.int().parse(child.pid),
    first,
    async ask(question) {
      const answer = next();
      child.send(question);
      return schema.parse(await answer);
    },
    kill: () => void child.kill("SIGKILL"),
  };
}
