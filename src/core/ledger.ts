/** The ledger of a task: what it created on its target, what it deleted there, and what is left. Pure. */

import type { RunEvent } from "./event.js";
import type { LedgerCounts, LedgerEntry } from "./ledger-entry.js";

/** What a task has created, what of it was deleted, and what is left, in the order of creation. */
export interface Ledger {
  readonly created: number;
  readonly deleted: number;
  readonly left: readonly LedgerEntry[];
  /** What may have been created, and was not deleted. */
  readonly unclear: readonly LedgerEntry[];
}

/** Deletions are subtracted from what was created at the same URL before; one of something else says nothing. */
export function foldLedger(entries: readonly LedgerEntry[]): Ledger {
  const ledger = openLedger();
  for (const entry of entries) ledger.add(entry);
  return ledger.read();
}

/** A ledger that is filled as records come in, and holds no more than what is left. */
export function openLedger(): { add(entry: LedgerEntry): void; read(): Ledger } {
  const left = new Map<string, LedgerEntry>();
  const unclear = new Map<string, LedgerEntry>();
  let created = 0;
  let deleted = 0;
  return {
    add(entry) {
      switch (entry.action) {
        case "deleted":
          deleted += left.delete(entry.url) ? 1 : 0;
          unclear.delete(entry.url);
          return;
        case "unclear":
          if (!left.has(entry.url)) unclear.set(entry.url, entry);
          return;
        case "created":
          created += left.has(entry.url) ? 0 : 1;
          left.set(entry.url, entry);
          unclear.delete(entry.url);
      }
    },
    read: () => ({ created, deleted, left: [...left.values()], unclear: [...unclear.values()] }),
  };
}

/** `POST /login`, each once. */
export function unclearRequests({ unclear }: Pick<Ledger, "unclear">): readonly string[] {
  return [...new Set(unclear.flatMap(({ request }) => request ?? []))];
}

/** What is to be done about them. */
export function unclearText(requests: readonly string[]): string {
  const rules = requests.map((request) => `${request}: true`).join(", ");
  return `answered 200 with an id or Location, which may be a creation and is not counted: ${requests.join(", ")}; say in the plan whether they create, creates: { ${rules} } or false`;
}

/** How much it was, as an outcome keeps it. */
export function ledgerCounts({ created, deleted }: Ledger): { readonly ledger?: LedgerCounts } {
  return created === 0 ? {} : { ledger: { created, deleted } };
}

/** The entries of all attempts of these nodes. Evidence that was appended twice counts once. */
export function entriesOf(
  events: readonly RunEvent[],
  nodes: ReadonlySet<string>,
): readonly LedgerEntry[] {
  const seen = new Set<string>();
  return events.flatMap((event) => {
    if (event.type !== "task.requests" || !nodes.has(event.node)) return [];
    return event.records.flatMap(({ index, ledger }) => {
      const key = `${event.node} ${String(event.attempt)} ${String(index)}`;
      if (ledger === undefined || seen.has(key)) return [];
      seen.add(key);
      return [ledger];
    });
  });
}

/** The sum over the parts of a task. */
export function addLedgers(parts: readonly { readonly ledger?: LedgerCounts | undefined }[]): {
  readonly ledger?: LedgerCounts;
} {
  const known = parts.flatMap(({ ledger }) => ledger ?? []);
  if (known.length === 0) return {};
  const sumOf = (key: keyof LedgerCounts): number =>
    known.reduce((sum, counts) => sum + counts[key], 0);
  return { ledger: { created: sumOf("created"), deleted: sumOf("deleted") } };
}
