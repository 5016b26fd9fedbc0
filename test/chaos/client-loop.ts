import { join } from 'node:path';
import type { Config } from '../../src/config/index.js';
import { startClients, type FaultClient } from '../faults/clients/clients.js';
import type { Pipeline } from './pipeline.js';

/** A client that refreshes and downloads again and again, and writes down whatever it should not have seen. */
export class ClientLoop {
  readonly complaints: string[] = [];
  looks = 0;
  #version = 0;
  #isStopping = false;
  #ended: Promise<void> = Promise.resolve();

  private constructor(
    private readonly client: FaultClient,
    private readonly config: Config,
    private readonly directory: string,
    private readonly pipelines: readonly Pipeline[],
  ) {}

  get name(): string {
    return this.client.name;
  }

  static start(config: Config, directory: string, pipelines: readonly Pipeline[]): ClientLoop[] {
    return startClients().map((client) => {
      const loop = new ClientLoop(client, config, join(directory, 'clients'), pipelines);
      loop.#ended = loop.#run();
      return loop;
    });
  }

  async stop(): Promise<void> {
    this.#isStopping = true;
    await this.#ended;
    this.client.close();
  }

  async #run(): Promise<void> {
    while (!this.#isStopping) {
      const pairs = this.pipelines.map(({ pair }) => pair);
      // One look at a time: what one refresh shows has to fit together.
      const others = this.pipelines.map(
        ({ number }) => `p${String(number)}/vendor/package-${String(this.looks % 12)}.zip`,
      );
      try {
        const { version, found } = await this.client.look(this.config.repositoryPath, this.directory, [
          ...pairs.flat(),
          ...others,
        ]);
        if (version < this.#version)
          this.#complain(`version ${String(version)} after ${String(this.#version)}`);
        this.#version = version;
        for (const [sequence, companion] of pairs) {
          if (found[sequence] !== found[companion])
            this.#complain(`sees ${sequence} and ${companion} of two releases`);
        }
      } catch (error) {
        this.#complain(error instanceof Error ? error.message : String(error));
      }
      this.looks++;
    }
  }

  #complain(what: string): void {
    this.complaints.push(`${new Date().toISOString()} ${this.name}: ${what}`);
  }
}
