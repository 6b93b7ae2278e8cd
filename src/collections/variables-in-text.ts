/** The `{{variables}}` a text uses. */

/** Names in the order of the text; null for one whose name is made of another. Dynamic variables (`$guid`) are made anew each time, and are none. */
export function variablesIn(text: string): readonly (string | null)[] {
  const names = [...text.matchAll(/\{\{([^{}]*)\}\}/g)].map((match) => match[1]?.trim() ?? "");
  const nested = /\{\{[^{}]*\{\{/.test(text);
  return [
    ...names.filter((name) => name !== "" && !name.startsWith("$")),
    ...(nested ? [null] : []),
  ];
}
