#!/bin/sh
# Remakes assets/text and assets/model from the corpora in node_modules.
#
#     scripts/assets/make-assets.sh [WORK_FOLDER]
#
# WORK_FOLDER keeps what is not bundled: training data, checkpoints, metrics. After an interruption the same command
# goes on from the last checkpoint.
set -eu
cd "$(dirname "$0")/../.."
work=${1:-.tmp/assets}
model=$work/model
mkdir -p "$work" assets/model

npx tsx scripts/assets/make-texts.ts "$work"
npx tsx scripts/assets/train-tokenizer.ts "$work/state-of-the-union.jsonl" "$work/tokenizer"

resume=
# The model that is here was made by version 0.1, whose learning rates were one step ahead of today's.
if [ -e "$model/checkpoint.safetensors" ]; then resume=--resume; fi
npx tsx src/cli/main.ts pretrain --config scripts/assets/config.json --tokenizer "$work/tokenizer/tokenizer.json" \
  --data "$work/state-of-the-union.jsonl" --eval-data assets/text/state-of-the-union.txt assets/text/moby-dick.txt \
  --steps 2000 --batch-size 8 --seq-len 256 --lr 1e-3 --warmup 100 --weight-decay 0.1 --clip 1 --seed 1 \
  --save-type float16 --out "$model" $resume

for file in config.json model.safetensors tokenizer.json tokenizer_config.json; do
  cp "$model/$file" assets/model/
done
npx tsx scripts/assets/write-model-card.ts "$model" assets/model/README.md
