import { MEANINGS, UNKNOWN } from './errno.js';

/** What these mean for one file of a release, where the input itself is wrong: see src/handover. */
const OF_INPUT: readonly (readonly [errno: string, when: string, code: string])[] = [
  ['ELOOP', 'a file of a release became a symbolic link after it was claimed', 'changed-while-read'],
  ['ENOENT', 'a file of a release vanished after it was claimed', 'changed-while-read'],
  ['ENXIO', 'a file of a release became a socket or pipe after it was claimed', 'changed-while-read'],
  ['EACCES, EPERM', 'a file of a release may not be read', 'unreadable'],
];

/** docs/errno.md, from the table that the program uses. */
export function errnoPage(): string {
  const rows = Object.entries(MEANINGS).map(
    ([name, { says, remedy }]) => `| ${name} | ${says} | ${remedy} |`,
  );
  const input = OF_INPUT.map(([name, when, code]) => `| ${name} | ${when} | \`${code}\` |`);
  return `# Error numbers

Written by \`npm run docs:errno\` from \`src/errors/errno.ts\`. Numbers are told apart by their value, as Node has no name for some
that network file systems give (ESTALE, EDQUOT).

## Transient

The step is tried again for as long as the trouble lasts, at most a minute apart: the files are still where the pipeline put
them, and waiting loses nothing. The code is \`io-\` and the name in lower case. After the commit everything is transient.

| number | means | what to do |
|---|---|---|
${rows.join('\n')}
| any other | ${UNKNOWN.says} | ${UNKNOWN.remedy} |

Trouble of one file while its neighbours read well has the code \`file-trouble\`; after \`give_up_after\` it fails its release,
and the next one goes on. Trouble of the whole file system never does.

## Permanent

| number | when | code |
|---|---|---|
${input.join('\n')}
`;
}
