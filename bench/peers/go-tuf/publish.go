package main

import (
	"fmt"
	"path/filepath"
	"sync"

	"github.com/theupdateframework/go-tuf/v2/metadata"
)

func (r *repository) release(files [][2]string) error {
	directories, touched := map[string]bool{}, map[int]bool{}
	var lock sync.Mutex
	err := sideBySide(files, func(file [2]string) error {
		directory := filepath.Join(r.files, filepath.Dir(file[1]))
		if err := makeDirectories(directory); err != nil {
			return err
		}
		length, digest, err := copyDurably(file[0], directory, filepath.Base(file[1]))
		if err != nil {
			return err
		}
		lock.Lock()
		defer lock.Unlock()
		directories[directory] = true
		hashes := metadata.Hashes{"sha256": digest}
		touched[r.put(file[1], &metadata.TargetFiles{Length: length, Hashes: hashes, Path: file[1]})] = true
		return nil
	})
	if err != nil {
		return err
	}
	for directory := range directories {
		if err := syncDirectory(directory); err != nil {
			return err
		}
	}
	return r.publish(touched)
}

// publish makes the next version of what was touched, of the snapshot and of the timestamp, one after the other.
func (r *repository) publish(touched map[int]bool) error {
	roles := make([]int, 0, len(touched))
	for bin := range touched {
		roles = append(roles, bin)
		_, role := r.role(bin)
		role.Signed.Version++
		role.Signed.Expires = expiry()
	}
	err := r.signRoles(roles, func(role signedRole) error {
		return writeDurably(r.path(role.name, role.entry.Version), role.data)
	})
	if err != nil {
		return err
	}
	if err := syncDirectory(r.metadata); err != nil {
		return err
	}
	r.snapshot.Signed.Version++
	r.snapshot.Signed.Expires = expiry()
	snapshot, err := signAndWrite(r, "snapshot", r.snapshot.Signed.Version, r.snapshot)
	if err != nil {
		return err
	}
	r.timestamp.Signed.Meta["snapshot.json"] = entry(r.snapshot.Signed.Version, snapshot, true)
	r.timestamp.Signed.Version++
	r.timestamp.Signed.Expires = expiry()
	_, err = signAndWrite(r, "timestamp", r.timestamp.Signed.Version, r.timestamp)
	return err
}

func signAndWrite[T metadata.Roles](r *repository, name string, version int64, role *metadata.Metadata[T]) ([]byte, error) {
	data, err := sign(r, name, role)
	if err != nil {
		return nil, err
	}
	if err := writeDurably(r.path(name, version), data); err != nil {
		return nil, err
	}
	return data, syncDirectory(r.metadata)
}

func (r *repository) role(bin int) (string, *targetsRole) {
	if bin < 0 {
		return "targets", r.targets
	}
	return r.binNames[bin], r.bins[bin]
}

func (r *repository) path(name string, version int64) string {
	if name == "timestamp" {
		return filepath.Join(r.metadata, "timestamp.json")
	}
	return filepath.Join(r.metadata, fmt.Sprintf("%d.%s.json", version, name))
}
