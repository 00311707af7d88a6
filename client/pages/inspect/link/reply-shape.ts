/** Checks the replies of the inspector, so that a server of another version cannot break the page. */
import type {
  ConnectionRow,
  HelloMessage,
  InspectReplies,
  InspectRequestType,
  RecordingState,
  RowsPage,
  ThreadRow
} from '../../../../protocol/inspection.js';
import { isRecord } from '../../../sdk/json.js';
import { isName, isNames } from '../recording/message-shape.js';

type Readers = {
  readonly [T in InspectRequestType]: (result: unknown) => InspectReplies[T] | null;
};

const READERS: Readers = {
  'inspect.watch': (result) =>
    isRecord(result) && isNumber(result['watched']) ? { watched: result['watched'] } : null,
  'inspect.threads': (result) => pageOf(result, isThreadRow),
  'inspect.connections': (result) => pageOf(result, isConnectionRow),
  'inspect.record': (result) =>
    isRecord(result) && isRecordingState(result['recording'])
      ? { recording: result['recording'] }
      : null,
  'inspect.send': (result) => (isRecord(result) && result['sent'] === true ? { sent: true } : null)
};

/** Returns the function that reads the reply to a request. It returns null when the reply has the wrong shape. */
export function replyReader<T extends InspectRequestType>(
  type: T
): (result: unknown) => InspectReplies[T] | null {
  return READERS[type];
}

/** Whether a value is the first message that a server sends. */
export function isHello(value: unknown): value is HelloMessage {
  return (
    isRecord(value) &&
    value['type'] === 'inspect.hello' &&
    ['version', 'node', 'environment'].every((name) => isName(value[name])) &&
    ['maySend', 'showsBodies'].every((name) => typeof value[name] === 'boolean') &&
    isNumber(value['seq']) &&
    isRecordingState(value['recording'])
  );
}

/** Whether a value is the state of a recording. */
export function isRecordingState(value: unknown): value is RecordingState {
  return (
    isRecord(value) &&
    typeof value['isOn'] === 'boolean' &&
    ['messages', 'messagesMax', 'dropped'].every((name) => isNumber(value[name]))
  );
}

const STATES: readonly unknown[] = [
  'idle',
  'delivering',
  'waiting',
  'flushing',
  'undelivered',
  'passive'
];

function isThreadRow(value: unknown): value is ThreadRow {
  return (
    isRecord(value) &&
    isName(value['thread']) &&
    STATES.includes(value['state']) &&
    typeof value['isTest'] === 'boolean' &&
    ['subscribers', 'held', 'offset'].every((name) => isNumber(value[name])) &&
    (value['sessionId'] === null || isName(value['sessionId']))
  );
}

function isConnectionRow(value: unknown): value is ConnectionRow {
  return (
    isRecord(value) &&
    isName(value['connection']) &&
    isName(value['address']) &&
    (value['user'] === null || isName(value['user'])) &&
    (value['laggingSince'] === null || isNumber(value['laggingSince'])) &&
    ['openedAt', 'bufferedBytes', 'subscriptions'].every((name) => isNumber(value[name])) &&
    typeof value['isLeaving'] === 'boolean' &&
    isNames(value['threads'])
  );
}

function pageOf<Row>(result: unknown, isRow: (row: unknown) => row is Row): RowsPage<Row> | null {
  if (!isRecord(result)) return null;
  const { rows, total, next } = result;
  if (!Array.isArray(rows) || !isNumber(total) || (next !== null && !isName(next))) return null;
  return { rows: rows.filter(isRow), total, next };
}

function isNumber(value: unknown): value is number {
  return typeof value === 'number' && Number.isFinite(value);
}
