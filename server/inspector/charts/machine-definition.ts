/** Configuration of machines in the form that the viewers of `@statelyai/inspect` read. */
import type { AnyStateMachine } from 'xstate';

/** One entry per kind of machine; each lives as long as its configuration. */
const texts = new WeakMap<object, string>();

/**
 * Returns the JSON of a machine's configuration. Each function becomes an object with its name, as `@statelyai/inspect`
 * does.
 */
export function machineDefinition(machine: AnyStateMachine): string {
  const config: object = machine.config;
  const known = texts.get(config);
  if (known !== undefined) return known;
  const text = JSON.stringify(config, (_key, value: unknown) =>
    typeof value === 'function' ? { type: value.name } : value
  );
  texts.set(config, text);
  return text;
}
