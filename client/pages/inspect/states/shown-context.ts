/** Reads fields of an actor's recorded context, whose type is unknown. */
import type { Json } from '../../../../protocol/inspection.js';
import type { ActorState } from './actor-state.js';

/** Returns why an actor is not well, from its context or its error; null when neither has a reason. */
export function errorOf({ snapshot: { context, error } }: ActorState): string | null {
  const words = [text(context, 'error'), text(context, 'reason'), error ?? ''];
  return words.find((one) => one !== '') ?? null;
}

/** Returns a field of an object; undefined when there is none. */
export function field(value: Json | undefined, name: string): Json | undefined {
  if (typeof value !== 'object' || value === null || !Object.hasOwn(value, name)) return undefined;
  return Object.entries<Json>(value).find(([key]) => key === name)?.[1];
}

/** Returns the text in a field; empty when there is none. */
export function text(value: Json | undefined, name: string): string {
  const found = field(value, name);
  return typeof found === 'string' ? found : '';
}

/** Returns the number in a field; null when there is none. */
export function count(value: Json | undefined, name: string): number | null {
  const found = field(value, name);
  return typeof found === 'number' ? found : null;
}

/** Returns the items of the list in a field; empty when there is none. */
export function list(value: Json | undefined, name: string): readonly Json[] {
  const found = field(value, name);
  return typeof found === 'object' && found !== null ? Object.values<Json>(found) : [];
}
