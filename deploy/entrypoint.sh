#!/bin/sh
# What the signing roles write is public, and each of them writes it alone. What the monitor writes is for its group.
case "$*" in
  'worker monitor'*) umask 007 ;;
  *) umask 022 ;;
esac
# A third less memory, for a twentieth more time: not for the targets worker, which has most to do of its own.
case "$*" in
  'worker targets'*) flags= ;;
  *) flags=--optimize-for-size ;;
esac
# shellcheck disable=SC2086 # none or one
exec node $flags /app/dist/cli/main.js "$@"
