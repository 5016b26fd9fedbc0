package main

import (
	"crypto"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"math/bits"
	"os"
	"path/filepath"
	"time"

	"github.com/sigstore/sigstore/pkg/signature"
	"github.com/theupdateframework/go-tuf/v2/metadata"
)

type targetsRole = metadata.Metadata[metadata.TargetsType]

// repository keeps all metadata in memory, as objects of the library.
type repository struct {
	metadata, files string
	fullEntries     bool
	bits            int // Of a hash that choose a bin; negative where there are no bins.
	signers         map[string]signature.Signer
	keys            map[string]*metadata.Key
	targets         *targetsRole
	bins            []*targetsRole
	binNames        []string
	snapshot        *metadata.Metadata[metadata.SnapshotType]
	timestamp       *metadata.Metadata[metadata.TimestampType]
}

func newRepository(given options) (*repository, error) {
	r := &repository{
		metadata:    filepath.Join(given.Directory, "metadata"),
		files:       filepath.Join(given.Directory, "targets"),
		fullEntries: given.SnapshotEntries == "full",
		bits:        bits.Len(uint(given.Bins)) - 1,
		signers:     map[string]signature.Signer{},
		keys:        map[string]*metadata.Key{},
		targets:     metadata.Targets(expiry()),
		bins:        make([]*targetsRole, given.Bins),
		snapshot:    metadata.Snapshot(expiry()),
		timestamp:   metadata.Timestamp(expiry()),
	}
	for _, role := range []string{"root", "targets", "bins", "snapshot", "timestamp"} {
		if err := r.newKey(role); err != nil {
			return nil, err
		}
	}
	for _, directory := range []string{r.metadata, r.files} {
		if err := os.MkdirAll(directory, 0o755); err != nil {
			return nil, err
		}
	}
	if given.Bins > 0 {
		if err := r.delegate(given); err != nil {
			return nil, err
		}
	}
	for number := range given.Targets {
		path, target := synthetic(number)
		r.put(path, target)
	}
	return r, r.publishFirst()
}

func (r *repository) newKey(role string) error {
	public, private, err := ed25519.GenerateKey(nil)
	if err != nil {
		return err
	}
	if r.keys[role], err = metadata.KeyFromPublicKey(public); err != nil {
		return err
	}
	r.signers[role], err = signature.LoadSigner(private, crypto.Hash(0))
	return err
}

func (r *repository) delegate(given options) error {
	key := r.keys["bins"]
	id, err := key.ID()
	if err != nil {
		return err
	}
	delegations := &metadata.Delegations{Keys: map[string]*metadata.Key{id: key}}
	succinct := &metadata.SuccinctRoles{KeyIDs: []string{id}, Threshold: 1, BitLength: r.bits, NamePrefix: "bin"}
	r.binNames = succinct.GetRoles()
	for index := range r.bins {
		r.bins[index] = metadata.Targets(expiry())
	}
	if given.Style == "succinct" {
		delegations.SuccinctRoles = succinct
	} else {
		digits := (r.bits + 3) / 4
		each := 1 << (4*digits - r.bits)
		for index, name := range r.binNames {
			prefixes := make([]string, each)
			for offset := range prefixes {
				prefixes[offset] = fmt.Sprintf("%0*x", digits, index*each+offset)
			}
			delegations.Roles = append(delegations.Roles, metadata.DelegatedRole{
				Name: name, KeyIDs: []string{id}, Threshold: 1, Terminating: true, PathHashPrefixes: prefixes,
			})
		}
	}
	r.targets.Signed.Delegations = delegations
	return nil
}

// put lists a target. It returns its bin, or -1 where there are none.
func (r *repository) put(path string, target *metadata.TargetFiles) int {
	if r.bits < 0 {
		r.targets.Signed.Targets[path] = target
		return -1
	}
	digest := sha256.Sum256([]byte(path))
	bin := int(uint64(binary.BigEndian.Uint32(digest[:4])) >> (32 - r.bits))
	r.bins[bin].Signed.Targets[path] = target
	return bin
}

func expiry() time.Time { return time.Now().AddDate(0, 0, 7).UTC().Truncate(time.Second) }

func hexOf(bytes []byte) string { return hex.EncodeToString(bytes) }
