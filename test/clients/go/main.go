// Downloads targets with go-tuf, from nothing but a root, and prints one line of JSON.
//
// The drivers of all clients take the same options: --metadata-url --targets-url --root --dir --paths
package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"log"
	"os"
	"path/filepath"
	"strings"

	"github.com/theupdateframework/go-tuf/v2/metadata/config"
	"github.com/theupdateframework/go-tuf/v2/metadata/updater"
)

func main() {
	log.SetFlags(0)
	metadataURL := flag.String("metadata-url", "", "where the metadata is served")
	targetsURL := flag.String("targets-url", "", "where the targets are served")
	root := flag.String("root", "", "file with the first root")
	dir := flag.String("dir", "", "directory of this client")
	paths := flag.String("paths", "", "file with one target path per line")
	flag.Parse()
	version, downloaded, err := download(*metadataURL, *targetsURL, *root, *dir, *paths)
	if err != nil {
		log.Fatalf("go-tuf: %v", err)
	}
	line, err := json.Marshal(map[string]int64{"version": version, "downloaded": int64(downloaded)})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(string(line))
}

func download(metadataURL, targetsURL, rootFile, dir, pathsFile string) (int64, int, error) {
	root, err := os.ReadFile(rootFile)
	if err != nil {
		return 0, 0, err
	}
	list, err := os.ReadFile(pathsFile)
	if err != nil {
		return 0, 0, err
	}
	settings, err := config.New(metadataURL, root)
	if err != nil {
		return 0, 0, err
	}
	settings.LocalMetadataDir = filepath.Join(dir, "metadata")
	settings.LocalTargetsDir = filepath.Join(dir, "targets")
	settings.RemoteTargetsURL = targetsURL
	settings.PrefixTargetsWithHash = true
	client, err := updater.New(settings)
	if err != nil {
		return 0, 0, err
	}
	if err := client.Refresh(); err != nil {
		return 0, 0, err
	}
	downloaded := 0
	for path := range strings.SplitSeq(string(list), "\n") {
		if path == "" {
			continue
		}
		info, err := client.GetTargetInfo(path)
		if err != nil {
			return 0, 0, fmt.Errorf("%s: %w", path, err)
		}
		local := filepath.Join(settings.LocalTargetsDir, filepath.FromSlash(path))
		if err := os.MkdirAll(filepath.Dir(local), 0o777); err != nil {
			return 0, 0, err
		}
		if _, _, err := client.DownloadTarget(info, local, ""); err != nil {
			return 0, 0, fmt.Errorf("%s: %w", path, err)
		}
		downloaded++
	}
	return client.GetTrustedMetadataSet().Timestamp.Signed.Version, downloaded, nil
}
