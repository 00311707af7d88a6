/**
 * What the compiler cannot hold: promises that float, the direction of imports, the purity of the charts, a sentence
 * on every export.
 */
import tseslint from 'typescript-eslint';

const PRODUCT = [
  'index.ts',
  'protocol/**/*.ts',
  'machines/**/*.ts',
  'actors/**/*.ts',
  'server/**/*.ts',
  'cli/**/*.ts',
  'client/**/*.ts'
];

/** Refuses imports that match, with the reason. Type imports count too: they are a dependency all the same. */
const refuseImports = (...patterns) => ({ 'no-restricted-imports': ['error', { patterns }] });

/** Folders that may not be imported from here. */
const notFrom = (...folders) => ({
  regex: `^(\\.\\./)+(${folders.join('|')})/`,
  message:
    'Imports run one way: cli → server → actors → machines → protocol, and cli → client → machines.'
});

/** What is run or is the package's surface: specs and scripts import it, the product does not. */
const WITHOUT_RUNNABLES = {
  regex: '^(\\.\\./)+(spec/|scripts/|index\\.js)',
  message: 'Specs and scripts import the product, never the other way round.'
};

const WITHOUT_NODE = { regex: '^node:', message: 'A client also runs in browsers.' };

const documentedExports = {
  meta: {
    type: 'suggestion',
    schema: [],
    messages: { missing: 'Say in a JSDoc sentence what this export is.' }
  },
  create(context) {
    return {
      'ExportNamedDeclaration[declaration]'(node) {
        const comment = context.sourceCode.getCommentsBefore(node).at(-1);
        const isDoc = comment?.type === 'Block' && comment.value.startsWith('*');
        const before = context.sourceCode.getTokenBefore(node);
        // The second signature of an overloaded function is covered by the first one's sentence.
        const isOverload = before !== null && isSameFunction(context, node);
        if (!isDoc && !isOverload) context.report({ node, messageId: 'missing' });
      }
    };
  }
};

function isSameFunction(context, node) {
  const siblings = node.parent.body;
  const earlier = siblings[siblings.indexOf(node) - 1]?.declaration;
  return earlier?.type === 'TSDeclareFunction' && earlier.id?.name === node.declaration.id?.name;
}

const NO_DEFAULT_EXPORT = {
  selector: 'ExportDefaultDeclaration',
  message: 'Export by name, so that one thing has one name everywhere.'
};
const NO_SLEEP = {
  selector:
    "NewExpression[callee.name='Promise'] > ArrowFunctionExpression > CallExpression.body[callee.name='setTimeout']",
  message: 'No spec sleeps: move a simulated clock, or wait for the event.'
};

export default tseslint.config(
  {
    ignores: [
      'dist/',
      'packages/',
      'dist.next-*/',
      'node_modules/',
      'data/',
      'artifacts/',
      'coverage/'
    ]
  },
  { linterOptions: { reportUnusedDisableDirectives: 'error' } },
  {
    files: ['**/*.ts'],
    extends: [tseslint.configs.strictTypeChecked, tseslint.configs.stylisticTypeChecked],
    languageOptions: {
      parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname }
    },
    rules: {
      'no-restricted-syntax': ['error', NO_DEFAULT_EXPORT],
      '@typescript-eslint/consistent-type-assertions': ['error', { assertionStyle: 'never' }],
      '@typescript-eslint/consistent-type-imports': [
        'error',
        { fixStyle: 'inline-type-imports', disallowTypeAnnotations: false }
      ],
      // `_` names what a signature asks for and the body does not need.
      '@typescript-eslint/no-unused-vars': [
        'error',
        { argsIgnorePattern: '^_', varsIgnorePattern: '^_$' }
      ],
      // `void | Promise<void>` is what a callback that may be waited for answers.
      '@typescript-eslint/no-invalid-void-type': 'off',
      '@typescript-eslint/no-confusing-void-expression': ['error', { ignoreArrowShorthand: true }],
      '@typescript-eslint/no-unnecessary-condition': [
        'error',
        { allowConstantLoopConditions: 'only-allowed-literals' }
      ],
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true }],
      '@typescript-eslint/switch-exhaustiveness-check': [
        'error',
        { considerDefaultExhaustiveForUnions: true }
      ],
      eqeqeq: 'error',
      'no-console': 'error'
    }
  },
  {
    files: PRODUCT,
    plugins: { rollcall: { rules: { 'documented-exports': documentedExports } } },
    rules: { 'rollcall/documented-exports': 'error' }
  },
  {
    files: ['machines/**/*.ts'],
    rules: {
      ...refuseImports({
        regex:
          '^(?!xstate$|\\./|\\.\\./[^./]+\\.js$|\\.\\./(supervision|delivery|clickhouse)/|\\.\\./\\.\\./protocol/)',
        message: 'Charts are pure: they import xstate, each other and protocol/, nothing else.'
      }),
      'no-restricted-globals': [
        'error',
        ...[
          'process',
          'Buffer',
          'fetch',
          'performance',
          'crypto',
          'setTimeout',
          'setInterval',
          'setImmediate',
          'queueMicrotask'
        ].map((name) => ({
          name,
          message: 'Charts are pure: time, randomness and I/O come in from outside.'
        }))
      ],
      'no-restricted-properties': [
        'error',
        { object: 'Date', property: 'now', message: 'Take the time from an event or from input.' },
        { object: 'Math', property: 'random', message: 'Take randomness from input.' }
      ],
      'no-restricted-syntax': [
        'error',
        NO_DEFAULT_EXPORT,
        {
          selector: "NewExpression[callee.name='Date'][arguments.length=0]",
          message: 'Take the time from an event or from input.'
        },
        { selector: 'ImportExpression', message: 'Charts load nothing.' },
        {
          selector: "Property[key.value='*']",
          message: "'*' swallows the crashes of children: name the events."
        },
        {
          // `types: {} as {…}` is how xstate is told its types; no other assertion is needed.
          selector:
            "TSAsExpression:not([expression.type='ObjectExpression'][expression.properties.length=0]):not([typeAnnotation.typeName.name='const'])",
          message: 'Only `{} as T` for the types of setup().'
        }
      ],
      '@typescript-eslint/consistent-type-assertions': 'off',
      // Its fix deletes `types: {} as {…}`, and all typing with it.
      '@typescript-eslint/no-unnecessary-type-assertion': 'off'
    }
  },
  {
    files: ['protocol/*.ts'],
    rules: refuseImports({
      regex: '^(?!typebox$|\\./[^/]+\\.js$)',
      message: 'protocol/ holds what everybody shares: it imports typebox and itself, nothing else.'
    })
  },
  {
    files: ['protocol/*/*.ts'],
    rules: refuseImports({
      regex: '^(?!typebox$|\\.{1,2}/[^/]+\\.js$)',
      message: 'protocol/ holds what everybody shares: it imports typebox and itself, nothing else.'
    })
  },
  {
    files: ['actors/**/*.ts'],
    rules: refuseImports(notFrom('server', 'cli', 'client'), WITHOUT_RUNNABLES)
  },
  {
    files: ['server/**/*.ts'],
    rules: refuseImports(notFrom('cli', 'client'), WITHOUT_RUNNABLES)
  },
  {
    // The command line puts commands together, also those that are clients of a server.
    files: ['cli/**/*.ts'],
    rules: refuseImports(notFrom('client/pages'), WITHOUT_RUNNABLES)
  },
  {
    files: ['client/**/*.ts'],
    rules: refuseImports(notFrom('actors', 'server', 'cli'), WITHOUT_RUNNABLES, WITHOUT_NODE)
  },
  {
    files: ['client/sdk/**/*.ts'],
    rules: refuseImports(
      notFrom('actors', 'server', 'cli', 'pages'),
      WITHOUT_RUNNABLES,
      WITHOUT_NODE
    )
  },
  {
    files: ['spec/**/*.ts'],
    rules: {
      'no-restricted-syntax': ['error', NO_DEFAULT_EXPORT, NO_SLEEP],
      // chai's `expect(x).to.be.true` is an expression, and a spec may look at what the types deny.
      '@typescript-eslint/no-unused-expressions': 'off',
      '@typescript-eslint/consistent-type-assertions': 'off',
      '@typescript-eslint/no-non-null-assertion': 'off',
      '@typescript-eslint/no-unnecessary-condition': 'off',
      '@typescript-eslint/require-await': 'off',
      'no-console': 'off'
    }
  },
  { files: ['scripts/**/*.ts'], rules: { 'no-console': 'off' } },
  {
    files: ['**/*.{js,mjs,cjs}'],
    extends: [tseslint.configs.base],
    rules: { eqeqeq: 'error', 'no-undef': 'off', '@typescript-eslint/no-unused-vars': 'error' }
  }
);
