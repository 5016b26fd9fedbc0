import { writeFile } from 'node:fs/promises';
import { commandsPage } from '../src/cli/commands-page.js';

/** `npm run docs:commands`: writes docs/commands.md from the help of the program. */
await writeFile('docs/commands.md', commandsPage());
