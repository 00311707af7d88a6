/** Loads the agents of a module, and again when its file changes in development. */
import { pathToFileURL } from 'node:url';
import { unwatchFile, watchFile } from 'node:fs';
import { defineAgent, type Agent } from '../../../actors/agents/agent.js';
import type { Clock } from '../../../actors/clock.js';
import { reasonOf } from '../../../machines/reason.js';

/** Longest time for a module to load, in milliseconds: less than the child may take to start, so that it is named. */
export const LOAD_MS = 15_000;

/** How often the file of a module is looked at in development, in milliseconds. */
const LOOK_EVERY_MS = 500;

/** How modules are loaded and watched; a spec has its own. */
export interface ModuleFiles {
  /** Loads a module; `version` 0 is the first time, and each higher one loads the file anew. */
  readonly load: (path: string, version: number) => Promise<unknown>;
  /** Calls `onChange` after each change of a file, until the function that it returns is called. */
  readonly watch: (path: string, onChange: () => void) => () => void;
}

/** Loads modules of the disk. Files that a module imports are not loaded anew: Node keeps them. */
export const MODULE_FILES: ModuleFiles = {
  load: (path, version) => {
    const url = pathToFileURL(path);
    if (version > 0) url.searchParams.set('version', String(version));
    return import(url.href);
  },
  watch: (path, onChange) => {
    const look = (now: { mtimeMs: number }, before: { mtimeMs: number }): void => {
      // 0: the file is not there, as for a moment while an editor replaces it.
      if (now.mtimeMs !== before.mtimeMs && now.mtimeMs !== 0) onChange();
    };
    watchFile(path, { interval: LOOK_EVERY_MS, persistent: false }, look);
    return () => {
      unwatchFile(path, look);
    };
  }
};

/**
 * Returns the agents that a module exports: its default export, which is one agent or a list.
 * @throws {Error} that names the module when it cannot be loaded, has not loaded after {@link LOAD_MS}, or has no agents
 */
export async function loadAgents(
  path: string,
  version: number,
  files: Pick<ModuleFiles, 'load'>,
  clock: Pick<Clock, 'setTimeout' | 'clearTimeout'>
): Promise<Agent[]> {
  try {
    return agentsOf(await inTime(files.load(path, version), clock));
  } catch (error) {
    throw new Error(`${path} cannot be loaded: ${reasonOf(error)}`);
  }
}

/** Returns what a module exports, if it loads in time: it may wait for ever at its top. */
function inTime(
  loading: Promise<unknown>,
  clock: Pick<Clock, 'setTimeout' | 'clearTimeout'>
): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const timer: unknown = clock.setTimeout(() => {
      reject(new Error(`it was not done after ${String(LOAD_MS)} ms`));
    }, LOAD_MS);
    void loading.then(resolve, reject).finally(() => {
      clock.clearTimeout(timer);
    });
  });
}

function agentsOf(module: unknown): Agent[] {
  const exported: unknown =
    typeof module === 'object' && module !== null && 'default' in module
      ? module.default
      : undefined;
  const list: unknown[] = Array.isArray(exported) ? exported : [exported];
  return list.map((item) => {
    if (!isAgentLike(item))
      throw new TypeError('its default export is no agent and no list of agents');
    return defineAgent(item);
  });
}

function isAgentLike(value: unknown): value is Agent {
  return typeof value === 'object' && value !== null && 'name' in value && 'run' in value;
}
