/** What a row of the checklist is, and what it judges. */
import type { FiledKey } from '../../access/key-file.js';
import type { OutsideRule } from '../impossible-combinations.js';
import type { Environment } from '../setting.js';
import type { Config } from '../settings.js';

/** What can be seen of the file of API keys. */
export interface SeenKeysFile {
  /** Permission bits; null where the system has none. */
  readonly mode: number | null;
  readonly keys: readonly Pick<FiledKey, 'name' | 'scopes' | 'grants' | 'expiresAt'>[];
}

/** What can be seen of the machine; null where the system does not tell it, or there is no such thing. */
export interface SeenMachine {
  /** Permission bits of DATA_DIR. */
  readonly dataDirMode: number | null;
  /** Permission bits of the `.env` file. */
  readonly envFileMode: number | null;
  /** Most file descriptors that a process may have. */
  readonly openFiles: number | null;
  /** The file of API_KEYS_FILE; null when there is none, or it cannot be read. */
  readonly keysFile: SeenKeysFile | null;
  /** Limit of the container's memory, in bytes. */
  readonly containerBytes: number | null;
  /** Unix milliseconds by the clock of the machine. */
  readonly nowMs: number;
  /** Unix milliseconds at which the newest file of DATA_DIR was written. */
  readonly newestFileMs: number | null;
}

/** Everything that is judged. */
export interface Seen {
  readonly config: Config;
  /** `ENVIRONMENT` as it is set, which the check may replace. */
  readonly environment: Environment;
  /** Faults of test switches that are set. */
  readonly testSwitches: readonly string[];
  readonly machine: SeenMachine;
}

/** `good`; `bad`; or `open`: it cannot be seen from here, or somebody has to decide it. */
export type Mark = 'good' | 'bad' | 'open';

/** What one row found. */
export interface Verdict {
  readonly mark: Mark;
  /** What was found, in one phrase. */
  readonly said: string;
}

/** One row of the checklist. */
export interface ChecklistRow {
  /** Name for programs. */
  readonly id: string;
  readonly title: string;
  /** When it is good, for the documentation. */
  readonly good: string;
  /** What to do when it is not. */
  readonly action: string;
  /** The rule by which a start outside development refuses it. */
  readonly rule?: OutsideRule;
  /** Faults that a start refuses and that are no rule about settings. */
  readonly faults?: (seen: Seen) => readonly string[];
  /** Judges what no rule refuses. */
  readonly judge: (seen: Seen) => Verdict;
}
