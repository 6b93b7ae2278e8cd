/** `turnpike vault`: secrets encrypted beside the project, for `{{vault:name}}` in environments and collections. */

import { randomBytes } from "node:crypto";
import { text } from "node:stream/consumers";
import type { Command } from "commander";
import { egressSchema } from "../core/egress.js";
import { refuse, TurnpikeError } from "../core/errors.js";
import { addConfigFlags, configOf, type CommandContext } from "./context.js";

const KEY_BYTES = 32;
type Options = Readonly<Record<string, unknown>>;

export function addVaultCommand(program: Command, context: CommandContext): void {
  const vault = program
    .command("vault")
    .description("keep secrets encrypted; TURNPIKE_VAULT_KEY opens them");
  const { terminal } = context;
  const add = (name: string, description: string): Command =>
    addConfigFlags(vault.command(name).description(description), ["vaultFile"]);

  vault
    .command("key")
    .description("print a new random key, to be kept in TURNPIKE_VAULT_KEY")
    .action(() => {
      terminal.result(randomBytes(KEY_BYTES).toString("base64url"));
    });

  add("set <name>", "store a secret; its value is read from standard input")
    .option(
      "--domain <host...>",
      "hosts it may be sent to, such as api.example.test or *.example.test; any without it",
    )
    .action(async (name: string, options: Options) => {
      const domains = readDomains(options["domain"]);
      const { config } = configOf(context, options);
      if (context.input.isTTY === true)
        terminal.progress(`the value of ${name}, then Enter and Ctrl-D:`);
      const value = (await text(context.input)).replace(/\r?\n$/, "");
      if (value === "")
        throw new TurnpikeError(
          "INVALID_REQUEST",
          `no value came in; write: printf %s "$VALUE" | turnpike vault set ${name}`,
        );
      await (await context.openVault(config)).set(name, value, domains);
      terminal.progress(`{{vault:${name}}} is in ${config.vaultFile}`);
    });

  add("list", "list the names of the secrets and where they may be sent").action(
    async (options: Options) => {
      const opened = await context.openVault(configOf(context, options).config);
      for (const { name, domains } of await opened.list())
        terminal.result(`${name}  ${terminal.resultPalette.dim(domains.join(", ") || "any host")}`);
    },
  );

  add("delete <name>", "delete a secret").action(async (name: string, options: Options) => {
    const opened = await context.openVault(configOf(context, options).config);
    if (!(await opened.delete(name)))
      throw new TurnpikeError(
        "NOT_FOUND",
        `the vault has no "${name}"; turnpike vault list names what it has`,
      );
  });
}

function readDomains(given: unknown): string[] {
  const read = egressSchema.shape.allow.safeParse(given ?? []);
  if (read.success) return read.data;
  const problems = read.error.issues.map(({ message }) => ({ path: "--domain", message }));
  refuse("INVALID_REQUEST", "the secret", problems);
  return [];
}
