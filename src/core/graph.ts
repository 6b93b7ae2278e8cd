/** Questions about a directed graph given as `id -> ids it needs`. */

type Needs = ReadonlyMap<string, readonly string[]>;

/** Each cycle once, closed: `["a", "b", "a"]`. Edges to unknown ids are ignored. Iterative, so depth is no limit. */
export function findCycles(needs: Needs): string[][] {
  const cycles: string[][] = [];
  const finished = new Set<string>();
  for (const start of needs.keys()) {
    const path: string[] = [];
    const onPath = new Set<string>();
    const stack: { id: string; rest: readonly string[] }[] = [];
    const enter = (id: string): void => {
      stack.push({ id, rest: (needs.get(id) ?? []).filter((need) => needs.has(need)) });
      path.push(id);
      onPath.add(id);
    };
    if (!finished.has(start)) enter(start);
    for (let top = stack.at(-1); top !== undefined; top = stack.at(-1)) {
      const [next, ...rest] = top.rest;
      if (next === undefined) {
        stack.pop();
        path.pop();
        onPath.delete(top.id);
        finished.add(top.id);
        continue;
      }
      top.rest = rest;
      if (onPath.has(next)) cycles.push([...path.slice(path.indexOf(next)), next]);
      else if (!finished.has(next)) enter(next);
    }
  }
  return cycles;
}

/** The ids ordered so that each stands after everything it needs; ids of the same depth keep their order. Expects no cycle. */
export function inOrder(needs: Needs): string[] {
  const depth = depths(needs);
  return [...needs.keys()].sort((left, right) => (depth.get(left) ?? 0) - (depth.get(right) ?? 0));
}

/** How many steps stand before each id at least: 0 for those that need nothing. Expects no cycle. */
export function depths(needs: Needs): Map<string, number> {
  const depth = new Map<string, number>();
  const pending = [...needs.keys()];
  while (pending.length > 0) {
    const id = pending.at(-1) ?? "";
    const before = (needs.get(id) ?? []).filter((need) => needs.has(need));
    const unknown = before.filter((need) => !depth.has(need));
    if (unknown.length > 0 && !depth.has(id)) {
      pending.push(...unknown);
      continue;
    }
    pending.pop();
    depth.set(
      id,
      before.reduce((deepest, need) => Math.max(deepest, (depth.get(need) ?? 0) + 1), 0),
    );
  }
  return depth;
}

/** Everything that stands before an id, directly or through others, in an order that puts each after what it needs. Expects no cycle. */
export function ancestorsOf(needs: Needs, id: string): string[] {
  const before = new Set<string>();
  const reached = [...(needs.get(id) ?? [])];
  for (let at = reached.pop(); at !== undefined; at = reached.pop()) {
    if (before.has(at)) continue;
    before.add(at);
    reached.push(...(needs.get(at) ?? []));
  }
  return before.size === 0 ? [] : inOrder(needs).filter((each) => before.has(each));
}
