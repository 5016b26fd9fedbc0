import { createReadStream } from 'node:fs';
import { createServer } from 'node:http';
import { join } from 'node:path';
import type { TestContext } from 'node:test';

/**
 * Serves a directory on a free port until the test ends.
 * @param before what is done with each path before it is answered.
 * @returns the base URL, without a slash at the end.
 */
export async function serveDirectory(
  test: TestContext,
  directory: string,
  before: (path: string) => Promise<void> = () => Promise.resolve(),
): Promise<string> {
  const server = createServer((request, response) => {
    const path = decodeURIComponent(new URL(request.url ?? '/', 'http://localhost').pathname);
    const refuse = (status: number): void => void response.writeHead(status).end();
    before(path).then(
      () => {
        createReadStream(join(directory, path))
          .on('error', () => {
            refuse(404);
          })
          .pipe(response);
      },
      (error: unknown) => {
        console.error(error);
        refuse(500);
      },
    );
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  test.after(() => {
    server.closeAllConnections();
    server.close();
  });
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  return `http://127.0.0.1:${String(address.port)}`;
}
