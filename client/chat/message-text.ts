import type { MessageFrame } from '../client.js';

/** A piece of a message's text: plain, or an address to go to. */
export interface TextPiece {
  readonly text: string;
  /** An `http` or `https` address; null for plain text. */
  readonly href: string | null;
}

const ADDRESS = /https?:\/\/[^\s<>"'`]+/g;

/** Splits text into plain pieces and web addresses; sentence marks behind an address are no part of it. */
export function textPieces(text: string): TextPiece[] {
  const pieces: TextPiece[] = [];
  let done = 0;
  for (const match of text.matchAll(ADDRESS)) {
    const address = match[0].replace(/[.,;:!?)\]}]+$/, '');
    if (!URL.canParse(address)) continue;
    if (match.index > done) pieces.push({ text: text.slice(done, match.index), href: null });
    pieces.push({ text: address, href: address });
    done = match.index + address.length;
  }
  if (done < text.length) pieces.push({ text: text.slice(done), href: null });
  return pieces;
}

/** Answers the text of a message's body: `body.text`, a bare string, else its JSON. */
export function messageText(message: Pick<MessageFrame, 'body'>): {
  readonly text: string;
  readonly json: boolean;
} {
  const { body } = message;
  if (typeof body === 'string') return { text: body, json: false };
  if (
    typeof body === 'object' &&
    body !== null &&
    'text' in body &&
    typeof body.text === 'string'
  ) {
    return { text: body.text, json: false };
  }
  return { text: JSON.stringify(body, null, 2), json: true };
}
