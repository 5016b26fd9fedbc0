// A publisher on go-tuf: `init HOME`, then `publish HOME READY`.
//
// It starts from what timestamp.json shows, so that run again it does what was left undone as well as it can; files
// are written by the library (ToFile), target files first and timestamp.json last.
package main

import (
	"crypto"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"time"

	"github.com/sigstore/sigstore/pkg/signature"
	"github.com/theupdateframework/go-tuf/v2/metadata"
)

// All calls come from one thread, so that they can be counted.
func init() { runtime.LockOSThread() }

type publisher struct{ home string }

func (p publisher) path(role string, version int64) string {
	name := fmt.Sprintf("%d.%s.json", version, role)
	if role == "timestamp" {
		name = "timestamp.json"
	}
	return filepath.Join(p.home, "repository", "metadata", name)
}

func (p publisher) key(role string) crypto.Signer {
	text, err := os.ReadFile(filepath.Join(p.home, "keys", role+".pem"))
	check(err)
	block, _ := pem.Decode(text)
	key, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	check(err)
	return key.(crypto.Signer)
}

func write[T metadata.Roles](p publisher, role string, version int64, md *metadata.Metadata[T]) {
	signer, err := signature.LoadSigner(p.key(role), crypto.Hash(0))
	check(err)
	md.ClearSignatures()
	_, err = md.Sign(signer)
	check(err)
	check(md.ToFile(p.path(role, version), true))
}

func (p publisher) init() {
	check(os.MkdirAll(filepath.Join(p.home, "repository", "metadata"), 0o755))
	check(os.MkdirAll(filepath.Join(p.home, "repository", "targets"), 0o755))
	expires := later()
	root := metadata.Root(expires)
	for _, role := range []string{"root", "targets", "snapshot", "timestamp"} {
		key, err := metadata.KeyFromPublicKey(p.key(role).Public())
		check(err)
		check(root.Signed.AddKey(key, role))
	}
	write(p, "root", 1, root)
	write(p, "targets", 1, metadata.Targets(expires))
	write(p, "snapshot", 1, metadata.Snapshot(expires))
	write(p, "timestamp", 1, metadata.Timestamp(expires))
}

func (p publisher) publish(ready string) {
	timestamp, err := metadata.Timestamp().FromFile(p.path("timestamp", 0))
	check(err)
	snapshot, err := metadata.Snapshot().FromFile(p.path("snapshot", timestamp.Signed.Meta["snapshot.json"].Version))
	check(err)
	targets, err := metadata.Targets().FromFile(p.path("targets", snapshot.Signed.Meta["targets.json"].Version))
	check(err)

	check(filepath.WalkDir(ready, func(local string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		name, err := filepath.Rel(ready, local)
		check(err)
		info, err := metadata.TargetFile().FromFile(local, "sha256")
		check(err)
		info.Path = name
		targets.Signed.Targets[name] = info
		to := filepath.Join(p.home, "repository", "targets", filepath.Dir(name), info.Hashes["sha256"].String()+"."+entry.Name())
		check(os.MkdirAll(filepath.Dir(to), 0o755))
		bytes, err := os.ReadFile(local)
		check(err)
		return os.WriteFile(to, bytes, 0o644)
	}))
	targets.Signed.Version++
	targets.Signed.Expires = later()
	write(p, "targets", targets.Signed.Version, targets)
	snapshot.Signed.Meta["targets.json"] = metadata.MetaFile(targets.Signed.Version)
	snapshot.Signed.Version++
	snapshot.Signed.Expires = later()
	write(p, "snapshot", snapshot.Signed.Version, snapshot)
	timestamp.Signed.Meta["snapshot.json"] = metadata.MetaFile(snapshot.Signed.Version)
	timestamp.Signed.Version++
	timestamp.Signed.Expires = later()
	write(p, "timestamp", timestamp.Signed.Version, timestamp)
}

func later() time.Time { return time.Now().AddDate(0, 0, 30).UTC().Truncate(time.Second) }

func check(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func main() {
	p := publisher{os.Args[2]}
	if os.Args[1] == "init" {
		p.init()
	} else {
		p.publish(os.Args[3])
	}
}
