import type { Run } from '../../../sdk/client.js';
import { isOpen } from '../../../sdk/thread/runs/run.js';
import { element } from '../../shared/element.js';
import { AskForm } from '../agents/asks/ask-form.js';
import { Attempts } from '../agents/attempts.js';
import type { AnswerFate, StopState } from '../agents/run-orders.js';
import type { RunNotes } from '../agents/run-notes.js';
import { VersionSwitch } from '../agents/version-switch.js';
import { RichText } from '../rich-text/rich-text-view.js';
import { agentName, answerersWords, runWords } from '../words/run-words.js';
import { costLine, usageWords } from '../words/usage-words.js';
import { RunSteps } from './run-steps.js';

/** Everything that the block of a run shows. */
export interface RunContent {
  readonly run: Run;
  /** Whether more of it is to come. */
  readonly live: boolean;
  readonly stop: StopState;
  /** When it began, Unix milliseconds; null when its beginning is not here. */
  readonly at: number | null;
  readonly notes: RunNotes;
  /** Number of runs that come before it; 0 unless it is queued. */
  readonly ahead: number;
  /** Who wrote the message that it answers; null when that is not known. */
  readonly asker: string | null;
  /** Whether this user may stop it, withdraw it and answer its questions. */
  readonly isMine: boolean;
  /** Whether the answer may be made anew. */
  readonly mayRepeat: boolean;
  /** Whether another version was asked for and has not begun. */
  readonly isAwaited: boolean;
  /** Which version of the answer it is, from 0, and how many there are. */
  readonly version: { readonly index: number; readonly count: number };
}

/** What a reader does in the block of a run. */
export interface RunActions {
  stop(run: string): void;
  withdraw(run: string): void;
  answer(run: string, ask: string, value: unknown): Promise<AnswerFate>;
  /** The answer is to be made anew. */
  repeat(run: string): void;
  /** Another version of the answer is to be shown: so many after this one, or before it. */
  turn(run: string, by: number): void;
}

/** Makes the element that shows the time of a block. */
export type MakeTime = (at: number) => HTMLTimeElement;

/** Shows one run of an agent: its steps, its answer and its state. It is updated in place, so that nothing jumps. */
export class RunView {
  /** The whole block. */
  readonly node: HTMLElement;
  readonly #actions: RunActions;
  readonly #makeTime: MakeTime;
  readonly #name = element('b');
  readonly #head: HTMLDivElement;
  readonly #steps = new RunSteps();
  readonly #attempts = new Attempts();
  readonly #answer = new RichText('answer');
  readonly #ask = element('div', { class: 'ask-place' });
  readonly #words = element('span', { class: 'run-words' });
  readonly #usage = element('span', { class: 'usage' });
  readonly #versions: VersionSwitch;
  readonly #stop = element('button', { class: 'stop', type: 'button' });
  readonly #repeat = element('button', { class: 'repeat', type: 'button' }, 'Try again');
  #form: AskForm | null = null;
  #content: RunContent | null = null;

  constructor(makeTime: MakeTime, actions: RunActions) {
    this.#makeTime = makeTime;
    this.#actions = actions;
    this.#head = element(
      'div',
      { class: 'head' },
      this.#name,
      element('span', { class: 'kind' }, 'agent')
    );
    this.#versions = new VersionSwitch((by) => {
      if (this.#content !== null) actions.turn(this.#content.run.run, by);
    });
    this.#stop.addEventListener('click', () => {
      const content = this.#content;
      if (content === null || content.stop.type === 'asked') return;
      if (content.run.state === 'queued') actions.withdraw(content.run.run);
      else actions.stop(content.run.run);
    });
    this.#repeat.addEventListener('click', () => {
      if (this.#content?.isAwaited === false) actions.repeat(this.#content.run.run);
    });
    this.node = element(
      'article',
      // Off: a screen reader would read the answer again with every word. The end of the run is announced once.
      { class: 'message run first', 'aria-live': 'off', tabindex: '-1' },
      element('span', { class: 'avatar agent', 'aria-hidden': 'true' }, '✦'),
      this.#head,
      element(
        'div',
        { class: 'bubble' },
        this.#steps.node,
        this.#attempts.node,
        this.#answer.node,
        this.#ask,
        element(
          'div',
          { class: 'run-foot piece' },
          this.#versions.node,
          this.#words,
          this.#usage,
          this.#stop,
          this.#repeat
        )
      )
    );
  }

  /** Shows this. Costs nothing when it is shown already. */
  show(content: RunContent): void {
    const before = this.#content;
    if (before !== null && isShown(before, content)) return;
    this.#content = content;
    const { run, live, at, notes } = content;
    const old = before?.run;
    if (old?.agent !== run.agent || before?.at !== at) this.#showHead(run, at);
    if (old?.steps !== run.steps || before?.notes !== notes)
      this.#steps.show(run.steps, notes.asks);
    this.#attempts.show(run);
    if (old?.text !== run.text) this.#answer.show(run.text);
    this.#answer.node.hidden = run.text === '';
    const isGoing = isOpen(run) && live;
    const className = `message run first ${run.state}${isGoing ? ' going' : ''}`;
    if (this.node.className !== className) this.node.className = className;
    this.node.setAttribute('aria-busy', String(isGoing && run.state === 'streaming'));
    this.#showAsk(content, isGoing);
    this.#showFoot(content, isGoing);
  }

  #showHead(run: Run, at: number | null): void {
    const name = agentName(run);
    this.#name.textContent = name;
    this.#head.querySelector('time')?.remove();
    const time = at === null ? null : this.#makeTime(at);
    if (time !== null) this.#head.append(time);
    this.node.setAttribute(
      'aria-label',
      `Agent ${name}${time === null ? '' : `, ${time.textContent}`}`
    );
  }

  #showAsk({ run, isMine, asker }: RunContent, isGoing: boolean): void {
    const ask = isGoing && run.state === 'waiting' ? run.ask : null;
    const key = ask === null ? '' : `${run.run} ${ask.ask} ${isMine ? '' : `of ${asker ?? ''}`}`;
    if (this.#ask.dataset['ask'] === key) return;
    this.#ask.dataset['ask'] = key;
    const hadFocus = this.#ask.contains(document.activeElement);
    this.#form?.stop();
    this.#form = null;
    if (ask === null) this.#ask.replaceChildren();
    else if (isMine) {
      this.#form = new AskForm(ask, (id, value) => this.#actions.answer(run.run, id, value));
      this.#ask.replaceChildren(this.#form.node);
      this.#form.start();
    } else {
      const words = element('p', { class: 'ask-hint' }, answerersWords(asker));
      const prompt = element('p', { class: 'ask-prompt' }, ask.prompt);
      this.#ask.replaceChildren(element('div', { class: 'ask piece' }, prompt, words));
    }
    // The form disappears with its question; the keyboard focus stays with the answer.
    if (hadFocus) this.node.focus({ preventScroll: true });
  }

  #showFoot(content: RunContent, isGoing: boolean): void {
    const { run, stop, version, isMine, mayRepeat, isAwaited } = content;
    const problem =
      stop.type === 'refused' && isGoing ? ` Could not be ${undone(run)}: ${stop.problem}.` : '';
    const isAsked = stop.type === 'asked' && isGoing;
    const cut = run.truncated ? ' Too long to show whole.' : '';
    const words = `${runWords(run, content.live, content)}${problem}${cut}`;
    if (this.#words.textContent !== words) this.#words.textContent = words;
    this.#versions.show(version);
    this.#usage.textContent = isGoing ? '' : costLine(run);
    this.#usage.title = usageWords(run.usage);
    this.#stop.hidden = !isGoing || !isMine;
    const label = stopLabel(run, isAsked);
    if (this.#stop.textContent !== label) this.#stop.textContent = label;
    // Not `disabled`: that would take the keyboard focus away from the button that was just pressed.
    this.#stop.setAttribute('aria-disabled', String(isAsked));
    this.#repeat.hidden = isGoing || !mayRepeat;
    this.#repeat.setAttribute('aria-disabled', String(isAwaited));
  }
}

function isShown(before: RunContent, next: RunContent): boolean {
  return (
    before.run === next.run &&
    before.live === next.live &&
    before.stop === next.stop &&
    before.at === next.at &&
    before.notes === next.notes &&
    before.ahead === next.ahead &&
    before.asker === next.asker &&
    before.isMine === next.isMine &&
    before.mayRepeat === next.mayRepeat &&
    before.isAwaited === next.isAwaited &&
    before.version.index === next.version.index &&
    before.version.count === next.version.count
  );
}

function stopLabel({ state }: Run, isAsked: boolean): string {
  if (state === 'queued') return isAsked ? 'Withdrawing…' : 'Withdraw';
  return isAsked ? 'Stopping…' : 'Stop';
}

function undone({ state }: Run): string {
  return state === 'queued' ? 'withdrawn' : 'stopped';
}
