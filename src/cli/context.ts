/** What every command works with; main.ts makes it, so that commands name no adapter. */

import type { Readable } from "node:stream";
import { Option, type Command } from "commander";
import type { LoadedConfig } from "../config.js";
import { CONFIG_KEYS, keyNames, type Config, type ConfigKeyName } from "../core/config.js";
import type { Finding } from "../core/finding.js";
import type { EnvironmentStore, PlanFolder, PlanSource, Vault } from "../core/ports.js";
import type { EnvironmentManager } from "../service/environment-manager.js";
import type { Service } from "../service/service.js";
import type { Terminal } from "./terminal.js";

export interface CommandContext {
  readonly version: string;
  readonly terminal: Terminal;
  loadConfig(from: {
    readonly flags: Readonly<Record<string, unknown>>;
    readonly file?: string;
  }): LoadedConfig;
  /** The plans of a configuration, without starting anything. `checked` ones must also name environments that exist. */
  openPlans(config: Config, environments: "checked" | "unchecked"): Promise<PlanFiles>;
  /** The environments of a configuration, without starting anything. */
  openEnvironments(config: Config): Promise<EnvironmentFiles>;
  openVault(config: Config): Promise<Vault>;
  /** URL of the service that uses the data directory right now; null where none does, or none can be asked. */
  findService(config: Config): Promise<string | null>;
  /** Looks at every part of an installation without starting it. */
  examine(config: Config): Promise<readonly Finding[]>;
  /** Where values are read from that must not stand on the command line. */
  readonly input: Readable & { readonly isTTY?: boolean };
  /** Starts the whole engine. */
  open(loaded: LoadedConfig, options: ServiceOptions): Promise<RunningTurnpike>;
  /** Starts a worker and waits until it has found its service. */
  openWorker(loaded: LoadedConfig, options: WorkerOptions): Promise<RunningWorker>;
  /** Calls back at every SIGINT, SIGTERM and SIGHUP until the returned function is called. */
  onSignal(listener: (signal: NodeJS.Signals) => void): () => void;
  /** Ends the process here and now; a last resort, because nothing is stopped cleanly. */
  exit(code: number): void;
}

export interface PlanFiles extends PlanSource {
  /** Reads a plan given by the path of its folder or of its yaml file. */
  loadPath(path: string): Promise<PlanFolder>;
}

export interface EnvironmentFiles {
  readonly environments: EnvironmentStore;
  readonly manager: EnvironmentManager;
}

interface OpenOptions {
  /** Something worth telling that takes a moment, such as the first start. */
  readonly onNotice: (text: string) => void;
}

export interface ServiceOptions extends OpenOptions {
  /** Whether plans are also run by the clock while it is open. */
  readonly keepsSchedules: boolean;
  /** How many collections are going to run, where that is known: nothing is made ready for more. */
  readonly expectedRuns?: number | undefined;
}

export interface WorkerOptions extends OpenOptions {
  /** Aborted when it is told to stop before it has found a service. */
  readonly signal: AbortSignal;
}

export interface RunningWorker {
  readonly id: string;
  readonly namespace: string;
  /** URL of the service it works for; null where it knows none because it shares the store with it. */
  readonly service: string | null;
  readonly lanes: number;
  /** Takes no new tasks, waits for those underway at most `drainMs`, hands over the rest. Called again, it does not wait. */
  close(drainMs: number): Promise<void>;
}

export interface RunningTurnpike {
  readonly service: Service;
  /** URL the API listens at. */
  readonly url: string;
  readonly lanes: number;
  /** Ids of runs an earlier process left unfinished; they go on now. */
  readonly resumed: readonly string[];
  /** Takes no new runs, waits for what is underway at most `drainMs`, and stops everything. */
  close(drainMs: number): Promise<void>;
}

/** Adds the flags of configuration keys to a command; without `names` those of commands that start the engine. */
export function addConfigFlags(
  command: Command,
  names: readonly ConfigKeyName[] = keyNames().filter((name) => name !== "server"),
): Command {
  command.option("--config <file>", "configuration file instead of ./turnpike.yaml");
  for (const name of names) {
    const { flag, description, hasFlag } = CONFIG_KEYS[name];
    if (hasFlag) command.addOption(new Option(`${flag} <value>`, description));
  }
  return command;
}

/** The configuration from the file, the variables and the flags a command was given. */
export function configOf(
  context: CommandContext,
  options: Readonly<Record<string, unknown>>,
): LoadedConfig {
  const flags = Object.fromEntries(
    keyNames().map((name) => [name, options[attributeOf(CONFIG_KEYS[name].flag)]]),
  );
  const file = options["config"];
  return context.loadConfig({ flags, ...(typeof file === "string" ? { file } : {}) });
}

/** Commander's name for a flag's value: `--data-dir` is `dataDir`. */
function attributeOf(flag: string): string {
  return flag.slice(2).replaceAll(/-([a-z])/g, (_, letter: string) => letter.toUpperCase());
}
