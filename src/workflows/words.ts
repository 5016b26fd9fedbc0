import type { ReadyDirectory } from './messages.js';

/** `2.1 MB`: for the sentences that people read. */
export function bytesInWords(bytes: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB'];
  let value = bytes;
  let unit = 0;
  while (value >= 1000 && unit < units.length - 1) {
    value /= 1000;
    unit++;
  }
  return `${value >= 100 || unit === 0 ? String(Math.round(value)) : value.toPrecision(2)} ${units[unit] ?? ''}`;
}

export function count(number: number, noun: string): string {
  return `${String(number)} ${noun}${number === 1 ? '' : 's'}`;
}

/** Target paths go into Markdown: nothing in them may end the code span that they stand in. */
export function code(text: string): string {
  return `\`${text.replaceAll('`', "'").replaceAll('|', '¦').slice(0, 100)}\``;
}

/** `3 files, 2.1 MB: a.zip, b.json, …` */
export function summaryOf(directory: ReadyDirectory): string {
  const { files, bytes, more, names } = directory;
  if (files === 0 && !more) return 'no file that can be released';
  const many = `${more ? 'more than ' : ''}${count(files, 'file')}, ${bytesInWords(bytes)}`;
  const listed = names.join(', ') + (files > names.length || more ? ', …' : '');
  // A static summary has to fit into 400 bytes.
  return `${many}${listed === '' ? '' : `: ${listed}`}`.slice(0, 180);
}
