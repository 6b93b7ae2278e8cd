/** IP addresses and ranges as numbers, so that every spelling of an address is the same address. Pure. */

export interface Address {
  readonly version: 4 | 6;
  readonly value: bigint;
}

/** The addresses whose first `bits` bits are those of `base`. */
export interface Range {
  readonly base: Address;
  readonly bits: number;
}

const BITS = { 4: 32, 6: 128 } as const;

/** Ranges of IPv6 that only wrap an IPv4 address, and how far from the right end it stands. */
const WRAPPERS = [
  { range: "::ffff:0:0/96", shift: 0n }, // mapped
  { range: "::/96", shift: 0n }, // compatible
  { range: "64:ff9b::/96", shift: 0n }, // NAT64
  { range: "2002::/16", shift: 80n }, // 6to4
].map(({ range, shift }) => ({ range: parseRange(range), shift }));

const LOOPBACKS: readonly Address[] = [
  { version: 4, value: 0x7f00_0001n },
  { version: 6, value: 1n },
];

/** Reads an address in any spelling a resolver takes, such as `169.254.169.254`, `0xa9fea9fe`, `[::1]` or `fe80::1%eth0`; null for a name. */
export function parseAddress(text: string): Address | null {
  const bare = text.replace(/^\[(.*)\]$/, "$1").replace(/%.*$/, "");
  if (bare.includes(":")) return parseVersion6(bare);
  const value = parseVersion4(bare);
  return value === null ? null : { version: 4, value };
}

/** Reads `10.0.0.0/8`, or a single address as a range of one; null for anything else. */
export function parseRange(text: string): Range | null {
  const [address = "", length, ...rest] = text.split("/");
  const base = parseAddress(address);
  if (base === null || rest.length > 0) return null;
  if (length === undefined) return { base, bits: BITS[base.version] };
  const bits = /^\d{1,3}$/.test(length) ? Number(length) : Number.NaN;
  return bits <= BITS[base.version] ? { base, bits } : null;
}

export function isInside(address: Address, { base, bits }: Range): boolean {
  if (address.version !== base.version) return false;
  const shift = BigInt(BITS[base.version] - bits);
  return address.value >> shift === base.value >> shift;
}

/** The IPv4 address inside an IPv6 one that only wraps it; any other address as it is. `::` and `::1` wrap nothing. */
export function unwrapAddress(address: Address): Address {
  if (address.version === 4 || address.value < 2n) return address;
  const wrapper = WRAPPERS.find(({ range }) => range !== null && isInside(address, range));
  return wrapper === undefined
    ? address
    : { version: 4, value: (address.value >> wrapper.shift) & 0xffff_ffffn };
}

/** Every address that a connection to this one may come to: what it wraps, and this machine for the unspecified ones, `0.0.0.0` and `::`. */
export function addressesBehind(address: Address): readonly Address[] {
  const inner = unwrapAddress(address);
  return inner.value === 0n ? [address, inner, ...LOOPBACKS] : [address, inner];
}

/** One to four numbers, each decimal, octal or hexadecimal; the last one fills what is left (as inet_aton has it). */
function parseVersion4(text: string): bigint | null {
  const parts = text.split(".");
  if (parts.length > 4 || !parts.every((part) => /^(0x[0-9a-f]*|\d+)$/i.test(part))) return null;
  const numbers: bigint[] = [];
  for (const part of parts) {
    const isOctal = /^0\d/.test(part);
    if (isOctal && /[89]/.test(part)) return null;
    const digits = /^0x$/i.test(part) ? "0" : isOctal ? `0o${part}` : part;
    numbers.push(BigInt(digits));
  }
  const last = numbers.pop() ?? 0n;
  const lastBits = BigInt(32 - 8 * numbers.length);
  if (last >> lastBits !== 0n || numbers.some((number) => number > 255n)) return null;
  return numbers.reduce((value, number, index) => value | (number << BigInt(24 - 8 * index)), last);
}

function parseVersion6(text: string): Address | null {
  const dotted = /^(.*:)(\d+\.\d+\.\d+\.\d+)$/.exec(text);
  const tail = dotted === null ? null : parseVersion4(dotted[2] ?? "");
  if (dotted !== null && tail === null) return null;
  const hex = (value: bigint): string => value.toString(16);
  const whole =
    tail === null ? text : `${dotted?.[1] ?? ""}${hex(tail >> 16n)}:${hex(tail & 0xffffn)}`;
  const halves = whole.split("::");
  if (halves.length > 2) return null;
  const [left = [], right = []] = halves.map((half) => (half === "" ? [] : half.split(":")));
  const missing = 8 - left.length - right.length;
  if (halves.length === 1 ? missing !== 0 : missing < 1) return null;
  const groups = [...left, ...Array.from({ length: missing }, () => "0"), ...right];
  if (!groups.every((group) => /^[0-9a-f]{1,4}$/i.test(group))) return null;
  const value = groups.reduce((sum, group) => (sum << 16n) | BigInt(`0x${group}`), 0n);
  return { version: 6, value };
}
