import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { bundleWorkflowCode, DefaultLogger, type WorkflowBundleOption } from '@temporalio/worker';

/** Beside the compiled code; running from the sources there is none. */
export const BUNDLE_FILE = new URL('../workflow-bundle.js', import.meta.url);

/** Bundles the workflows of this code. */
export async function buildWorkflowBundle(): Promise<string> {
  const compiled = fileURLToPath(new URL('../workflows/index.js', import.meta.url));
  const workflowsPath = existsSync(compiled) ? compiled : compiled.replace(/\.js$/, '.ts');
  const { code } = await bundleWorkflowCode({
    workflowsPath,
    logger: new DefaultLogger('WARN'),
    webpackConfigHook: (config) => ({
      ...config,
      // Sources import each other as `./x.js`, which running from TypeScript is `./x.ts`.
      resolve: { ...config.resolve, extensionAlias: { '.js': ['.ts', '.js'] } },
    }),
  });
  return code;
}

/** The workflows for a worker: the prebuilt bundle, or one that is built now. */
export async function loadWorkflowBundle(): Promise<WorkflowBundleOption> {
  const path = fileURLToPath(BUNDLE_FILE);
  return existsSync(path) ? { codePath: path } : { code: await buildWorkflowBundle() };
}
