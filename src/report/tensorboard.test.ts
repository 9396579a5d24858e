import { describe, expect, it } from 'vitest';
import { crc32c, encodeFileStart, encodeScalars, eventFileName } from './tensorboard.ts';

const hex = (data: Uint8Array) => Buffer.from(data).toString('hex');

describe('event files', () => {
  it('has the checksum of RFC 3720', () => {
    expect(crc32c(new TextEncoder().encode('123456789'))).toBe(0xe3069283);
    expect(crc32c(new Uint8Array(32))).toBe(0x8a9136aa);
  });

  it('writes the bytes that TensorFlow writes', () => {
    // tf.summary's EventsWriter: Event(wall_time=1.5, file_version="brain.Event:2") as one TFRecord.
    expect(hex(encodeFileStart(1.5))).toBe(
      `1800000000000000a37f4b2209000000000000f83f1a0d${Buffer.from('brain.Event:2').toString('hex')}${hex(
        encodeFileStart(1.5).subarray(-4),
      )}`,
    );
    const record = encodeScalars({ step: 300, time: 2, scalars: { loss: 0.5, missing: undefined } });
    const event = '090000000000000040' + '10ac02' + '2a0d' + '0a0b' + '0a046c6f7373' + '150000003f';
    expect(hex(record.subarray(12, -4))).toBe(event);
    expect(Number(new DataView(record.buffer).getBigUint64(0, true))).toBe(event.length / 2);
  });

  it('names files as TensorBoard looks for them', () => {
    expect(eventFileName(1700000000.9, 'my host')).toBe('events.out.tfevents.1700000000.my-host');
  });
});
