//! Downloads targets with tough, from nothing but a root, and prints one line of JSON.
//!
//! The drivers of all clients take the same options: --metadata-url --targets-url --root --dir --paths

use std::collections::HashMap;
use std::error::Error;
use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;
use std::{env, fs};

use async_trait::async_trait;
use rustls::crypto::aws_lc_rs;
use tough::{
    HttpTransport, HttpTransportBuilder, Prefix, RepositoryLoader, TargetName, Transport,
    TransportError, TransportStream,
};
use url::Url;

fn main() -> ExitCode {
    match run() {
        Ok((version, downloaded)) => {
            println!(r#"{{"version":{version},"downloaded":{downloaded}}}"#);
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("tough: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<(u64, usize), Box<dyn Error>> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let options: HashMap<&str, &str> = arguments
        .chunks_exact(2)
        .map(|pair| (pair[0].as_str(), pair[1].as_str()))
        .collect();
    let option = |name: &str| {
        options
            .get(name)
            .copied()
            .ok_or(format!("{name} is missing"))
    };
    let metadata_url = directory_url(option("--metadata-url")?)?;
    let targets_url = directory_url(option("--targets-url")?)?;
    let root = fs::read(option("--root")?)?;
    let paths = fs::read_to_string(option("--paths")?)?;
    let directory = Path::new(option("--dir")?);
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?
        .block_on(download(
            metadata_url,
            targets_url,
            &root,
            &paths,
            directory,
        ))
}

async fn download(
    metadata_url: Url,
    targets_url: Url,
    root: &[u8],
    paths: &str,
    directory: &Path,
) -> Result<(u64, usize), Box<dyn Error>> {
    let metadata = directory.join("metadata");
    let targets = directory.join("targets");
    fs::create_dir_all(&metadata)?;
    fs::create_dir_all(&targets)?;
    let repository = RepositoryLoader::new(&root, metadata_url, targets_url.clone())
        .transport(HashBeforeName {
            targets_url,
            inner: HttpTransportBuilder::new()
                // Else it waits before every request, also the first one.
                .initial_backoff(Duration::ZERO)
                // Else it reads all certificates of the system for every request.
                .crypto_provider(aws_lc_rs::default_provider())
                .build(),
        })
        .datastore(metadata)
        .load()
        .await?;
    let mut downloaded = 0;
    for path in paths.split('\n').filter(|path| !path.is_empty()) {
        let name = TargetName::new(path)?;
        repository
            .save_target(&name, &targets, Prefix::None)
            .await?;
        downloaded += 1;
    }
    Ok((repository.timestamp().signed.version.get(), downloaded))
}

fn directory_url(url: &str) -> Result<Url, url::ParseError> {
    Url::parse(&format!("{}/", url.trim_end_matches('/')))
}

/// tough puts the hash before the whole path of a target (`HASH.vendor/name.zip`). The other clients put it before
/// the name (`vendor/HASH.name.zip`), and so does the repository. Without this tough finds no nested target.
#[derive(Clone, Debug)]
struct HashBeforeName {
    targets_url: Url,
    inner: HttpTransport,
}

#[async_trait]
impl Transport for HashBeforeName {
    async fn fetch(&self, url: Url) -> Result<TransportStream, TransportError> {
        let moved = self.with_hash_before_name(&url);
        self.inner.fetch(moved.unwrap_or(url)).await
    }
}

impl HashBeforeName {
    /// Nothing for what is no nested target.
    fn with_hash_before_name(&self, url: &Url) -> Option<Url> {
        let targets = self.targets_url.as_str();
        let (hash, path) = url.as_str().strip_prefix(targets)?.split_once('.')?;
        let (directory, name) = path.rsplit_once('/')?;
        Url::parse(&format!("{targets}{directory}/{hash}.{name}")).ok()
    }
}
