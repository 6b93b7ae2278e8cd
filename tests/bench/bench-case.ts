/** What the benchmark measures: one piece of work, done by us and by each of the others it is held against. */

export interface Contender {
  readonly name: string;
  /** Milliseconds of doing the whole work once. Rejects when the work was not done whole. */
  measure(): Promise<number>;
}

export interface BenchCase {
  readonly name: string;
  readonly own: Contender;
  readonly against: readonly Contender[];
  /** A sentence about the case that belongs beside its figures, such as the memory it took. */
  note(): string;
  close(): Promise<void>;
}
