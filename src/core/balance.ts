/** Sharing work out evenly, by how long its pieces are expected to take. */

/** Cuts a sequence into at most `parts` ranges whose largest sum is as small as it can be. Pieces of nothing weigh 1. */
export function cutEvenly(
  weights: readonly number[],
  parts: number,
): readonly { readonly from: number; readonly to: number }[] {
  const heavy = weights.map((weight) => Math.max(1, weight));
  let low = Math.max(...heavy);
  let high = heavy.reduce((sum, weight) => sum + weight, 0);
  // Halving a range of a year of milliseconds leaves less than one of them after 40 steps.
  for (let step = 0; step < 40 && high - low > 0.5; step++) {
    const middle = (low + high) / 2;
    if (cutAt(heavy, middle).length <= parts) high = middle;
    else low = middle;
  }
  return cutAt(heavy, cutAt(heavy, low).length <= parts ? low : high);
}

function cutAt(weights: readonly number[], limit: number): { from: number; to: number }[] {
  const ranges: { from: number; to: number }[] = [];
  let sum = Number.POSITIVE_INFINITY;
  for (const [position, weight] of weights.entries()) {
    const last = ranges.at(-1);
    if (last === undefined || sum + weight > limit) {
      ranges.push({ from: position, to: position + 1 });
      sum = weight;
    } else {
      last.to = position + 1;
      sum += weight;
    }
  }
  return ranges;
}

/** Puts pieces into at most `parts` boxes, the longest first and each where there is least; answers their positions, in order. */
export function packEvenly(
  weights: readonly number[],
  parts: number,
): readonly (readonly number[])[] {
  const boxes = Array.from({ length: Math.min(parts, weights.length) }, () => ({
    sum: 0,
    positions: [] as number[],
  }));
  const longestFirst = weights
    .map((weight, position) => ({ weight: Math.max(1, weight), position }))
    .sort((left, right) => right.weight - left.weight || left.position - right.position);
  for (const { weight, position } of longestFirst) {
    const box = boxes.reduce((least, other) => (other.sum < least.sum ? other : least));
    box.sum += weight;
    box.positions.push(position);
  }
  return boxes
    .map(({ positions }) => positions.sort((left, right) => left - right))
    .sort(([left = 0], [right = 0]) => left - right);
}
