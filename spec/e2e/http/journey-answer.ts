/** Reads the answers of `GET /api/messages/{mid}/journey` for specs. */
import { get, isRecord, type Answer } from './http-answer.js';
import { until } from '../servers/until.js';

/** One step, with all its fields. */
export interface StepBody {
  readonly step: string;
  readonly at: number | null;
  readonly afterMs: number | null;
  readonly source: string;
  readonly [field: string]: unknown;
}

/** One journey. */
export interface JourneyBody {
  readonly thread: string;
  readonly epoch: string;
  readonly offset: number;
  readonly from: { readonly user: string };
  readonly kind: string;
  readonly at: number;
  readonly sizeBytes: number;
  readonly status: string;
  readonly steps: readonly StepBody[];
  readonly complete: boolean;
  readonly notes: readonly string[];
}

function isJourney(value: unknown): value is JourneyBody {
  return isRecord(value) && Array.isArray(value['steps']) && Array.isArray(value['notes']);
}

/** Asks for a journey, and returns any answer. */
export function askJourney(url: string, mid: string, query = ''): Promise<Answer> {
  return get(`${url}/api/messages/${encodeURIComponent(mid)}/journey${query}`);
}

/** Returns the journeys of a mid. @throws when there are none */
export async function journeysOf(url: string, mid: string, query = ''): Promise<JourneyBody[]> {
  const { status, body } = await askJourney(url, mid, query);
  const { journeys } = body;
  if (status !== 200 || !Array.isArray(journeys)) throw new Error(JSON.stringify(body));
  return journeys.filter(isJourney);
}

/** Asks for the only journey of a mid until it fits. @throws with the last one after a while */
export async function untilJourney(
  url: string,
  mid: string,
  fits: (journey: JourneyBody) => boolean
): Promise<JourneyBody> {
  const [journey] = await until(
    () => journeysOf(url, mid),
    ([one]) => one !== undefined && fits(one)
  );
  if (journey === undefined) throw new Error('there is no journey');
  return journey;
}

/** Returns the names of the steps, in order. */
export function names({ steps }: JourneyBody): string[] {
  return steps.map(({ step }) => step);
}

/** Returns the first step with a name. @throws when there is none */
export function stepOf(journey: JourneyBody, name: string): StepBody {
  const found = journey.steps.find(({ step }) => step === name);
  if (found === undefined) throw new Error(`no step ${name} in ${JSON.stringify(journey)}`);
  return found;
}
