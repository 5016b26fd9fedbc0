import Table from 'cli-table3';
import type { z } from 'zod';
import type { adviseOutput } from './json-outputs.js';
import { colours, prettyBytes } from './output.js';
import { NO_LINES } from './render-status.js';

/** What `bins advise` prints as JSON. */
export type AdviceReport = z.infer<typeof adviseOutput>;

/** `bins advise` for people: the choices of the recommended style. */
export function renderAdvice({ assumptions, choices, recommended, sentence }: AdviceReport): string {
  const { targets, releasesPerDay, filesPerRelease, entryBytes, entryBytesFrom } = assumptions;
  const shown = choices.filter(({ count, style }) => count === 0 || style === recommended.style);
  const isRecommended = ({ count, snapshotEntries }: (typeof shown)[number]): boolean =>
    count === recommended.count && snapshotEntries === recommended.snapshotEntries;
  const rows = shown.map((choice) => {
    const { count, snapshotEntries, sizes, client, signer } = choice;
    return [
      isRecommended(choice) ? colours.green('→') : '',
      count === 0 ? 'none' : String(count),
      count === 0 ? '' : snapshotEntries,
      visit(client.firstContact),
      visit(client.afterDay),
      visit(client.afterWeek),
      prettyBytes(sizes.snapshot),
      prettyBytes(sizes.targets),
      prettyBytes(signer.bytesWritten),
      prettyBytes(signer.bytesHashed),
      `${String(Math.round(signer.milliseconds))} ms`,
      ...choice.readers.map(({ reads }) => MARK[reads]),
    ];
  });
  const head = [
    ...['', 'bins', 'entries', 'first visit', 'a day later', 'a week later'],
    ...['snapshot', 'targets.json', 'written', 'hashed', 'signing'],
    ...(shown[0]?.readers.map(({ client }) => client) ?? []),
  ];
  const table = new Table({
    head: head.map((title) => colours.bold(title)),
    style: { head: [], border: [], compact: true },
    chars: NO_LINES,
  });
  table.push(...rows);
  return [
    sentence,
    '',
    `${String(targets)} targets of ${String(entryBytes)} bytes (${entryBytesFrom === 'instance' ? 'measured in this instance' : 'an average'}), ${String(releasesPerDay)} releases a day of ${String(filesPerRelease)} targets${recommended.count === 0 ? '' : `, ${recommended.style}`}.`,
    'Visits are in bytes and requests of metadata, of a client that wants one target; what is written, hashed and signed is for each release.',
    '',
    table.toString(),
    '',
    ...aboutReaders(shown.find(isRecommended)?.readers ?? []),
  ].join('\n');
}

function visit({ bytes, requests }: { readonly bytes: number; readonly requests: number }): string {
  return `${prettyBytes(bytes)} / ${String(requests)}`;
}

const MARK = { yes: '✓', dearly: '~', no: '–' } as const;

/** What the marks mean, with the reasons for the recommended choice. */
function aboutReaders(readers: AdviceReport['choices'][number]['readers']): string[] {
  const reasons = readers.flatMap(({ client, reads, why }) =>
    why === undefined
      ? []
      : [`  ${client} ${reads === 'no' ? 'cannot read it: it' : 'reads it, but'} ${why}.`],
  );
  return [
    `Clients: ${MARK.yes} reads it, ${MARK.dearly} reads it at a price, ${MARK.no} cannot read it; --json has all reasons.`,
    ...(reasons.length === 0 ? [] : ['What is recommended:', ...reasons]),
  ];
}
