/** A training run in a process of its own, to be killed. The job comes as JSON on stdin. */
import { text } from 'node:stream/consumers';
import { openModel } from '../../models/index.ts';
import { train } from '../train.ts';

const { modelPath, cacheFolder, dataPath, options } = JSON.parse(await text(process.stdin));
const model = await openModel(modelPath, { cacheFolder });
// One mark when the steps begin, and one after each: the parent counts them.
const mark = () => process.stdout.write('.');
await train(model, dataPath, { ...options, onStart: mark, onStep: mark });
