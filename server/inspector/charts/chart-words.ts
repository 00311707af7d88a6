/**
 * How a chart's events, guards and actions are written in its drawing. Only what is the same for every actor of a chart
 * is written: charts that differ in a limit, or in the name of the child that they care for, look the same.
 */
import type { AnyStateNode } from 'xstate';

/** Longest line of a chart in characters: as wide as a state with two neighbours may be on a laptop's screen. */
export const CHART_LINE_MAX = 44;

/** Longest line beside an arrow in characters; what is longer goes on in the next one. */
export const LABEL_LINE_MAX = 34;

/** Longest parameter that is written: a word, not a sentence. */
const PARAMETER_MAX = 24;
const WORD = new RegExp(`^[\\w.-]{1,${String(PARAMETER_MAX)}}$`);

const AFTER = 'xstate.after.';
const DONE_STATE = 'xstate.done.state.';
const DONE = 'xstate.done.actor.';
const FAILED = 'xstate.error.actor.';
const SNAPSHOT = 'xstate.snapshot.';

const MS_PER_S = 1_000;
const MS_PER_MIN = 60_000;

/** What a field of something unknown holds; undefined when it has none of the name. */
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

/** Parameters when they are one word, or an object that is one, or an event by its type; null when they are more. */
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

/** A guard as it is written between brackets. */
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

/** Whether XState itself has put this action there, to arm or to disarm a timer. */
function isOfTimer(action: unknown): boolean {
  const id = fieldOf(action, 'type') === 'xstate.cancel' ? 'sendId' : 'id';
  const timer = fieldOf(action, id);
  return typeof action === 'function' && typeof timer === 'string' && timer.startsWith(AFTER);
}

/** An action of XState by what it does, as `emit incident.opened`; one of somebody else's by its name. */
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

/** An action in words. */
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

/** The actions of a list in words; those that XState adds for its timers are left out. */
export function actionsWords(actions: readonly unknown[]): string[] {
  return actions.filter((action) => !isOfTimer(action)).map(actionWords);
}

/** How an actor that a state invokes is called: by the id that it was given, or else by its source. */
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

/** A delay in words: the name of one that has one. */
function delayWords(delay: unknown): string {
  if (typeof delay !== 'number') return String(delay);
  if (delay > 0 && delay % MS_PER_MIN === 0) return `${String(delay / MS_PER_MIN)} min`;
  if (delay > 0 && delay % MS_PER_S === 0) return `${String(delay / MS_PER_S)} s`;
  return `${String(delay)} ms`;
}

/** What makes a transition happen: `after grace`, `done: drain`, or the event; nothing when it needs none. */
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

/** A list in lines of at most `max` characters, broken between its words: `entry / a, b,` and so on. */
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
