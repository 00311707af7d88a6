import { expect } from 'chai';
import { codingFor, type Coding } from '../../../server/http/accept-encoding.js';

describe('codingFor', () => {
  const rows: readonly [header: string | undefined, coding: Coding | null][] = [
    [undefined, null],
    ['', null],
    ['gzip', 'gzip'],
    ['br', 'br'],
    ['gzip, deflate, br, zstd', 'br'],
    ['GZIP', 'gzip'],
    ['x-gzip', 'gzip'],
    ['deflate, zstd', null],
    ['gzip;q=1.0, br;q=0.5', 'gzip'],
    ['gzip;q=0.5, br;q=0.5', 'br'],
    ['gzip ; q=0.001', 'gzip'],
    ['gzip;q=0', null],
    ['br;q=0, gzip', 'gzip'],
    ['br;q=0.000', null],
    ['*', 'br'],
    ['*;q=0.1', 'br'],
    ['*, br;q=0', 'gzip'],
    ['gzip, *;q=0', 'gzip'],
    ['*;q=0', null],
    ['identity', null],
    ['identity, gzip', 'gzip'],
    ['identity;q=1, gzip;q=0.5', null],
    ['identity;q=0.5, gzip;q=1', 'gzip'],
    ['identity;q=0, gzip', 'gzip'],
    ['identity;q=0', null],
    ['gzip;q=2', null],
    ['gzip;q=0.1234, br;q=x', null],
    [',,gzip,', 'gzip'],
    ['gzip;level=9', null]
  ];
  for (const [header, coding] of rows) {
    it(`gives ${coding ?? 'the file as it is'} for ${JSON.stringify(header)}`, () => {
      expect(codingFor(header, ['br', 'gzip'])).to.equal(coding);
    });
  }

  it('gives only what there is', () => {
    expect(codingFor('br, gzip;q=0.1', ['gzip'])).to.equal('gzip');
    expect(codingFor('br, gzip', [])).to.equal(null);
  });
});
