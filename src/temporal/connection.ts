import { Client, Connection } from '@temporalio/client';
import { loadClientConnectConfig } from '@temporalio/envconfig';
import type { NativeConnectionOptions } from '@temporalio/worker';
import type { Config } from '../config/index.js';
import { TuflineError, usage } from '../errors/index.js';
import { readServerMark } from '../instance/index.js';

export type Environment = Readonly<Record<string, string | undefined>>;

/** How to reach Temporal. */
export interface TemporalTarget {
  readonly options: NativeConnectionOptions;
  readonly address: string;
  readonly namespace: string;
  /** Of the UI, where it is known. */
  readonly ui?: string;
}

/**
 * Where Temporal is: what Temporal's standard environment configuration says (`TEMPORAL_ADDRESS`, a profile file
 * …), else the server of a `dev` or `server` that runs on this instance.
 *
 * @returns undefined where neither is the case.
 */
export async function findTemporal(
  config: Config,
  environment: Environment,
): Promise<TemporalTarget | undefined> {
  const { connectionOptions, namespace: configured } = fromEnvironment(config, environment);
  const namespace = config.temporal.namespace ?? configured ?? 'default';
  const { address } = connectionOptions;
  if (address !== undefined && address !== '') return { options: connectionOptions, address, namespace };
  const mark = await readServerMark(config.directory);
  if (mark?.address === undefined) return undefined;
  return {
    options: { address: mark.address },
    address: mark.address,
    namespace: config.temporal.namespace ?? 'default',
    ...(mark.ui === undefined ? {} : { ui: mark.ui }),
  };
}

/** Whether the environment names a server, so that `dev` starts none. */
export function namesServer(config: Config, environment: Environment): boolean {
  const { address } = fromEnvironment(config, environment).connectionOptions;
  return address !== undefined && address !== '';
}

/** As {@link findTemporal}. @throws usage `no-temporal` where nothing is known. */
export async function mustFindTemporal(config: Config, environment: Environment): Promise<TemporalTarget> {
  const target = await findTemporal(config, environment);
  if (target) return target;
  throw usage(
    'no-temporal',
    `No Temporal server is known for the instance ${config.directory}.`,
    'Run "tufline dev" there, or set TEMPORAL_ADDRESS.',
  );
}

export interface TemporalClient {
  readonly client: Client;
  readonly target: TemporalTarget;
  readonly close: () => Promise<void>;
}

/** Connects as a client. @throws usage `no-temporal`, transient `temporal-unreachable` */
export async function connectClient(config: Config, environment: Environment): Promise<TemporalClient> {
  const target = await mustFindTemporal(config, environment);
  try {
    const connection = await Connection.connect({ ...target.options, connectTimeout: '5 seconds' });
    const client = new Client({ connection, namespace: target.namespace });
    return { client, target, close: () => connection.close() };
  } catch (error) {
    throw unreachable(target, error);
  }
}

export function unreachable({ address }: TemporalTarget, cause: unknown): TuflineError {
  return new TuflineError({
    code: 'temporal-unreachable',
    kind: 'transient',
    message: `The Temporal server at ${address} does not answer.`,
    remedy: 'Check that it runs and that TEMPORAL_ADDRESS, TLS settings and namespace are right.',
    cause,
  });
}

function fromEnvironment(config: Config, environment: Environment) {
  const present = Object.entries(environment).flatMap(([name, value]) =>
    value === undefined ? [] : [[name, value] as const],
  );
  const { profile } = config.temporal;
  try {
    return loadClientConnectConfig({
      overrideEnvVars: Object.fromEntries(present),
      ...(profile === undefined ? {} : { profile }),
    });
  } catch (error) {
    throw usage(
      'temporal-config',
      `Temporal's configuration cannot be read (${error instanceof Error ? error.message : String(error)}).`,
      'Correct the TEMPORAL_* variables or the profile file.',
    );
  }
}
