/** Bytes that are sent to both engines, and what has to come back. */
import type { ENGINE_DIFFERENCES, Outcome } from '../../../../scripts/docs/engine-differences.js';

/** A case: the bytes that are sent, and the outcome on both engines, or the row of the table of differences. */
export interface EngineCase {
  readonly what: string;
  readonly bytes: string;
  readonly right: Outcome | { readonly differs: keyof typeof ENGINE_DIFFERENCES };
}

const HOST = 'Host: x\r\n';
const NEXT = `GET /smuggled HTTP/1.1\r\n${HOST}\r\n`;
const TE = 'Transfer-Encoding: ';
const CHUNKS = '2\r\n{}\r\n0\r\n\r\n';

const get = (target: string, more = '', version = '1.1'): string =>
  `GET ${target} HTTP/${version}\r\n${HOST}${more}\r\n`;
const method = (name: string, more = ''): string => get('/a', more).replace('GET', name);
const post = (headers: string, body = ''): string =>
  `POST /body HTTP/1.1\r\n${HOST}${headers}\r\n${body}`;
const both = (right: Outcome, cases: Readonly<Record<string, string>>): EngineCase[] =>
  Object.entries(cases).map(([what, bytes]) => ({ what, bytes, right }));
const differing = (
  differs: keyof typeof ENGINE_DIFFERENCES,
  cases: Readonly<Record<string, string>>
): EngineCase[] =>
  Object.entries(cases).map(([what, bytes]) => ({ what, bytes, right: { differs } }));

/** Returns the request of an upgrade. `own` replaces headers, or leaves them out with null. */
export function upgradeWith(
  own: Readonly<Record<string, string | null>> = {},
  first = 'GET /ws?c HTTP/1.1'
): string {
  const headers = {
    Host: 'x',
    Upgrade: 'websocket',
    Connection: 'Upgrade',
    'Sec-WebSocket-Version': '13',
    'Sec-WebSocket-Key': 'dGhlIHNhbXBsZSBub25jZQ==',
    ...own
  };
  const lines = Object.entries(headers).flatMap(([name, value]) =>
    value === null ? [] : [`${name}: ${value}\r\n`]
  );
  return `${first}\r\n${lines.join('')}\r\n`;
}

/** Requests. The handler answers 200: /later after a turn, /body after the body. /204 and /304 get that status. */
export const REQUESTS: readonly EngineCase[] = [
  ...both('200 stays', {
    GET: get('/a'),
    HEAD: method('HEAD'),
    'HEAD of what is answered later': get('/later').replace('GET', 'HEAD'),
    'HEAD of a stream': get('/stream').replace('GET', 'HEAD'),
    PROPFIND: method('PROPFIND'),
    'a path with two slashes': get('//a'),
    'a path with dots': get('/../a'),
    'a second question mark': get('/a?b?c'),
    'an empty Host': get('/a').replace('Host: x', 'Host:'),
    'a header in Latin-1': get('/a', 'X-A: \xe9\r\n'),
    '98 headers': get('/a', Array.from({ length: 97 }, (_, n) => `X-${String(n)}: a\r\n`).join('')),
    'a body': post('Content-Length: 2\r\n', '{}'),
    'a length with a zero before it': post('Content-Length: 02\r\n', '{}'),
    'a length behind a tab': post('Content-Length:\t2\r\n', '{}'),
    'GET with a body': get('/body', 'Content-Length: 2\r\n') + '{}',
    'GET with a body that looks like a request':
      get('/a', `Content-Length: ${String(NEXT.length)}\r\n`) + NEXT,
    'Upgrade without Connection': get('/a', 'Upgrade: websocket\r\n')
  }),
  ...both('200 closed', {
    'GET with Connection: close': get('/a', 'Connection: close\r\n'),
    'GET with Connection: Close': get('/a', 'Connection: Close\r\n'),
    'GET with close among others': get('/a', 'Connection: x, Close\r\n'),
    'GET with close in a second Connection': get('/a', 'Connection: x\r\nConnection: close\r\n'),
    'HEAD with Connection: close': method('HEAD', 'Connection: close\r\n'),
    'HEAD with close among others': method('HEAD', 'Connection: x, close\r\n'),
    'a later answer with Connection: close': get('/later', 'Connection: close\r\n'),
    'POST without a length': post(''),
    'a body in chunks': post(`${TE}chunked\r\n`, CHUNKS),
    'a body in Chunks': post(`${TE}Chunked\r\n`, CHUNKS),
    'an upgrade elsewhere': upgradeWith({}, 'GET /a HTTP/1.1'),
    'an upgrade to HTTP/2': get('/a', 'Upgrade: h2c\r\nConnection: Upgrade, HTTP2-Settings\r\n'),
    'an upgrade by POST': upgradeWith({}, 'POST /ws?c HTTP/1.1'),
    'an upgrade with a short key': upgradeWith({ 'Sec-WebSocket-Key': 'abc' }),
    'an upgrade without a key': upgradeWith({ 'Sec-WebSocket-Key': null }),
    'an upgrade with a key that is not base64': upgradeWith({
      'Sec-WebSocket-Key': '!!!!!!!!!!!!!!!!!!!!!!=='
    }),
    'an upgrade to something else': upgradeWith({ Upgrade: 'h2c' }),
    'an upgrade to one of two': upgradeWith({ Upgrade: 'websocket, h2c' })
  }),
  ...both('204 stays', { 'no content': get('/204') }),
  ...both('204 closed', {
    'no content with Connection: close': get('/204', 'Connection: close\r\n')
  }),
  ...both('304 stays', { 'not modified': get('/304') }),
  ...both('304 closed', {
    'not modified with Connection: close': get('/304', 'Connection: close\r\n')
  }),
  ...both('100 200 stays', {
    'Expect: 100-continue': post('Content-Length: 2\r\nExpect: 100-continue\r\n', '{}')
  }),
  ...both('417 closed', {
    'another Expect': post('Content-Length: 2\r\nExpect: 200-ok\r\n', '{}')
  }),
  ...both('200 200 stays', { 'two requests that are answered at once': get('/a') + get('/b') }),
  ...both('505 closed', { 'HTTP/2.0': get('/a', '', '2.0') }),
  ...both('431 closed', {
    'a head of 20,000 bytes': get('/a', `X-A: ${'a'.repeat(20_000)}\r\n`),
    'a path of 20,000 bytes': get(`/${'a'.repeat(20_000)}`),
    '99 headers': get('/a', Array.from({ length: 98 }, (_, n) => `X-${String(n)}: a\r\n`).join('')),
    '120 headers': get(
      '/a',
      Array.from({ length: 120 }, (_, n) => `X-${String(n)}: a\r\n`).join('')
    )
  }),
  ...both('400 closed', {
    'two Hosts': get('/a', 'Host: y\r\n'),
    'a fragment': get('/a#b'),
    'a path beyond ASCII': get('/\xc3\xa9'),
    'a method in lower case': method('get'),
    'an unknown method': method('FOO'),
    'one length twice': post('Content-Length: 2\r\nContent-Length: 2\r\n', '{}'),
    'two lengths, the first longer': post(
      'Content-Length: 200\r\nContent-Length: 2\r\n',
      `{}${NEXT}`
    ),
    'a list of lengths': post('Content-Length: 2, 2\r\n', '{}'),
    'a length with a sign': post('Content-Length: +2\r\n', '{}'),
    'a negative length': post('Content-Length: -2\r\n', '{}'),
    'a length in hex': post('Content-Length: 0x2\r\n', '{}'),
    'no length behind the colon': post('Content-Length:\r\n'),
    'a length beyond numbers': post('Content-Length: 99999999999999999999999\r\n', '{}'),
    'a length with a space': post('Content-Length: 2 0\r\n', '{}'),
    'no coding behind the colon': post(`${TE}\r\n`),
    'chunks in gzip': post(`${TE}gzip, chunked\r\n`, CHUNKS),
    'chunks and then gzip': post(`${TE}chunked, gzip\r\n`, CHUNKS),
    'chunks twice': post(`${TE}chunked, chunked\r\n`, CHUNKS),
    'chunks in two headers': post(`${TE}chunked\r\n${TE}chunked\r\n`, CHUNKS),
    'another coding in a second header': post(`${TE}chunked\r\n${TE}gzip\r\n`, CHUNKS),
    identity: post(`${TE}identity\r\n`, NEXT),
    'an unknown coding alone': post(`${TE}xchunked\r\n`),
    'a length and chunks': post(`Content-Length: 2\r\n${TE}chunked\r\n`, CHUNKS),
    'chunks and a length': post(`${TE}chunked\r\nContent-Length: 2\r\n`, CHUNKS),
    'GET in chunks': get('/body', `${TE}chunked\r\n`) + CHUNKS,
    'a chunk without a size': post(`${TE}chunked\r\n`, `zz${CHUNKS}`),
    'a chunk with 0x': post(`${TE}chunked\r\n`, `0x${CHUNKS}`),
    'a negative chunk': post(`${TE}chunked\r\n`, `-${CHUNKS}`),
    'a chunk beyond numbers': post(`${TE}chunked\r\n`, `fffffffffffffffff\r\n${CHUNKS}`),
    'an upgrade without Host': upgradeWith({ Host: null }),
    'an upgrade with a body': upgradeWith({ 'Content-Length': '2' }) + '{}',
    'an upgrade with an empty protocol': upgradeWith({ 'Sec-WebSocket-Protocol': 'a,,b' }),
    'an upgrade with a protocol twice': upgradeWith({ 'Sec-WebSocket-Protocol': 'a, a' })
  }),
  ...both('403 closed', { 'an upgrade that is refused': upgradeWith({}, 'GET /ws?no HTTP/1.1') }),
  ...both('426 closed', {
    'an upgrade without a version': upgradeWith({ 'Sec-WebSocket-Version': null }),
    'an upgrade of version 8': upgradeWith({ 'Sec-WebSocket-Version': '8' }),
    'an upgrade of version 99': upgradeWith({ 'Sec-WebSocket-Version': '99' }),
    'an upgrade of two versions': upgradeWith({ 'Sec-WebSocket-Version': '13, 8' })
  }),
  ...differing('http10', {
    'HTTP/1.0': 'GET /a HTTP/1.0\r\n\r\n',
    'HTTP/1.0 with a body': 'POST /body HTTP/1.0\r\nContent-Length: 2\r\n\r\n{}',
    'a stream of HTTP/1.0': get('/stream', '', '1.0'),
    'an upgrade of HTTP/1.0': upgradeWith({}, 'GET /ws?c HTTP/1.0')
  }),
  ...differing('http10Kept', {
    'HTTP/1.0 with keep-alive': get('/a', 'Connection: keep-alive\r\n', '1.0')
  }),
  ...differing('notHttp', {
    'an absolute target': get('http://x/a'),
    'an absolute target of https': get('https://x:1/a?b'),
    'an absolute target without a path': get('http://x'),
    'an absolute target of an upgrade': upgradeWith({}, 'GET http://x/ws?c HTTP/1.1'),
    'OPTIONS *': get('*').replace('GET', 'OPTIONS'),
    CONNECT: get('x:80').replace('GET', 'CONNECT'),
    'a target without a slash': get('a'),
    'a control character in the path': get('/a\x01'),
    'a space in the path': get('/a b'),
    'HTTP/1.2': get('/a', '', '1.2'),
    'the preface of HTTP/2': 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n',
    'a hello of TLS': '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03',
    'lines without CR': 'GET /a HTTP/1.1\nHost: x\n\n',
    'chunks of HTTP/1.0': post(`${TE}chunked\r\n`, CHUNKS).replace('1.1', '1.0')
  }),
  ...differing('http09', { 'no version': 'GET /a\r\n\r\n' }),
  ...differing('emptyLine', { 'an empty line before it': `\r\n${get('/a')}` }),
  ...differing('brokenHead', {
    'no Host': 'GET /a HTTP/1.1\r\n\r\n',
    'a folded line': get('/a', 'X-A: 1\r\n 2\r\n'),
    'a line without a colon': get('/a', 'foo\r\n'),
    'NUL in a header': get('/a', 'X-A: a\0b\r\n'),
    'a control character in a header': get('/a', 'X-A: a\x01b\r\n'),
    'CR in a header': get('/a', 'X-A: a\rb\r\n'),
    'LF in a header': get('/a', 'X-A: a\nContent-Length: 3\r\n'),
    'a bracket in a name': get('/a', 'X(A: a\r\n'),
    'a space behind a name': post('Content-Length : 2\r\n', '{}'),
    'a space behind Transfer-Encoding': post('Transfer-Encoding : chunked\r\n', CHUNKS),
    'a folded coding': post('Transfer-Encoding:\r\n chunked\r\n', CHUNKS),
    'a vertical tab before the coding': post(`${TE}\x0bchunked\r\n`, CHUNKS)
  }),
  ...differing('hiddenHeaders', { 'a header without a name': get('/a', ': b\r\n') }),
  ...differing('pipelined', {
    'two requests that are answered later': get('/later') + get('/later')
  }),
  ...differing('refusedAndMore', {
    'two lengths and more': post('Content-Length: 2\r\nContent-Length: 200\r\n', `{}${NEXT}`),
    'an unknown coding and more': post(`${TE}xchunked\r\n`, `0\r\n\r\n${NEXT}`),
    'a length behind a header without a name, and more': post(
      `: b\r\nContent-Length: ${String(NEXT.length)}\r\n`,
      NEXT
    ),
    'gzip and more': post(`${TE}gzip\r\n`, `0\r\n\r\n${NEXT}`)
  }),
  ...differing('looseChunks', {
    'chunks without CR': post(`${TE}chunked\r\n`, '2\n{}\n0\n\n'),
    'a chunk longer than it says': post(`${TE}chunked\r\n`, '2\r\n{}xx0\r\n\r\n')
  }),
  ...differing('chunkExtension', {
    'an extension of a chunk': post(`${TE}chunked\r\n`, '2;a=b\r\n{}\r\n0\r\n\r\n')
  }),
  ...differing('trailers', {
    trailers: post(`${TE}chunked\r\n`, '2\r\n{}\r\n0\r\nX-T: 1\r\n\r\n')
  })
];

const frame = (hex: string): string => Buffer.from(hex, 'hex').toString('latin1');
const text = (length: number): string => '61'.repeat(length);

/** Frames on an open WebSocket that takes messages of up to 1,024 bytes. */
export const FRAMES: readonly EngineCase[] = [
  ...both('none stays', {
    'a text': frame('8182000000006869'),
    'an empty text': frame('818000000000'),
    'a binary message': frame('8282000000006869'),
    'a length in more bytes than it needs': frame('81fe0002000000006869'),
    'a length in far more bytes than it needs': frame('81ff0000000000000002000000006869'),
    'a character in two fragments': frame('018100000000c3808100000000a9'),
    'a pong that nobody asked for': frame('8a810000000061')
  }),
  ...both('1005 closed', { 'a close frame without a code': frame('888000000000') }),
  ...both('1000 closed', { 'a close frame': frame('88820000000003e8') }),
  ...both('1009 closed', {
    'a message over the limit': frame(`81fe044c00000000${text(1_100)}`),
    'fragments over the limit': frame(`01fe025800000000${text(600)}80fe025800000000${text(600)}`)
  }),
  ...differing('unmasked', {
    'a frame without a mask': frame('810268698182000000006869818200000000686981820000')
  }),
  ...differing('brokenFrame', {
    'the first reserved bit': frame('c182000000006869'),
    'the second reserved bit': frame('a182000000006869'),
    'opcode 3': frame('838000000000'),
    'opcode 11': frame('8b8000000000'),
    'a continuation of nothing': frame('808000000000'),
    'a text within a text': frame('0181000000006181810000000061'),
    'a ping in fragments': frame('098000000000'),
    'a ping of 126 bytes': frame(`89fe007e00000000${text(126)}`)
  }),
  ...differing('notUtf8', {
    'bytes that are not UTF-8': frame('818100000000ff'),
    'half of a surrogate pair': frame('818300000000eda080')
  }),
  ...differing('manyFragments', {
    '131,073 fragments': frame('018000000000') + frame('008000000000').repeat(131_073)
  }),
  ...differing('badReason', { 'a reason that is not UTF-8': frame('88830000000003e8ff') }),
  ...differing('hugeFrame', {
    'a length beyond numbers': frame('81ff800000000000000000000000'),
    'a length of 983,040': frame('81ff00000000000f000000000000')
  }),
  ...differing('badClose', {
    'a close frame of one byte': frame('88810000000003'),
    'close code 999': frame('88820000000003e7'),
    'close code 1004': frame('88820000000003ec'),
    'close code 1005': frame('88820000000003ed'),
    'close code 5000': frame('8882000000001388')
  }),
  ...differing('echoedClose', {
    'close code 1012': frame('88820000000003f4'),
    'close code 3000': frame('8882000000000bb8')
  })
];
