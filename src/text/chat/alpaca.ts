/** The prompt that Alpaca's data were made for (Taori et al. 2023), for models without a chat template. */
export function alpacaPrompt(instruction: string, input: string | undefined): string {
  const [beside, section] =
    input === undefined
      ? ['', '']
      : [', paired with an input that provides further context', `\n\n### Input:\n${input}`];
  return (
    `Below is an instruction that describes a task${beside}. ` +
    'Write a response that appropriately completes the request.\n\n' +
    `### Instruction:\n${instruction}${section}\n\n### Response:`
  );
}
