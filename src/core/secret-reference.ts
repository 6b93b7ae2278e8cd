/** References to secrets that are kept elsewhere: `${env:NAME}`, `${file:path}` and `{{vault:name}}` in a value. Pure. */

export type SecretReference =
  | { readonly source: "env"; readonly name: string }
  | { readonly source: "file"; readonly name: string }
  | { readonly source: "vault"; readonly name: string };

/** A secret as its source gives it; `domains` are the hosts it may be sent to, null when it may be sent anywhere. */
export interface Secret {
  readonly value: string;
  readonly domains: readonly string[] | null;
}

const REFERENCE = /\$\{(env|file):([^{}]+)\}|\{\{vault:([^{}]+)\}\}/g;

/** Every reference in a text, in order. */
export function referencesIn(text: string): readonly SecretReference[] {
  return [...text.matchAll(REFERENCE)].map(referenceOf);
}

/** Only those to the vault, which collections may hold as well: nobody but the environment's owner may name files and variables. */
export function vaultNamesIn(text: string): readonly string[] {
  const names = referencesIn(text).flatMap(({ source, name }) => (source === "vault" ? name : []));
  return [...new Set(names)];
}

/** The text with each reference replaced by its value. */
export function replaceReferences(
  text: string,
  valueOf: (reference: SecretReference) => string,
): string {
  return text.replaceAll(REFERENCE, (...match: string[]) => valueOf(referenceOf(match)));
}

/** As it stands in a value. */
export function formatReference({ source, name }: SecretReference): string {
  return source === "vault" ? `{{vault:${name}}}` : `\${${source}:${name}}`;
}

function referenceOf(match: readonly (string | undefined)[]): SecretReference {
  const [, source, name = "", vaultName = ""] = match;
  if (source === "env" || source === "file") return { source, name: name.trim() };
  return { source: "vault", name: vaultName.trim() };
}
