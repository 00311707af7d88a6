/**
 * Writes a chart as a Mermaid `stateDiagram-v2`, for readers whose tools show Mermaid but no pictures. It has only the
 * states and their transitions.
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
      // Mermaid separates parallel regions by a line of dashes.
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
  // The root's transitions hold in every state. Mermaid cannot draw them at the root, so "in any state" stands for it.
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

/** Makes an id of word characters. The prefix keeps it from being a reserved word of Mermaid, such as `end`. */
function mermaidId(id: string): string {
  return id === '' ? ANYWHERE : `s_${id.replace(/\W/g, '_')}`;
}

function arrow({ source, target, lines }: GraphEdge): string {
  const words = plain(lines.join(' '));
  return `${mermaidId(source)} --> ${mermaidId(target)}${words === '' ? '' : ` : ${words}`}`;
}

/** Writes an event that is handled without leaving a state: in the state's box, or as a note when it has children. */
function handled({ source, lines }: GraphEdge, isGroup: boolean): string[] {
  const words = plain(lines.join(' ')) || 'always';
  const id = mermaidId(source);
  return isGroup ? [`note right of ${id}`, `${INDENT}${words}`, 'end note'] : [`${id} : ${words}`];
}

/** Removes characters that Mermaid interprets. Square brackets stay: after a colon they are plain text. */
function plain(text: string): string {
  return text
    .replace(/:/g, '')
    .replace(/[;"<>{}#%]/g, ' ')
    .replace(/\s+/g, ' ')
    .trim();
}
