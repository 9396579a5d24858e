/**
 * TensorBoard event files: TFRecords of Event protocol buffers, with scalars only. The formats are those of
 * tensorflow/core/lib/io/record_writer.h, tensorflow/core/util/event.proto and framework/summary.proto.
 */

/** Scalars of one step. */
export interface ScalarEvent {
  readonly step: number;
  /** Seconds since 1970. */
  readonly time: number;
  /** Tag → value; what is undefined is left out. */
  readonly scalars: Readonly<Record<string, number | undefined>>;
}

/** The name under which TensorBoard looks for event files. `time` in seconds since 1970. */
export function eventFileName(time: number, host: string): string {
  return `events.out.tfevents.${Math.floor(time)}.${host.replace(/[^\w.-]/g, '-')}`;
}

/** What an event file begins with. */
export function encodeFileStart(time: number): Uint8Array {
  return encodeRecord(message(double(1, time), bytes(3, utf8('brain.Event:2'))));
}

/** One event, to be appended to a file that {@link encodeFileStart} began. */
export function encodeScalars({ step, time, scalars }: ScalarEvent): Uint8Array {
  const values = Object.entries(scalars).flatMap(([tag, value]) =>
    value === undefined ? [] : [bytes(1, message(bytes(1, utf8(tag)), float(2, value)))],
  );
  return encodeRecord(message(double(1, time), varint(2, step), bytes(5, message(...values))));
}

/** A TFRecord: length, its checksum, data, its checksum; little-endian. */
function encodeRecord(data: Uint8Array): Uint8Array {
  const record = new Uint8Array(data.length + 16);
  const view = new DataView(record.buffer);
  view.setBigUint64(0, BigInt(data.length), true);
  view.setUint32(8, maskedCrc(record.subarray(0, 8)), true);
  record.set(data, 12);
  view.setUint32(12 + data.length, maskedCrc(data), true);
  return record;
}

/** A checksum of data that holds checksums is masked, as the format asks. */
function maskedCrc(data: Uint8Array): number {
  const crc = crc32c(data);
  return (((crc >>> 15) | (crc << 17)) + 0xa282ead8) >>> 0;
}

/** CRC-32C (Castagnoli), bit by bit from a table of bytes. */
export function crc32c(data: Uint8Array): number {
  let crc = 0xffffffff;
  for (const byte of data) crc = (crc >>> 8) ^ CRC_TABLE[(crc ^ byte) & 0xff]!;
  return (crc ^ 0xffffffff) >>> 0;
}

const CRC_TABLE = Uint32Array.from({ length: 256 }, (_, byte) => {
  let crc = byte;
  for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? 0x82f63b78 : 0);
  return crc;
});

// Protocol-buffer fields: a key of number and wire type, then the value.
const utf8 = (text: string) => new TextEncoder().encode(text);

function message(...fields: readonly Uint8Array[]): Uint8Array {
  return Uint8Array.from(fields.flatMap((field) => [...field]));
}

function varintBytes(value: number): number[] {
  const result: number[] = [];
  let rest = value;
  for (; rest > 127; rest = Math.floor(rest / 128)) result.push((rest % 128) | 128);
  return [...result, rest];
}

const varint = (field: number, value: number) => Uint8Array.from([field << 3, ...varintBytes(value)]);

const bytes = (field: number, value: Uint8Array) =>
  Uint8Array.from([(field << 3) | 2, ...varintBytes(value.length), ...value]);

function double(field: number, value: number): Uint8Array {
  const result = new Uint8Array(9);
  result[0] = (field << 3) | 1;
  new DataView(result.buffer).setFloat64(1, value, true);
  return result;
}

function float(field: number, value: number): Uint8Array {
  const result = new Uint8Array(5);
  result[0] = (field << 3) | 5;
  new DataView(result.buffer).setFloat32(1, value, true);
  return result;
}
