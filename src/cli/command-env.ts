/** `turnpike env`: environments as files, listed, chosen, changed, explained, compared and checked; nothing is started. */

import { readFile } from "node:fs/promises";
import type { Command } from "commander";
import { environmentFormatOf, readEnvironmentFile } from "../collections/environment-file.js";
import { layerOf, type EnvironmentDocument } from "../core/environment.js";
import { refusal, TurnpikeError } from "../core/errors.js";
import { maskValue } from "../core/redact.js";
import { addConfigFlags, configOf, type CommandContext, type EnvironmentFiles } from "./context.js";
import { addEnvInsightCommands, shown } from "./command-env-insight.js";

type Options = Readonly<Record<string, unknown>>;

export function addEnvCommand(
  program: Command,
  context: CommandContext,
  end: (code: number) => void,
): void {
  const env = program.command("env").description("look at environments, change and choose them");
  const { terminal } = context;
  /** A command of `env`, with the flag that says where the environments lie. */
  const add = (name: string, description: string): Command =>
    addConfigFlags(env.command(name).description(description), ["environmentsDirectory"]);
  const open = (options: Options): Promise<EnvironmentFiles> =>
    context.openEnvironments(configOf(context, options).config);

  add("list", "list the environments; the chosen one is marked").action(
    async (options: Options) => {
      const { environments, manager } = await open(options);
      const chosen = (await manager.chosen()) ?? [];
      const names = (await environments.list()).map(({ name }) => name);
      for (const name of names) terminal.result(`${chosen.includes(name) ? "*" : " "} ${name}`);
      if (names.length === 0)
        terminal.progress("there is no environment yet; turnpike env create NAME");
    },
  );

  add("show <name>", "print the variables that count; secrets are masked").action(
    async (name: string, options: Options) => {
      const { environments } = await open(options);
      const found = await environments.get(name);
      if (found === null)
        throw new TurnpikeError(
          "NOT_FOUND",
          `no environment is called "${name}"; turnpike env list names those there are`,
        );
      for (const row of layerOf(name, found.document).rows)
        terminal.result(`${row.key}=${shown(row.secret ? maskValue(row.value) : row.value)}`);
    },
  );

  add("use [names...]", "choose the environment of runs that choose none; several are layers")
    .option("--none", "choose to run without an environment")
    .option("--reset", "choose nothing, so that each plan's own environment counts")
    .action(async (names: readonly string[], options: Options) => {
      const { manager } = await open(options);
      const wishes = [names.length > 0, options["none"] === true, options["reset"] === true];
      if (wishes.filter(Boolean).length !== 1)
        throw new TurnpikeError("INVALID_REQUEST", "give one or more names, or --none, or --reset");
      await manager.choose(options["reset"] === true ? null : names);
      terminal.progress(
        options["reset"] === true
          ? "each plan's own environment counts again"
          : names.length === 0
            ? "runs use no environment, unless they choose one"
            : `runs use ${names.join(" + ")}, unless they choose another`,
      );
    });

  add("create <name>", "make a new environment")
    .option(
      "--from <file>",
      "with the variables of a file: v2 JSON, the shape of Postman's API, or v3 YAML",
    )
    .action(async (name: string, options: Options) => {
      const { manager } = await open(options);
      const from = options["from"];
      await manager.create(name, typeof from === "string" ? await readDocument(from) : undefined);
    });

  add("delete <name>", "delete an environment").action(async (name: string, options: Options) => {
    if (await (await open(options)).manager.delete(name))
      terminal.progress(`${name} was chosen; each plan's own environment counts again`);
  });

  add("set <name> <key> <value>", "give a variable a value; every other row stays as it is")
    .option("--secret", "mark it as a secret")
    .option("--no-secret", "mark it as no secret")
    .action(async (name: string, key: string, value: string, options: Options) => {
      const { manager } = await open(options);
      const secret = options["secret"];
      await manager.set({ name }, key, { value, ...(typeof secret === "boolean" && { secret }) });
    });

  add("unset <name> <key>", "take a variable out").action(
    async (name: string, key: string, options: Options) => {
      await (await open(options)).manager.unset({ name }, key);
    },
  );
  for (const enabled of [true, false]) {
    add(
      `${enabled ? "enable" : "disable"} <name> <key>`,
      enabled ? "let a variable count again" : "keep a variable, and let it not count",
    ).action(async (name: string, key: string, options: Options) => {
      await (await open(options)).manager.set({ name }, key, { enabled });
    });
  }

  add("clone <name> <copy>", "copy an environment under another name").action(
    async (name: string, copy: string, options: Options) => {
      await (await open(options)).manager.clone(name, copy);
    },
  );

  add(
    "merge <name> <others...>",
    "lay the variables of others over an environment; later ones win",
  ).action(async (name: string, others: readonly string[], options: Options) => {
    await (await open(options)).manager.merge({ name }, others);
  });

  addEnvInsightCommands(add, { context, open, end });
}

async function readDocument(path: string): Promise<EnvironmentDocument> {
  const bytes = await readFile(path).catch((cause: unknown) => {
    throw new TurnpikeError("NOT_FOUND", `${path} cannot be read; check the path`, { cause });
  });
  const read = readEnvironmentFile(new TextDecoder().decode(bytes), environmentFormatOf(path));
  if (!read.ok) throw refusal("INVALID_ENVIRONMENT", path, read.problems);
  return read.document;
}
