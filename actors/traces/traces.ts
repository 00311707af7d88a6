/** Spans of traces, as the parts of the server begin and end them. The parts that send them are in server/traces/. */

/** What a span is to the message: it sends one, gets one, or works inside of the server. */
export type SpanRole = 'producer' | 'consumer' | 'internal';

/** Facts of a span. Bodies of messages never belong here. */
export type SpanFacts = Readonly<Record<string, string | number | boolean>>;

/** How a span begins. */
export interface SpanStart {
  /** Few different ones: no ids. */
  readonly name: string;
  readonly role: SpanRole;
  /** `traceparent` of the span that caused this one; null or absent: it is the first of its trace. */
  readonly parent?: string | null;
  /** `traceparent` of recorded spans that this one belongs to although none is its parent. */
  readonly links?: readonly string[];
  readonly facts: SpanFacts;
}

/** A span that is recorded and has not ended. */
export interface OpenSpan {
  /** Names this span to whatever it causes. */
  readonly traceparent: string;
  /** Ends it; later calls do nothing. `fault` is the code of what went wrong. */
  end(fault?: string | null, facts?: SpanFacts): void;
}

/** Begins spans. */
export interface Traces {
  /**
   * Begins a span. Null when it is not recorded: its parent is not, or it is the first of a trace and was not drawn.
   * A span with links is always recorded.
   */
  begin(start: SpanStart): OpenSpan | null;
}
