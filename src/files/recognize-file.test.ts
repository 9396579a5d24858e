import { expect, it } from 'vitest';
import { recognizeKind } from './recognize-file.ts';

it('takes a safetensors header of any length for one, whatever other kind its first bytes are those of', () => {
  for (let low = 0; low < 65_536; low++) {
    for (const high of [0, 1, 0x403, 0x5f4]) {
      const bytes = Buffer.alloc(64, 0x20);
      bytes.writeUInt32LE(low + high * 65_536);
      bytes.writeUInt32LE(0, 4);
      bytes.write('{"a":', 8);
      if (recognizeKind(bytes)?.id !== 'safetensors') expect.fail(`a header of ${low + high * 65_536} bytes`);
    }
  }
});
