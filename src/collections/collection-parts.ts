/** What of a collection depends on what: between its iterations, and between the folders directly in it, each with the reason. */

import type { CollectionFlow, Place, PlacedAccess, RequestFlow, Unit } from "./data-flow.js";

/** Two units that must run in one shard, one after the other. */
interface Dependence {
  readonly units: readonly [number, number];
  readonly reason: string;
}

export interface FolderParts {
  /** Positions of units that depend on each other, together; in the order of the collection. */
  readonly groups: readonly (readonly number[])[];
  readonly dependences: readonly Dependence[];
}

type Read = Extract<PlacedAccess, { readonly kind: "read" }>;
type Write = Extract<PlacedAccess, { readonly kind: "write" }>;

/** Why a later iteration may see what an earlier one did; empty when no iteration does. */
export function iterationDependences(flow: CollectionFlow): readonly string[] {
  const use = useOf(flow.units.flatMap(({ requests }) => requests));
  const fromUnknown = use.unknown.map(({ place, why }) => `${describePlace(place)}: ${why}`);
  const fromCookies = use.cookies
    .slice(0, 1)
    .map(
      ({ place }) =>
        `${describePlace(place)} has to do with cookies, and one cookie jar goes from iteration to iteration`,
    );
  const named = new Set<string>();
  const fromVariables = use.exposed.flatMap((read) => {
    const write = use.writes.find((candidate) => meets(candidate, read));
    if (write === undefined) return [];
    const name = describeName(read.name ?? write.name);
    // One reason for each variable is enough to act on.
    if (named.has(name)) return [];
    named.add(name);
    return [
      `${describePlace(read.place)} may read ${name} of the iteration before; it is set by ${describePlace(write.place)}`,
    ];
  });
  return [...new Set([...fromUnknown, ...fromCookies, ...fromVariables])];
}

/** Which units may run apart. `repeated`: they run in more than one iteration, so that the first also follows the last. */
export function folderParts(flow: CollectionFlow, repeated: boolean): FolderParts {
  const uses = flow.units.map(({ requests }) => useOf(requests));
  const dependences: Dependence[] = [];
  for (const [later, unit] of flow.units.entries()) {
    for (const [earlier, before] of flow.units.slice(0, later).entries()) {
      const [first, second] = [uses[earlier], uses[later]];
      if (first === undefined || second === undefined) continue;
      const reason =
        reasonBetween(flow, [earlier, first], [later, second]) ??
        variableReason(before, first, unit, second) ??
        (repeated ? variableReason(unit, second, before, first) : null);
      if (reason !== null) dependences.push({ units: [earlier, later], reason });
    }
  }
  return { groups: groupsOf(flow.units.length, dependences), dependences };
}

/** What a number of requests, executed one after the other, has to do with what is outside of them. */
interface Use {
  /** Reads that their own certain writes do not precede. */
  readonly exposed: readonly Read[];
  readonly writes: readonly Write[];
  readonly unknown: readonly Extract<PlacedAccess, { readonly kind: "unknown" }>[];
  readonly jumps: readonly Extract<PlacedAccess, { readonly kind: "jump" }>[];
  readonly cookies: readonly PlacedAccess[];
}

function useOf(requests: readonly RequestFlow[]): Use {
  const all = requests.flatMap(({ accesses }) => accesses);
  const jumps = all.filter((access) => access.kind === "jump");
  return {
    exposed: exposedReads(requests, jumps.length > 0),
    writes: all.filter((access) => access.kind === "write"),
    unknown: all.filter((access) => access.kind === "unknown"),
    jumps,
    cookies: all.filter((access) => access.kind === "cookies"),
  };
}

/** Where requests are jumped over, what one sets is certain only within itself. */
function exposedReads(requests: readonly RequestFlow[], jumps: boolean): Read[] {
  const exposed: Read[] = [];
  let set = new Set<string>();
  for (const { accesses } of requests) {
    if (jumps) set = new Set();
    let skipped = false;
    for (const access of accesses) {
      if (access.kind === "skip") skipped = true;
      if (access.kind === "read" && (access.name === null || !set.has(keyOf(access, access.name))))
        exposed.push(access);
      if (access.kind === "write" && access.certain && !skipped && access.name !== null)
        set.add(keyOf(access, access.name));
    }
  }
  return exposed;
}

function keyOf({ space }: Read | Write, name: string): string {
  return `${space} ${name}`;
}

function meets(write: Write, read: Read): boolean {
  if (write.space !== read.space) return false;
  return write.name === null || read.name === null || write.name === read.name;
}

/** Dependences that have nothing to do with variables. */
function reasonBetween(
  flow: CollectionFlow,
  [earlier, first]: readonly [number, Use],
  [later, second]: readonly [number, Use],
): string | null {
  const unknown = first.unknown[0] ?? second.unknown[0];
  if (unknown !== undefined) return `${describePlace(unknown.place)}: ${unknown.why}`;
  const cookies = first.cookies[0] ?? second.cookies[0];
  if (cookies !== undefined)
    return `${describePlace(cookies.place)} has to do with cookies, and all folders share one cookie jar`;
  return jumpReason(flow, earlier, first) ?? jumpReason(flow, later, second, true);
}

/** A jump within a unit keeps to it. One that ends the iteration concerns only what comes after. */
function jumpReason(
  { units }: CollectionFlow,
  position: number,
  use: Use,
  isLast = false,
): string | null {
  for (const { target, place } of use.jumps) {
    if (target === null && isLast) continue;
    if (target === null)
      return `${describePlace(place)} ends the iteration with setNextRequest(null)`;
    if (target === undefined)
      return `${describePlace(place)} jumps to a request that only a run shows`;
    const homes = units.flatMap(({ requests }, unit) =>
      requests.some(({ id, path }) => id === target || path.at(-1) === target) ? [unit] : [],
    );
    // A target that does not exist ends the iteration.
    if (homes.length === 0 && isLast) continue;
    if (homes.length !== 1 || homes[0] !== position)
      return `${describePlace(place)} jumps to "${target}" with setNextRequest`;
  }
  return null;
}

function variableReason(setter: Unit, sets: Use, reader: Unit, reads: Use): string | null {
  for (const read of reads.exposed) {
    const write = sets.writes.find((candidate) => meets(candidate, read));
    if (write === undefined) continue;
    const name = describeName(read.name ?? write.name);
    return `"${reader.name}" reads ${name} in ${describePlace(read.place)}, which "${setter.name}" sets in ${describePlace(write.place)}`;
  }
  return null;
}

/** Units that are connected, directly or through others. */
function groupsOf(count: number, dependences: readonly Dependence[]): number[][] {
  const group = Array.from({ length: count }, (_, position) => position);
  for (const { units } of dependences) {
    const [left = 0, right = 0] = units.map((unit) => group[unit] ?? unit);
    for (const [position, id] of group.entries())
      if (id === Math.max(left, right)) group[position] = Math.min(left, right);
  }
  return [...new Set(group)].map((id) =>
    group.flatMap((other, position) => (other === id ? [position] : [])),
  );
}

/** `Login (test script, line 3)`. */
function describePlace({ item, part, line }: Place): string {
  const where = item.length === 0 ? "the collection" : `"${item.join(" / ")}"`;
  return `${where} (${part}${line === null ? "" : `, line ${String(line)}`})`;
}

function describeName(name: string | null): string {
  return name === null ? "any variable" : `"${name}"`;
}
