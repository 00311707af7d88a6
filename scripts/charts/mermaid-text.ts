/**
 * A chart as a Mermaid `stateDiagram-v2`, for what shows Mermaid and no pictures. Says less than the picture: the
 * states, and what leads from one to the other.
 */
import type {
  ChartGraph,
  GraphEdge,
  GraphNode
} from '../../server/inspector/charts/chart-graph.js';

const INDENT = '  ';
const ANYWHERE = 'anywhere';

/** Writes the diagram. */
export function mermaidText({ nodes, edges }: ChartGraph): string {
  const [root, ...states] = nodes;
  if (root === undefined) return 'stateDiagram-v2';
  const named = new Set(states.map(({ id }) => mermaidId(id)));
  if (named.size < states.length) throw new Error('two states have the same name for Mermaid');
  const childrenOf = (id: string) => states.filter(({ parent }) => parent === id);
  const inside = (node: GraphNode): string[] => {
    const children = childrenOf(node.id);
    return children.flatMap((child, index) => [
      // A line of dashes is between what is active at once.
      ...(node.kind === 'parallel' && index > 0 ? ['--'] : []),
      ...(child.isInitial ? [`[*] --> ${mermaidId(child.id)}`] : []),
      ...stateLines(child),
      ...(child.kind === 'final' ? [`${mermaidId(child.id)} --> [*]`] : [])
    ]);
  };
  const stateLines = (node: GraphNode): string[] => {
    const head = `state "${plain(node.key)}" as ${mermaidId(node.id)}`;
    if (childrenOf(node.id).length === 0) return [head];
    return [`${head} {`, ...inside(node).map((line) => INDENT + line), '}'];
  };
  // What the root does it does wherever it is; Mermaid has no state that holds all others.
  const isAnywhere = edges.some(({ source, target }) => source === root.id || target === root.id);
  const anywhere = isAnywhere ? [`state "in any state" as ${ANYWHERE}`] : [];
  const isGroup = (id: string) => id !== root.id && childrenOf(id).length > 0;
  const lines = edges.flatMap((edge) =>
    edge.isInside ? handled(edge, isGroup(edge.source)) : [arrow(edge)]
  );
  return ['stateDiagram-v2', ...inside(root), ...anywhere, ...lines]
    .map((line, index) => (index === 0 ? line : INDENT + line))
    .join('\n');
}

/** Ids of Mermaid are words, and not all words may be one: these all begin in the same way. */
function mermaidId(id: string): string {
  return id === '' ? ANYWHERE : `s_${id.replace(/\W/g, '_')}`;
}

function arrow({ source, target, lines }: GraphEdge): string {
  const words = plain(lines.join(' '));
  return `${mermaidId(source)} --> ${mermaidId(target)}${words === '' ? '' : ` : ${words}`}`;
}

/** What is handled without leaving a state: a line in its box, or beside it when others are in there. */
function handled({ source, lines }: GraphEdge, isGroup: boolean): string[] {
  const words = plain(lines.join(' ')) || 'always';
  const id = mermaidId(source);
  return isGroup ? [`note right of ${id}`, `${INDENT}${words}`, 'end note'] : [`${id} : ${words}`];
}

/** Text without the characters that mean something to Mermaid; brackets are none of them behind a colon. */
function plain(text: string): string {
  return text
    .replace(/:/g, '')
    .replace(/[;"<>{}#%]/g, ' ')
    .replace(/\s+/g, ' ')
    .trim();
}
