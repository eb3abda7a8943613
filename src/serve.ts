import type { NestFastifyApplication } from '@nestjs/platform-fastify';

import { createApp } from './app.setup.js';
import { ConfigurationError } from './config/configuration-error.js';
import { judgedSettings } from './judged-settings.js';
import { processEnvironment } from './config/process-environment.js';
import type { Settings } from './config/settings.js';
import { BufferedRootLogger, type RootLogger } from './kernel/root-logger.js';
import { StartupError } from './kernel/startup-error.js';
import { startWarnings } from './start-warnings.js';

/** `EX_CONFIG` of sysexits.h: starting again will not help until an operator changes something. */
const EXIT_CONFIGURATION = 78;
const EXIT_FAILURE = 1;

/** Connections that may wait to be taken; the kernel has a bound of its own (`somaxconn`). */
const BACKLOG = 4096;

/** How long answers that are under way may take once the service stops; then they are cut. */
const DRAIN_MS = 5000;

/**
 * What has not ended by then is left as it is: the next start finds it as after a crash. Who stops
 * services is told that it takes 10 s at most.
 */
const STOP_MS = 9300;

function readSettings(): Settings {
  try {
    return judgedSettings(processEnvironment());
  } catch (error) {
    if (!(error instanceof ConfigurationError)) throw error;
    for (const problem of error.problems) process.stderr.write(`risoluto: ${problem}\n`);
    process.exit(EXIT_CONFIGURATION);
  }
}

function stopOnSignals(app: NestFastifyApplication, rootLogger: RootLogger): void {
  let stopping = false;
  const stop = (signal: NodeJS.Signals) => {
    if (stopping) return;
    stopping = true;
    rootLogger.pino.info({ signal }, 'stopping');
    setTimeout(() => app.getHttpServer().closeAllConnections(), DRAIN_MS).unref();
    setTimeout(() => {
      rootLogger.pino.error('did not stop in time; what is left is settled by the next start');
      end(rootLogger, EXIT_FAILURE);
    }, STOP_MS).unref();
    app.close().then(
      () => end(rootLogger, 0),
      (error: unknown) => {
        rootLogger.pino.error({ err: error }, 'did not stop cleanly');
        end(rootLogger, EXIT_FAILURE);
      },
    );
  };
  process.on('SIGTERM', stop);
  process.on('SIGINT', stop);
}

function end(rootLogger: RootLogger, exitCode: number): never {
  rootLogger.flush();
  process.exit(exitCode);
}

/** @throws StartupError where the address cannot be had. */
async function listen(app: NestFastifyApplication, settings: Settings): Promise<void> {
  const { bind, port } = settings.server;
  try {
    await app.listen({ host: bind, port, backlog: BACKLOG });
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    await app.close();
    if (code === 'EADDRINUSE') {
      throw new StartupError(`RISOLUTO_PORT: ${port} is taken on ${bind}; choose another`);
    }
    if (code === 'EADDRNOTAVAIL' || code === 'EACCES') {
      throw new StartupError(`RISOLUTO_BIND, RISOLUTO_PORT: cannot listen there (${code})`);
    }
    throw error;
  }
}

/**
 * The service, from the environment alone, in this process, until SIGTERM or SIGINT: then it stops
 * cleanly and the process exits with 0. What keeps it from starting is told on standard error, and
 * the process exits: with 78 where the configuration is wrong, else with 1.
 */
export async function serve(): Promise<void> {
  const settings = readSettings();
  const rootLogger = new BufferedRootLogger(settings.logLevel);
  try {
    const app = await createApp(settings, { rootLogger });
    stopOnSignals(app, rootLogger);
    for (const warning of startWarnings(settings)) rootLogger.pino.warn(warning);
    await listen(app, settings);
    rootLogger.pino.info({ url: await app.getUrl() }, 'listening');
  } catch (error) {
    if (error instanceof StartupError) process.stderr.write(`risoluto: ${error.message}\n`);
    else rootLogger.pino.fatal({ err: error }, 'could not start');
    end(rootLogger, EXIT_FAILURE);
  }
}
