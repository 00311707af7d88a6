import type { Tone, Word } from './tone.js';

/** Puts a text into an element and leaves it alone when it is there already: a selection in it stays. */
export function write(target: Element, text: string): void {
  const { firstChild } = target;
  if (firstChild instanceof Text && firstChild === target.lastChild) {
    if (firstChild.data !== text) firstChild.data = text;
  } else if (target.textContent !== text) target.textContent = text;
}

/** Colours an element. */
export function tint(target: HTMLElement, tone: Tone): void {
  if (target.dataset['tone'] !== tone) target.dataset['tone'] = tone;
}

/** Puts a word into a pill and colours it. */
export function label(target: HTMLElement, { tone, text }: Word): void {
  write(target, text);
  tint(target, tone);
}

/** Puts a time of day into an element; nothing when there is none. */
export function writeTime(target: HTMLTimeElement, at: number | null): void {
  const date = at === null ? null : new Date(at);
  const iso = date?.toISOString() ?? '';
  if (target.dateTime === iso && target.firstChild !== null) return;
  target.dateTime = iso;
  target.title = iso;
  write(
    target,
    date?.toLocaleString('en', { dateStyle: 'medium', timeStyle: 'medium', hourCycle: 'h23' }) ?? ''
  );
}
