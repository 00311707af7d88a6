/** Names of threads without their ids, for the names of spans. */

/** Most different templates; further threads are `{thread}`. */
export const TEMPLATES_MAX = 64;

const WHOLE = '{thread}';

/** Finds the template of a thread: `support:4711` is one of `support:{id}`. */
export class ThreadTemplates {
  private readonly known = new Set<string>();

  /** Returns the template: the word before the first separator, when there are not too many; else `{thread}`. */
  of(thread: string): string {
    const [, prefix] = /^([A-Za-z]{1,32}[._:@-])./.exec(thread) ?? [];
    if (prefix === undefined) return WHOLE;
    if (!this.known.has(prefix)) {
      if (this.known.size >= TEMPLATES_MAX) return WHOLE;
      this.known.add(prefix);
    }
    return `${prefix}{id}`;
  }
}
