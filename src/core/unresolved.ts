/** Variables that nothing gave a value: what is left of `{{name}}` in a request that was sent. Pure. */

const VARIABLE = /\{\{([^{}\n]+)\}\}/g;
const MAX_NAMES = 20;

/** Names that stand unresolved in these texts, each once, in the order they appear. */
export function findUnresolved(texts: readonly string[]): readonly string[] {
  const names = new Set<string>();
  for (const text of texts) {
    if (!text.includes("{{")) continue;
    for (const [, name = ""] of text.matchAll(VARIABLE)) {
      if (names.size < MAX_NAMES) names.add(name.trim());
    }
  }
  names.delete("");
  return [...names];
}
