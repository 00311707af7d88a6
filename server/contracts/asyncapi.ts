/** `/asyncapi.json`: the WebSocket as AsyncAPI 3.0, made of the schemas that check the frames. */
import {
  CLIENT_FRAMES,
  SERVER_FRAMES,
  SUBPROTOCOL,
  type ClientFrameType,
  type ServerFrameType
} from '../../protocol/frames.js';
import { WS_PATH } from '../transport/http-reply.js';
import { CLIENT_WORDS, SERVER_WORDS } from './frame-words.js';
import { schemaJson, sharedSchemas } from './shared-schemas.js';

/** Returns the document. It speaks from the server’s side: `receive` is what clients send. */
export function asyncApi(version: string): object {
  return {
    asyncapi: '3.0.0',
    info: {
      title: 'Rollcall',
      version,
      description: `The protocol \`${SUBPROTOCOL}\`: text frames, each one JSON object or several separated by line feeds. Ignore fields and types that you do not know. The HTTP API is in \`/openapi.json\`.`,
      license: { name: 'MIT' }
    },
    defaultContentType: 'application/json',
    servers: {
      rollcall: {
        host: '{address}',
        protocol: 'ws',
        description: 'With TLS the protocol is `wss`.',
        variables: { address: { default: '127.0.0.1:8080', description: 'Host and port.' } },
        security: [{ $ref: '#/components/securitySchemes/token' }]
      }
    },
    channels: {
      chat: {
        address: WS_PATH,
        title: 'Chat',
        description: 'Everything that a chat client sends and gets.',
        messages: {
          ...named('client', typesOf(CLIENT_WORDS), (type) => component('client', type)),
          ...named('server', typesOf(SERVER_WORDS), (type) => component('server', type))
        },
        bindings: { ws: { method: 'GET' } }
      }
    },
    operations: {
      ...Object.fromEntries(typesOf(CLIENT_WORDS).map((type) => [type, received(type)])),
      tell: {
        action: 'send',
        channel: { $ref: '#/channels/chat' },
        summary: 'What the server tells, as an answer or by itself.',
        messages: typesOf(SERVER_WORDS).map((type) => onChannel('server', type))
      }
    },
    components: {
      schemas: sharedSchemas(),
      messages: {
        ...named('client', typesOf(CLIENT_WORDS), (type) =>
          message(type, CLIENT_FRAMES[type], CLIENT_WORDS[type])
        ),
        ...named('server', typesOf(SERVER_WORDS), (type) =>
          message(type, SERVER_FRAMES[type], SERVER_WORDS[type])
        )
      },
      securitySchemes: {
        token: {
          type: 'http',
          scheme: 'bearer',
          description:
            'A token in the frame `connect`, in `Authorization`, or as the subprotocol `bearer.<token>`.'
        }
      }
    }
  };
}

/** The keys of a table, with their types. */
function typesOf<T extends string>(words: Readonly<Record<T, unknown>>): T[] {
  const types: T[] = [];
  for (const type in words) types.push(type);
  return types;
}

type Side = 'client' | 'server';

/** Frames of the same type go both ways, so a name says the side. */
function named<T extends string>(
  side: Side,
  types: readonly T[],
  make: (type: T) => object
): Record<string, object> {
  return Object.fromEntries(types.map((type) => [`${side}_${type}`, make(type)]));
}

function component(side: Side, type: string): object {
  return { $ref: `#/components/messages/${side}_${type}` };
}

function onChannel(side: Side, type: string): object {
  return { $ref: `#/channels/chat/messages/${side}_${type}` };
}

function received(type: ClientFrameType): object {
  const { summary, answers } = CLIENT_WORDS[type];
  const replies: readonly ServerFrameType[] = [...answers, 'error'];
  return {
    action: 'receive',
    channel: { $ref: '#/channels/chat' },
    summary,
    messages: [onChannel('client', type)],
    reply: {
      channel: { $ref: '#/channels/chat' },
      messages: replies.map((reply) => onChannel('server', reply))
    }
  };
}

function message(
  type: string,
  schema: object,
  { summary, example }: { readonly summary: string; readonly example: object }
): object {
  return {
    name: type,
    title: type,
    summary,
    contentType: 'application/json',
    payload: schemaJson(schema),
    examples: [{ name: type, payload: example }]
  };
}
