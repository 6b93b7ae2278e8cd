/** Server-sent events as they come over the wire (WHATWG HTML, section 9.2), as far as this service writes them. */

export interface EventBlock {
  readonly id: string;
  readonly data: string;
}

/** Blocks with an id and data; `onAnything` is called for every piece that arrives, heartbeats included. */
export async function* readEventBlocks(
  body: ReadableStream<Uint8Array>,
  onAnything: () => void,
): AsyncGenerator<EventBlock> {
  const decoder = new TextDecoder();
  let text = "";
  for await (const piece of body) {
    onAnything();
    text += decoder.decode(piece, { stream: true });
    const blocks = text.split("\n\n");
    text = blocks.pop() ?? "";
    for (const block of blocks) {
      const fields = new Map(block.split("\n").map(fieldOf));
      const [id, data] = [fields.get("id"), fields.get("data")];
      if (id !== undefined && data !== undefined) yield { id, data };
    }
  }
}

function fieldOf(line: string): [string, string] {
  const colon = line.indexOf(": ");
  return colon < 1 ? [line, ""] : [line.slice(0, colon), line.slice(colon + 2)];
}
