/** The users who are present in a thread: by name, or only by number when there are too many to name. */
export class PresentUsers {
  readonly #names = new Set<string>();
  /** How many are present while the server tells no names; null while it does. */
  #unnamed: number | null = null;

  /** Names of all present users, sorted; empty when only their number is known. */
  get names(): readonly string[] {
    return [...this.#names].sort();
  }

  /** How many users are present, named or not. */
  get count(): number {
    return this.#unnamed ?? this.#names.size;
  }

  /** Applies a change; `count` is the number that the server told instead of names. */
  change(join: readonly string[], leave: readonly string[], count?: number): void {
    // After the server has told only a number, the names of a later change are not all names: they change the number.
    if (count !== undefined && (count > 0 || this.#unnamed !== null)) {
      this.#unnamed = count;
      this.#names.clear();
    } else if (this.#unnamed !== null) {
      this.#unnamed = Math.max(0, this.#unnamed + join.length - leave.length);
    } else {
      for (const user of join) this.#names.add(user);
      for (const user of leave) this.#names.delete(user);
    }
  }

  /** Removes all users. */
  clear(): void {
    this.#names.clear();
    this.#unnamed = null;
  }
}
