import { expect } from 'chai';
import { expiryOf, KEYS_MAX, readKeyFile } from '../../../server/access/key-file.js';
import { SCOPES } from '../../../server/access/scopes.js';

const HASH = 'a'.repeat(64);
const GOOD = { name: 'shop', sha256: HASH, scopes: ['publish'] };

function faultsOf(text: string): readonly string[] {
  const read = readKeyFile(text);
  return read.ok ? [] : read.faults;
}

const ofKeys = (...keys: readonly unknown[]): readonly string[] =>
  faultsOf(JSON.stringify({ keys }));

/** Entries, and the fault that is reported for each; null for a valid one. */
const ENTRIES: readonly [what: string, entry: unknown, fault: RegExp | null][] = [
  ['the least', GOOD, null],
  ['every scope', { ...GOOD, scopes: SCOPES }, null],
  ['threads and an end', { ...GOOD, threads: { 'o:*': ['write'] }, expiresAt: '2027-01-31' }, null],
  ['an end that has passed', { ...GOOD, expiresAt: '2020-01-01T00:00:00+01:00' }, null],
  ['no object', 'shop', /^key 1: it is no object$/],
  ['no name', { ...GOOD, name: undefined }, /^key 1: name has 1 to 64 characters/],
  ['a name with a line feed', { ...GOOD, name: 'a\nb' }, /^key 1: name has/],
  ['no hash', { ...GOOD, sha256: undefined }, /^key 1 "shop": sha256 is/],
  ['the key in place of its hash', { ...GOOD, sha256: 'a-secret' }, /^key 1 "shop": sha256 is/],
  ['no scopes', { ...GOOD, scopes: [] }, /^key 1 "shop": scopes is a list of publish/],
  [
    'a scope that there is not',
    { ...GOOD, scopes: ['wirte'] },
    /scopes has something that is none/
  ],
  ['threads that are no object', { ...GOOD, threads: [] }, /threads must be an object of patterns/],
  ['a user in threads', { ...GOOD, threads: { 'dm:{sub}': ['read'] } }, /a key has no user/],
  [
    'threads and a scope of all threads',
    { ...GOOD, threads: {}, scopes: ['reports'] },
    /reports are about every thread/
  ],
  ['an end without a zone', { ...GOOD, expiresAt: '2027-01-31T12:00:00' }, /expiresAt is a date/],
  ['an end on no day', { ...GOOD, expiresAt: '2027-02-30' }, /expiresAt is a date/],
  ['a misspelt field', { ...GOOD, expires: '2027-01-31' }, /there is no field "expires"/]
];

describe('readKeyFile', () => {
  for (const [what, entry, fault] of ENTRIES) {
    it(`${fault === null ? 'takes' : 'refuses'} an entry with ${what}`, () => {
      const faults = ofKeys(entry);
      if (fault === null) expect(faults).to.eql([]);
      else expect(faults).to.have.length(1).and.have.property('0').that.matches(fault);
      expect(faults.join()).to.not.include('a-secret').and.not.include('wirte');
    });
  }

  it('says everything that is wrong at once, with the number of each key', () => {
    const faults = ofKeys(GOOD, { name: 'b', scopes: ['x'] });
    expect(faults.map((fault) => fault.slice(0, 20))).to.eql([
      'key 2 "b": sha256 is',
      'key 2 "b": scopes ha'
    ]);
  });

  it('refuses two keys of one name, and one key of two names', () => {
    const other = 'b'.repeat(64);
    expect(ofKeys(GOOD, { ...GOOD, sha256: other })).to.eql(['two keys have the name "shop"']);
    expect(ofKeys(GOOD, { ...GOOD, name: 'b' })).to.eql(['"shop" and "b" are the same key']);
  });

  it('takes so many keys and no more', () => {
    const keys = Array.from({ length: KEYS_MAX }, (_, index) => ({
      ...GOOD,
      name: `k${String(index)}`,
      sha256: index.toString(16).padStart(64, '0')
    }));
    expect(ofKeys(...keys)).to.eql([]);
    expect(ofKeys(...keys, GOOD)).to.eql([`it has more than ${String(KEYS_MAX)} keys`]);
  });

  const broken: readonly [string, string, number][] = [
    ['an empty file', '', 1],
    ['a file that ends too early', '{"keys":[\n{"name":"a"},\n', 3],
    ['a comma too many', '{"keys":[\n{"name":"a",}\n]}', 2],
    ['a word without quotes', '{\n"keys":[\n{"name":shop}]}', 3],
    ['a text over two lines', '{"keys":[{"name":"a\nb"}]}', 2],
    ['something behind the end', '{"keys":[]}\n\n}', 3]
  ];
  for (const [what, text, line] of broken) {
    it(`names the line of ${what}`, () => {
      expect(faultsOf(text)).to.eql([`line ${String(line)}: it is not JSON`]);
    });
  }

  it('refuses what is no list of keys', () => {
    for (const text of ['[]', 'null', '{}', '{"keys":{}}']) {
      expect(faultsOf(text)).to.eql(['it is no {"keys":[…]}']);
    }
    expect(faultsOf('{"keys":[],"key":1}')[0]).to.match(/there is no field "key"/);
  });
});

describe('expiryOf', () => {
  it('takes a date for its beginning in UTC', () => {
    expect(expiryOf('2027-01-31')).to.equal(Date.UTC(2027, 0, 31));
    expect(expiryOf('2027-01-31T12:00+02:00')).to.equal(Date.UTC(2027, 0, 31, 10));
  });
});
