import { writeFile } from 'node:fs/promises';
import { errnoPage } from '../src/errors/errno-page.js';

/** `npm run docs:errno`: writes docs/errno.md from the table that the program uses. */
await writeFile('docs/errno.md', errnoPage());
