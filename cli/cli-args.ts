/**
 * Reads the flags of the command line. It guesses nothing: it reports every unknown flag, missing value and extra word
 * at once.
 */
import { parseArgs } from 'node:util';
import { nearestName } from '../server/config/nearest-name.js';

/** The flags, or every fault as sentences. */
export type ParsedFlags =
  | {
      readonly ok: true;
      readonly flags: Readonly<Record<string, string>>;
      /** Values of flags that may be given several times, in order. */
      readonly lists: ReadonlyMap<string, readonly string[]>;
      /** Given switches. */
      readonly switches: ReadonlySet<string>;
      /** Words that are neither flags nor values, in order. */
      readonly words: readonly string[];
      readonly isHelp: boolean;
    }
  | { readonly ok: false; readonly faults: readonly string[] };

/** Arguments of a command besides flags with values. */
export interface MoreArgs {
  /** Names of flags without a value. */
  readonly switches?: readonly string[];
  /** Names of flags with a value that may be given several times. */
  readonly repeatable?: readonly string[];
  /** Most words. */
  readonly words?: number;
  /** Short forms of flags, such as `n` for `limit`. */
  readonly shorts?: Readonly<Record<string, string>>;
}

/** Reads `--name value` and `--name=value` for a command's flags, its switches, and `--help` or `-h`. */
export function parseFlags(
  args: readonly string[],
  once: readonly string[],
  more: MoreArgs = {}
): ParsedFlags {
  const { switches: known = [], repeatable = [], words: wordsMax = 0, shorts = {} } = more;
  const names = [...once, ...repeatable];
  const shortOf = new Map(Object.entries(shorts).map(([short, name]) => [name, short]));
  const { tokens } = parseArgs({
    args: [...args],
    strict: false,
    tokens: true,
    options: {
      help: { type: 'boolean', short: 'h' },
      ...Object.fromEntries(known.map((name) => [name, { type: 'boolean' as const }])),
      ...Object.fromEntries(
        names.map((name) => {
          const short = shortOf.get(name);
          const type = 'string' as const;
          return [name, short === undefined ? { type } : { type, short }];
        })
      )
    }
  });
  const flags: Record<string, string> = {};
  const lists = new Map<string, string[]>();
  const switches = new Set<string>();
  const words: string[] = [];
  const faults: string[] = [];
  let isHelp = false;
  let isAfterUnknown = false;
  for (const token of tokens) {
    const isValueOfUnknown = isAfterUnknown && token.kind === 'positional';
    isAfterUnknown = false;
    if (isValueOfUnknown) continue;
    if (token.kind === 'positional' && words.length < wordsMax) {
      words.push(token.value);
    } else if (token.kind === 'positional') {
      faults.push(
        `"${token.value}" is not understood here: values follow a flag, as in --port 8080`
      );
    } else if (token.kind === 'option' && token.name === 'help') {
      isHelp = true;
    } else if (token.kind === 'option' && known.includes(token.name)) {
      if (token.value !== undefined) faults.push(`${token.rawName} takes no value`);
      switches.add(token.name);
    } else if (token.kind === 'option' && !names.includes(token.name)) {
      faults.push(unknownFlag(token.rawName, [...names, ...known]));
      isAfterUnknown = token.inlineValue !== true;
    } else if (token.kind === 'option') {
      const isFlagTakenForValue = token.inlineValue === false && token.value.startsWith('--');
      if (token.value === undefined || token.value === '' || isFlagTakenForValue) {
        faults.push(`${token.rawName} needs a value`);
      } else if (repeatable.includes(token.name)) {
        lists.set(token.name, [...(lists.get(token.name) ?? []), token.value]);
      } else if (flags[token.name] !== undefined) {
        faults.push(`${token.rawName} is given twice`);
      } else {
        flags[token.name] = token.value;
      }
    }
  }
  return isHelp || faults.length === 0
    ? { ok: true, flags, lists, switches, words, isHelp }
    : { ok: false, faults };
}

function unknownFlag(rawName: string, names: readonly string[]): string {
  const bare = rawName.replace(/^-+/, '');
  const meant = names.includes(bare) ? bare : nearestName(bare, names);
  return `unknown flag ${rawName}${meant === undefined ? '' : `; did you mean --${meant}?`}`;
}
