/** Finds where a text stops being JSON, because the message of `JSON.parse` names no place for short texts. */

export interface SyntaxFault {
  /** 1-based. */
  readonly line: number;
  /** 1-based, in UTF-16 units. */
  readonly column: number;
  readonly message: string;
}

const SPACE = /[ \t\n\r]*/y;
const SCALAR =
  /"(?:[^"\\\u0000-\u001F]|\\(?:["\\/bfnrt]|u[0-9A-Fa-f]{4}))*"|-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null/y;

/** What may stand next. */
type Expected = "value" | "value or ]" | "key" | "key or }" | "colon" | "comma or close" | "end";

/** The first fault of a text, or null when it is JSON. It keeps its own stack, so depth is no limit. */
export function findSyntaxError(text: string): SyntaxFault | null {
  const open: ("{" | "[")[] = [];
  let at = 0;
  let expected: Expected = "value";
  const match = (pattern: RegExp): string | null => {
    pattern.lastIndex = at;
    return pattern.exec(text)?.[0] ?? null;
  };
  const afterValue = (): Expected => (open.length === 0 ? "end" : "comma or close");
  for (;;) {
    at += match(SPACE)?.length ?? 0;
    const letter = text[at];
    if (letter === undefined) return expected === "end" ? null : faultAt(text, at, expected);
    const closes = open.at(-1) === "{" ? "}" : "]";
    const mayClose =
      expected === "comma or close" || expected === "value or ]" || expected === "key or }";
    if (mayClose && letter === closes) {
      open.pop();
      expected = afterValue();
      at += 1;
    } else if (expected === "comma or close" && letter === ",") {
      expected = open.at(-1) === "{" ? "key" : "value";
      at += 1;
    } else if (expected === "colon" && letter === ":") {
      expected = "value";
      at += 1;
    } else if ((expected === "key" || expected === "key or }") && letter === '"') {
      const key = match(SCALAR);
      if (key === null) return faultAt(text, at, "string");
      expected = "colon";
      at += key.length;
    } else if (expected === "value" || expected === "value or ]") {
      if (letter === "{" || letter === "[") {
        open.push(letter);
        expected = letter === "{" ? "key or }" : "value or ]";
        at += 1;
        continue;
      }
      const scalar = match(SCALAR);
      if (scalar === null) return faultAt(text, at, letter === '"' ? "string" : expected);
      expected = afterValue();
      at += scalar.length;
    } else {
      return faultAt(text, at, expected);
    }
  }
}

function faultAt(text: string, at: number, expected: Expected | "string"): SyntaxFault {
  const before = text.slice(0, at).split("\n");
  const found = text[at] === undefined ? "the end of the text" : JSON.stringify(text[at]);
  const message =
    expected === "string"
      ? "this string is not closed or holds a bad escape"
      : `expected ${EXPECTED[expected]}, found ${found}`;
  return { line: before.length, column: (before.at(-1)?.length ?? 0) + 1, message };
}

const EXPECTED: Readonly<Record<Expected, string>> = {
  value: "a value",
  "value or ]": "a value or ]",
  key: "a key in double quotes",
  "key or }": "a key in double quotes or }",
  colon: "a colon",
  "comma or close": "a comma or the end of this object or list",
  end: "nothing more",
};
