#!/bin/sh
# Entry point of the image: pull the model, if a repository is given, and serve it.
set -eu
model=/model
if [ -n "${MODEL_REPO:-}" ]; then
    model=/tmp/model
    rm -rf "$model"
    ml-workshop pull --repo "$MODEL_REPO" --revision "${MODEL_REVISION:-latest}" --output-dir "$model" >/dev/null
elif [ ! -e "$model/manifest.json" ]; then
    echo "There is no model at /model; mount a model directory there, or set MODEL_REPO." >&2
    exit 2
fi
exec ml-workshop serve --model "$model" --host 0.0.0.0 "$@"
