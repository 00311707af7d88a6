import { expect } from 'chai';
import { userNameFault } from '../../protocol/user-name.js';

const LENGTH = /1 to 128 characters/;
const UNSEEN = /control characters/;
const OWN = /names of the server's own/;

/** Names, and what is wrong with each; null when a user may have it. */
const NAMES: readonly [what: string, name: string, fault: RegExp | null][] = [
  ['a name', 'ada', null],
  ['a name with a space', 'Ada Lovelace', null],
  ['an e-mail address', 'ada@example.org', null],
  ['a name of another script', 'אדה', null],
  ['an emoji that is joined', '👩‍💻', null],
  ['as many characters as may be', '🧵'.repeat(128), null],
  ['one more', 'a'.repeat(129), LENGTH],
  ['nothing', '', LENGTH],
  ['a NUL', 'ada\0', UNSEEN],
  ['a line feed', 'ada\nroot', UNSEEN],
  ['an escape', 'ada\u001b[2J', UNSEEN],
  ['a delete', 'ada\u007f', UNSEEN],
  ['a control character of Latin-1', 'ada\u0085', UNSEEN],
  ['a line separator', 'ada\u2028', UNSEEN],
  ['a mark of direction', 'ada\u200f', UNSEEN],
  ['an Arabic mark of direction', 'ada\u061c', UNSEEN],
  ['an override of direction', 'ada\u202egnp', UNSEEN],
  ['an isolate of direction', '\u2066ada\u2069', UNSEEN],
  ['the first half of a character', 'ada\ud83e', UNSEEN],
  ['the second half of a character', '\uddf5ada', UNSEEN],
  ['the server', 'system', OWN],
  ['an agent', 'agent:writer', OWN],
  ['an agent without a name', 'agent:', OWN],
  ['a name that has that of the server', 'systems', null],
  ['a name that has that of agents', 'agent', null]
];

describe('userNameFault', () => {
  for (const [what, name, fault] of NAMES) {
    it(`${fault === null ? 'allows' : 'refuses'} ${what}`, () => {
      if (fault === null) expect(userNameFault(name)).to.equal(null);
      else expect(userNameFault(name)).to.match(fault);
    });
  }
});
