/** Checks answers to the questions of agents by the JSON Schema that the agent gave. */
import type { Answer } from './agent.js';
import type { GivenAnswer } from './run-record.js';
import Schema from 'typebox/schema';

/** Longest answer, in characters of JSON: the answer is stored in the run's record. */
export const ANSWER_CHARS_MAX = 4_096;

/** Returns whether an answer is too long. */
export function isTooLong(value: unknown): boolean {
  return JSON.stringify(value).length > ANSWER_CHARS_MAX;
}

/** Returns whether a value fits a question's schema. Without a schema any text fits; with an unusable one nothing. */
export function isAnswerOf(schema: object | null, value: unknown): boolean {
  if (isTooLong(value)) return false;
  if (schema === null) return typeof value === 'string';
  try {
    return Schema.Check(schema, value);
  } catch {
    return false;
  }
}

/** Returns an answer as the agent gets it. */
export function answerOf({ by, value }: GivenAnswer): Answer {
  return by === null ? { isAnswered: false } : { isAnswered: true, value, by };
}
