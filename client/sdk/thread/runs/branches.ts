import { firstVersion } from '../../../../protocol/answer-versions.js';
import type { Run } from './run.js';

/** All versions of one answer: the first, those generated again, and those whose question was edited. */
export interface RunBranches {
  /** `mid` of the first question; `run <id>` when the question of a run is not known. */
  readonly root: string;
  /** Runs in the order of `runs`; the last is the one to show. */
  readonly runs: readonly Run[];
}

/**
 * Groups the versions of each answer, in the order of the first versions. A run that replaces nothing and is replaced
 * by nothing has a group of its own. Pure; it also ends when runs replace each other in a ring.
 */
export function runBranches(runs: readonly Run[]): RunBranches[] {
  const replaced = new Map<string, string>();
  for (const { inReplyTo, replaces } of runs) {
    if (inReplyTo !== null && replaces !== null) replaced.set(inReplyTo, replaces.mid);
  }
  const found = new Map<string, Run[]>();
  for (const run of runs) {
    const root = firstVersion(run.inReplyTo ?? `run ${run.run}`, replaced);
    found.set(root, [...(found.get(root) ?? []), run]);
  }
  return [...found].map(([root, versions]) => ({ root, runs: versions }));
}
