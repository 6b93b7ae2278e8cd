/** The clock of leases: it never jumps, and every process of a machine reads the same one. */

/** Milliseconds since an arbitrary moment before this machine's processes began. */
export function monotonicMs(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}
