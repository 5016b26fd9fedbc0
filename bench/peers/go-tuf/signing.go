package main

import (
	"crypto/sha256"
	"runtime"
	"sync"

	"github.com/theupdateframework/go-tuf/v2/metadata"
)

// signedRole is targets metadata that was signed: its entry in the snapshot and its bytes.
type signedRole struct {
	name  string
	entry *metadata.MetaFiles
	data  []byte
}

// signRoles signs and writes targets roles that do not refer to each other, and lists them in the snapshot.
func (r *repository) signRoles(roles []int, write func(signedRole) error) error {
	var lock sync.Mutex
	return sideBySide(roles, func(bin int) error {
		name, role := r.role(bin)
		key := "bins"
		if bin < 0 {
			key = "targets"
		}
		data, err := sign(r, key, role)
		if err != nil {
			return err
		}
		signed := signedRole{name, entry(role.Signed.Version, data, r.fullEntries), data}
		lock.Lock()
		r.snapshot.Signed.Meta[name+".json"] = signed.entry
		lock.Unlock()
		return write(signed)
	})
}

func sign[T metadata.Roles](r *repository, key string, role *metadata.Metadata[T]) ([]byte, error) {
	role.ClearSignatures()
	if _, err := role.Sign(r.signers[key]); err != nil {
		return nil, err
	}
	return role.ToBytes(false)
}

func entry(version int64, data []byte, full bool) *metadata.MetaFiles {
	if !full {
		return &metadata.MetaFiles{Version: version}
	}
	digest := sha256.Sum256(data)
	return &metadata.MetaFiles{
		Version: version, Length: int64(len(data)), Hashes: metadata.Hashes{"sha256": digest[:]},
	}
}

// sideBySide does all, a few at a time, and returns one of the errors.
func sideBySide[T any](all []T, do func(T) error) error {
	slots := make(chan struct{}, max(4, runtime.NumCPU()))
	errs := make(chan error, len(all))
	for _, one := range all {
		slots <- struct{}{}
		go func() {
			errs <- do(one)
			<-slots
		}()
	}
	var first error
	for range all {
		if err := <-errs; err != nil {
			first = err
		}
	}
	return first
}
