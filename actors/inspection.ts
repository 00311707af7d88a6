/**
 * Observers of charts, contained: XState calls them inside the actor that they watch, where whatever they throw would
 * be that actor's crash.
 */
import type { InspectionEvent } from 'xstate';
import { reasonOf } from '../machines/child.js';
import type { Incidents } from './incidents.js';

/** Makes an observer that never throws; what it would have thrown is an incident. */
export function contained(
  observe: (event: InspectionEvent) => void,
  incidents: Incidents
): (event: InspectionEvent) => void {
  return (event) => {
    try {
      observe(event);
    } catch (error) {
      incidents.note('an observer of the charts failed', {
        actor: 'inspection',
        reason: reasonOf(error)
      });
    }
  };
}
