import { byId, element } from '../../../shared/element.js';
import { safeName } from '../../../../sdk/safe-name.js';
import { took } from '../../../shared/duration.js';
import { label, write } from '../../../shared/live-text.js';
import {
  concerns,
  sameSubject,
  subjectHash,
  subjectOf,
  type Subject
} from '../../states/actor-key.js';
import type { ActorState } from '../../states/actor-state.js';
import { clockTime } from '../clock-time.js';
import { lastState } from '../../recording/last-state.js';
import type { Moment } from '../../recording/moment.js';
import { stateWords, toneOf } from '../../states/state-tone.js';
import { waitsFor } from '../../states/waits-for.js';

/** Shows the selected actor: its name, its state and since when, and what it waits for. */
export class SubjectView {
  readonly #path = byId('subject-path', HTMLParagraphElement);
  readonly #name = byId('subject-name', HTMLHeadingElement);
  readonly #state = byId('subject-state', HTMLSpanElement);
  readonly #chart = byId('subject-chart', HTMLSpanElement);
  readonly #roles = byId('subject-roles', HTMLDivElement);
  readonly #since = byId('subject-since', HTMLParagraphElement);
  readonly #waits = byId('subject-waits', HTMLParagraphElement);
  readonly #waitsTitle = byId('subject-waits-title', HTMLElement);
  readonly #waitsWords = byId('subject-waits-words', HTMLSpanElement);
  readonly #pick: (subject: Subject) => void;

  constructor(pick: (subject: Subject) => void) {
    this.#pick = pick;
  }

  /** Shows the subject of a moment. */
  show(moment: Moment): void {
    const { actor, subject, now, isGone } = moment;
    const name = subject.kind === 'thread' ? subject.thread : subject.key.replace(/\/keeper$/, '');
    write(this.#name, safeName(name));
    write(this.#path, pathWords(moment));
    this.#showRoles(moment);
    const waits = actor === null ? null : waitsFor(actor, isGone ? null : now);
    write(this.#waitsTitle, isGone ? 'Waited for' : 'Waits for');
    this.#waits.hidden = waits === null || waits === '';
    write(this.#waitsWords, waits ?? '');
    if (actor === null) {
      const last = lastState(moment);
      label(this.#state, { tone: 'none', text: last === null ? 'not there' : 'gone' });
      const chart = last?.chart ?? null;
      write(this.#chart, chart === null ? '' : `machine ${chart}, its last state`);
      write(this.#since, lastWords(moment));
      return;
    }
    label(this.#state, { tone: toneOf(actor), text: stateWords(actor) });
    write(this.#chart, actor.chart === null ? 'no chart' : `machine ${actor.chart}`);
    write(this.#since, sinceWords(actor, now));
  }

  #showRoles({ states, subject, actor }: Moment): void {
    const pair = actor === null ? [] : pairOf(actor, [...states.values()]);
    this.#roles.hidden = pair.length < 2;
    const wanted = pair.map((one) => one.sessionId).join(' ');
    if (this.#roles.dataset['pair'] !== wanted) {
      this.#roles.dataset['pair'] = wanted;
      this.#roles.replaceChildren(
        ...pair.map((one) => {
          const button = element(
            'button',
            { type: 'button', class: 'tool' },
            one.chart ?? one.name
          );
          const picked = subjectOf(one, states);
          button.dataset['hash'] = subjectHash(picked);
          button.addEventListener('click', () => {
            this.#pick(picked);
          });
          return button;
        })
      );
    }
    for (const button of this.#roles.querySelectorAll('button')) {
      const isPicked = button.dataset['hash'] === subjectHash(subject);
      button.setAttribute('aria-pressed', String(isPicked));
    }
  }
}

/** A keeper and its child, the child first. */
function pairOf(actor: ActorState, all: readonly ActorState[]): ActorState[] {
  const isPair = (keeper: ActorState, child: ActorState) =>
    keeper.chart === 'keeper' && child.parentId === keeper.sessionId && child.name === keeper.name;
  const other = all.find((one) => isPair(one, actor) || isPair(actor, one));
  if (other === undefined) return [];
  return actor.chart === 'keeper' ? [other, actor] : [actor, other];
}

function pathWords({ actor, states, subject }: Moment): string {
  if (subject.kind === 'thread') return 'serving › threads ›';
  const names: string[] = [];
  let above = states.get(actor?.parentId ?? '');
  while (above !== undefined && names.length < 12) {
    if (above.chart !== 'keeper' && !sameSubject(subjectOf(above, states), subject)) {
      names.unshift(`${safeName(above.name)} ›`);
    }
    above = states.get(above.parentId ?? '');
  }
  return names.join(' ');
}

function sinceWords({ since, isSinceOlder, event }: ActorState, now: number): string {
  const led = event === null ? '' : ` · last event ${safeName(event.type)}`;
  const least = isSinceOlder ? 'at least ' : '';
  return `For ${least}${took(Math.max(0, now - since))}, since ${clockTime(since)}${led}`;
}

/** Says how the subject's last actor ended, as far as that is recorded. */
function lastWords({ timeline, position, subject, nameOf }: Moment): string {
  for (let index = position - 1; index >= 0; index--) {
    const message = timeline.message(index);
    if (message === undefined || !concerns(message, subject, nameOf)) continue;
    if (message.type === 'inspect.left') {
      return `Not watched since ${clockTime(message.at)}: step back to see what is recorded`;
    }
    if (message.type !== '@xstate.snapshot' || message.snapshot.status === 'active') continue;
    const { snapshot, at } = message;
    const why = snapshot.error === undefined ? '' : `: ${snapshot.error}`;
    return `The last one was ${stateWords({ snapshot })} at ${clockTime(at)}${why}`;
  }
  return '';
}
