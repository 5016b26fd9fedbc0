#!/bin/sh
# The namespace that the workers use; a month of closed releases stays to be looked at.
set -eu
until temporal operator cluster health --address "$TEMPORAL_ADDRESS"; do sleep 1; done
temporal operator namespace describe --address "$TEMPORAL_ADDRESS" --namespace default ||
  temporal operator namespace create --address "$TEMPORAL_ADDRESS" --namespace default --retention 30d
