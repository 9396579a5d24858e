import { describe, expect, it } from 'vitest';
import type { AdviceRecord } from '../record/index.ts';
import { TRAINERS, writeForTrainer } from './trainers.ts';

const layer = (name: string, rank: number) => ({ name, rank });
const record = {
  model: { path: './my-model' },
  data: { path: 'notes.txt' },
  settings: { steps: 40, batchSize: 4, seqLen: 128, schedule: 'cosine' },
  plan: {
    family: 'factors',
    basis: 'natural',
    rank: 8,
    layers: [
      layer('model.layers.0.self_attn.q_proj', 8),
      layer('model.layers.0.self_attn.k_proj', 4),
      layer('model.layers.0.mlp.up_proj', 8),
    ],
  },
  rate: { learningRate: 0.005 },
  notes: [],
} as unknown as AdviceRecord;
const without = {
  ...record,
  plan: { ...record.plan, layers: [...record.plan.layers, layer('model.layers.1.mlp.up_proj', 0)] },
};

describe('what other trainers read', () => {
  it('is for PEFT every rank with its alpha, and the modules by name', () => {
    const { files, notes } = writeForTrainer('peft', record);
    expect(notes).toEqual([]);
    expect(JSON.parse(files['lora_config.json']!)).toEqual({
      task_type: 'CAUSAL_LM',
      r: 8,
      lora_alpha: 8,
      rank_pattern: { 'model.layers.0.self_attn.k_proj': 4 },
      alpha_pattern: { 'model.layers.0.self_attn.k_proj': 4 },
      target_modules: record.plan.layers.map(({ name }) => name),
      lora_dropout: 0,
      bias: 'none',
    });
    expect(JSON.parse(files['training_arguments.json']!)).toMatchObject({
      learning_rate: 0.005,
      lr_scheduler_type: 'cosine',
      max_steps: 40,
      per_device_train_batch_size: 4,
    });
    expect(files['lora_config.py']).toContain('r=8,');
  });

  it.each(TRAINERS)('names rate, rank and model for %s', (trainer) => {
    const text = Object.values(writeForTrainer(trainer, record, 'org/model').files).join('\n');
    expect(text).toContain('0.005');
    expect(text).toContain('org/model');
    expect(text).toMatch(/rank"?: ?8|r=8|"?lora_r"?: 8|"r": 8/);
  });

  it('says what a trainer cannot be told', () => {
    expect(writeForTrainer('axolotl', record).notes[0]).toMatch(/one rank only: 1 layers/);
    expect(writeForTrainer('unsloth', without).notes[1]).toMatch(/last part/);
    expect(writeForTrainer('peft', without).notes).toEqual([]);
    expect(
      JSON.parse(writeForTrainer('peft', without).files['lora_config.json']!).target_modules,
    ).toHaveLength(3);
    expect(() => writeForTrainer('trl', { ...record, rate: null })).toThrow(
      expect.objectContaining({ code: 'learning-rate-unknown' }),
    );
  });
});
