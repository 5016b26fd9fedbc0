package main

import (
	"crypto/sha256"
	"fmt"
	"os"
	"syscall"

	"github.com/theupdateframework/go-tuf/v2/metadata"
)

func synthetic(number int) (string, *metadata.TargetFiles) {
	vendor, of := number/12%4999, number/12
	path := fmt.Sprintf("vendor-%d/package-%d/package-%d-1.%d.0.zip", vendor, of, of, number%12)
	digest := sha256.Sum256([]byte(path))
	return path, &metadata.TargetFiles{
		Length: int64(10_000 + number), Hashes: metadata.Hashes{"sha256": digest[:]}, Path: path,
	}
}

// publishFirst writes all of the first version. Nobody would miss it, so that nothing is fsynced file by file.
func (r *repository) publishFirst() error {
	if err := r.writeRoot(); err != nil {
		return err
	}
	write := func(role signedRole) error {
		return os.WriteFile(r.path(role.name, 1), role.data, 0o644)
	}
	roles := []int{-1}
	for bin := range r.bins {
		roles = append(roles, bin)
	}
	err := r.signRoles(roles, write)
	if err != nil {
		return err
	}
	snapshot, err := sign(r, "snapshot", r.snapshot)
	if err != nil {
		return err
	}
	r.timestamp.Signed.Meta["snapshot.json"] = entry(1, snapshot, true)
	timestamp, err := sign(r, "timestamp", r.timestamp)
	if err != nil {
		return err
	}
	for _, role := range []signedRole{{"snapshot", nil, snapshot}, {"timestamp", nil, timestamp}} {
		if err := write(role); err != nil {
			return err
		}
	}
	syscall.Sync()
	return nil
}

func (r *repository) writeRoot() error {
	root := metadata.Root(expiry())
	for _, role := range []string{"root", "targets", "snapshot", "timestamp"} {
		if err := root.Signed.AddKey(r.keys[role], role); err != nil {
			return err
		}
	}
	data, err := sign(r, "root", root)
	if err != nil {
		return err
	}
	return os.WriteFile(r.path("root", 1), data, 0o644)
}
