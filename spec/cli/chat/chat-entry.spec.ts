import { expect } from 'chai';
import {
  CHAT_COMMANDS,
  completeEntry,
  readEntry,
  type ChatEntry
} from '../../../cli/chat/chat-entry.js';

describe('readEntry', () => {
  const read: [string, ChatEntry][] = [
    ['hello ', { type: 'message', text: 'hello' }],
    ['  indented', { type: 'message', text: '  indented' }],
    ['one\ntwo', { type: 'message', text: 'one\ntwo' }],
    ['//etc/hosts', { type: 'message', text: '/etc/hosts' }],
    ['/etc/hosts\nhas lines', { type: 'message', text: '/etc/hosts\nhas lines' }],
    ['', { type: 'nothing' }],
    [' \n ', { type: 'nothing' }],
    ['/help', { type: 'help' }],
    ['/who', { type: 'who' }],
    ['/quit', { type: 'quit' }],
    ['/members', { type: 'members' }],
    ['/member bob reader', { type: 'member', user: 'bob', role: 'reader' }],
    ['/member Bob  B. none', { type: 'member', user: 'Bob B.', role: 'none' }],
    ['/history', { type: 'history', count: 20 }],
    ['/history 500', { type: 'history', count: 500 }],
    ['/thread', { type: 'thread', thread: null }],
    ['/stop', { type: 'stop' }],
    ['/again', { type: 'again' }],
    ['/queue', { type: 'queue' }],
    ['/answer', { type: 'answer', text: null }],
    ['/answer  two,  please ', { type: 'answer', text: 'two,  please' }],
    ['/answer {\n"a": 1}', { type: 'answer', text: '{\n"a": 1}' }],
    ['/withdraw', { type: 'withdraw', number: null }],
    ['/withdraw 2', { type: 'withdraw', number: 2 }],
    ['/agent', { type: 'agent', name: null }],
    ['/agent none', { type: 'agent', name: 'none' }],
    ['/thread  t42 ', { type: 'thread', thread: 't42' }]
  ];
  for (const [entered, entry] of read) {
    it(`reads ${JSON.stringify(entered)} as ${entry.type}`, () => {
      expect(readEntry(entered)).to.deep.equal(entry);
    });
  }

  const faults: [string, string][] = [
    ['/hlep', 'no command /hlep; did you mean /help?'],
    ['/etc/hosts', 'no command /etc/hosts'],
    ['/', 'no command /'],
    ['/withdraw all', 'a number of /queue'],
    ['/agent a b', 'takes one name'],
    ['/member', 'a name and member, reader or none'],
    ['/member bob', 'a name and member, reader or none'],
    ['/member reader', 'a name and member, reader or none'],
    ['/member bob owner', 'a name and member, reader or none'],
    ['/history 0', 'a number from 1 to 500'],
    ['/history 501', 'a number from 1 to 500'],
    ['/history all', 'a number from 1 to 500'],
    ['/history 1 2', 'a number from 1 to 500'],
    ['/thread no/thread', 'takes one id'],
    ['/thread a b', 'takes one id']
  ];
  for (const [entered, words] of faults) {
    it(`says what is wrong with ${entered}`, () => {
      const entry = readEntry(entered);
      expect(entry.type).to.equal('fault');
      expect(entry.type === 'fault' ? entry.words : '').to.include(words);
    });
  }

  it('knows every command that is documented', () => {
    for (const usage of Object.keys(CHAT_COMMANDS)) {
      const entry = readEntry(
        usage.replace('[n]', '5').replace('<id>', 't1').replace('<user> <role>', 'bob reader')
      );
      expect(entry.type, usage).to.not.be.oneOf(['fault', 'message']);
    }
  });
});

describe('completeEntry', () => {
  it('answers the commands that begin so', () => {
    expect(completeEntry('/h')).to.deep.equal(['/help', '/history']);
    expect(completeEntry('h')).to.deep.equal([]);
  });
});
