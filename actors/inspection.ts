/**
 * Safe observers of charts. XState calls observers inside the actor that they watch, so an observer that throws would
 * crash that actor.
 */
import { reasonOf } from '../machines/reason.js';
import type { Incidents } from './monitor/incidents.js';

/** Returns an observer that never throws; its errors become incidents instead. */
export function contained<Event>(
  observe: (event: Event) => void,
  incidents: Incidents
): (event: Event) => void {
  return (event) => {
    try {
      observe(event);
    } catch (error) {
      const fields = { actor: 'inspection', reason: reasonOf(error) };
      // At most a warning: the error comes with every event, but harms only whoever watches.
      incidents.note('an observer of the charts failed', fields, 'warning');
    }
  };
}
