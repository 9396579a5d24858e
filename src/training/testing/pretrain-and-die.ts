/** A training run that kills its own process after step 8. Options come as JSON on stdin. */
import { text } from 'node:stream/consumers';
import { createOnnxEngine } from '../../runtime/index.ts';
import { sequencesOf } from '../../text/index.ts';
import { pretrain, readModelConfig } from '../index.ts';

const { config, tokens, seqLen, ...options } = JSON.parse(await text(process.stdin));
const { definition } = readModelConfig(config);
await pretrain({
  ...options,
  definition,
  engine: createOnnxEngine(),
  sequences: sequencesOf({
    tokens: Int32Array.from(tokens),
    lossMask: new Uint8Array(tokens.length).fill(1),
    seqLen,
  }),
  onStep: ({ step }) => {
    if (step === 8) process.kill(process.pid, 'SIGKILL');
  },
});
