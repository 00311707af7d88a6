import { Parser } from '@asyncapi/parser';
import SwaggerParser from '@apidevtools/swagger-parser';
import { expect } from 'chai';
import { Compile } from 'typebox/compile';
import { CLIENT_FRAMES, SERVER_FRAMES } from '../../../protocol/frames.js';
import { asyncApi } from '../../../server/contracts/asyncapi.js';
import { CLIENT_WORDS, SERVER_WORDS } from '../../../server/contracts/frame-words.js';
import { openApi, OPERATIONS } from '../../../server/contracts/openapi.js';
import { createContractRoutes } from '../../../server/contracts/contract-routes.js';
import { madeRoutes } from '../../e2e/access/made-routes.js';
import { misfit } from '../../e2e/wire/frame-check.js';

/** Routes that everybody may ask: those that `Http` makes itself, and the documents. */
const OPEN = ['/livez', '/startupz', '/readyz', '/status', '/openapi.json', '/asyncapi.json'].map(
  (path) => `GET ${path}`
);

/** Severity of a fault; what is above it is advice. */
const ERROR = '0';

const copyOf = (value: object): never => JSON.parse(JSON.stringify(value)) as never;

describe('/openapi.json', () => {
  it('is OpenAPI 3.1, to a parser that others use', async () => {
    const document = await SwaggerParser.validate(copyOf(openApi('1.2.3')));
    expect(document).to.include({ openapi: '3.1.0' });
    const broken = copyOf(openApi('1.2.3')) as { paths: Record<string, unknown> };
    broken.paths['/livez'] = { get: { responses: 'none' } };
    const refused = await SwaggerParser.validate(broken as never).then(
      () => false,
      () => true
    );
    expect(refused).to.equal(true);
  });

  it('has every route of the server, and no other', async () => {
    const made = (await madeRoutes()).map(([method, path]) => `${method} ${path}`);
    expect(Object.keys(OPERATIONS)).to.have.members([...OPEN, ...made]);
    const open = Object.entries(OPERATIONS).filter(([, { isOpen }]) => isOpen === true);
    expect(open.map(([route]) => route)).to.have.members(OPEN);
  });

  it('names every operation once', () => {
    const ids = Object.values(OPERATIONS).map(({ id }) => id);
    expect(new Set(ids).size).to.equal(ids.length);
  });

  it('names every part of a path as a parameter', () => {
    for (const [route, { path = {} }] of Object.entries(OPERATIONS)) {
      const parts = [...route.matchAll(/\{(\w+)\}/g)].map(([, name]) => name);
      expect(Object.keys(path), route).to.have.members(parts);
    }
  });

  it('has examples that fit their schemas', () => {
    for (const [route, { path, query, headers, body }] of Object.entries(OPERATIONS)) {
      for (const [name, { schema, example }] of Object.entries({ ...path, ...query, ...headers })) {
        if (example === undefined) continue;
        expect(Compile(schema).Check(example), `${route} ${name}`).to.equal(true);
      }
      if (body !== undefined)
        expect(Compile(body.schema).Check(body.example), route).to.equal(true);
    }
  });
});

describe('/asyncapi.json', () => {
  it('is AsyncAPI 3.0, to the parser of AsyncAPI', async function () {
    this.timeout(30_000);
    const parser = new Parser();
    const faults = async (document: object): Promise<string[]> => {
      const told = await parser.validate(JSON.stringify(document));
      return told
        .filter(({ severity }) => String(severity) === ERROR)
        .map(({ message }) => message);
    };
    expect(await faults(asyncApi('1.2.3'))).to.eql([]);
    expect(await faults({ ...asyncApi('1.2.3'), channels: { chat: { messages: 1 } } })).to.not.eql(
      []
    );
  });

  it('has every frame, with an example that fits', () => {
    expect(Object.keys(CLIENT_WORDS)).to.have.members(Object.keys(CLIENT_FRAMES));
    expect(Object.keys(SERVER_WORDS)).to.have.members(Object.keys(SERVER_FRAMES));
    for (const [type, schema] of Object.entries(CLIENT_FRAMES)) {
      const { example } = CLIENT_WORDS[type as keyof typeof CLIENT_FRAMES];
      expect(Compile(schema).Check(example), type).to.equal(true);
    }
    for (const { example } of Object.values(SERVER_WORDS)) expect(misfit(example)).to.equal(null);
  });
});

describe('the routes of the documents', () => {
  it('answer each of them as JSON', () => {
    const rows = createContractRoutes({ version: '1.2.3' });
    const answers = rows.map(({ answer }) => answer({} as never) as { body: string });
    const [openapi, asyncapi] = answers.map(({ body }) => JSON.parse(body) as object);
    expect(openapi).to.deep.equal(copyOf(openApi('1.2.3')));
    expect(asyncapi).to.deep.equal(copyOf(asyncApi('1.2.3')));
  });
});
