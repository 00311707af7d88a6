import type { Run } from './run.js';

/** All versions of one answer: the first, and those that were made anew or whose question was written anew. */
export interface RunBranches {
  /** `mid` of the first question; `run <id>` when the question of a run is not known. */
  readonly root: string;
  /** Runs in the order of `runs`; the last is the one to show. */
  readonly runs: readonly Run[];
}

/**
 * Puts the versions of each answer together, in the order of the first version of each. A run that replaces nothing and is
 * replaced by nothing is alone. Pure, and ends whatever the runs say, also when they replace each other.
 */
export function runBranches(runs: readonly Run[]): RunBranches[] {
  const replaced = new Map<string, string>();
  for (const { inReplyTo, replaces } of runs) {
    if (inReplyTo !== null && replaces !== null) replaced.set(inReplyTo, replaces.mid);
  }
  const found = new Map<string, Run[]>();
  for (const run of runs) {
    const root = rootOf(run.inReplyTo ?? `run ${run.run}`, replaced);
    found.set(root, [...(found.get(root) ?? []), run]);
  }
  return [...found].map(([root, versions]) => ({ root, runs: versions }));
}

function rootOf(mid: string, replaced: ReadonlyMap<string, string>): string {
  const passed = [mid];
  for (let at = replaced.get(mid); at !== undefined; at = replaced.get(at)) {
    // They replace each other: the same name for all in the ring.
    if (passed.includes(at)) return passed.slice(passed.indexOf(at)).sort()[0] ?? at;
    passed.push(at);
  }
  return passed.at(-1) ?? mid;
}
