/** `turnpike collection shards`: what of a collection could run in parallel, and why not the rest. */

import { readFile } from "node:fs/promises";
import type { Command } from "commander";
import { folderParts, iterationDependences } from "../collections/collection-parts.js";
import { readDataFlow } from "../collections/data-flow.js";
import { readCollection } from "../collections/read-collection.js";
import { refuse, TurnpikeError } from "../core/errors.js";
import { GENERATED_VARIABLES } from "../core/generated-variables.js";
import type { CommandContext } from "./context.js";

/** Reasons shown of one kind; a collection with a fault in every folder has hundreds. */
const MAX_REASONS = 12;

export function addCollectionCommand(program: Command, context: CommandContext): void {
  const collection = program.command("collection").description("look at collections");
  collection
    .command("shards")
    .argument("<file>", "a collection, as exported from Postman")
    .description("say which iterations and folders could run in parallel, and why not the others")
    .action(async (file: string) => {
      for (const line of await describeShards(context, file)) context.terminal.result(line);
    });
}

async function describeShards(
  { terminal }: CommandContext,
  file: string,
): Promise<readonly string[]> {
  const { green, yellow } = terminal.resultPalette;
  const read = readCollection(await readGiven(file));
  if (!read.ok) {
    refuse("INVALID_COLLECTION", file, read.problems);
    return [];
  }
  const { summary } = read;
  const flow = readDataFlow(
    read.collection,
    Object.fromEntries(GENERATED_VARIABLES.map((name) => [name, "generated"])),
  );
  const iterations = iterationDependences(flow);
  const { groups, dependences } = folderParts(flow, false);
  const names = (group: readonly number[]): string =>
    group.map((unit) => flow.units[unit]?.name ?? "").join(", ");
  const parts =
    summary.format === "v1"
      ? [`${yellow("folders")}     stay together: the collection has format v1; export it as v2.1`]
      : [
          `${groups.length > 1 ? green("folders") : yellow("folders")}     ${groups.length > 1 ? `${String(groups.length)} independent parts:` : "stay together"}`,
          ...(groups.length > 1
            ? groups.map((group, part) => `  ${String(part + 1)}  ${names(group)}`)
            : []),
          ...reasons([...new Set(dependences.map(({ reason }) => reason))]),
        ];
  return [
    `${summary.name}: ${String(summary.requests)} requests, ${String(flow.units.length)} folders and requests at the top`,
    iterations.length === 0
      ? `${green("iterations")}  can run in parallel`
      : `${yellow("iterations")}  stay together`,
    ...reasons(iterations),
    ...parts,
  ];
}

function reasons(all: readonly string[]): string[] {
  const more = all.length - MAX_REASONS;
  return [
    ...all.slice(0, MAX_REASONS).map((reason) => `  - ${reason}`),
    ...(more > 0 ? [`  - and ${String(more)} more`] : []),
  ];
}

async function readGiven(path: string): Promise<Uint8Array> {
  try {
    return await readFile(path);
  } catch (cause) {
    throw new TurnpikeError("NOT_FOUND", `the collection ${path} cannot be read; check the path`, {
      cause,
    });
  }
}
