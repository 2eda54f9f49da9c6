//! The keys that sign access tokens: Ed25519, several at once so that one can be replaced while tokens of the other
//! are still about. The first key of the file signs; all of them verify.

use aws_lc_rs::encoding::AsDer as _;
use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair as _};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use clientela_kernel::{Error, Result, Timestamp};
use jsonwebtoken::{DecodingKey, EncodingKey};
use serde::{Deserialize, Serialize};
use serde_json::{Value as Json, json};
use sha2::{Digest as _, Sha256};
use std::fs::{self, OpenOptions};
use std::io::{ErrorKind, Write as _};
use std::path::{Path, PathBuf};

/// The file's name in the data directory.
pub const FILE_NAME: &str = "signing-keys.json";

/// The keys this node signs with. Each node has its own; the public halves of all of them are in the database ([`PublicKeys`]).
pub struct SigningKeys {
    keys: Vec<SigningKey>,
    /// When the one that signs was made, where that is known.
    made_at: Option<Timestamp>,
}

/// The public keys of every node, by which tokens are verified wherever they were signed.
#[derive(Default)]
pub struct PublicKeys(Vec<PublicKey>);

struct PublicKey {
    kid: String,
    public: Vec<u8>,
    verifier: DecodingKey,
}

impl PublicKeys {
    /// Reads public keys of Ed25519 as base64url; what is none is left out.
    pub fn read(keys: impl IntoIterator<Item = String>) -> PublicKeys {
        let decoded = keys.into_iter().filter_map(|key| URL_SAFE_NO_PAD.decode(key).ok()).filter(|public| public.len() == 32);
        let key = |public: Vec<u8>| PublicKey { kid: thumbprint(&public), verifier: DecodingKey::from_ed_der(&public), public };
        PublicKeys(decoded.map(key).collect())
    }

    /// Whether every key of another set is in this one too.
    pub(crate) fn holds(&self, others: &PublicKeys) -> bool {
        others.0.iter().all(|other| self.0.iter().any(|key| key.kid == other.kid))
    }

    /// The key of this name.
    pub(crate) fn verifier(&self, kid: &str) -> Option<&DecodingKey> {
        self.0.iter().find(|key| key.kid == kid).map(|key| &key.verifier)
    }

    fn shown(&self) -> impl Iterator<Item = (&str, &[u8])> {
        self.0.iter().map(|key| (key.kid.as_str(), key.public.as_slice()))
    }
}

struct SigningKey {
    kid: String,
    public: Vec<u8>,
    signer: EncodingKey,
    verifier: DecodingKey,
}

/// The file: `{"keys": [{"pkcs8": base 64}, …]}`.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct KeyFile {
    keys: Vec<KeyEntry>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct KeyEntry {
    /// PKCS #8 version 1 in base 64.
    pkcs8: String,
    /// When it was made, in milliseconds since 1970; unknown of those of older versions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    made_at: Option<i64>,
}

impl SigningKeys {
    /// A set of one new key, in memory only.
    pub fn generate() -> Result<SigningKeys> {
        Ok(SigningKeys { keys: vec![SigningKey::from_pkcs8(&new_pkcs8()?)?], made_at: None })
    }

    /// Reads the file, or makes it with one new key, readable by its owner alone.
    pub fn load_or_create(path: &Path, now: Timestamp) -> Result<SigningKeys> {
        match fs::read_to_string(path) {
            Ok(text) => {
                check_mode(path)?;
                SigningKeys::parse(&text).map_err(|reason| unusable(path, reason))
            }
            Err(error) if error.kind() == ErrorKind::NotFound => {
                create(path, now).map_err(|error| unusable(path, error))?;
                let text = fs::read_to_string(path).map_err(|error| unusable(path, error))?;
                SigningKeys::parse(&text).map_err(|reason| unusable(path, reason))
            }
            Err(error) => Err(unusable(path, error)),
        }
    }

    fn parse(text: &str) -> Result<SigningKeys, String> {
        let file: KeyFile = serde_json::from_str(text).map_err(|error| error.to_string())?;
        let mut keys = Vec::with_capacity(file.keys.len());
        for (index, entry) in file.keys.iter().enumerate() {
            let bytes = STANDARD.decode(&entry.pkcs8).map_err(|error| format!("key {index} is not base 64: {error}"))?;
            keys.push(SigningKey::from_pkcs8(&bytes).map_err(|_| format!("key {index} is not an Ed25519 key in PKCS #8"))?);
        }
        if keys.is_empty() {
            return Err("it holds no key".to_owned());
        }
        Ok(SigningKeys { keys, made_at: file.keys.first().and_then(|entry| entry.made_at).map(Timestamp) })
    }

    /// Puts a new key in the place of all that are in the file. Their public halves must stay known ([`PublicKeys`]) until what they have
    /// signed is over. A server that has the file open goes on with what it has read until it reads it again.
    ///
    /// # Errors
    /// Where the file cannot be read or written: it is then as it was.
    pub fn rotate(path: &Path, now: Timestamp) -> Result<SigningKeys> {
        check_mode(path)?;
        let placed = draft(path, now).and_then(|draft| fs::rename(&draft, path).map_err(|error| error.to_string()));
        placed.map_err(|error| unusable(path, error))?;
        SigningKeys::load_or_create(path, now)
    }

    /// When the key that signs was made; unknown where an older version made it.
    pub fn made_at(&self) -> Option<Timestamp> {
        self.made_at
    }

    /// Name and private half of the key that signs.
    pub(crate) fn signer(&self) -> Result<(&str, &EncodingKey)> {
        self.keys.first().map(|key| (key.kid.as_str(), &key.signer)).ok_or_else(|| Error::internal("no signing key"))
    }

    /// The public half of the key of this name.
    pub(crate) fn verifier(&self, kid: &str) -> Option<&DecodingKey> {
        self.keys.iter().find(|key| key.kid == kid).map(|key| &key.verifier)
    }

    /// The public halves as base64url, for the other nodes.
    pub fn publics(&self) -> Vec<String> {
        self.keys.iter().map(|key| URL_SAFE_NO_PAD.encode(&key.public)).collect()
    }

    /// The public keys as a JSON Web Key Set (RFC 7517, RFC 8037), for `/.well-known/jwks.json`.
    pub fn jwks(&self) -> Json {
        self.jwks_with(&PublicKeys::default())
    }

    /// The same with the keys of other nodes.
    pub fn jwks_with(&self, others: &PublicKeys) -> Json {
        let own = self.keys.iter().map(|key| (key.kid.as_str(), key.public.as_slice()));
        let further = others.shown().filter(|(kid, _)| self.verifier(kid).is_none());
        let keys: Vec<Json> = own
            .chain(further)
            .map(|(kid, public)| {
                json!({"kty": "OKP", "crv": "Ed25519", "alg": "EdDSA", "use": "sig", "kid": kid, "x": URL_SAFE_NO_PAD.encode(public)})
            })
            .collect();
        json!({ "keys": keys })
    }
}

impl SigningKey {
    fn from_pkcs8(pkcs8: &[u8]) -> Result<SigningKey> {
        let pair = Ed25519KeyPair::from_pkcs8(pkcs8).map_err(Error::internal)?;
        let public = pair.public_key().as_ref().to_vec();
        Ok(SigningKey {
            kid: thumbprint(&public),
            signer: EncodingKey::from_ed_der(pkcs8),
            verifier: DecodingKey::from_ed_der(&public),
            public,
        })
    }
}

/// The key's name: its RFC 7638 thumbprint.
fn thumbprint(public: &[u8]) -> String {
    let canonical = format!(r#"{{"crv":"Ed25519","kty":"OKP","x":"{}"}}"#, URL_SAFE_NO_PAD.encode(public));
    URL_SAFE_NO_PAD.encode(Sha256::digest(canonical.as_bytes()))
}

fn new_pkcs8() -> Result<Vec<u8>> {
    let pair = Ed25519KeyPair::generate().map_err(Error::internal)?;
    let document: aws_lc_rs::encoding::Pkcs8V1Der<'_> = pair.as_der().map_err(Error::internal)?;
    Ok(document.as_ref().to_vec())
}

/// Writes the file whole under another name first, so that nobody ever reads half of it; of two servers that start at
/// once, the first one's file stays.
fn create(path: &Path, now: Timestamp) -> Result<(), String> {
    let draft = draft(path, now)?;
    let placed = match fs::hard_link(&draft, path) {
        Err(error) if error.kind() != ErrorKind::AlreadyExists => Err(error),
        _ => Ok(()),
    };
    let _ = fs::remove_file(&draft);
    placed.map_err(|error| error.to_string())
}

/// A file of one new key beside the one it is meant for.
fn draft(path: &Path, now: Timestamp) -> Result<PathBuf, String> {
    let pkcs8 = new_pkcs8().map_err(|error| error.to_string())?;
    let file = KeyFile { keys: vec![KeyEntry { pkcs8: STANDARD.encode(pkcs8), made_at: Some(now.0) }] };
    let text = serde_json::to_string_pretty(&file).map_err(|error| error.to_string())?;
    let draft = path.with_extension(format!("json.{}", std::process::id()));
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let written = options.open(&draft).and_then(|mut out| {
        out.write_all(text.as_bytes())?;
        out.sync_all()
    });
    match written {
        Ok(()) => Ok(draft),
        Err(error) => {
            let _ = fs::remove_file(&draft);
            Err(error.to_string())
        }
    }
}

#[cfg(unix)]
fn check_mode(path: &Path) -> Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    let mode = fs::metadata(path).map_err(|error| unusable(path, error))?.permissions().mode();
    if mode & 0o077 == 0 {
        return Ok(());
    }
    Err(unusable(path, format!("others may read it (mode {:03o}). Run: chmod 600 {}", mode & 0o777, path.display())))
}

#[cfg(not(unix))]
fn check_mode(_: &Path) -> Result<()> {
    Ok(())
}

fn unusable(path: &Path, reason: impl std::fmt::Display) -> Error {
    Error::internal(format!("The signing keys in {} cannot be used: {reason}.", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn file_is_made_once_and_read_again() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(FILE_NAME);
        let first = SigningKeys::load_or_create(&path, Timestamp(1)).unwrap().jwks();
        assert_eq!(SigningKeys::load_or_create(&path, Timestamp(2)).unwrap().jwks(), first);
        let names: Vec<_> = fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        assert_eq!(names, [FILE_NAME]);
        assert_eq!(first["keys"][0]["crv"], "Ed25519");
        assert!(first["keys"][0].get("d").is_none());
    }

    #[cfg(unix)]
    #[test]
    fn file_that_others_may_read_is_refused() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(FILE_NAME);
        SigningKeys::load_or_create(&path, Timestamp(1)).unwrap();
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
        let error = SigningKeys::load_or_create(&path, Timestamp(1)).err().unwrap();
        assert!(error.internal_text().unwrap().contains("chmod 600"), "{error}");
    }

    #[test]
    fn a_rotated_file_holds_one_new_key() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(FILE_NAME);
        let first = SigningKeys::load_or_create(&path, Timestamp(1)).unwrap();
        assert_eq!(first.made_at(), Some(Timestamp(1)));
        let second = SigningKeys::rotate(&path, Timestamp(2)).unwrap();
        assert_ne!(first.publics(), second.publics());
        assert_eq!((second.publics().len(), second.made_at()), (1, Some(Timestamp(2))));
        assert_eq!(SigningKeys::load_or_create(&path, Timestamp(3)).unwrap().publics(), second.publics());
        let names: Vec<_> = fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        assert_eq!(names, [FILE_NAME]);
    }

    #[test]
    fn broken_files_are_refused() {
        for text in ["", "{}", r#"{"keys": []}"#, r#"{"keys": [{"pkcs8": "AAAA"}]}"#, r#"{"keys": [{"pkcs8": "?"}]}"#] {
            assert!(SigningKeys::parse(text).is_err(), "{text}");
        }
    }

    /// The example of RFC 8037, appendix A.3.
    #[test]
    fn name_is_the_published_thumbprint() {
        let public = URL_SAFE_NO_PAD.decode("11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo").unwrap();
        assert_eq!(thumbprint(&public), "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k");
    }
}
