import { expect } from 'chai';
import { ADDRESS_MAX } from '../../../../../client/pages/chat/rich-text/address.js';
import { MARKS_DEEP } from '../../../../../client/pages/chat/rich-text/emphasis.js';
import { outline } from './outline.js';

/** Paragraphs, each with the outline of its content. */
const CASES: Record<string, readonly (readonly [text: string, outline: string])[]> = {
  'code in a line': [
    ['use `a **b**`', 'use code(a **b**)'],
    ['``a ` b``', 'code(a ` b)'],
    ['`` ` ``', 'code(`)'],
    ['`a\nb`', 'code(a b)'],
    ['`', '`'],
    ['`a``', '`a``'],
    ['`\\`', 'code(\\)']
  ],
  'marked words': [
    ['**a** *b* __c__ _d_ ~~e~~', 'strong(a) emphasis(b) strong(c) emphasis(d) deleted(e)'],
    ['***a***', 'emphasis(strong(a))'],
    ['**a *b* c**', 'strong(a emphasis(b) c)'],
    ['*a **b***', 'emphasis(a strong(b))'],
    ['*x**y**z*', 'emphasis(xstrong(y)z)'],
    ['**a*', '*emphasis(a)'],
    ['你好**世界**吧', '你好strong(世界)吧'],
    ['**bold**ly', 'strong(bold)ly'],
    ['**“a”**', 'strong(“a”)'],
    ['*a _b* c_', 'emphasis(a _b) c_'],
    ['**a\nb**', 'strong(a\nb)']
  ],
  'marks that mark nothing': [
    ['2 ** 3 ** 4', '2 ** 3 ** 4'],
    ['2*3*4', '2*3*4'],
    ['snake_case_name', 'snake_case_name'],
    ['a ****', 'a ****'],
    ['** a**', '** a**'],
    ['~a~', '~a~'],
    ['*', '*'],
    ['/* a */', '/* a */']
  ],
  'what a backslash takes the meaning from': [
    ['\\*a\\*', '*a*'],
    ['\\[a](https://b.c)', '[a](a<https://b.c/>(https://b.c))'],
    ['C:\\dir', 'C:\\dir'],
    ['\\', '\\']
  ],
  'links with text': [
    ['[a **b**](https://c.d/e)', 'a<https://c.d/e>(a strong(b) @c.d)'],
    ['[a](<https://c.d/e f>)', '[a](<a<https://c.d/e>(https://c.d/e) f>)'],
    ['[a](<https://c.d/e(>)', 'a<https://c.d/e(>(a @c.d)'],
    ['[a](https://c.d/(e))', 'a<https://c.d/(e)>(a @c.d)'],
    ['[a](https://c.d "title")', 'a<https://c.d/>(a @c.d)'],
    ["[a]( https://c.d 'title' )", 'a<https://c.d/>(a @c.d)'],
    ['[a [b](https://c.d)', '[a a<https://c.d/>(b @c.d)'],
    ['[a][b]', '[a][b]'],
    ['[a] (https://c.d)', '[a] (a<https://c.d/>(https://c.d))'],
    ['*[a](https://c.d)*', 'emphasis(a<https://c.d/>(a @c.d))'],
    ['[*a](https://c.d)*', 'a<https://c.d/>(*a @c.d)*'],
    ['[`]`](https://c.d)', 'a<https://c.d/>(code(]) @c.d)'],
    ['[a](mailto:b@c.d)', 'a<mailto:b@c.d>(a @b@c.d)'],
    ['![a](https://c.d/e.png)', 'a<https://c.d/e.png>(a @c.d)']
  ],
  'where a link leads': [
    ['[https://good.com](https://evil.com)', 'a<https://evil.com/>(https://good.com @evil.com)'],
    ['[c.d](https://c.d/e)', 'a<https://c.d/e>(c.d)'],
    ['[https://C.D/e](https://c.d/e)', 'a<https://c.d/e>(https://C.D/e)'],
    ['[c.d.evil.com](https://c.d)', 'a<https://c.d/>(c.d.evil.com @c.d)'],
    ['[](https://c.d/e)', 'a<https://c.d/e>(https://c.d/e)'],
    ['[ ](https://c.d/e)', 'a<https://c.d/e>(https://c.d/e)'],
    ['https://müller.de', 'a<https://xn--mller-kva.de/>(https://müller.de @xn--mller-kva.de)'],
    ['[a](https://c.d:8080)', 'a<https://c.d:8080/>(a @c.d:8080)']
  ],
  'addresses by themselves': [
    ['see https://a.b/c?d=1, or', 'see a<https://a.b/c?d=1>(https://a.b/c?d=1), or'],
    ['(http://x.test).', '(a<http://x.test/>(http://x.test)).'],
    ['https://a.b/c_(d)', 'a<https://a.b/c_(d)>(https://a.b/c_(d))'],
    ['https://a.b/c_d_e*f*', 'a<https://a.b/c_d_e*f>(https://a.b/c_d_e*f)*'],
    ['**https://a.b**', 'strong(a<https://a.b/>(https://a.b))'],
    ['<https://a.b>', 'a<https://a.b/>(https://a.b)'],
    ['<a@b.c>', 'a<mailto:a@b.c>(a@b.c)'],
    ['mailto:a@b.c', 'a<mailto:a@b.c>(mailto:a@b.c)'],
    ['HTTPS://a.b', 'a<https://a.b/>(HTTPS://a.b)'],
    ['https://', 'https://'],
    ['xhttps://a.b', 'xhttps://a.b']
  ],
  'what may not be linked': [
    ['[a](javascript:alert(1))', '[a](javascript:alert(1))'],
    ['[a](data:text/html,x)', '[a](data:text/html,x)'],
    ['[a](/path) [b](#c) [d](//e.f)', '[a](/path) [b](#c) [d](//e.f)'],
    ['[a](file:///etc/passwd)', '[a](file:///etc/passwd)'],
    ['<javascript:alert(1)>', '<javascript:alert(1)>'],
    ['[a](java\nscript:alert(1))', '[a](java\nscript:alert(1))'],
    ['[a](\u0001javascript:alert(1))', '[a](\u0001javascript:alert(1))'],
    ['https://bank.example@evil.example', 'https://bank.example@evil.example'],
    ['[a](https://b:c@d.e)', '[a](https://b:c@d.e)'],
    ['[a](https:b.c) [d](https:///e.f)', '[a](https:b.c) [d](https:///e.f)'],
    ['[a](https:\\\\b.c)', '[a](https:\\b.c)']
  ]
};

describe('parseInline', () => {
  for (const [kind, cases] of Object.entries(CASES)) {
    for (const [text, expected] of cases) {
      it(`knows ${kind} in ${JSON.stringify(text)}`, () => {
        expect(outline(text)).to.equal(`p(${expected})`);
      });
    }
  }

  it('links no address that is longer than any that is needed', () => {
    const longest = 'https://a.b/'.padEnd(ADDRESS_MAX, 'x');
    expect(outline(longest)).to.equal(`p(a<${longest}>(${longest}))`);
    expect(outline(`${longest}x`)).to.equal(`p(${longest}x)`);
    expect(outline(`[a](${longest}x)`))
      .to.include('p([a](')
      .and.not.include('a<');
  });

  it('nests marks so deep, and leaves deeper ones as text', () => {
    const more = 3;
    const all = MARKS_DEEP + more;
    const stars = '**'.repeat(all);
    expect(outline(`${stars}x${stars}`)).to.equal(
      `p(${'strong('.repeat(MARKS_DEEP)}${'**'.repeat(more)}x${'**'.repeat(more)}${')'.repeat(MARKS_DEEP)})`
    );
  });
});
