/** The specification that metadata names. Clients look at the first number only; tough's editor takes no other than this. */
export const SPEC_VERSION = '1.0.0';
