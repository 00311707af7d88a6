/** Reads fields of an actor's context, of which a recording says nothing in advance. */
import type { Json } from '../../../../protocol/inspection.js';
import type { ActorState } from './actor-state.js';

/** Why an actor is not well, as its context or its end says it; null when neither does. */
export function errorOf({ snapshot: { context, error } }: ActorState): string | null {
  const words = [text(context, 'error'), text(context, 'reason'), error ?? ''];
  return words.find((one) => one !== '') ?? null;
}

/** A field of an object; undefined when there is none. */
export function field(value: Json | undefined, name: string): Json | undefined {
  if (typeof value !== 'object' || value === null || !Object.hasOwn(value, name)) return undefined;
  return Object.entries<Json>(value).find(([key]) => key === name)?.[1];
}

/** A text in a field; empty when there is none. */
export function text(value: Json | undefined, name: string): string {
  const found = field(value, name);
  return typeof found === 'string' ? found : '';
}

/** A number in a field; null when there is none. */
export function count(value: Json | undefined, name: string): number | null {
  const found = field(value, name);
  return typeof found === 'number' ? found : null;
}

/** The items of a field; empty when there are none. */
export function list(value: Json | undefined, name: string): readonly Json[] {
  const found = field(value, name);
  return typeof found === 'object' && found !== null ? Object.values<Json>(found) : [];
}
