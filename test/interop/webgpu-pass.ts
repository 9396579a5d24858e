/** Loss and output gradients of a tiny model on the device that is named: a process of its own, for its driver. */
import { buildPass } from '../../src/coverage/index.ts';
import { LOSS } from '../../src/coverage/pass.ts';
import { lossInputs, openModel } from '../../src/models/index.ts';
import { createOnnxEngine } from '../../src/runtime/index.ts';
import { loadReference } from '../support/reference.ts';

const [device, name, cacheFolder] = process.argv.slice(2) as ['cpu' | 'webgpu', 'gpt2' | 'llama', string];
const { folder, batches } = loadReference(name);
const engine = createOnnxEngine({ device });
try {
  const model = await openModel(folder, { cacheFolder });
  const { sequences, seqLen } = batches[0]!;
  const pass = buildPass(model, model.definition.layers, { lanes: 1, sequences, seqLen });
  pass.layers.forEach(({ dy }, index) => {
    pass.graph.output(`dy${index}`, dy);
  });
  const program = await engine.load(pass.graph);
  const outputs = await program.run(lossInputs(batches.slice(0, 1)));
  const gradients = pass.layers.map((_, index) => [...(outputs[`dy${index}`]!.data as Float32Array)]);
  process.stdout.write(JSON.stringify({ loss: outputs[LOSS]!.data[0], gradients }));
} catch (error) {
  process.stdout.write(JSON.stringify({ code: (error as { code?: string }).code, message: `${error}` }));
} finally {
  await engine.close();
}
