/** The text of one log line: JSON for collectors, or columns for people. Secrets in it are masked. */
import type { Paint, Style } from './paint.js';
import { maskText, redact } from './redact.js';

const OWN_NAMES: ReadonlySet<string> = new Set(['time', 'level', 'message']);

/** A line before it is written; `at` is in Unix milliseconds. */
export interface LineParts {
  readonly at: number;
  readonly level: string;
  readonly message: string;
  readonly fields: unknown;
}

/** Returns the text of a line, without the line break. */
export function lineText(format: 'json' | 'pretty', parts: LineParts, paint: Paint): string {
  const line: Line = {
    time: new Date(parts.at).toISOString(),
    level: parts.level,
    message: maskText(parts.message),
    fields: redactedFields(parts.fields)
  };
  return format === 'json' ? jsonLine(line) : prettyLine(line, paint);
}

interface Line {
  readonly time: string;
  readonly level: string;
  readonly message: string;
  readonly fields: Readonly<Record<string, unknown>>;
}

function redactedFields(fields: unknown): Record<string, unknown> {
  const plain = redact(fields);
  const kept: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(isRecord(plain) ? plain : { fields: plain })) {
    if (value === undefined) continue;
    // A field must not replace the line's own time, level or message.
    kept[OWN_NAMES.has(name) ? `${name}_` : name] = value;
  }
  return kept;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function jsonLine({ time, level, message, fields }: Line): string {
  return JSON.stringify({ time, level, message, ...fields });
}

function prettyLine({ time, level, message, fields }: Line, paint: Paint): string {
  const details: string[] = [];
  const stacks: string[] = [];
  for (const [name, value] of Object.entries(fields)) {
    const stack = isRecord(value) ? value['stack'] : undefined;
    if (isRecord(value) && typeof stack === 'string') {
      stacks.push(...stack.split('\n').map((row) => `\n    ${visible(row.trim())}`));
      details.push(`${name}=${prettyValue(value['message'])}`);
    } else {
      details.push(`${name}=${prettyValue(value)}`);
    }
  }
  const style = STYLES[level] ?? 'bold';
  return [
    paint('dim', time.slice(11, 23)),
    ' ',
    paint(style, level.toUpperCase().padEnd(5)),
    ' ',
    level === 'error' || level === 'warn' ? paint(style, visible(message)) : visible(message),
    details.length === 0 ? '' : `  ${paint('dim', details.join(' '))}`,
    stacks.length === 0 ? '' : paint('dim', stacks.join(''))
  ].join('');
}

const STYLES: Readonly<Record<string, Style>> = {
  error: 'red',
  warn: 'yellow',
  info: 'green',
  debug: 'cyan'
};

function prettyValue(value: unknown): string {
  if (typeof value === 'string' && /^[^\s"=]+$/.test(value)) return visible(value);
  return visible(JSON.stringify(value ?? null));
}

/** Shows control and direction characters as escapes, so that a user's text cannot change the operator's terminal. */
function visible(text: string): string {
  return text.replaceAll(
    /[\u0000-\u001f\u007f-\u009f\u2028-\u202e\u2066-\u2069]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`
  );
}
