/** The architectures that can be opened, by the `model_type` of their config. A new one is one line and one file. */
import type { ModelDefinition } from './definition.ts';
import { gpt2 } from './gpt2.ts';
import { llama } from './llama.ts';

export const ARCHITECTURES: Readonly<Record<string, (config: unknown) => ModelDefinition>> = { gpt2, llama };
