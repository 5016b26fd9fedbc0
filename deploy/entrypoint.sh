#!/bin/sh
# What the signing roles write is public, and each of them writes it alone. What the monitor writes is for its group.
case "$*" in
  'worker monitor'*) umask 007 ;;
  *) umask 022 ;;
esac
# As src/dev/lean.ts has it: less memory, for a little more time.
export MALLOC_ARENA_MAX="${MALLOC_ARENA_MAX:-2}"
case "$*" in
  'worker targets'*) flags= ;;
  *) flags=--optimize-for-size ;;
esac
# shellcheck disable=SC2086 # none or one
exec node $flags /app/dist/cli/main.js "$@"
