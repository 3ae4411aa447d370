#!/bin/sh
# Runs a tool inside a bubblewrap sandbox. What is in the box comes from the
# environment that the generated wrapper sets:
#   BOX_NAME   name of the box, for messages
#   BOX_TOOL   the program to run
#   BOX_STORE  the Nix store, shown again after /tmp is emptied
#   BOX_HOME   folder below $HOME the tool may write to, or nothing
#   BOX_NET    bwrap's option for the network, or nothing
set -eu

if ! command -v bwrap >/dev/null; then
  echo "$BOX_NAME: bwrap not found, please install bubblewrap" >&2
  exit 127
fi

set -- "$BOX_TOOL" "$@"
if [ -n "$BOX_HOME" ]; then
  mkdir -p "$HOME/$BOX_HOME"
  set -- --bind "$HOME/$BOX_HOME" "$HOME/$BOX_HOME" "$@"
fi

exec bwrap --ro-bind / / --dev /dev --proc /proc --tmpfs /tmp \
  --ro-bind "$BOX_STORE" "$BOX_STORE" \
  ${BOX_NET:+"$BOX_NET"} --die-with-parent "$@"
