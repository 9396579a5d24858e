// Conversations to learn from: questions about units, answered in JSON. Writes units-train.jsonl and units-held-out.jsonl.
//
//     node examples/make-units-chat.mjs [folder]
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

const UNITS = [
  ['miles', 'kilometres', 1.609344],
  ['pounds', 'kilograms', 0.45359237],
  ['feet', 'metres', 0.3048],
  ['gallons', 'litres', 3.785411784],
  ['inches', 'centimetres', 2.54],
  ['ounces', 'grams', 28.349523125],
];
const QUESTIONS = [
  (from, to, n) => `How many ${to} are ${n} ${from}?`,
  (from, to, n) => `Please convert ${n} ${from} to ${to}.`,
  (from, to, n) => `I have ${n} ${from}. What is that in ${to}?`,
  (from, to, n) => `${n} ${from} in ${to}?`,
];

const conversation = (number) => {
  const [from, to, factor] = UNITS[number % UNITS.length];
  const ask = QUESTIONS[Math.floor(number / UNITS.length) % QUESTIONS.length];
  const amount = 1 + ((number * 37) % 199);
  const answer = { value: Number((amount * factor).toPrecision(4)), unit: to };
  return {
    messages: [
      { role: 'system', content: 'Answer with JSON and nothing else.' },
      { role: 'user', content: ask(from, to, amount) },
      { role: 'assistant', content: JSON.stringify(answer) },
    ],
  };
};

const folder = process.argv[2] ?? '.';
const lines = Array.from({ length: 900 }, (_, number) => JSON.stringify(conversation(number)));
writeFileSync(join(folder, 'units-train.jsonl'), `${lines.slice(0, 750).join('\n')}\n`);
writeFileSync(join(folder, 'units-held-out.jsonl'), `${lines.slice(750).join('\n')}\n`);
