/**
 * Texts of events, guards and actions in a chart's drawing. They contain only what is the same for every actor of a
 * chart: charts that differ only in a limit, or in the name of a child, look the same.
 */
import type { AnyStateNode } from 'xstate';

/** Longest line of a chart in characters: as wide as a state with two neighbours may be on a laptop's screen. */
export const CHART_LINE_MAX = 44;

/** Longest line beside an arrow in characters; a longer one is broken. */
export const LABEL_LINE_MAX = 34;

/** Longest parameter that is shown, in characters: a word, not a sentence. */
const PARAMETER_MAX = 24;
const WORD = new RegExp(`^[\\w.-]{1,${String(PARAMETER_MAX)}}$`);

const AFTER = 'xstate.after.';
const DONE_STATE = 'xstate.done.state.';
const DONE = 'xstate.done.actor.';
const FAILED = 'xstate.error.actor.';
const SNAPSHOT = 'xstate.snapshot.';

const MS_PER_S = 1_000;
const MS_PER_MIN = 60_000;

/** Returns a field of an unknown value; undefined when it has no such field. */
function fieldOf(value: unknown, name: string): unknown {
  if (value === null || (typeof value !== 'object' && typeof value !== 'function'))
    return undefined;
  const field: unknown = Reflect.get(value, name);
  return field;
}

function wordOf(value: unknown): string | null {
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  return typeof value === 'string' && WORD.test(value) ? value : null;
}

/** Returns parameters that are one word, an object with one word, or an event (its type); null for any others. */
function parametersOf(params: unknown): string | null {
  if (params === null || typeof params !== 'object') return wordOf(params);
  const type = wordOf(fieldOf(params, 'type'));
  if (type !== null) return type;
  const fields: readonly unknown[] = Object.values(params);
  return fields.length === 1 ? wordOf(fields[0]) : null;
}

function named(type: string, params: unknown): string {
  const words = parametersOf(params);
  return words === null ? type : `${type}(${words})`;
}

function isIdentified(value: unknown): value is string {
  return typeof value === 'string' && value !== '';
}

/** Returns the text of a guard, for between brackets. */
export function guardWords(guard: unknown): string {
  if (typeof guard === 'string') return guard;
  if (typeof guard === 'object') {
    const type = fieldOf(guard, 'type');
    return named(typeof type === 'string' ? type : 'guard', fieldOf(guard, 'params'));
  }
  const parts: unknown = fieldOf(guard, 'guards');
  const name = fieldOf(guard, 'name');
  if (Array.isArray(parts)) {
    const words = parts.map(guardWords);
    return name === 'not' ? `not ${words.join()}` : words.join(name === 'or' ? ' or ' : ' and ');
  }
  const state = wordOf(fieldOf(guard, 'stateValue'));
  if (name === 'stateIn') return `in ${state ?? 'state'}`;
  return isIdentified(name) && name !== 'guard' ? name : 'inline';
}

/** Returns whether XState itself added this action, to start or to stop a timer. */
function isOfTimer(action: unknown): boolean {
  const id = fieldOf(action, 'type') === 'xstate.cancel' ? 'sendId' : 'id';
  const timer = fieldOf(action, id);
  return typeof action === 'function' && typeof timer === 'string' && timer.startsWith(AFTER);
}

/** Returns what a built-in action of XState does, such as `emit incident.opened`; the name of any other action. */
function builtInWords(action: unknown, type: string): string {
  const event = wordOf(fieldOf(fieldOf(action, 'event'), 'type'));
  const withEvent = (verb: string) => (event === null ? verb : `${verb} ${event}`);
  switch (type) {
    case 'xstate.assign': {
      const assignment = fieldOf(action, 'assignment');
      if (typeof assignment !== 'object' || assignment === null) return 'assign';
      const [only = '', ...more] = Object.keys(assignment);
      return more.length === 0 ? `assign ${only}` : 'assign';
    }
    case 'xstate.emit':
      return withEvent('emit');
    case 'xstate.raise':
      return withEvent('raise');
    case 'xstate.sendTo':
      return withEvent(fieldOf(action, 'to') === '#_parent' ? 'tell parent' : 'send');
    case 'xstate.spawnChild':
      return ['spawn', wordOf(fieldOf(action, 'src')) ?? ''].join(' ').trimEnd();
    case 'xstate.stopChild':
      return ['stop', wordOf(fieldOf(action, 'actorRef')) ?? ''].join(' ').trimEnd();
    case 'xstate.enqueueActions':
      return 'decide';
    default:
      return type.replace(/^xstate\./, '');
  }
}

/** Returns the text of an action. */
function actionWords(action: unknown): string {
  if (typeof action === 'string') return action;
  const type = fieldOf(action, 'type');
  if (typeof action === 'function') {
    if (typeof type === 'string') return builtInWords(action, type);
    const { name } = action;
    return isIdentified(name) && !/^(actions|entry|exit)$/.test(name) ? name : 'inline';
  }
  return typeof type === 'string' ? named(type, fieldOf(action, 'params')) : 'inline';
}

/** Returns the texts of a list of actions, without those that XState adds for its timers. */
export function actionsWords(actions: readonly unknown[]): string[] {
  return actions.filter((action) => !isOfTimer(action)).map(actionWords);
}

/** Returns the name of an actor that a state invokes: its id when one is given, or else its source. */
export function invokedWords(node: AnyStateNode, index: number): string {
  const invoked = node.invoke[index];
  if (invoked === undefined) return '';
  const { id, src } = invoked;
  return id === `${String(index)}.${node.id}` && typeof src === 'string' ? src : id;
}

function invokedById(node: AnyStateNode, id: string): string {
  const index = node.invoke.findIndex((invoked) => invoked.id === id);
  return index < 0 ? id : invokedWords(node, index);
}

/** Returns the text of a delay; its name when it has one. */
function delayWords(delay: unknown): string {
  if (typeof delay !== 'number') return String(delay);
  if (delay > 0 && delay % MS_PER_MIN === 0) return `${String(delay / MS_PER_MIN)} min`;
  if (delay > 0 && delay % MS_PER_S === 0) return `${String(delay / MS_PER_S)} s`;
  return `${String(delay)} ms`;
}

/** Returns what causes a transition: `after grace`, `done: drain`, or the event; empty for an eventless one. */
export function eventWords(node: AnyStateNode, type: string, delay: unknown): string {
  if (type.startsWith(AFTER)) return `after ${delayWords(delay)}`;
  if (type.startsWith(DONE_STATE)) return 'done';
  if (type.startsWith(DONE)) return `done: ${invokedById(node, type.slice(DONE.length))}`;
  if (type.startsWith(FAILED)) return `error: ${invokedById(node, type.slice(FAILED.length))}`;
  if (type.startsWith(SNAPSHOT))
    return `snapshot: ${invokedById(node, type.slice(SNAPSHOT.length))}`;
  return type;
}

function cut(word: string, max: number): string {
  return word.length > max ? `${word.slice(0, max - 1)}…` : word;
}

/** Returns a list in lines of at most `max` characters, broken between its words: `entry / a, b,` and so on. */
export function listLines(lead: string, words: readonly string[], max: number): string[] {
  if (words.length === 0) return [];
  const lines: string[] = [];
  let line = '';
  for (const [index, word] of words.entries()) {
    const written = index < words.length - 1 ? `${word},` : word;
    if (line !== '' && `${line} ${written}`.length > max) {
      lines.push(cut(line, max));
      line = written;
    } else {
      line = [line === '' ? lead : line, written].filter((part) => part !== '').join(' ');
    }
  }
  return [...lines, cut(line, max)];
}
