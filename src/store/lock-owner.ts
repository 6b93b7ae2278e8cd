/** Who holds a lock file: what stands in it, and whether that process is still there. */

import { readFile, stat } from "node:fs/promises";
import { hostname } from "node:os";
import { z } from "zod";
import { hasCode, isMissing, readIfThere } from "./file.js";

const ownerSchema = z.strictObject({
  /** Tells this holding of the lock from every other. */
  token: z.string(),
  pid: z.int(),
  host: z.string(),
  startedAt: z.string(),
  /** What tells the process from a later one with its number; null where the system does not say. */
  process: z.string().nullable(),
  /** Where its API listens; null until it does. */
  url: z.string().nullable(),
});
export type Owner = z.infer<typeof ownerSchema>;

/** A process on another machine (or in another container) cannot be asked: its heartbeat counts. */
const SILENCE_MS = 30_000;

/** Null when there is no lock, or none that can be read (a disk that was full, a hand that edited it). */
export async function readOwner(lockPath: string): Promise<Owner | null> {
  const bytes = await readIfThere(lockPath);
  if (bytes === null) return null;
  try {
    return ownerSchema.parse(JSON.parse(bytes.toString("utf8")));
  } catch {
    return null;
  }
}

export async function isAlive(owner: Owner, lockPath: string): Promise<boolean> {
  if (owner.host !== hostname()) return (await ageMs(lockPath)) < SILENCE_MS;
  try {
    process.kill(owner.pid, 0);
  } catch (error) {
    // EPERM: it lives, as another user.
    if (!hasCode(error, "EPERM")) return false;
  }
  const identity = await processIdentity(owner.pid);
  return identity === null || owner.process === null || identity === owner.process;
}

/** Boot of the machine and start of the process, from /proc: a process number comes again, this pair does not. */
export async function processIdentity(pid: number): Promise<string | null> {
  try {
    const boot = await readFile("/proc/sys/kernel/random/boot_id", "utf8");
    const line = await readFile(`/proc/${String(pid)}/stat`, "utf8");
    // The name in parentheses may hold spaces; after it come the state and, as the 20th, the start time (proc_pid_stat(5)).
    const fields = line.slice(line.lastIndexOf(")") + 2).split(" ");
    // A killed process whose parent has not taken notice still answers signals, but holds nothing any more.
    return fields[0] === "Z" ? "zombie" : `${boot.trim()} ${fields[19] ?? ""}`;
  } catch {
    // No /proc here, or the process is gone, which the signal has told apart already.
    return null;
  }
}

export async function ageMs(path: string): Promise<number> {
  try {
    return Date.now() - (await stat(path)).mtimeMs;
  } catch (error) {
    if (isMissing(error)) return Number.POSITIVE_INFINITY;
    throw error;
  }
}

export function toText(owner: Owner): string {
  return `${JSON.stringify(owner, null, 2)}\n`;
}
