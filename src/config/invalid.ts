import type { Document, LineCounter } from 'yaml';
import { z } from 'zod';
import { usage, type TuflineError } from '../errors/index.js';
import { nearest } from './nearest.js';
import { configSchema } from './schema.js';

/** A configuration as it was read, to say where in it something is. */
export interface Source {
  readonly file: string;
  readonly document: Document;
  readonly lines: LineCounter;
}

type Path = readonly PropertyKey[];

/** @param what what is wrong, without a full stop at its end. */
export function invalid(file: string, what: string, remedy: string): TuflineError {
  return usage('config-invalid', `${file}: ${what}.`, remedy);
}

export function invalidKey(source: Source, key: string, what: string): TuflineError {
  return invalid(source.file, `${lineOf(source, [key])}${key}: ${what}`, CORRECT);
}

const CORRECT = 'Correct it; docs/configuration.md describes every key.';

/** The first thing that is wrong, in a sentence with key and line. */
export function issueError(source: Source, issues: readonly z.core.$ZodIssue[]): TuflineError {
  // An unknown key first: it is often the reason of what else is wrong.
  const issue = issues.find(({ code }) => code === 'unrecognized_keys') ?? issues[0];
  if (!issue) return invalid(source.file, 'it cannot be used', CORRECT);
  const unknown = issue.code === 'unrecognized_keys' ? issue.keys[0] : undefined;
  if (unknown !== undefined) return unknownKey(source, issue.path, unknown);
  const key = issue.path.join('.');
  const message = issue.message.replace(/^Invalid (input|option): |^Too (big|small): /, '');
  return invalid(
    source.file,
    `${lineOf(source, issue.path)}${key === '' ? 'the document' : key}: ${message}`,
    CORRECT,
  );
}

function unknownKey(source: Source, parent: Path, key: string): TuflineError {
  const known = knownKeys(parent);
  const near = nearest(key, known);
  return invalid(
    source.file,
    `${lineOf(source, [...parent, key])}${[...parent, key].join('.')} is no key that tufline knows`,
    near === undefined ? `Known here are ${known.join(', ')}.` : `Did you mean ${near}?`,
  );
}

/** Where a key is; a missing key has no line, the nearest one above it has. */
function lineOf({ document, lines }: Source, path: Path): string {
  for (let length = path.length; length > 0; length--) {
    const node: unknown = document.getIn(path.slice(0, length), true);
    if (typeof node !== 'object' || node === null || !('range' in node)) continue;
    const offset: unknown = Array.isArray(node.range) ? node.range[0] : undefined;
    if (typeof offset === 'number') return `line ${String(lines.linePos(offset).line)}: `;
  }
  return '';
}

/** The keys that may stand under `parent`, as the published schema has them. */
function knownKeys(parent: Path): readonly string[] {
  let schema: unknown = z.toJSONSchema(configSchema, { io: 'input' });
  for (const step of parent) schema = member(member(schema, 'properties'), step);
  const properties = member(schema, 'properties');
  return typeof properties === 'object' && properties !== null ? Object.keys(properties) : [];
}

function member(value: unknown, key: PropertyKey): unknown {
  if (typeof value !== 'object' || value === null) return undefined;
  return Object.entries(value).find(([name]) => name === key)?.[1];
}
