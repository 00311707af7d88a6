import { expect } from 'chai';
import { BLOCKS_DEEP } from '../../../../../client/pages/chat/rich-text/blocks.js';
import { outline } from './outline.js';

/** Texts, each with the outline of its blocks. */
const CASES: Record<string, readonly (readonly [text: string, outline: string])[]> = {
  paragraphs: [
    ['one\ntwo\n\n\nthree', 'p(one\ntwo) p(three)'],
    ['\n \n', ''],
    ['a\r\nb\r\n\r\nc', 'p(a\nb) p(c)'],
    ['    indented\n\tby a tab', 'p(    indented\n\tby a tab)']
  ],
  headings: [
    ['# One\n###### Six', 'h(One) h(Six)'],
    ['text\n## Why **so** ##\nmore', 'p(text) h(Why strong(so)) p(more)'],
    ['#', 'p(#)'],
    ['#channel', 'p(#channel)'],
    ['####### seven', 'p(####### seven)'],
    ['# C#', 'h(C#)'],
    ['# '.repeat(4) + 'x', 'h(# # # x)']
  ],
  rules: [
    ['a\n---\nb', 'p(a) rule p(b)'],
    ['* * *', 'rule'],
    ['****', 'rule'],
    ['___ x', 'p(___ x)'],
    ['--', 'p(--)']
  ],
  code: [
    ['see\n```ts\nlet a\n\n**x**\n```\nand', 'p(see) code[ts](let a\n\n**x**\n) p(and)'],
    ['```\nlet a', 'code[](let a\n)'],
    ['```js title="a b"', 'code[js title="a b"]()'],
    ['a ``` b', 'p(a ``` b)'],
    ['````\n```\n````\n', 'code[](```\n)'],
    ['~~~\n```\n~~~', 'code[](```\n)'],
    ['```\n    ```\n```', 'code[](    ```\n)'],
    ['  ```\n  a\n    b\n  ```', 'code[](a\n  b\n)'],
    ['```\n<b>\n```', 'code[](<b>\n)']
  ],
  lists: [
    ['- a\n- b', 'ul(li(p(a)) li(p(b)))'],
    ['* a\n+ b', 'ul(li(p(a))) ul(li(p(b)))'],
    ['- a\n\n- b', 'ul(li(p(a)) li(p(b)))'],
    ['- a\n  more\n\n  second', 'ul(li(p(a\nmore) p(second)))'],
    ['- a\nb', 'ul(li(p(a))) p(b)'],
    ['- a\n  - b\n    - c\n- d', 'ul(li(p(a) ul(li(p(b) ul(li(p(c)))))) li(p(d)))'],
    ['- a\n    - b', 'ul(li(p(a) ul(li(p(b)))))'],
    ['- a\n\t- b', 'ul(li(p(a) ul(li(p(b)))))'],
    ['7. a\n8. b\n   - c', 'ol7(li(p(a)) li(p(b) ul(li(p(c)))))'],
    ['1) a\n2. b', 'ol1(li(p(a))) ol2(li(p(b)))'],
    ['In the year\n1984. A book', 'p(In the year\n1984. A book)'],
    ['First:\n1. a', 'p(First:) ol1(li(p(a)))'],
    ['- ```\n  x\n  ```', 'ul(li(code[](x\n)))'],
    ['- # h', 'ul(li(h(h)))'],
    ['- - a', 'ul(li(ul(li(p(a)))))'],
    ['- a\n-\n- b', 'ul(li(p(a)) li() li(p(b)))'],
    ['-', 'p(-)'],
    ['-1 and +1', 'p(-1 and +1)'],
    ['1234567890. a', 'p(1234567890. a)'],
    ['    - a', 'p(    - a)']
  ],
  tasks: [
    ['- [ ] a\n- [x] b\n- [X] c', 'ul(li[ ](p(a)) li[x](p(b)) li[x](p(c)))'],
    ['1. [x] a', 'ol1(li[x](p(a)))'],
    ['- [x]a\n- [y] b', 'ul(li(p([x]a)) li(p([y] b)))']
  ],
  quotes: [
    ['> a\n> b', 'quote(p(a\nb))'],
    ['> a\nmine', 'quote(p(a)) p(mine)'],
    ['>a\n>\n>> b', 'quote(p(a) quote(p(b)))'],
    ['> - a\n>   b\n> # c', 'quote(ul(li(p(a\nb))) h(c))'],
    ['text\n> a', 'p(text) quote(p(a))'],
    ['> ```\n> x\nout', 'quote(code[](x\n)) p(out)'],
    ['- > a\n  > b', 'ul(li(quote(p(a\nb))))'],
    ['a > b', 'p(a > b)']
  ],
  tables: [
    ['|a|b|\n|-|-|\n|1|2|', 'table[start start](a|b / 1|2)'],
    [
      'a | b | c\n:- | :-: | -:\n1 | **2** | `3`',
      'table[start center end](a|b|c / 1|strong(2)|code(3))'
    ],
    ['text\na|b\n-|-', 'p(text) table[start start](a|b)'],
    ['a|b\n-|-\n1\n', 'table[start start](a|b) p(1)'],
    ['a|b\n-|-\n1|2|3\n|4|', 'table[start start](a|b / 1|2|3 / 4)'],
    ['a|b\n-|-\n`x\\|y`|\\|', 'table[start start](a|b / code(x|y)||)'],
    ['a|b\n-', 'p(a|b\n-)'],
    ['a|b\n-|-|-', 'p(a|b\n-|-|-)'],
    ['> a|b\n> -|-\n> 1|2', 'quote(table[start start](a|b / 1|2))'],
    ['a|b', 'p(a|b)']
  ],
  html: [
    ['<b>x</b>\n<!-- y -->', 'p(<b>x</b>\n<!-- y -->)'],
    ['&lt;&#x41;', 'p(&lt;&#x41;)']
  ]
};

describe('parseBlocks', () => {
  for (const [kind, cases] of Object.entries(CASES)) {
    for (const [text, expected] of cases) {
      it(`takes ${kind} for what they are in ${JSON.stringify(text)}`, () => {
        expect(outline(text)).to.equal(expected);
      });
    }
  }

  it('nests quotes and lists so deep, and leaves the markers of deeper ones as text', () => {
    const more = 5;
    const quotes = '> '.repeat(BLOCKS_DEEP + more);
    expect(outline(`${quotes}x`)).to.equal(
      `${'quote('.repeat(BLOCKS_DEEP)}p(${'> '.repeat(more)}x${')'.repeat(BLOCKS_DEEP + 1)}`
    );
    const lists = '- '.repeat(BLOCKS_DEEP + more);
    expect(outline(`${lists}x`)).to.equal(
      `${'ul(li('.repeat(BLOCKS_DEEP)}p(${'- '.repeat(more)}x)${'))'.repeat(BLOCKS_DEEP)}`
    );
  });
});
