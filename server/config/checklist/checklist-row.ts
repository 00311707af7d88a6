/** The rows of the checklist, and the data that they judge. */
import type { FiledKey } from '../../access/key-file.js';
import type { OutsideRule } from '../impossible-combinations.js';
import type { Environment } from '../setting.js';
import type { Config } from '../settings.js';

/** What the check reads of the file of API keys. */
export interface SeenKeysFile {
  /** Permission bits; null where the system has none. */
  readonly mode: number | null;
  readonly keys: readonly Pick<FiledKey, 'name' | 'scopes' | 'grants' | 'expiresAt'>[];
}

/** What the check reads of the machine; null where the system does not report it or it does not exist. */
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
  /** The value of `ENVIRONMENT` in the settings; the check may judge as if it were another. */
  readonly environment: Environment;
  /** Names of the test switches that are set. */
  readonly testSwitches: readonly string[];
  readonly machine: SeenMachine;
}

/** `open`: the check cannot see it, or a person has to decide it. */
export type Mark = 'good' | 'bad' | 'open';

/** Result of one row. */
export interface Verdict {
  readonly mark: Mark;
  /** What was found, in one phrase. */
  readonly said: string;
}

/** One row of the checklist. */
export interface ChecklistRow {
  /** Stable name for programs. */
  readonly id: string;
  readonly title: string;
  /** The condition for `good`, for the documentation. */
  readonly good: string;
  /** What to do when it is not. */
  readonly action: string;
  /** The rule that makes a start outside development fail. */
  readonly rule?: OutsideRule;
  /** Other faults that make a start fail, besides the rules about settings. */
  readonly faults?: (seen: Seen) => readonly string[];
  /** Judges what passed the rule and has no faults. */
  readonly judge: (seen: Seen) => Verdict;
}
