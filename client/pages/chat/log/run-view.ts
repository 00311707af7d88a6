import type { Run, RunStep } from '../../../sdk/client.js';
import { element } from '../../shared/element.js';
import { RichText } from '../rich-text/rich-text-view.js';
import { agentName, durationWords, jsonLine, jsonText, runWords } from '../words/run-words.js';
import { safeName } from '../../../sdk/safe-name.js';
import { isOpen } from '../../../sdk/thread/runs/run.js';

/** The state of a stop request: none, sent, or refused with a message. */
export type StopState =
  | { readonly type: 'idle' }
  | { readonly type: 'asked' }
  | { readonly type: 'refused'; readonly problem: string };

/** Everything that the block of a run shows. */
export interface RunContent {
  readonly run: Run;
  /** Whether more of it is to come. */
  readonly live: boolean;
  readonly stop: StopState;
  /** When it began, Unix milliseconds; null when its beginning is not here. */
  readonly at: number | null;
}

/** Makes the element that shows the time of a block. */
export type MakeTime = (at: number) => HTMLTimeElement;

interface ShownStep {
  readonly step: RunStep;
  readonly node: HTMLLIElement;
  update(step: RunStep): void;
}

/** Shows one run of an agent: its steps, its answer and its state. It is updated in place, so that nothing jumps. */
export class RunView {
  /** The whole block. */
  readonly node: HTMLElement;
  readonly #name = element('b');
  readonly #head: HTMLDivElement;
  readonly #steps = element('ol', { class: 'steps', hidden: true });
  readonly #answer = new RichText('answer');
  readonly #words = element('span', { class: 'run-words' });
  readonly #stop = element('button', { class: 'stop', type: 'button' });
  readonly #shown: ShownStep[] = [];
  readonly #makeTime: MakeTime;
  #content: RunContent | null = null;

  constructor(makeTime: MakeTime, stop: (run: string) => void) {
    this.#makeTime = makeTime;
    this.#head = element(
      'div',
      { class: 'head' },
      this.#name,
      element('span', { class: 'kind' }, 'agent')
    );
    this.#stop.addEventListener('click', () => {
      const content = this.#content;
      if (content !== null && content.stop.type !== 'asked') stop(content.run.run);
    });
    this.node = element(
      'article',
      // Off: a screen reader would read the answer again with every word. The end of the run is announced once.
      { class: 'message run first', 'aria-live': 'off' },
      element('span', { class: 'avatar agent', 'aria-hidden': 'true' }, '✦'),
      this.#head,
      element(
        'div',
        { class: 'bubble' },
        this.#steps,
        this.#answer.node,
        element('div', { class: 'run-foot piece' }, this.#words, this.#stop)
      )
    );
  }

  /** Shows this. Costs nothing when it is shown already. */
  show(content: RunContent): void {
    const before = this.#content;
    const { run, live, stop, at } = content;
    if (before?.run === run && before.live === live && before.stop === stop && before.at === at) {
      return;
    }
    this.#content = content;
    if (before?.run.agent !== run.agent || before.at !== at) this.#showHead(run, at);
    if (before?.run.steps !== run.steps) this.#showSteps(run.steps);
    if (before?.run.text !== run.text) this.#answer.show(run.text);
    this.#answer.node.hidden = run.text === '';
    const streaming = isOpen(run) && live;
    this.node.className = `message run first ${run.state}`;
    this.node.setAttribute('aria-busy', String(streaming));
    this.#showFoot(content, streaming);
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

  #showFoot({ run, live, stop }: RunContent, streaming: boolean): void {
    const problem =
      stop.type === 'refused' && streaming ? ` Could not be stopped: ${stop.problem}.` : '';
    const stopping = stop.type === 'asked' && streaming;
    const cut = run.truncated ? ' Too long to show whole.' : '';
    const words = `${runWords(run, live)}${problem}${cut}`;
    if (this.#words.textContent !== words) this.#words.textContent = words;
    this.#stop.hidden = !streaming;
    const label = stopping ? 'Stopping…' : 'Stop';
    if (this.#stop.textContent !== label) this.#stop.textContent = label;
    // Not `disabled`: that would take the keyboard focus away from the button that was just pressed.
    this.#stop.setAttribute('aria-disabled', String(stopping));
  }

  #showSteps(steps: readonly RunStep[]): void {
    this.#steps.hidden = steps.length === 0;
    steps.forEach((step, index) => {
      const shown = this.#shown[index];
      if (shown?.step === step) return;
      if (shown !== undefined && isSame(shown.step, step)) {
        shown.update(step);
        this.#shown[index] = { ...shown, step };
        return;
      }
      const made = step.type === 'tool' ? toolStep(step) : thinkingStep(step);
      this.#steps.insertBefore(made.node, shown?.node ?? null);
      this.#shown.splice(index, 0, made);
    });
    for (const { node } of this.#shown.splice(steps.length)) node.remove();
  }
}

function isSame(one: RunStep, other: RunStep): boolean {
  if (one.type === 'tool') return other.type === 'tool' && one.call === other.call;
  return other.type === 'thinking' && one.offset === other.offset;
}

function thinkingStep(step: Extract<RunStep, { type: 'thinking' }>): ShownStep {
  const node = element(
    'li',
    { class: 'step thinking piece' },
    element(
      'details',
      {},
      element(
        'summary',
        {},
        element('span', { class: 'mark', 'aria-hidden': 'true' }),
        element('span', { class: 'step-name' }, 'Thinking'),
        element('span', { class: 'step-line' }, step.text.slice(0, 160))
      ),
      new RichText('step-body', step.text).node
    )
  );
  return { step, node, update: () => undefined };
}

const OUTCOMES = { executing: 'running', ok: 'done', failed: 'failed' } as const;

function toolStep(step: Extract<RunStep, { type: 'tool' }>): ShownStep {
  const name = element('code', { class: 'step-name' });
  const line = element('span', { class: 'step-line' });
  const outcome = element('span', { class: 'outcome' });
  const body = element('div', { class: 'step-body' });
  const details = element(
    'details',
    {},
    element(
      'summary',
      {},
      element('span', { class: 'mark', 'aria-hidden': 'true' }),
      name,
      line,
      outcome
    ),
    body
  );
  const node = element('li', {}, details);
  let now = step;
  // Arguments and results may be long, so they are written only when the reader opens them.
  const fill = (): void => {
    if (!details.open) return;
    const result =
      now.state === 'executing'
        ? []
        : titled(now.state === 'ok' ? 'Result' : 'Failure', now.result);
    body.replaceChildren(...titled('Arguments', now.args), ...result);
  };
  const update = (next: RunStep): void => {
    if (next.type !== 'tool') return;
    now = next;
    node.className = `step tool piece ${next.state}`;
    name.textContent = next.tool === '' ? 'tool' : safeName(next.tool);
    line.textContent = jsonLine(next.args);
    const took = next.ms === null ? '' : ` · ${durationWords(next.ms)}`;
    outcome.textContent = `${OUTCOMES[next.state]}${took}`;
    fill();
  };
  details.addEventListener('toggle', fill);
  update(step);
  return { step, node, update };
}

function titled(title: string, value: unknown): HTMLElement[] {
  const text = jsonText(value);
  if (text === '') return [];
  return [
    element('p', { class: 'step-title' }, title),
    element('pre', { class: 'json', tabindex: '0' }, text)
  ];
}
