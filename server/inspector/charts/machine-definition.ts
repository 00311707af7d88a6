/** The configuration of machines as the viewers of `@statelyai/inspect` read it. */
import type { AnyStateMachine } from 'xstate';

/** As many as there are kinds of machine; each lives as long as its configuration. */
const texts = new WeakMap<object, string>();

/** JSON of a machine's configuration, with each function as an object of its name, as `@statelyai/inspect` writes it. */
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
