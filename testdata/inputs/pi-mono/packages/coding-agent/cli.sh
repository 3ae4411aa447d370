#!/bin/sh
# Pi, the coding agent: reads, writes, edits. This one only talks.
case "${1-}" in
  --help) echo "usage: pi [--help | PROMPT...]" ;;
  *) echo "pi: $*" ;;
esac
