package main

import (
	"crypto/sha256"
	"errors"
	"io"
	"os"
	"path/filepath"
)

func syncDirectory(path string) error {
	handle, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(handle.Sync(), handle.Close())
}

func makeDirectories(path string) error {
	if info, err := os.Stat(path); err == nil && info.IsDir() {
		return nil
	}
	parent := filepath.Dir(path)
	if err := makeDirectories(parent); err != nil {
		return err
	}
	if err := os.MkdirAll(path, 0o755); err != nil {
		return err
	}
	return syncDirectory(parent)
}

// The caller syncs the directory.
func writeDurably(path string, data []byte) error {
	file, err := os.Create(path + ".tmp")
	if err != nil {
		return err
	}
	_, err = file.Write(data)
	if err := errors.Join(err, file.Sync(), file.Close()); err != nil {
		return err
	}
	return os.Rename(path+".tmp", path)
}

// copyDurably copies and hashes in one pass, to a name that begins with the hash. The caller syncs the directory.
func copyDurably(source, directory, name string) (int64, []byte, error) {
	from, err := os.Open(source)
	if err != nil {
		return 0, nil, err
	}
	defer from.Close()
	temporary := filepath.Join(directory, "."+name+".tmp")
	file, err := os.Create(temporary)
	if err != nil {
		return 0, nil, err
	}
	digest := sha256.New()
	// Hidden behind plain interfaces, so that the buffer is used and every block passes the hash while it is warm.
	length, err := io.CopyBuffer(struct{ io.Writer }{io.MultiWriter(digest, file)}, struct{ io.Reader }{from}, make([]byte, 1<<20))
	if err := errors.Join(err, file.Sync(), file.Close()); err != nil {
		return 0, nil, err
	}
	sum := digest.Sum(nil)
	return length, sum, os.Rename(temporary, filepath.Join(directory, hexOf(sum)+"."+name))
}
