import type { Client } from '@temporalio/client';
import proto from '@temporalio/proto';
import { SEARCH_ATTRIBUTES } from '../workflows/messages.js';

const { IndexedValueType } = proto.temporal.api.enums.v1;
const TYPES = {
  KEYWORD: IndexedValueType.INDEXED_VALUE_TYPE_KEYWORD,
  INT: IndexedValueType.INDEXED_VALUE_TYPE_INT,
} as const;

/**
 * Registers the search attributes that are missing in the namespace.
 * @returns the names that could not be registered, for lack of permission: somebody else has to.
 */
export async function registerSearchAttributes(client: Client): Promise<string[]> {
  const { operatorService } = client.connection;
  const namespace = client.options.namespace;
  const wanted = Object.values(SEARCH_ATTRIBUTES);
  const { customAttributes } = await operatorService.listSearchAttributes({ namespace });
  const missing = wanted.filter(({ name }) => !(name in customAttributes));
  if (missing.length === 0) return [];
  try {
    await operatorService.addSearchAttributes({
      namespace,
      searchAttributes: Object.fromEntries(missing.map(({ name, type }) => [name, TYPES[type]])),
    });
    return [];
  } catch {
    // Two at once: whoever was second is told that they exist.
    const { customAttributes: now } = await operatorService.listSearchAttributes({ namespace });
    return missing.map(({ name }) => name).filter((name) => !(name in now));
  }
}

/** For the command line of the embedded server: `TuflineState=Keyword`. */
export function searchAttributeArguments(): string[] {
  const names = { KEYWORD: 'Keyword', INT: 'Int' } as const;
  return Object.values(SEARCH_ATTRIBUTES).map(({ name, type }) => `${name}=${names[type]}`);
}
