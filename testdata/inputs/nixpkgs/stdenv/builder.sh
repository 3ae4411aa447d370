# Runs one command, or unpacks src and runs the phases. Plain sh.
set -eu

if [ -n "${buildCommand+set}" ]; then
  eval "$buildCommand"
  exit
fi

if [ -n "${src-}" ]; then
  cp -r "$src" source
  chmod -R u+w source
  cd source
fi
eval "${preBuild-}"
eval "${buildPhase-}"
eval "$installPhase"
