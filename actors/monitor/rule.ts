/** The shape of the monitor's rules. */
import type { MonitorLevel } from '../../machines/finding.js';
import type { Condition } from './incidents.js';

/** How one kind is judged and logged. */
export interface Rule<Measure> extends Omit<Condition, 'kind' | 'about'> {
  level(measure: Measure): MonitorLevel;
  message(measure: Measure): string;
  /** Returns the message for strangers, without names and texts of faults. Absent when {@link message} has none. */
  unnamed?(measure: Measure): string;
  /** Returns the thread to look at first. Absent for findings that are not about threads. */
  thread?(measure: Measure): string | null;
}
