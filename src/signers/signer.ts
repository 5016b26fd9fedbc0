/** A public key as TUF metadata carries it (§4.2): for Ed25519 `keyval.public` is hex. */
export interface PublicKey {
  readonly keytype: string;
  readonly scheme: string;
  readonly keyval: { readonly public: string };
}

/** Something that signs for a role. What kind of key store is behind it, only the URI tells. */
export interface Signer {
  /** As in the configuration, without secrets: for messages. */
  readonly uri: string;
  readonly publicKey: PublicKey;
  /** Signature over `bytes` in the form of the key's scheme. @throws transient where the key store is away. */
  sign(bytes: Uint8Array): Promise<Uint8Array>;
}

export interface SignerEnvironment {
  /** Directory that relative paths in a URI are relative to. */
  readonly directory: string;
  /** Environment variables, for passphrases. */
  readonly environment: Readonly<Record<string, string | undefined>>;
}
