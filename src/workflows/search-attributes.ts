import { defineSearchAttributeKey } from '@temporalio/common';
import { SEARCH_ATTRIBUTES } from './messages.js';

export const STATE = defineSearchAttributeKey(SEARCH_ATTRIBUTES.state.name, SEARCH_ATTRIBUTES.state.type);
export const TARGETS = defineSearchAttributeKey(
  SEARCH_ATTRIBUTES.targets.name,
  SEARCH_ATTRIBUTES.targets.type,
);
export const TIMESTAMP_VERSION = defineSearchAttributeKey(
  SEARCH_ATTRIBUTES.timestampVersion.name,
  SEARCH_ATTRIBUTES.timestampVersion.type,
);
export const FAILURE = defineSearchAttributeKey(
  SEARCH_ATTRIBUTES.failure.name,
  SEARCH_ATTRIBUTES.failure.type,
);
