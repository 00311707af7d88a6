import type { LineFields, Logger } from '../../actors/log-line.js';

/** One line that was logged. */
export interface Line {
  readonly level: 'error' | 'warn' | 'info' | 'debug';
  readonly message: string;
  readonly fields: LineFields;
}

/** Keeps the lines for the spec to read. */
export class RecordedLogger implements Logger {
  readonly lines: Line[] = [];
  isDebug = true;

  error(message: string, fields: LineFields = {}): void {
    this.lines.push({ level: 'error', message, fields });
  }

  warn(message: string, fields: LineFields = {}): void {
    this.lines.push({ level: 'warn', message, fields });
  }

  info(message: string, fields: LineFields = {}): void {
    this.lines.push({ level: 'info', message, fields });
  }

  debug(message: string, fields: LineFields = {}): void {
    this.lines.push({ level: 'debug', message, fields });
  }

  /** Lines that hold a phrase. */
  with(phrase: string): Line[] {
    return this.lines.filter(({ message }) => message.includes(phrase));
  }
}
