/**
 * Observers of charts, contained: XState calls them inside the actor that they watch, where whatever they throw would
 * be that actor's crash.
 */
import { reasonOf } from '../machines/reason.js';
import type { Incidents } from './monitor/incidents.js';

/** Makes an observer that never throws; what it would have thrown is an incident. */
export function contained<Event>(
  observe: (event: Event) => void,
  incidents: Incidents
): (event: Event) => void {
  return (event) => {
    try {
      observe(event);
    } catch (error) {
      const fields = { actor: 'inspection', reason: reasonOf(error) };
      // It comes with every event then, and nobody is worse off but who watches.
      incidents.note('an observer of the charts failed', fields, 'warning');
    }
  };
}
