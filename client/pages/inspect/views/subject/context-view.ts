import type { Json } from '../../../../../protocol/inspection.js';
import { byId, element } from '../../../shared/element.js';
import { KeyedRows } from '../../../shared/keyed-rows.js';
import { write } from '../../../shared/live-text.js';
import { isStanding, type ActorState } from '../../states/actor-state.js';
import { clockTime } from '../clock-time.js';
import { jsonLines, type JsonLine } from './json-lines.js';
import type { Moment } from '../../recording/moment.js';

/** Deepest indentation of a line. */
const DEPTH_MAX = 8;

/** Most changes that are also listed at the top. */
const CHANGES_MAX = 6;

/** A number in this range is shown as a time in Unix milliseconds: 2001 to 2286. */
const TIME_MIN = 1e12;
const TIME_MAX = 1e13;

/** Shows the context of an actor, and what its last event changed in it. */
export class ContextView {
  readonly #note = byId('context-note', HTMLParagraphElement);
  readonly #rows = new KeyedRows<JsonLine>({
    into: byId('context', HTMLOListElement),
    key: ({ path }) => path,
    make: () => {
      const key = element('span', { class: 'json-key' });
      const text = element('span');
      const was = element('span', { class: 'json-was' });
      const root = element('li', {}, key, text, was);
      return {
        root,
        fill: (line) => {
          root.dataset['depth'] = String(Math.min(line.depth, DEPTH_MAX));
          root.classList.toggle('is-changed', line.was !== null);
          write(key, line.key);
          write(text, textOf(line));
          text.className = `json-${line.kind}`;
          write(was, line.was === null ? '' : `was ${line.was}`);
        }
      };
    }
  });
  /** What has changed stands on top too: a context may be long. */
  readonly #changes = new KeyedRows<JsonLine>({
    into: byId('context-changes', HTMLUListElement),
    key: ({ path }) => path,
    make: () => {
      const path = element('code');
      const was = element('s');
      const text = element('b');
      const root = element('li', {}, path, ' ', was, ' ', text);
      return {
        root,
        fill: (line) => {
          write(path, line.path);
          write(was, line.was ?? '');
          write(text, textOf(line));
        }
      };
    }
  });
  #shown: ActorState | null = null;

  /** Shows the context of a moment's actor. */
  show(moment: Moment): void {
    const { actor } = moment;
    if (actor !== null && actor === this.#shown) return;
    this.#shown = actor;
    if (actor === null) {
      write(this.#note, 'There is no such actor at this moment.');
      this.#show([]);
      return;
    }
    const { context, output, tags = [] } = actor.snapshot;
    const shown = context ?? output;
    if (shown === undefined) {
      write(this.#note, 'This actor shows nothing of what it knows.');
      this.#show([]);
      return;
    }
    const before = previousContext(moment, actor);
    const lines = jsonLines(shown, before);
    const changes = lines.filter(({ was }) => was !== null).length;
    const tagged = tags.length === 0 ? '' : ` Tags: ${tags.join(', ')}.`;
    write(
      this.#note,
      `As of ${clockTime(actor.said.at)}; ${changesWords(before, changes)}.${tagged}`
    );
    this.#show(lines);
  }

  #show(lines: readonly JsonLine[]): void {
    this.#rows.show(lines);
    this.#changes.show(lines.filter(({ was }) => was !== null).slice(0, CHANGES_MAX));
  }
}

/** The text of a line, with the time of day added to a time. */
function textOf({ kind, text, key }: JsonLine): string {
  const at = kind === 'number' && /(^since|At)$/.test(key) ? Number(text) : 0;
  return at > TIME_MIN && at < TIME_MAX ? `${text} (${clockTime(at)})` : text;
}

function changesWords(before: Json | undefined, changes: number): string {
  if (before === undefined) return 'what it was before is not recorded';
  if (changes === 0) return 'its last event changed nothing';
  return `its last event changed ${changes === 1 ? 'one line' : `${String(changes)} lines`}`;
}

/** The actor's context before its last snapshot; undefined when it is not recorded. */
function previousContext({ timeline, position }: Moment, actor: ActorState): Json | undefined {
  const at = Math.min(position, timeline.positionOf(actor.seq));
  for (let index = at - 1; index >= 0; index--) {
    const message = timeline.message(index);
    if (message === undefined || !isStanding(message) || message.seq >= actor.seq) continue;
    if (message.sessionId === actor.sessionId) return message.snapshot.context;
  }
  return undefined;
}
