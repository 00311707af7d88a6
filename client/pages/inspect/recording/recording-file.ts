/**
 * Writes and reads recording files. Reading checks everything, since a file may come from anybody. A file that is no
 * recording of this version is refused with a sentence that says why.
 */
import type { ChartLayout } from '../../../../protocol/chart-layout.js';
import {
  RECORDING_FORMAT,
  RECORDING_VERSION,
  type Recording,
  type RecordedMessage
} from '../../../../protocol/inspection.js';
import { isRecord } from '../../../sdk/json.js';
import type { StandingMessage } from '../states/actor-state.js';
import { isChart } from './chart-shape.js';
import { isMessage, isStandingShape } from './message-shape.js';

/** Largest file that is read, in bytes: four times what the page keeps. */
export const FILE_BYTES_MAX = 134_217_728;

/** Most messages that are read from a file; the page keeps no more. */
export const FILE_MESSAGES_MAX = 20_000;

/** Most actors, and most charts, of a file. */
const FILE_ACTORS_MAX = 8_192;
const FILE_CHARTS_MAX = 256;

/** A recording, or why there is none, as a sentence for people. */
export type ReadRecording =
  | { readonly ok: true; readonly recording: Recording }
  | { readonly ok: false; readonly message: string };

const refused = (message: string): ReadRecording => ({ ok: false, message });

/** Reads the text of a file. Never throws. */
export function readRecording(text: string): ReadRecording {
  if (text.length > FILE_BYTES_MAX) return refused(tooLarge(text.length));
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return refused(
      'The file is damaged: it is not JSON. Perhaps only a part of it has been copied.'
    );
  }
  return recordingOf(value);
}

/** The sentence that refuses a file because of its size. */
export function tooLarge(bytes: number): string {
  const mb = (size: number) => `${String(Math.ceil(size / 1_048_576))} MB`;
  return `The file is too large: ${mb(bytes)}, and recordings have at most ${mb(FILE_BYTES_MAX)}.`;
}

/** Checks whether a JSON value is a recording. */
export function recordingOf(value: unknown): ReadRecording {
  if (!isRecord(value) || value['format'] !== RECORDING_FORMAT) {
    return refused('This is no recording of Rollcall: it does not say that it is one.');
  }
  const { version } = value;
  if (version !== RECORDING_VERSION) {
    return refused(
      `This recording has version ${shortOf(version)} and this page reads version ${String(RECORDING_VERSION)}: open it in the inspector of the server that made it.`
    );
  }
  const { rollcall, node, environment, at, dropped, actors, messages, charts } = value;
  if (
    typeof rollcall !== 'string' ||
    typeof node !== 'string' ||
    typeof environment !== 'string' ||
    !isCount(at) ||
    !isCount(dropped)
  ) {
    return refused(damaged('it does not say which server it is of, or when it was made'));
  }
  if (!Array.isArray(actors) || !Array.isArray(messages) || !Array.isArray(charts)) {
    return refused(damaged('it has no list of actors, messages or charts'));
  }
  if (messages.length > FILE_MESSAGES_MAX) {
    return refused(
      `The recording has ${String(messages.length)} messages, and at most ${String(FILE_MESSAGES_MAX)} can be shown.`
    );
  }
  if (actors.length > FILE_ACTORS_MAX || charts.length > FILE_CHARTS_MAX) {
    return refused(damaged('it has more actors or charts than any server'));
  }
  if (!areAll(actors, isStandingShape)) {
    return refused(damaged(`${placeOf(actors, isStandingShape)} of its actors is none`));
  }
  if (!areAll(messages, isMessage)) {
    return refused(damaged(`${placeOf(messages, isMessage)} of its messages is none`));
  }
  if (!areAll(charts, isChart)) {
    return refused(damaged(`${placeOf(charts, isChart)} of its charts is none`));
  }
  if (!isRising(messages)) return refused(damaged('its messages are not in their order'));
  const head = { format: RECORDING_FORMAT, version, rollcall, node, environment } as const;
  return { ok: true, recording: { ...head, at, dropped, actors, messages, charts } };
}

/** The content of a file. */
export interface RecordingParts {
  readonly rollcall: string;
  readonly node: string;
  readonly environment: string;
  readonly at: number;
  readonly dropped: number;
  readonly actors: readonly StandingMessage[];
  readonly messages: readonly RecordedMessage[];
  readonly charts: readonly ChartLayout[];
}

/** Returns the text of a file. */
export function writeRecording(parts: RecordingParts): string {
  const recording: Recording = {
    format: RECORDING_FORMAT,
    version: RECORDING_VERSION,
    ...parts
  };
  return JSON.stringify(recording);
}

/** Name of a file written at this time, in Unix milliseconds. */
export function fileName(at: number): string {
  return `rollcall-${new Date(at).toISOString().replaceAll(':', '-').slice(0, 19)}.json`;
}

function areAll<T>(values: readonly unknown[], is: (value: unknown) => value is T): values is T[] {
  return values.every(is);
}

function placeOf(values: readonly unknown[], is: (value: unknown) => boolean): string {
  return `number ${String(values.findIndex((value) => !is(value)) + 1)}`;
}

function isRising(messages: readonly RecordedMessage[]): boolean {
  return messages.every(({ seq }, index) => index === 0 || (messages[index - 1]?.seq ?? 0) < seq);
}

function isCount(value: unknown): value is number {
  return typeof value === 'number' && Number.isFinite(value) && value >= 0;
}

function damaged(why: string): string {
  return `The file is damaged: ${why}.`;
}

function shortOf(value: unknown): string {
  return typeof value === 'number' || typeof value === 'string'
    ? String(value).slice(0, 20)
    : 'unknown';
}
